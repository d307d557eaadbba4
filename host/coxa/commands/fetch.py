"""`coxa fetch`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from coxa import console
from coxa.calibration.recordings import is_marked
from coxa.commands.common import DEFAULTS, Common, Flag, Reports
from coxa.commands.nearby import Nearby, nearby, with_own_store
from coxa.commands.outcome import NOTHING_TOLD, Belonging, Outcome, Told, belonging, show, taken_in
from coxa.commands.record import Several
from coxa.commands.reports import check_targets
from coxa.results import Side
from coxa.store import Inbox

if TYPE_CHECKING:
    from coxa.link.boards import BoardTask, Recorded
    from coxa.link.client import Listed

GIVE_UP_S = 30.0
"""A board that does not get on for so long is left for the next time."""


def fetch(
    *,
    board: Several = (),
    told: Told = NOTHING_TOLD,
    report: Reports = (),
    keep_on_board: Flag = False,
    port: Annotated[str | None, Parameter(help="Serial port of the board on a cable, instead of the radio.")] = None,
    virtual: Flag = False,
    common: Common = DEFAULTS,
) -> int:
    """Fetch the recordings that wait on boards: stored, checked, and only then deleted there.

    Parameters
    ----------
    board
        Name, role or uid of a board; may be given more than once. All known boards otherwise.
    report
        Also write a report of a single recording, .html or .png; may be given twice.
    keep_on_board
        Let the boards keep the recordings although they are safe here.
    virtual
        Boards without hardware, simulated in this computer.
    """
    check_targets((common.json,), reports=report)
    common = with_own_store(common) if virtual else common
    whose = belonging(told, common)
    place = nearby(common, virtual=virtual, port=port, position=whose.position)
    found = asyncio.run(_fetched(place, board, keep_on_board, common))
    outcomes = [outcome for one in found for outcome in _outcomes(one, whose, told.side, common)]
    return show(outcomes, common, report)


async def _fetched(
    there: AbstractAsyncContextManager[Nearby], names: Several, keep_on_board: bool, common: Common
) -> list[Recorded]:
    from coxa.link.boards import together

    async with there as place:
        tasks = _tasks(place, names, keep_on_board, common)
        at_once = asyncio.Event()
        at_once.set()  # nothing to wait for but that everything is here
        with _progress(tasks, quiet=common.json == console.STDOUT):
            return await together(tasks, at_once, GIVE_UP_S)


def _tasks(place: Nearby, names: Several, keep_on_board: bool, common: Common) -> list[BoardTask]:
    from coxa.link.boards import BoardTask, Job
    from coxa.link.fetch import Fetching
    from coxa.link.known import KnownBoard
    from coxa.link.status import BoardStatus

    def task(board: KnownBoard) -> BoardTask:
        def job(inbox: Inbox, status: BoardStatus) -> Job:
            def progress(listed: Listed, stored: int) -> None:
                status.session, status.stored, status.expected = listed.session, stored, listed.n_blocks

            return Fetching(inbox, not keep_on_board, progress)

        return BoardTask(board, lambda status: place.way(board, status), common.store_path, job)

    return [task(board) for board in place.chosen(names)]


def _outcomes(one: Recorded, whose: Belonging, side: Side | None, common: Common) -> list[Outcome]:
    """What was fetched now, and what came earlier and was never looked at."""
    board = one.board
    with common.open_store(write=True) as store, Inbox(common.store_path, board.uid) as inbox:
        arrived = [part for part in one.fetched if part.state in ("whole", "incomplete", "differs")]
        for part in arrived:
            if not part.listed.n_blocks:
                console.remark(f"recording {part.listed.session} of {board.label} is empty: it was cut off at once.")
        here = {part.listed.session for part in arrived if part.listed.n_blocks}
        here |= {old.session for old in inbox.sessions() if old.whole and old.stored and old.adopted_session_id is None}
        calibrating = {session for session in here if is_marked(store, board.uid, session)}
        for session in sorted(calibrating & {part.listed.session for part in arrived}):
            what = f"recording {session} of {board.label}"
            console.remark(f"{what} was made for a calibration; it is stored as it came, and is no session.")
        here -= calibrating
        lacks = {part.listed.session: part.lack for part in arrived}
        outcomes = [
            replace(
                taken_in(store, inbox, session, board=board.name, role=board.role, whose=whose, side=side),
                lack=lacks.get(session, ""),
            )
            for session in sorted(here)
        ]
    busy = [part for part in one.fetched if part.state == "recording"]
    outcomes += [
        Outcome(board.name, board.uid, board.role, part.listed.session, problem="is still being recorded.")
        for part in busy
    ]
    if one.problem is not None:
        outcomes.append(Outcome(board.name, board.uid, board.role, 0, problem=str(one.problem)))
    elif not outcomes:
        console.remark(f"nothing waits on {board.label}.")
    return outcomes


@contextlib.contextmanager
def _progress(tasks: list[BoardTask], *, quiet: bool) -> Generator[None]:
    """A bar for each board on a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    terminal = console.err()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = quiet or not terminal.is_terminal
    with Progress(*columns, console=terminal, transient=True, disable=hidden) as bars:
        shown = {bars.add_task(task.status.name, total=None): task for task in tasks}

        async def follow() -> None:
            while True:
                for bar, task in shown.items():
                    status = task.status
                    what = f"{status.name}: {status.state}" + (
                        f", recording {status.session}" if status.session else ""
                    )
                    bars.update(bar, description=what, completed=status.stored, total=status.expected or None)
                await asyncio.sleep(0.2)

        following = asyncio.get_running_loop().create_task(follow())
        try:
            yield
        finally:
            following.cancel()
