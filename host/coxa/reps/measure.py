"""Each repetition in numbers: angles, holds, ramps, smoothness, swing, return; and what to flag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coxa.fusion.batch import Estimate
from coxa.fusion.families import TURNED_MIN_RAD
from coxa.protocols import Protocol
from coxa.reps.find import Found, Stay
from coxa.reps.ramps import Ramp, ramp
from coxa.reps.smoothness import sparc
from coxa.results import Rep
from coxa.samples import Floats

HOLD_MIN_S = 0.3
"""A shorter stop at an end is a turning point: the value is then the peak."""


@dataclass(frozen=True, slots=True)
class Course:
    """What the repetitions are measured on, all on the grid.

    `angle` (m,) rad, IR positive, zero at the neutral; `zero_row` its derivative by the unknowns of `estimate`;
    `axis_scale_sd` the share of any angle that is uncertain because the axis is;
    `rate` (m,) rad/s, IR positive, and `slow_rate` the same low-passed; `swing` (m,) rad from the neutral; `sign` turns
    the axis' angle into IR positive.
    """

    estimate: Estimate
    angle: Floats
    zero_row: Floats
    zero_sd_rad: float
    axis_scale_sd: float
    rate: Floats
    slow_rate: Floats
    swing: Floats
    sign: float

    @property
    def t_s(self) -> Floats:
        """(m,) grid times, s."""
        return self.estimate.grid.t_s


@dataclass(frozen=True, slots=True)
class Measured:
    """A repetition, its stays, and the grid spans over which its ends were averaged; None for an end not visited."""

    rep: Rep
    found: Found
    ir_span: tuple[int, int] | None
    er_span: tuple[int, int] | None


def measure(course: Course, groups: Sequence[Found], protocol: Protocol) -> list[Measured]:
    """The repetitions with their uncertainty, against the neutral of the set; `index` and `score` are still 0."""
    return _with_uncertainty(course, [_measure(course, group, protocol) for group in groups])


@dataclass(frozen=True, slots=True)
class _End:
    value_rad: float
    span: tuple[int, int] | None
    hold: tuple[float, float] | None

    @property
    def hold_s(self) -> float:
        return self.hold[1] - self.hold[0] if self.hold else 0.0


def _measure(course: Course, found: Found, protocol: Protocol) -> Measured:
    legs = _legs(course, found)
    ends = {stay.label: _end(course, stay, legs[2 * i], legs[2 * i + 1]) for i, stay in enumerate(found.ends)}
    nothing = _End(0.0, None, None)
    ir, er = ends.get(1, nothing), ends.get(-1, nothing)
    start, end = _span(course, found, legs)
    swung = course.swing[slice(*np.searchsorted(course.t_s, [start, end]))]
    swing = float(np.degrees(np.quantile(swung, 0.95))) if len(swung) else 0.0
    peak_deg_s = float(np.degrees(max((leg.peak_rad_s for leg in legs if leg), default=0.0)))
    flags = _flags(found, ir, er, protocol, swing_deg=swing, peak_deg_s=peak_deg_s)
    if any(b - a > GAP_MAX_S and a < end and b > start for a, b in course.estimate.grid.gaps):
        flags = (*flags, "data_gap")
    second = legs[2] if len(found.ends) == 2 else None
    rep = Rep(
        index=0, start_s=start, end_s=end,
        ir_deg=_deg(ir.value_rad), er_deg=_deg(-er.value_rad), arc_deg=_deg(ir.value_rad - er.value_rad),
        ir_sd_deg=0.0, er_sd_deg=0.0, arc_sd_deg=0.0,
        ir_hold_s=ir.hold_s, er_hold_s=er.hold_s, ir_hold_span_s=ir.hold, er_hold_span_s=er.hold,
        ramp_out_s=_length(legs[0]), ramp_in_s=_length(second), ramp_return_s=_length(legs[-1]),
        peak_rate_deg_s=peak_deg_s,
        sparc_out=_smoothness(course, legs[0]), sparc_in=_smoothness(course, second), swing_deg=swing,
        return_error_deg=_return_error(course, found, end),
        valid=not INVALIDATING & set(flags), flags=flags, score=0.0,
    )  # fmt: skip
    return Measured(rep, found, ir.span, er.span)


def end_rows(course: Course, measured: Sequence[Measured]) -> tuple[Floats, Floats]:
    """(k, p) derivatives of the IR and the ER (each positive in its direction) of the repetitions; 0: not visited."""
    rows: list[Floats] = []
    for sign, spans in ((1.0, [m.ir_span for m in measured]), (-1.0, [m.er_span for m in measured])):
        visited = np.array([span is not None for span in spans])
        of_end = course.sign * course.estimate.mean_rows([span or (0, 1) for span in spans]) - course.zero_row
        rows.append(sign * of_end * visited[:, None])
    return rows[0], rows[1]


def _with_uncertainty(course: Course, measured: list[Measured]) -> list[Measured]:
    """The same with one sd, degrees, of IR, ER and arc: from the estimate, the edges, the zero and the axis."""
    if not measured:
        return []
    ir, er = end_rows(course, measured)
    visited = np.array([[m.ir_span is not None, m.er_span is not None] for m in measured])
    edges, zero = course.estimate.level_sd_rad, course.zero_sd_rad
    of_ends = [np.hypot(course.estimate.sd(row), np.hypot(edges, zero)) for row in (ir, er)]
    by_axis = [course.axis_scale_sd * np.radians([getattr(m.rep, f"{name}_deg") for m in measured])
               for name in ("ir", "er", "arc")]  # fmt: skip
    # an end that was not visited may have been, by less than what is told apart from the neutral
    sds = [
        np.degrees(np.where(seen, np.hypot(sd, axis), TURNED_MIN_RAD))
        for sd, axis, seen in zip(of_ends, by_axis, visited.T, strict=False)
    ]
    both = visited.all(axis=1)
    loose = np.where(both, 0.0, np.hypot(zero, TURNED_MIN_RAD))
    of_fit = course.estimate.sd(ir + er) ** 2 + visited.sum(axis=1) * edges**2
    arc = np.degrees(np.sqrt(of_fit + loose**2 + by_axis[2] ** 2))
    return [
        replace(m, rep=replace(m.rep, ir_sd_deg=float(a), er_sd_deg=float(b), arc_sd_deg=float(c)))
        for m, a, b, c in zip(measured, *sds, arc, strict=True)
    ]


MOVE_PAD, PEAK_PAD = 5, 10
"""Grid points beyond a stay in which the peak speed of the move beside it, and the peak angle of an end, are sought."""

HOLD_SLACK_S = 0.1
"""A hold is timed to about this: less than this short of the minimum is not flagged."""

GAP_MAX_S = 0.25
"""A longer gap inside a repetition hides part of the turn."""

INVALIDATING = {"half_rep", "too_fast", "thigh_moved", "data_gap"}
"""Flags that keep a repetition out of the set's means: its value is not what the others measure."""


