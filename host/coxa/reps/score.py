"""The set as a whole: means, spreads, fatigue, balance, and a score whose parts can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import theilslopes

from coxa.protocols import Protocol
from coxa.reps.advice import advice
from coxa.reps.measure import Course, Measured, end_rows
from coxa.results import Rep, SetSummary
from coxa.samples import Floats


def rep_values(rep: Rep, protocol: Protocol) -> dict[str, float]:
    """What each sub-score of a single repetition is computed from."""
    holds = [min(1.0, hold / protocol.hold_goal_s) for hold in (rep.er_hold_s, rep.ir_hold_s)]
    values = {
        "holds": float(np.mean(holds)),
        "pace": rep.peak_rate_deg_s,
        "steadiness": rep.swing_deg,
        "return": abs(rep.return_error_deg),
        "completeness": float("half_rep" not in rep.flags),
    }
    smooth = [s for s in (rep.sparc_out, rep.sparc_in) if s is not None]
    if smooth:
        values["smoothness"] = float(np.median(smooth))
    return values


def _weighted(parts: dict[str, float], protocol: Protocol) -> float:
    weights = {name: protocol.subscores[name].weight for name in parts}
    total = sum(weights.values())
    return sum(parts[name] * weights[name] for name in parts) / total if total else 0.0


def scored(reps: Sequence[Rep], protocol: Protocol) -> tuple[Rep, ...]:
    """The repetitions with their scores, 0-100."""
    out: list[Rep] = []
    for rep in reps:
        values = rep_values(rep, protocol)
        parts = {name: protocol.subscores[name].of(v) for name, v in values.items() if name in protocol.subscores}
        out.append(replace(rep, score=_weighted(parts, protocol)))
    return tuple(out)


def summarize(course: Course, measured: Sequence[Measured], reps: Sequence[Rep], protocol: Protocol) -> SetSummary:
    """The set; means over the valid repetitions. `reps` are those of `measured`, scored."""
    valid = [rep for rep in reps if rep.valid]
    subscores = _subscores(reps, valid, protocol)
    ir, er, arc = (np.array([getattr(rep, name) for rep in valid]) for name in ("ir_deg", "er_deg", "arc_deg"))
    means = [float(x.mean()) if len(valid) else None for x in (ir, er, arc)]
    sds = _mean_sds_deg(course, [m for m in measured if m.rep.valid])
    return SetSummary(
        reps_found=len(reps), reps_valid=len(valid),
        ir_mean_deg=means[0], er_mean_deg=means[1], arc_mean_deg=means[2],
        ir_mean_sd_deg=sds[0], er_mean_sd_deg=sds[1], arc_mean_sd_deg=sds[2],
        ir_best_deg=_best(ir), er_best_deg=_best(er), arc_best_deg=_best(arc),
        arc_cv_percent=_cv_percent(arc),
        fatigue_deg_per_rep=float(theilslopes(arc)[0]) if len(valid) > 2 else None,
        ir_er_balance=float(ir.mean() / arc.mean()) if valid and arc.mean() > 0 else None,
        score=_weighted(subscores, protocol) if reps else None,
        subscores=subscores, advice=advice(reps, subscores, protocol),
    )  # fmt: skip


def _mean_sds_deg(course: Course, valid: Sequence[Measured]) -> tuple[float | None, float | None, float | None]:
    """Uncertainty of the mean IR, ER and arc: bias, zero, scale and axis are common and do not average out."""
    if not valid:
        return None, None, None
    ir, er = (rows.mean(axis=0) for rows in end_rows(course, valid))
    sd = course.estimate.sd(np.array([ir, er, ir + er]))
    extra = (
        np.array([1.0, 1.0, 2.0]) * course.estimate.level_sd_rad**2 / len(valid)
        + np.array([1.0, 1.0, 0.0]) * course.zero_sd_rad**2
    )
    ends = np.array([[m.rep.ir_deg, m.rep.er_deg, m.rep.arc_deg] for m in valid]).mean(axis=0)
    by_axis = course.axis_scale_sd * np.radians(ends)
    means = np.degrees(np.sqrt(sd**2 + extra + by_axis**2))
    return float(means[0]), float(means[1]), float(means[2])


def _best(x: Floats) -> float | None:
    return float(x.max()) if len(x) else None


def _cv_percent(arc: Floats) -> float | None:
    return float(100 * arc.std(ddof=1) / arc.mean()) if len(arc) > 1 and arc.mean() > 0 else None


def _subscores(reps: Sequence[Rep], valid: Sequence[Rep], protocol: Protocol) -> dict[str, float]:
    """0-100 each, in the protocol's order; parts that the set cannot show are left out."""
    values: dict[str, float] = {}
    shown = valid or reps  # where none counts, what kept them from counting is still worth showing
    if shown:
        each = [rep_values(rep, protocol) for rep in shown]
        for name in ("holds", "pace", "smoothness", "steadiness", "return"):
            known = [v[name] for v in each if name in v]
            if known:
                values[name] = float(np.mean(known) if name == "holds" else np.median(known))
        if (cv := _cv_percent(np.array([rep.arc_deg for rep in valid]))) is not None:
            values["consistency"] = cv
    if reps:
        values["completeness"] = len(valid) / max(protocol.reps_min, len(reps))
    return {name: part.of(values[name]) for name, part in protocol.subscores.items() if name in values}
