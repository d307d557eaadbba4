"""Noise of a sensor that lies still: from samples to figures for each axis, with what the recording allows to say.

The estimators are those of `coxa_calibration.allan`; here is what they are applied to, and what may spoil them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.stats import chi2

from coxa.errors import InputError
from coxa.samples import Floats, Samples
from coxa_calibration.allan import KNOWN_FREEDOM, AllanCurve, Noise
from coxa_calibration.allan import noise as noise_of
from coxa_calibration.readings import CalibrationError, Estimate
from coxa_calibration.stillness import AT_REST, WINDOW_S, StillSpan, still_spans

Kind = Literal["gyroscope", "accelerometer"]
KINDS: tuple[Kind, ...] = ("gyroscope", "accelerometer")

NOISE_S, INSTABILITY_S, WALK_S = 120.0, 3600.0, 3 * 3600.0
"""How long a sensor has to lie for its noise density (three decades of averaging time at 100 Hz), its bias instability
(lowest near 1 to 5 min of averaging, known to ±20 % from an hour on) and its random walk."""

LYING = replace(AT_REST, turn_rad=np.radians(1.0), longest_s=np.inf)
"""At rest for hours: an accelerometer's offset that follows the room by 10 °C turns gravity by up to 0.5°, a table does
not turn by 1°."""

COARSE = 2.0
"""Steps of the samples over their standard deviation from which rounding is no noise of its own any more: what it adds
then hangs on where the offset lies between two steps (Widrow and Kollár 2008, ISBN 9780521886710)."""

MODEL_DENSITY, MODEL_WALK = 0.003, 0.3
"""Shares by which density and random walk may be off because real noise is not a sum of three straight lines: what
noise with a memory of minutes (first-order Gauss–Markov, five times as strong as the walk) did to them in simulations
of four hours."""

WALK_SURE = 2.0
"""Standard deviations that a random walk must be above nothing to be reported."""

TREND_SHARE = 10
"""The first and the last tenth are compared for a drift."""


@dataclass(frozen=True, slots=True)
class AxisNoise:
    """One axis, SI: rad/s or m/s².

    Attributes:
        noise: bias instability, curve; see `coxa_calibration.allan`. `density`: of the white noise.
        lowest_s: averaging time of the curve's lowest point, and the range of times in which it may lie as well.
        walk: random walk, unit/√s; None where the curve does not surely rise, or the recording is too short.
        step: of the samples; 0 where they are finer than can be told. `rounding`: its share of their variance.
        drift: mean of the last tenth less that of the first.
    """

    kind: Kind
    axis: Literal["x", "y", "z"]
    noise: Noise
    density: Estimate
    lowest_s: tuple[float, float, float]
    walk: Estimate | None
    step: float
    rounding: float
    drift: float

    @property
    def coarse(self) -> bool:
        """Whether the figures are those of the rounding."""
        return self.rounding > COARSE**2 / 12


@dataclass(frozen=True, slots=True)
class RestNoise:
    """Noise of the longest still part of a recording.

    Attributes:
        start_s, duration_s: of the part; `whole_s`: of the recording; `samples`: in the part.
        missing: samples lost inside the part, in gaps too short to hide a move; left out.
        temperature_c: (first, last, lowest, highest) of the chip over the part, or None.
        axes: gyroscope x, y, z, accelerometer x, y, z.
    """

    start_s: float
    duration_s: float
    whole_s: float
    samples: int
    missing: int
    rate_hz: float
    temperature_c: tuple[float, float, float, float] | None
    axes: tuple[AxisNoise, ...]

    def of(self, kind: Kind) -> tuple[AxisNoise, ...]:
        """The three axes of a kind."""
        return tuple(one for one in self.axes if one.kind == kind)


Watch = Callable[[Iterable[int]], Iterable[int]]
"""Hands on the numbers of the axes, one after the other, so that a wait can be shown."""


def rest_noise(samples: Samples, *, watch: Watch = iter) -> RestNoise:
    """Noise of the longest still part.

    Raises:
        InputError: nothing of it is still for long enough, or it cannot be used; with how long it has to lie for what.
    """
    if samples.gyr_derived or samples.acc_derived:
        which = "gyroscope" if samples.gyr_derived else "accelerometer"
        raise InputError(
            f"this recording has no {which} of its own, only what follows from an orientation",
            "Record the raw rate and the raw acceleration: a filter's output shows the filter's noise.",
        )
    try:
        span = longest_still(samples)
        part = slice(span.begin, span.end)
        t_s = samples.t_s[part]
        rate_hz = (len(t_s) - 1) / float(t_s[-1] - t_s[0])
        columns = [*samples.gyr_rad_s[part].T, *samples.acc_m_s2[part].T]
        axes = [_axis(k, np.ascontiguousarray(columns[k]), rate_hz) for k in watch(range(len(columns)))]
    except CalibrationError as error:
        raise InputError(error.what.rstrip("."), error.advice) from error
    steps = np.diff(t_s)
    missing = int((np.round(steps / np.median(steps)) - 1).clip(0).sum())
    heat = None if samples.temperature_c is None else samples.temperature_c[part]
    told = None if heat is None else (float(heat[0]), float(heat[-1]), float(heat.min()), float(heat.max()))
    return RestNoise(
        span.start_s - float(samples.t_s[0]), span.duration_s, samples.duration_s, len(t_s), missing, rate_hz, told,
        tuple(axes),
    )  # fmt: skip


def longest_still(samples: Samples) -> StillSpan:
    """The longest stretch at rest without a gap.

    Raises:
        InputError: none lasts for NOISE_S.
        CalibrationError: the samples are not fit to be judged.
    """
    spans = still_spans(samples, LYING)
    needs = (
        "Let it lie on a stone floor or a heavy table, without touching it: 2 minutes or more for its noise, an hour "
        "or more for its bias instability, a night for its random walk"
    )
    if not spans:
        raise InputError(f"the sensor is nowhere still in this recording ({_unrest(samples)})", f"{needs}.")
    longest = max(spans, key=lambda span: span.duration_s)
    if longest.duration_s < NOISE_S:
        raise InputError(
            f"the longest time that the sensor lies still here is {spoken(longest.duration_s)}, "
            f"of {spoken(samples.duration_s)}",
            f"{needs}.",
        )
    return longest


def interval(curve: AllanCurve, share: float) -> tuple[Floats, Floats]:
    """(k,), (k,) limits of the deviation that hold `share` of what it could be (chi-squared)."""
    low, high = (
        curve.deviation * np.sqrt(curve.freedom / chi2.ppf(q, curve.freedom))
        for q in ((1 + share) / 2, (1 - share) / 2)
    )
    return np.asarray(low), np.asarray(high)


def deviation_at(curve: AllanCurve, tau_s: float) -> float | None:
    """The deviation at an averaging time inside the curve; None outside."""
    if not curve.tau_s[0] <= tau_s <= curve.tau_s[-1] or not curve.deviation.all():
        return None
    logs: Floats = np.interp([np.log(tau_s)], np.log(curve.tau_s), np.log(curve.deviation))
    return float(np.exp(logs[0]))


def spoken(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 10 min`."""
    if seconds < NOISE_S:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _axis(k: int, values: Floats, rate_hz: float) -> AxisNoise:
    found = noise_of(values, rate_hz)
    step, rounding = _rounding(values)
    tenth = max(1, len(values) // TREND_SHARE)
    density = Estimate(found.white.value, float(np.hypot(found.white.sd, MODEL_DENSITY * found.white.value)))
    walk = _walk(found) if len(values) >= WALK_S * rate_hz else None
    return AxisNoise(
        KINDS[k // 3], ("x", "y", "z")[k % 3], found, density, _lowest(found.curve), walk, step, rounding,
        float(values[-tenth:].mean() - values[:tenth].mean()),
    )  # fmt: skip


def _lowest(curve: AllanCurve) -> tuple[float, float, float]:
    """Where the lowest point is that is known well enough, from and to where it may be as well, s."""
    deviation = np.where(curve.freedom >= KNOWN_FREEDOM, curve.deviation, np.inf)
    least = int(np.argmin(deviation))
    as_low = curve.low <= curve.high[least]
    begin = end = least
    while begin > 0 and as_low[begin - 1]:
        begin -= 1
    while end + 1 < len(as_low) and as_low[end + 1]:
        end += 1
    return float(curve.tau_s[least]), float(curve.tau_s[begin]), float(curve.tau_s[end])


def _walk(found: Noise) -> Estimate | None:
    """The walk as well known as at the averaging time that tells most of it: a share s of a variance that is known to
    √(2 / freedom) is known to that over s, and its root to half of it."""
    curve = found.curve
    if not found.walk or not found.instability_seen:
        return None
    share = np.clip(found.walk**2 * curve.tau_s / 3 / curve.deviation**2, 1e-9, 1.0)
    sd = found.walk * float(np.hypot(MODEL_WALK, (1 / (share * np.sqrt(2 * curve.freedom))).min()))
    return Estimate(found.walk, sd) if found.walk > WALK_SURE * sd else None


def _rounding(values: Floats) -> tuple[float, float]:
    """Smallest step between the values, and the share of rounding to it (step² / 12) in their variance."""
    levels = np.unique(values)
    variance = float(np.var(np.diff(values)) / 2)  # of neighbours: without what wanders
    if len(levels) < 2 or variance == 0.0:
        return 0.0, np.inf
    step = float(np.diff(levels).min())
    return step, step**2 / 12 / variance


def _unrest(samples: Samples) -> str:
    """How much it moves, in words."""
    size = max(3, round(WINDOW_S * samples.sampling_rate_hz))
    count = len(samples) // size
    if count == 0:
        return f"it lasts {spoken(samples.duration_s)}"
    rate, force = (
        float(np.median(np.sqrt(values[: count * size].reshape(count, size, 3).var(axis=1).sum(axis=1))))
        for values in (samples.gyr_rad_s, samples.acc_m_s2)
    )
    return (
        f"within half a second its rate varies by {np.degrees(rate):.2g} deg/s and its acceleration by {force:.2g} "
        f"m/s²; at rest they vary by less than {np.degrees(LYING.gyr_rad_s):.1g} and {LYING.acc_m_s2:.2g}"
    )
