"""How the sensor is put on: which way up, on which leg, and whether it sits as it did last time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from coxa_calibration.femur import FemurAxis
from coxa_calibration.held import VERTICAL, Held, between
from coxa_calibration.readings import CalibrationError, Floats
from coxa_calibration.turned import Seen, turned

Side = Literal["left", "right"]

SKEW_SD_RAD = np.radians(20.0)
"""How far the long side of a case is from the line hip to knee when it is put on by eye, one sd."""

PLACE_SD_RAD = np.radians(30.0)
"""How far around the thigh from its outer side the case sits, one sd."""

WRONG_END_SHARE, ODD_SHARE = 0.1, 0.02
"""How often a case is put on with the arrow to the knee, and how often in a way that is not foreseen: across, on the
inner side, with the face to the skin (engineering judgement)."""

UNDERSTOOD, TURNED_RIGHT = 0.95, 0.9
"""How often 'turn the foot outward' is understood, and then done, at each turn (engineering judgement)."""

LEVEL_RAD = np.radians(30.0)
"""In a pose with the thigh level, gravity is across the femur to within this: slope of a seat, slack of the strap."""

LEVEL_SD_RAD = np.radians(3.0)
"""How closely the front of the thigh faces up there, one sd about the femur."""

TURNED_RAD = np.radians(10.0)
"""From here on the sensor counts as put on another way: about 2 cm around a thigh. What was calibrated for the skin
then no longer holds."""


@dataclass(frozen=True, slots=True)
class Case:
    """The case in the frame of the chip: unit vectors (3,) along the arrow (to the hip) and out of the outer face."""

    to_hip: Floats
    outward: Floats


@dataclass(frozen=True, slots=True)
class Frame:
    """The thigh in the sensor frame: `u` (3,) to the hip, `forward` (3,) to the front, at right angles; one sd of the
    axis in each direction, and of the front about the axis, rad. The neutral of `forward` is that of the level pose."""

    u: Floats
    forward: Floats
    axis_sd_rad: float
    forward_sd_rad: float

    @property
    def right(self) -> Floats:
        """(3,) to the right of the body: outward on the right leg, inward on the left (ISB: x front, y up, z right)."""
        return np.asarray(np.cross(self.forward, self.u))


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the sensor tells of how it is put on.

    `answer` is a stable word, `confidence` its probability with the shares and spreads named above, `angle_rad` what
    it was judged by, `sentence` what to tell the wearer.
    """

    answer: str
    confidence: float
    angle_rad: float
    sentence: str


def frame(axis: FemurAxis, level: Held) -> Frame:
    """Axis and front of the thigh. level: seated or supine (the front faces up), or prone (down).

    Raises:
        CalibrationError: `same_pose` (gravity lies along the axis: the thigh was vertical again), `wrong_pose` (a pose
            in which the thigh is vertical by its name, or more than 30° from level).
    """
    if level.pose in VERTICAL:
        raise CalibrationError(
            f"In the pose '{level.pose}' the thigh is vertical, so gravity does not show its front.",
            "Sit with the thigh level and the feet flat on the floor.", "wrong_pose",
        )  # fmt: skip
    up = -level.up if level.pose == "prone" else level.up
    slope = float(np.arcsin(np.clip(abs(up @ axis.u), 0.0, 1.0)))
    if slope > LEVEL_RAD:
        upright = slope > np.pi / 2 - LEVEL_RAD
        raise CalibrationError(
            f"The thigh was {np.degrees(slope):.0f}° from level" + (", as in the pose before." if upright else "."),
            "Sit with the thigh level and the feet flat on the floor.", "same_pose" if upright else "wrong_pose",
        )  # fmt: skip
    forward = up - (up @ axis.u) * axis.u
    return Frame(axis.u, forward / np.linalg.norm(forward), axis.sd_rad, float(LEVEL_SD_RAD))


def which_end(u: Floats, case: Case, *, two_poses: bool = False) -> Recognised:
    """`right_way`, `upside_down` or `across`, from the femoral axis u (3,).

    two_poses: the axis is from standing and wall together. From one of them alone an upside-down case and the other
    pose look the same.
    """
    off = between(u, case.to_hip)
    weights = {
        "right_way": (1 - WRONG_END_SHARE) * _fits(off, SKEW_SD_RAD),
        "upside_down": WRONG_END_SHARE * _fits(np.pi - off, SKEW_SD_RAD),
        "across": ODD_SHARE * _fits(off - np.pi / 2, SKEW_SD_RAD),
    }
    answer, confidence = _likeliest(weights)
    other = "" if two_poses else ", or the pose was the other one (standing, legs up the wall)"
    sentences = {
        "right_way": f"The arrow points to the hip ({np.degrees(off):.0f}° off).",
        "upside_down": f"The arrow points to the knee{other}: turn the case round.",
        "across": f"The case sits across the thigh, {np.degrees(off):.0f}° off: turn its arrow to the hip.",
    }
    return Recognised(answer, confidence, off, sentences[answer])