def _legs(course: Course, found: Found) -> list[Ramp | None]:
    """The moves that arrive at and leave each end, in pairs; without a rest in between the two ends share one."""
    slow, t = course.slow_rate, course.t_s
    first, last = found.ends[0], found.ends[-1]
    legs = [_move(t, slow, found.earlier.end if found.earlier else 0, first.begin, first.label)]
    if last is not first:
        middle = found.between
        legs.append(_move(t, slow, first.end, middle.begin if middle else last.begin, last.label))
        legs.append(_move(t, slow, middle.end, last.begin, last.label) if middle else legs[-1])
    legs.append(_move(t, slow, last.end, found.later.begin if found.later else len(t), -last.label))
    return legs


def _span(course: Course, found: Found, legs: list[Ramp | None]) -> tuple[float, float]:
    """Start and end, s, of a repetition: of its first and last move, or where it passes the neutral without a pause."""
    t, first, last = course.t_s, found.ends[0], found.ends[-1]
    start = legs[0].start_s if legs[0] else float(t[first.begin])
    end = legs[-1].end_s if legs[-1] else float(t[min(last.end, len(t) - 1)])
    if found.earlier and not found.before:
        start = _crossing(course, found.earlier.end, first.begin) or start
    if found.later and not found.after:
        end = _crossing(course, last.end, found.later.begin) or end
    # a pass without a stop is a neutral too: the move through it belongs to two repetitions
    if found.before:
        start = max(start, float(t[found.before.begin]))
    if found.after:
        end = min(end, float(t[found.after.end - 1]))
    return start, end


