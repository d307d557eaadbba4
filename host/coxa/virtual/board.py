"""A virtual board: its flash and its button, which outlast the starts of its program, and its radio."""

from __future__ import annotations

import asyncio
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coxa.link.lines import LineChannel
from coxa.virtual import clock, lockstep
from coxa.virtual.air import Air
from coxa.virtual.lockstep import Program
from coxa.virtual.peripheral import Peripheral

POWER_ON, HARD_RESET, DEEP_SLEEP = 1, 2, 4
"""Causes of a reset, as MicroPython numbers them."""
BOOT_S = 0.7
"""From a reset to the program: MicroPython on an ESP32-S3 (estimate)."""
FLASH_SECTORS = 1536
_SECTOR = 4096

_EVENTS = {
    "connected": (lockstep.CONNECTED, "<H", 1),
    "disconnected": (lockstep.DISCONNECTED, "<H", 1),
    "written": (lockstep.WRITTEN, "<HH", 2),
    "mtu": (lockstep.MTU, "<HH", 2),
    "confirmed": (lockstep.CONFIRMED, "<HHB", 3),
    "transmitted": (lockstep.TRANSMITTED, "<H", 1),
}
"""Of a `Peripheral`: kind, layout of its numbers, and how many of them; bytes may follow."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a virtual board is made of.

    Attributes:
        name: 1-8 characters, as it advertises. uid: 6 bytes in hex.
        chip: lsm6dsox, mpu6886 or icm42688p; `rate_hz`: its true sampling rate.
        motion: file of what it measures (12 bytes a sample: gx gy gz ax ay az, int16 LSB), again and again; None: each
            sample counts, so that a lost or swapped one shows.
        drift: of the crystal: the board's clock is slow by this share.
        settings: that it comes with, beside its name; what a host changes stays.
        erase_us: a sector of its flash takes so long to erase.
    """

    name: str
    uid: str
    chip: str = "lsm6dsox"
    rate_hz: float = 105.3
    motion: Path | None = None
    drift: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    erase_us: int = 45_000

    @property
    def address(self) -> str:
        """Of its radio."""
        return ":".join(f"{byte:02X}" for byte in bytes.fromhex(self.uid))


