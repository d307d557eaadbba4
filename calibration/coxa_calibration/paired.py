"""Where thigh and shank are compared: the stops at both ends and at the neutral, as pairs of angles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from coxa_calibration.readings import FEWEST_SAMPLES, SLOWEST_HZ, CalibrationError, Floats

MIN_TURN_RAD = np.radians(10.0)
"""A smaller turn than this has errors of a tenth of itself and tells no gain."""

NEUTRAL_SHARE, END_SHARE = 0.25, 0.5
"""A stop within this share of the furthest one is the neutral; beyond the second share of its own side's it is an end;
between them it helps the fit and counts for neither."""

STEP_S, SMOOTH_S = 0.02, 0.2
"""Grid on which stops are looked for, and the time over which the rate is smoothed: tremor out, stops in."""

SLOW_RAD_S, SLOW_SHARE = np.radians(3.0), 0.1
"""A stop: slower than this, or than this share of the brisk part (upper twentieth) of the turning."""

STOP_MIN_S = 0.25
"""A shorter one is a turning point, or an outage of which only the edges were heard."""

MOST_RAD = math.pi
"""No leg turns this far from its neutral: the angles are in degrees, or drift."""


@dataclass(frozen=True, slots=True)
class Points:
    """Pairs of angles, rad, from the mean neutral of each series.

    Attributes:
        x, y: (n,) of shank and thigh, in order of time where there is one.
        family: (n,) 1 inner end, −1 outer end, 0 neutral, 2 none of these.
        zero_x, zero_y: the neutral of the series as they were given.
    """

    x: Floats
    y: Floats
    family: NDArray[np.intp]
    zero_x: float
    zero_y: float

    @classmethod
    def of(cls, x: Floats, y: Floats, family: NDArray[np.intp]) -> Points:
        """The points (n,) with the mean neutral taken off; the given zero stays where there is no neutral."""
        neutral = family == 0
        zeros = (float(x[neutral].mean()), float(y[neutral].mean())) if neutral.any() else (0.0, 0.0)
        return cls(x - zeros[0], y - zeros[1], family, *zeros)

    @property
    def reps(self) -> int:
        """Ends of the direction that has fewer."""
        return min(int(np.count_nonzero(self.family == f)) for f in (1, -1))

    def end(self, family: int) -> float:
        """Mean turn of the shank at an end, rad, as a magnitude; 0 where there is none."""
        found = self.x[self.family == family]
        return float(abs(found.mean())) if len(found) else 0.0

    def scatter(self, least_x: float, least_y: float) -> tuple[float, float]:
        """Spread of x and of y within the families, rad, but not less than the two given."""
        families = [self.family == f for f in (1, -1, 0)]
        dof = max(len(self.x) - 3, 1)
        inner = [math.sqrt(sum(float(np.sum((v[f] - v[f].mean()) ** 2)) for f in families) / dof)
                 for v in (self.x, self.y)]  # fmt: skip
        return max(inner[0], least_x), max(inner[1], least_y)


def checked_series(t_s: Floats, thigh_rad: Floats, shank_rad: Floats) -> tuple[Floats, Floats, Floats]:
    """The three as float arrays (n,), once they are fit to be compared.

    Raises:
        CalibrationError: `shape`, `too_short`, `not_a_number`, `times`, `slow` or `units`.
    """
    t, thigh, shank = (np.asarray(a, dtype=np.float64) for a in (t_s, thigh_rad, shank_rad))
    if t.ndim != 1 or thigh.shape != t.shape or shank.shape != t.shape:
        raise CalibrationError(
            f"Times, thigh and shank have the shapes {t.shape}, {thigh.shape} and {shank.shape}.",
            "Give one angle of each for each time.", "shape",
        )  # fmt: skip
    if len(t) < FEWEST_SAMPLES:
        raise CalibrationError(f"The recording has only {len(t)} samples.", "Record five repetitions.", "too_short")
    for name, values in (("time", t), ("thigh", thigh), ("shank", shank)):
        if not np.isfinite(values).all():
            first = int(np.flatnonzero(~np.isfinite(values))[0])
            raise CalibrationError(
                f"Sample {first} of the {name} is not a number.", "Leave such samples out.", "not_a_number"
            )
    steps = np.diff(t)
    if (steps <= 0).any():
        raise CalibrationError(
            f"The time does not increase after sample {int(np.flatnonzero(steps <= 0)[0])}.",
            "Give the samples in order, each one once.", "times",
        )  # fmt: skip
    if np.median(steps) > 1 / SLOWEST_HZ:
        raise CalibrationError(
            f"The sampling rate is {1 / np.median(steps):.3g} Hz, less than {SLOWEST_HZ:g} Hz.",
            "Record at 50 Hz or more, with times in seconds.", "slow",
        )  # fmt: skip
    check_size(thigh)
    check_size(shank)
    return t, thigh, shank


def check_size(angle_rad: Floats) -> None:
    """Refuse (`units`) angles (n,) that no leg makes."""
    most = float(np.abs(angle_rad).max(initial=0.0))
    if most > MOST_RAD:
        raise CalibrationError(
            f"An angle of {most:.0f} rad is further than a leg turns: it looks like degrees, or like drift.",
            "Give the angles in rad, from the neutral of the set.", "units",
        )  # fmt: skip


def paired_stays(t_s: Floats, thigh_rad: Floats, shank_rad: Floats) -> Points:
    """Mean angles over each stop of the shank: t_s (n,) s, angles (n,) rad from the neutral."""
    spans = _stops(t_s, shank_rad)
    x, y = (np.array([float(v[a:b].mean()) for a, b in spans]) for v in (shank_rad, thigh_rad))
    top = float(np.abs(x).max()) if len(x) else 0.0
    family = np.full(len(x), 2, dtype=np.intp)
    family[np.abs(x) < NEUTRAL_SHARE * top] = 0
    for sign in (1, -1):
        furthest = float((sign * x).max()) if len(x) else 0.0
        family[sign * x > max(END_SHARE * furthest, NEUTRAL_SHARE * top)] = sign
    return Points.of(x, y, family)


def _stops(t_s: Floats, turn_rad: Floats) -> list[tuple[int, int]]:
    """Sample ranges [begin, end) in which turn_rad (n,) stands still."""
    grid = np.arange(t_s[0], t_s[-1], STEP_S)
    if len(grid) < FEWEST_SAMPLES:
        return []
    rate = np.gradient(uniform_filter1d(np.interp(grid, t_s, turn_rad), round(SMOOTH_S / STEP_S)), STEP_S)
    limit = max(float(SLOW_RAD_S), SLOW_SHARE * float(np.quantile(np.abs(rate), 0.95)))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (np.abs(rate) < limit).astype(np.int8), [0]])))
    inside = np.stack([edges[::2], edges[1::2] - 1], axis=1)
    fewest = STOP_MIN_S / float(np.median(np.diff(t_s)))
    return [(int(a), int(b)) for a, b in np.searchsorted(t_s, grid[inside]) if b - a >= fewest]
