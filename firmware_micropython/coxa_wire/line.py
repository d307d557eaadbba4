"""Messages as lines of text, for the USB serial port. Specified in docs/wire.md.

`~`, one letter, base64 of the message and its checksum, line feed. Printable, so that Ctrl-C still reaches the
interpreter on the board; and anything else on the wire, such as a traceback, is told from it and passed over.
"""

import binascii

from .crc import crc16
from .errors import CRC, FIELD, WireError

CONTROL = "C"  # as the GATT characteristics of these names
LIVE = "L"
BULK = "B"
SYNC = "S"

MARK = "~"
LONGEST = 352  # bytes with line feed; the longest frame of a command has 256, with checksum 344 as base64


def encode_line(channel: str, message: bytes | bytearray) -> bytes:
    """The line that carries a message of at most 256 bytes."""
    body = channel.encode() + message
    crc = crc16(body, len(body))
    return MARK.encode() + channel.encode() + binascii.b2a_base64(body[1:] + bytes([crc & 0xFF, crc >> 8]))


def decode_line(line: bytes | bytearray) -> tuple[str, bytes] | None:
    """Channel and message of a line, with or without its end; None for text that is no message.

    Raises:
        WireError: reason `crc`: a damaged message; `field`: a channel that is not known.
    """
    line = bytes(line).strip()
    if line[:1] != MARK.encode():
        return None
    try:
        body = line[1:2] + binascii.a2b_base64(line[2:])
    except ValueError:  # binascii.Error is one
        body = b""
    length = len(body) - 2
    if length < 1 or crc16(body, length) != body[length] | body[length + 1] << 8:
        raise WireError(CRC, "a line from the serial port is damaged")
    channel = chr(body[0])
    if channel not in (CONTROL, LIVE, BULK, SYNC):
        raise WireError(FIELD, f"a line from the serial port is for an unknown channel {channel!r}")
    return channel, body[1:length]