class VirtualBoard:
    """A board in the world; use it in an `async with`, or end it with `power_off`.

    Attributes:
        ends: how each program that ended by itself did: "Reset 2", "DeepSleep 4", "PowerCut 1", "Crash 1".
        starts: how often the program was started.
        seen: what the latest `look` saw: the world's time, bytes of its heap in use (the virtual hardware's included),
            the board's own clock in µs.
    """

    def __init__(self, air: Air, build: Build, folder: Path) -> None:
        """Off, with an empty flash; `folder` takes its files."""
        self.build = build
        self.ends: list[str] = []
        self.starts = 0
        self.seen = (0.0, 0, 0)
        self._folder = folder
        self._radio = Peripheral(air, build.name, build.address, self._emit)
        self._program: Program | None = None
        self._asleep = False
        self._serial: asyncio.StreamReader | None = None
        self._log = (folder / f"{build.uid}.log").open("ab")
        self._flash = folder / f"{build.uid}.flash"

    async def __aenter__(self) -> VirtualBoard:
        """Switches it on."""
        self.power_on()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Switches it off."""
        self.power_off()
        self._log.close()

    @property
    def on(self) -> bool:
        """Whether its program runs."""
        return self._program is not None

    @property
    def log(self) -> str:
        """What its interpreter printed."""
        return (self._folder / f"{self.build.uid}.log").read_text(errors="replace")

    def power_on(self, cause: int = POWER_ON) -> None:
        """Starts its program; nothing happens when it runs already."""
        if self._program is not None:
            return
        build = self.build
        self._asleep = False
        self.starts += 1
        settings = {
            "chip": build.chip,
            "rate_hz": build.rate_hz,
            "motion": str(build.motion) if build.motion else None,
            "flash": str(self._flash),
            "keep": self._flash.exists(),
            "settings": {"name": build.name, **build.settings},
            "cause": cause,
            "uid": build.uid,
            "erase_us": build.erase_us,
        }
        self._program = Program(
            lockstep.board_program(settings, self._log),
            self._did,
            start_s=asyncio.get_running_loop().time(),
            drift=build.drift,
        )
        clock.participate(self._program)

    def power_off(self) -> None:
        """The power fails: flash keeps what was written, the radio falls silent."""
        if self._program is None:
            return
        program, self._program = self._program, None
        clock.leave(program)
        program.kill()
        self._radio.power_off()
        self.unplug()

    def cut_power_in(self, operations: int) -> None:
        """The power fails in the middle of the flash's next write or erase but so many."""
        self._happen(lockstep.CUT, struct.pack("<H", operations))

    def look(self) -> None:
        """Looks into the board, which no host can do: see `seen`."""
        self._happen(lockstep.LOOK, b"")

    def press(self, held_s: float = 0.2) -> None:
        """Its button; a board that sleeps wakes up."""
        if self._program is None and self._asleep:
            self.power_on(DEEP_SLEEP)
        self._happen(lockstep.PRESS, struct.pack("<I", int(held_s * 1000)))

    def serial(self) -> LineChannel:
        """A cable from its USB port to the host; one at a time."""
        self._serial = asyncio.StreamReader(limit=2**20)
        return LineChannel(self._serial, _SerialWriter(self))

    def unplug(self) -> None:
        """The cable is pulled."""
        if self._serial is not None:
            self._serial.feed_eof()
            self._serial = None

    def to_serial(self, data: bytes) -> None:
        """What the host sends down the cable.

        Raises:
            OSError: the board is off, or the cable pulled.
        """
        if self._program is None or self._serial is None:
            raise OSError("nobody is at the other end")
        self._happen(lockstep.TO_SERIAL, data)

    def run(self, until_s: float) -> None:
        """In real time: lets the program follow the clock. One that is gone is a board that is broken."""
        if self._program is None or self._program.now_s >= until_s:
            return
        try:
            self._program.run(until_s)
        except lockstep.VirtualBoardError as error:
            self.ends.append(error.what)
            self.power_off()

    def _happen(self, kind: int, data: bytes) -> None:
        if self._program is not None:
            self._program.happen(kind, asyncio.get_running_loop().time(), data)

    def _emit(self, event: tuple[Any, ...]) -> None:
        kind, layout, count = _EVENTS[event[0]]
        self._happen(kind, struct.pack(layout, *event[1 : 1 + count]) + b"".join(event[1 + count :]))

    def _did(self, kind: int, data: bytes) -> None:
        radio = self._radio
        if kind == lockstep.REGISTER:
            spec = json.loads(data)
            radio.register(spec["services"], spec["mtu"], spec["name"])
        elif kind == lockstep.STORE:
            radio.store(int.from_bytes(data[:2], "little"), data[2:])
        elif kind == lockstep.ADVERTISE:
            interval_us, length = struct.unpack_from("<IB", data)
            radio.advertise(interval_us or None, data[5 : 5 + length], data[5 + length :])
        elif kind == lockstep.TRANSMIT:
            connection, handle, indicate = struct.unpack_from("<HHB", data)
            radio.transmit(connection, handle, data[5:], bool(indicate))
        elif kind == lockstep.DISCONNECT:
            radio.disconnect(int.from_bytes(data, "little"))
        elif kind == lockstep.SERIAL:
            if self._serial is not None:
                self._serial.feed_data(data)
        elif kind == lockstep.LOOKED:
            self.seen = (asyncio.get_running_loop().time(), *struct.unpack("<IQ", data))
        elif kind == lockstep.ENDED:
            self._ended(data.decode())

    def _ended(self, how: str) -> None:
        """The program restarts, sleeps until the button wakes it, or lies there until the power comes back."""
        self.ends.append(how)
        self.power_off()
        kind, cause = how.split()
        self._asleep = kind == "DeepSleep"
        if kind not in ("DeepSleep", "PowerCut", "Crash"):
            asyncio.get_running_loop().call_later(BOOT_S, self.power_on, int(cause))


class _SerialWriter:
    """The part of a StreamWriter that `LineChannel` needs."""

    def __init__(self, board: VirtualBoard) -> None:
        self._board = board

    def write(self, data: bytes) -> None:
        self._board.to_serial(data)

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass

    async def wait_closed(self) -> None:
        pass
