"""Virtual time for asyncio: where a loop would wait, its clock moves on, and what takes part in the world follows.

The host's own code runs unchanged; two hours take minutes. Boards are processes of their own with clocks of their own;
before the loop's clock moves on to its next timer, each board is let run up to there. What a board does on the way has
the board's time and becomes a timer of the loop, so that the order of events is the same in every run.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

IDLE_STEP_S = 1.0
"""How far boards run when nothing else is due."""
TOGETHER_S = 0.01
"""Several boards take turns in steps of this: a board hears of what another caused no later than that."""
TICK_S = 1e-6
"""Of the participants' clocks: closer than this is the same moment."""
SPINS_MOST = 100_000
"""Rounds of the loop without any time passing: a program that does nothing but yield would never end."""


class VirtualTimeError(RuntimeError):
    """The virtual world cannot go on: nothing will ever happen, or nothing but that happens."""


class Participant(Protocol):
    """What has a clock of its own and must not fall behind the loop's."""

    @property
    def now_s(self) -> float:
        """Its clock, in the loop's time."""
        ...

    def run(self, until_s: float) -> bool:
        """Runs up to that time at least, or until it has done something to others; whether it has."""
        ...


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is virtual.

    Attributes:
        participants: processes that are kept in step.
    """

    def __init__(self) -> None:
        """Time starts at 0."""
        self.participants: list[Participant] = []
        self.now_s = 0.0
        super().__init__(_VirtualSelector(self))

    def time(self) -> float:
        """Virtual time, s."""
        return self.now_s

    def advance(self, timeout_s: float | None) -> None:
        """Lets time pass until the next timer, or until a participant has done something.

        Raises:
            VirtualTimeError: no timer, and nobody else who could do anything.
        """
        if timeout_s is None and not self.participants:
            raise VirtualTimeError("every task waits for something that cannot come")
        until_s = self.now_s + (IDLE_STEP_S if timeout_s is None else timeout_s)
        step_s = TOGETHER_S if len(self.participants) > 1 else float("inf")
        while behind := [one for one in self.participants if one.now_s < until_s - TICK_S]:
            first = min(behind, key=lambda one: one.now_s)
            target_s = min(until_s, max(first.now_s, self.now_s) + step_s)
            if first.run(target_s):
                return
            if first.now_s < target_s - TICK_S:
                raise VirtualTimeError(f"a participant stands still at {first.now_s:.6f} s")
        self.now_s = until_s


class _VirtualSelector(selectors.DefaultSelector):
    """Looks at real files without waiting; where the loop wants to wait, virtual time passes."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._spins = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            self._spins += 1
            if self._spins > SPINS_MOST:
                raise VirtualTimeError(f"{SPINS_MOST} rounds of the loop took no time at {self._loop.now_s:.6f} s")
            return ready
        self._spins = 0
        self._loop.advance(timeout)
        return ready

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return super().get_map()


def run(work: Coroutine[Any, Any, T], limit_s: float) -> T:
    """Runs a coroutine on virtual time.

    Args:
        work: what to run.
        limit_s: virtual time it may take.

    Raises:
        TimeoutError: it took longer.
        VirtualTimeError: it waits for something that cannot come.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(asyncio.wait_for(work, limit_s))


def participate(one: Participant) -> None:
    """Keeps a participant in step with the running loop, where that has virtual time."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualLoop):
        loop.participants.append(one)


def leave(one: Participant) -> None:
    """No longer."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualLoop) and one in loop.participants:
        loop.participants.remove(one)
