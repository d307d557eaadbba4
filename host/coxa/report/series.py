"""The curves of a report, cut at gaps and thinned for drawing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from coxa.report.wording import COVERAGE_95
from coxa.results import Analysis, Rep
from coxa.samples import Floats

BINS = 500
"""Bins of a thinned curve; two points each are finer than a screen of 1000 pixels resolves."""

FAINTEST = 0.15
"""Opacity of the first repetition in the overlay; the last has 1."""

FEWEST_BARS = 5
"""Bars that the width is shared by at least, so that one repetition is not one wide block."""

TICK_STEPS_DEG = (5, 10, 15, 20, 30, 45, 60, 90)
"""Distances between the ticks of an angle axis, degrees."""

TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200)
"""Distances between the ticks of a time axis, s."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch without gaps; arrays (n,): seconds, degrees, degrees (one standard deviation)."""

    t_s: Floats
    angle_deg: Floats
    sd_deg: Floats


def thinned(y: Floats, bins: int = BINS) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Indices that keep the lowest and highest value of each of `bins` equal stretches of y (n,), in order."""
    if len(y) <= 2 * bins:
        return np.arange(len(y))
    edges = np.linspace(0, len(y), bins + 1).astype(int)
    keep = {0, len(y) - 1}
    for a, b in pairwise(edges.tolist()):
        keep.update((a + int(np.argmin(y[a:b])), a + int(np.argmax(y[a:b]))))
    return np.array(sorted(keep), dtype=np.intp)


def runs(analysis: Analysis, start_s: float = -np.inf, end_s: float = np.inf, bins: int = BINS) -> list[Run]:
    """The angle from start_s to end_s between the gaps, thinned; what is not finite is left out as a gap is."""
    t, y, sd = analysis.t_s, analysis.rotation_deg, analysis.rotation_sd_deg
    shown = np.isfinite(y) & (t >= start_s) & (t <= end_s)
    cuts = {int(np.searchsorted(t, 0.5 * (a + b))) for a, b in analysis.gap_spans_s}
    cuts.update((np.flatnonzero(np.diff(shown)) + 1).tolist())
    out: list[Run] = []
    for piece in np.split(np.arange(len(t)), sorted(cuts)):
        if len(piece) > 1 and shown[piece[0]]:
            keep = piece[thinned(y[piece], bins)]
            out.append(Run(t[keep], y[keep], np.nan_to_num(sd[keep])))
    return out


def rep_runs(analysis: Analysis, rep: Rep) -> list[Run]:
    """One repetition between the gaps, seconds from its own start."""
    pieces = runs(analysis, rep.start_s, rep.end_s, bins=100)
    return [Run(r.t_s - rep.start_s, r.angle_deg, r.sd_deg) for r in pieces]


def ticks(low: float, high: float, steps: tuple[int, ...], most: int) -> list[float]:
    """Multiples of the smallest of `steps` that gives at most `most` ticks between low and high."""
    for step in steps:
        first, last = int(np.ceil(low / step)), int(np.floor(high / step))
        if last - first < most:
            break
    else:
        step = int(np.ceil((high - low) / most / steps[-1])) * steps[-1]
        first, last = int(np.ceil(low / step)), int(np.floor(high / step))
    return [float(k * step) for k in range(first, last + 1)]


def angle_range(analysis: Analysis) -> tuple[float, float]:
    """Lowest and highest angle a figure must show, degrees, with room; symmetric enough that zero is inside."""
    lows, highs = [-10.0], [10.0]
    for run in runs(analysis):
        lows.append(float(np.min(run.angle_deg)))
        highs.append(float(np.max(run.angle_deg)))
    room = 0.08 * (max(highs) - min(lows))
    return min(lows) - room, max(highs) + room


def bar_range(analysis: Analysis) -> tuple[float, float]:
    """Lowest and highest angle of the bars with their 95 % whiskers, degrees, with room. At least one repetition."""
    high = max(rep.ir_deg + COVERAGE_95 * rep.ir_sd_deg for rep in analysis.reps)
    low = max(rep.er_deg + COVERAGE_95 * rep.er_sd_deg for rep in analysis.reps)
    return -max(1.05 * low, 10.0), max(1.05 * high, 10.0)


def clock(seconds: float) -> str:
    """Seconds as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def strength(k: int, count: int) -> float:
    """Opacity of repetition k (from 0) of `count` in the overlay: later ones are stronger."""
    return FAINTEST + (1 - FAINTEST) * (k + 1) / count if count > 1 else 1.0
