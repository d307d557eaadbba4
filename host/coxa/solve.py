"""The set solved: axis → rotation → neutral → repetitions. What `analysis` reports and `live` carries on from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coxa import hip
from coxa.blas import one_thread
from coxa.calibration.applied import NONE, Calibration
from coxa.errors import UsageError
from coxa.fusion import axis as axes
from coxa.fusion import batch, families, gravity, pose
from coxa.fusion.axis import Axis, femoral_axis
from coxa.fusion.batch import Estimate
from coxa.fusion.events import RATE_LOW_PASS_HZ, Event, find_events
from coxa.fusion.grid import Grid, uniform
from coxa.fusion.still import coarse_bias
from coxa.protocols import Protocol
from coxa.reps.find import Found, Stay, find_reps, stays
from coxa.reps.measure import Course, Measured, measure
from coxa.reps.plausible import a_set, plausible
from coxa.results import POSITIONS, SIDES, Position, Side
from coxa.samples import Floats, Samples

ACC_LOW_PASS_HZ = 1.0
GYR_LOW_PASS_HZ = 5.0
"""Gravity without the strap's own acceleration; the turn without tremor."""

MARGIN_S, NEARLY_ALL = 0.5, 0.97
"""Kept around the repetitions, and the share of the recording from which on it is not worth solving again."""

ODD_SHARE = 1.8
"""An arc this much beyond the usual one is not part of the set: the wearer turned over."""

SWINGING_RAD_S = np.radians(20.0)
"""The thigh's direction moves this fast only when the wearer moves it: unsteadiness stays under 5 deg/s."""

START_EDGE_S = 0.15
"""Left out at the edges of the start pose: the first move begins softly."""

START_AGREES_RAD = np.radians(5.0)
"""A still pose amid other movement is the start pose only if the returns came back to it this closely."""

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
    """A set solved. `coarse_bias` (3,), rad/s, plus `course.estimate.bias` along the axis is the gyroscope's bias.

    `grid` covers the set alone; `gaps` are those of the whole recording, (start, end) s.
    """

    grid: Grid
    axis: Axis
    coarse_bias: Floats
    bias_seen: bool
    events: list[Event]
    zero: Zero
    course: Course
    measured: tuple[Measured, ...]
    observability: float
    gaps: tuple[tuple[float, float], ...]

    @property
    def side_known(self) -> bool:
        """Whether it is known which way is inward: from gravity, a calibration, or the first end that was visited."""
        return self.axis.sign_source != "order" or bool(np.any(self.course.estimate.labels))


def check_pose(position: str, side: str) -> None:
    """UsageError where position or side is not one that is known."""
    if position not in POSITIONS:
        raise UsageError(f"position '{position}' is unknown", f"Use one of {', '.join(POSITIONS)}.")
    if side not in SIDES:
        raise UsageError(f"side '{side}' is unknown", f"Use one of {', '.join(SIDES)}.")


def solve(
    samples: Samples, position: Position, side: Side, protocol: Protocol, calibration: Calibration = NONE
) -> Solution:
    """Everything that is found in the samples of one set, which are corrected already; `calibration` tells the femoral
    axis of this wearing and how sure the gyroscope's scale is."""
    with one_thread():
        return _solve(samples, position, side, protocol, calibration)


def _solve(samples: Samples, position: Position, side: Side, protocol: Protocol, calibration: Calibration) -> Solution:
    grid = uniform(samples)
    span = pose.set_span(grid, grid.low_passed(grid.acc, ACC_LOW_PASS_HZ), position)
    solution = _solve_set(grid.part(*span), position, side, protocol, calibration)
    inner = _repetitions_span(solution)
    if inner and (inner[1] - inner[0]) < NEARLY_ALL * len(solution.grid.t_s):
        # what came before and after has had its part in axis, bias and neutral: once more without it
        again = _solve_set(solution.grid.part(*inner), position, side, protocol, calibration)
        if again.measured:
            solution = again
    return replace(solution, gaps=grid.gaps)


