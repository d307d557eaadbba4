"""The form of a bootloader or a program for the ESP32 family: is it whole, and for which processor?

A header of 24 bytes (0xE9, number of segments, ..., processor at 12, whether a digest follows at 23), the segments
(address, length, data), a checksum as the last of 16 bytes, a SHA-256 of all before it. Numbers are little-endian.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np

from coxa.errors import CoxaError
from coxa.flash.boards import BoardKind

MAGIC = 0xE9
FETCH_AGAIN = "Fetch it again: it must be the file for this board from micropython.org that ends in .bin."

_HEADER = struct.Struct("<BB10xH9xB")  # magic, segments, ..., processor, ..., digest appended
_SEGMENT = struct.Struct("<II")  # address, length
_MOST_SEGMENTS = 16
_CHECKSUM_START = 0xEF
_DIGEST = 32
_CHIPS = {
    0: "esp32", 2: "esp32s2", 5: "esp32c3", 9: "esp32s3", 12: "esp32c2", 13: "esp32c6", 16: "esp32h2", 18: "esp32p4",
    20: "esp32c61", 23: "esp32c5",
}  # fmt: skip


class ImageError(CoxaError):
    """The file is no image of MicroPython that this board can take."""


class Part:
    """The bootloader or the program, from `start` in the file."""

    def __init__(self, data: bytes, start: int, name: str, path: Path) -> None:
        """Takes the whole file."""
        self.data = data
        self.start = start
        self.where = f"the {name} in {path}"

    def check(self, kind: BoardKind) -> int:
        """Its length in bytes; ImageError where anything is wrong with it."""
        if len(self.data) < self.start + _HEADER.size:
            raise self._short()
        magic, segments, chip, digest = _HEADER.unpack_from(self.data, self.start)
        if magic != MAGIC or not 0 < segments <= _MOST_SEGMENTS:
            raise ImageError(f"{self.where} is not in the form of an image", FETCH_AGAIN)
        name = _CHIPS.get(chip, f"unknown processor ({chip})")
        if name != kind.chip:
            raise ImageError(
                f"{self.where} is for an {name}, and the board ({kind.title}) has an {kind.chip}",
                f"Take the file whose name begins with {kind.image}, or name the board you have with --board.",
            )
        if digest != 1:
            raise ImageError(f"{self.where} has no SHA-256 of its own to check it by", FETCH_AGAIN)
        return self._digest(self._segments(segments)) - self.start

    def _segments(self, count: int) -> int:
        """Where the checksum ends, which is right."""
        at, sum_ = self.start + _HEADER.size, _CHECKSUM_START
        for _ in range(count):
            if at + _SEGMENT.size > len(self.data):
                raise self._short()
            length = _SEGMENT.unpack_from(self.data, at)[1]
            at += _SEGMENT.size
            if at + length > len(self.data):
                raise self._short()
            sum_ ^= int(np.bitwise_xor.reduce(np.frombuffer(self.data, np.uint8, length, at)))
            at += length
        end = self.start + ((at - self.start) // 16 + 1) * 16
        if end > len(self.data):
            raise self._short()
        if self.data[end - 1] != sum_:
            raise ImageError(f"{self.where} is damaged: its checksum is wrong", FETCH_AGAIN)
        return end

    def _digest(self, end: int) -> int:
        """Where the digest ends, which is right."""
        if end + _DIGEST > len(self.data):
            raise self._short()
        if hashlib.sha256(self.data[self.start : end]).digest() != self.data[end : end + _DIGEST]:
            raise ImageError(f"{self.where} is damaged: its SHA-256 is wrong", FETCH_AGAIN)
        return end + _DIGEST

    def _short(self) -> ImageError:
        return ImageError(f"{self.where} is cut off: the file ends after {len(self.data)} bytes", FETCH_AGAIN)
