"""Sends blocks: those being recorded as they come (LIVE), and those a host asks for (BULK) when there is time."""

import time

from micropython import const

from coxa_wire import BLOCK_LENGTH, command, fragment_count, fragment_into
from coxa_wire.line import BULK, LIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from coxa_board.device import Device

    class Transport(Protocol):
        """See the package."""

        PACE: int
        payload: int

        def send(self, channel: str, data: bytearray | memoryview) -> bool:
            """Takes a block or a fragment."""
            ...

        def answer(self, frame: bytes) -> bool:
            """Takes a frame for CONTROL."""
            ...


PACE_MS = const(30)  # in this time at most the transport's PACE blocks of BULK: the radio is for LIVE first
_LAG = const(8)  # blocks, some 0.8 s: a display that is further behind would rather have the newest
_WINDOW = const(32)  # blocks sent without an ACK: bounds what a radio stack that never refuses can heap up
_BULK_WINDOW = const(24)  # of these for BULK: the rest keeps LIVE going
_RANGES = const(16)  # that wait; each is a few words of memory
_AT_ONCE = const(8)  # blocks in one tick: other tasks wait meanwhile


class _Range:
    """Blocks that a host asked for."""

    def __init__(self, request_id: int, session: int, first: int, count: int) -> None:
        self.request_id = request_id
        self.session = session
        self.first = first
        self.count = count
        self.done = 0
        self.unreadable = 0


class Sender:
    """What leaves on one link. Blocks that a slow link cannot take are left out of LIVE; the host asks for them later.

    Attributes:
        skipped: blocks left out of LIVE since power-on.
    """

    def __init__(self, device: Device, transport: Transport) -> None:
        """Takes the device and the way to the host."""
        self._device = device
        self._transport = transport
        self._block = bytearray(BLOCK_LENGTH)
        self._fragment = bytearray(BLOCK_LENGTH)
        self.skipped = 0
        self._pace_ms = time.ticks_ms()
        self.reset()

    def reset(self) -> None:
        """No host is there: nothing is sent."""
        self._live = False
        self._session = 0
        self._cursor = 0
        self._ranges: list[_Range] = []
        self._channel = ""  # of the block that is under way
        self._piece = 0
        self._size = 0
        self._unacknowledged = 0
        self._budget = 0

    def begin(self) -> None:
        """A host is there: LIVE starts with the next block."""
        self._live = True
        self._session = self._device.recorder.session
        self._cursor = self._device.recorder.next_seq

    def acknowledged(self, session: int, next_seq: int) -> None:  # noqa: ARG002
        """The host has taken in what was sent so far.

        What it has stored (`next_seq`) is not needed: a session is deleted by COMMIT alone.
        """
        self._unacknowledged = 0

    def request(self, request_id: int, session: int, first: int, count: int) -> bool:
        """Queues blocks for BULK; False when too many ranges wait."""
        if len(self._ranges) >= _RANGES:
            return False
        self._ranges.append(_Range(request_id, session, first, count))
        return True

    def abort(self) -> None:
        """Drops all ranges; a block under way is completed."""
        self._ranges = []

    def tick(self) -> int:
        """Sends what the link takes now; returns how many blocks it was."""
        now_ms = time.ticks_ms()
        if time.ticks_diff(now_ms, self._pace_ms) >= PACE_MS:
            self._pace_ms = now_ms
            self._budget = self._transport.PACE
        for sent in range(_AT_ONCE):
            if not (self._channel or self._load_live() or self._load_bulk()) or not self._push():
                return sent
        return _AT_ONCE

    def _load_live(self) -> bool:
        recorder = self._device.recorder
        if not self._live or self._unacknowledged >= _WINDOW:
            return False
        if recorder.session != self._session:
            self._session = recorder.session
            self._cursor = 0
        behind = recorder.next_seq - self._cursor
        if behind > _LAG:
            self.skipped += behind - 1
            self._cursor += behind - 1
        if behind <= 0:
            return False
        found = recorder.read(self._session, self._cursor, self._block)
        self._cursor += 1
        return found and self._loaded(LIVE)

    def _load_bulk(self) -> bool:
        while self._ranges:
            wanted = self._ranges[0]
            if wanted.done == wanted.count:
                if not self._transport.answer(_report(wanted)):
                    return False
                self._ranges.pop(0)
                continue
            if self._budget <= 0 or self._unacknowledged >= _BULK_WINDOW:
                return False
            self._budget -= 1
            found = self._device.recorder.read(wanted.session, wanted.first + wanted.done, self._block)
            wanted.done += 1
            if found:
                return self._loaded(BULK)
            wanted.unreadable += 1
        return False

    def _loaded(self, channel: str) -> bool:
        self._channel = channel
        self._piece = 0
        self._unacknowledged += 1
        return True

    def _push(self) -> bool:
        """Whether the rest of the block under way was taken."""
        transport = self._transport
        if transport.payload >= BLOCK_LENGTH:
            if not transport.send(self._channel, self._block):
                return False
            self._channel = ""
            return True
        if transport.payload != self._size:  # pieces of another size would not fit together
            self._size = transport.payload
            self._piece = 0
        while self._piece < fragment_count(BLOCK_LENGTH, self._size):
            length = fragment_into(self._fragment, self._block, self._piece, self._size)
            if not transport.send(self._channel, memoryview(self._fragment)[:length]):
                return False
            self._piece += 1
        self._channel = ""
        return True


def _report(wanted: _Range) -> bytes:
    return command.encode_answer(
        command.RANGE_DONE, wanted.request_id, command.OK, wanted.session, wanted.first, wanted.count, wanted.unreadable
    )
