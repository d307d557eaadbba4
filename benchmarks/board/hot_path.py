"""What stands around the program's hot path when it is timed or watched for allocation: bytes, no models.

For MicroPython; the time is the interpreter's own.
"""

import struct
import time

from coxa_board.imu import lsm6dsox as driver
from coxa_board.imu.lsm6dsox import LSM6DSOX
from coxa_wire import BLOCK_LENGTH

PER_LOOK = 3  # samples waiting at each look, as with 25 ms between them
LOOK_US = int(PER_LOOK * 1e6 / 104.17)
SAMPLE = (100, -200, 300, 1000, -2000, 7900)


class Fifo:
    """What a chip's buffer gives, over and over: no model, just bytes."""

    def __init__(self, count_register, count, data):
        self.count_register = count_register
        self.count = count
        self.data = data

    def readfrom_mem_into(self, address, register, buffer):
        data = self.count if register == self.count_register else self.data
        if len(buffer) == len(data):
            for i in range(len(data)):  # a slice would be allocated
                buffer[i] = data[i]

    def writeto_mem(self, address, register, data):
        pass


class Registers:
    def __init__(self, fifo):
        self.fifo = fifo

    def read(self, register):
        return 0

    def read_into(self, register, buffer):
        self.fifo.readfrom_mem_into(0, register, buffer)


def lsm6dsox():
    """The driver on a buffer that has PER_LOOK samples at each look."""
    words = b""
    for i in range(PER_LOOK):
        slot = (i & 3) << 1
        words += struct.pack("<B3h", 1 << 3 | slot, *SAMPLE[:3]) + struct.pack("<B3h", 2 << 3 | slot, *SAMPLE[3:])
    driver.time = Ticks()
    chip = LSM6DSOX(Registers(Fifo(0x3A, bytes((2 * PER_LOOK, 0)), words)))
    chip.intact = lambda: True  # once a second on a board, and far more often in this hurry
    return chip


class Ticks:
    """For the driver: so much time passes between two looks as the samples take."""

    def __init__(self):
        self.now_us = 0

    def ticks_us(self):
        self.now_us = time.ticks_add(self.now_us, LOOK_US)
        return self.now_us


class Memory:
    """The recorder's side of a block, without flash."""

    def __init__(self):
        self.recording = True
        self.takes = True
        self.session = 1
        self.next_seq = 0
        self.slot = memoryview(bytearray(BLOCK_LENGTH))

    def append(self):
        self.next_seq += self.takes
        return self.takes


class Ready:
    """A sampler that has just read some."""

    def __init__(self):
        self.samples = bytearray(struct.pack("<6h", *SAMPLE) * 64)
        self.first_index = self.next_index = self.flags = 0
        self.temperature_c = 25
        self.ticks = 0
