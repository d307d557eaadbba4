"""What runs on the board, in MicroPython."""
