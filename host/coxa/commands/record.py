"""`coxa record`."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Annotated, NamedTuple

from cyclopts import Parameter

from coxa import console, protocols
from coxa.commands.boards import Wanted, from_boards
from coxa.commands.common import DEFAULTS, Common, Flag, Reports
from coxa.commands.nearby import with_own_store
from coxa.commands.outcome import NOTHING_TOLD, THIGHS, Outcome, Told, belonging, operated, show, taken_in
from coxa.commands.people import HIP_SURGERY_NOTE
from coxa.commands.reports import check_targets
from coxa.durations import seconds
from coxa.errors import UsageError
from coxa.link.status import BoardStatus
from coxa.results import Position, Side

if TYPE_CHECKING:
    from coxa.live_view.decoder import LiveDecoder
    from coxa.sources.replay import StoredRecording

Several = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]


def record(
    *,
    board: Several = (),
    for_: Annotated[str | None, Parameter(name="--for")] = None,
    told: Told = NOTHING_TOLD,
    report: Reports = (),
    port: Annotated[str | None, Parameter(help="Serial port of a board on a cable, instead of the radio.")] = None,
    keep_on_board: Flag = False,
    cleared: Flag = False,
    yes: Flag = False,
    virtual: Flag = False,
    replay: str | None = None,
    speed: float | None = None,
    common: Common = DEFAULTS,
) -> int:
    """Record from boards: the angle live, every sample stored, the result at the end.

    Parameters
    ----------
    board
        Name, role or uid of a board; may be given more than once. All known boards that have a role otherwise.
    for_
        How long: 120s, 2m, 1m30s; until Ctrl-C otherwise.
    report
        Also write a report, .html or .png; may be given twice. With two legs, one each: set-left.html, set-right.html.
    keep_on_board
        Let the boards keep the recording although it is safe here.
    cleared
        With a replaced or operated hip: surgeon or physiotherapist have said that this exercise is yours to do.
    yes
        Begin without asking.
    virtual
        Boards without hardware, simulated in this computer.
    replay
        Play a stored recording of a board instead: its number in `coxa sessions`, or UID/NUMBER.
    speed
        With --replay: how many times as fast.
    """
    check_targets((common.json,), reports=report)
    for_s = None if for_ is None else seconds(for_, "--for")
    if replay is not None:
        if board or for_ or port or keep_on_board or yes or virtual:
            raise UsageError("--replay plays what is stored", "Leave the options out that are for boards.")
        if "/" not in replay and told != NOTHING_TOLD:
            raise UsageError(
                f"session {replay} is somebody's already", "Leave out whose it is and what was done: it is stored."
            )
        outcome = _replayed(replay, _speed(speed), told, common)
        return show([outcome], common, report)
    if speed is not None:
        raise UsageError("--speed belongs to --replay", "Add --replay, or leave --speed out.")
    common = with_own_store(common) if virtual else common
    whose = belonging(told, common)
    if whose.position == "wall" and not cleared and operated(common, whose.person):
        raise UsageError(HIP_SURGERY_NOTE, "If they have said that it is yours to do: --cleared.")
    wanted = Wanted(board, for_s, told.side, whose, keep_on_board, virtual, port, yes)
    return show(from_boards(wanted, common), common, report)


class _Worn(NamedTuple):
    """How a board was worn, and what was done."""

    position: Position
    side: Side
    protocol: str


def _speed(given: float | None) -> float:
    if given is None:
        return 1.0
    if not (math.isfinite(given) and given > 0):
        raise UsageError(f"--speed is {given}", "Give a number above 0, such as 10.")
    return given


def _replayed(which: str, speed: float, told: Told, common: Common) -> Outcome:
    if "/" in which:
        return _replayed_from_inbox(which, speed, told, common)
    try:
        session_id = int(which)
    except ValueError:
        raise UsageError(f"--replay {which} is no session", "Give its number in `coxa sessions`.") from None
    return _replayed_from_store(session_id, speed, common)


def _replayed_from_store(session_id: int, speed: float, common: Common) -> Outcome:
    """A session of the store; its result is made anew, and nothing is stored."""
    from coxa.session import again
    from coxa.sources.replay import of_session

    with common.open_store(write=False) as store:
        origin = store.session(session_id).origin
        recording = of_session(store, session_id)
        name = origin.sensor or recording.info.uid.hex()
        role = f"{origin.side}-thigh"
        _play(recording, name, _Worn(origin.position, origin.side, origin.protocol), speed, common)
        adopted = again(store, session_id)
    return Outcome(name, recording.info.uid.hex(), role, recording.info.session, adopted, replayed=True)


def _replayed_from_inbox(which: str, speed: float, told: Told, common: Common) -> Outcome:
    """A recording that waits in the inbox; it becomes a session."""
    from coxa.link.known import KnownBoards
    from coxa.sources.replay import of_inbox
    from coxa.store import Inbox

    uid, _, number = which.partition("/")
    if not number.isdecimal():
        raise UsageError(f"--replay {which} is no recording", "Write it like a1b2c3d4e5f6/4: uid and number.")
    with KnownBoards(common.store_path) as boards:
        known = boards.get(uid)
    name, role = (known.name, known.role) if known else (uid, None)
    side = told.side or THIGHS.get(role or "")
    if side is None:
        raise UsageError(f"which leg wore board {name}?", "Say it with --side left or --side right.")
    whose = belonging(told, common)
    with common.open_store(write=True) as store, Inbox(common.store_path, uid.lower()) as inbox:
        recording = of_inbox(inbox, int(number))
        _play(recording, name, _Worn(whose.position, side, whose.protocol), speed, common)
        return taken_in(store, inbox, int(number), board=name, role=f"{side}-thigh", whose=whose)


def _play(recording: StoredRecording, name: str, worn: _Worn, speed: float, common: Common) -> None:
    """Shows it as it was seen when it was recorded."""
    from coxa.live_view import LiveDecoder

    live = LiveDecoder(worn.position, worn.side, protocol=protocols.load(worn.protocol))
    live.begin(recording.info)
    state = "replayed" if speed == 1 else f"replayed {speed:g}× as fast"
    status = BoardStatus(name=name, role=f"{worn.side}-thigh", state=state, block_s=recording.block_s)
    asyncio.run(_played(recording, status, live, speed, quiet=common.json == console.STDOUT))


async def _played(
    recording: StoredRecording, status: BoardStatus, live: LiveDecoder, speed: float, *, quiet: bool
) -> None:
    from coxa.live_view.panel import Watched
    from coxa.live_view.view import LiveView
    from coxa.sources.replay import replay

    async with LiveView([Watched(status, live)], quiet=quiet):
        async for block in replay(recording, speed):
            live.push(block)
            status.stored += 1
            status.expected = status.stored
