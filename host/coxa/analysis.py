"""From the samples of one set to its verdict: axis, rotation, repetitions, quality."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import cumulative_trapezoid

from coxa import hip
from coxa.checks import checked_samples
from coxa.errors import UsageError
from coxa.fusion import batch, families
from coxa.fusion.axis import Axis, femoral_axis
from coxa.fusion.batch import Estimate
from coxa.fusion.events import RATE_LOW_PASS_HZ, Event, find_events
from coxa.fusion.grid import Grid, uniform
from coxa.fusion.still import coarse_bias
from coxa.protocols import Protocol, for_position
from coxa.reps.find import Found, Stay, find_reps, stays
from coxa.reps.measure import Course, Measured, measure
from coxa.reps.plausible import plausible
from coxa.reps.score import scored, summarize
from coxa.results import POSITIONS, SIDES, Analysis, Position, Side
from coxa.samples import Floats, Samples

ACC_LOW_PASS_HZ = 1.0
GYR_LOW_PASS_HZ = 5.0
"""Gravity without the strap's own acceleration; the turn without tremor."""

NO_NEUTRAL_SD_RAD = np.radians(10.0)
"""Where no neutral was seen, zero is the middle between the ends: wrong by about this much."""


@dataclass(frozen=True, slots=True)
class _Zero:
    """The neutral of the set: its level (rad, IR positive), derivative, own sd, what it is, and where it was seen."""

    level_rad: float
    row: Floats
    sd_rad: float
    source: str
    span: tuple[int, int]


def analyze(
    t_s: ArrayLike, gyr_rad_s: ArrayLike | None, acc_m_s2: ArrayLike | None, *, position: Position, side: Side,
    quat: ArrayLike | None = None,
) -> Analysis:  # fmt: skip
    """Rotation, repetitions and quality of one recorded set.

    Args:
        t_s: (n,) sample times, s, strictly increasing; 25-500 Hz, even or not.
        gyr_rad_s: (n, 3) angular rate in the sensor frame, rad/s; None if only `quat` is known.
        acc_m_s2: (n, 3) specific force in the sensor frame, m/s², +g upwards when still; None if only `quat` is known.
        position: pose of the set: wall, seated, prone, supine, side or standing.
        side: leg that wears the sensor: left or right.
        quat: (n, 4) orientation sensor → earth, scalar first, earth z up; used where rate or force is missing.

    Raises:
        InputError: the arrays cannot be used; the message says what, where and what to do.
        UsageError: an unknown position or side.
    """
    return analyze_samples(checked_samples(t_s, gyr_rad_s, acc_m_s2, quat), position=position, side=side)


def analyze_samples(
    samples: Samples, *, position: Position, side: Side, protocol: Protocol | None = None, axis: Floats | None = None
) -> Analysis:
    """The same for checked samples, with another protocol or a calibrated femoral axis (3,) in the sensor frame."""
    if position not in POSITIONS:
        raise UsageError(f"position '{position}' is unknown", f"Use one of {', '.join(POSITIONS)}.")
    if side not in SIDES:
        raise UsageError(f"side '{side}' is unknown", f"Use one of {', '.join(SIDES)}.")
    protocol = protocol or for_position(position)
    grid = uniform(samples)
    coarse, bias_seen = coarse_bias(grid)
    slow_acc = grid.low_passed(grid.acc, ACC_LOW_PASS_HZ)
    found_axis = femoral_axis(grid, grid.low_passed(grid.gyr - coarse, GYR_LOW_PASS_HZ), slow_acc, position, axis)
    rate = (grid.gyr - coarse) @ found_axis.u
    events, estimate = rotation(grid, rate, slow_acc, found_axis)
    sign, sequence, groups, sign_source = _sided(estimate, events, found_axis, side, protocol)
    zero = _neutral(estimate, events, sequence, groups, sign)
    angle = sign * estimate.angle - zero.level_rad
    turned = sign * (rate - estimate.bias)
    swing = hip.swing_series(grid, coarse + estimate.bias[:, None] * found_axis.u, found_axis.u, _references(position, sequence, zero))
    course = Course(estimate, angle, zero.row, zero.sd_rad, turned, grid.low_passed(turned, RATE_LOW_PASS_HZ), swing, sign)
    measured = [measure(course, group, 0, protocol) for group in groups]
    measured = [m for m in measured if plausible(m.rep, grid, found_axis.u, coarse, protocol)]
    measured = _apart(measured)
    measured = [replace(m, rep=replace(m.rep, index=i)) for i, m in enumerate(measured, 1)]
    reps = scored([m.rep for m in measured], protocol)
    seen = float(np.median(batch.observability(slow_acc, found_axis.u)[slice(*zero.span)]))
    return Analysis(
        position=position, side=side, label="thigh", sampling_rate_hz=samples.sampling_rate_hz, duration_s=samples.duration_s,
        observability=seen, gaps=len(grid.gaps), gap_spans_s=grid.gaps,
        neutral="start" if zero.source == "start" else "returns", neutral_start_deg_drift=_drift_deg(zero, reps),
        axis=(float(found_axis.u[0]), float(found_axis.u[1]), float(found_axis.u[2])), axis_sd_deg=float(np.degrees(found_axis.sd_rad)),
        axis_source=found_axis.source, sign_source=sign_source,
        warnings=_warnings(samples, found_axis, sign_source, bias_seen, zero, events, grid, bool(reps)),
        reps=reps, set=summarize(course, measured, reps, protocol), t_s=samples.t_s,
        **_series(samples, grid, course, found_axis.u, coarse),
    )  # fmt: skip


