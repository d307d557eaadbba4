"""Messages that wait for who takes them: bounded, and what can be had again is dropped first."""

from __future__ import annotations

import asyncio
from collections import deque

from coxa.link.channel import LinkLostError
from coxa_wire.line import BULK, LIVE, SYNC

MOST = 512
"""Messages that wait. The board sends 32 blocks ahead of an acknowledgement, and at most 255 requests are open: more
come from no Coxa board."""

_DROPPED_FIRST = (LIVE, BULK, SYNC)
"""Blocks are asked for again and a ping is sent anew, but an answer that is lost stops who waits for it for seconds."""


class Arrivals:
    """A queue of (channel, message, time it came by the loop's clock in s).

    Attributes:
        dropped: messages dropped because the queue was full.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._waiting: deque[tuple[str, bytes, float]] = deque()
        self._came = asyncio.Event()
        self._ended = False
        self.dropped = 0

    def put(self, channel: str, message: bytes, at_s: float) -> None:
        """Takes one; where the queue is full, the oldest of those that matter least goes."""
        self._waiting.append((channel, message, at_s))
        self._came.set()
        if len(self._waiting) > MOST:
            self.dropped += 1
            del self._waiting[self._least()]

    def end(self) -> None:
        """No more will come."""
        self._ended = True
        self._came.set()

    async def take(self) -> tuple[str, bytes, float]:
        """The oldest; waits for one.

        Raises:
            LinkLostError: none is left and none will come.
        """
        while not self._waiting:
            if self._ended:
                raise LinkLostError("the connection to the board is gone", "What came is stored; fetch the rest.")
            self._came.clear()
            await self._came.wait()
        return self._waiting.popleft()

    def _least(self) -> int:
        for channel in _DROPPED_FIRST:
            for place, waiting in enumerate(self._waiting):
                if waiting[0] == channel:
                    return place
        return 0
