"""The sentences of a trend, and its table."""

from __future__ import annotations

from collections.abc import Iterable

from coxa.report.wording import LABEL_NAMES, LABEL_NOTES, POSITION_NAMES, degrees, plus_minus
from coxa.trends.points import Quantity, TrendPoint, by_line
from coxa.trends.verdict import BLOCK_SESSIONS, VERDICT_SESSIONS, VERDICT_WEEKS, Balance, Trend

QUANTITY_NAMES: dict[Quantity, str] = {"arc": "arc", "ir": "inward turn", "er": "outward turn"}

ADHERENCE_AIM = "3–4"
"""Sessions a week of the exercise plan."""

HEADER = ("Date", "Side", "Position", "Label", "Reps", "IR (95 %)", "ER (95 %)", "Arc (95 %)", "Score", "Session")

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def heading(line: Trend) -> str:
    """Position and label of a line."""
    return f"{POSITION_NAMES[line.position].capitalize()} · {LABEL_NAMES[line.label]}"


def number(n: int) -> str:
    """Small numbers in words."""
    return _NUMBERS[n] if 0 <= n < len(_NUMBERS) else str(n)


def sentence(line: Trend, quantity: Quantity = "arc") -> str:
    """The verdict on one quantity of one line."""
    change = line.change(quantity)
    what = f"Your {line.side} {QUANTITY_NAMES[quantity]}"
    if change.verdict == "too early" or change.change_deg is None or change.detectable_deg is None:
        return f"{what}: {_so_far(change.sessions, change.weeks)}"
    weeks = f"{number(round(change.weeks))} weeks"
    size, floor = abs(change.change_deg), change.detectable_deg
    digits = 1 if change.verdict != "no clear change" and round(size) == round(floor) else 0
    rest = f"changes under {max(floor, 1.0 if digits == 0 else 0.1):.{digits}f}° are within your day-to-day spread."
    if change.verdict == "no clear change":
        return f"{what} shows no clear change over {weeks}; {rest}"
    verb = "grew by" if change.verdict == "grew" else "came down by"
    return f"{what} {verb} about {size:.{digits}f}° in {weeks}; {rest}"


def _so_far(sessions: int, weeks: float) -> str:
    done = f"{number(sessions)} session{'' if sessions == 1 else 's'} so far"
    missing: list[str] = []
    if sessions < VERDICT_SESSIONS:
        missing.append(f"{number(VERDICT_SESSIONS)} sessions")
    if weeks < VERDICT_WEEKS:
        missing.append(f"{number(int(VERDICT_WEEKS))} weeks")
    return f"{done}; a trend can be judged from {' and '.join(missing)} on."


def adherence(line: Trend) -> str:
    """How often, beside the plan."""
    n = len(line.points)
    if line.sessions_per_week is None:
        return f"{number(n).capitalize()} session{'' if n == 1 else 's'}; aim for {ADHERENCE_AIM} a week."
    return f"{n} sessions, {line.sessions_per_week:.1f} a week; aim for {ADHERENCE_AIM}."


def balance_sentence(balance: Balance) -> str:
    """Left against right in one sentence."""
    larger, other = ("left", "right") if balance.difference_deg > 0 else ("right", "left")
    size, limit = abs(balance.difference_deg), balance.threshold_deg
    digits = 1 if round(size) == round(limit) else 0
    what = QUANTITY_NAMES[balance.quantity]
    lead = (
        f"Over the last {number(BLOCK_SESSIONS)} sessions of each side, your {larger} {what} "
        f"was {size:.{digits}f}° larger than your {other}"
    )
    if balance.differs:
        return f"{lead}, more than the {limit:.{digits}f}° that strap and day explain."
    return f"{lead}; differences under {limit:.{digits}f}° are usual."


def note(line: Trend) -> str:
    """What the degrees of this line are."""
    return LABEL_NOTES[line.label]


def table(points: Iterable[TrendPoint]) -> list[tuple[str, ...]]:
    """One row of text per session, columns as in `HEADER`, lines kept together and in order of time."""
    return [_row(point) for line in by_line(points).values() for point in line]


def _row(p: TrendPoint) -> tuple[str, ...]:
    angles = [
        f"{degrees(value)} {plus_minus(sd)}".strip() if value is not None else "–"
        for value, sd in ((p.ir_deg, p.ir_sd_deg), (p.er_deg, p.er_sd_deg), (p.arc_deg, p.arc_sd_deg))
    ]
    score = "–" if p.score is None else f"{p.score:.0f}"
    return (f"{p.at:%Y-%m-%d}", p.side, p.position, p.label, str(p.reps_valid), *angles, score, str(p.session))
