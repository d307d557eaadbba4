"""The personal gain measured: slow turns with the knee straight, one sensor on the thigh, one on the shank.

With the knee straight the shank turns with the femur and little lies between its skin and its bone. Where one sensor
has to serve for both, it is moved between two sets; then no moment is shared and only the ends of the repetitions are
set against each other, which adds what the wearer does differently in the second set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from coxa_calibration.deming import Fit, hinge, hinges, r_squared
from coxa_calibration.gain import PersonalGain
from coxa_calibration.gain_checks import check_creep, check_reps, check_slip, check_slopes, check_swing
from coxa_calibration.paired import Points, check_size, checked_series, paired_stays
from coxa_calibration.readings import CalibrationError, Estimate, Floats

SHANK = Estimate(0.98, 0.03)
"""Share of the femur's turn that the shank shows with the knee straight. Its sd is assumed: published is 98 ± 8 % for
a marker on the patella, its own scatter included (Wren 2008, doi 10.1016/j.gaitpost.2007.07.006)."""

SHANK_SD_RAD, THIGH_SD_RAD = np.radians(0.6), np.radians(0.5)
"""Errors of the two angles at a stay: drift, play of the knee, wobble of the skin. Only their ratio counts."""

SCALE_SD = 0.005
"""Scale of a gyroscope that was not calibrated, one sd (LSM6DSOX class); two of them enter the gain."""

SET_CHANGE_SD_RAD = np.radians(1.5)
"""How far the ends of one set are from those of the next, one sd. Assumed: half of what sessions differ by."""

AT_STOPS_SD_RAD = np.radians(0.7)
"""The same where the foot is turned until it touches something that stays for both sets. Assumed."""

MIN_R_SQUARED = 0.95
MAX_RELATIVE_SD = 0.10
"""A gain less certain than this is hardly better than the share of the population, which is good to 0.19."""

BOOTSTRAPS = 200


@dataclass(frozen=True, slots=True)
class Ends:
    """One set as its repetitions, rad: `ir_rad`, `er_rad` (n,) magnitudes of the ends, `neutral_rad` (m,) returns.

    All from the still start of the set; IR positive.
    """

    ir_rad: Floats
    er_rad: Floats
    neutral_rad: Floats


def gain_together(
    t_s: Floats, thigh_rad: Floats, shank_rad: Floats, *, side: str, strap: str, made_at: datetime,
    shank_swing_rad: Floats | None = None, scale_sd: float = SCALE_SD, shank_share: Estimate = SHANK,
) -> PersonalGain:  # fmt: skip
    """The gain from two sensors worn at once.

    Args:
        t_s: (n,) common clock, s, increasing, ≥ 20 Hz. `thigh_rad`, `shank_rad`: (n,) turn, rad, IR positive, zero at
            the neutral, drift removed.
        shank_swing_rad: (n,) how far the shank points away from where it pointed in the neutral, rad. A bent knee
            shows in it only if the axis it is counted from was found standing still, not from the turn itself.
        scale_sd: relative sd of each gyroscope's scale.
        shank_share: share of the femur's turn that the shank shows.

    Raises:
        CalibrationError: `shape`, `not_a_number`, `times`, `slow`, `units`, `too_short`, `too_few`, `small_range`,
            `swing`, `exchanged`, `opposite`, `moved`, `no_line`, `poor_fit` or `uncertain`.
    """
    t, thigh, shank_turn = checked_series(t_s, thigh_rad, shank_rad)
    if shank_swing_rad is not None:
        check_swing(np.asarray(shank_swing_rad, dtype=np.float64), len(t))
    points = paired_stays(t, thigh, shank_turn)
    x, y = shank_turn - points.zero_x, thigh - points.zero_y
    check_reps(points, x)
    fit = hinge(points.x, points.y, SHANK_SD_RAD, THIGH_SD_RAD)
    check_slip(fit.residuals)
    check_slopes(fit)
    residuals = y - fit.offset - np.where(x > 0, *fit.slopes) * x
    covariance = _covariance(points, fit, (SHANK_SD_RAD, THIGH_SD_RAD))
    return _gain(points, fit, covariance, r_squared(y, residuals), side=side, strap=strap, made_at=made_at,
                 method="together", scale_sd=scale_sd, shank=shank_share)  # fmt: skip


def gain_in_turn(
    thigh: Ends, shank: Ends, *, side: str, strap: str, made_at: datetime, scale_sd: float = 0.0,
    shank_share: Estimate = SHANK, set_change_sd_rad: float = SET_CHANGE_SD_RAD,
) -> PersonalGain:  # fmt: skip
    """The gain from one sensor worn on the thigh in one set and on the shank in the next, both done alike.

    The i-th end of one set is set against the i-th of the other; what one set has more is left out. The scale of the
    sensor is the same in both and cancels. set_change_sd_rad: how far the ends of one set are from those of the other,
    one sd; AT_STOPS_SD_RAD where the foot had something to touch. All else as `gain_together`.
    """
    families = [
        (_ends(s, sign), _ends(t, sign))
        for s, t, sign in (
            (shank.ir_rad, thigh.ir_rad, 1.0), (shank.er_rad, thigh.er_rad, -1.0),
            (shank.neutral_rad, thigh.neutral_rad, 1.0),
        )
    ]  # fmt: skip
    check_creep(families[2][1])
    counts = [min(len(s), len(t)) for s, t in families]
    x, y = (np.concatenate([pair[i][:n] for pair, n in zip(families, counts, strict=True)]) for i in (0, 1))
    points = Points.of(x, y, np.repeat([1, -1, 0], counts))
    check_reps(points, points.x)
    sds = points.scatter(SHANK_SD_RAD, THIGH_SD_RAD)
    fit = hinge(points.x, points.y, *sds)
    check_slopes(fit)
    covariance = _covariance(points, fit, sds)
    change = [math.sqrt(2) * set_change_sd_rad * b / points.end(s) for s, b in zip((1, -1), fit.slopes, strict=True)]
    covariance = covariance + np.diag(np.square(change))
    return _gain(points, fit, covariance, r_squared(points.y, fit.residuals), side=side, strap=strap, made_at=made_at,
                 method="in-turn", scale_sd=scale_sd, shank=shank_share)  # fmt: skip


def _ends(values: Floats, sign: float) -> Floats:
    """(n,) sign · values, once they are angles."""
    out = sign * np.asarray(values, dtype=np.float64)
    if out.ndim != 1:
        raise CalibrationError(f"The ends have the shape {out.shape}, not (n,).", "Give one for each turn.", "shape")
    if not np.isfinite(out).all():
        raise CalibrationError("An end of a repetition is not a number.", "Leave it out.", "not_a_number")
    check_size(out)
    return out


def _gain(
    points: Points, fit: Fit, covariance: Floats, explained: float, *, side: str, strap: str, made_at: datetime,
    method: Literal["together", "in-turn"], scale_sd: float, shank: Estimate,
) -> PersonalGain:  # fmt: skip
    if explained < MIN_R_SQUARED:
        raise CalibrationError(
            f"The thigh follows the shank too loosely (R² {explained:.2f}, {MIN_R_SQUARED} is needed).",
            "Tighten the strap, turn slowly with a straight knee, and repeat.", "poor_fit",
        )  # fmt: skip
    k = np.array(fit.slopes) * shank.value
    shared = np.hypot(shank.sd / shank.value, math.sqrt(2) * scale_sd)
    total = covariance * shank.value**2 + shared**2 * np.outer(k, k)
    sd = np.sqrt(np.diag(total))
    if float((sd / k).max()) > MAX_RELATIVE_SD:
        raise CalibrationError(
            f"The gain is only known to {100 * float((sd / k).max()):.0f} %.",
            "Repeat with more repetitions, and turn further.", "uncertain",
        )  # fmt: skip
    return PersonalGain(
        side=side, strap=strap, k_ir=Estimate(float(k[0]), float(sd[0])), k_er=Estimate(float(k[1]), float(sd[1])),
        correlation=float(np.clip(total[0, 1] / (sd[0] * sd[1]), -1.0, 1.0)), r_squared=explained,
        residual_sd_rad=float(np.sqrt(fit.residuals @ fit.residuals / fit.dof)), n_reps=points.reps,
        range_ir_rad=points.end(1), range_er_rad=points.end(-1), made_at=made_at, method=method,
    )  # fmt: skip


def _covariance(points: Points, fit: Fit, sds: tuple[float, float]) -> Floats:
    """(2, 2) of the slopes: the larger sd of the model's, scaled by the residuals, and of a bootstrap over the stays.

    The bootstrap draws within each family (inner ends, outer ends, neutrals), so that none is ever without points; its
    sequence is fixed: the same data give the same sd.
    """
    model = fit.scaled_covariance[1:, 1:]
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(points.family == f) for f in (1, -1, 0)]
    times = np.zeros((BOOTSTRAPS, len(points.x)))
    for family in members:
        times[:, family] = rng.multinomial(len(family), np.full(len(family), 1 / len(family)), BOOTSTRAPS)
    slopes = hinges((points.x, points.y), sds, times)
    fewest = min(map(len, members))
    resampled = np.cov(slopes.T) * fewest / (fewest - 1)
    grow = np.sqrt(np.maximum(np.diag(resampled) / np.diag(model), 1.0))
    return np.asarray(model * np.outer(grow, grow))
