"""The report of one session as one picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from coxa.report import wording
from coxa.report.palette import LIGHT
from coxa.report.panel import Panel
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
from coxa.report.sheet import Sheet, save
from coxa.results import Analysis, Rep

DPI = 150
"""1350 pixels across: sharp on a phone held upright, and on A4."""

WIDTH_IN = 9.0
MARGIN_IN = 0.55
COLUMN_GAP_IN = 0.55
INDENT_IN = 0.36
"""Room for the angle labels left of an axis."""

SCORE_NAME_IN = 1.2
SCORE_VALUE_IN = 0.42
"""Room for the name left and the number right of a score bar."""

NUMBERS_ACROSS = 30
"""Repetition numbers that fit side by side across the picture."""


def write_png(analysis: Analysis, path: Path | str, *, title: str, subtitle: str) -> None:
    """Write the picture as PNG.

    Raises:
        UsageError: the file cannot be written.
    """
    save(session_figure(analysis, title=title, subtitle=subtitle), path, "png", DPI)


def session_figure(analysis: Analysis, *, title: str, subtitle: str) -> Figure:
    """The report as a matplotlib figure 9 inches wide, on its own Agg canvas; no global state is touched."""
    sheet = Sheet(WIDTH_IN, MARGIN_IN)
    _head(sheet, analysis, title, subtitle)
    sheet.gap(0.28)
    sheet.text("The whole set", 11, bold=True)
    sheet.text(_timeline_caption(analysis), 9, quiet=True)
    sheet.gap(0.34)
    _timeline(sheet.panel(2.2, at=INDENT_IN, width=sheet.inner - INDENT_IN), analysis)
    sheet.gap(2.2 + 0.52)
    half = (sheet.inner - COLUMN_GAP_IN) / 2
    if analysis.reps:
        _reps(sheet, analysis, half)
    _foot(sheet, analysis, half)
    return sheet.finish()


def _head(sheet: Sheet, analysis: Analysis, title: str, subtitle: str) -> None:
    s = analysis.set
    sheet.text(title, 11, bold=True)
    sheet.text(" · ".join(part for part in (subtitle.strip(), wording.setting(analysis)) if part), 9.5, quiet=True)
    sheet.gap(0.16)
    sheet.text(s.advice or wording.counted(analysis) + ".", 18, bold=True)
    sheet.gap(0.2)
    if s.reps_valid:
        _numbers(sheet, analysis)
    for line in (wording.nothing_counted(analysis), *analysis.warnings):
        if line:
            sheet.text(line, 9.5)


def _numbers(sheet: Sheet, analysis: Analysis) -> None:
    s = analysis.set
    at = [sheet.inner * k / 3 for k in range(3)]
    for left, colour in zip(at, (LIGHT.ir, LIGHT.er, LIGHT.arc), strict=True):
        sheet.rule(left, 0.24, colour=colour, thick=0.045)
    sheet.gap(0.1)
    sheet.columns(("Inward (IR)", "Outward (ER)", "Whole arc"), 9.5, at=at, bold=False, quiet=True)
    means = (s.ir_mean_deg, s.er_mean_deg, s.arc_mean_deg)
    sheet.columns([wording.degrees(mean) for mean in means], 30, at=at, bold=True, quiet=False)
    sheet.gap(-0.12)
    sds = (s.ir_mean_sd_deg, s.er_mean_sd_deg, s.arc_mean_sd_deg)
    sheet.columns([wording.plus_minus(sd) for sd in sds], 9.5, at=at, bold=False, quiet=True)
    sheet.gap(0.06)
    sheet.text(" · ".join(wording.at_a_glance(analysis)), 9.5, quiet=True)
    sheet.gap(0.06)


def _reps(sheet: Sheet, analysis: Analysis, half: float) -> None:
    second = half + COLUMN_GAP_IN
    sheet.columns(("Repetitions on top of each other", "Each repetition"), 11, at=(0, second), bold=True, quiet=False)
    uncounted = any(not rep.valid for rep in analysis.reps)
    captions = (
        "The first is faint, the last strong" + ("; dashed: not counted." if uncounted else "."),
        "The thin line holds 95 %." + (" Hatched: not counted." if uncounted else ""),
    )
    sheet.columns(captions, 9, at=(0, second), bold=False, quiet=True)
    sheet.gap(0.34)
    _overlay(sheet.panel(2.0, at=INDENT_IN, width=half - INDENT_IN), analysis)
    _bars(sheet.panel(2.0, at=second + INDENT_IN, width=half - INDENT_IN), analysis)
    sheet.gap(2.0 + 0.5)


def _foot(sheet: Sheet, analysis: Analysis, half: float) -> None:
    second = half + COLUMN_GAP_IN
    top = sheet.cursor
    sheet.text("How it was done", 11, bold=True)
    shown = wording.scores(analysis)
    if not shown:
        sheet.text("A score needs at least one counted repetition.", 9.5, quiet=True, width=half)
    for name, value in shown:
        sheet.gap(0.07)
        track, bar = half - SCORE_NAME_IN - SCORE_VALUE_IN, min(max(value, 0.5), 100.0) / 100
        sheet.gap(0.03)
        sheet.rule(SCORE_NAME_IN, track, colour=LIGHT.rule, thick=0.085)
        sheet.rule(SCORE_NAME_IN, track * bar, colour=LIGHT.ink if name == "Score" else LIGHT.quiet, thick=0.085)
        sheet.gap(-0.03)
        at = (0.0, half - SCORE_VALUE_IN + 0.12)
        sheet.columns((name, f"{value:.0f}"), 9.5, at=at, bold=name == "Score", quiet=False)
    bottom, sheet.cursor = sheet.cursor, top
    sheet.text("What these numbers are", 11, bold=True, at=second, width=half)
    for words in (wording.LABEL_NOTES[analysis.label], wording.observability_note(analysis)):
        sheet.gap(0.05)
        sheet.text(words, 9.5, at=second, width=half)
    sheet.cursor = max(bottom, sheet.cursor) + 0.24
    sheet.rule()
    sheet.gap(0.08)
    made = " · ".join(f"{name}: {value}" for name, value in wording.how_made(analysis))
    sheet.text(made, 8, quiet=True)
    sheet.text(wording.WELLNESS_NOTE, 8, quiet=True)


def _timeline_caption(analysis: Analysis) -> str:
    gaps = " Hatched: no data." if analysis.gap_spans_s else ""
    holds = "Holds are shaded. " if any(r.ir_hold_span_s or r.er_hold_span_s for r in analysis.reps) else ""
    return f"{holds}The band around the line is the uncertainty: inner 68 %, outer 95 %.{gaps}"


def _timeline(panel: Panel, analysis: Analysis) -> None:
    low, high = angle_range(analysis)
    pieces = runs(analysis)
    if not pieces:
        panel.empty("This recording holds no angle to draw.")
        return
    start, end = float(pieces[0].t_s[0]), float(pieces[-1].t_s[-1])
    panel.limits((start, end), (low, high))
    panel.angle_ticks(ticks(low, high, TICK_STEPS_DEG, 8))
    panel.directions()
    marks = ticks(0.0, end - start, TICK_STEPS_S, 9)
    panel.x_ticks([start + s for s in marks], [clock(s) for s in marks], clear_of_left=True)
    for rep in analysis.reps:
        for span, edge, colour in ((rep.ir_hold_span_s, high, LIGHT.ir), (rep.er_hold_span_s, low, LIGHT.er)):
            if span:
                panel.band(span, 0.0, edge, colour, alpha=0.25)
        _number(panel, rep, (rep.start_s + rep.end_s) / 2, len(analysis.reps))
    for span in analysis.gap_spans_s:
        panel.missing(span, low, high)
    for run in pieces:
        for width, alpha in ((wording.COVERAGE_95, 0.14), (1.0, 0.22)):
            half = width * run.sd_deg
            panel.band(run.t_s, run.angle_deg - half, run.angle_deg + half, LIGHT.ink, alpha=alpha)
        panel.line(run.t_s, run.angle_deg, LIGHT.ink)


def _number(panel: Panel, rep: Rep, x: float, count: int) -> None:
    if rep.index % -(-count // NUMBERS_ACROSS) == 0:
        colour = LIGHT.ink if rep.valid else LIGHT.quiet
        panel.note(str(rep.index), (x, 1.0), (0, 6), data="x", ha="center", colour=colour)


def _overlay(panel: Panel, analysis: Analysis) -> None:
    low, high = angle_range(analysis)
    longest = max(*(rep.end_s - rep.start_s for rep in analysis.reps), 1.0)
    panel.limits((0.0, longest), (low, high))
    panel.angle_ticks(ticks(low, high, TICK_STEPS_DEG, 8))
    panel.directions()
    for k, rep in enumerate(analysis.reps):
        for run in rep_runs(analysis, rep):
            alpha = strength(k, len(analysis.reps))
            panel.line(run.t_s, run.angle_deg, LIGHT.ink, alpha=alpha, dashed=not rep.valid)
    marks = ticks(0.0, longest, TICK_STEPS_S, 6)
    panel.x_ticks(marks, [f"{s:.0f} s" for s in marks], clear_of_left=True)


def _bars(panel: Panel, analysis: Analysis) -> None:
    low, high = bar_range(analysis)
    count = len(analysis.reps)
    panel.limits((0.4, max(count, FEWEST_BARS) + 0.6), (low, high))
    panel.angle_ticks(ticks(low, high, TICK_STEPS_DEG, 8))
    panel.directions()
    panel.x_ticks([], [])
    for k, rep in enumerate(analysis.reps, start=1):
        for colour, value, sd in ((LIGHT.ir, rep.ir_deg, rep.ir_sd_deg), (LIGHT.er, -rep.er_deg, rep.er_sd_deg)):
            panel.bar(k, value, colour, hatched=not rep.valid)
            if value:
                half = wording.COVERAGE_95 * sd
                panel.spread(k, value - half, value + half, LIGHT.ink)
        _number(panel, rep, k, 2 * count)