def rotation(grid: Grid, rate: Floats, slow_acc: Floats, axis: Axis) -> tuple[list[Event], Estimate]:
    """Pauses of the turning and the rotation about the axis. rate: (m,) about it, coarse bias removed."""
    scale_sd = float(np.hypot(batch.SCALE_SD, 0.5 * axis.sd_rad**2))
    events = find_events(grid, rate)
    first = batch.estimate(grid, rate, events, None, slow_acc, axis.u, scale_sd=scale_sd)
    # with the bias known better, stillness is judged better
    events = find_events(grid, rate - first.bias)
    labels = families.classify(events, levels(first.angle, events), grid.dt_s)
    return events, batch.estimate(grid, rate, events, labels, slow_acc, axis.u, scale_sd=scale_sd)


def _apart(measured: list[Measured]) -> list[Measured]:
    """Without what covers mostly the same time as the repetition before it: one movement is counted once."""
    out: list[Measured] = []
    for m in measured:
        if out and m.rep.start_s < 0.5 * (out[-1].rep.start_s + out[-1].rep.end_s):
            continue
        out.append(m)
    return out


def levels(angle: Floats, events: list[Event]) -> Floats:
    """(k,) median angle at each event."""
    return np.array([np.median(angle[e.begin : e.end]) for e in events])


def _sided(
    estimate: Estimate, events: list[Event], axis: Axis, side: Side, protocol: Protocol
) -> tuple[float, list[Stay], list[Found], str]:
    """Sign that turns the axis' angle into IR positive, the stays and repetitions in that sign, and its source."""
    first_end = -1 if protocol.order == "er-first" else 1
    labels = estimate.labels
    if axis.sign_source == "order":
        ends = labels[labels != families.NEUTRAL]
        sign = 1.0 if not len(ends) or ends[0] == first_end else -1.0
    else:
        sign = 1.0 if side == "right" else -1.0
    sequence = stays(events, (labels * int(sign)).astype(np.int8), sign * estimate.angle)
    return sign, sequence, find_reps(sequence, first_end), axis.sign_source


def _neutral(estimate: Estimate, events: list[Event], sequence: list[Stay], groups: list[Found], sign: float) -> _Zero:
    """Zero of the set: the still start, else the mean of the returns, else the middle between the ends."""
    angle, trim = sign * estimate.angle, max(1, round(0.15 / estimate.grid.dt_s))
    whole = (0, len(angle))
    if events and families.is_start(events, estimate.grid.dt_s) and estimate.labels[0] == families.NEUTRAL:
        span = (0 if events[0].begin < trim else events[0].begin + trim, events[0].end - trim)
        row = sign * estimate.mean_row(*span)
        return _Zero(float(angle[slice(*span)].mean()), row, 0.0, "start", span)
    after = [group.after for group in groups if group.after] or [s for s in sequence if s.label == families.NEUTRAL]
    if after:
        rows = [sign * estimate.mean_row(s.begin, s.end) for s in after]
        level = float(np.mean([angle[s.begin : s.end].mean() for s in after]))
        return _Zero(level, np.mean(rows, axis=0), 0.0, "returns", (after[0].begin, max(after[0].end, after[0].begin + 1)))
    ends = {label: [s for s in sequence if s.label == label] for label in (-1, 1)}
    if ends[-1] and ends[1]:
        both = [float(np.mean([angle[s.begin : s.end].mean() for s in ends[label]])) for label in (-1, 1)]
        rows = [sign * estimate.mean_row(s.begin, s.end) for label in (-1, 1) for s in ends[label]]
        return _Zero(float(np.mean(both)), np.mean(rows, axis=0), float(NO_NEUTRAL_SD_RAD), "middle", whole)
    return _Zero(float(np.median(angle)), sign * estimate.mean_row(*whole), float(NO_NEUTRAL_SD_RAD), "middle", whole)


