"""What runs on the board, in MicroPython: sensor → sampler → orientation → blocks → flash → link."""

VERSION = (0, 1, 0)
