"""`coxa sessions`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from coxa import console
from coxa.commands.common import DEFAULTS, Common
from coxa.report.wording import degrees, plus_minus
from coxa.results import Label, Position, Side

if TYPE_CHECKING:
    from coxa.store import Headline, Session

DEGREES_OF: dict[Label, str] = {"thigh": "strap", "shank-calibrated": "bone", "gravity-test": "shank"}
"""What the angles of a session are of, in a word."""


def sessions(
    *, person: str | None = None, side: Side | None = None, position: Position | None = None, common: Common = DEFAULTS
) -> None:
    """List the stored sessions in order of time.

    Parameters
    ----------
    person
        Only this person's; everyone's where it is not given.
    side
        Only this side.
    position
        Only this position.
    """
    with common.open_store(write=False) as store:
        found = store.sessions(person, side, position)
        where = store.path
    if common.json:
        console.emit({"format": "coxa.sessions/1", "sessions": [as_json(one) for one in found]}, common.json)
        return
    if not found:
        print(f"No such sessions in {where}.")
        return
    several = len({one.origin.person for one in found}) > 1
    console.out().print(_table(found, several))
    print(f"{len(found)} session{'s' * (len(found) != 1)} in {where}. More on one: coxa show ID.")


def as_json(session: Session) -> dict[str, Any]:
    """A session with its headline numbers; times in UTC, angles in degrees."""
    origin = asdict(session.origin) | {"started_at": session.origin.started_at.isoformat()}
    head = session.headline
    result = asdict(head) | {"created_at": head.created_at.isoformat()} if head else None
    return {"id": session.id, **origin, "stored_at": session.stored_at.isoformat(), "result": result}


def local(at: datetime) -> str:
    """A time where the user is."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def mean(headline: Headline | None, which: str) -> str:
    """A mean of the set with its uncertainty."""
    value = getattr(headline, f"{which}_mean_deg", None)
    return f"{degrees(value)} {plus_minus(getattr(headline, f'{which}_mean_sd_deg', None))}".strip()


def _table(found: list[Session], several: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    # what the degrees are of matters more than time and count, and 80 columns do not hold all
    calibrated = any(one.headline and one.headline.label != "thigh" for one in found)
    names = ["id", "began", *(["person"] if several else []), "side", "position", "IR", "ER", "arc"]
    names += ["score", "of"] if calibrated else ["reps", "score"]
    for name in names:
        numeric = name in {"id", "IR", "ER", "arc", "reps", "score"}
        table.add_column(name, justify="right" if numeric else "left", no_wrap=name != "person")
    for one in found:
        head = one.headline
        began = local(one.origin.started_at)[: len("2026-03-01") if calibrated else None]
        cells = [str(one.id), began, *([one.origin.person] if several else [])]
        cells += [one.origin.side, one.origin.position]
        cells += [degrees(getattr(head, f"{which}_mean_deg", None)) for which in ("ir", "er")] + [mean(head, "arc")]
        cells += [] if calibrated else [str(head.reps_valid) if head else "–"]
        cells += [f"{head.score:.0f}" if head and head.score is not None else "–"]
        cells += [DEGREES_OF[head.label] if head else "–"] if calibrated else []
        table.add_row(*cells)
    return table
