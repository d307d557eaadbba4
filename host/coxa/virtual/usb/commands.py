"""The commands of the serial loader in the ROM and of the flasher stub: what each does, and what it answers."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from functools import partial

from coxa.virtual.usb.chips import Chip
from coxa.virtual.usb.flash_file import FlashFile
from coxa.virtual.usb.registers import Registers
from coxa.virtual.usb.transfer import IntoFlash, IntoRam, OutOfFlash, Refusal, RefusedError, take_block

SYNC = 0x08
SECURITY_INFO = 0x14
BLOCKS = (0x03, 0x07, 0x11)
"""Their data begin with `BLOCK_HEADER`; the rest has a checksum."""
_SYNCED_BY_ROM = 0x55551207
"""Value in the answer of a ROM; that of a stub is 0."""
_SLOW_READ = 64
"""Bytes in each answer to the ROM's command to read."""
_OHAI = b"OHAI"
"""First word of the stub, in a frame of its own."""

Answer = tuple[int, bytes]
"""Value, and data before the status."""
_Command = Callable[[bytes], Answer]
_DONE: Answer = (0, b"")


class Commands:
    """What the loader knows and does. Each command takes its data, and raises RefusedError or struct.error.

    Attributes:
        restarted: the chip restarts.
        stub: the flasher stub runs.
        out: the transfer out of the flash that goes on.
        afterwards: frames to send after the answer; whoever sends them empties it.
    """

    def __init__(self, chip: Chip, flash: FlashFile, mac: bytes) -> None:
        """As after a reset."""
        self.restarted = False
        self._flash = flash
        self._chip = chip
        self.registers = Registers(chip, mac, flash.size)
        self.reset()

    def reset(self) -> None:
        """Back to the ROM, which has heard nothing yet."""
        self.stub = False
        self.out: OutOfFlash | None = None
        self.afterwards: list[bytes] = []
        self._attached = False
        self._into_ram: IntoRam | None = None
        self._into_flash: IntoFlash | None = None

    def find(self, op: int) -> Callable[[bytes], Answer] | None:
        """What carries out `op`; None where this loader does not know it."""
        if op == SECURITY_INFO and not self._chip.answers_security_info:
            return None
        return self._of_both().get(op) or (self._of_stub() if self.stub else self._of_rom()).get(op)

    def _of_both(self) -> dict[int, _Command]:
        return {
            0x02: partial(self._begin, packed=False),
            0x03: partial(self._data, packed=False),
            0x04: self._flash_end,
            0x05: self._ram_begin,
            0x06: self._ram_end,
            0x07: self._ram_data,
            SYNC: self._sync,
            0x09: self._write_registers,
            0x0A: self._read_register,
            0x0B: self._accept,  # parameters of the flash
            0x0D: self._attach,
            0x0F: self._accept,  # baud rate
            0x10: partial(self._begin, packed=True),
            0x11: partial(self._data, packed=True),
            0x12: self._flash_end,
            0x13: self._md5,
            SECURITY_INFO: self._security_info,
        }

    def _of_rom(self) -> dict[int, _Command]:
        return {0x0E: self._read_slowly}

    def _of_stub(self) -> dict[int, _Command]:
        return {0xD0: self._erase_flash, 0xD1: self._erase_region, 0xD2: self._read_flash, 0xD3: self._run}

    def _sync(self, _: bytes) -> Answer:
        return (0 if self.stub else _SYNCED_BY_ROM), b""

    def _read_register(self, data: bytes) -> Answer:
        return self.registers.read(struct.unpack("<I", data)[0]), b""

    def _write_registers(self, data: bytes) -> Answer:
        for address, value, mask, _delay_us in struct.iter_unpack("<4I", data):
            self.registers.write(address, value, mask)
        return _DONE

    def _security_info(self, _: bytes) -> Answer:
        flags = crypt_count = api_version = 0
        return 0, struct.pack("<IB7xII", flags, crypt_count, self._chip.chip_id, api_version)

    def _accept(self, _: bytes) -> Answer:
        return _DONE

    def _attach(self, _: bytes) -> Answer:
        self._attached = True
        return _DONE

    def _ram_begin(self, data: bytes) -> Answer:
        self._into_ram = IntoRam(struct.unpack("<4I", data)[0])
        return _DONE

    def _ram_data(self, data: bytes) -> Answer:
        if self._into_ram is None:
            raise RefusedError(Refusal.NOT_BEGUN)
        take_block(self._into_ram, data)
        return _DONE

    def _ram_end(self, data: bytes) -> Answer:
        _, entry = struct.unpack("<II", data)
        if self._into_ram is None or self._into_ram.missing:
            raise RefusedError(Refusal.NOT_BEGUN)
        if entry:
            self.reset()
            self.stub = self._attached = True
            self.afterwards = [_OHAI]
        return _DONE

    def _begin(self, data: bytes, packed: bool) -> Answer:
        size, _blocks, _block_size, at = struct.unpack_from("<4I", data)
        self._into_flash = IntoFlash(self._usable(), at, size, packed, erase_now=not self.stub)
        return _DONE

    def _data(self, data: bytes, packed: bool) -> Answer:
        if self._into_flash is None or self._into_flash.packed != packed:
            raise RefusedError(Refusal.NOT_BEGUN)
        take_block(self._into_flash, data)
        return _DONE

    def _flash_end(self, data: bytes) -> Answer:
        stay = struct.unpack("<I", data)[0]
        if self._into_flash is None:
            raise RefusedError(Refusal.NOT_BEGUN)
        self._into_flash.finish()
        self._into_flash = None
        if not stay:
            self.reset()
        elif not self.stub:
            self.restarted = True  # a ROM takes "do not reboot" for "run the program"
        return _DONE

    def _md5(self, data: bytes) -> Answer:
        at, size = struct.unpack_from("<II", data)
        digest = hashlib.md5(self._read(at, size), usedforsecurity=False)
        return 0, digest.digest() if self.stub else digest.hexdigest().encode()

    def _read_slowly(self, data: bytes) -> Answer:
        at, size = struct.unpack("<II", data)
        if size > _SLOW_READ:
            raise RefusedError(Refusal.FAILED)
        return 0, self._read(at, size).ljust(_SLOW_READ, b"\0")

    def _read_flash(self, data: bytes) -> Answer:
        self.out = OutOfFlash(self._flash, data)
        self.afterwards = self.out.frames(0)
        return _DONE

    def _erase_flash(self, _: bytes) -> Answer:
        self._flash.erase(0, self._flash.size)
        return _DONE

    def _erase_region(self, data: bytes) -> Answer:
        at, size = struct.unpack("<II", data)
        if at + size > self._flash.size:
            raise RefusedError(Refusal.FAILED)
        self._flash.erase(at, size)
        return _DONE

    def _run(self, _: bytes) -> Answer:
        self.restarted = True
        return _DONE

    def _read(self, at: int, size: int) -> bytes:
        if at + size > self._flash.size:
            raise RefusedError(Refusal.FAILED)
        return self._usable().read(at, size)

    def _usable(self) -> FlashFile:
        if not self._attached:
            raise RefusedError(Refusal.FAILED)
        return self._flash
