"""A NOR flash for littlefs, in memory or in a file, whose power can be cut in any write, even in the middle of one.

`Flash` is the chip and outlives power cuts, in a file with `keep` also the end of the process; `Flash.power_on` gives
the block device (MicroPython's extended protocol) of one power-on, dead after its cut, whatever finalisers of the old
file system still try.

Times are typical ones of serial NOR flash (Winbond W25Q64JV, data sheet of 2018: page program 0.4 ms, sector erase
45 ms; at most 3 ms and 400 ms).
"""

import time

SECTOR = 4096
PAGE = 256
BLANK = 0xFF
PAGE_PROGRAM_US = 400
SECTOR_ERASE_US = 45000
READ_US_PER_KB = 50  # 20 MB/s
TRANSFER_US = 20  # to start one

_COUNT = 4  # operations of ioctl
_SIZE = 5
_ERASE = 6
_EIO = 5


class PowerCut(BaseException):
    """The board has no power any more."""


class Flash:
    """The chip.

    `cut_at`: number of the write or erase after `power_on` in which the power goes off, None for never; `torn`: how
    much of it is still done, 0 to 1. `failing`: how many of the writes to come fail and do nothing.
    Counted are `programs`, `erases`, `reads`, and `worn`: erases by sector.
    `overwritten`: writes to bytes that were not blank; NOR flash can only clear bits, so they come out wrong.
    In a file, its sectors begin at the byte `base`; `path` may be the number of an open file.
    """

    def __init__(self, sectors, path=None, erase_us=SECTOR_ERASE_US, keep=False, base=0):
        self.sectors = sectors
        self.erase_us = erase_us
        self.cut_at = None
        self.torn = 0.5
        self.failing = 0
        self.programs = 0
        self.erases = 0
        self.reads = 0
        self.overwritten = 0
        self.worn = [0] * sectors
        self._memory = _Memory() if path is None else _File(path, keep, base)
        self._blank = bytes([BLANK]) * SECTOR
        self._old = memoryview(bytearray(SECTOR))
        if keep:
            return
        for sector in range(sectors):
            self._memory.put(sector * SECTOR, self._blank)

    def power_on(self):
        return _Device(self)

    def read(self, at, buffer):
        self.reads += 1
        time.advance_us(TRANSFER_US + len(buffer) * READ_US_PER_KB // 1024)
        self._memory.get(at, buffer)

    def program(self, at, data):
        self.programs += 1
        time.advance_us(TRANSFER_US + -(-len(data) // PAGE) * PAGE_PROGRAM_US)
        old = self._old[: len(data)]
        self._memory.get(at, old)
        if old != memoryview(self._blank)[: len(data)]:
            self.overwritten += 1
            data = bytes([new & before for new, before in zip(data, old)])  # noqa: B905
        self._memory.put(at, data)

    def erase(self, sector, length=SECTOR):
        self.erases += 1
        self.worn[sector] += 1
        time.advance_us(self.erase_us)
        self._memory.put(sector * SECTOR, memoryview(self._blank)[:length])

    def image(self):
        """All its content, of a flash in memory."""
        content = bytearray(self.sectors * SECTOR)
        self._memory.get(0, content)
        return content

    def restore(self, image):
        """Takes an `image` for its content; the power stays on."""
        self.cut_at = None
        self._memory.put(0, image)

    def flip(self, at, bits=0x01):
        """Age flips bits of the byte at this address."""
        byte = bytearray(1)
        self._memory.get(at, byte)
        byte[0] ^= bits
        self._memory.put(at, byte)

    def find(self, pattern):
        """Addresses of the first place of the pattern in each sector that has it."""
        found = []
        content = bytearray(SECTOR)
        for sector in range(self.sectors):
            self._memory.get(sector * SECTOR, content)
            at = content.find(pattern)
            if at >= 0:
                found.append(sector * SECTOR + at)
        return found


class _Device:
    """`count`: writes and erases so far."""

    def __init__(self, flash):
        self.count = 0
        self._flash = flash
        self._alive = True

    def readblocks(self, sector, buffer, offset=0):
        if not self._alive:
            return -_EIO
        self._flash.read(sector * SECTOR + offset, buffer)
        return 0

    def writeblocks(self, sector, data, offset=0):
        if not self._alive:
            return -_EIO
        if self._flash.failing:
            self._flash.failing -= 1
            return -_EIO
        if self._is_last():
            self._flash.program(sector * SECTOR + offset, memoryview(data)[: int(len(data) * self._flash.torn)])
            raise PowerCut
        self._flash.program(sector * SECTOR + offset, data)
        return 0

    def ioctl(self, operation, argument):
        if not self._alive:
            return -_EIO
        if operation == _COUNT:
            return self._flash.sectors
        if operation == _SIZE:
            return SECTOR
        if operation == _ERASE:
            if self._is_last():
                self._flash.erase(argument, int(SECTOR * self._flash.torn))
                raise PowerCut
            self._flash.erase(argument)
        return 0

    def switch_off(self):
        """The power goes off between two writes."""
        self._alive = False

    def _is_last(self):
        self.count += 1
        self._alive = self.count - 1 != self._flash.cut_at
        return not self._alive


class _Memory:
    def __init__(self):
        self._bytes = bytearray()

    def get(self, at, buffer):
        buffer[:] = memoryview(self._bytes)[at : at + len(buffer)]

    def put(self, at, data):
        if at == len(self._bytes):
            self._bytes.extend(data)
        else:
            self._bytes[at : at + len(data)] = data


class _File:
    def __init__(self, path, keep, base):
        self._file = open(path, "r+b" if keep else "w+b")
        self._base = base

    def get(self, at, buffer):
        self._file.seek(self._base + at)
        self._file.readinto(buffer)

    def put(self, at, data):
        self._file.seek(self._base + at)
        self._file.write(data)
