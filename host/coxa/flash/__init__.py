"""Puts MicroPython and the program of the sensor onto a board."""
