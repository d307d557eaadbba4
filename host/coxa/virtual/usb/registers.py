"""What the host finds behind register addresses: fuses, the controller of the flash chip, the watchdog."""

from __future__ import annotations

import math

from coxa.virtual.usb.chips import Chip

_USR = 1 << 18
"""Bit of the command register: carry out the command that the other registers describe."""
_USR2_AFTER_USR = 8
_ADDRESS, _COMMAND_MASK = 4, 0xFF
_READ_ID, _READ_SFDP = 0x9F, 0x5A
_WINBOND_NOR = 0x40EF
"""Manufacturer, then memory type."""
_SFDP = int.from_bytes(b"SFDP", "little")
"""Start of the table by which a flash chip describes itself."""
_WATCHDOG_KEY = 0x50D83AA1
_WATCHDOG_ON = 1 << 31


class Registers:
    """A word per address; one that nobody has written or fused is 0.

    Attributes:
        watchdog_runs: it has been switched on, and restarts the chip some ms later.
    """

    def __init__(self, chip: Chip, mac: bytes, flash_size: int) -> None:
        """As after a reset. `mac`: six bytes, as printed; `flash_size` in bytes, a power of two."""
        self.watchdog_runs = False
        self._chip = chip
        self._flash_id = (flash_size.bit_length() - 1) << 16 | _WINBOND_NOR
        self._words = {
            **chip.registers,
            chip.mac_at: int.from_bytes(mac[2:]),
            chip.mac_at + 4: int.from_bytes(mac[:2]),
        }
        if not math.log2(flash_size).is_integer():
            raise ValueError(f"no flash chip has {flash_size} bytes")

    def read(self, address: int) -> int:
        """The word there."""
        return self._words.get(address, 0)

    def write(self, address: int, value: int, mask: int = 0xFFFFFFFF) -> None:
        """Sets the bits of `mask`; what the word does happens at once."""
        value = self.read(address) & ~mask | value & mask
        self._words[address] = value
        if address == self._chip.spi_at and value & _USR:
            self._ask_flash()
            self._words[address] = value & ~_USR
        elif self._chip.watchdog is not None and address == self._chip.watchdog[0]:
            unlocked = self.read(self._chip.watchdog[1]) == _WATCHDOG_KEY
            self.watchdog_runs = unlocked and bool(value & _WATCHDOG_ON)

    def _ask_flash(self) -> None:
        spi = self._chip.spi_at
        command = self.read(spi + self._chip.spi_usr + _USR2_AFTER_USR) & _COMMAND_MASK
        answer = 0
        if command == _READ_ID:
            answer = self._flash_id
        elif command == _READ_SFDP and self.read(spi + _ADDRESS) == 0:
            answer = _SFDP
        self._words[spi + self._chip.spi_w0] = answer
