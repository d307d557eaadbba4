"""The USB port of a virtual board, as the host sees it: a pseudoterminal."""

from __future__ import annotations

import contextlib
import os
import random
import select
import tty

_PIECE = 4096
_SPREAD = 200
"""Numbers among which a port's is drawn."""
_ports: set[str] = set()
"""Paths that were ports: whoever still tries one must find nothing, neither another board nor its inside."""
_ROOM = 1 << 16
"""Bytes that wait for the host; then the board has to."""


def terminal() -> tuple[int, int]:
    """Both ends of a new pseudoterminal, with a path that was never a port of this process. OSError: none is left.

    The system gives the lowest free number, which may just have been the port of a board in another process, and
    someone there may still try it: so some are passed over, a different number each time.
    """
    to_pass = random.randrange(_SPREAD)
    passed: list[int] = []
    try:
        while True:
            ends = os.openpty()
            if to_pass <= 0 and os.ttyname(ends[1]) not in _ports:
                return ends
            passed += ends
            to_pass -= 1
    finally:
        for end in passed:
            os.close(end)


class Port:
    """From plugging in to unplugging.

    Attributes:
        path: what the host opens.
        master: our end, for `poll`.
    """

    def __init__(self) -> None:
        """Plugs in. OSError where there are no pseudoterminals left."""
        self.master, slave = terminal()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        _ports.add(self.path)
        os.close(slave)  # so that it shows when a host opens and closes it
        os.set_blocking(self.master, False)
        self._waiting = bytearray()

    @property
    def opened(self) -> bool:
        """Whether a host has it open."""
        return not self._events() & select.POLLHUP

    @property
    def has_room(self) -> bool:
        """Whether it takes more from the board for now."""
        return len(self._waiting) < _ROOM

    @property
    def waits(self) -> bool:
        """Whether bytes wait for the host to take others before them."""
        return bool(self._waiting)

    def read(self) -> bytes:
        """What the host sent since, b"" for nothing; in pieces."""
        if not self._events() & select.POLLIN:
            return b""
        try:
            return os.read(self.master, _PIECE)
        except OSError:  # closed in between
            return b""

    def write(self, data: bytes) -> None:
        """To the host, now or later; nowhere while no host has the port open."""
        self._waiting += data
        self.flush()

    def flush(self) -> None:
        """Sends what waits, as far as the host takes it."""
        if not self.opened:
            self._waiting.clear()
        with contextlib.suppress(BlockingIOError):
            while self._waiting:
                del self._waiting[: os.write(self.master, self._waiting[:_PIECE])]

    def close(self) -> None:
        """Unplugs: whoever has it open reads the end."""
        os.close(self.master)

    def _events(self) -> int:
        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        return next((events for _, events in poll.poll(0)), 0)
