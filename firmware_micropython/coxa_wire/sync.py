"""Clock comparison: the host sends a ping, the board answers with its time. Specified in docs/wire.md."""

import struct

from .errors import FIELD, LENGTH, WireError

PING_LENGTH = 10
PONG_LENGTH = 14

_PING = 0x01
_PONG = 0x81
_PING_LAYOUT = "<BBQ"
_PONG_LAYOUT = "<BBQI"
_U64 = 0xFFFFFFFFFFFFFFFF


def encode_ping(ping_id: int, t1_us: int) -> bytes:
    """A ping; `t1_us`, when the host sends it, is of no use to the board and cut to 64 bits."""
    return struct.pack(_PING_LAYOUT, _PING, ping_id & 0xFF, t1_us & _U64)


def decode_ping(data: bytes) -> tuple[int, int]:
    """Id and host time of a ping.

    Raises:
        WireError: reason `length` or `field`.
    """
    values = _decode(_PING_LAYOUT, PING_LENGTH, _PING, data)
    return values[1], values[2]


def encode_pong(ping_id: int, t2_us: int, held_us: int) -> bytes:
    """The answer: board time at which the ping came, µs, and how long the board held it until answering, µs."""
    return struct.pack(_PONG_LAYOUT, _PONG, ping_id & 0xFF, t2_us & _U64, min(max(held_us, 0), 0xFFFFFFFF))


def decode_pong(data: bytes) -> tuple[int, int, int]:
    """Id, board time at which the ping came in µs, and time held in µs.

    Raises:
        WireError: reason `length` or `field`.
    """
    values = _decode(_PONG_LAYOUT, PONG_LENGTH, _PONG, data)
    return values[1], values[2], values[3]


def offset_us(t1_us: int, t2_us: int, held_us: int, t4_us: int) -> tuple[float, float]:
    """Board clock minus host clock, and its largest error: half of the round trip without the time held. All µs.

    As in NTP (Mills 1991, doi:10.1109/26.103043): sent at t1, received at t2, answered at t2 + held, answer received
    at t4; the error is that of ways of unequal length.
    """
    return t2_us + held_us / 2 - (t1_us + t4_us) / 2, (t4_us - t1_us - held_us) / 2


def _decode(layout: str, length: int, kind: int, data: bytes) -> tuple[int, ...]:
    if len(data) != length:
        raise WireError(LENGTH, f"a message of the clock has {length} bytes, this one {len(data)}")
    values = struct.unpack(layout, data)
    if values[0] != kind:
        raise WireError(FIELD, f"a message of the clock starts with {kind:#04x}, this one with {values[0]:#04x}")
    return values
