"""MicroPython, as a program on the chip."""

from __future__ import annotations

import time
from collections.abc import Callable

from coxa.virtual.lockstep import VirtualBoardError
from coxa.virtual.usb import console, interpreter
from coxa.virtual.usb.build import FLASH_SIZE, Mode, UsbBuild
from coxa.virtual.usb.console import Console
from coxa.virtual.usb.image import VFS_AT, Installed
from coxa.virtual.usb.interpreter import Interpreter
from coxa.virtual.usb.port import Port
from coxa.virtual.usb.programs import SOFT_RESET, Next
from coxa.virtual.usb.rom import FlashFile

BUILT = "2026-01-01"
"""Date in MicroPython's banner; the virtual images have no other."""
_SECTOR = 4096
_HELD_S = 0.05
"""So long the beginning of a text that is to be replaced waits for the rest of it."""


class MicroPython:
    """MicroPython."""

    mode: Mode = "micropython"

    def __init__(
        self,
        build: UsbBuild,
        flash: FlashFile,
        *,
        found: Installed,
        port: Port,
        log: Callable[[bytes], None],
        start: Next,
    ) -> None:
        """Starts it; see `Interpreter`. `log` takes what it prints."""
        machine = build.machine or found.machine
        banner = f'MicroPython {found.version} on {BUILT}; {machine}\r\nType "help()" for more information.\r\n'
        settings = {
            **{name: getattr(build, name) for name in ("erase_us", "imu", "rate_hz", "uid", "button", "battery")},
            "base": VFS_AT,
            "sectors": (FLASH_SIZE - VFS_AT) // _SECTOR,
            "cause": start.cause,
            "raw": start.raw,
            "cut_in": flash.cut_in,
            "machine": machine,
            "version": found.version,
            "date": BUILT,
        }
        self._flash = flash
        self._port = port
        self._log = log
        self._console = Console(banner.encode(), start.raw)
        self._interpreter = Interpreter(settings, flash.path, build.motion)
        self._interpreter.send(start.typed)
        self._alive = True
        self._printed_s = 0.0

    @property
    def files(self) -> tuple[int, ...]:
        """Its terminal, unless the host has to read first, and what it tells."""
        terminal = (self._interpreter.master,) if self._port.has_room else ()
        return (*terminal, self._interpreter.control.fileno())

    @property
    def has_room(self) -> bool:
        """Whether it takes more from the host."""
        return self._interpreter.has_room

    def take(self, data: bytes) -> None:
        """What the host typed."""
        self._interpreter.send(data)

    def happen(self, kind: int, value: int) -> None:
        """The button, or a power cut to come."""
        self._interpreter.happen(kind, value)

    def work(self) -> tuple[float | None, Next | None]:
        """See `Program`."""
        self._print()
        told = self._told()
        if told is not None or self._interpreter.ended:
            self.kill()
            if told is None and not self._interpreter.started:
                raise VirtualBoardError("the virtual board's program did not start", "See its log.")
            if told is None:
                told = Next("start", SOFT_RESET)
            if told.cause == SOFT_RESET:
                self._port.write(console.SOFT_REBOOT)
                told = Next("start", SOFT_RESET, self._console.raw, self._interpreter.untyped)
            return None, told
        due_s = self._interpreter.work(self._console.ready)
        return (_HELD_S if due_s is None and self._console.holds else due_s), None

    def kill(self) -> None:
        """Ends it."""
        if self._alive:
            self._alive = False
            self._show(self._console.take(self._interpreter.kill()) + self._console.rest())

    def _print(self) -> None:
        while self._port.has_room and (data := self._interpreter.read()):
            self._printed_s = time.monotonic()
            self._show(self._console.take(data))
        if self._console.holds and time.monotonic() - self._printed_s >= _HELD_S:
            self._show(self._console.rest())

    def _show(self, printed: bytes) -> None:
        if printed:
            self._log(printed)
            self._port.write(printed)
        if self._console.answer:
            answer, self._console.answer = self._console.answer, b""
            self._interpreter.type(answer)

    def _told(self) -> Next | None:
        while self._interpreter.tells:
            kind, value = self._interpreter.heard() or (0, 0)
            if kind == interpreter.RESET:
                return Next("start", value)
            if kind == interpreter.BOOTLOADER:
                return Next("rom")
            if kind == interpreter.ASLEEP:
                return Next("sleep")
            if kind == interpreter.CUT_OFF:
                self._flash.cut_in = None
                return Next("cut")
            if not kind:
                break
        return None
