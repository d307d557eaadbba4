"""Several boards at once, recorded or emptied: each kept connected for itself, all begun and ended together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from coxa.errors import CoxaError
from coxa.link.client import Client
from coxa.link.fetch import Fetched
from coxa.link.greeting import greet
from coxa.link.keeper import Keeper, Way
from coxa.link.known import KnownBoard
from coxa.link.states import State
from coxa.link.status import BoardStatus
from coxa.store import Inbox

GIVE_UP_S = 60.0
"""After the end of a recording, a board that is not reached for so long keeps what it has, to be fetched later."""
_LOOK_S = 0.5


class Job(Protocol):
    """What is done with a board.

    Attributes:
        fetched: sessions of the board that were fetched, as far as they are.
        begun: whether anything would be left undone if it ended now.
    """

    @property
    def begun(self) -> bool:
        """See the class."""
        ...

    @property
    def fetched(self) -> tuple[Fetched, ...]:
        """See the class."""
        ...

    def keep(self, session: int, blocks: Sequence[tuple[int, bytes]]) -> int:
        """Stores blocks; see `Client`."""
        ...

    async def talk(self, client: Client) -> object:
        """Uses one connection; returns when there is nothing more to do. Is called again after a loss."""
        ...

    def finish(self) -> None:
        """Comes to an end: `talk` then returns once everything is fetched."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of one board.

    Attributes:
        fetched: its sessions, in order.
        problem: what ended it early; what is not here is on the board and can be fetched later.
    """

    board: KnownBoard
    fetched: tuple[Fetched, ...]
    problem: CoxaError | None = None


class BoardTask:
    """One board and what is done with it.

    Attributes:
        board: which one.
        status: what the user sees of it.
        inbox: takes what comes.
        received: blocks that came so far, whatever session they are of.
    """

    def __init__(
        self,
        board: KnownBoard,
        way: Callable[[BoardStatus], Way],
        store: Path,
        job: Callable[[Inbox, BoardStatus], Job],
        *,
        on_live: Callable[[bytes], None] | None = None,
    ) -> None:
        """Opens the store.

        Args:
            board: known and trusted.
            way: makes the way to it, which may tell the status more.
            store: the file that takes the blocks.
            job: makes what is to be done.
            on_live: sees each block as it comes.

        Raises:
            StoreError: the store cannot be opened.
        """
        self.board = board
        self.status = BoardStatus(name=board.name, role=board.role or "", uid=board.uid)
        self.inbox = Inbox(store, board.uid)
        self.received = 0
        self._store = store
        self._job = job(self.inbox, self.status)
        self._keeper = Keeper(way(self.status), self._greet, self._keep, self.status, on_live=on_live)

    async def run(self) -> Recorded:
        """Does it. A problem is returned, not raised."""
        problem: CoxaError | None = None
        with self.inbox:
            try:
                await self._keeper.run(self._job.talk)
            except CoxaError as error:
                problem = error
        return Recorded(self.board, self._job.fetched, problem)

    @property
    def fetched(self) -> tuple[Fetched, ...]:
        """The sessions as far as they are fetched."""
        return self._job.fetched

    @property
    def begun(self) -> bool:
        """Whether anything would be left undone if it ended now."""
        return self._job.begun

    def finish(self) -> None:
        """Ends a recording; what there is is still fetched."""
        self._job.finish()

    def _keep(self, session: int, blocks: Sequence[tuple[int, bytes]]) -> int:
        stored = self._job.keep(session, blocks)
        self.received += len(blocks)
        return stored

    async def _greet(self, client: Client) -> None:
        await greet(client, self.board, self._store)


async def together(boards: Sequence[BoardTask], stop: asyncio.Event, give_up_s: float = GIVE_UP_S) -> list[Recorded]:
    """Runs until all are done; from `stop` on, until all is fetched or no board moves any more.

    Cancelling it leaves boards recording; what came is stored.
    """
    tasks = [asyncio.create_task(board.run()) for board in boards]
    try:
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        while not stop.is_set() and not all(task.done() for task in tasks):
            await asyncio.wait([stopping], timeout=_LOOK_S)
        stopping.cancel()
        for board in boards:
            board.finish()
        await asyncio.gather(*(_patiently(*pair, give_up_s) for pair in zip(boards, tasks, strict=True)))
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    return [_outcome(*pair) for pair in zip(boards, done, strict=True)]


async def _patiently(board: BoardTask, task: asyncio.Task[Recorded], give_up_s: float) -> None:
    """Waits for one board as long as it gets on; not at all for one that was never reached."""
    if not board.begun:
        return
    now_s = asyncio.get_running_loop().time
    moved_s, before = now_s(), -1
    while not task.done() and now_s() - moved_s < give_up_s:
        await asyncio.wait([task], timeout=_LOOK_S)
        if board.received != before and board.status.state == State.TALKING:
            moved_s, before = now_s(), board.received


def _outcome(board: BoardTask, done: Recorded | BaseException) -> Recorded:
    if isinstance(done, Recorded):
        return done
    if isinstance(done, asyncio.CancelledError):
        why = board.status.note or board.status.state
        if board.begun:
            what, advice = "was not reached any more", "What it has recorded is safe there: `coxa fetch`."
        else:
            what, advice = "was not reached", "Switch it on or press its button, and bring it closer."
        return Recorded(board.board, board.fetched, CoxaError(f"{board.board.name} {what} ({why})", advice))
    raise done
