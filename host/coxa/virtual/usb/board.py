"""A whole virtual board on a USB port: what a host finds there is what it finds on a real one, or nearly.

Its flash is a file; on the chip runs the ROM loader, or MicroPython with what lies on that flash, or someone else's
program. What differs from a real board:

- The chip's instructions are not run: MicroPython is the interpreter built for this computer, so compiled files are for
  this computer (`sys.implementation._mpy` says so), numbers have 64 bits, and code runs many times as fast.
- A pseudoterminal has no reset lines. The first frame of a flasher stands for them where a program runs, and a host
  that closes the port of the ROM loader has let go of them.
- Line ends of `print` are not made "\\r\\n". Tracebacks begin with lines of the virtual hardware.
- While the prompt waits, no watchdog bites and no timer ticks; their time passes with the next command.
- The terminal takes bytes as fast as the computer moves them; baud rates mean nothing.
- Absent: the radio, `esp32.Partition` and `esp32.NVS`, `machine.RTC`, `machine.UART` and `machine.SPI`, `network`,
  `os.dupterm`. `os` has what the interpreter has, but for what reaches the computer.
- In deep sleep the port stays, as it does with a bridge chip, and is silent.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Self

from coxa.virtual.lockstep import VirtualBoardError
from coxa.virtual.usb import contents, image, interpreter
from coxa.virtual.usb.build import FLASH_SIZE, Mode, UsbBuild
from coxa.virtual.usb.micropython import MicroPython
from coxa.virtual.usb.powered import Powered
from coxa.virtual.usb.programs import DEEP_SLEEP, POWER_ON, Next
from coxa.virtual.usb.rom import FlashFile
from coxa.virtual.usb.worker import Worker

__all__ = ["Mode", "UsbBoard", "UsbBuild"]

_LOG = 1 << 20
"""Bytes that are kept of what the interpreter printed."""


class UsbBoard:
    """A board; use it in a `with`, which plugs it in, and unplugs it at the end.

    A thread of its own does all the work; what is said here to happen has happened when the call returns.

    Attributes:
        build: what it is made of.
        flash: its flash, which stays in its folder.
    """

    def __init__(self, folder: Path, build: UsbBuild | None = None) -> None:
        """Unplugged. `folder` takes its flash, blank where there is none yet; a foreign board's has its program."""
        self.build = build or UsbBuild()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "flash.bin"
        new = not path.exists()
        self.flash = FlashFile(path, FLASH_SIZE)
        if new and self.build.foreign is not None:
            self.flash.put(image.FLASH_OFFSET[self.build.chip], image.make_image(self.build.chip, name="foreign"))
        self._log = bytearray()
        self._powered = Powered(self.build, self.flash, self._keep)
        self._worker = Worker(self._powered.turn, self._powered.unplug)

    def __enter__(self) -> Self:
        """Plugs it in."""
        self._worker.start()
        try:
            self.plug_in()
        except BaseException:
            self._worker.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Unplugs it and ends everything.

        Raises:
            VirtualBoardError: its program ended in a way that no board's does.
        """
        with contextlib.suppress(VirtualBoardError):
            self.unplug()
        self._worker.stop()
        if self._worker.failure is not None:
            raise self._worker.failure

    @property
    def port(self) -> str:
        """Path of its port, new each time it is plugged in; "" while it is not."""
        port = self._powered.port
        return "" if port is None else port.path

    @property
    def mode(self) -> Mode:
        """What answers at its port; "off" also in deep sleep."""
        return self._powered.mode

    @property
    def log(self) -> str:
        """What its interpreter printed, of all starts; the latest MB."""
        return self._log.decode(errors="replace")

    def plug_in(self) -> None:
        """Gives it power and a port; nothing happens where it has them.

        Raises:
            VirtualBoardError: MicroPython is on its flash, and not installed here.
        """
        self._worker.do(self._powered.plug_in)

    def unplug(self) -> None:
        """Pulls the cable, which has the power in it; nothing happens where it is not plugged in."""
        self._worker.do(self._powered.unplug)

    def unplug_after(self, bytes_from_host: int) -> None:
        """The cable is pulled when the host has sent so many bytes more."""
        self._worker.do(lambda: setattr(self._powered, "unplug_in", bytes_from_host))

    def cut_flash_in(self, operations: int) -> None:
        """The power fails in the middle of that write or erase of the flash, 1: the next one; 0: not any more."""

        def cut() -> None:
            self.flash.cut_in = operations or None
            self._happen(interpreter.CUT, operations)

        self._worker.do(cut)

    def press_boot(self) -> None:
        """Holds BOOT and taps RESET: the ROM loader starts."""
        self._worker.do(lambda: self._powered.go(Next("rom")))

    def press_reset(self) -> None:
        """Taps RESET."""
        self._worker.do(lambda: self._powered.go(Next("start", POWER_ON)))

    def press_button(self, held_s: float) -> None:
        """The board's own button, from now on for so long; wakes it from deep sleep."""

        def press() -> None:
            if self._powered.asleep:
                self._powered.go(Next("start", DEEP_SLEEP))
            self._happen(interpreter.PRESS, int(held_s * 1000))

        self._worker.do(press)

    def file(self, path: str) -> bytes | None:
        """Content of that file on the board's file system, or None; see `files`."""
        return self.files().get(path)

    def files(self) -> dict[str, bytes]:
        """All files on the board's file system, by path; empty where there is none.

        Raises:
            VirtualBoardError: the board is not off, or its file system is damaged.
        """
        if self.mode != "off":
            raise VirtualBoardError("the files of a board can only be read while it is off", "Unplug it first.")
        return contents.files(self.flash)

    def _happen(self, kind: int, value: int) -> None:
        if isinstance(self._powered.program, MicroPython):
            self._powered.program.happen(kind, value)

    def _keep(self, printed: bytes) -> None:
        self._log += printed
        del self._log[:-_LOG]
