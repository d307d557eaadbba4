"""A recording from boards: which ones, shown while it lasts, ended by the clock or by Ctrl-C, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from coxa import console, protocols
from coxa.commands.common import Common
from coxa.commands.nearby import Nearby, nearby
from coxa.commands.outcome import THIGHS, Belonging, Outcome, taken_in
from coxa.errors import UsageError
from coxa.link.known import KnownBoard, meant
from coxa.results import Side
from coxa.store import Inbox

if TYPE_CHECKING:
    from coxa.link.boards import BoardTask, Recorded
    from coxa.link.status import BoardStatus
    from coxa.live_view import LiveDecoder
    from coxa_wire import Info


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be recorded from boards.

    Attributes:
        boards: names, roles or uids; none: all that are known and have a place on the body.
        for_s: length, s; None until it is stopped.
        side: leg of the only board, where its role does not say it.
        whose: it will be.
        keep_on_board: nothing is deleted there.
        virtual: boards without hardware. `port`: of a board on a cable.
        confirmed: do not ask before it begins.
    """

    boards: tuple[str, ...]
    for_s: float | None
    side: Side | None
    whose: Belonging
    keep_on_board: bool
    virtual: bool
    port: str | None
    confirmed: bool


def from_boards(wanted: Wanted, common: Common) -> list[Outcome]:
    """Records, and makes sessions of what thigh boards recorded.

    Raises:
        UsageError: no board is known, or not the ones that were named.
        CoxaError: there is no Bluetooth.
    """
    recorded = asyncio.run(_recorded(wanted, common))
    return [outcome for one in recorded for outcome in _outcomes(one, wanted, common)]


def chosen(wanted: Wanted, known: Sequence[KnownBoard]) -> list[KnownBoard]:
    """The boards that are meant, each once.

    Raises:
        UsageError: none is, or not all that were named are known, or two are worn in one place.
    """
    named = [meant(known, name) for name in wanted.boards]
    worn = [one for one in known if one.role is not None or (wanted.side and len(known) == 1)]
    boards = list({one.uid: one for one in named or worn}.values())
    if not boards:
        raise UsageError(
            "no board has a place on the body yet",
            "Pair one: coxa board trust --role left-thigh. Without a board: coxa record --virtual.",
        )
    if wanted.side and len(boards) > 1:
        raise UsageError("--side is for a single board", "Give each board its role, such as left-thigh, instead.")
    places = [one.role for one in boards if one.role is not None]
    for place in places:
        if places.count(place) > 1:
            raise UsageError(f"two boards are worn at {place}", "Name those that you wear: --board NAME.")
    return boards


def _ask(boards: Sequence[KnownBoard], wanted: Wanted) -> None:
    """Says what will be recorded and waits for Enter; where nobody can press it, begins."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    console.remark(f"recording from {', '.join(one.label for one in boards)}, {wanted.whose.position}.")
    console.remark("lie still in the neutral pose for three seconds once it runs. Enter begins, Ctrl-C leaves.")
    input()


async def _recorded(wanted: Wanted, common: Common) -> list[Recorded]:
    async with nearby(common, virtual=wanted.virtual, port=wanted.port, position=wanted.whose.position) as place:
        boards = chosen(wanted, place.known)
        if not wanted.confirmed:
            _ask(boards, wanted)
        return await _watched(place, boards, wanted, common)


async def _watched(place: Nearby, boards: Sequence[KnownBoard], wanted: Wanted, common: Common) -> list[Recorded]:
    from coxa.link.boards import together
    from coxa.live_view.panel import Watched
    from coxa.live_view.view import LiveView

    lives = [_live(board, wanted, common) for board in boards]
    stop, timers = asyncio.Event(), list[asyncio.TimerHandle]()

    def begun() -> None:
        """The first board records: from now on the time counts."""
        if wanted.for_s is not None and not timers:
            timers.append(asyncio.get_running_loop().call_later(wanted.for_s, stop.set))

    tasks = _tasks(place, boards, lives, begun=begun, delete=not wanted.keep_on_board, store=common.store_path)
    shown = [Watched(task.status, live) for task, live in zip(tasks, lives, strict=True)]
    with stopped_by_ctrl_c(stop):
        async with LiveView(shown, quiet=common.json == console.STDOUT):
            recorded = await together(tasks, stop)
    for timer in timers:
        timer.cancel()
    return recorded


class _Worn(NamedTuple):
    person: str
    side: Side
    started_at: datetime


def _live(board: KnownBoard, wanted: Wanted, common: Common) -> LiveDecoder | None:
    from coxa.calibration.choose import choose
    from coxa.live_view import LiveDecoder

    side = wanted.side or THIGHS.get(board.role or "")
    if not side:
        return None
    with common.open_store(write=True) as store:
        calibration = choose(store, board.uid, _Worn(wanted.whose.person, side, datetime.now(UTC)))
    protocol = protocols.load(wanted.whose.protocol)
    return LiveDecoder(wanted.whose.position, side, protocol=protocol, calibration=calibration)


def _tasks(
    place: Nearby,
    boards: Sequence[KnownBoard],
    lives: Sequence[LiveDecoder | None],
    *,
    begun: Callable[[], None],
    delete: bool,
    store: Path,
) -> list[BoardTask]:
    """The link's part: each board through the air, its blocks into the store and to the picture."""
    from coxa.link.boards import BoardTask, Job
    from coxa.link.clock import HostClock
    from coxa.link.recording import Recording

    host = HostClock()

    def task(board: KnownBoard, live: LiveDecoder | None) -> BoardTask:
        def job(inbox: Inbox, status: BoardStatus) -> Job:
            def starts(info: Info) -> None:
                begun()
                if live:
                    live.begin(info)

            return Recording(inbox, status, host, delete, on_start=starts)

        way = partial(place.way, board)
        return BoardTask(board, way, store, job, on_live=live.push if live else None)

    return [task(board, live) for board, live in zip(boards, lives, strict=True)]


@contextlib.contextmanager
def stopped_by_ctrl_c(stop: asyncio.Event) -> Generator[None]:
    """The first Ctrl-C ends the recording in good order, the second one the program."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)

    def first(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        loop.call_soon_threadsafe(stop.set)

    # Not the loop's own way, which Windows does not have.
    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _outcomes(one: Recorded, wanted: Wanted, common: Common) -> list[Outcome]:
    board, problem = one.board, str(one.problem) if one.problem else ""
    if not one.fetched:
        return [Outcome(board.name, board.uid, board.role, 0, problem=problem or "nothing was recorded.")]
    with common.open_store(write=True) as store, Inbox(common.store_path, board.uid) as inbox:
        outcomes = [
            replace(
                taken_in(
                    store,
                    inbox,
                    part.listed.session,
                    board=board.name,
                    role=board.role,
                    whose=wanted.whose,
                    side=wanted.side,
                ),
                lack=part.lack,
            )
            for part in one.fetched
        ]
    return [*outcomes[:-1], replace(outcomes[-1], problem=outcomes[-1].problem or problem)]
