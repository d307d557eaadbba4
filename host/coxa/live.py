"""The causal estimate for live use: the whole set so far is solved again and again; the sensor carries it in between.

One solution of a ten-minute set takes a fraction of a second, so there is no second estimator that could disagree with
the first: at every moment the live angle is what the analysis would say of the recording until now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from coxa.calibration.applied import NONE, Calibration, corrected
from coxa.calibration.bone import bone_rep
from coxa.checks import MAX_GAP_S
from coxa.errors import InputError
from coxa.fusion.grid import GAP_MIN_S
from coxa.protocols import Protocol, for_position
from coxa.results import Position, Rep, Side
from coxa.samples import Floats, Samples
from coxa.solve import Solution, check_pose, solve

SOLVE_EVERY_S = 0.5
FIRST_SOLVE_S = 3.0
"""Between two solutions the angle is carried by the rate: half a second adds less than 0.02°."""

SOLVE_SHARE = 1 / 300
"""Of the length of the set so far, from 150 s on: a solution costs time in proportion to it, some 15 ms and 0.14 ms/s
(measured on one core of a PC), so that solving takes no more than 8 % of a core however long the set. At 20 minutes the
angle is carried for 4 s, which adds 0.2°, and a repetition is told up to 4 s later."""

SETTLED_S, HALF_SETTLED_S = 0.5, 2.0
"""A repetition is complete once the thigh has been back for this long; one that went only one way may still go on."""

WHOLE_MIN = 2
"""A single excursion without a hold, or before a neutral was seen, may still be the bias at work; two are not."""

BIAS_SD_RAD_S = np.radians(0.05)
"""What is uncertain of the bias while the angle is carried, one sd."""

UNSEEN_SD_RAD_S = np.radians(20.0)
"""What the thigh may turn while nothing is received, one sd: about the mean speed of an exercise."""

COLUMNS = 7

CAPACITY_S = 3600.0
"""A set longer than an hour is refused: memory and time per solution stay bounded."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """What is known at `t_s`. `rotation_deg` IR positive from the neutral, with its sd; None before the first solution,
    and where inward is told from the order before the first end has been visited.

    `reps`: the repetitions that are complete. `rate_deg_s`: how fast the thigh turns inward now.
    """

    t_s: float
    rotation_deg: float | None
    rotation_sd_deg: float | None
    rate_deg_s: float | None
    reps: tuple[Rep, ...]


class LiveRotation:
    """Push samples as they come; read the state. Nothing later than the pushed samples is used."""

    def __init__(
        self, position: Position, side: Side, *, protocol: Protocol | None = None, calibration: Calibration = NONE
    ) -> None:
        """calibration: of sensor, body and skin; with the last, angles are those of the bone.

        Raises:
            UsageError: an unknown position or side.
        """
        check_pose(position, side)
        self.position: Position = position
        self.side: Side = side
        self.protocol = protocol or for_position(position)
        self._calibration = calibration
        self._rows = np.empty((1024, COLUMNS))
        self._count = 0
        self._next_solve_s = -np.inf
        self._solved_at_s = -np.inf
        self._solution: Solution | None = None
        self._carried = np.zeros(3)
        self._unseen_s = 0.0

    def push(
        self, t_s: Floats, gyr_rad_s: Floats, acc_m_s2: Floats, *, temperature_c: Floats | None = None
    ) -> LiveState:
        """Adds samples t_s (k,), gyr (k, 3) rad/s, acc (k, 3) m/s², later than all before, and returns the state.

        temperature_c: (k,) of the chip, °C, for the calibration of its bias.

        Raises:
            InputError: a sample that is not finite or not later than the one before.
        """
        fresh, steps = self._checked(t_s, gyr_rad_s, acc_m_s2)
        if self._calibration.sensor:
            exact, _ = corrected(replace(_samples(fresh), temperature_c=temperature_c), self._calibration)
            fresh = np.column_stack([exact.t_s, exact.gyr_rad_s, exact.acc_m_s2])
        begin = 0
        while begin < len(fresh):
            # a solution falls due at the same sample however the samples are bundled
            due = int(np.searchsorted(fresh[begin:, 0], self._next_solve_s)) if self._count else 0
            end = min(begin + due + 1, len(fresh))
            self._take(fresh[begin:end], steps[begin:end])
            begin = end
        return self._state()

    def _checked(self, t_s: Floats, gyr_rad_s: Floats, acc_m_s2: Floats) -> tuple[Floats, Floats]:
        """Rows (k, 7) and the time steps (k,) before each."""
        try:
            fresh = np.column_stack([np.atleast_1d(t_s), np.atleast_2d(gyr_rad_s), np.atleast_2d(acc_m_s2)]).astype(
                float
            )
        except (ValueError, TypeError):
            raise InputError(
                "live samples are not t_s (k,), gyr (k, 3) and acc (k, 3)", "Push arrays of these shapes."
            ) from None
        if fresh.shape[1] != COLUMNS or not len(fresh):
            raise InputError(
                f"live samples have the shape {fresh.shape}", "Push t_s (k,), gyr (k, 3) and acc (k, 3), k at least 1."
            )
        if not np.isfinite(fresh).all():
            raise InputError(
                f"live sample near {fresh[0, 0]:.3f} s is not a finite number", "Drop it before it is pushed."
            )
        if not fresh[:, 4:7].any(axis=1).all():
            raise InputError(
                f"live accelerometer near {fresh[0, 0]:.3f} s reads zero", "Check the sensor: gravity is missing."
            )
        steps = np.diff(fresh[:, 0], prepend=self._rows[self._count - 1, 0] if self._count else fresh[0, 0] - 1e-3)
        if (steps <= 0).any():
            at = fresh[int(np.argmax(steps <= 0)), 0]
            raise InputError(f"live sample at {at:.3f} s is not later than the one before", "Sort and drop duplicates.")
        if steps.max() > MAX_GAP_S:
            raise InputError(
                f"the live stream paused for {steps.max():.0f} s", "Begin a new set after a pause this long."
            )
        if self._count and fresh[-1, 0] - self._rows[0, 0] > CAPACITY_S:
            raise InputError(f"the live set is longer than {CAPACITY_S:.0f} s", "Stop it and begin a new one.")
        return fresh, steps

    def _take(self, fresh: Floats, steps: Floats) -> None:
        self._append(fresh)
        if self._solution:
            self._carry(steps, fresh[:, 1:4])
        now, start = self._rows[self._count - 1, 0], self._rows[0, 0]
        if self._next_solve_s == -np.inf:
            self._next_solve_s = start + FIRST_SOLVE_S
        if now >= self._next_solve_s:
            self._solve()

    def _carry(self, steps: Floats, rate: Floats) -> None:
        """The turn (3,) since the solution; what happened in a gap is not guessed, only that it is not known."""
        seen = np.minimum(steps, GAP_MIN_S)
        self._carried += seen @ rate
        self._unseen_s += float((steps - seen).sum())

    def _append(self, fresh: Floats) -> None:
        need = self._count + len(fresh)
        if need > len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty((max(len(self._rows), len(fresh)), COLUMNS))])
        self._rows[self._count : need] = fresh
        self._count = need

    def _solve(self) -> None:
        rows = self._rows[: self._count].copy()
        self._solution = solve(_samples(rows), self.position, self.side, self.protocol, self._calibration)
        self._solved_at_s = float(rows[-1, 0])
        length_s = self._solved_at_s - float(rows[0, 0])
        self._next_solve_s = self._solved_at_s + max(SOLVE_EVERY_S, SOLVE_SHARE * length_s)
        behind = rows[:, 0] > self._solution.grid.t_s[-1]
        self._carried, self._unseen_s = np.zeros(3), 0.0
        self._carry(np.diff(rows[behind, 0], prepend=self._solution.grid.t_s[-1]), rows[behind, 1:4])

    def _state(self) -> LiveState:
        now = float(self._rows[self._count - 1, 0])
        if self._solution is None or not self._solution.side_known:
            return LiveState(now, None, None, None, ())
        course, axis = self._solution.course, self._solution.axis
        ahead = now - float(self._solution.grid.t_s[-1])
        bias = float(self._solution.coarse_bias @ axis.u) + float(course.estimate.bias[-1])
        angle = float(course.angle[-1]) + course.sign * (float(self._carried @ axis.u) - bias * ahead)
        row = course.sign * course.estimate.rows(np.array([len(course.angle) - 1])) - course.zero_row
        sd = float(np.hypot(course.estimate.sd(row)[0], BIAS_SD_RAD_S * ahead))
        sd = float(np.hypot(sd, UNSEEN_SD_RAD_S * self._unseen_s))
        rate = course.sign * (float(self._rows[self._count - 1, 1:4] @ axis.u) - bias)
        sd = float(np.hypot(np.hypot(sd, course.zero_sd_rad), course.axis_scale_sd * angle))
        done = tuple(m.rep for m in self._solution.measured if _complete(m.rep, self._solved_at_s))
        if not _trusted(done, self._solution.zero.source != "middle"):
            done = ()
        gain = self._calibration.skin
        if gain:
            rate = rate / float(gain.share(angle))
            angle, sd = (float(x) for x in gain.bone_angle(angle, sd))
            done = tuple(bone_rep(rep, gain) for rep in done)
        return LiveState(now, float(np.degrees(angle)), float(np.degrees(sd)), float(np.degrees(rate)), done)


def _samples(rows: Floats) -> Samples:
    return Samples(rows[:, 0], rows[:, 1:4], rows[:, 4:7])


def _complete(rep: Rep, now_s: float) -> bool:
    return rep.end_s < now_s - (HALF_SETTLED_S if "half_rep" in rep.flags else SETTLED_S)


def _trusted(reps: tuple[Rep, ...], neutral_seen: bool) -> bool:
    held = any(rep.er_hold_span_s or rep.ir_hold_span_s for rep in reps)
    return (neutral_seen and held) or sum("half_rep" not in rep.flags for rep in reps) >= WHOLE_MIN
