"""What the sessions say: change over the period, left against right, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from coxa.results import Label, Position, Side
from coxa.samples import Floats
from coxa.trends.line import Line, fit, mdc95
from coxa.trends.points import QUANTITIES, Quantity, TrendPoint, by_line

VERDICT_SESSIONS = 8
"""Sessions before a change is judged; with fewer, the spread itself is a guess."""

VERDICT_WEEKS = 3.0
"""Weeks before a change is judged: shorter is warm-up, strap and day, not a change of the hip."""

BLOCK_SESSIONS = 3
"""Sessions of the latest block: a week at the planned three to four a week."""

BALANCE_WINDOW_WEEKS = 3.0
"""Left and right are set side by side only where both were done within these weeks."""

BALANCE_LEAST_DEG = 10.0
"""Differences below this are usual between two hips and within the error of most methods, degrees."""

WEEK_S = 7 * 86400.0

Verdict = Literal["grew", "shrank", "no clear change", "too early"]


@dataclass(frozen=True, slots=True)
class Change:
    """How one quantity of one line changed over the period; degrees, weeks.

    `change_deg` ± `detectable_deg` is the 95 % interval: a change smaller than `detectable_deg` is within the
    day-to-day spread. `mdc95_deg` compares two single sessions, `mdc95_block_deg` two blocks of three. None where
    there are too few sessions to say. `latest_deg` is the mean of the latest block.
    """

    quantity: Quantity
    sessions: int
    weeks: float
    verdict: Verdict
    latest_deg: float | None
    slope_deg_per_week: float | None
    slope_se_deg_per_week: float | None
    change_deg: float | None
    detectable_deg: float | None
    spread_deg: float | None
    correlation: float | None
    mdc95_deg: float | None
    mdc95_block_deg: float | None
    line: Line | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Trend:
    """One line: the sessions of one side in one position with one label."""

    position: Position
    label: Label
    side: Side
    points: tuple[TrendPoint, ...] = field(repr=False)
    weeks: float
    sessions_per_week: float | None
    arc: Change
    ir: Change
    er: Change

    def change(self, quantity: Quantity) -> Change:
        """The change of one quantity."""
        return {"arc": self.arc, "ir": self.ir, "er": self.er}[quantity]


@dataclass(frozen=True, slots=True)
class Balance:
    """Left against right in one position with one label: means of the latest block of each side, degrees.

    `difference_deg` is left minus right; `threshold_deg` is max(10°, minimal detectable difference).
    """

    position: Position
    label: Label
    quantity: Quantity
    difference_deg: float
    threshold_deg: float
    differs: bool


@dataclass(frozen=True, slots=True)
class Trends:
    """All lines, kept apart by position, label and side, and the left-right comparisons that are possible."""

    lines: tuple[Trend, ...]
    balances: tuple[Balance, ...]


def trend(points: Iterable[TrendPoint]) -> Trends:
    """Judge the sessions; any order, positions and labels are kept apart, never mixed in one line."""
    lines = tuple(_line(group) for group in by_line(points).values())
    pairs = [
        (a, b)
        for a in lines
        for b in lines
        if (a.position, a.label) == (b.position, b.label) and (a.side, b.side) == ("left", "right")
    ]
    found = (_balance(left, right, quantity) for left, right in pairs for quantity in QUANTITIES)
    return Trends(lines, tuple(balance for balance in found if balance is not None))


def weeks_since(first: TrendPoint, points: Sequence[TrendPoint]) -> Floats:
    """Weeks (n,) from the first session to each."""
    return np.array([(p.at - first.at).total_seconds() / WEEK_S for p in points], dtype=float)


def measured(points: Sequence[TrendPoint], quantity: Quantity) -> tuple[list[TrendPoint], Floats, Floats]:
    """The points that have the quantity, its values (n,) and standard deviations (n,), degrees."""
    having = [(p, v) for p in points if (v := p.value(quantity)) is not None and np.isfinite(v)]
    kept = [p for p, _ in having]
    return kept, np.array([v for _, v in having], dtype=float), np.array([p.sd(quantity) for p in kept], dtype=float)


def _line(points: list[TrendPoint]) -> Trend:
    weeks = float(weeks_since(points[0], points)[-1])
    arc, ir, er = (_change(points, quantity) for quantity in QUANTITIES)
    return Trend(
        position=points[0].position,
        label=points[0].label,
        side=points[0].side,
        points=tuple(points),
        weeks=weeks,
        sessions_per_week=(len(points) - 1) / weeks if weeks >= 1 else None,
        arc=arc,
        ir=ir,
        er=er,
    )


def _change(points: list[TrendPoint], quantity: Quantity) -> Change:
    kept, values, sds = measured(points, quantity)
    t = weeks_since(points[0], kept)
    weeks = float(t[-1] - t[0]) if len(t) else 0.0
    line = fit(t, values, sds)
    change = detectable = None
    verdict: Verdict = "too early"
    if line is not None and len(kept) >= VERDICT_SESSIONS and weeks >= VERDICT_WEEKS:
        change, detectable = line.slope * weeks, line.quantile_95 * line.slope_se * weeks
        verdict = "no clear change" if abs(change) <= detectable else "grew" if change > 0 else "shrank"
    return Change(
        quantity=quantity,
        sessions=len(kept),
        weeks=weeks,
        verdict=verdict,
        latest_deg=float(values[-BLOCK_SESSIONS:].mean()) if len(values) else None,
        slope_deg_per_week=line.slope if line else None,
        slope_se_deg_per_week=line.slope_se if line else None,
        change_deg=change,
        detectable_deg=detectable,
        spread_deg=line.spread_deg if line else None,
        correlation=line.correlation if line else None,
        mdc95_deg=mdc95(line.scatter_deg) if line else None,
        mdc95_block_deg=mdc95(line.scatter_deg, BLOCK_SESSIONS) if line else None,
        line=line,
    )


def _balance(left: Trend, right: Trend, quantity: Quantity) -> Balance | None:
    """None where a side has no spread yet, or no full block within the window before the latest session."""
    latest = max(left.points[-1].at, right.points[-1].at)
    means: list[float] = []
    variance = 0.0
    for side in (left, right):
        recent = [p for p in side.points if (latest - p.at).total_seconds() <= BALANCE_WINDOW_WEEKS * WEEK_S]
        _, values, _ = measured(recent, quantity)
        line = side.change(quantity).line
        if line is None or len(values) < BLOCK_SESSIONS:
            return None
        means.append(float(values[-BLOCK_SESSIONS:].mean()))
        variance += line.scatter_deg**2 / BLOCK_SESSIONS
    difference = means[0] - means[1]
    threshold = max(BALANCE_LEAST_DEG, 1.96 * float(np.sqrt(variance)))
    return Balance(left.position, left.label, quantity, difference, threshold, abs(difference) > threshold)


def to_dict(points: Iterable[TrendPoint]) -> dict[str, Any]:
    """The JSON object of format `coxa.trends/1`: lines with their sessions, changes and sentences. Plain types."""
    from coxa import __version__
    from coxa.trends.wording import balance_sentence, sentence

    found = trend(points)
    lines: list[dict[str, Any]] = []
    for one in found.lines:
        changes: dict[str, Any] = {q: _plain(one.change(q)) | {"sentence": sentence(one, q)} for q in QUANTITIES}
        sessions = [asdict(p) | {"at": p.at.isoformat()} for p in one.points]
        lines.append(
            {
                "position": one.position,
                "label": one.label,
                "side": one.side,
                "weeks": round(one.weeks, 3),
                "sessions_per_week": one.sessions_per_week,
                **changes,
                "sessions": sessions,
            }
        )
    balances = [asdict(b) | {"sentence": balance_sentence(b)} for b in found.balances]
    return {"format": "coxa.trends/1", "coxa_version": __version__, "lines": lines, "balances": balances}


def _plain(change: Change) -> dict[str, Any]:
    return {name: getattr(change, name) for name in Change.__slots__ if name != "line"}
