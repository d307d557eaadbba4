"""Repetitions: found, measured, scored."""
