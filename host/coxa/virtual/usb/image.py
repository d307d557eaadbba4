"""Flash images as micropython.org offers them for these chips, and what a chip finds in its flash when it starts.

The format is real, the programs in it are not: random bytes take the place of machine code. What an image says of
itself is where a real one says it: MicroPython leaves project and version of the application's description empty and
has them among its constants, as `MicroPython v1.28.0 on 2026-04-06` and `<board> with <chip>`; other programs have the
description. So `installed` reads real images too (seen with five, of the ESP32 and ESP32-S3).
"""

from __future__ import annotations

import hashlib
import random
import re
import struct
from dataclasses import dataclass

from coxa.virtual.usb.chips import chip_named
from coxa.virtual.usb.esp_image import EspImage, build, parse
from coxa.virtual.usb.flash_file import BLANK, FlashFile

FLASH_OFFSET = {"esp32": 0x1000, "esp32s3": 0, "esp32c3": 0, "esp32c6": 0}
"""Where an image goes, by chip: the place of the boot loader."""
VFS_AT = 0x200000
"""MicroPython's file system: from here to the end of the flash."""
_TABLE_AT, _TABLE_SIZE = 0x8000, 0xC00
_APP_AT, _APP_SIZE = 0x10000, VFS_AT - 0x10000
_PARTITION = struct.Struct("<2sBBII16sI")
"""Magic, type, subtype, start, length, name, flags."""
_PARTITION_MAGIC = b"\xaa\x50"
_TABLE_DIGEST = b"\xeb\xeb" + BLANK * 14
_APP, _DATA = 0, 1
_BOOTABLE = (0x00, 0x10)
"""Subtypes that are started where nothing else is asked for: factory, first slot for updates."""
_PARTITIONS = (
    (_DATA, 0x02, 0x9000, 0x6000, b"nvs"),
    (_DATA, 0x01, 0xF000, 0x1000, b"phy_init"),
    (_APP, 0x00, _APP_AT, _APP_SIZE, b"factory"),
    (_DATA, 0x81, VFS_AT, 0x200000, b"vfs"),
)
_APP_DESCRIPTION = struct.Struct("<I12x32s32s16s16s32s32sHHB75x")
"""Magic, version, project, time, date, version of ESP-IDF, SHA-256 of the ELF file, revisions, page size."""
_APP_MAGIC = 0xABCD5432
_BOOT_DESCRIPTION = struct.Struct("<B3xI32s24s16x")
_BOOT_MAGIC = 0x50
_IDF, _DATE, _TIME = b"v5.5.1", b"Jan  1 2026", b"12:00:00"
_PAGE_BITS = 16
"""Of the flash that is mapped into memory: 64 KB. What lies so is as far into its page in memory as in the flash."""
_FIRST_CONTENT = 0x20
"""Of an image: after its header and that of its first segment."""
_SEGMENT_HEADER = 8
_CONSTANTS_AT = {"esp32": 0x3F400000, "esp32s3": 0x3C000000, "esp32c3": 0x3C000000, "esp32c6": 0x42000000}
_CODE_AT = {"esp32": 0x400D0000, "esp32s3": 0x42000000, "esp32c3": 0x42000000, "esp32c6": 0x42200000}
_RAM_AT = {"esp32": 0x3FFB0000, "esp32s3": 0x3FC90000, "esp32c3": 0x3FC80000, "esp32c6": 0x40800000}
_FAST_CODE_AT = {"esp32": 0x40080000, "esp32s3": 0x40374000, "esp32c3": 0x4037C000, "esp32c6": 0x40810000}
_RANDOM_SHARE = 0.6
"""Of the filler: a guess at what real images shrink to when packed."""
_MICROPYTHON = "micropython"
_BANNER = re.compile(rb"MicroPython (v\d+\.\d+\.\d+[\x21-\x7e]*) on \d{4}-\d\d-\d\d")
_MACHINE = re.compile(rb"([\x20-\x7e]{3,100} with ESP32[\x20-\x7e]{0,24})\0")


@dataclass(frozen=True, slots=True)
class Installed:
    """The program that a chip starts.

    Attributes:
        machine: as in MicroPython's `sys.implementation._machine`; empty where nothing in the image looks like one.
        version: of the program, "v1.28.0".
        name: of the project, "micropython".
    """

    machine: str
    version: str
    name: str