def which_leg(thigh: Frame, case: Case, stated: Side) -> Recognised:
    """`left`, `right` or `unclear`, from where the outer face of the case looks.

    Rests on the case being on the outer side of the thigh, where the placement puts it. On the very front or back of
    the thigh it is `unclear`.
    """
    way = float(np.arctan2(case.outward @ thigh.right, case.outward @ thigh.forward))
    return _leg({"right": _fits(way - np.pi / 2, PLACE_SD_RAD), "left": _fits(way + np.pi / 2, PLACE_SD_RAD)},
                ODD_SHARE, way, stated, "The outer face looks to the")  # fmt: skip


def leg_from_turns(ways: Sequence[int], stated: Side) -> Recognised:
    """`left`, `right` or `unclear`, from turns that were all asked to go outward first (`turning.first_turns`).

    Outward is −1 about u on the right leg and +1 on the left. A person who turns inward instead does so each time, so
    no number of turns makes it surer than that the request was understood.
    """
    right = sum(1 for way in ways if way < 0)
    left = len(ways) - right
    done = {"right": _chance(right, left), "left": _chance(left, right)}
    mixed = {
        "right": UNDERSTOOD * done["right"] + (1 - UNDERSTOOD) * done["left"],
        "left": UNDERSTOOD * done["left"] + (1 - UNDERSTOOD) * done["right"],
    }
    return _leg(mixed, 0.0, 0.0, stated, f"The first {len(ways)} turns, if outward, are those of the")


def since_last_time(then: Frame, now: Frame) -> Recognised:
    """`same` or `turned`: by how much the sensor sits otherwise than it did; angle_rad is the turn in all."""
    axis_sd = float(np.hypot(then.axis_sd_rad, now.axis_sd_rad))
    front_sd = float(np.hypot(then.forward_sd_rad, now.forward_sd_rad))
    turn = turned([Seen("axis", then.u, now.u, axis_sd), Seen("front", then.forward, now.forward, front_sd)])
    around, around_sd = turn.about(then.u)
    apart = between(then.u, now.u)
    total = float(np.linalg.norm(turn.vector))
    sd = float(np.sqrt(turn.vector @ turn.covariance @ turn.vector)) / total if total > 0 else around_sd
    beyond = float(_normal_above((TURNED_RAD - total) / sd))
    about = f"{np.degrees(around):+.0f}° ± {np.degrees(around_sd):.0f}°"
    how = f"its axis {np.degrees(apart):.0f}° from then, {about} about it"
    if total > TURNED_RAD:
        return Recognised("turned", beyond, total, f"The sensor sits otherwise than last time ({how}): calibrate anew.")
    return Recognised("same", 1 - beyond, total, f"The sensor sits as it did last time ({how}).")


def _leg(weights: dict[str, float], odd: float, angle: float, stated: Side, reason: str) -> Recognised:
    answer, confidence = _likeliest({**weights, "unclear": odd})
    if answer == "unclear" or confidence < 2 / 3:
        return Recognised("unclear", max(confidence, 0.0), angle, f"Which leg it is on does not show; taken: {stated}.")
    agrees = "as stated" if answer == stated else f"but {stated} was stated: check which leg it is on"
    return Recognised(answer, confidence, angle, f"{reason} {answer} leg, {agrees}.")


def _fits(off_rad: float, sd_rad: float) -> float:
    """Height of a normal curve at off_rad over its height at 0."""
    return float(np.exp(-0.5 * (off_rad / sd_rad) ** 2))


def _chance(done: int, otherwise: int) -> float:
    return float(TURNED_RIGHT**done * (1 - TURNED_RIGHT) ** otherwise)


def _likeliest(weights: dict[str, float]) -> tuple[str, float]:
    answer = max(weights, key=lambda key: weights[key])
    return answer, weights[answer] / sum(weights.values())


def _normal_above(z: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(-z))
