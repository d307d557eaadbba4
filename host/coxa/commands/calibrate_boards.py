"""A calibration with boards: recorded as any set, so that its raw data can be cited, and guided by what comes live."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from coxa import console
from coxa.calibration.guide.course import Guide
from coxa.calibration.live import LOOK_EVERY_S, LiveGuide
from coxa.calibration.recordings import cited, mark
from coxa.commands.boards import stopped_by_ctrl_c
from coxa.commands.calibrate_chosen import boards_for, worn_of
from coxa.commands.calibrate_means import Making, Worn
from coxa.commands.calibrate_result import Result
from coxa.commands.calibrate_signal import Signalling, felt
from coxa.commands.nearby import Nearby, nearby
from coxa.link.boards import BoardTask, Job, Recorded, together
from coxa.link.clock import HostClock
from coxa.link.known import KnownBoard
from coxa.link.recording import Recording
from coxa.link.states import State
from coxa.link.status import BoardStatus
from coxa.store import Inbox, Store
from coxa_wire import Info

GIVE_UP_S = 20.0
"""A board that does not get on for so long at the end keeps what it recorded, for `coxa fetch`."""

FETCHING = "what was recorded is being fetched …"


def with_boards(making: Making) -> Result:
    """Guides the wearer of boards; the calibration.

    Raises:
        UsageError: no board is known, or not the ones that were named. KeyboardInterrupt: it was stopped by Ctrl-C.
        Else as `guided`.
    """

    async def there() -> tuple[Result | None, list[Recorded]]:
        async with nearby(making.common, port=making.means.port) as place:
            boards = boards_for(making.wish, making.means.board, place.known)
            result, recorded = await guided(place, boards, making)
            if result is not None and making.to_board:
                from coxa.commands.calibrate_to_board import written

                told = await written(place, boards[0], result.finished, making.common.store_path)
                result = replace(result, more=(told,))
            return result, recorded

    result, recorded = asyncio.run(there())
    for one in recorded:
        if one.problem is not None:
            console.remark(f"what {one.board.name} recorded is not all here: {one.problem}")
    if result is None:
        raise KeyboardInterrupt
    return result


async def guided(place: Nearby, boards: Sequence[KnownBoard], making: Making) -> tuple[Result | None, list[Recorded]]:
    """Records from the boards until the guide is done; the calibration (None: stopped before), and what was recorded.

    Args:
        place: where the boards are.
        boards: in the order of the procedure's places.
        making: of what; it is concluded as soon as the last step is accepted.

    Raises:
        CoxaError: a board was not reached or cannot record. Else as `LiveGuide.look` and `Making.conclude`.
    """
    wish, view, store = making.wish, making.view, making.common.store_path
    stop, host = asyncio.Event(), HostClock()
    worn = dict(zip(wish.make([Worn()] * len(boards)).places, boards, strict=True))
    jobs: dict[str, Signalling] = {}

    def prepare(infos: Mapping[str, Info]) -> Guide:
        guide = making.guide(worn_of(infos, list(worn), making.common.settings.mounting))
        if not making.means.quiet:
            guide.listeners.append(partial(felt, jobs))
        return guide

    live = LiveGuide(list(worn), prepare, view.show, asyncio.get_running_loop().time)

    def task(where: str, board: KnownBoard) -> BoardTask:
        def job(inbox: Inbox, status: BoardStatus) -> Job:
            def starts(info: Info) -> None:
                with Store(store) as marked:
                    mark(marked, board.uid, info.session, wish.kind)
                live.feeds[where].begin(info)

            jobs[where] = Signalling(Recording(inbox, status, host, on_start=starts))
            return jobs[where]

        return BoardTask(board, partial(place.way, board), store, job, on_live=live.feeds[where].push)

    tasks = {where: task(where, board) for where, board in worn.items()}

    def done(guide: Guide) -> Result:
        source = [cited(worn[where].uid, number) for where, job in jobs.items() for number in job.numbers]
        return making.conclude(guide, ", ".join(source))

    with stopped_by_ctrl_c(stop), view:
        guiding = asyncio.create_task(_guide(live, tasks, stop, done))
        guiding.add_done_callback(lambda _: view.show(None, FETCHING))
        try:
            recorded = await together(list(tasks.values()), stop, GIVE_UP_S)
        finally:
            stop.set()
            found = (await asyncio.gather(guiding, return_exceptions=True))[0]
    if isinstance(found, BaseException):
        raise found
    problem = next((one.problem for one in recorded if one.problem is not None), None)
    if found is None and problem is not None:
        raise problem
    return found, recorded


async def _guide(
    live: LiveGuide, tasks: Mapping[str, BoardTask], stop: asyncio.Event, conclude: Callable[[Guide], Result]
) -> Result | None:
    """Looks at the guide until it is done, and ends the recording; None where that ended before."""

    def note(where: str) -> str:
        status = tasks[where].status
        return status.note or ("" if status.state == State.TALKING else status.state)

    try:
        while not stop.is_set() and not any(task.status.state == State.ENDED for task in tasks.values()):
            if live.look(note) and live.guide is not None:
                return conclude(live.guide)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
        return None
    finally:
        stop.set()
