"""Uneven samples → one uniform grid on which everything slow is computed; nothing of the turn is lost on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.signal import butter, sosfiltfilt

from coxa.samples import Floats, Samples

GRID_RATE_HZ = 50.0
"""Fast enough for a hold's edges (0.02 s) and for the 10 Hz band of SPARC; slower recordings keep their own rate."""

GAP_FACTOR = 5.0
GAP_MIN_S = 0.1
"""A step longer than both 5 sample intervals and 0.1 s is a gap: shorter ones cost under 0.1° at exercise speed."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Uniformly timed samples in the sensor frame.

    `t_s` (m,) from the first to the last sample, `dt_s`; `gyr` (m, 3) mean rate around each point, rad/s; `acc`
    (m, 3), m/s²; `missing` (m,) True inside a gap; `gaps`: (start, end) of each, s; `is_part`: the recording has more
    before it.
    """

    t_s: Floats
    dt_s: float
    gyr: Floats
    acc: Floats
    missing: np.ndarray
    gaps: tuple[tuple[float, float], ...]
    is_part: bool = False

    def part(self, begin: int, end: int) -> Grid:
        """The grid points [begin, end) alone; self where that is all."""
        if (begin, end) == (0, len(self.t_s)):
            return self
        t = self.t_s[begin:end]
        gaps = tuple((max(a, float(t[0])), min(b, float(t[-1]))) for a, b in self.gaps if b > t[0] and a < t[-1])
        return Grid(
            t,
            self.dt_s,
            self.gyr[begin:end],
            self.acc[begin:end],
            self.missing[begin:end],
            gaps,
            self.is_part or begin > 0,
        )

    def low_passed(self, x: Floats, cutoff_hz: float) -> Floats:
        """x (m, …) without what is faster than cutoff_hz; zero phase, second-order Butterworth run both ways."""
        sos = butter(2, min(2 * cutoff_hz * self.dt_s, 0.95), output="sos")
        pad = min(len(x) - 1, int(1.0 / (cutoff_hz * self.dt_s)))
        return np.asarray(sosfiltfilt(sos, x, axis=0, padlen=pad), dtype=float)


def uniform(samples: Samples) -> Grid:
    """The grid of a recording (n samples, checked). The integral of the rate over any stretch is kept."""
    t = samples.t_s
    dt = max(1.0 / GRID_RATE_HZ, 1.0 / samples.sampling_rate_hz)
    grid_t = t[0] + np.arange(int((t[-1] - t[0]) / dt) + 1) * dt
    edges = np.concatenate([grid_t - dt / 2, grid_t[-1:] + dt / 2])
    step = np.diff(t)
    long = step > max(GAP_FACTOR * float(np.median(step)), GAP_MIN_S)
    gaps = tuple((float(t[i]), float(t[i + 1])) for i in np.flatnonzero(long))
    missing = np.zeros(len(grid_t), dtype=bool)
    for start, end in gaps:
        missing |= (grid_t > start) & (grid_t < end)
    return Grid(grid_t, dt, _means(t, samples.gyr_rad_s, edges), _means(t, samples.acc_m_s2, edges), missing, gaps)


def _means(t: Floats, x: Floats, edges: Floats) -> Floats:
    """Mean of x (n, 3) between successive edges (m + 1,), linear between samples, constant beyond the ends."""
    total = np.asarray(cumulative_trapezoid(x, t, axis=0, initial=0), dtype=float)
    out = np.empty((len(edges) - 1, x.shape[1]))
    for axis in range(x.shape[1]):
        at_edges = np.interp(edges, t, total[:, axis])
        out[:, axis] = np.diff(at_edges) / np.diff(np.clip(edges, t[0], t[-1]))
    return out
