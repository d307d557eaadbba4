"""The steps of a body calibration: poses that are held, and slow turns of the straight leg."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from coxa.calibration.guide.course import ENOUGH
from coxa.calibration.guide.ends import ends, from_rest
from coxa.calibration.guide.step import Accepted, Look, Refused
from coxa.calibration.guide.watch import Attempt, Stillness, part, refused, stillness
from coxa.results import Side
from coxa.samples import Floats, Samples
from coxa_calibration.femur import (
    OPPOSITE_RAD,
    UNCALIBRATED_OFFSET_SD_M_S2,
    FemurAxis,
    axis_from_pose,
    axis_from_poses,
    checked_by_turn,
)
from coxa_calibration.held import VERTICAL, Held, Pose, between, held
from coxa_calibration.mounting import Case, Frame, frame, leg_from_turns, which_end, which_leg
from coxa_calibration.readings import CalibrationError
from coxa_calibration.slip import same_pose
from coxa_calibration.turning import TurnAxis, first_turns, turn_axis

THIGH = "thigh"
"""Where the sensor is worn."""

LISTEN_S = 3.0
"""A hold counts from this on: what to do has to be heard first, or why it has to be done again."""

HOLD_S = 5.0
"""Breathing (about 4 s) and sway average out over this."""

HOLD_EDGES_S = 0.5
"""What the smoothing may take off the ends of a hold."""

OTHER_POSE_RAD = np.radians(45.0)
"""Gravity must have moved in the sensor by this since the pose before, so that no stillness is taken for two poses: a
thigh that goes from vertical to level moves it by 90°, less what both may be off."""

TURNS = 3
"""Turns out and in: with three, one that was begun the wrong way is outvoted."""

REST_S = 3.0
"""Rest after the turns: longer than a pause between two of them."""


@dataclass(frozen=True, slots=True)
class Wearing:
    """What is known of how the sensor is worn: leg, case where its build is known, and what is left of the
    accelerometer's offset, one sd of each axis."""

    side: Side
    case: Case | None = None
    acc_offset_sd_m_s2: float = UNCALIBRATED_OFFSET_SD_M_S2


@dataclass(frozen=True, slots=True)
class Turns:
    """Slow turns: what they were about, and which way each of them began, +1 or −1 about the axis to the hip."""

    about: TurnAxis
    ways: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Posing(Attempt):
    """One pose held. Its value is a Held.

    Attributes:
        again: the pose as it was held before, where this is a check whether the strap has moved since; then it is
            judged beside that one, else beside the other poses.
    """

    pose: Pose = "standing"
    wearing: Wearing = field(default_factory=lambda: Wearing("right"))
    again: Held | None = None

    def _look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:
        still, before = self._still(heard[THIGH]), poses(values)
        if still is None:
            return Look("waiting", "take the pose")
        if still.up is None and still.seconds == 0:
            return Look("moving", "take the pose and keep still")
        if still.up is not None and before and between(still.up, before[-1].up) < OTHER_POSE_RAD:
            return Look("waiting", f"still as in the pose before: {self.title.lower()} now")
        if still.hold is None or still.seconds < HOLD_S:
            return Look("still", "hold still", still.seconds / HOLD_S, HOLD_S - still.seconds)
        pose = self._held(still.hold)
        if pose is None:
            return Look("moving", "keep more still")
        if self.again is not None:
            same_pose(self.again, pose)
        problem = None if self.again else misfit([*before, pose], self.wearing, next(iter(values), self.key))
        words = f"{self.title}: held for {pose.end_s - pose.start_s:.0f} s."
        return Look("still", "done", 1.0, 0.0, problem or Accepted(pose, words))

    def _held(self, hold: Samples) -> Held | None:
        """The pose, if the hold is one also by itself: at its limits it may have been so only beside what came before.

        Raises:
            CalibrationError: as `held`, but for `moving`.
        """
        try:
            pose = held(hold, self.pose)
        except CalibrationError as error:
            if error.reason == "moving":
                return None
            raise
        return pose if pose.end_s - pose.start_s > HOLD_S - HOLD_EDGES_S else None

    def _still(self, samples: Samples) -> Stillness | None:
        """Since there was time to listen; None before."""
        begin = int(np.count_nonzero(samples.t_s - samples.t_s[0] < LISTEN_S))
        return None if len(samples) - begin < ENOUGH else stillness(part(samples, begin, len(samples)))


