"""The filter at work while no memory can be had: from the start through motion, rest and its end."""

import struct

import micropython
from coxa_board.orientation import Orientation

_N = 64
_RATE_HZ = 104.0

still = bytearray(12 * _N)
moving = bytearray(12 * _N)
for i in range(_N):
    struct.pack_into("<6h", still, 12 * i, 57, -20, 3, 10, -20, 8190)
    struct.pack_into("<6h", moving, 12 * i, 999 * (i % 7) - 3000, 300 * (i % 5), -40 * i, 500 * (i % 3), 90 * i, 8000)
block = bytearray(180)
slot = memoryview(block)
orientation = Orientation(_RATE_HZ, 0.0175, 0.000122)
rested = False

micropython.heap_lock()
for turn in range(12):
    samples = still if turn // 4 != 1 else moving
    for i in range(_N):
        orientation.update(samples, i)
        if i & 1:
            orientation.write(slot, 138)
    rested = rested or orientation.resting
micropython.heap_unlock()
print("ok" if rested and any(block) else "not exercised")
