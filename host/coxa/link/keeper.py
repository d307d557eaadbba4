"""Keeps one board connected for as long as there is something to do, whatever happens to the link."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from coxa.errors import CoxaError, StoreError
from coxa.link.advice import BluetoothError
from coxa.link.channel import Channel, LinkLostError, NoAnswerError
from coxa.link.client import Client, Keep
from coxa.link.port_advice import PortError
from coxa.link.states import Backoff, Event, State, following
from coxa.link.status import BoardStatus

T = TypeVar("T")

PASSING = (LinkLostError, NoAnswerError, StoreError)
"""What may be over when tried again: out of range, a deaf board, a full disk."""
PASSING_LATER = (*PASSING, BluetoothError, PortError)
"""And, once it worked, also an adapter that was pulled, a computer that has just woken up, a port that a service of the
system looks at for a moment when it comes back."""


class WrongBoardError(LinkLostError):
    """What was connected to is another board than the one that is meant, under the same name."""


class Way(Protocol):
    """How to get to a board."""

    async def find(self) -> bool:
        """Looks for it for some seconds; whether it is there."""
        ...

    async def open(self) -> Channel:
        """Connects to what `find` has found.

        Raises:
            LinkLostError: it cannot be reached now.
        """
        ...

    def not_meant(self) -> None:
        """What was opened last turned out to be another board: it is passed over."""
        ...


class Keeper:
    """The connection to one board: searched for, opened, greeted, used, and after a loss all that again.

    Attributes:
        status: what the user sees of it; `state` is kept there.
    """

    def __init__(
        self,
        way: Way,
        greet: Callable[[Client], Awaitable[None]],
        keep: Keep,
        status: BoardStatus,
        *,
        on_live: Callable[[bytes], None] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Takes the way to the board and what is done with it.

        Args:
            way: to the board.
            greet: says HELLO and makes sure that it is the right board.
            keep: stores blocks; see `Client`.
            status: is kept up to date.
            on_live: sees blocks as they come.
            chance: random numbers from 0 to 1.
        """
        self._way = way
        self._greet = greet
        self._keep = keep
        self._on_live = on_live
        self._chance = chance
        self._backoff = Backoff()
        self._state = State.SEARCHING
        self._talked = False
        self._since_s = 0.0
        self.status = status
        status.state = self._state

    async def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Gives each connection to `work` until that returns; what it returns.

        Raises:
            CoxaError: trying again would not help: refused, another version, an impostor, no Bluetooth at all.
        """
        while True:
            try:
                return await self._attempt(work)
            except CoxaError as error:
                if not isinstance(error, PASSING_LATER if self._talked else PASSING):
                    self._to(Event.REFUSED)
                    raise
                if isinstance(error, WrongBoardError):
                    self._way.not_meant()
                self.status.note = error.what
            await self._rest()

    async def _attempt(self, work: Callable[[Client], Awaitable[T]]) -> T:
        while not await self._way.find():
            self._to(Event.UNSEEN)
        self._to(Event.SEEN)
        async with Client(await self._way.open(), self._keep, self._on_live) as client:
            self._to(Event.OPENED)
            await self._greet(client)
            self._to(Event.GREETED)
            self._talked = True
            self._since_s = asyncio.get_running_loop().time()
            self.status.note = ""
            done = await work(client)
        self._to(Event.DONE)
        return done

    async def _rest(self) -> None:
        held_s = asyncio.get_running_loop().time() - self._since_s if self._state is State.TALKING else 0.0
        self.status.reconnects += self._state is State.TALKING
        self._backoff.failed(held_s)
        self._to(Event.FAILED)
        await asyncio.sleep(self._backoff.wait_s(self._chance()))
        self._to(Event.RESTED)

    def _to(self, event: Event) -> None:
        self._state = following(self._state, event)
        self.status.state = self._state
