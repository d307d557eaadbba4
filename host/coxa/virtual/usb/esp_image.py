"""One bootable image as the chips take it: segments, a checksum over them, and a SHA-256 over all."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

import numpy as np

MAGIC = 0xE9
_HEADER = struct.Struct("<4BIB3xHBHH4xB")
"""Magic, segments, flash mode, flash size and speed, entry; write protect pin, chip, revisions, digest appended."""
_SEGMENT = struct.Struct("<II")
"""Address in the chip, length."""
_MOST_SEGMENTS = 16
_DIO = 2
_SIZE_4_MB = 0x20
_SPEED_80_MHZ = {13: 0x0}
"""By chip, where it is not `_SPEED_80_MHZ_ELSEWHERE`."""
_SPEED_80_MHZ_ELSEWHERE = 0x0F
_NO_WP_PIN = 0xEE
_ANY_REVISION = 0xFFFF
_ALIGN = 16
"""The checksum is the last byte of so many."""
_CHECKSUM_SEED = 0xEF
_DIGEST = 32


@dataclass(frozen=True, slots=True)
class EspImage:
    """A whole image.

    Attributes:
        chip_id: the chip it is for.
        segments: address and content of each.
    """

    chip_id: int
    segments: tuple[tuple[int, bytes], ...]


def build(image: EspImage) -> bytes:
    """The image as a file; it is for any revision of the chip and begins to run at its last segment."""
    parts = [
        _HEADER.pack(
            MAGIC,
            len(image.segments),
            _DIO,
            _SIZE_4_MB | _SPEED_80_MHZ.get(image.chip_id, _SPEED_80_MHZ_ELSEWHERE),
            image.segments[-1][0],
            _NO_WP_PIN,
            image.chip_id,
            0,
            0,
            _ANY_REVISION,
            1,
        )
    ]
    for address, content in image.segments:
        parts += [_SEGMENT.pack(address, len(content)), content]
    whole = b"".join(parts)
    whole += bytes(-(len(whole) + 1) % _ALIGN) + bytes([_checksum(image)])
    return whole + hashlib.sha256(whole).digest()


def parse(data: bytes) -> EspImage | None:
    """The image at the start of `data`; None where a chip would not start it."""
    try:
        magic, count, *_, chip_id, _, _, _, has_digest = _HEADER.unpack_from(data)
        if magic != MAGIC or not 0 < count <= _MOST_SEGMENTS or has_digest != 1:
            return None
        segments, at = _segments(data, count)
    except struct.error:
        return None
    image = EspImage(chip_id, segments)
    end = at + -(at + 1) % _ALIGN + 1
    whole = data[:end]
    good = data[end - 1 : end] == bytes([_checksum(image)])
    return image if good and data[end : end + _DIGEST] == hashlib.sha256(whole).digest() else None


def _segments(data: bytes, count: int) -> tuple[tuple[tuple[int, bytes], ...], int]:
    """The segments and where they end; raises struct.error where `data` ends before."""
    segments: list[tuple[int, bytes]] = []
    at = _HEADER.size
    for _ in range(count):
        address, length = _SEGMENT.unpack_from(data, at)
        at += _SEGMENT.size
        if at + length > len(data):
            raise struct.error("a segment goes on after the end")
        segments.append((address, data[at : at + length]))
        at += length
    return tuple(segments), at


def _checksum(image: EspImage) -> int:
    content = b"".join(content for _, content in image.segments)
    return int(np.bitwise_xor.reduce(np.frombuffer(content, np.uint8), initial=_CHECKSUM_SEED))
