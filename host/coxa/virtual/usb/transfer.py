"""Transfers of a serial loader that take many frames: into the flash, into RAM, and out of the flash."""

from __future__ import annotations

import hashlib
import struct
import zlib
from enum import Enum

from coxa.virtual.usb.flash_file import SECTOR, FlashFile

BLOCK_HEADER = struct.Struct("<4I")
"""Length, number, two of nothing."""


class Refusal(Enum):
    """Why a command is refused: the code of the ROM loader, and that of the flasher stub."""

    UNKNOWN = 0x05, 0xFF
    FAILED = 0x06, 0xC4
    LENGTH = 0x06, 0xC0
    CHECKSUM = 0x07, 0xC1
    NOT_BEGUN = 0x06, 0xC6
    INFLATE = 0x0B, 0xC7
    TOO_LITTLE = 0x06, 0xC8
    TOO_MUCH = 0x06, 0xC9

    @property
    def of_rom(self) -> int:
        """Second byte of the ROM's status."""
        return self.value[0]

    @property
    def of_stub(self) -> int:
        """First byte of the stub's status."""
        return self.value[1]


class RefusedError(Exception):
    """The command is answered with an error."""

    def __init__(self, refusal: Refusal) -> None:
        """Takes the reason."""
        super().__init__(refusal)
        self.refusal = refusal


class IntoRam:
    """A program for the RAM: counted and dropped."""

    def __init__(self, size: int) -> None:
        """`size` bytes follow."""
        self.missing = size
        self.expected = 0

    def take(self, block: bytes) -> None:
        """The next block."""
        if len(block) > self.missing:
            raise RefusedError(Refusal.TOO_MUCH)
        self.missing -= len(block)
        self.expected += 1


class IntoFlash:
    """Data for the flash.

    Attributes:
        expected: number of the next block.
        packed: by zlib.
    """

    def __init__(self, flash: FlashFile, at: int, size: int, packed: bool, erase_now: bool) -> None:
        """`size` bytes for `at` follow, unpacked.

        `erase_now`: all at once, as the ROM does; else each sector before something is written to it, as the stub does.
        """
        if at + size > flash.size:
            raise RefusedError(Refusal.FAILED)
        self.expected = 0
        self.packed = packed
        self._flash = flash
        self._at = at
        self._end = at + size
        self._inflater = zlib.decompressobj() if packed else None
        self._erased_to = at // SECTOR * SECTOR
        if erase_now:
            self._erase_to(self._end)

    def take(self, block: bytes) -> None:
        """The next block; written when this returns. What pads the last one of unpacked data is not written."""
        data = self._inflated(block) if self._inflater else block[: self._end - self._at]
        if self._at + len(data) > self._end or (block and not data and not self._inflater):
            raise RefusedError(Refusal.TOO_MUCH)
        self.expected += 1
        if data:
            self._erase_to(self._at + len(data))
            self._flash.write(self._at, data)
            self._at += len(data)

    def finish(self) -> None:
        """Raises RefusedError where something is missing."""
        if self._at < self._end:
            raise RefusedError(Refusal.TOO_LITTLE)

    def _inflated(self, block: bytes) -> bytes:
        assert self._inflater is not None
        try:
            return self._inflater.decompress(block)
        except zlib.error as error:
            raise RefusedError(Refusal.INFLATE) from error

    def _erase_to(self, end: int) -> None:
        end = -(-end // SECTOR) * SECTOR
        if end > self._erased_to:
            self._flash.erase(self._erased_to, end - self._erased_to)
            self._erased_to = end


class OutOfFlash:
    """Blocks of the flash, each acknowledged by how many bytes the host has; then the MD5 of all."""

    _MOST_AHEAD = 4
    """Blocks sent ahead of the host; the real stub sends as many as the host allows (64 for esptool)."""

    def __init__(self, flash: FlashFile, request: bytes) -> None:
        """`request`: start, length, length of a block, how many may be ahead."""
        at, self._length, self._block, ahead = struct.unpack("<4I", request)
        if at + self._length > flash.size or not self._block or not ahead:
            raise RefusedError(Refusal.FAILED)
        self._flash = flash
        self._start = at
        self._sent = 0
        self._ahead = min(ahead, self._MOST_AHEAD) * self._block
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.done = False

    def frames(self, acknowledged: int) -> list[bytes]:
        """What may be sent now that the host has so many bytes; `done` with the last."""
        out: list[bytes] = []
        while self._sent < min(self._length, acknowledged + self._ahead):
            block = self._flash.read(self._start + self._sent, min(self._block, self._length - self._sent))
            self._md5.update(block)
            self._sent += len(block)
            out.append(block)
        if acknowledged >= self._length:
            out.append(self._md5.digest())
            self.done = True
        return out


def take_block(transfer: IntoFlash | IntoRam, data: bytes) -> None:
    """Hands the block in `data` on; one that does not follow the last is refused."""
    length, number, _, _ = BLOCK_HEADER.unpack_from(data)
    block = data[BLOCK_HEADER.size :]
    if length != len(block):
        raise RefusedError(Refusal.LENGTH)
    if number != transfer.expected:
        raise RefusedError(Refusal.FAILED)
    transfer.take(block)