def _crossing(course: Course, begin: int, end: int) -> float | None:
    """Instant, s, within grid indices [begin, end) at which the angle is nearest to the neutral."""
    return float(course.t_s[begin + int(np.argmin(np.abs(course.angle[begin:end])))]) if end > begin else None


def _move(t: Floats, slow: Floats, begin: int, end: int, way: int) -> Ramp | None:
    """The move between two indices; only if it goes the right way (±1)."""
    begin, end = max(begin - MOVE_PAD, 0), min(end + MOVE_PAD, len(slow) - 1)
    return ramp(t, slow, begin, end, way)


def _end(course: Course, stay: Stay, arriving: Ramp | None, leaving: Ramp | None) -> _End:
    """Value of an end: the mean over its hold, else the peak."""
    t, angle = course.t_s, course.angle
    begin = arriving.end_s if arriving else float(t[stay.begin])
    end = leaving.start_s if leaving else float(t[min(stay.end, len(t) - 1)])
    if end - begin >= HOLD_MIN_S:
        a, b = (int(i) for i in np.searchsorted(t, [begin, end]))
        return _End(float(angle[a:b].mean()), (a, b), (begin, end))
    a, b = max(stay.begin - PEAK_PAD, 0), min(stay.end + PEAK_PAD, len(t))
    peak = a + int(np.argmax(stay.label * angle[a:b]))
    return _End(float(angle[peak]), (peak, peak + 1), None)


def _deg(rad: float) -> float:
    return float(np.degrees(rad))


def _length(leg: Ramp | None) -> float:
    return leg.end_s - leg.start_s if leg else 0.0


def _smoothness(course: Course, leg: Ramp | None) -> float | None:
    if leg is None:
        return None
    return sparc(np.abs(course.rate[leg.begin : leg.end]), 1 / course.estimate.grid.dt_s)


def _return_error(course: Course, found: Found, end_s: float) -> float:
    """Angle, degrees, at which the repetition came to rest."""
    t = course.t_s
    a = int(np.searchsorted(t, end_s))
    b = max(found.after.end, a + 1) if found.after else a + 1
    return float(np.degrees(np.mean(course.angle[min(a, len(t) - 1) : b])))


def _flags(
    found: Found, ir: _End, er: _End, protocol: Protocol, *, swing_deg: float, peak_deg_s: float
) -> tuple[str, ...]:
    flags: list[str] = []
    if len(found.ends) == 1:
        flags.append("half_rep")
    elif found.ends[0].label != (-1 if protocol.order == "er-first" else 1):
        flags.append("out_of_order")
    for name, label, end in (("er", -1, er), ("ir", 1, ir)):
        if any(stay.label == label for stay in found.ends):
            if end.hold is None:
                flags.append(f"no_{name}_hold")
            elif end.hold_s < protocol.hold_min_s - HOLD_SLACK_S:
                flags.append(f"short_{name}_hold")
    if peak_deg_s > protocol.peak_rate_max_deg_s:
        flags.append("too_fast")
    if swing_deg > protocol.swing_max_deg:
        flags.append("thigh_moved")
    return tuple(flags)
