"""The long axis of the femur in the sensor frame, from gravity in a pose in which the thigh is vertical.

Gravity alone gives the axis; the axis of slow turns is a check. Over the whole set of turns both are tipped from the
femur by things that the sensor cannot see: gravity by how far from vertical the thigh is held, the turns by the swing
that goes along with each turn. Swing in phase with the turn and a tipped axis are the same motion to one sensor on the
thigh, so neither can correct the other; they can only be weighed by how far each usually is off, and found to disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from coxa_calibration.held import VERTICAL, Held, Pose, between
from coxa_calibration.readings import GRAVITY_M_S2, CalibrationError, Floats
from coxa_calibration.turning import TurnAxis

TILT_SD_RAD: dict[Pose, float] = {"standing": float(np.radians(3.0)), "wall": float(np.radians(2.5))}
"""How far from vertical the line from hip to knee is held, one sd of each of the two directions.

Standing: lower limbs were inclined by 0-6° between persons who were told how to stand, and repeatable to under 1.9°
(Donaldson, Bayne & Bezodis 2021, ISBS Proceedings 39(1):58). Wall: engineering judgement, from the hip being 3 cm
nearer to or farther from the wall than the ankle (2.1° over 0.82 m) and the foot 3 cm beside the hip, knee straight,
seat touching the wall. A seat that stays 10 cm off tilts the thigh by 7°: say so with `tilt_sd_rad`.
"""

TISSUE_SD_RAD = np.radians(1.5)
"""How much the strap tips on the femur between standing, with the thigh tense, and lying with it slack, one sd of each
direction (engineering judgement)."""

UNCALIBRATED_OFFSET_SD_M_S2 = 0.020 * GRAVITY_M_S2
"""Zero-g offset of an accelerometer that was not calibrated, one sd of each axis: 20 mg (LSM6DSOX, DS12814)."""

AGREE_RAD = np.radians(15.0)
"""Gravity's axis and that of the turns may be this far apart (engineering judgement); beyond, both are repeated."""

LYING_RAD = np.radians(45.0)
"""Beyond this the turns were about a thigh that was not vertical at all."""

SAME_POSE_RAD, OPPOSITE_RAD = np.radians(30.0), np.radians(20.0)
"""Standing and wall: less apart than the first is one pose twice; within the second of opposite is both as asked."""

WORTH_IT = 0.9
"""The turns are weighed in where that brings the sd down to this share or less; else a second source of error is taken
in for little. In simulation it makes the error 4 % smaller with the thigh held as asked, no smaller with twice the
usual swing, and 15 % smaller with the seat far off the wall (benchmarks/calibration_body.py)."""


@dataclass(frozen=True, slots=True)
class FemurAxis:
    """The femoral long axis.

    Attributes:
        u: (3,) unit vector in the sensor frame, pointing to the hip.
        sd_rad: one sd of each of the two directions across it, so that 68 % are within 1.5 and 95 % within 2.4 of it.
        source: `standing`, `wall` or `standing+wall`, followed by `+turn` where the turns were weighed in.
        turn_apart_rad: angle to the axis of the turns; None where it was not checked.
    """

    u: Floats
    sd_rad: float
    source: str
    turn_apart_rad: float | None = None


def axis_from_pose(
    pose: Held, *, acc_offset_sd_m_s2: float = UNCALIBRATED_OFFSET_SD_M_S2, tilt_sd_rad: float | None = None
) -> FemurAxis:
    """The axis from one pose: up in standing, down with the legs up the wall.

    Args:
        acc_offset_sd_m_s2: what is left of the accelerometer's offset on each axis.
        tilt_sd_rad: how far from vertical this wearer holds the thigh, where that is known; else TILT_SD_RAD.

    Raises:
        CalibrationError: `wrong_pose` for a pose in which the thigh is not vertical.
    """
    _check_vertical(pose)
    tilt = TILT_SD_RAD[pose.pose] if tilt_sd_rad is None else tilt_sd_rad
    sd = float(np.sqrt(tilt**2 + pose.sd_rad**2 + (acc_offset_sd_m_s2 / GRAVITY_M_S2) ** 2))
    return FemurAxis(_to_hip(pose) * pose.up, sd, pose.pose)


