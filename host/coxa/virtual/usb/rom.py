"""The serial loader in the ROM of an Espressif chip, and the flasher stub that esptool uploads to it.

Without I/O: bytes from the host in, bytes to the host out, and what is flashed is in a `FlashFile`. Unmodified esptool
5.6 works with it, with its stub and with `--no-stub`.

Modelled: the framing, checksums and order of blocks, status of each command in the two lengths (ROM and stub), commands
that only one of the two knows, chip detection, fuses with the MAC, identification of the flash chip through the
registers of its controller, erasing (ROM: before the first block; stub: as it goes), NOR flash whose bits only an erase
sets, the refusal to touch flash that was not attached, restart by the watchdog and by the command to run the program.

Not modelled: the machine code of the stub (every program uploaded to RAM and started is taken for it, and is not kept),
baud rates, the time that anything takes, the text a ROM prints when it starts, secure boot, flash encryption, fuses
other than those read to describe the chip, NAND flash, the default flash size of the ROM (esptool sets the real one), a
stub that acknowledges a block before it has written it. The op in a ROM's answer to an unknown command is a guess: it
is known to differ from the command's.
"""

from __future__ import annotations

import struct

import numpy as np

from coxa.virtual.usb import slip
from coxa.virtual.usb.chips import CHIPS, chip_named
from coxa.virtual.usb.commands import BLOCKS, SYNC, Commands
from coxa.virtual.usb.flash_file import FlashFile, PowerFailed
from coxa.virtual.usb.transfer import BLOCK_HEADER, Refusal, RefusedError

__all__ = ["CHIPS", "FlashFile", "PowerFailed", "RomLoader"]

_TO_CHIP, _TO_HOST = 0, 1
_HEADER = struct.Struct("<BBHI")
"""Direction, op, length of the data, checksum or value."""
_REPEATS = 8
"""So often a SYNC is answered, and by the ROM a command it does not know."""
_CHECKSUM_SEED = 0xEF


class RomLoader:
    """One chip that waits for a host, from its reset on."""

    def __init__(self, chip: str, flash: FlashFile, mac: bytes = bytes.fromhex("246f28abcdef")) -> None:
        """As after a reset with the BOOT button held. `mac`: six bytes, as printed. ValueError: no such chip."""
        self._frames = slip.Decoder()
        self._commands = Commands(chip_named(chip), flash, mac)

    @property
    def restarted(self) -> bool:
        """The host has made the chip restart. Whoever runs the chip looks, and makes a new loader next time."""
        return self._commands.restarted

    @property
    def stub(self) -> bool:
        """The flasher stub runs."""
        return self._commands.stub

    def feed(self, data: bytes) -> bytes:
        """Bytes from the host, in any pieces; gives those to the host.

        Raises PowerFailed where `FlashFile.cut_in` says so: nothing more is answered, and the loader is gone.
        """
        return b"".join(slip.encode(out) for frame in self._frames.feed(data) for out in self._answers(frame))

    def _answers(self, frame: bytes) -> list[bytes]:
        commands = self._commands
        if commands.out is not None and len(frame) == 4:
            return self._go_on_reading(int.from_bytes(frame, "little"))
        if len(frame) < _HEADER.size:
            return []
        direction, op, length, checksum = _HEADER.unpack_from(frame)
        data = frame[_HEADER.size :]
        if direction != _TO_CHIP or length != len(data):
            return []
        commands.out = None
        watched = commands.registers.watchdog_runs
        answers = self._answer(op, data, checksum) + commands.afterwards
        commands.afterwards = []
        if watched and commands.registers.watchdog_runs:  # it takes some ms: one more command fits in
            commands.restarted = True
        return answers

    def _go_on_reading(self, acknowledged: int) -> list[bytes]:
        out = self._commands.out
        assert out is not None
        frames = out.frames(acknowledged)
        if out.done:
            self._commands.out = None
        return frames

    def _answer(self, op: int, data: bytes, checksum: int) -> list[bytes]:
        stub = self.stub
        command = self._commands.find(op)
        if command is None:
            unknown = _reply(op if stub else 0, _status(Refusal.UNKNOWN, stub))
            return [unknown] * (1 if stub else _REPEATS)
        try:
            if op in BLOCKS and _checksum(data[BLOCK_HEADER.size :]) != checksum:
                raise RefusedError(Refusal.CHECKSUM)
            value, body = command(data)
        except RefusedError as refused:
            return [_reply(op, _status(refused.refusal, stub))]
        except struct.error:
            return [_reply(op, _status(Refusal.LENGTH, stub))]
        return [_reply(op, body + _status(None, stub), value)] * (_REPEATS if op == SYNC else 1)


def _reply(op: int, body: bytes, value: int = 0) -> bytes:
    return _HEADER.pack(_TO_HOST, op, len(body), value) + body


def _status(refusal: Refusal | None, stub: bool) -> bytes:
    """The ROM's is failed or not, then why, then two of nothing; the stub's first byte is the reason."""
    if stub:
        return bytes([refusal.of_stub if refusal else 0, 0])
    return bytes([refusal is not None, refusal.of_rom if refusal else 0, 0, 0])


def _checksum(block: bytes) -> int:
    return int(np.bitwise_xor.reduce(np.frombuffer(block, np.uint8), initial=_CHECKSUM_SEED))
