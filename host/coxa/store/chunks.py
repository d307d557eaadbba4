"""Samples as bytes: block kind `samples/1`, exact to the last bit.

A chunk is a header and a body. Header, 16 bytes little-endian: magic `CXS1`, number of float64 columns (7: time,
rate, force; 11: with quaternion), flags, two zero bytes, number of rows, CRC-32 of these 12 bytes and the body. Body:
zlib of the columns one after the other; a sensor's steps repeat, so that about a third of the size is left.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

import numpy as np

from coxa.samples import Samples

KIND = "samples/1"

CHUNK_ROWS = 4096
"""Rows of a chunk: about 40 s at 100 Hz, some 70 kB."""

_HEAD = struct.Struct("<4sBBHI")
_CRC = struct.Struct("<I")
_BODY = _HEAD.size + _CRC.size
_MAGIC = b"CXS1"
_GYR_DERIVED = 0x01
_ACC_DERIVED = 0x02


class ChunkError(ValueError):
    """A chunk is damaged or of an unknown kind."""


def encode(samples: Samples) -> Iterator[bytes]:
    """The chunks of a recording, in order."""
    parts = [samples.t_s[:, None], samples.gyr_rad_s, samples.acc_m_s2]
    if samples.quat is not None:
        parts.append(samples.quat)
    table = np.hstack(parts).astype("<f8")
    flags = _GYR_DERIVED * samples.gyr_derived | _ACC_DERIVED * samples.acc_derived
    for start in range(0, len(table), CHUNK_ROWS):
        rows = table[start : start + CHUNK_ROWS]
        body = zlib.compress(rows.T.tobytes(), 6)
        head = _HEAD.pack(_MAGIC, rows.shape[1], flags, 0, len(rows))
        yield head + _CRC.pack(zlib.crc32(body, zlib.crc32(head))) + body


def decode(chunks: Iterable[bytes]) -> Samples:
    """The recording in all its chunks, in order.

    Raises:
        ChunkError: damaged, of another format, or chunks of different recordings.
    """
    tables: list[np.ndarray[tuple[int, int], np.dtype[np.float64]]] = []
    kinds: set[tuple[int, int]] = set()
    for number, chunk in enumerate(chunks):
        if len(chunk) < _BODY or chunk[:4] != _MAGIC:
            raise ChunkError(f"chunk {number} is not of the kind {KIND}")
        _, columns, flags, _, rows = _HEAD.unpack_from(chunk)
        head, crc, body = chunk[: _HEAD.size], chunk[_HEAD.size : _BODY], chunk[_BODY:]
        if _CRC.pack(zlib.crc32(body, zlib.crc32(head))) != crc:
            raise ChunkError(f"chunk {number} is damaged")
        tables.append(np.frombuffer(zlib.decompress(body), dtype="<f8").reshape(columns, rows).T.astype(np.float64))
        kinds.add((columns, flags))
    if len(kinds) != 1:
        raise ChunkError("no samples" if not kinds else "chunks of different recordings are mixed")
    table = np.concatenate(tables)
    columns, flags = kinds.pop()
    return Samples(
        t_s=np.ascontiguousarray(table[:, 0]),
        gyr_rad_s=np.ascontiguousarray(table[:, 1:4]),
        acc_m_s2=np.ascontiguousarray(table[:, 4:7]),
        quat=np.ascontiguousarray(table[:, 7:]) if columns == 11 else None,
        gyr_derived=bool(flags & _GYR_DERIVED),
        acc_derived=bool(flags & _ACC_DERIVED),
    )
