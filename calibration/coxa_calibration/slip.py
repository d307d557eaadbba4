"""Whether the strap moved on the thigh, from the same poses and turns before and after; and what they cannot show.

A strap can move in three ways:

- around the thigh: 2 cm on 45-60 cm of circumference turn the sensor by 16-12° about the femoral axis. This goes
  into the neutral of a set one to one.
- askew: the case tips on the skin, and the axis with it.
- along the thigh: the sensor tips only by how much the slope of the skin changes from place to place. The thigh is
  nearly a cone, along which the slope stays the same, so this is a fraction of a degree per centimetre (see
  `coxa.simulate.poses`) and not seen by any of this; nor does it matter to axis or neutral. What it changes is the
  share of the turn that the skin follows. A mark on the skin, or the distance to the kneecap, shows it.

Gravity shows a turn of the sensor about every axis but its own. Standing or with the legs up the wall that axis is the
femur: a strap that slides around the thigh leaves gravity where it was. So the neutral is also recorded with the thigh
level and the shank pinned: seated, feet flat under the knees, before and after. Then all but the sliding along is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from coxa_calibration.held import VERTICAL, Held, Pose, between
from coxa_calibration.readings import CalibrationError, Estimate, Floats
from coxa_calibration.slip_words import words
from coxa_calibration.turned import Seen, SeenAngle, turned
from coxa_calibration.turning import TurnAxis

REPEAT_SD_RAD: dict[Pose, float] = {
    "standing": float(np.radians(1.5)),
    "wall": float(np.radians(1.5)),
    "seated": float(np.radians(2.0)),
    "supine": float(np.radians(5.0)),
    "prone": float(np.radians(5.0)),
}
"""How closely a pose is found again within a session, one sd of each direction across gravity.

Standing by instruction: under 1.9° (Donaldson, Bayne & Bezodis 2021, ISBS Proceedings 39(1):58). Engineering judgement:
seated, feet flat under the knees keep the shank upright, 1.5 cm at the foot are 2°; lying, the feet fall outward.
These decide the limits: wearers who repeat poses 1.5 times less exactly than simulated are told of a moved strap in one
case of five when it did not move."""

SWING_REPEAT_SD_RAD = np.radians(3.0)
"""How closely the axis of the turns is found again, one sd of each direction: the wearer's own swing mostly repeats."""

APART_RAD = np.radians(45.0)
"""Further from what it was than this is another pose, or a strap put on another way. Poses with the thigh vertical and
level are at least so far apart."""

AROUND_LIMIT, TILT_LIMIT = 2.4, 2.72
"""A strap is called moved beyond these many sd. One that did not move is so called in 1.6 % for the first (normal, two
sides) and 2.5 % for the second (Rayleigh) if all repeat a pose as closely as above, and in at most 5 % together where
persons differ in that (benchmarks/calibration_body.py)."""

STRAP_SD_RAD = np.radians(15.0)
"""How far a strap that moved usually turns about each axis, one sd (engineering judgement). It matters where the
thigh is not quite level or vertical: then a part of the turn that gravity does not show lies along the one that is
asked for."""

POWER = 1.645
"""A move larger than limit plus these many sd is found in 95 %."""

MOVED_AROUND_RAD, MOVED_TILT_RAD = np.radians(12.0), np.radians(10.0)
"""The least that must be found: 2 cm around 60 cm of thigh; 10° askew. Where it would be missed in more than 5 %, that
part counts as not seen."""

Verdict = Literal["moved", "kept", "not_seen"]


@dataclass(frozen=True, slots=True)
class Slip:
    """What became of the strap.

    Attributes:
        verdict: `moved`; `kept` (no part moved and all were seen); `not_seen` (nothing moved in what was seen).
        around_rad: turn about the femoral axis, positive as the sensor turned about u. tilt_rad: tip of the axis.
        around_limit_rad, tilt_limit_rad: above these the part counts as moved.
        around_seen, tilt_seen: whether a strap that moved by 12° or tipped by 10° would have been found in 95 %.
        sentence: what was found. advice: what to do; empty where nothing is to be done.
    """

    verdict: Verdict
    around_rad: Estimate
    tilt_rad: Estimate
    around_limit_rad: float
    tilt_limit_rad: float
    around_seen: bool
    tilt_seen: bool
    sentence: str
    advice: str

    def around_cm(self, circumference_cm: float) -> Estimate:
        """Way of the strap around a thigh of this circumference, cm."""
        share = circumference_cm / (2 * np.pi)
        return Estimate(self.around_rad.value * share, self.around_rad.sd * share)


