"""The chips whose ROM loader is modelled: what tells them apart, and where their registers are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_MAGIC_REGISTER = 0x40001000
"""In the ROM; its value differs from chip to chip. esptool tells the ESP32 by it."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One kind of chip.

    Attributes:
        chip_id: in images and in the security information.
        answers_security_info: the ROM loader knows GET_SECURITY_INFO.
        mac_at: register with the low 32 bits of the MAC; the next one has the other 16.
        spi_at: base of the SPI controller of the flash.
        spi_usr, spi_w0: offsets of its registers for an own command, and of its data.
        watchdog: registers CONFIG0 and WPROTECT of the RTC watchdog, where esptool restarts the chip by it; else None.
        registers: what else a reader finds: fuses of one revision (see `CHIPS`), clocks.
    """

    chip_id: int
    answers_security_info: bool
    mac_at: int
    spi_at: int
    spi_usr: int
    spi_w0: int
    watchdog: tuple[int, int] | None
    registers: Mapping[int, int]


def _esp32() -> Chip:
    fuses = 0x3FF5A000
    package_d0wd_rev_bit0 = 1 << 9 | 1 << 15
    rev_bit1_minor_1 = 1 << 20 | 1 << 24
    rc_clock = 160  # with the calibration value below: 640 * 15625 * 160 / 40 = 40 MHz
    return Chip(
        chip_id=0,
        answers_security_info=False,
        mac_at=fuses + 0x04,
        spi_at=0x3FF42000,
        spi_usr=0x1C,
        spi_w0=0x80,
        watchdog=None,
        registers={
            _MAGIC_REGISTER: 0x00F01D83,
            fuses + 0x0C: package_d0wd_rev_bit0,
            fuses + 0x10: rc_clock,
            fuses + 0x14: rev_bit1_minor_1,
            0x3FF6607C: 1 << 31,  # revision, bit 2
            0x3FF5F06C: 640 << 7,  # crystal against the RC clock
            0x3FF40014: 40_000_000 // 115_200,  # clock divider of the UART
        },
    )


def _newer(
    chip_id: int, magic: int, mac_at: int, *, spi_at: int, watchdog: tuple[int, int], block1: dict[int, int]
) -> Chip:
    """`block1`: words of the fuses that begin with the MAC, by their number."""
    fuses = {mac_at + 4 * word: value for word, value in block1.items()}
    return Chip(chip_id, True, mac_at, spi_at, 0x18, 0x58, watchdog, {_MAGIC_REGISTER: magic, **fuses})


_CHIPS = {
    "esp32": _esp32(),  # D0WD, revision 3.1
    "esp32s3": _newer(  # revision 0.2, PSRAM of 8 MB
        9,
        0x9,
        0x60007044,
        spi_at=0x60002000,
        watchdog=(0x60008098, 0x600080B0),
        block1={3: 2 << 18, 4: 1 << 3 | 1 << 7},
    ),
    "esp32c3": _newer(  # revision 0.4
        5, 0x1B31506F, 0x60008844, spi_at=0x60002000, watchdog=(0x60008090, 0x600080A8), block1={3: 4 << 18}
    ),
    "esp32c6": _newer(  # revision 0.1
        13, 0x2CE0806F, 0x600B0844, spi_at=0x60003000, watchdog=(0x600B1C00, 0x600B1C18), block1={3: 1 << 18}
    ),
}
CHIPS = tuple(_CHIPS)
"""Names, as esptool has them."""


def chip_named(name: str) -> Chip:
    """The chip of that name. Raises ValueError for one that is not in `CHIPS`."""
    try:
        return _CHIPS[name]
    except KeyError:
        raise ValueError(f"no chip {name!r}: {', '.join(CHIPS)}") from None
