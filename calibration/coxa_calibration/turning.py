"""Slow turns of the straight leg: the axis that they are about, and which way the first of them went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.ndimage import uniform_filter1d
from scipy.signal import detrend

from coxa_calibration.held import smoothed
from coxa_calibration.readings import CalibrationError, Floats, Readings, checked, rate_hz

TURNING_RAD_S = np.radians(5.0)
"""Below this it is a hold, and tremor and wander point anywhere."""

TOO_FAST_RAD_S = np.radians(150.0)
"""A quick turn shakes the strap on the skin."""

LEAST_ARC_RAD = np.radians(20.0)
"""Less turn at the strap than this is not told from swaying. The strap reads 40-60 % of the femur's turn
(Wren 2008, doi 10.1016/j.gaitpost.2007.07.006): 20° are about 40° of the leg, inward and outward together."""

SWING_SHARE = 0.13
"""Swing in phase with the turn over the turn at the strap, one sd of each direction across the axis. A leg turned by
35° swings by 2-5° (engineering judgement), the strap reads half of the turn: 0.07 / 0.53. It tips the principal axis
by atan(swing / turn), and explained variance stays above 0.99."""

NEUTRAL_RAD, AWAY_RAD = np.radians(7.0), np.radians(10.0)
"""At the strap: back at the neutral, and surely away from it."""

REST_RAD_S, REST_S = np.radians(5.0), 0.3
"""Slower than this for so long is a rest, from which a turn begins."""


@dataclass(frozen=True, slots=True)
class TurnAxis:
    """What slow turns are about: unit vector (3,) in the sensor frame (its sign is not known), sd in each direction
    across it, rad, and the arc at the strap, rad."""

    axis: Floats
    sd_rad: float
    arc_rad: float


def turn_axis(readings: Readings, bias_rad_s: Floats, bias_sd_rad_s: float = 0.0) -> TurnAxis:
    """Principal axis of the turns of a recording. bias_rad_s (3,) of the gyroscope, known to bias_sd_rad_s per axis.

    Raises:
        CalibrationError: `too_little` (arc under 20°), `too_fast`, or what `readings.checked` refuses.
    """
    r = checked(readings)
    gyr = smoothed(r).gyr_rad_s - bias_rad_s
    speed = np.linalg.norm(gyr, axis=1)
    if float(np.quantile(speed, 0.98)) > TOO_FAST_RAD_S:
        raise CalibrationError(
            f"The leg turned at up to {np.degrees(np.quantile(speed, 0.98)):.0f} deg/s.",
            "Turn slowly: two seconds from one end to the other.", "too_fast",
        )  # fmt: skip
    fast = np.asarray(gyr[speed > TURNING_RAD_S], dtype=np.float64)
    axis = np.linalg.eigh(fast.T @ fast)[1][:, -1] if len(fast) else np.array([0.0, 0.0, 1.0])
    # what the bias adds is a trend, and the turns end where they began
    angle = np.asarray(detrend(cumulative_trapezoid(r.gyr_rad_s @ axis, r.t_s, initial=0)), dtype=np.float64)
    arc = float(np.ptp(np.quantile(angle, [0.02, 0.98])))
    if arc < LEAST_ARC_RAD:
        raise CalibrationError(
            f"The strap turned by only {np.degrees(arc):.0f}° in all.",
            "Turn the straight leg out and in as far as is comfortable, three times.", "too_little",
        )  # fmt: skip
    from_bias = bias_sd_rad_s / float(np.sqrt(np.vdot(fast, fast) / len(fast)))
    return TurnAxis(axis, float(np.hypot(np.arctan(SWING_SHARE), from_bias)), arc)


def first_turns(readings: Readings, u: Floats, bias_rad_s: Floats) -> tuple[int, ...]:
    """Which way each turn from a rest at the neutral went: +1 or −1 about u (3,).

    The recording starts with a rest at the neutral. A turn counts when it leaves that level by 10° at the strap, the
    next only after another rest there.

    Raises:
        CalibrationError: `too_few` (no turn from a rest), or what `readings.checked` refuses.
    """
    r = checked(readings)
    rate = (smoothed(r).gyr_rad_s - bias_rad_s) @ u
    angle = cumulative_trapezoid((r.gyr_rad_s - bias_rad_s) @ u, r.t_s, initial=0)
    size = max(1, round(REST_S * rate_hz(r)))
    resting = uniform_filter1d(np.abs(rate), size, mode="nearest") < REST_RAD_S
    ways: list[int] = []
    level: float | None = None
    last = 0.0
    for at, rests in zip(angle.tolist(), resting.tolist(), strict=True):
        if level is None and rests and abs(at - last) < NEUTRAL_RAD:
            level = at
        elif level is not None and rests and abs(at - level) < NEUTRAL_RAD:
            last = level = at  # the neutral drifts with the rest of the bias
        elif level is not None and abs(at - level) > AWAY_RAD:
            ways.append(1 if at > level else -1)
            last, level = level, None
    if not ways:
        raise CalibrationError(
            "No turn that starts from a rest was found.",
            "Rest for a second with the toes up, then turn the foot outward, and repeat this three times.", "too_few",
        )  # fmt: skip
    return tuple(ways)
