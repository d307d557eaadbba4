"""What came of a recording: each thigh board's part becomes a session; shown as `coxa analyze` shows a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from coxa import __version__, console, protocols
from coxa.commands.common import Common
from coxa.commands.people import HIP_SURGERY_NOTE
from coxa.commands.reports import write_reports
from coxa.commands.summary import print_summary
from coxa.errors import CoxaError, UsageError
from coxa.results import Position, Side
from coxa.session import Adopted, adopt
from coxa.store import Inbox, Store
from coxa.store.records import name_key

FORMAT = "coxa.recording/1"

POSITION: Position = "wall"
"""Where none is given: the exercise that Coxa is made for."""

DISCOMFORT_MOST = 10

THIGHS: dict[str, Side] = {"left-thigh": "left", "right-thigh": "right"}
"""Places where a board sees the rotation of the hip, and of which leg."""

STARTED_BY = {
    "user": "as you said",
    "pings": "by this computer's clock",
    "board": "by the board's clock",
    "host": "by this computer's clock, when it connected",
    "unknown": "which is when it was taken in: the board did not know the time",
}


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whose a recording is and what was done in it; `protocol` is a name or the path of a file."""

    person: str
    position: Position
    protocol: str
    notes: str = ""
    discomfort: int | None = None


@Parameter(name="*")
@dataclass(frozen=True)
class Told:
    """What the user says of a recording; None where nothing."""

    person: Annotated[str | None, Parameter(help='Whose it is; "me" unless the settings say otherwise.')] = None
    position: Annotated[Position | None, Parameter(help="Pose of the set; wall otherwise.")] = None
    side: Annotated[Side | None, Parameter(help="Leg of the only board, where its role does not say it.")] = None
    protocol: Annotated[
        str | None, Parameter(help="Name or TOML file of what was done; by default that of the position.")
    ] = None
    notes: Annotated[str | None, Parameter(help="Kept with the session.")] = None
    discomfort: Annotated[int | None, Parameter(help="As you felt it, 0 (none) to 10; kept with the session.")] = None


NOTHING_TOLD = Told()


