"""`coxa show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coxa import __version__, console
from coxa.commands.common import DEFAULTS, Common, Flag, Reports
from coxa.commands.reports import check_targets, write_reports
from coxa.commands.sessions import as_json, local
from coxa.commands.summary import print_summary
from coxa.store.stored import analysis_of

if TYPE_CHECKING:
    from coxa.calibration.choose import Wish
    from coxa.results import Analysis
    from coxa.store import Session, Store


def show(
    id: int,  # noqa: A002
    /,
    *,
    report: Reports = (),
    series: Flag = False,
    common: Common = DEFAULTS,
) -> None:
    """Show one stored session.

    Parameters
    ----------
    id
        Its number in `coxa sessions`.
    report
        Also write a report, .html or .png, computed anew from the raw data; may be given twice.
    series
        With --json: also the angle over time, computed anew from the raw data.
    """
    check_targets((common.json,), reports=report)
    with common.open_store(write=False) as store:
        session = store.session(id)
        result = store.result(id)
        anew = recomputed(store, session) if report or (series and common.json) else None
    if anew is not None:
        if session.headline and session.headline.coxa_version != __version__:
            console.remark(
                f"this is made by version {__version__}, the stored result by {session.headline.coxa_version}; "
                f"`coxa reanalyze {id}` brings it up to date."
            )
        result = anew.to_dict(series)
        write_reports(anew, report, session.origin)
    if common.json:
        console.emit(result | {"session": as_json(session)}, common.json)
        return
    _print(session, anew or analysis_of(result))


def recomputed(store: Store, session: Session, wish: Wish | None = None) -> Analysis:
    """The analysis of a stored session by this version, from its raw data.

    Args:
        wish: which calibrations it should rest on; by default those of the stored result.

    Raises:
        UsageError, InputError: a calibration does not fit, or is damaged.
        StoreError: the raw data is damaged.
        InputError: a board recorded it, and it cannot be analysed.
        ConfigError: the protocol it was done with is no longer there.
    """
    from coxa.calibration.choose import as_it_is, choose
    from coxa.recompute import analysed

    uid = store.uid(session.id)
    calibration = choose(store, uid, session.origin, as_it_is(session) if wish is None else wish)
    return analysed(store.samples(session.id), session.origin, f"session {session.id}", calibration)


def _print(session: Session, analysis: Analysis) -> None:
    origin = session.origin
    out = console.out()
    out.print(
        f"Session {session.id} · {origin.person} · {local(origin.started_at)} · {origin.source_name}", style="bold"
    )
    remarks = [f"Discomfort {origin.discomfort} of 10"] if origin.discomfort is not None else []
    print_summary(out, analysis, [*([origin.notes] if origin.notes else []), *remarks])
