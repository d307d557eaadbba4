"""A thread that does all the work of a virtual board, and whatever others ask it to do in between."""

from __future__ import annotations

import os
import queue
import select
import threading
from collections.abc import Callable
from concurrent.futures import Future

from coxa.virtual.lockstep import VirtualBoardError

_ANSWER_S = 20.0

Wait = Callable[[dict[int, int], float], None]
"""Waits for events (by number of the open file, as of `poll`) for at most so many seconds."""


class Worker:
    """From `start` to `stop`.

    Attributes:
        failure: what went wrong in a turn, or None; the turns go on.
    """

    def __init__(self, turn: Callable[[Wait], None], failed: Callable[[], None]) -> None:
        """`turn`: a round of the work, with one wait in it; `failed`: called where a turn raised."""
        self.failure: Exception | None = None
        self._turn = turn
        self._failed = failed
        self._asked: queue.SimpleQueue[tuple[Callable[[], None], Future[None]]] = queue.SimpleQueue()
        self._woken, self._wake = os.pipe()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="virtual board", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._over = True
        os.write(self._wake, b"\0")
        self._thread.join(_ANSWER_S)
        os.close(self._wake)
        os.close(self._woken)

    def do(self, what: Callable[[], None]) -> None:
        """Lets the thread do something, and waits until it is done.

        Raises:
            VirtualBoardError: there is no thread.
            Exception: what it raised.
        """
        if not self._thread.is_alive():
            raise VirtualBoardError("the virtual board is not in use", "Use it in a with statement.")
        answer: Future[None] = Future()
        self._asked.put((what, answer))
        os.write(self._wake, b"\0")
        answer.result(_ANSWER_S)

    def _run(self) -> None:
        while not self._over:
            try:
                self._turn(self._wait)
            except Exception as error:
                self.failure = error
                self._failed()
            while not self._asked.empty():
                what, answer = self._asked.get()
                try:
                    answer.set_result(what())
                except Exception as error:
                    answer.set_exception(error)

    def _wait(self, files: dict[int, int], longest_s: float) -> None:
        poll = select.poll()
        for number, events in {**files, self._woken: select.POLLIN}.items():
            poll.register(number, events)
        if any(number == self._woken for number, _ in poll.poll(longest_s * 1000)):
            os.read(self._woken, 1)
