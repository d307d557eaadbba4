"""Where a move begins and ends: the edges of the holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coxa.samples import Floats

CORE_SHARE, LOW_SHARE, HALF_SHARE = 0.05, 0.10, 0.50
"""Speeds, as shares of the move's peak, whose instants tell where the move begins and how softly."""

SOFTNESS = (0.0, 0.07, 0.202, 0.264)
OVERHANG = (0.0, -0.07, 0.048, 0.160)
"""How far beyond the 10 % instant a move begins, by how soft its beginning is; both as shares of the time for which the
speed is above one half. A constant speed behind a low-pass filter, a cosine ramp and a minimum-jerk ramp are the
three known points."""


REACH = 50
"""Grid points beyond the searched stretch, and its own length, within which the move's edges must lie."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """One move: first and last instant, s; peak speed, rad/s; grid indices [begin, end) of its core."""

    start_s: float
    end_s: float
    peak_rad_s: float
    begin: int
    end: int


def ramp(t_s: Floats, slow_rate: Floats, begin: int, end: int, way: int) -> Ramp | None:
    """The move in direction `way` (±1) whose peak lies in grid indices [begin, end); None where there is none.

    slow_rate: (m,) low-passed rate about the axis, rad/s.
    """
    if end - begin < 2:
        return None
    peak_at = begin + int(np.argmax(way * slow_rate[begin:end]))
    peak = float(way * slow_rate[peak_at])
    if peak <= 0:
        return None
    from_, to = max(0, begin - (end - begin) - REACH), min(len(slow_rate), end + (end - begin) + REACH)
    found = _edges(t_s[from_:to], way * slow_rate[from_:to], peak_at - from_, peak)
    return Ramp(found.start_s, found.end_s, peak, found.begin + from_, found.end + from_)


def _edges(t_s: Floats, speed: Floats, peak_at: int, peak: float) -> Ramp:
    """The move around the peak of `speed`, followed both ways until it is over."""
    first, last = _quiet(speed, peak_at, CORE_SHARE * peak)
    half = [_crossing(t_s, speed, peak_at, way, HALF_SHARE * peak) for way in (-1, 1)]
    low = [_crossing(t_s, speed, peak_at, way, LOW_SHARE * peak) for way in (-1, 1)]
    width = half[1] - half[0]
    beyond = [float(np.interp(abs(a - b) / width, SOFTNESS, OVERHANG)) * width for a, b in zip(half, low, strict=True)]
    return Ramp(low[0] - beyond[0], low[1] + beyond[1], peak, first, last + 1)


def _quiet(speed: Floats, peak_at: int, low: float) -> tuple[int, int]:
    """First indices on both sides of the peak where the speed is below `low`, or the border."""
    left = np.flatnonzero(speed[:peak_at] < low)
    right = np.flatnonzero(speed[peak_at:] < low)
    return (int(left[-1]) if len(left) else 0, peak_at + int(right[0]) if len(right) else len(speed) - 1)


def _crossing(t_s: Floats, speed: Floats, peak_at: int, way: int, level: float) -> float:
    """Instant at which the speed, followed from its peak backwards (way −1) or onwards (+1), first falls to `level`."""
    side = speed[peak_at:] if way > 0 else speed[peak_at::-1]
    below = np.flatnonzero(side < level)
    if not len(below):
        return float(t_s[-1] if way > 0 else t_s[0])
    i = int(below[0])
    share = (side[i - 1] - level) / (side[i - 1] - side[i])
    return float(t_s[peak_at] + way * (i - 1 + share) * (t_s[1] - t_s[0]))
