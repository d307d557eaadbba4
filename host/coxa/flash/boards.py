"""The boards as seen by the computer that puts MicroPython on them; their pins are in `coxa_board.boards`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from coxa.errors import UsageError

OLDEST_MICROPYTHON = (1, 24, 0)
"""Machine code (viper) for the ESP32-C3 and -C6 is there since 1.24, as are images for the ESP32-C6 and the Pico 2 W.

Compiled files have had their present form, 6.3, since 1.23.
"""
VFS_AT = 0x200000
"""Where MicroPython's file system begins in the flash of an ESP32, in bytes: all before it may be the image's."""

_HOLD_BOOT = "Hold its BOOT button, tap RESET (EN on some boards), then let go of BOOT."
_BRIDGE = "Its USB chip does it by itself. If it does not: hold BOOT (GPIO 0 to GND), tap EN, then let go."


@dataclass(frozen=True, slots=True)
class BoardKind:
    """One kind of board, and which image of MicroPython it takes.

    Attributes:
        name: as in the board's settings. `title`: for people.
        chip: processor, in the words of esptool; None where esptool cannot write it.
        image: how the image's file name begins at micropython.org.
        offset: where in the flash the image goes, in bytes.
        marks: what MicroPython says of the machine on such a board (`sys.implementation._machine`), one of them.
        names_itself: the first of these marks is said on no other board.
        boot_advice: how a person gets it into its boot loader.
        flash_mb: its flash, at least, in MiB.
        needs_pins: its settings must say which pin is wired to what.
    """

    name: str
    title: str
    chip: str | None
    image: str
    offset: int
    marks: tuple[str, ...]
    names_itself: bool
    boot_advice: str
    flash_mb: int
    needs_pins: bool


# Up to 1.28 MicroPython wrote ESP32S3, since 1.29 it writes ESP32-S3.
KINDS = (
    BoardKind(
        "xiao-esp32s3", "Seeed XIAO ESP32S3", "esp32s3", "ESP32_GENERIC_S3-SPIRAM_OCT", 0x0,
        ("XIAO ESP32S3", "Octal-SPIRAM"), True,
        "Hold its BOOT button (B) while you plug it in; or hold it and tap RESET (R).", 8, False,
    ),
    BoardKind(
        "m5stickc-plus2", "M5StickC Plus2", "esp32", "ESP32_GENERIC-SPIRAM", 0x1000,
        ("with SPIRAM",), False,
        "Its USB chip does it by itself. If it does not: switch it off (hold the button on the side for 6 s), then "
        "connect G0 to GND on its header while you plug it in.", 8,
        False,
    ),
    BoardKind("generic-esp32", "ESP32", "esp32", "ESP32_GENERIC", 0x1000, ("ESP32",), False, _BRIDGE, 4, True),
    BoardKind(
        "generic-esp32s3", "ESP32-S3", "esp32s3", "ESP32_GENERIC_S3", 0x0, ("ESP32S3", "ESP32-S3"), False,
        _HOLD_BOOT, 4, True,
    ),
    BoardKind(
        "generic-esp32c3", "ESP32-C3", "esp32c3", "ESP32_GENERIC_C3", 0x0, ("ESP32C3", "ESP32-C3"), False,
        _HOLD_BOOT, 4, True,
    ),
    BoardKind(
        "generic-esp32c6", "ESP32-C6", "esp32c6", "ESP32_GENERIC_C6", 0x0, ("ESP32C6", "ESP32-C6"), False,
        _HOLD_BOOT, 4, True,
    ),
    BoardKind(
        "pico-w", "Raspberry Pi Pico W", None, "RPI_PICO_W", 0x0, ("Pico W", "Pico 2 W"), True,
        "Hold BOOTSEL while you plug it in: a drive appears. Copy onto it the file that micropython.org offers as "
        "RPI_PICO_W (for a Pico 2 W: RPI_PICO2_W), which ends in .uf2.", 2, False,
    ),
)  # fmt: skip
"""All boards that the firmware knows."""


def kind(name: str) -> BoardKind:
    """The board of this name.

    Raises:
        UsageError: there is none.
    """
    for one in KINDS:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in KINDS)
    raise UsageError(f"there is no board {name!r}", f"There are {names}.")


def by_machine(machine: str) -> list[BoardKind]:
    """The boards that may say this of themselves, the most special first. Any may come with a more general image."""
    found = [(max(map(len, said)), one) for one in KINDS if (said := _said(one, machine))]
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])]


def surely(machine: str) -> BoardKind | None:
    """The board that says this of itself, where no other can; None: someone has to tell."""
    for one in by_machine(machine):
        if (one.names_itself and _has(machine, one.marks[0])) or len(by_chip(one.chip)) == 1:
            return one
    return None


def by_chip(chip: str | None) -> list[BoardKind]:
    """The boards with this processor (in the words of esptool). Where there are several, someone has to tell."""
    return [one for one in KINDS if one.chip == chip]


def _said(one: BoardKind, machine: str) -> list[str]:
    return [mark for mark in one.marks if _has(machine, mark)]


def _has(machine: str, mark: str) -> bool:
    """As a whole: ESP32-S3 is no ESP32."""
    return re.search(rf"{re.escape(mark)}(?![\w-])", machine) is not None
