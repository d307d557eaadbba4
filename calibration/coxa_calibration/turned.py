"""By how much a sensor turned on the body, from directions that it should see again; and what they cannot show.

One direction shows two of the three ways of turning: the turn about the direction itself leaves it where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from coxa_calibration.readings import CalibrationError, Floats

ANY_SD_RAD = np.radians(60.0)
"""Prior sd of each component of the turn where the sensor may have been put on in any way: wide enough to leave what is
seen alone; the sd of what is not seen stays near it."""

PASSES, ENOUGH_RAD = 20, 1e-9
"""The turn is refined until it changes by less; a turn of 60° needs five passes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A direction that is fixed in the pose or in the thigh, seen before and after.

    Attributes:
        name: where it is from, such as `standing` or `turn`.
        before, after: (3,) unit vectors in the sensor frame.
        sd_rad: how far the two may be apart with the strap where it was, one sd of each direction across.
    """

    name: str
    before: Floats
    after: Floats
    sd_rad: float


@dataclass(frozen=True, slots=True)
class SeenAngle:
    """A turn of the sensor about the axis u that was followed by the gyroscope from one neutral to another.

    Attributes:
        name: where it is from, such as `set`.
        turn_rad: angle about u. sd_rad: how far it may be from 0 with the strap where it was, one sd.
    """

    name: str
    turn_rad: float
    sd_rad: float


@dataclass(frozen=True, slots=True)
class Turned:
    """The turn of the sensor relative to the body.

    Attributes:
        vector: (3,) rotation vector, rad, in the sensor frame: the sensor turned by it, so that what it saw at v it
            now sees at v turned back.
        covariance: (3, 3) of it, rad²; about prior_sd_rad² along what nothing shows.
    """

    vector: Floats
    covariance: Floats

    def about(self, axis: Floats) -> tuple[float, float]:
        """Component about the unit vector axis (3,) and its sd, rad."""
        return float(self.vector @ axis), float(np.sqrt(axis @ self.covariance @ axis))


def turned(
    seen: Sequence[Seen], angles: Sequence[SeenAngle] = (), u: Floats | None = None, *,
    prior_sd_rad: float = float(ANY_SD_RAD),
) -> Turned:  # fmt: skip
    """Least-squares turn that explains all that was seen.

    Args:
        seen, angles: what was seen; `angles` are about u (3,).
        prior_sd_rad: how far a sensor usually turns about each axis, one sd; it decides what is not seen.

    Raises:
        CalibrationError: `too_few` where nothing was given.
    """
    if not seen and not angles:
        raise CalibrationError(
            "Nothing was recorded both before and after.", "Record the same pose before and after.", "too_few"
        )
    vector = _start(seen)
    information: Floats = np.eye(3, dtype=np.float64)
    for _ in range(PASSES):
        rows, misses = _linear(seen, angles, u, vector)
        information = np.asarray(rows.T @ rows + np.eye(3) / prior_sd_rad**2, dtype=np.float64)
        pull = np.asarray(rows.T @ misses - vector / prior_sd_rad**2, dtype=np.float64)
        step = np.asarray(np.linalg.solve(information, pull), dtype=np.float64)
        # a step of more than a radian overshoots where the direction is nearly opposite
        step = step / max(1.0, float(np.linalg.norm(step)))
        turn = Rotation.from_rotvec(vector) * Rotation.from_rotvec(step)
        vector = np.asarray(turn.as_rotvec(), dtype=np.float64)
        if float(np.linalg.norm(step)) < ENOUGH_RAD:
            break
    return Turned(vector, np.asarray(np.linalg.inv(information), dtype=np.float64))


def _start(seen: Sequence[Seen]) -> Floats:
    """(3,) turn to begin with: none, unless a direction is now seen on the other side, from where small steps do not
    lead back: what is seen exactly opposite would even count as unmoved."""
    if all(float(s.before @ s.after) > 0.0 for s in seen):
        return np.zeros(3)
    before, after = (np.array([getattr(s, name) for s in seen]) for name in ("before", "after"))
    turn, _ = Rotation.align_vectors(before, after, weights=[s.sd_rad**-2 for s in seen])
    return np.asarray(turn.as_rotvec(), dtype=np.float64)


def _linear(
    seen: Sequence[Seen], angles: Sequence[SeenAngle], u: Floats | None, vector: Floats
) -> tuple[Floats, Floats]:
    """Rows (r, 3) and misses (r,) in units of sd, for a small further turn after `vector`."""
    back = Rotation.from_rotvec(vector).as_matrix().T
    rows: list[Floats] = []
    misses: list[Floats] = []
    for s in seen:
        expected = back @ s.before
        # a further turn φ moves what is seen at e to e + e × φ
        rows.append(_cross(expected) / s.sd_rad)
        misses.append((s.after - expected) / s.sd_rad)
    for a in angles:
        axis = np.asarray(u, dtype=np.float64)
        rows.append(axis[None, :] / a.sd_rad)
        misses.append(np.array([(a.turn_rad - vector @ axis) / a.sd_rad]))
    return np.vstack(rows), np.concatenate(misses)


def _cross(v: Floats) -> Floats:
    """(3, 3) matrix of v ×."""
    x, y, z = v.tolist()
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
