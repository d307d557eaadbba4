"""Boards, radio and time without hardware: the board's own program in MicroPython, on virtual chips and air."""
