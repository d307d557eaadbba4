"""The plots of the page: angle over time, the repetitions on top of each other, and one bar each."""

from __future__ import annotations

from coxa.report.series import (
    FEWEST_BARS,
    TICK_STEPS_DEG,
    TICK_STEPS_S,
    angle_range,
    bar_range,
    clock,
    rep_runs,
    runs,
    strength,
    ticks,
)
from coxa.report.svg import Frame
from coxa.report.wording import COVERAGE_95, degrees
from coxa.results import Analysis, Rep

NUMBERS_ON_PHONE = 13
"""Repetition numbers that fit side by side across a phone."""

HATCH = (
    '<defs><pattern id="{id}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="paper" width="6" height="6"/><rect class="{css}" width="2.4" height="6"/></pattern></defs>'
)


def _number(frame: Frame, rep: Rep, x: float, top: float, count: int) -> str:
    every = -(-count // NUMBERS_ON_PHONE)
    css = "tick mid" + (" counted" if rep.valid else "") + ("" if rep.index % every == 0 or every == 1 else " wide")
    return frame.label(x, top, str(rep.index), css)


def _directions(frame: Frame) -> str:
    top = '<text class="tick end strong" x="-6" y="-8">In</text>'
    return top + f'<text class="tick end strong" x="-6" y="{frame.height + 16}">Out</text>'


def timeline(analysis: Analysis) -> str:
    """Angle over time with its 68 % and 95 % bands, holds shaded, gaps hatched, repetitions numbered."""
    low, high = angle_range(analysis)
    pieces = runs(analysis)
    if not pieces:
        return '<p class="quiet">This recording holds no angle to draw.</p>'
    frame = Frame(float(pieces[0].t_s[0]), float(pieces[-1].t_s[-1]), low, high, 230)
    parts = [HATCH.format(id="gap", css="hatch")]
    for rep in analysis.reps:
        holds = ((rep.ir_hold_span_s, high, "ir"), (rep.er_hold_span_s, low, "er"))
        parts += [frame.area(*span, 0, edge, f"hold {css}") for span, edge, css in holds if span]
    parts += [frame.area(a, b, low, high, "gap") for a, b in analysis.gap_spans_s]
    parts.append(frame.y_ticks(ticks(low, high, TICK_STEPS_DEG, 8)))
    curves: list[str] = []
    for width, css in ((COVERAGE_95, "band95"), (1.0, "band68")):
        curves += [
            frame.band(r.t_s, r.angle_deg - width * r.sd_deg, r.angle_deg + width * r.sd_deg, css) for r in pieces
        ]
    curves += [frame.line(r.t_s, r.angle_deg, "curve") for r in pieces]
    parts.append(frame.stretched(curves))
    parts += [_number(frame, r, (r.start_s + r.end_s) / 2, -8, len(analysis.reps)) for r in analysis.reps]
    seconds = ticks(0.0, frame.x1 - frame.x0, TICK_STEPS_S, 6)
    parts += [frame.below(frame.x0 + s, clock(s)) for s in seconds]
    parts.append(_directions(frame))
    what = (
        f"Hip rotation over {analysis.duration_s:.0f} seconds, inward upwards and outward downwards, "
        f"with {len(analysis.reps)} repetitions. The table lists their angles."
    )
    return frame.drawing(what, parts, below=24, above=26)


def overlay(analysis: Analysis) -> str:
    """All repetitions from their own start, the first faint, the last strong, the uncounted dashed."""
    low, high = angle_range(analysis)
    longest = max(rep.end_s - rep.start_s for rep in analysis.reps)
    frame = Frame(0.0, max(longest, 1.0), low, high, 230)
    count = len(analysis.reps)
    curves = [
        frame.line(run.t_s, run.angle_deg, "rep" if rep.valid else "rep uncounted", opacity=strength(k, count))
        for k, rep in enumerate(analysis.reps)
        for run in rep_runs(analysis, rep)
    ]
    parts = [frame.y_ticks(ticks(low, high, TICK_STEPS_DEG, 8)), frame.stretched(curves), _directions(frame)]
    parts += [frame.below(s, f"{s:.0f} s") for s in ticks(0.0, frame.x1, TICK_STEPS_S, 6)]
    what = f"The {count} repetitions drawn on top of each other, aligned at their start."
    return frame.drawing(what, parts, below=24, above=26)


def rep_bars(analysis: Analysis) -> str:
    """One pair of bars per repetition, inward up and outward down, with 95 % whiskers; uncounted ones hatched."""
    low, high = bar_range(analysis)
    count = len(analysis.reps)
    frame = Frame(0.4, max(count, FEWEST_BARS) + 0.6, low, high, 230)
    parts = [HATCH.format(id="hatch-ir", css="fill-ir"), HATCH.format(id="hatch-er", css="fill-er")]
    parts.append(frame.y_ticks(ticks(low, high, TICK_STEPS_DEG, 8)))
    for k, rep in enumerate(analysis.reps, start=1):
        state = "" if rep.valid else " uncounted"
        for css, value, sd in (("ir", rep.ir_deg, rep.ir_sd_deg), ("er", -rep.er_deg, rep.er_sd_deg)):
            parts.append(frame.area(k - 0.31, k + 0.31, 0, value, f"bar {css}{state}"))
            if value:
                parts.append(frame.whisker(k, value - COVERAGE_95 * sd, value + COVERAGE_95 * sd))
        parts.append(_number(frame, rep, k, -8, count))
    parts.append(_directions(frame))
    mean = analysis.set
    what = (
        f"Inward and outward angle of each of {count} repetitions. Means of the counted ones: "
        f"inward {degrees(mean.ir_mean_deg)}, outward {degrees(mean.er_mean_deg)}."
    )
    return frame.drawing(what, parts, below=24, above=26)
