"""Where a move begins and ends: the edges of the holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coxa.samples import Floats

LOW_SHARE, HIGH_SHARE = 0.10, 0.30
EXTRAPOLATION = 1.0
"""A move's edge lies beyond the instant at which its speed passes 10 % of the peak, by the time from 10 % to 30 %: 1.12
of it would be exact for minimum jerk, 0.49 for a cosine ramp, so the edge is right to 1 % or 3 % of the move's duration."""


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
    speed = slow_rate * way
    peak_at = begin + int(np.argmax(speed[begin:end]))
    peak = float(speed[peak_at])
    if peak <= 0:
        return None
    first, last = _quiet(speed, peak_at, LOW_SHARE * peak)
    left = _edge(t_s, speed, peak, peak_at, -1, first)
    right = _edge(t_s, speed, peak, peak_at, 1, last)
    return Ramp(left, right, peak, first, last + 1)


def _quiet(speed: Floats, peak_at: int, low: float) -> tuple[int, int]:
    """First indices on both sides of the peak where the speed is below `low`, or the border."""
    left = np.flatnonzero(speed[:peak_at] < low)
    right = np.flatnonzero(speed[peak_at:] < low)
    return (int(left[-1]) if len(left) else 0, peak_at + int(right[0]) if len(right) else len(speed) - 1)


def _edge(t_s: Floats, speed: Floats, peak: float, peak_at: int, way: int, limit: int) -> float:
    """Instant at which the move starts (way −1) or ends (way +1)."""
    walk = np.arange(peak_at, limit + way, way)
    at_high = walk[int(np.argmax(speed[walk] < HIGH_SHARE * peak))]
    at_low = walk[-1]
    return float(t_s[at_low] + EXTRAPOLATION * (t_s[at_low] - t_s[at_high]))
