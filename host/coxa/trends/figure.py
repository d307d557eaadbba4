"""The sessions over the weeks as a figure: arc, inward and outward turn, one column per side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from coxa.errors import InputError, UsageError
from coxa.report.palette import LIGHT
from coxa.report.panel import Panel
from coxa.report.series import TICK_STEPS_DEG, ticks
from coxa.report.sheet import Sheet, save
from coxa.report.wording import COVERAGE_95, WELLNESS_NOTE, degrees
from coxa.trends.points import QUANTITIES, Quantity, TrendPoint
from coxa.trends.verdict import Trend, Trends, measured, trend, weeks_since
from coxa.trends.wording import QUANTITY_NAMES, adherence, balance_sentence, heading, sentence
from coxa.trends.wording import note as label_note

SUFFIXES = (".png", ".svg", ".pdf")
DPI = 150

COLUMN_IN = 4.4
MARGIN_IN = 0.55
COLUMN_GAP_IN = 0.55
INDENT_IN = 0.36
"""Room for the angle labels left of an axis."""

ROOM_RIGHT_IN = 0.55
"""Room for the latest value right of an axis."""

HEIGHTS_IN: dict[Quantity, float] = {"arc": 2.0, "ir": 1.35, "er": 1.35}

SPAN_LEAST_DEG = 20.0
"""Smallest height of an angle axis: day-to-day spread must not fill the picture."""

SPAN_LEAST = timedelta(days=14)
"""Smallest width of the time axis, so that a single session stands in its week."""

TICK_STEPS_DAYS = (2, 7, 14, 28, 91, 182, 364)
TICKS_MOST = 6
MONTHS_FROM_DAYS = 300
"""Length from which the time axis names month and year in place of day and month."""

DAY_S = 86400.0

COLOURS: dict[Quantity, str] = {"arc": LIGHT.arc, "ir": LIGHT.ir, "er": LIGHT.er}


def write_figure(points: Iterable[TrendPoint], path: Path | str, *, title: str = "Hip rotation over the weeks") -> None:
    """Write the figure as PNG, SVG or PDF, by the suffix of the path.

    Raises:
        UsageError: another suffix, or the file cannot be written.
        InputError: there is no session with a counted repetition.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{path} is no picture that can be written", f"End the name in {', '.join(SUFFIXES)}.")
    save(trend_figure(points, title=title), path, suffix[1:], DPI)


def trend_figure(points: Iterable[TrendPoint], *, title: str = "Hip rotation over the weeks") -> Figure:
    """The figure on its own Agg canvas: a block for each position and label, a column for each side.

    Raises:
        InputError: there is no session with a counted repetition.
    """
    found = trend([p for p in points if p.arc_deg is not None])
    if not found.lines:
        raise InputError("there is no session with a counted repetition to draw", "Record one, then try again.")
    blocks = [list(group) for _, group in groupby(found.lines, key=lambda line: (line.position, line.label))]
    columns = max(len(block) for block in blocks)
    width = 2 * MARGIN_IN + columns * COLUMN_IN + (columns - 1) * COLUMN_GAP_IN
    sheet = Sheet(max(width, 6.2), MARGIN_IN)
    sheet.text(title, 17, bold=True)
    for block in blocks:
        _block(sheet, block, found)
    sheet.rule()
    sheet.gap(0.08)
    sheet.text(
        "Each dot is a session, its line holds 95 % of what the measurement could be. Where eight sessions over three "
        "weeks allow it, the straight line is the trend (Theil–Sen) and the band its 95 % uncertainty. The figure at "
        "the right is the mean of the latest three.",
        8,
        quiet=True,
    )
    for words in dict.fromkeys(label_note(block[0]) for block in blocks):
        sheet.text(words, 8, quiet=True)
    sheet.text(WELLNESS_NOTE, 8, quiet=True)
    return sheet.finish()


