"""Small files that a power cut cannot spoil: checked by a CRC-32 and replaced as a whole."""

import binascii
import os
import struct

NO_ENTRY = 2  # errno ENOENT


def save(path: str, data: bytes) -> None:
    """Writes a file beside, then renames it over: a power cut leaves the old content or the new one.

    Raises:
        OSError: the file system does not take it; the old content is still there.
    """
    beside = path + ".tmp"
    with open(beside, "wb") as file:
        file.write(data + struct.pack("<I", binascii.crc32(data)))
    os.rename(beside, path)


def load(path: str) -> bytes:
    """What `save` wrote; empty where there is no such file or it is damaged."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return b""
    content = data[:-4]
    return content if data[-4:] == struct.pack("<I", binascii.crc32(content)) else b""


def remove(path: str) -> None:
    """Deletes a file; none there is no error.

    Raises:
        OSError: the file system does not work.
    """
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != NO_ENTRY:
            raise
