"""Orientation and rotation from inertial samples: arrays in, arrays out."""
