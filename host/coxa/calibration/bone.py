"""From the turn of the strap to the turn of the femur, for a whole result: each number with what the gain adds to it.

The shares differ inward and outward, so a set is converted repetition by repetition and summed up anew. What says how
the exercise was done (pace, smoothness, holds, score) stays as it was at the strap.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import theilslopes

from coxa.results import Analysis, Means, Rep, SetSummary
from coxa.samples import Floats
from coxa_calibration.gain import PersonalGain, label
from coxa_calibration.readings import Estimate


def as_bone(analysis: Analysis, gain: PersonalGain) -> Analysis:
    """The result of a set at the thigh as that of the femur, labelled so; `thigh` keeps the means as they were."""
    reps = tuple(bone_rep(rep, gain) for rep in analysis.reps)
    angle, sd = gain.bone_angle(np.radians(analysis.rotation_deg), np.radians(analysis.rotation_sd_deg))
    drift = analysis.neutral_start_deg_drift
    return replace(
        analysis,
        label=label(gain),
        reps=reps,
        set=_set(analysis.set, reps, gain),
        neutral_start_deg_drift=None if drift is None else _signed_deg(drift, gain),
        rotation_deg=np.degrees(angle),
        rotation_sd_deg=np.degrees(sd),
        thigh=Means(**{name: getattr(analysis.set, name) for name in Means.__slots__}),
    )


def bone_rep(rep: Rep, gain: PersonalGain) -> Rep:
    """A repetition at the thigh as that of the femur."""
    ir, ir_sd = _end_deg(rep.ir_deg, rep.ir_sd_deg, gain, 1.0)
    er, er_sd = _end_deg(rep.er_deg, rep.er_sd_deg, gain, -1.0)
    arc = _arc_deg((rep.ir_deg, rep.ir_sd_deg), (rep.er_deg, rep.er_sd_deg), rep.arc_sd_deg, gain)
    return replace(
        rep, ir_deg=ir, er_deg=er, arc_deg=arc.value, ir_sd_deg=ir_sd, er_sd_deg=er_sd, arc_sd_deg=arc.sd,
        return_error_deg=_signed_deg(rep.return_error_deg, gain),
    )  # fmt: skip


def _set(at_thigh: SetSummary, reps: tuple[Rep, ...], gain: PersonalGain) -> SetSummary:
    valid = [rep for rep in reps if rep.valid]
    s = at_thigh
    if not valid or s.ir_mean_deg is None or s.er_mean_deg is None:
        return s
    ir, er, arc = (np.array([getattr(rep, name) for rep in valid]) for name in ("ir_deg", "er_deg", "arc_deg"))
    # the errors of the gain are common to all repetitions: they come from the means, not from the repetitions
    means = s.ir_mean_deg, s.er_mean_deg
    sds = s.ir_mean_sd_deg or 0.0, s.er_mean_sd_deg or 0.0
    whole = _arc_deg((means[0], sds[0]), (means[1], sds[1]), s.arc_mean_sd_deg or 0.0, gain)
    return replace(
        s,
        ir_mean_deg=float(ir.mean()), er_mean_deg=float(er.mean()), arc_mean_deg=float(arc.mean()),
        ir_mean_sd_deg=_end_deg(means[0], sds[0], gain, 1.0)[1],
        er_mean_sd_deg=_end_deg(means[1], sds[1], gain, -1.0)[1],
        arc_mean_sd_deg=whole.sd,
        ir_best_deg=float(ir.max()), er_best_deg=float(er.max()), arc_best_deg=float(arc.max()),
        arc_cv_percent=_cv_percent(arc),
        fatigue_deg_per_rep=float(theilslopes(arc)[0]) if len(arc) > 2 else None,
        ir_er_balance=float(ir.mean() / arc.mean()) if arc.mean() > 0 else None,
    )  # fmt: skip


def _end_deg(value_deg: float, sd_deg: float, gain: PersonalGain, sign: float) -> tuple[float, float]:
    """Magnitude and sd of an end, inward with sign 1 and outward with −1, degrees.

    A mean end on the other side of the neutral than its name keeps the share of its name: the share is that of the
    tissue that was pulled.
    """
    k = gain.k_ir.value if sign > 0 else gain.k_er.value
    sd = gain.bone_angle(sign * np.radians(abs(value_deg)), np.radians(sd_deg))[1]
    return value_deg / k, float(np.degrees(sd))


def _arc_deg(ir: tuple[float, float], er: tuple[float, float], arc_sd_deg: float, gain: PersonalGain) -> Estimate:
    to_rad = np.radians(1.0)
    arc = gain.bone_arc(
        Estimate(ir[0] * to_rad, ir[1] * to_rad), Estimate(er[0] * to_rad, er[1] * to_rad), arc_sd_deg * to_rad
    )
    return Estimate(float(np.degrees(arc.value)), float(np.degrees(arc.sd)))


def _signed_deg(value_deg: float, gain: PersonalGain) -> float:
    bone: Floats = gain.bone_angle(np.radians(value_deg), 0.0)[0]
    return float(np.degrees(bone))


def _cv_percent(arc: Floats) -> float | None:
    return float(100 * arc.std(ddof=1) / arc.mean()) if len(arc) > 1 and arc.mean() > 0 else None