def _references(position: Position, sequence: list[Stay], zero: _Zero) -> list[tuple[int, int]]:
    """Spans of the neutrals from which swing is counted.

    With the thigh vertical one neutral serves the whole set: gravity keeps it. With the thigh horizontal part of the
    swing is heading, which drifts: each neutral serves until the next.
    """
    if position in ("wall", "standing"):
        return [zero.span]
    neutrals = [(s.begin, s.end) for s in sequence if s.label == families.NEUTRAL and s.end - s.begin > 1]
    return neutrals or [zero.span]


def _drift_deg(zero: _Zero, reps: tuple[object, ...]) -> float | None:
    if zero.source != "start" or not reps:
        return None
    return float(getattr(reps[-1], "return_error_deg"))  # noqa: B009


def _series(samples: Samples, grid: Grid, course: Course, u: Floats, coarse: Floats) -> dict[str, Floats]:
    """Angle, its sd and the swing in degrees at the sample times: the turn between grid points is the sensor's own."""
    exact = cumulative_trapezoid((samples.gyr_rad_s - coarse) @ u, samples.t_s, initial=0.0)
    correction = course.angle - course.sign * np.interp(grid.t_s, samples.t_s, exact)
    angle = course.sign * exact + np.interp(samples.t_s, grid.t_s, correction)
    coarse_index = np.unique(np.append(np.arange(0, len(grid.t_s), max(1, round(0.5 / grid.dt_s))), len(grid.t_s) - 1))
    rows = course.sign * course.estimate.rows(coarse_index) - course.zero_row
    variance = np.einsum("ij,jk,ik->i", rows, course.estimate.covariance, rows) + course.zero_sd_rad**2
    sd = np.interp(samples.t_s, grid.t_s[coarse_index], np.sqrt(np.maximum(variance, 0.0)))
    return {
        "rotation_deg": np.degrees(angle),
        "rotation_sd_deg": np.degrees(sd),
        "swing_deg": np.degrees(np.interp(samples.t_s, grid.t_s, course.swing)),
    }


def _warnings(
    samples: Samples, axis: Axis, sign_source: str, bias_seen: bool, zero: _Zero, events: list[Event], grid: Grid, any_reps: bool
) -> tuple[str, ...]:
    """Full sentences that belong beside the numbers."""
    out: list[str] = [axis.caution] if axis.caution else []
    if not any_reps:
        return (*out, "No repetition was found in this recording.")
    if sign_source == "order":
        out.append("Which way is inward was taken from the order (outward first): if the set began inward, IR and ER are exchanged.")
    if not bias_seen or not any(e.kind == "plateau" for e in events):
        out.append("No still moment was found: zero drift is held only by the returns, and the ± is larger.")
    if zero.source == "middle":
        out.append("No pause at the neutral was found: zero is the middle between the ends, so IR and ER apart are uncertain; the arc is not.")
    elif zero.source == "returns":
        out.append("There was no still start: zero is the mean of the returns to the neutral.")
    if grid.gaps:
        lost = sum(b - a for a, b in grid.gaps)
        out.append(f"{len(grid.gaps)} gap{'s' * (len(grid.gaps) > 1)} in the data, {lost:.1f} s in all; nothing was filled in silently.")
    if samples.gyr_derived:
        out.append("The recording has no gyroscope: the rate was taken from its orientation, whose own filter may have smoothed or drifted.")
    return tuple(out)
