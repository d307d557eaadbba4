"""The set solved: axis → rotation → neutral → repetitions. What `analysis` reports and `live` carries on from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from coxa import hip
from coxa.fusion import batch, families, gravity
from coxa.fusion.axis import Axis, femoral_axis
from coxa.fusion.batch import Estimate
from coxa.fusion.events import RATE_LOW_PASS_HZ, Event, find_events
from coxa.fusion.grid import Grid, uniform
from coxa.fusion.still import coarse_bias
from coxa.protocols import Protocol
from coxa.reps.find import Found, Stay, find_reps, stays
from coxa.reps.measure import Course, Measured, measure
from coxa.reps.plausible import plausible
from coxa.results import Position, Side
from coxa.samples import Floats, Samples

ACC_LOW_PASS_HZ = 1.0
GYR_LOW_PASS_HZ = 5.0
"""Gravity without the strap's own acceleration; the turn without tremor."""

NO_NEUTRAL_SD_RAD = np.radians(10.0)
"""Where no neutral was seen, zero is the middle between the ends: wrong by about this much."""


@dataclass(frozen=True, slots=True)
class Zero:
    """The neutral of the set: its level (rad, IR positive), derivative, own sd, what it is, and where it was seen."""

    level_rad: float
    row: Floats
    sd_rad: float
    source: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Solution:
    """A set solved. `coarse_bias` (3,), rad/s, plus `course.estimate.bias` along the axis is the gyroscope's bias."""

    grid: Grid
    axis: Axis
    coarse_bias: Floats
    bias_seen: bool
    events: list[Event]
    zero: Zero
    course: Course
    measured: tuple[Measured, ...]
    observability: float


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def solve(samples: Samples, position: Position, side: Side, protocol: Protocol, axis: Floats | None = None) -> Solution:
    """Everything that is found in the samples of one set."""
    # matrices of 40 columns are slower on several threads, three times so on a busy machine
    with _blas().limit(limits=1, user_api="blas"):
        return _solve(samples, position, side, protocol, axis)


def _solve(samples: Samples, position: Position, side: Side, protocol: Protocol, axis: Floats | None) -> Solution:
    grid = uniform(samples)
    coarse, bias_seen = coarse_bias(grid)
    slow_acc = grid.low_passed(grid.acc, ACC_LOW_PASS_HZ)
    found_axis = femoral_axis(grid, grid.low_passed(grid.gyr - coarse, GYR_LOW_PASS_HZ), slow_acc, position, axis)
    rate = (grid.gyr - coarse) @ found_axis.u
    events, estimate = rotation(grid, rate, slow_acc, found_axis)
    sign, sequence, groups = _sided(estimate, events, found_axis, side, protocol)
    zero = _neutral(estimate, sequence, groups, sign)
    turned = sign * (rate - estimate.bias)
    course = Course(
        estimate=estimate, angle=sign * estimate.angle - zero.level_rad, zero_row=zero.row, zero_sd_rad=zero.sd_rad, rate=turned,
        slow_rate=grid.low_passed(turned, RATE_LOW_PASS_HZ), sign=sign,
        swing=hip.swing_series(
            grid, coarse + estimate.bias[:, None] * found_axis.u, found_axis.u, _references(position, sequence, zero)
        ),
    )  # fmt: skip
    measured = measure(course, groups, protocol)
    measured = _apart([m for m in measured if plausible(m.rep, grid, found_axis.u, coarse, protocol)])
    numbered = tuple(replace(m, rep=replace(m.rep, index=i)) for i, m in enumerate(measured, 1))
    seen = float(np.median(gravity.observability(slow_acc, found_axis.u)[slice(*zero.span)]))
    return Solution(grid, found_axis, coarse, bias_seen, events, zero, course, numbered, seen)


