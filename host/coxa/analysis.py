"""From the samples of one set to its verdict: axis, rotation, repetitions, quality."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import cumulative_trapezoid

from coxa.calibration.applied import NONE, Calibration, corrected
from coxa.calibration.bone import as_bone
from coxa.checks import checked_samples
from coxa.fusion.axis import CALIBRATED
from coxa.protocols import Protocol, for_position
from coxa.reps.score import scored, summarize
from coxa.results import Analysis, Position, Side
from coxa.samples import Floats, Samples
from coxa.solve import Solution, check_pose, solve

OUTSIDE_BIAS_SD_RAD_S = np.radians(0.2)
"""What is uncertain of the bias outside the set, one sd."""

LEFT_OUT_MIN_S = 2.0
"""Less than this before or after the set goes without saying."""


def analyze(
    t_s: ArrayLike, gyr_rad_s: ArrayLike | None, acc_m_s2: ArrayLike | None, *, position: Position, side: Side,
    quat: ArrayLike | None = None, calibration: Calibration = NONE,
) -> Analysis:  # fmt: skip
    """Rotation, repetitions and quality of one recorded set.

    Args:
        t_s: (n,) sample times, s, strictly increasing; 25-500 Hz, even or not.
        gyr_rad_s: (n, 3) angular rate in the sensor frame, rad/s; None if only `quat` is known.
        acc_m_s2: (n, 3) specific force in the sensor frame, m/s², +g upwards when still; None if only `quat` is known.
        position: pose of the set: wall, seated, prone, supine, side or standing.
        side: leg that wears the sensor: left or right.
        quat: (n, 4) orientation sensor → earth, scalar first, earth z up; used where rate or force is missing.
        calibration: of sensor, body and skin, as far as there are any.

    Raises:
        InputError: the arrays cannot be used; the message says what, where and what to do.
        UsageError: an unknown position or side.
    """
    samples = checked_samples(t_s, gyr_rad_s, acc_m_s2, quat)
    return analyze_samples(samples, position=position, side=side, calibration=calibration)


def analyze_samples(
    samples: Samples, *, position: Position, side: Side, protocol: Protocol | None = None,
    calibration: Calibration = NONE,
) -> Analysis:  # fmt: skip
    """The same for checked samples, and with another protocol."""
    check_pose(position, side)
    protocol = protocol or for_position(position)
    samples, calibration = corrected(samples, calibration)
    solution = solve(samples, position, side, protocol, calibration)
    if calibration.body and solution.axis.source != CALIBRATED:
        calibration = calibration.without("body")  # why stands in the caution
    analysis = present(solution, samples, position, side, protocol)
    warnings = (*analysis.warnings, *calibration.notes) if analysis.reps else analysis.warnings
    analysis = replace(analysis, calibrations=calibration.used, warnings=warnings)
    return as_bone(analysis, calibration.skin) if calibration.skin else analysis


def present(solution: Solution, samples: Samples, position: Position, side: Side, protocol: Protocol) -> Analysis:
    """The result of a solved set."""
    axis, zero = solution.axis, solution.zero
    reps = scored([m.rep for m in solution.measured], protocol)
    angle, sd, swing = _series(solution, samples)
    return Analysis(
        position=position, side=side, label="thigh",
        sampling_rate_hz=samples.sampling_rate_hz, duration_s=samples.duration_s,
        observability=solution.observability, gaps=len(solution.gaps), gap_spans_s=solution.gaps,
        neutral="start" if zero.source == "start" else "returns",
        neutral_start_deg_drift=reps[-1].return_error_deg if reps and zero.source == "start" else None,
        axis=(float(axis.u[0]), float(axis.u[1]), float(axis.u[2])), axis_sd_deg=float(np.degrees(axis.sd_rad)),
        axis_source=axis.source, sign_source=axis.sign_source, warnings=_warnings(solution, samples),
        reps=reps, set=summarize(solution.course, solution.measured, reps, protocol), t_s=samples.t_s,
        rotation_deg=angle, rotation_sd_deg=sd, swing_deg=swing,
    )  # fmt: skip


def _series(solution: Solution, samples: Samples) -> tuple[Floats, Floats, Floats]:
    """Angle, its sd and the swing in degrees at the sample times: the turn between grid points is the sensor's own."""
    grid, course = solution.grid, solution.course
    # before and after the set nothing holds the angle: it goes on with the bias of the set, and its sd grows
    rate = (samples.gyr_rad_s - solution.coarse_bias) @ solution.axis.u
    exact = np.asarray(cumulative_trapezoid(rate, samples.t_s, initial=0), dtype=float)
    correction = course.angle - course.sign * np.interp(grid.t_s, samples.t_s, exact)
    angle = course.sign * exact + np.interp(samples.t_s, grid.t_s, correction)
    index = np.unique(np.append(np.arange(0, len(grid.t_s), max(1, round(0.5 / grid.dt_s))), len(grid.t_s) - 1))
    rows = course.sign * course.estimate.rows(index) - course.zero_row
    sd = np.interp(samples.t_s, grid.t_s[index], np.hypot(course.estimate.sd(rows), course.zero_sd_rad))
    sd = np.hypot(sd, course.axis_scale_sd * angle)
    outside_s = np.maximum(np.maximum(grid.t_s[0] - samples.t_s, samples.t_s - grid.t_s[-1]), 0.0)
    sd = np.hypot(sd, OUTSIDE_BIAS_SD_RAD_S * outside_s)
    swing = np.interp(samples.t_s, grid.t_s, course.swing)
    return np.degrees(angle), np.degrees(sd), np.degrees(swing)


def _warnings(solution: Solution, samples: Samples) -> tuple[str, ...]:
    """Full sentences that belong beside the numbers."""
    axis, gaps = solution.axis, solution.gaps
    out: list[str] = [axis.caution] if axis.caution else []
    if not solution.measured:
        return tuple(out)  # that none was found stands in the advice
    if axis.sign_source == "order":
        out.append(
            "Which way is inward was taken from the order (outward first): "
            "if the set began inward, IR and ER are exchanged."
        )
    if not solution.bias_seen or not any(e.kind == "plateau" for e in solution.events):
        out.append("No still moment was found: the drift of the sensor is held only by the returns to the neutral.")
    if solution.zero.source == "middle":
        out.append(
            "No pause at the neutral was found: zero is the middle between the ends, "
            "so IR and ER apart are uncertain; the arc is not."
        )
    elif solution.zero.source == "returns":
        out.append("There was no still start: zero is the mean of the returns to the neutral.")
    before = solution.grid.t_s[0] - samples.t_s[0]
    after = samples.t_s[-1] - solution.grid.t_s[-1]
    if max(before, after) > LEFT_OUT_MIN_S:
        out.append(
            f"The set was found between other movement: {before:.0f} s before it and {after:.0f} s after it "
            "were left out."
        )
    if gaps:
        lost = sum(b - a for a, b in gaps)
        out.append(
            f"{len(gaps)} gap{'s' * (len(gaps) > 1)} in the data, {lost:.1f} s in all; nothing was filled in silently."
        )
    if samples.gyr_derived:
        out.append(
            "The recording has no gyroscope: the rate was taken from its orientation, "
            "whose own filter may have smoothed or drifted."
        )
    return tuple(out)