def make_image(
    chip: str,
    machine: str = "Generic ESP32S3 module with ESP32S3",
    version: str = "v1.28.0",
    size: int = 1_500_000,
    name: str = _MICROPYTHON,
) -> bytes:
    """An image for `FLASH_OFFSET`, the same for the same arguments.

    Args:
        chip: one of `CHIPS`, else ValueError.
        machine: what a booted MicroPython says it runs on.
        version: of the program.
        size: of the image, bytes; about. ValueError where the program would have no room.
        name: of the project.
    """
    chip_id = chip_named(chip).chip_id
    filler = random.Random(f"{chip} {machine} {version} {size} {name}")
    parts = {FLASH_OFFSET[chip]: _boot_loader(chip, chip_id, filler), _TABLE_AT: _partition_table()}
    code_size = size - (_APP_AT - FLASH_OFFSET[chip])
    if not 0x10000 <= code_size <= _APP_SIZE - 0x1000:
        raise ValueError(f"an image of {size} bytes: from {0x20000} to {VFS_AT - 0x2000} are possible")
    described = (b"", b"") if name == _MICROPYTHON else (version.encode(), name.encode())
    description = _APP_DESCRIPTION.pack(
        _APP_MAGIC, *described, _TIME, _DATE, _IDF, filler.randbytes(32), 0, 0xFFFF, _PAGE_BITS
    )
    banner = f"MicroPython {version} on 2026-01-01\0; {machine}\0" if name == _MICROPYTHON else ""
    constants = _whole_words(description + banner.encode() + _filler(filler, code_size // 4))
    variables = _filler(filler, 0x3000)
    code_at = _FIRST_CONTENT + len(constants) + len(variables) + 2 * _SEGMENT_HEADER
    segments = (
        (_CONSTANTS_AT[chip] + _FIRST_CONTENT, constants),
        (_RAM_AT[chip], variables),
        (_CODE_AT[chip] + code_at % (1 << _PAGE_BITS), _filler(filler, code_size * 3 // 4 - 0x7000)),
        (_FAST_CODE_AT[chip], _filler(filler, 0x4000)),
    )
    parts[_APP_AT] = build(EspImage(chip_id, segments))
    image = b""
    for at, part in parts.items():
        image = image.ljust(at - FLASH_OFFSET[chip], BLANK) + part
    return image


def installed(flash: FlashFile, chip: str) -> Installed | None:
    """What a chip with this flash starts; None where its ROM loader or its boot loader would find no whole program."""
    chip_id = chip_named(chip).chip_id
    start = FLASH_OFFSET[chip]
    boot = parse(flash.read(start, _TABLE_AT - start))
    place = _app_place(flash.read(_TABLE_AT, _TABLE_SIZE))
    if boot is None or boot.chip_id != chip_id or place is None or sum(place) > flash.size:
        return None
    app = parse(flash.read(*place))
    return None if app is None or app.chip_id != chip_id else _described(app)


def _described(app: EspImage) -> Installed | None:
    content = app.segments[0][1]
    if len(content) < _APP_DESCRIPTION.size:
        return None
    magic, version, name, *_ = _APP_DESCRIPTION.unpack_from(content)
    if magic != _APP_MAGIC:
        return None
    everything = b"".join(part for _, part in app.segments)
    banner, machine = _BANNER.search(everything), _MACHINE.search(everything)
    if banner is None:
        return Installed("", _text(version), _text(name))
    return Installed(machine[1].decode().removeprefix("; ") if machine else "", banner[1].decode(), _MICROPYTHON)


def _app_place(table: bytes) -> tuple[int, int] | None:
    """Start and length of the program in the flash; None where the table is broken or has none."""
    found = None
    for at in range(0, _TABLE_SIZE, _PARTITION.size):
        magic, kind, subtype, start, length, _, _ = _PARTITION.unpack_from(table, at)
        if magic == _PARTITION_MAGIC:
            if kind == _APP and subtype in _BOOTABLE and found is None:
                found = start, length
            continue
        entry = table[at : at + _PARTITION.size]
        good = entry == _TABLE_DIGEST + hashlib.md5(table[:at], usedforsecurity=False).digest()
        return found if good else None
    return None


def _partition_table() -> bytes:
    table = b"".join(
        _PARTITION.pack(_PARTITION_MAGIC, kind, subtype, start, length, name, 0)
        for kind, subtype, start, length, name in _PARTITIONS
    )
    digest = hashlib.md5(table, usedforsecurity=False).digest()
    return (table + _TABLE_DIGEST + digest).ljust(_TABLE_SIZE, BLANK)


def _boot_loader(chip: str, chip_id: int, filler: random.Random) -> bytes:
    description = _BOOT_DESCRIPTION.pack(_BOOT_MAGIC, 1, _IDF, _DATE + b" " + _TIME)
    segments = (
        (_RAM_AT[chip], description + _filler(filler, 0x1000)),
        (_FAST_CODE_AT[chip], _filler(filler, 0x4000)),
    )
    return build(EspImage(chip_id, segments))


def _filler(source: random.Random, size: int) -> bytes:
    """About `size` bytes, of which `_RANDOM_SHARE` cannot be packed."""
    piece = 1024
    random_bytes = int(piece * _RANDOM_SHARE)
    return b"".join(source.randbytes(random_bytes) + bytes(piece - random_bytes) for _ in range(size // piece))


def _whole_words(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("ascii", "replace")
