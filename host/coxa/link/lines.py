"""The way over a serial port: messages as lines of text (docs/wire.md)."""

from __future__ import annotations

import asyncio
from typing import Protocol

from coxa.link.channel import LinkLostError
from coxa_wire import WireError, line

_ADVICE = "Plug it in again; what was stored stays, the rest can be fetched."


class Writer(Protocol):
    """The part of `asyncio.StreamWriter` that is used here."""

    def write(self, data: bytes) -> None:
        """Takes bytes to send."""
        ...

    async def drain(self) -> None:
        """Waits while too much is waiting."""
        ...

    def close(self) -> None:
        """Lets go."""
        ...

    async def wait_closed(self) -> None:
        """Waits until it has let go."""
        ...


class LineChannel:
    """A `Channel` over a pair of streams.

    Attributes:
        received_at: see `Channel`; when its line was read.
        damaged: lines that came damaged and were dropped.
        strays: lines that were no messages, such as a traceback; the latest `_STRAYS`.
    """

    _STRAYS = 50

    def __init__(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        """Takes the streams from and to the board."""
        self._reader = reader
        self._writer = writer
        self.received_at = 0.0
        self.damaged = 0
        self.strays: list[str] = []

    @property
    def mtu(self) -> None:
        """See `Channel`: a line takes any message whole."""
        return None

    async def send(self, channel: str, message: bytes) -> None:
        """See `Channel`."""
        try:
            self._writer.write(line.encode_line(channel, message))
            await self._writer.drain()
        except (OSError, RuntimeError) as error:
            raise LinkLostError(f"the board's port is gone ({error})", _ADVICE) from None

    async def receive(self) -> tuple[str, bytes]:
        """See `Channel`."""
        while True:
            try:
                text = await self._line()
            except (asyncio.IncompleteReadError, OSError):
                raise LinkLostError("the board's port is gone", _ADVICE) from None
            try:
                message = line.decode_line(text)
            except WireError:
                self.damaged += 1
                continue
            self.received_at = asyncio.get_running_loop().time()
            if message is not None:
                return message
            self.strays = [*self.strays, text.decode(errors="replace").rstrip()][-self._STRAYS :]

    async def _line(self) -> bytes:
        while True:
            try:
                return await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                await self._reader.readexactly(error.consumed)  # no line of ours is that long
                self.damaged += 1

    async def close(self) -> None:
        """See `Channel`."""
        self._writer.close()