def _repetitions_span(solution: Solution) -> tuple[int, int] | None:
    """Grid indices [begin, end) from the pause before the first repetition to the pause after the last."""
    whole = [m.rep.arc_deg for m in solution.measured if "half_rep" not in m.rep.flags]
    if not whole:
        return None
    usual = float(np.median(whole))
    like = [m for m in solution.measured if m.rep.arc_deg < ODD_SHARE * usual]
    # a single turn at the border that also moved the thigh is settling in, or getting up
    while like and {"half_rep", "thigh_moved"} <= set(like[0].rep.flags):
        like.pop(0)
    while like and {"half_rep", "thigh_moved"} <= set(like[-1].rep.flags):
        like.pop()
    if not like:
        return None
    first, last = like[0], like[-1]
    t, dt = solution.grid.t_s, solution.grid.dt_s
    begin, end = (int(i) for i in np.searchsorted(t, [first.rep.start_s, last.rep.end_s]))
    begin = min(begin, first.found.before.begin if first.found.before else begin) - round(MARGIN_S / dt)
    end = max(end, last.found.after.end if last.found.after else end) + round(MARGIN_S / dt)
    return max(begin, 0), min(end, len(t))


def _solve_set(grid: Grid, position: Position, side: Side, protocol: Protocol, calibration: Calibration) -> Solution:
    coarse, bias_seen = coarse_bias(grid)
    slow_acc = grid.low_passed(grid.acc, ACC_LOW_PASS_HZ)
    known = calibration.body.axis if calibration.body else None
    found_axis = femoral_axis(grid, grid.low_passed(grid.gyr - coarse, GYR_LOW_PASS_HZ), slow_acc, position, known)
    rate = (grid.gyr - coarse) @ found_axis.u
    events, estimate = rotation(grid, rate, slow_acc, found_axis, calibration.scale_sd(found_axis.u))
    sign, sequence, groups = _sided(estimate, events, found_axis, side, protocol)
    zero = _neutral(estimate, _steady(grid, coarse, found_axis.u), sequence, groups, sign)
    turned = sign * (rate - estimate.bias)
    course = Course(
        estimate=estimate, angle=sign * estimate.angle - zero.level_rad, zero_row=zero.row, zero_sd_rad=zero.sd_rad,
        axis_scale_sd=axes.scale_sd(found_axis),
        rate=turned, slow_rate=grid.low_passed(turned, RATE_LOW_PASS_HZ), sign=sign,
        swing=hip.swing_series(
            grid, coarse + estimate.bias[:, None] * found_axis.u, found_axis.u, _references(position, sequence, zero)
        ),
    )  # fmt: skip
    measured = measure(course, groups, protocol)
    measured = _apart([m for m in measured if plausible(m.rep, grid, found_axis.u, coarse, protocol)])
    if not a_set(measured, grid, coarse):
        measured = []
    numbered = tuple(replace(m, rep=replace(m.rep, index=i)) for i, m in enumerate(measured, 1))
    seen = float(np.median(gravity.observability(slow_acc, found_axis.u)[slice(*zero.span)]))
    return Solution(grid, found_axis, coarse, bias_seen, events, zero, course, numbered, seen, grid.gaps)


def rotation(
    grid: Grid, rate: Floats, slow_acc: Floats, axis: Axis, gyro_scale_sd: float = batch.SCALE_SD
) -> tuple[list[Event], Estimate]:
    """Pauses of the turning and the rotation about the axis. rate: (m,) about it, coarse bias removed; gyro_scale_sd:
    how sure the gyroscope's scale is, a share."""
    events = find_events(grid, rate)
    first = batch.estimate(grid, rate, events, None, slow_acc=slow_acc, u=axis.u, scale_sd=gyro_scale_sd)
    # with the bias known better, stillness is judged better
    events = find_events(grid, rate - first.bias)
    labels = families.classify(events, levels(first.angle, events), grid)
    return events, batch.estimate(grid, rate, events, labels, slow_acc=slow_acc, u=axis.u, scale_sd=gyro_scale_sd)


def levels(angle: Floats, events: list[Event]) -> Floats:
    """(k,) mean angle at each event."""
    total = np.concatenate([[0.0], np.cumsum(angle)])
    begin, end = np.array([(e.begin, e.end) for e in events], dtype=np.intp).reshape(-1, 2).T
    return np.asarray((total[end] - total[begin]) / (end - begin))


