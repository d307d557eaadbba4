"""A serial port as an asyncio transport, on every system alike: Windows cannot wait for one in its event loop.

Two threads do what blocks, reading and writing. All they share with the loop are the port, which pyserial lets two
threads use in two directions, a queue of what is to be written, and what they pass on by `call_soon_threadsafe`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue

from serial import Serial, SerialException

WRITE_AHEAD = 16_384
"""Bytes that wait to be written before `drain` waits: some fifty of the longest lines."""
LOOK_S = 0.5
"""The reading thread looks so often whether it is to end, where nothing wakes it."""


class PortTransport(asyncio.Transport):
    """Reads and writes an open port until it is closed or fails; then the protocol is told and the port let go."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: Serial, protocol: asyncio.Protocol) -> None:
        """Takes an open port with a write timeout, and who is told what comes. Call it in the loop."""
        super().__init__()
        self._loop = loop
        self._port = port
        self._protocol = protocol
        self._to_write: SimpleQueue[bytes | None] = SimpleQueue()
        self._waiting = 0
        self._paused = False
        self._closing = False
        self._failure: Exception | None = None
        self._may_read = threading.Event()
        self._may_read.set()
        self._taken = threading.Event()
        port.timeout = LOOK_S
        self._reader = threading.Thread(target=self._read, name="coxa port reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="coxa port writer", daemon=True)
        protocol.connection_made(self)
        self._reader.start()
        self._writer.start()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Queues bytes; nothing once it is closing."""
        if self._closing or not data:
            return
        self._waiting += len(data)
        self._to_write.put(bytes(data))
        if self._waiting > WRITE_AHEAD and not self._paused:
            self._paused = True
            self._protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        """Bytes that wait to be written."""
        return self._waiting

    def pause_reading(self) -> None:
        """Leaves what comes in the system's buffer."""
        self._may_read.clear()

    def resume_reading(self) -> None:
        """Goes on reading."""
        self._may_read.set()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def close(self) -> None:
        """Writes what waits, then lets the port go."""
        if self._closing:
            return
        self._closing = True
        self._may_read.set()
        self._taken.set()
        with contextlib.suppress(OSError):
            self._port.cancel_read()
        self._to_write.put(None)

    def abort(self) -> None:
        """Lets the port go at once."""
        with contextlib.suppress(OSError):
            self._port.cancel_write()
        self.close()

    def _failed(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        self.abort()

    def _written(self, count: int) -> None:
        self._waiting -= count
        if self._paused and self._waiting <= WRITE_AHEAD // 2:
            self._paused = False
            self._protocol.resume_writing()

    def _read(self) -> None:
        try:
            while not self._closing:
                if not self._may_read.wait(LOOK_S):
                    continue
                data = self._port.read(1)
                data += self._port.read(self._port.in_waiting)
                if data:
                    self._taken.clear()
                    self._tell(self._received, data)
                    self._until_taken()
        except (OSError, TypeError) as error:  # TypeError: pyserial, where the port is closed under its hands
            self._tell(self._failed, error)

    def _until_taken(self) -> None:
        """Waits for a loop that is busy: what is read ahead of it would pile up here before it can say pause."""
        while not self._closing and not self._taken.wait(LOOK_S):
            pass

    def _received(self, data: bytes) -> None:
        self._protocol.data_received(data)
        self._taken.set()

    def _write(self) -> None:
        try:
            while (data := self._to_write.get()) is not None:
                written = self._port.write(data)
                if not self._closing and written != len(data):
                    raise SerialException("the port did not take everything")
                self._tell(self._written, len(data))
        except (OSError, TypeError) as error:
            self._tell(self._failed, error)
            while self._to_write.get() is not None:
                pass
        self._reader.join()
        with contextlib.suppress(OSError):
            self._port.close()
        self._tell(self._end)

    def _end(self) -> None:
        self._protocol.connection_lost(self._failure)

    def _tell(self, what: Callable[..., None], *values: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, with nobody left to tell
            self._loop.call_soon_threadsafe(what, *values)
