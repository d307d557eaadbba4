"""The wire format of Coxa, version 1: what the board writes and the host reads. Specified in docs/wire.md.

Imported unchanged by MicroPython and CPython: nothing but `struct` and `binascii`, `hashlib` where
there is one, and annotations that MicroPython skips.
"""

from . import advert, command, gatt, line, proof, sync
from .block import (
    BATTERY_LOW,
    BLOCK_LENGTH,
    CAPACITY,
    CHARGING,
    CLIPPED,
    HEADER_LENGTH,
    LAST,
    MARKER,
    OVERRUN,
    PROFILE_LIVE,
    PROFILE_QUAT,
    PROFILE_RAW,
    QUAT_LENGTH,
    QUATS,
    QUATS_AT,
    RESTARTED,
    SAMPLE_LENGTH,
    TEMPERATURE_UNKNOWN,
    TIME_JUMP,
    Block,
    decode,
    put_quat,
    put_sample,
    seal,
)
from .crc import crc16
from .errors import WireError
from .fragment import Reassembler, fragment_count, fragment_into
from .info import INFO_LENGTH, Info, decode_info, encode_info
from .version import VERSION_MAJOR, VERSION_MINOR

__all__ = [
    "BATTERY_LOW",
    "BLOCK_LENGTH",
    "CAPACITY",
    "CHARGING",
    "CLIPPED",
    "HEADER_LENGTH",
    "INFO_LENGTH",
    "LAST",
    "MARKER",
    "OVERRUN",
    "PROFILE_LIVE",
    "PROFILE_QUAT",
    "PROFILE_RAW",
    "QUATS",
    "QUATS_AT",
    "QUAT_LENGTH",
    "RESTARTED",
    "SAMPLE_LENGTH",
    "TEMPERATURE_UNKNOWN",
    "TIME_JUMP",
    "VERSION_MAJOR",
    "VERSION_MINOR",
    "Block",
    "Info",
    "Reassembler",
    "WireError",
    "advert",
    "command",
    "crc16",
    "decode",
    "decode_info",
    "encode_info",
    "fragment_count",
    "fragment_into",
    "gatt",
    "line",
    "proof",
    "put_quat",
    "put_sample",
    "seal",
    "sync",
]
