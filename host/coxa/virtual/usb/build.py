"""What a virtual board on a USB port is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Mode = Literal["rom", "micropython", "foreign", "off"]
"""What answers at the port."""

FLASH_SIZE = 8 << 20
"""Bytes."""
_BUTTON_AND_BATTERY = {"esp32": (37, 38)}
"""Pins, by chip: the M5StickC Plus2."""
_OF_THE_XIAO = (7, 1)


@dataclass(frozen=True, slots=True)
class UsbBuild:
    """What it is made of.

    Attributes:
        chip: "esp32", "esp32s3", "esp32c3" or "esp32c6".
        machine: what MicroPython calls it; None: what the image on the flash says.
        uid: 6 bytes in hex.
        imu: lsm6dsox, mpu6886 or icm42688p. rate_hz: its true sampling rate.
        motion: file of what it measures (12 bytes a sample: gx gy gz ax ay az, int16 LSB), again and again; None: each
            sample counts, so that a lost or swapped one shows.
        foreign: it comes with a program that is not MicroPython and prints this again and again.
        can_reset: the host's reset lines reach the chip. Else only `press_boot` gets it into its ROM loader, and only
            `press_reset` out of it.
        erase_us: a sector of its flash takes so long to erase, for MicroPython.
    """

    chip: str = "esp32s3"
    machine: str | None = None
    uid: str = "246f28abcdef"
    imu: str = "lsm6dsox"
    rate_hz: float = 105.3
    motion: Path | None = None
    foreign: bytes | None = None
    can_reset: bool = True
    erase_us: int = 45_000

    @property
    def button(self) -> int:
        """Pin of its button."""
        return _BUTTON_AND_BATTERY.get(self.chip, _OF_THE_XIAO)[0]

    @property
    def battery(self) -> int:
        """Pin that measures the battery."""
        return _BUTTON_AND_BATTERY.get(self.chip, _OF_THE_XIAO)[1]
