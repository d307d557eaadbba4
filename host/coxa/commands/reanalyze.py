"""`coxa reanalyze`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from coxa import __version__, console
from coxa.commands.common import DEFAULTS, Calibrations, Common, Flag, wished
from coxa.commands.show import recomputed
from coxa.errors import CoxaError, UsageError
from coxa.report.wording import degrees
from coxa.store import Headline, Session, Store

if TYPE_CHECKING:
    from coxa.calibration.choose import Wish

ANGLES = ("ir_mean_deg", "er_mean_deg", "arc_mean_deg")
NUMBERS = ("coxa_version", "label", "calibrations", *ANGLES, "reps_valid", "score")


def reanalyze(
    *ids: int,
    all_sessions: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    calibration: Calibrations = (),
    no_calibration: Flag = False,
    common: Common = DEFAULTS,
) -> int:
    """Compute stored sessions anew.

    Parameters
    ----------
    ids
        Their numbers in `coxa sessions`.
    all_sessions
        Every session of the store.
    calibration
        Number of a calibration in `coxa calibrate list`, in place of those that hold now; once for each kind.
    no_calibration
        Without any.
    """
    wish = wished(calibration, no_calibration)
    if bool(ids) == all_sessions:
        raise UsageError("which sessions?", "Name their numbers, or use --all.")
    with common.open_store(write=True) as store:
        wanted = store.sessions() if all_sessions else [store.session(one) for one in ids]
        done = [_one(store, one, wish) for one in console.track(wanted, "analysing", len(wanted))]
    if common.json:
        sessions = [_as_json(one) for one in done]
        console.emit({"format": "coxa.reanalysis/1", "coxa_version": __version__, "sessions": sessions}, common.json)
    else:
        console.out().print(_table(done))
        changed = sum(one.changed for one in done)
        print(f"{len(done)} analysed with version {__version__}, {changed} of them changed.")
    failed = [one for one in done if one.error]
    for one in failed:
        console.remark(f"session {one.id}: {one.error}")
    return CoxaError.exit_code if failed else 0


@dataclass(frozen=True, slots=True)
class _Redone:
    """One session before and after; `error` says why there is no after."""

    id: int
    before: Headline | None
    after: Headline | None
    changed: bool = False
    error: str | None = None


def _one(store: Store, session: Session, wish: Wish) -> _Redone:
    """A session that cannot be computed keeps its result."""
    try:
        changed = store.save_result(session.id, session.origin.protocol, recomputed(store, session, wish))
    except CoxaError as error:
        return _Redone(session.id, session.headline, None, error=str(error))
    return _Redone(session.id, session.headline, store.session(session.id).headline, changed)


def _as_json(one: _Redone) -> dict[str, Any]:
    out: dict[str, Any] = {"id": one.id, "changed": one.changed, "error": one.error}
    for name, head in (("before", one.before), ("after", one.after)):
        out[name] = {key: getattr(head, key) for key in NUMBERS} if head else None
    return out


def _table(done: list[_Redone]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for name in ("id", "version", "calibrated", "IR", "ER", "arc", "reps"):
        words = name in ("version", "calibrated")
        table.add_column(name, justify="left" if words else "right", no_wrap=name != "calibrated")
    for one in done:
        keys = ("coxa_version", "calibrations", *ANGLES, "reps_valid")
        table.add_row(str(one.id), *(_change(one, key) for key in keys))
    return table


def _change(one: _Redone, key: str) -> str:
    before, after = (
        degrees(getattr(head, key, None)) if key in ANGLES else str(getattr(head, key, "") or "–")
        for head in (one.before, one.after)
    )
    return before if before == after else f"{before} → {after}"
