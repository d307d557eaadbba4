"""Frames of the serial loader: RFC 1055, each byte string between two END bytes."""

from __future__ import annotations

_END, _ESCAPE = b"\xc0", b"\xdb"
_ESCAPED_END, _ESCAPED_ESCAPE = b"\xdb\xdc", b"\xdb\xdd"
_LONGEST = 2 * (0x4000 + 64)
"""Escaped bytes of the longest frame a host sends, a block for the flasher stub; what is longer is noise."""


def encode(payload: bytes) -> bytes:
    """One frame around `payload`."""
    return _END + payload.replace(_ESCAPE, _ESCAPED_ESCAPE).replace(_END, _ESCAPED_END) + _END


class Decoder:
    """Takes bytes in any pieces, gives the payloads of whole frames; what is no frame is passed over."""

    def __init__(self) -> None:
        """Nothing received."""
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that end in `data`, in their order. Noise between frames comes out as a payload too."""
        self._rest += data
        *whole, self._rest = self._rest.split(_END)
        if len(self._rest) > _LONGEST:
            self._rest.clear()
        payloads = (_unescape(bytes(frame)) for frame in whole if frame)
        return [payload for payload in payloads if payload is not None]


def _unescape(frame: bytes) -> bytes | None:
    """None for a frame with an ESCAPE that escapes nothing."""
    pieces = frame.split(_ESCAPE)
    if any(piece[:1] not in (b"\xdc", b"\xdd") for piece in pieces[1:]):
        return None
    plain = [(_END if piece[:1] == b"\xdc" else _ESCAPE) + piece[1:] for piece in pieces[1:]]
    return pieces[0] + b"".join(plain)
