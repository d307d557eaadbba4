"""What can run on the chip, and what follows it: the ROM loader, someone else's program, and see `micropython`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, Protocol

from coxa.virtual.usb.build import Mode, UsbBuild
from coxa.virtual.usb.port import Port
from coxa.virtual.usb.rom import FlashFile, RomLoader

POWER_ON, HARD_RESET, DEEP_SLEEP, SOFT_RESET = 1, 2, 4, 5
"""Causes of a reset, as MicroPython numbers them."""
_FOREIGN_S = 0.5
"""Between what a foreign program prints."""


@dataclass(frozen=True, slots=True)
class Next:
    """What comes after a program.

    Attributes:
        what: "start" whatever the flash has, the ROM loader, deep sleep, or no power.
        cause: of the start.
        raw: it is to come to a raw prompt, without main.py.
        typed: what the host sent and nobody has read; only a soft reset leaves it.
    """

    what: Literal["start", "rom", "sleep", "cut"]
    cause: int = HARD_RESET
    raw: bool = False
    typed: bytes = b""


class Program(Protocol):
    """One that runs.

    Attributes:
        mode: what it is.
        files: numbers of the open files to wait for on its behalf.
        has_room: it takes more from the host for now.
    """

    @property
    def mode(self) -> Mode:
        """See above."""
        ...

    @property
    def files(self) -> tuple[int, ...]:
        """See above."""
        ...

    @property
    def has_room(self) -> bool:
        """See above."""
        ...

    def take(self, data: bytes) -> None:
        """What the host sent."""

    def work(self) -> tuple[float | None, Next | None]:
        """Does what there is to do: how soon there is more, s; and what comes next, where it has ended."""
        ...

    def kill(self) -> None:
        """The power goes, or a reset comes."""


class Loader:
    """The ROM loader, until the host lets the chip restart."""

    mode: Mode = "rom"
    files: tuple[int, ...] = ()
    has_room = True

    def __init__(self, build: UsbBuild, flash: FlashFile, port: Port) -> None:
        """Waits for a host."""
        self._rom = RomLoader(build.chip, flash, bytes.fromhex(build.uid))
        self._port = port
        self._can_reset = build.can_reset
        self._used = False

    def take(self, data: bytes) -> None:
        """What the host sent; PowerFailed where that was asked for."""
        self._used = True
        self._port.write(self._rom.feed(data))

    def work(self) -> tuple[float | None, Next | None]:
        """A host that closes the port has let go of the reset line, which a pseudoterminal has not."""
        done = self._rom.restarted or (self._can_reset and self._used and not self._port.opened)
        return None, Next("start") if done else None

    def kill(self) -> None:
        """Nothing is left of it."""


class Foreign:
    """Someone else's program: prints the same again and again, and listens to nobody."""

    mode: Mode = "foreign"
    files: tuple[int, ...] = ()
    has_room = True

    def __init__(self, text: bytes, port: Port) -> None:
        """Starts it."""
        self._text = text
        self._port = port
        self._due_s = time.monotonic()

    def take(self, data: bytes) -> None:
        """Is lost."""

    def work(self) -> tuple[float | None, Next | None]:
        """See `Program`."""
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + _FOREIGN_S
            self._port.write(self._text)
        return self._due_s - now_s, None

    def kill(self) -> None:
        """Nothing is left of it."""