def belonging(told: Told, common: Common) -> Belonging:
    """The same, with what holds where nothing is said.

    Raises:
        UsageError: the protocol is for another position, or the discomfort none.
        ConfigError: there is no such protocol.
    """
    position, discomfort = told.position or POSITION, told.discomfort
    used = told.protocol or common.settings.protocols.get(position, position)
    meant = protocols.load(used).position
    if meant != position:
        raise UsageError(f"protocol {used} is for position {meant}, not {position}", "Choose another of them.")
    if discomfort is not None and not 0 <= discomfort <= DISCOMFORT_MOST:
        raise UsageError(f"discomfort is {discomfort}", "Give a whole number from 0 (none) to 10.")
    return Belonging(
        person=told.person or common.settings.person,
        position=position,
        protocol=used if used in protocols.names() else str(Path(used).absolute()),
        notes=told.notes or "",
        discomfort=discomfort,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One recording of one board.

    Attributes:
        board, uid, role: which board, and where it was worn.
        recording: its number on the board.
        adopted: what it is in the store; None where it is kept only as it came.
        problem: what went wrong, or "".
        lack: what of the recording is not here, or "".
        replayed: it was in the store before.
    """

    board: str
    uid: str
    role: str | None
    recording: int
    adopted: Adopted | None = None
    problem: str = ""
    lack: str = ""
    replayed: bool = False


def taken_in(
    store: Store,
    inbox: Inbox,
    recording: int,
    *,
    board: str,
    role: str | None,
    whose: Belonging,
    side: Side | None = None,
) -> Outcome:
    """Makes a recording in the inbox a session, where the board was worn on a thigh.

    Args:
        store, inbox: the same file.
        recording: its number.
        board, role: its name, and where it was worn.
        whose: and what it is.
        side: leg, in place of that of the role.
    """
    leg = side or THIGHS.get(role or "")
    if leg is None:
        return Outcome(board, inbox.uid, role, recording)
    try:
        adopted = adopt(
            store,
            inbox,
            recording,
            person=whose.person,
            side=leg,
            position=whose.position,
            protocol=whose.protocol,
            sensor=board,
            notes=whose.notes,
            discomfort=whose.discomfort,
            incomplete=True,
        )
    except CoxaError as error:
        return Outcome(board, inbox.uid, role, recording, problem=str(error))
    return Outcome(board, inbox.uid, role, recording, adopted)


def show(outcomes: Sequence[Outcome], common: Common, reports: Sequence[Path]) -> int:
    """Prints them, or writes them as JSON, and makes the reports; the exit code."""
    if common.json:
        boards = [_as_json(one) for one in outcomes]
        console.emit({"format": FORMAT, "coxa_version": __version__, "boards": boards}, common.json)
    else:
        for one in outcomes:
            _print(one, common)
    analysed = [one for one in outcomes if one.adopted and one.adopted.analysis]
    for one in analysed:
        assert one.adopted and one.adopted.analysis
        targets = reports if len(analysed) == 1 else [_of_leg(target, one) for target in reports]
        write_reports(one.adopted.analysis, targets, one.adopted.origin)
    if reports and not analysed:
        console.remark("no report was written: there is nothing to show in it.")
    return CoxaError.exit_code if any(one.problem for one in outcomes) else 0


def _of_leg(target: Path, one: Outcome) -> Path:
    assert one.adopted
    return target.with_stem(f"{target.stem}-{one.adopted.origin.side}")


def _print(one: Outcome, common: Common) -> None:
    out = console.out()
    if one.adopted and one.adopted.analysis:
        print_summary(out, one.adopted.analysis, one.adopted.notes)
    out.print()
    for line in _lines(one, common):
        out.print(f"{line[:1].upper()}{line[1:]}")


def _lines(one: Outcome, common: Common) -> list[str]:
    """What a person should know beside the numbers."""
    what = f"recording {one.recording} of {one.board}"
    lack = [f"! {what}: {one.lack}."] if one.lack else []
    return lack + _told_of(one, what, common)


def _told_of(one: Outcome, what: str, common: Common) -> list[str]:
    if one.problem:
        return [f"{what}: {one.problem}"]
    if one.adopted is None:
        worn = f"worn at the {one.role.replace('-', ' ')}" if one.role else "which has no place on the body yet"
        return [f"{what}, {worn}, is stored as it came; Coxa computes hip rotation from thigh boards only."]
    adopted, origin = one.adopted, one.adopted.origin
    where = f"session {adopted.session_id} of {origin.person} in {common.store_path}"
    lines = [f"{what} was replayed; it is {where}." if one.replayed else f"{what} is kept as {where}."]
    if not one.replayed:
        lines.append(_began(adopted))
    if adopted.analysis is None:
        lines.append(f"there is no result: {adopted.warning}")
    if origin.position == "wall" and operated(common, origin.person):
        lines.append(HIP_SURGERY_NOTE)
    return lines


def _began(adopted: Adopted) -> str:
    within = "" if adopted.started_error_s is None else f", give or take {1000 * adopted.started_error_s:.0f} ms"
    at = adopted.origin.started_at.astimezone()
    return f"it began {at:%Y-%m-%d %H:%M:%S}, {STARTED_BY[adopted.clock]}{within}."


def operated(common: Common, person: str) -> bool:
    """Whether the store knows of surgery on a hip of this person."""
    if not common.store_path.exists():
        return False
    with common.open_store(write=False) as store:
        return any(one.hip_surgery == "yes" for one in store.people() if name_key(one.name) == name_key(person))


def _as_json(one: Outcome) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "board": one.board,
        "uid": one.uid,
        "role": one.role,
        "recording": one.recording,
        "replayed": one.replayed,
        "problem": one.problem,
        "lack": one.lack,
        "session_id": None,
        "analysis": None,
    }
    if one.adopted:
        adopted = one.adopted
        plain |= {
            "session_id": adopted.session_id,
            "new": adopted.new,
            "started_at": adopted.origin.started_at.isoformat(),
            "started_by": adopted.clock,
            "started_error_s": adopted.started_error_s,
            "notes": list(adopted.notes),
            "warning": adopted.warning,
            "analysis": adopted.analysis.to_dict() if adopted.analysis else None,
        }
    return plain