def _block(sheet: Sheet, lines: list[Trend], found: Trends) -> None:
    sheet.text(heading(lines[0]), 10, quiet=True)
    sheet.gap(0.18)
    column = (sheet.inner - (len(lines) - 1) * COLUMN_GAP_IN) / len(lines)
    at = [k * (column + COLUMN_GAP_IN) for k in range(len(lines))]
    top, bottoms = sheet.cursor, [sheet.cursor]
    for left, line in zip(at, lines, strict=True):
        sheet.cursor = top
        sheet.text(f"{line.side.capitalize()} hip", 12, bold=True, at=left, width=column)
        sheet.text(sentence(line), 10.5, at=left, width=column)
        sheet.text(adherence(line), 9, quiet=True, at=left, width=column)
        bottoms.append(sheet.cursor)
    sheet.cursor = max(bottoms) + 0.16
    first, last = time_range(lines)
    for quantity in QUANTITIES:
        colour = COLOURS[quantity]
        for left in at:
            sheet.rule(left, 0.24, colour=colour, thick=0.045)
        sheet.gap(0.1)
        name = QUANTITY_NAMES[quantity].capitalize()
        sheet.columns([name] * len(at), 9.5, at=at, bold=True, quiet=False)
        sheet.gap(0.06)
        height = HEIGHTS_IN[quantity]
        low, high = _angle_range(lines, quantity)
        for left, line in zip(at, lines, strict=True):
            panel = sheet.panel(height, at=left + INDENT_IN, width=column - INDENT_IN - ROOM_RIGHT_IN)
            panel.limits((days(first), days(last)), (low, high))
            panel.angle_ticks(ticks(low, high, TICK_STEPS_DEG, 6))
            panel.x_ticks(*zip(*date_ticks(first, last), strict=True))
            _draw(panel, line, quantity)
        sheet.gap(height + 0.42)
    for balance in found.balances:
        if (balance.position, balance.label) == (lines[0].position, lines[0].label) and balance.quantity == "arc":
            sheet.text(balance_sentence(balance), 10.5)
    sheet.gap(0.2)


def _angle_range(lines: list[Trend], quantity: Quantity) -> tuple[float, float]:
    """One range for both sides, so that they can be compared by eye."""
    lows: list[float] = []
    highs: list[float] = []
    for line in lines:
        _, values, sds = measured(line.points, quantity)
        lows += (values - COVERAGE_95 * sds).tolist()
        highs += (values + COVERAGE_95 * sds).tolist()
    low, high = min(lows, default=0.0), max(highs, default=0.0)
    room = max(SPAN_LEAST_DEG - (high - low), 0.12 * (high - low)) / 2
    return low - room, high + room


def _draw(panel: Panel, line: Trend, quantity: Quantity) -> None:
    colour = COLOURS[quantity]
    kept, values, sds = measured(line.points, quantity)
    if not kept:
        panel.note("No counted repetition yet.", (0.0, 0.5))
        return
    change = line.change(quantity)
    if change.line is not None and change.verdict != "too early":
        t = np.linspace(0.0, float(weeks_since(line.points[0], kept)[-1]), 50)
        when = days(line.points[0].at) + 7 * t
        middle, half = change.line.at(t), change.line.half_width_95(t)
        panel.band(when, middle - half, middle + half, colour, alpha=0.16)
        panel.line(when, middle, colour, width=1.8)
    when = np.array([days(p.at) for p in kept])
    panel.spread(when, values - COVERAGE_95 * sds, values + COVERAGE_95 * sds, colour, alpha=0.45)
    panel.dots(when, values, colour)
    if change.latest_deg is not None:
        latest = degrees(change.latest_deg)
        panel.note(latest, (1.0, change.latest_deg), (6, 0), data="y", va="center", bold=True, size=10)


def days(at: datetime) -> float:
    """A time as days, for the axis."""
    return at.timestamp() / DAY_S


def time_range(lines: list[Trend]) -> tuple[datetime, datetime]:
    """First and last time of the axis, with room."""
    first = min(line.points[0].at for line in lines)
    last = max(line.points[-1].at for line in lines)
    room = max(SPAN_LEAST - (last - first), 0.06 * (last - first)) / 2
    return first - room, last + room


def date_ticks(first: datetime, last: datetime) -> list[tuple[float, str]]:
    """At most six dates at equal steps, the first day whole: position in days and label."""
    length = (last - first) / timedelta(days=1)
    step = next((s for s in TICK_STEPS_DAYS if length / s < TICKS_MOST), int(length / TICKS_MOST) + 1)
    at = (first + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    out: list[tuple[float, str]] = []
    while at < last and len(out) <= TICKS_MOST:
        out.append((days(at), f"{at:%b %Y}" if length > MONTHS_FROM_DAYS else f"{at.day} {at:%b}"))
        at += timedelta(days=step)
    return out
