"""The electrical side of a virtual board: the cable, the reset, and which program runs on the chip."""

from __future__ import annotations

import select
from collections.abc import Callable

from coxa.virtual.usb import image
from coxa.virtual.usb.build import Mode, UsbBuild
from coxa.virtual.usb.micropython import MicroPython
from coxa.virtual.usb.port import Port
from coxa.virtual.usb.programs import HARD_RESET, POWER_ON, Foreign, Loader, Next, Program
from coxa.virtual.usb.rom import FlashFile, PowerFailed
from coxa.virtual.usb.worker import Wait

SYNC = b"\xc0\x00\x08\x24\x00" + bytes(4) + b"\x07\x07\x12\x20" + b"\x55" * 32 + b"\xc0"
"""First frame of a flasher. Where a program runs it stands for the reset lines, which a pseudoterminal has not."""
_TURN_S = 0.02
"""So soon it is seen that a host opened or closed the port."""
_RESET_TEXT = b"ESP-ROM:%b\r\nrst:0x%x,boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n"


class Powered:
    """A chip, its flash and its port.

    Attributes:
        port: while it is plugged in.
        program: what runs.
        asleep: it is in deep sleep.
        unplug_in: the cable is pulled after so many more bytes of the host, or None.
    """

    def __init__(self, build: UsbBuild, flash: FlashFile, log: Callable[[bytes], None]) -> None:
        """Unplugged; `log` takes what the interpreter prints."""
        self.port: Port | None = None
        self.program: Program | None = None
        self.asleep = False
        self.unplug_in: int | None = None
        self._build = build
        self._flash = flash
        self._log = log
        self._recent = b""

    @property
    def mode(self) -> Mode:
        """What answers at the port."""
        program = self.program
        return "off" if program is None else program.mode

    def plug_in(self) -> None:
        """Nothing happens where it is."""
        if self.port is None:
            self.port = Port()
            self.go(Next("start", POWER_ON))

    def unplug(self) -> None:
        """Nothing happens where it is not plugged in."""
        self._end()
        self.asleep = False
        self.unplug_in = None
        if self.port is not None:
            self.port.close()
            self.port = None

    def go(self, to: Next) -> None:
        """Ends the program that runs and begins what comes next; nothing does without power."""
        self._end()
        if self.port is None:
            return
        if to.what == "cut":
            self.unplug()
            return
        self.asleep = to.what == "sleep"
        if not self.asleep:
            self.program = self._start(self.port, to)

    def turn(self, wait: Wait) -> None:
        """One round of the work."""
        try:
            due_s = self._work()
        except PowerFailed:
            self.unplug()
            return
        wait(self._files(), _TURN_S if due_s is None else min(due_s, _TURN_S))

    def _work(self) -> float | None:
        """Takes from the host, lets the program go on; how soon there is more to do, s."""
        due_s = None
        if self.port is not None and (self.program is None or self.program.has_room):
            self._hear(self.port)
        if self.program is not None:
            due_s, then = self.program.work()
            if then is not None:
                self.go(then)
                return 0.0
        if self.port is not None:
            self.port.flush()
        return due_s

    def _hear(self, port: Port) -> None:
        data = port.read()
        if self.unplug_in is not None:
            data = data[: self.unplug_in]
            self.unplug_in -= len(data)
        if self._build.can_reset and not isinstance(self.program, Loader):
            self._recent = (self._recent + data)[-len(SYNC) - len(data) + 1 :]
            at = self._recent.find(SYNC)
            if at >= 0:
                data = self._recent[at:]
                self.go(Next("rom"))
        if self.program is not None and data:
            self.program.take(data)
        if self.unplug_in == 0:
            self.unplug()

    def _start(self, port: Port, start: Next) -> Program:
        found = None if start.what == "rom" else image.installed(self._flash, self._build.chip)
        if found is None:
            return Loader(self._build, self._flash, port)
        if start.cause in (POWER_ON, HARD_RESET):
            port.write(_RESET_TEXT % (self._build.chip.encode(), start.cause))
        if found.name != "micropython":
            return Foreign(self._build.foreign or found.name.encode() + b"\r\n", port)
        return MicroPython(self._build, self._flash, found=found, port=port, log=self._log, start=start)

    def _end(self) -> None:
        self._recent = b""
        if self.program is not None:
            self.program.kill()
            self.program = None

    def _files(self) -> dict[int, int]:
        program, port = self.program, self.port
        files = dict.fromkeys(() if program is None else program.files, select.POLLIN)
        if port is not None and port.opened:
            hears = select.POLLIN if program is None or program.has_room else 0
            files[port.master] = hears | (select.POLLOUT if port.waits else 0)
        return files
