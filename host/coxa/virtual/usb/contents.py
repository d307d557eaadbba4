"""The files on the flash of a virtual board, read while it is off."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys

from coxa.virtual.lockstep import DEVICE, HEAP, START, VirtualBoardError, available
from coxa.virtual.usb.image import VFS_AT
from coxa.virtual.usb.rom import FlashFile

_SECTOR = 4096
_TIMEOUT_S = 60.0
_LENGTHS = struct.Struct("<II")
_BLANK = b"\xff"


def files(flash: FlashFile) -> dict[str, bytes]:
    """All files, by path. Empty where nothing was ever formatted.

    Raises:
        VirtualBoardError: the file system is damaged, or MicroPython is not installed.
    """
    if not available():
        raise VirtualBoardError("MicroPython is not installed here", "Run pip install 'coxa[virtual]'.")
    if flash.read(VFS_AT, _SECTOR) == _BLANK * _SECTOR:
        return {}
    path = [*(str(DEVICE / name) for name in ("shims", "chips")), ".frozen"]
    with flash.path.open("rb", buffering=0) as chip:
        told = {"flash": chip.fileno(), "base": VFS_AT, "sectors": (flash.size - VFS_AT) // _SECTOR}
        done = subprocess.run(
            [sys.executable, "-c", START, "-X", f"heapsize={HEAP}", str(DEVICE / "read_files.py")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            pass_fds=[chip.fileno()],
            env={**os.environ, "MICROPYPATH": ":".join(path), "COXA_FLASH": json.dumps(told)},
            timeout=_TIMEOUT_S,
            check=False,
        )
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")[-400:]
        raise VirtualBoardError(f"the file system of the virtual board cannot be read: {said}", "Erase its flash.")
    return _parse(done.stdout)


def _parse(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        name, content = _LENGTHS.unpack_from(data, at)
        at += _LENGTHS.size
        found[data[at : at + name].decode()] = data[at + name : at + name + content]
        at += name + content
    return found
