"""Noise of a sensor that lies still for a long time: Allan deviation, white noise, bias instability. Plot data only.

Allan 1966, doi 10.1109/PROC.1966.4634; overlapping estimator and its degrees of freedom: Riley and Howe 2008,
doi 10.6028/NIST.SP.1065; for inertial sensors: El-Sheimy, Hou and Niu 2008, doi 10.1109/TIM.2007.908635.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from scipy.stats import chi2

from coxa_calibration.readings import CalibrationError, Estimate, Floats

FLICKER = np.sqrt(2 * np.log(2) / np.pi)
"""Allan deviation of flicker noise over its bias instability: the flat part of the curve lies at 0.664 times it."""

FEWEST_PER_CLUSTER = 9
"""Longest averaging time as a share of the recording: a ninth, beyond which the deviation is known to ±35 % only."""

KNOWN_FREEDOM = 25.0
"""Degrees of freedom (±14 %) below which a point is not taken for the curve's lowest: the least of several uncertain
points is too small."""

POINTS_PER_DECADE = 10

SHORTEST_S = 60.0
"""Below this not even the white noise is seen over two decades of averaging time."""

TWO_SIDED = 0.6827
"""Confidence of the intervals: one standard deviation."""


@dataclass(frozen=True, slots=True)
class AllanCurve:
    """Allan deviation of one axis: tau_s, deviation, and its 68 % interval low and high, each (k,), in the signal's
    unit; freedom (k,) equivalent degrees of freedom."""

    tau_s: Floats
    deviation: Floats
    low: Floats
    high: Floats
    freedom: Floats


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of one axis, in the signal's unit (rad/s or m/s²).

    Attributes:
        white: density, unit/√Hz (times √s an angle or velocity random walk), of a one-sided spectrum: a sample at rate
            f has the standard deviation white · √(f/2).
        instability: bias instability; an upper bound where `instability_seen` is False (the curve was still falling at
            its end, so record for longer).
        walk: rate random walk, unit/√s; 0 where the curve does not rise.
    """

    white: Estimate
    instability: Estimate
    instability_seen: bool
    walk: float
    curve: AllanCurve


def allan_deviation(values: Floats, rate_hz: float) -> AllanCurve:
    """Overlapping Allan deviation of values (n,) sampled evenly at rate_hz.

    Raises:
        CalibrationError: reason `too_short`, `not_a_number` or `shape`.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1:
        raise CalibrationError(f"The signal has the shape {values.shape}.", "Give one axis at a time.", "shape")
    if not np.isfinite(values).all():
        raise CalibrationError("The signal has values that are not numbers.", "Leave them out.", "not_a_number")
    if len(values) < SHORTEST_S * rate_hz:
        raise CalibrationError(
            f"The recording is only {len(values) / rate_hz:.0f} s long.",
            "Leave the sensor lying still for an hour, or for ten minutes if only its white noise is asked.",
            "too_short",
        )  # fmt: skip
    longest = len(values) // FEWEST_PER_CLUSTER
    sizes = np.unique(np.geomspace(1, longest, int(POINTS_PER_DECADE * np.log10(longest)) + 1).astype(int))
    phase = np.concatenate([[0.0], np.cumsum(values - values.mean())]) / rate_hz
    variance = np.array([_variance(phase, int(m), m / rate_hz) for m in sizes])
    freedom = _freedom(len(phase), sizes)
    low, high = (np.sqrt(variance * freedom / chi2.ppf(q, freedom)) for q in ((1 + TWO_SIDED) / 2, (1 - TWO_SIDED) / 2))
    return AllanCurve(sizes / rate_hz, np.sqrt(variance), np.asarray(low), np.asarray(high), freedom)


def noise(values: Floats, rate_hz: float) -> Noise:
    """White noise, bias instability and random walk of values (n,) sampled evenly at rate_hz, at rest throughout.

    Fits N²/τ + (0.664 B)² + K² τ/3 to the Allan variance, none of the three negative, each τ weighted by how well its
    deviation is known; the instability is the curve's lowest point over 0.664, as data sheets have it.

    Raises:
        CalibrationError: as `allan_deviation`.
    """
    curve = allan_deviation(values, rate_hz)
    tau, variance = curve.tau_s, curve.deviation**2
    if not variance.any():
        return Noise(Estimate(0.0, 0.0), Estimate(0.0, 0.0), False, 0.0, curve)
    terms = np.column_stack([1 / tau, np.ones_like(tau), tau / 3])
    weight = np.sqrt(curve.freedom / 2) / variance  # the relative sd of a variance is √(2 / freedom)
    found = nnls(terms * weight[:, None], variance * weight)[0]
    density = float(np.sqrt(2 * found[0]))
    least = int(np.argmin(np.where(curve.freedom >= KNOWN_FREEDOM, curve.deviation, np.inf)))
    seen = least < len(tau) - 2 and curve.deviation[least] < curve.low[least + 1 :].max()
    lowest = float(curve.deviation[least] / FLICKER)
    spread = float((curve.high[least] - curve.low[least]) / 2 / FLICKER)
    # neighbours share their samples: as well known as the deviation where white noise still makes up most of it
    mostly = found[0] / tau > 0.9 * (terms @ found)
    freedom = float(curve.freedom[mostly].max()) if mostly.any() else 1.0
    white = Estimate(density, float(density / np.sqrt(2 * freedom)))
    return Noise(white, Estimate(lowest, spread), bool(seen), float(np.sqrt(found[2])), curve)


def _variance(phase: Floats, m: int, tau_s: float) -> float:
    """Overlapping Allan variance from the integral of the signal."""
    second = phase[2 * m :] - 2 * phase[m:-m] + phase[: -2 * m]
    return float(np.mean(second**2) / (2 * tau_s**2))


def _freedom(n: int, m: Floats) -> Floats:
    """Equivalent degrees of freedom for white noise in the rate (Riley and Howe 2008, table 5), n integrals."""
    edf = (3 * (n - 1) / (2 * m) - 2 * (n - 2) / n) * 4 * m**2 / (4 * m**2 + 5)
    return np.asarray(np.maximum(edf, 1.0))
