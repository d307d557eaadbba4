"""`coxa trends`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.table import Table

from coxa import console
from coxa.commands.common import DEFAULTS, Common
from coxa.commands.reports import check_targets
from coxa.errors import UsageError
from coxa.report.wording import degrees, plus_minus
from coxa.results import Label, Means, Position, Side

if TYPE_CHECKING:
    from coxa.store import Headline, Session
    from coxa.trends import Trend, TrendPoint


def trends(
    *,
    person: str | None = None,
    side: Side | None = None,
    position: Position | None = None,
    label: Literal["thigh", "shank-calibrated"] = "thigh",
    out: Path | None = None,
    common: Common = DEFAULTS,
) -> None:
    """Show how the range develops over the weeks.

    Parameters
    ----------
    person
        Whose; "me" unless the settings say otherwise.
    side
        Only this side.
    position
        Only this position.
    label
        thigh: as read at the strap, which no new personal gain can bend; shank-calibrated: of the bone, those sessions
        alone that have a personal gain.
    out
        Also draw it: .png, .svg or .pdf.
    """
    check_targets((common.json, out))
    from coxa import trends as line
    from coxa.trends.figure import SUFFIXES

    if out is not None and out.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{out} is no picture that can be written", f"End its name in {', '.join(SUFFIXES)}.")
    whose = person or common.settings.person
    points = points_of(common, whose, side, position, label)
    if out is not None:
        draw(points, out)
    if common.json:
        console.emit(line.to_dict(points), common.json)
    elif points:
        print_trends(points)
    else:
        print(f"No such sessions of {whose} yet.")


def points_of(
    common: Common, person: str, side: Side | None = None, position: Position | None = None, label: Label = "thigh"
) -> list[TrendPoint]:
    """The sessions of a person that have a result: at the thigh, or those of another label alone.

    Raises:
        UsageError: the person is not in the store.
    """
    with common.open_store(write=False) as store:
        found = [one for one in store.sessions(person, side, position) if one.headline]
    if label == "thigh":
        return [point(one, one.headline.thigh) for one in found if one.headline]
    calibrated = [one for one in found if one.headline and one.headline.label == label]
    if len({_gain(one) for one in calibrated}) > 1:
        console.remark("the personal gains of these sessions differ; coxa reanalyze --all takes the newest for all.")
    return [point(one, _of_one_gain(one.headline), label) for one in calibrated if one.headline]


def _gain(session: Session) -> str:
    used = session.headline.calibrations.split() if session.headline else []
    return next((one for one in used if one.startswith("skin:")), "")


def _of_one_gain(head: Headline) -> Means:
    """The means of the bone with the uncertainty of the session alone: what the gain is wrong by is the same in all of
    them, and does not make a change less sure."""
    values = {name: getattr(head, name) for name in Means.__slots__}
    for name in ("ir", "er", "arc"):
        bone, thigh, sd = (
            getattr(head, f"{name}_mean_deg"), getattr(head.thigh, f"{name}_mean_deg"),
            getattr(head.thigh, f"{name}_mean_sd_deg"),
        )  # fmt: skip
        if bone and thigh and sd is not None:
            values[f"{name}_mean_sd_deg"] = sd * bone / thigh
    return Means(**values)


def draw(points: list[TrendPoint], out: Path) -> None:
    """Write the figure."""
    from coxa.trends import write_figure

    with console.working(f"drawing {out.name} …"):
        write_figure(points, out)
    console.remark(f"wrote {out}")


def point(session: Session, means: Means, label: Label = "thigh") -> TrendPoint:
    """A stored session as a point of a trend, with these means; its time is shown where the user is."""
    head = session.headline
    assert head is not None
    from coxa.trends import TrendPoint

    return TrendPoint(
        at=session.origin.started_at.astimezone(), side=session.origin.side, position=session.origin.position,
        ir_deg=means.ir_mean_deg, er_deg=means.er_mean_deg, arc_deg=means.arc_mean_deg, ir_sd_deg=means.ir_mean_sd_deg,
        er_sd_deg=means.er_mean_sd_deg, arc_sd_deg=means.arc_mean_sd_deg, reps_valid=head.reps_valid,
        label=head.label if head.label == "gravity-test" else label,
        score=head.score, session=session.id,
    )  # fmt: skip


def print_trends(points: list[TrendPoint], *, rows: bool = True) -> None:
    """Each line with its sessions (where `rows`) and sentences, then left against right."""
    from coxa import trends as line
    from coxa.trends.wording import heading, note

    out = console.out()
    found = line.trend(points)
    for one in found.lines:
        out.print(f"\n{one.side.capitalize()} · {heading(one)}", style="bold")
        out.print(line.adherence(one))
        if rows:
            out.print(_table(one))
        for quantity in line.QUANTITIES:
            out.print(f"→ {line.sentence(one, quantity)}")
    if found.balances:
        out.print()
    for balance in found.balances:
        out.print(f"→ {line.balance_sentence(balance)}")
    for text in dict.fromkeys(note(one) for one in found.lines):
        out.print(f"\n{text}")


def _table(one: Trend) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for name in ("date", "session", "reps", "IR", "ER", "arc", "score"):
        table.add_column(name, justify="left" if name == "date" else "right", no_wrap=True)
    for p in one.points:
        angles = ((p.ir_deg, p.ir_sd_deg), (p.er_deg, p.er_sd_deg), (p.arc_deg, p.arc_sd_deg))
        cells = [f"{degrees(value)} {plus_minus(sd)}".strip() for value, sd in angles]
        table.add_row(
            f"{p.at:%Y-%m-%d}", str(p.session), str(p.reps_valid), *cells, "–" if p.score is None else f"{p.score:.0f}"
        )
    return table