def rotation(grid: Grid, rate: Floats, slow_acc: Floats, axis: Axis) -> tuple[list[Event], Estimate]:
    """Pauses of the turning and the rotation about the axis. rate: (m,) about it, coarse bias removed."""
    scale_sd = float(np.hypot(batch.SCALE_SD, 0.5 * axis.sd_rad**2))
    events = find_events(grid, rate)
    first = batch.estimate(grid, rate, events, None, slow_acc, axis.u, scale_sd=scale_sd)
    # with the bias known better, stillness is judged better
    events = find_events(grid, rate - first.bias)
    labels = families.classify(events, levels(first.angle, events), grid.dt_s)
    return events, batch.estimate(grid, rate, events, labels, slow_acc, axis.u, scale_sd=scale_sd)


def levels(angle: Floats, events: list[Event]) -> Floats:
    """(k,) median angle at each event."""
    return np.array([np.median(angle[e.begin : e.end]) for e in events])


def _sided(
    estimate: Estimate, events: list[Event], axis: Axis, side: Side, protocol: Protocol
) -> tuple[float, list[Stay], list[Found]]:
    """Sign that turns the axis' angle into IR positive, the stays and repetitions in that sign."""
    first_end = -1 if protocol.order == "er-first" else 1
    labels = estimate.labels
    if axis.sign_source == "order":
        ends = labels[labels != families.NEUTRAL]
        sign = 1.0 if not len(ends) or ends[0] == first_end else -1.0
    else:
        sign = 1.0 if side == "right" else -1.0
    sequence = stays(events, (labels * int(sign)).astype(np.int8), sign * estimate.angle)
    return sign, sequence, find_reps(sequence, first_end)


def _neutral(estimate: Estimate, sequence: list[Stay], groups: list[Found], sign: float) -> Zero:
    """Zero of the set: the still start, else the mean of the returns, else the middle between the ends."""
    angle, trim = sign * estimate.angle, max(1, round(0.15 / estimate.grid.dt_s))
    whole = (0, len(angle))
    first = sequence[0] if sequence else None
    still = first and first.label == families.NEUTRAL and (first.end - first.begin) * estimate.grid.dt_s >= families.START_MIN_S
    if first and still and first.begin * estimate.grid.dt_s < families.START_LATEST_S:
        span = (0 if first.begin < trim else first.begin + trim, first.end - trim)
        row = sign * estimate.mean_rows([span])[0]
        return Zero(float(angle[slice(*span)].mean()), row, 0.0, "start", span)
    after = [group.after for group in groups if group.after] or [s for s in sequence if s.label == families.NEUTRAL]
    if after:
        rows = sign * estimate.mean_rows([(s.begin, s.end) for s in after])
        level = float(np.mean([angle[s.begin : s.end].mean() for s in after]))
        return Zero(level, np.mean(rows, axis=0), 0.0, "returns", (after[0].begin, max(after[0].end, after[0].begin + 1)))
    ends = {label: [s for s in sequence if s.label == label] for label in (-1, 1)}
    if ends[-1] and ends[1]:
        both = [float(np.mean([angle[s.begin : s.end].mean() for s in ends[label]])) for label in (-1, 1)]
        rows = sign * estimate.mean_rows([(s.begin, s.end) for label in (-1, 1) for s in ends[label]])
        return Zero(float(np.mean(both)), np.mean(rows, axis=0), float(NO_NEUTRAL_SD_RAD), "middle", whole)
    return Zero(float(np.median(angle)), sign * estimate.mean_rows([whole])[0], float(NO_NEUTRAL_SD_RAD), "middle", whole)


def _references(position: Position, sequence: list[Stay], zero: Zero) -> list[tuple[int, int]]:
    """Spans of the neutrals from which swing is counted.

    With the thigh vertical one neutral serves the whole set: gravity keeps it. With the thigh horizontal part of the
    swing is heading, which drifts: each neutral serves until the next.
    """
    if position in ("wall", "standing"):
        return [zero.span]
    neutrals = [(s.begin, s.end) for s in sequence if s.label == families.NEUTRAL and s.end - s.begin > 1]
    return neutrals or [zero.span]


def _apart(measured: list[Measured]) -> list[Measured]:
    """Without what covers mostly the same time as the repetition before it: one movement is counted once."""
    out: list[Measured] = []
    for m in measured:
        if out and m.rep.start_s < 0.5 * (out[-1].rep.start_s + out[-1].rep.end_s):
            continue
        out.append(m)
    return out
