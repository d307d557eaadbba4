"""The USB cable: which serial ports may be boards, and one of them opened as a channel."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from serial import Serial
from serial.tools import list_ports

from coxa.link.lines import LineChannel
from coxa.link.port_advice import port_explained
from coxa.link.threaded_port import PortTransport

BAUD = 115_200
"""Bit/s, of boards with a bridge chip, as MicroPython sets them; a port of native USB does not look at it."""
WRITE_S = 2.0
"""A port that takes nothing for so long has failed: a board reads its port every 10 ms."""
LINE_BUFFER = 4096
"""Bytes read ahead: some ten of the longest lines. What is more waits in the system's own buffer."""

_BOARDS = {
    (0x303A, 0x4001): "ESP32-S2/S3 with MicroPython",
    (0x303A, 0x1001): "ESP32 (any, also without MicroPython)",
    (0x303A, 0x80D1): "TinyS3",
    (0x2E8A, 0x0005): "Pico with MicroPython",
    (0x2E8A, 0x000F): "Pico 2",
    (0x1B4F, 0x0038): "Thing Plus RP2350",
    (0x2341, 0x025E): "Nano RP2040 Connect",
    (0x2341, 0x056B): "Nano ESP32",
    (0x1A86, 0x55D4): "bridge chip CH9102 (M5StickC Plus2)",
    (0x1A86, 0x7523): "bridge chip CH340",
    (0x10C4, 0xEA60): "bridge chip CP210x",
}
"""USB identifiers (vendor, product) that a board can have; many other devices have them too, so ask before use."""


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port on USB that may be a board.

    Attributes:
        device: to open. `description`: what its USB identifiers, `vid` and `pid`, stand for.
        location: its place on USB, which stays when a restart gives it another `device`; "" where not known.
    """

    device: str
    description: str
    vid: int
    pid: int
    location: str = ""


class PortChannel(LineChannel):
    """A `LineChannel` that has let go of its port when `close` returns."""

    async def close(self) -> None:
        """See `Channel`."""
        await super().close()
        with contextlib.suppress(OSError):  # it failed before, or takes nothing more: it is let go either way
            async with asyncio.timeout(WRITE_S + 1.0):
                await self._writer.wait_closed()


def ports() -> list[Port]:
    """Candidates, in order of their names. That one is a board shows when it answers HELLO."""
    found: list[Port] = []
    for info in sorted(list_ports.comports()):
        vid, pid = info.vid, info.pid
        if vid is not None and pid is not None and (vid, pid) in _BOARDS:
            found.append(Port(info.device, _BOARDS[vid, pid], vid, pid, info.location or ""))
    return found


def present(path: str) -> bool:
    """Whether there is such a port now, a likely board or not."""
    return any(info.device == path for info in list_ports.comports()) or Path(path).exists()


async def open_serial(path: str) -> LineChannel:
    """Opens a port, for this program alone.

    Raises:
        PortError: it is not there, in use, or not allowed.
    """
    with port_explained(path):
        # DTR and RTS stay as they are, both on: boards with native USB are silent without DTR, and the circuit beside
        # a bridge chip resets its board only while the two differ.
        port = Serial(path, BAUD, write_timeout=WRITE_S, exclusive=True)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LINE_BUFFER, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = PortTransport(loop, port, protocol)
    return PortChannel(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