@dataclass(frozen=True, slots=True)
class Turning(Attempt):
    """Slow turns of the straight leg, outward first, from a rest with the toes up. Its value is Turns."""

    wearing: Wearing = field(default_factory=lambda: Wearing("right"))

    def _look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:
        samples, earlier = heard[THIGH], poses(values)
        axis = axis_of(earlier, self.wearing)
        bias, bias_sd = bias_of(earlier)
        made, still = ends(samples, axis.u, bias).both, stillness(samples)
        share = min(made / TURNS, 1.0)
        if made < TURNS:
            words = f"{made} of {TURNS} turns out and in"
            return Look("turning" if still.hold is None else "waiting", words, share)
        if still.seconds < REST_S:
            words = "rest with the toes up"
            return Look("turning" if still.hold is None else "still", words, share, REST_S - still.seconds)
        turns = from_rest(samples, TURNS, axis.u, bias)
        about, ways = turn_axis(turns, bias, bias_sd), first_turns(turns, axis.u, bias)
        try:
            checked = checked_by_turn(axis, about)
        except CalibrationError as error:
            upright = [pose.pose for pose in earlier if pose.pose in VERTICAL]
            return refused(error, upright[-1])
        leg = leg_from_turns(ways, self.wearing.side)
        if leg.answer not in (self.wearing.side, "unclear"):
            advice = f"If it is the {self.wearing.side} leg, turn the foot outward first; else put it on that leg."
            return Look("waiting", "again", outcome=Refused(leg.sentence, advice, "wrong_leg", next(iter(values))))
        apart = np.degrees(checked.turn_apart_rad or 0.0)
        words = f"{made} turns, about an axis {apart:.0f}° from the one that gravity shows."
        return Look("still", "done", 1.0, 0.0, Accepted(Turns(about, ways), words))


def poses(values: Mapping[str, Any]) -> list[Held]:
    """The poses that were held, in order."""
    return [value for value in values.values() if isinstance(value, Held)]


def axis_of(held_poses: Sequence[Held], wearing: Wearing, turns: Turns | None = None) -> FemurAxis:
    """The femoral axis from the poses with the thigh vertical, one or two, and the turns where there are any.

    Raises:
        CalibrationError: as `axis_from_pose`, `axis_from_poses`, `checked_by_turn`; `too_few` without such a pose.
    """
    upright = [pose for pose in held_poses if pose.pose in VERTICAL]
    if not upright:
        raise CalibrationError(
            "No pose with the thigh vertical was held.", "Stand upright, or lie with the legs up the wall.", "too_few"
        )
    if len(upright) == 1:
        axis = axis_from_pose(upright[0], acc_offset_sd_m_s2=wearing.acc_offset_sd_m_s2)
    else:
        axis = axis_from_poses(upright[0], upright[1])
    return axis if turns is None else checked_by_turn(axis, turns.about)


def bias_of(held_poses: Sequence[Held]) -> tuple[Floats, float]:
    """(3,) mean rate over the poses, rad/s, and its sd on each axis."""
    weight = np.array([pose.rate_sd_rad_s**-2 for pose in held_poses])
    rates = np.array([pose.rate_rad_s for pose in held_poses])
    return np.average(rates, axis=0, weights=weight), float(weight.sum() ** -0.5)


def misfit(held_poses: Sequence[Held], wearing: Wearing, first: str) -> Refused | None:
    """Why the last pose does not fit the others, or shows the sensor worn another way; None where all is well.

    first: key of the first step that was done.
    """
    level = next((pose for pose in held_poses if pose.pose not in VERTICAL), None)
    if not any(pose.pose in VERTICAL for pose in held_poses):
        return None
    try:
        axis = axis_of(held_poses, wearing)
    except CalibrationError as error:
        return _refused(error, first if _exchanged(held_poses, level) else "")
    try:
        thigh = None if level is None else frame(axis, level)
    except CalibrationError as error:
        return _refused(error, level.pose if level is not None else "")
    return _worn(axis, thigh, wearing, first)


def _exchanged(held_poses: Sequence[Held], level: Held | None) -> bool:
    """Whether the level pose is opposite to the last: then it was the first that was not taken as asked."""
    return level is not None and np.pi - between(held_poses[-1].up, level.up) < OPPOSITE_RAD


def _worn(axis: FemurAxis, thigh: Frame | None, wearing: Wearing, first: str) -> Refused | None:
    """Upside down, across, or on the other leg, where the case is known: begun anew, as all poses have it wrong."""
    if wearing.case is None:
        return None
    end = which_end(axis.u, wearing.case, two_poses="+" in axis.source)
    if end.answer == "upside_down":
        return Refused(end.sentence, "Then take the pose again.", "upside_down", first)
    if end.answer == "across":
        advice = "If it does point there, take the pose as it is asked for, with the thigh vertical."
        return Refused(end.sentence, advice, "across", first)
    leg = None if thigh is None else which_leg(thigh, wearing.case, wearing.side)
    if leg is None or leg.answer in (wearing.side, "unclear"):
        return None
    advice = f"The outer face belongs outside: put it right, or begin again for the {leg.answer} leg."
    return Refused(leg.sentence, advice, "wrong_leg", first)


def _refused(error: CalibrationError, back_to: str) -> Refused:
    return Refused(error.what, error.advice, error.reason, back_to)