def axis_from_poses(one: Held, other: Held) -> FemurAxis:
    """The axis from standing and wall together, in either order.

    The accelerometer's offset cancels, and the tilts of the two poses average out.

    Raises:
        CalibrationError: `same_pose` (both recordings show one pose), `wrong_pose` (a pose in which the thigh is not
            vertical, or the two are not opposite: one was not taken as asked, or the strap moved between them).
    """
    _check_vertical(one)
    _check_vertical(other)
    apart = between(one.up, other.up)
    if one.pose == other.pose or apart < SAME_POSE_RAD:
        raise CalibrationError(
            f"Both recordings show the same pose ({np.degrees(apart):.0f}° apart instead of 180°).",
            "Record one standing and one lying with the legs up the wall.", "same_pose",
        )  # fmt: skip
    if np.pi - apart > OPPOSITE_RAD:
        raise CalibrationError(
            f"Standing and legs up the wall are {np.degrees(apart):.0f}° apart instead of 180°.",
            "Stand upright, keep the knee straight and the seat at the wall, and see that the strap does not move.",
            "wrong_pose",
        )  # fmt: skip
    difference = _to_hip(one) * one.force_m_s2 + _to_hip(other) * other.force_m_s2
    tilts = TILT_SD_RAD["standing"] ** 2 + TILT_SD_RAD["wall"] ** 2 + one.sd_rad**2 + other.sd_rad**2
    sd = 0.5 * float(np.sqrt(tilts + TISSUE_SD_RAD**2))
    return FemurAxis(difference / np.linalg.norm(difference), sd, "standing+wall")


def checked_by_turn(axis: FemurAxis, turn: TurnAxis) -> FemurAxis:
    """The axis, once slow turns about the leg agree with it; weighed with theirs where that makes it surer.

    Raises:
        CalibrationError: `axes_apart` (more than 15° apart), `wrong_pose` (more than 45°: the thigh was not vertical).
    """
    toward = turn.axis if turn.axis @ axis.u >= 0 else -turn.axis
    apart = between(toward, axis.u)
    if apart > LYING_RAD:
        raise CalibrationError(
            f"The turns were about an axis {np.degrees(apart):.0f}° away from the vertical: the thigh was not upright.",
            "Take the pose again with the thigh vertical; lying or sitting with it level does not show its long axis, "
            "however upright the shank is.", "wrong_pose",
        )  # fmt: skip
    if apart > AGREE_RAD:
        raise CalibrationError(
            f"The turns were about an axis {np.degrees(apart):.0f}° away from the one that gravity shows.",
            "Hold the thigh vertical, turn the leg without letting the knee swing, and repeat both.", "axes_apart",
        )  # fmt: skip
    weight = axis.sd_rad**2 / (axis.sd_rad**2 + turn.sd_rad**2)
    share = float(np.sqrt(1.0 - weight))
    if share > WORTH_IT:
        return replace(axis, turn_apart_rad=apart)
    u = (1.0 - weight) * axis.u + weight * toward
    return FemurAxis(u / np.linalg.norm(u), axis.sd_rad * share, f"{axis.source}+turn", apart)


def _to_hip(pose: Held) -> float:
    """+1 where the hip is above the knee, −1 where it is below."""
    return -1.0 if pose.pose == "wall" else 1.0


def _check_vertical(pose: Held) -> None:
    if pose.pose not in VERTICAL:
        raise CalibrationError(
            f"In the pose '{pose.pose}' the thigh lies level, so gravity does not show its long axis, however upright "
            "the shank is.", "Stand upright, or lie with the legs straight up the wall.", "wrong_pose",
        )  # fmt: skip
