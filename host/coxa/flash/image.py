"""Images of MicroPython for the ESP32 family: is this file one, whole, and for this board?

An image holds what goes into the flash from the board's `offset` on: the bootloader, at 0x8000 of the flash the
partition table, and the program where that table says; it ends with the program.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from coxa.flash.boards import OLDEST_MICROPYTHON, BoardKind
from coxa.flash.image_part import FETCH_AGAIN, MAGIC, ImageError, Part

__all__ = ["MIB", "Image", "ImageError", "read_image"]

MIB = 1 << 20

_TABLE_AT = 0x8000
_PARTITION = struct.Struct("<HBBII")  # magic, type, subtype, offset, size
_ENTRY = 32
_PARTITION_MAGIC = 0x50AA
_TABLE_LENGTH = 0xC00
_TABLE_END = b"\xeb\xeb" + b"\xff" * 14  # in place of an entry; then the MD5 of those before it
_APP = 0

_NAME_AT = 0x20 + 48  # in the program: project name and version of its description, which official images leave empty
_VERSION_AT = 0x20 + 16
_TEXT_LENGTH = 32
# What MicroPython writes when it starts, and of which machine.
_BANNER = re.compile(rb"MicroPython (v?\d+\.\d+[\w.+-]*) on \d{4}-\d\d-\d\d")
_MACHINE = re.compile(rb"(?<![ -~])(?:; )?([ -~]{3,100}? with ESP32[\w-]*)\0")


@dataclass(frozen=True, slots=True)
class Image:
    """An image found good.

    Attributes:
        path: the file. `kind`: the board it was checked for. `size`: bytes.
        version: of MicroPython, as it writes it: "v1.28.0".
        machine: what it will say of the machine; "" where the image does not tell.
        chip: processor, in the words of esptool.
        sha256: of the whole file, as hex.
    """

    path: Path
    kind: BoardKind
    size: int
    version: str
    machine: str
    chip: str
    sha256: str


def read_image(path: Path, kind: BoardKind) -> Image:
    """Checks the file whole.

    Raises:
        ImageError: it is not there, no image, cut off, damaged, for another processor, not MicroPython, too old, or too
            large for the flash.
    """
    if kind.chip is None:
        raise ImageError(f"an image for a {kind.title} is not written by this program", kind.boot_advice)
    data = _read(path, kind)
    _no_other_file(data, path)
    Part(data, 0, "bootloader", path).check(kind)
    start, room = _program(data, kind, path)
    program = Part(data, start, "program", path)
    if program.check(kind) > room:
        raise ImageError(f"the program in {path} is larger than its place in the flash", FETCH_AGAIN)
    version, machine = _micropython(data[start:], path)
    if _number(version) < OLDEST_MICROPYTHON:
        oldest = ".".join(map(str, OLDEST_MICROPYTHON))
        raise ImageError(f"{path} is MicroPython {version}, too old", f"It takes {oldest} or newer.")
    return Image(path, kind, len(data), version, machine, kind.chip, hashlib.sha256(data).hexdigest())


def _read(path: Path, kind: BoardKind) -> bytes:
    room = kind.flash_mb * MIB - kind.offset
    try:
        with path.open("rb") as file:
            data = file.read(room + 1)  # no more, whatever the file is
    except FileNotFoundError:
        raise ImageError(f"there is no file {path}", "Check the name after --image.") from None
    except OSError as error:
        raise ImageError(f"the image {path} cannot be read: {error.strerror}", "Check --image.") from error
    if len(data) > room:
        raise ImageError(f"{path} does not fit into the {kind.flash_mb} MiB of flash of this board", FETCH_AGAIN)
    return data


def _no_other_file(data: bytes, path: Path) -> None:
    """What people take for an image."""
    if not data:
        raise ImageError(f"{path} is empty", FETCH_AGAIN)
    if data.startswith(b"UF2\n"):
        raise ImageError(f"{path} is a UF2 file, which is for copying onto a board's drive", FETCH_AGAIN)
    if data.lstrip()[:1] == b"<":
        raise ImageError(f"{path} is a web page", "Save the file that the page links to, not the page.")
    if data[0] != MAGIC:
        raise ImageError(f"{path} is no image for an ESP32: those begin with 0xE9", FETCH_AGAIN)


def _program(data: bytes, kind: BoardKind, path: Path) -> tuple[int, int]:
    """Where the program is in the file, and the bytes set aside for it, of the partition table."""
    start = _TABLE_AT - kind.offset
    table = data[start : start + _TABLE_LENGTH]
    found = None
    for at in range(0, len(table) - _ENTRY + 1, _ENTRY):
        magic, type_, _, offset, size = _PARTITION.unpack_from(table, at)
        if magic != _PARTITION_MAGIC:
            whole = table[at : at + _ENTRY] == _TABLE_END + hashlib.md5(table[:at], usedforsecurity=False).digest()
            if found and whole:
                return found
            break
        if type_ == _APP and offset > _TABLE_AT and found is None:
            found = offset - kind.offset, size
    raise ImageError(
        f"{path} has no whole table that says where its program is: it is cut off, damaged, or a program alone "
        "(.app-bin)",
        FETCH_AGAIN,
    )


def _micropython(program: bytes, path: Path) -> tuple[str, str]:
    """Version and machine."""
    found = _MACHINE.search(program)
    machine = found[1].decode() if found else ""
    if banner := _BANNER.search(program):
        return banner[1].decode(), machine
    if _text(program, _NAME_AT) == "micropython" and _number(_text(program, _VERSION_AT)):
        return _text(program, _VERSION_AT), machine
    raise ImageError(f"{path} is a program for this processor, but not MicroPython", FETCH_AGAIN)


def _text(program: bytes, at: int) -> str:
    return program[at : at + _TEXT_LENGTH].split(b"\0")[0].decode("ascii", "replace")


def _number(version: str) -> tuple[int, ...]:
    """Of "v1.29.0-preview.5": (1, 29, 0)."""
    found = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()
