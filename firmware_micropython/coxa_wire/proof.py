"""Proof that both ends know the same secret, without sending it. Specified in docs/wire.md.

MicroPython has no `hmac`; a port without SHA-256 can prove nothing, which is no error.
"""

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SECRET_LENGTH = 16  # bytes, random: nobody guesses it from an exchange that was overheard
HOST = b"host"  # who proves; a tag of one side is none of the other's
BOARD = b"board"

_SHA256_BLOCK = 64  # bytes
_INNER = 0x36  # of HMAC (RFC 2104)
_OUTER = 0x5C


def tag(secret: bytes, side: bytes, uid: bytes, host_nonce: int, board_nonce: int) -> "int | None":
    """What a side (HOST or BOARD) sends to prove that it knows the secret: a u64; None without SHA-256.

    Args:
        secret: of this board and its hosts.
        side: who proves.
        uid: of the board, 6 bytes.
        host_nonce, board_nonce: u64, of the HELLO before and of its answer: an older tag is worth nothing.
    """
    digest = hmac_sha256(secret, side + uid + struct.pack("<QQ", host_nonce, board_nonce))
    return None if digest is None else struct.unpack("<Q", digest[:8])[0]


def hmac_sha256(key: bytes, message: bytes) -> "bytes | None":
    """HMAC with SHA-256, 32 bytes (RFC 2104; tested with RFC 4231); None without SHA-256."""
    sha256 = _sha256()
    if sha256 is None:
        return None
    if len(key) > _SHA256_BLOCK:
        key = sha256(key).digest()
    key += bytes(_SHA256_BLOCK - len(key))
    inner = sha256(bytes([byte ^ _INNER for byte in key]) + message).digest()
    digest: bytes = sha256(bytes([byte ^ _OUTER for byte in key]) + inner).digest()
    return digest


def _sha256() -> "Any":
    try:
        import hashlib

        return hashlib.sha256
    except (ImportError, AttributeError):
        return None
