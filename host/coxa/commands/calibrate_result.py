"""What came of a calibration: kept in the store, shown, and what it makes void."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from coxa import __version__, console
from coxa.commands.common import Common
from coxa.errors import InputError
from coxa.results import Side
from coxa.store.records import name_key
from coxa_calibration.readings import CalibrationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coxa.calibration.guide.course import Guide
    from coxa.calibration.guide.step import Finished
    from coxa.calibration.kept import Kept, Kind, NewCalibration
    from coxa.store import Store

FORMAT = "coxa.calibration/1"

NAMES: dict[Kind, str] = {"sensor": "sensor", "body": "body", "skin": "personal gain"}


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was accepted, and what was seen."""

    key: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Result:
    """A calibration that was made.

    Attributes:
        finished: what came of it. `id`: in the store; 0 where nothing is kept, as of a check. `steps`: as they were
            accepted.
        voided: calibrations that do not hold any more because of it. `why`: why not, or "".
        more: sentences that come last, such as what was written to the board.
    """

    finished: Finished
    id: int
    steps: tuple[Done, ...]
    voided: tuple[int, ...] = ()
    why: str = ""
    more: tuple[str, ...] = ()


def concluded(guide: Guide, source: str) -> Finished:
    """What came of the accepted steps, made now.

    Raises:
        InputError: they do not make a calibration.
    """
    try:
        return guide.finish(datetime.now(UTC), source)
    except CalibrationError as error:
        raise InputError(error.what, error.advice) from error


def keep(finished: Finished, steps: Sequence[Done], turned: bool, common: Common) -> Result:
    """Into the store. A personal gain that was measured with the strap put on another way does not hold any more.

    Args:
        finished: what came of it. `steps`: that were accepted.
        turned: the sensor sits otherwise than before.
        common: whose store it is.

    Raises:
        StoreError: it cannot be written.
    """
    if finished.kept is None:
        return Result(finished, 0, tuple(steps))
    with common.open_store(write=True) as store:
        number = store.save_calibration(finished.kept)
        why = f"The sensor sits otherwise since (calibration {number})." if turned else ""
        voided = void_skin(store, finished.kept, why) if turned else ()
    return Result(finished, number, tuple(steps), voided, why)


def newest(
    common: Common, kind: Kind, uid: str | None = None, person: str | None = None, side: Side | None = None
) -> Kept | None:
    """The latest that holds; None where there is none, as for a person whom the store does not know."""
    if not common.store_path.exists():
        return None
    with common.open_store(write=False) as store:
        if person is not None and all(name_key(one.name) != name_key(person) for one in store.people()):
            return None
        holding = [one for one in store.calibrations(kind, uid, person, side) if not one.void]
    return holding[-1] if holding else None


def void_skin(store: Store, of: NewCalibration | Kept, why: str) -> tuple[int, ...]:
    """Personal gains of the sensor, person and leg of a body calibration do not hold any more; their numbers."""
    stale = [one.id for one in store.calibrations("skin", of.uid, of.person, of.side) if not one.void]
    for one in stale:
        store.void_calibration(one, why)
    return tuple(stale)


def show(result: Result, common: Common) -> None:
    """Prints it, or writes it as JSON."""
    if common.json:
        console.emit(as_json(result), common.json)
        return
    kept, out = result.finished.kept, console.out()
    assert kept is not None  # a check is shown otherwise
    whose = f" of {kept.person}, {kept.side} leg" if kept.person else f" of board {kept.uid}"
    out.print(f"Calibration {result.id}: {NAMES[kept.kind]}{whose}", style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, show_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, value in result.finished.lines:
        table.add_row(Text(name), Text(value))
    out.print(table)
    out.print("\nWhat it changes", style="bold")
    for text in result.finished.changes:
        out.print(f"→ {text}")
    if result.voided:
        which = ", ".join(map(str, result.voided))
        out.print(f"! The personal gain (calibration {which}) does not hold any more: {result.why}")
    out.print(f"\nKept as calibration {result.id} in {common.store_path}; made from {kept.source}.")
    for text in result.more:
        out.print(text)


def as_json(result: Result) -> dict[str, Any]:
    """The calibration as one JSON object of format `coxa.calibration/1`."""
    kept = result.finished.kept
    assert kept is not None  # likewise
    return {
        "format": FORMAT,
        "coxa_version": __version__,
        "kind": kept.kind,
        "id": result.id,
        "uid": kept.uid,
        "person": kept.person,
        "side": kept.side,
        "made_at": kept.made_at.isoformat(),
        "source": kept.source,
        "lines": [{"name": name, "value": value} for name, value in result.finished.lines],
        "changes": list(result.finished.changes),
        "steps": [{"key": one.key, "title": one.title, "words": one.words} for one in result.steps],
        "more": list(result.more),
        "voided": list(result.voided),
        "voided_why": result.why if result.voided else "",
    }
