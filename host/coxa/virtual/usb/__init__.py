"""A virtual board on a USB port: its flash, its ROM loader, and MicroPython booted from it."""
