"""Sensor and body calibration: numpy and scipy only, no input or output beyond its own file format."""