def same_pose(before: Held, after: Held) -> Seen:
    """Gravity in one pose, before and after.

    Raises:
        CalibrationError: `wrong_pose`: not the same pose, by its name or by more than 45°.
    """
    apart = between(before.up, after.up)
    if before.pose != after.pose or apart > APART_RAD:
        raise CalibrationError(
            f"The pose before ({before.pose}) and after ({after.pose}) are {np.degrees(apart):.0f}° apart.",
            "Take the same pose before and after; if it was, the strap was put on another way: calibrate anew.",
            "wrong_pose",
        )  # fmt: skip
    repeat = 2 * REPEAT_SD_RAD[before.pose] ** 2
    return Seen(before.pose, before.up, after.up, float(np.sqrt(repeat + before.sd_rad**2 + after.sd_rad**2)))


def same_turns(before: TurnAxis, after: TurnAxis) -> Seen:
    """The axis of the same slow turns, before and after."""
    toward = after.axis if after.axis @ before.axis >= 0 else -after.axis
    return Seen("turns", before.axis, toward, float(np.sqrt(2.0) * SWING_REPEAT_SD_RAD))


def strap_slip(u: Floats, seen: Sequence[Seen], angles: Sequence[SeenAngle] = ()) -> Slip:
    """The verdict from all that was seen before and after.

    Args:
        u: (3,) femoral axis before, sensor frame. seen: from `same_pose` and `same_turns`.
        angles: from `followed.followed`.

    Raises:
        CalibrationError: `too_few` (nothing given), `same_pose` (a pose with the thigh vertical and one with it level
            look alike: one was not taken as asked).
    """
    _check_distinct(seen)
    turn = turned(seen, angles, u, prior_sd_rad=float(STRAP_SD_RAD))
    around = Estimate(*turn.about(u))
    across = np.linalg.svd(u[None, :])[2][1:]  # two directions across u
    tip, spread = across @ turn.vector, across @ turn.covariance @ across.T
    sds = np.sqrt(np.linalg.eigvalsh(spread))
    odd = float(np.sqrt(tip @ np.linalg.solve(spread, tip)))
    tilt = Estimate(float(np.linalg.norm(tip)), float(sds[-1]))
    around_seen = bool((AROUND_LIMIT + POWER) * around.sd <= MOVED_AROUND_RAD)
    tilt_seen = bool((TILT_LIMIT + POWER) * tilt.sd <= MOVED_TILT_RAD)
    moved_around = abs(around.value) > AROUND_LIMIT * around.sd
    moved_tilt = odd > TILT_LIMIT
    verdict: Verdict = "moved" if moved_around or moved_tilt else "kept" if around_seen and tilt_seen else "not_seen"
    sentence, advice = words(
        around if moved_around else None, tilt if moved_tilt else None, around_seen=around_seen, tilt_seen=tilt_seen
    )
    return Slip(
        verdict, around, tilt, AROUND_LIMIT * around.sd, TILT_LIMIT * tilt.sd, around_seen, tilt_seen, sentence, advice
    )


def _check_distinct(seen: Sequence[Seen]) -> None:
    upright = [s for s in seen if s.name in VERTICAL]
    level = [s for s in seen if s.name in REPEAT_SD_RAD and s.name not in VERTICAL]
    for one in upright:
        for other in level:
            # gravity in the level pose is across the thigh, in standing along it one way, on the wall the other
            along = abs(float(one.before @ other.before))
            if along > float(np.cos(APART_RAD)):
                raise CalibrationError(
                    f"The poses '{one.name}' and '{other.name}' look alike to the sensor "
                    f"({np.degrees(between(one.before, other.before)):.0f}° apart instead of about 90°).",
                    f"Record '{one.name}' with the thigh vertical and '{other.name}' with it level.", "same_pose",
                )  # fmt: skip
