"""When each sample was taken: the sample index regressed on the board clock.

The sensor's own oscillator sets the sampling rate and is up to 3 % off; the board stamps a block when it empties the
sensor's buffer, at the earliest when the first sample was there, often later. So the true line of board time over
sample index runs along the lower edge of the stamps (as for network delays: Moon, Skelly and Towsley 1999,
doi:10.1109/INFCOM.1999.749287). That edge is taken from a low quantile in each of some windows, and its slope as the
weighted median of the slopes between all pairs of windows (Theil 1950, Sen 1968, doi:10.1080/01621459.1968.10480934),
so that single wrong stamps, early or late, do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coxa.samples import Floats

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_WRAP_US = 2**32
RATE_TOLERANCE = 0.03
"""How far the true sampling rate is from the nominal one at most: data sheets of the supported chips."""
RATE_REFUSED = 0.05
"""A measured rate farther off than this is not the sensor but a fault: the nominal one is used, and said."""
STAMP_LATE_S = 2.5
"""The latest a stamp can be: the depth of the deepest sensor buffer (LSM6DSOX, 512 words at 104 Hz)."""
MIN_SPAN_S = 5.0
"""Shorter recordings keep the nominal rate: the lateness of stamps (10-50 ms) is then 1 % of the time or more."""
_LOW_QUANTILE = 0.1
"""Share of the stamps of a window that may be wrong on the early side."""
_MIN_WINDOW = 8
"""Blocks in a window at least: one of them is stamped in good time."""
_MAX_WINDOWS = 64
"""More would only cost time: the pairs grow with the square."""
_ROUNDS = 2
"""The second round looks for the edge along the slope of the first, not along the nominal rate."""


@dataclass(frozen=True, slots=True)
class SampleClock:
    """Sample times by sample index; zero is the first sample of the session (index 0).

    Attributes:
        sampling_rate_hz: of the sensor, in seconds of the board clock.
        sampling_rate_sd_hz: its standard deviation.
        source: `nominal` where the recording is too short or contradictory to measure it.
        starts: (k,) sample index where each segment starts: at breaks of the clock or of the count.
        start_s: (k,) time of those samples, s.
        clock_jumps: how often the board clock did not continue.
        late_s: 95 % of the stamps were later than the line by less than this, s.
    """

    sampling_rate_hz: float
    sampling_rate_sd_hz: float
    source: Literal["measured", "nominal"]
    starts: Ints
    start_s: Floats
    clock_jumps: int
    late_s: float

    def time_s(self, index: Ints) -> Floats:
        """Times of the samples `index` (n,), s; strictly increasing with the index."""
        k = np.maximum(np.searchsorted(self.starts, index, side="right") - 1, 0)
        return self.start_s[k] + (index - self.starts[k]) / self.sampling_rate_hz


def fit(
    first: Ints, count: Ints, t_us: Ints, *, clock_break: Bools, count_break: Bools, nominal_hz: float
) -> SampleClock:
    """The sample clock of one session.

    Args:
        first: (b,) index of the first sample of each block, increasing.
        count: (b,) samples in each block.
        t_us: (b,) board clock at that sample, µs, low 32 bits; never early but for single faults.
        clock_break: (b,) the board clock does not continue that of the block before; the sample count does.
        count_break: (b,) the count of samples lost before the block is an estimate; the board clock continues.
        nominal_hz: nominal sampling rate, Hz.
    """
    t_s, jumped = _unwrapped(first, t_us, nominal_hz)
    jumped[1:] |= clock_break[1:]
    begins = jumped | count_break
    begins[0] = True
    edges = np.append(np.flatnonzero(begins), len(first))
    segments = [slice(a, b) for a, b in pairwise(edges.tolist())]
    period_s, sd_s = _period(first, t_s, segments, nominal_hz)
    measured = abs(period_s * nominal_hz - 1.0) <= RATE_REFUSED
    if not measured:
        period_s = 1.0 / nominal_hz
        sd_s = period_s * RATE_TOLERANCE / np.sqrt(3.0)
    late = t_s - first * period_s
    offset = [_low(late[s]) for s in segments]
    over = np.concatenate([late[s] - low for s, low in zip(segments, offset, strict=True)])
    free = (first + count) * period_s
    shift = [0.0]
    for k, (before, s) in enumerate(pairwise(segments)):
        # By the clock where it continues, though not into the samples before; else by the count alone.
        by_clock = offset[k + 1] - offset[k]
        soonest = float(free[before.stop - 1] - first[s.start] * period_s)
        shift.append(shift[-1] + (0.0 if jumped[s.start] else max(by_clock, soonest)))
    return SampleClock(
        sampling_rate_hz=1.0 / period_s,
        sampling_rate_sd_hz=float(sd_s / period_s**2),
        source="measured" if measured else "nominal",
        starts=first[edges[:-1]],
        start_s=np.asarray(first[edges[:-1]] * period_s + np.array(shift), dtype=np.float64),
        clock_jumps=int(jumped.sum()),
        late_s=float(max(np.quantile(over, 0.95), 0.0)),
    )


def _unwrapped(first: Ints, t_us: Ints, nominal_hz: float) -> tuple[Floats, Bools]:
    """Board time (b,), s, from its low 32 bits, and (b,) where it cannot continue the block before.

    The sample index tells how many wraps of 71.6 min went by, so that a gap may last for hours.
    """
    expected = np.diff(first) / nominal_hz * 1e6
    error = (np.diff(t_us) - expected + _WRAP_US / 2) % _WRAP_US - _WRAP_US / 2
    jumped = np.abs(error) > RATE_TOLERANCE * expected + STAMP_LATE_S * 1e6
    step = np.where(jumped, expected, expected + error)
    return np.concatenate([[0.0], np.cumsum(step)]) * 1e-6, np.concatenate([[False], jumped])


def _period(first: Ints, t_s: Floats, segments: list[slice], nominal_hz: float) -> tuple[float, float]:
    """Sampling period and its standard deviation, s; NaN where the recording is too short to tell."""
    long = [s for s in segments if s.stop - s.start >= 2 * _MIN_WINDOW]
    if sum(t_s[s.stop - 1] - t_s[s.start] for s in long) < MIN_SPAN_S:
        return np.nan, np.nan
    period = 1.0 / nominal_hz
    edges: list[tuple[Floats, Floats]] = []
    for _ in range(_ROUNDS):
        edges = [_lower_edge(first[s], t_s[s], period) for s in long]
        period = _common_slope(edges)
    residuals = np.concatenate([r - np.median(r) for r in (t - period * x for x, t in edges)])
    # The 68 % quantile stands for one standard deviation; each segment's offset and the slope cost a freedom.
    freedom = max(len(residuals) - len(edges) - 1, 1) / len(residuals)
    spread = sum(float(np.sum((x - x.mean()) ** 2)) for x, _ in edges)
    return period, float(np.quantile(np.abs(residuals), 0.68) / np.sqrt(freedom * spread))


def _lower_edge(first: Ints, t_s: Floats, period: float) -> tuple[Floats, Floats]:
    """Index and time (w,), (w,) of the block at the low quantile of lateness in each window of a segment."""
    late = t_s - first * period
    windows = np.array_split(np.arange(len(first)), min(len(first) // _MIN_WINDOW, _MAX_WINDOWS))
    picked = [w[np.argsort(late[w])[int(_LOW_QUANTILE * len(w))]] for w in windows]
    return first[picked].astype(np.float64), t_s[picked]


def _common_slope(edges: list[tuple[Floats, Floats]]) -> float:
    """Median of the slopes between all pairs of points of the same segment, weighted by their distance."""
    pairs = [np.triu_indices(len(x), 1) for x, _ in edges]
    dx = np.concatenate([x[j] - x[i] for (x, _), (i, j) in zip(edges, pairs, strict=True)])
    dt = np.concatenate([t[j] - t[i] for (_, t), (i, j) in zip(edges, pairs, strict=True)])
    slopes = dt / dx
    order = np.argsort(slopes)
    weight = np.cumsum(dx[order])
    return float(slopes[order][np.searchsorted(weight, weight[-1] / 2)])


def _low(late: Floats) -> float:
    return float(np.sort(late)[int(_LOW_QUANTILE * len(late))])