def _sided(
    estimate: Estimate, events: list[Event], axis: Axis, side: Side, protocol: Protocol
) -> tuple[float, list[Stay], list[Found]]:
    """Sign that turns the axis' angle into IR positive, the stays and repetitions in that sign."""
    first_end = -1 if protocol.order == "er-first" else 1
    sign, dt = 1.0 if side == "right" else -1.0, estimate.grid.dt_s
    sequence = stays(events, (estimate.labels * int(sign)).astype(np.int8), sign * estimate.angle)
    if axis.sign_source == "order":
        ends = [stay.label for stay in sequence if stay.label != families.NEUTRAL]
        groups = find_reps(sequence, ends[0] if ends else first_end, dt)
        firsts = sum(group.ends[0].label for group in groups if len(group.ends) == 2) or (
            ends[0] if ends else first_end
        )
        if firsts * first_end < 0:
            sign = -sign
            sequence = [replace(stay, label=-stay.label) for stay in sequence]
    return sign, sequence, find_reps(sequence, first_end, dt)


def _steady(grid: Grid, coarse_bias: Floats, u: Floats) -> NDArray[np.bool_]:
    """(m,) where the thigh keeps its direction, whatever it does about its axis u."""
    rate = grid.gyr - coarse_bias
    across = rate - (rate @ u)[:, None] * u
    return np.asarray(np.linalg.norm(grid.low_passed(across, RATE_LOW_PASS_HZ), axis=1) < SWINGING_RAD_S)


def _neutral(
    estimate: Estimate, steady: NDArray[np.bool_], sequence: list[Stay], groups: list[Found], sign: float
) -> Zero:
    """Zero of the set: the still start, else the mean of the returns, else the middle between the ends."""
    angle, trim = sign * estimate.angle, max(1, round(START_EDGE_S / estimate.grid.dt_s))
    whole = (0, len(angle))
    rest = groups[0].before if groups else sequence[0] if sequence else None
    if rest and not steady[rest.begin : rest.end].all():
        # only what lies behind the last swing of the thigh is the start pose
        rest = replace(rest, begin=rest.begin + int(np.flatnonzero(~steady[rest.begin : rest.end])[-1]) + 1)
    if rest and rest.label == families.NEUTRAL and (rest.end - rest.begin) * estimate.grid.dt_s >= families.START_MIN_S:
        span = (0 if rest.begin < trim else rest.begin + trim, rest.end - trim)
        level = float(angle[slice(*span)].mean())
        returns = [float(angle[g.after.begin : g.after.end].mean()) for g in groups if g.after]
        first_of_all = rest.begin * estimate.grid.dt_s < families.START_LATEST_S and not estimate.grid.is_part
        if first_of_all or not returns or abs(level - float(np.median(returns))) < START_AGREES_RAD:
            return Zero(level, sign * estimate.mean_rows([span])[0], 0.0, "start", span)
    after = [group.after for group in groups if group.after] or [s for s in sequence if s.label == families.NEUTRAL]
    if after:
        rows = sign * estimate.mean_rows([(s.begin, s.end) for s in after])
        level = float(np.mean([angle[s.begin : s.end].mean() for s in after]))
        return Zero(
            level, np.mean(rows, axis=0), 0.0, "returns", (after[0].begin, max(after[0].end, after[0].begin + 1))
        )
    ends = {label: [s for s in sequence if s.label == label] for label in (-1, 1)}
    if ends[-1] and ends[1]:
        both = [float(np.mean([angle[s.begin : s.end].mean() for s in ends[label]])) for label in (-1, 1)]
        rows = sign * estimate.mean_rows([(s.begin, s.end) for label in (-1, 1) for s in ends[label]])
        return Zero(float(np.mean(both)), np.mean(rows, axis=0), float(NO_NEUTRAL_SD_RAD), "middle", whole)
    return Zero(
        float(np.median(angle)), sign * estimate.mean_rows([whole])[0], float(NO_NEUTRAL_SD_RAD), "middle", whole
    )


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
