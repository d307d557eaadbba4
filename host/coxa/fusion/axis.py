"""The femoral long axis in the sensor frame: from gravity, from the turn itself, and how far they agree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from coxa.fusion.grid import Grid
from coxa.results import Position
from coxa.samples import Floats
from coxa_calibration.femur import FemurAxis
from coxa_calibration.turning import SWING_SHARE

VERTICAL = ("wall", "standing")
"""Positions in which the femur should be vertical, so that gravity shows the axis."""

TILT_SD_RAD, WIDE_TILT_SD_RAD, WIDE_SHARE = np.radians(4.0), np.radians(20.0), 0.2
"""How far the femur is from vertical there: a few degrees as a rule (pelvis some centimetres off the wall), much
more in one set of five (wide stance)."""

TURN_SD_RAD = float(np.arctan(SWING_SHARE))
"""How far the principal axis of the turn is from the femur, one sd of each direction (7.4°): compensation in phase with
the turn tips it, and explained variance does not show it."""

DISAGREEMENT_RAD = np.radians(40.0)
"""Beyond this the two cannot both be the femur: the one that fits the stated position is taken, with a warning."""

ODD_RAD = np.radians(20.0)
"""Three times what a turn's axis is usually away from the femur: said, but a strong swing does it too."""

CALIBRATED = "calibration"
"""Source of an axis that a calibration told."""

MOVING_SHARE = 0.2
"""Samples that turn faster than this share of the fastest tenth carry the principal axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Unit vector `u` (3,) in the sensor frame, one sd of each direction across it, rad, where it and its sign come
    from, how far gravity (or a calibration) and the turn are apart, how far the thigh swung along with the turn as far
    as that shows (angle between u and the turn's axis), and a caution."""

    u: Floats
    sd_rad: float
    source: str
    sign_source: str
    disagreement_rad: float
    swing_rad: float = 0.0
    caution: str = ""


def principal_axis(gyr: Floats) -> tuple[Floats, float]:
    """Direction (3,) about which `gyr` (n, 3; bias removed, low-passed) turns most, and its share of the turning."""
    speed = np.linalg.norm(gyr, axis=1)
    fast = gyr[speed > MOVING_SHARE * float(np.quantile(speed, 0.95))]
    values, vectors = np.linalg.eigh(fast.T @ fast)
    return vectors[:, -1], float(values[-1] / max(values.sum(), 1e-30))


def femoral_axis(grid: Grid, gyr: Floats, slow_acc: Floats, position: Position, known: FemurAxis | None = None) -> Axis:
    """The femoral axis of a recording.

    Args:
        gyr: (m, 3) rate on the grid without bias, low-passed.
        slow_acc: (m, 3) specific force, low-passed.
        known: axis from a calibration of this wearing; taken as it is.
    """
    turn, _ = principal_axis(gyr[~grid.missing])
    up = np.median(slow_acc[~grid.missing], axis=0)
    up = up / np.linalg.norm(up)
    if known is not None:
        apart = float(np.arccos(min(1.0, abs(float(turn @ known.u)))))
        if apart <= DISAGREEMENT_RAD:
            return Axis(known.u, known.sd_rad, CALIBRATED, CALIBRATED, apart, apart, _moved_along(apart))
        own = femoral_axis(grid, gyr, slow_acc, position)
        return replace(
            own,
            caution=f"The body calibration was not used: the main turn was about an axis {np.degrees(apart):.0f}° away "
            f"from it. If the strap was put on anew, calibrate again. {own.caution}".rstrip(),
        )
    if position not in VERTICAL:
        return Axis(turn, float(TURN_SD_RAD), "turn", "order", 0.0)
    # the hip is below the knee on the wall and above it in standing; the sensor's specific force points up
    hip = -up if position == "wall" else up
    turn = turn if turn @ hip >= 0 else -turn
    apart = float(np.arccos(np.clip(turn @ hip, -1.0, 1.0)))
    if apart > DISAGREEMENT_RAD:
        place = "on the wall" if position == "wall" else "in standing"
        caution = (
            f"The main turn was about an axis {np.degrees(apart):.0f}° away from the vertical thigh that "
            f"{place} should have: check the position and the strap."
        )
        return Axis(hip, float(WIDE_TILT_SD_RAD), "gravity", "gravity", apart, apart, caution)
    trust, sd = _trust_in_turn(apart)
    u = (1 - trust) * hip + trust * turn
    return Axis(u / np.linalg.norm(u), sd, "gravity+turn", "gravity", apart, (1 - trust) * apart)


def _moved_along(apart_rad: float) -> str:
    if apart_rad <= ODD_RAD:
        return ""
    return (
        f"The main turn was about an axis {np.degrees(apart_rad):.0f}° away from the calibrated one: either the thigh "
        "swung along, or the strap has moved since."
    )


def _trust_in_turn(apart_rad: float) -> tuple[float, float]:
    """Weight of the turn's axis against gravity's, and one sd of their mean, rad, when they are this far apart.

    The tilt of the femur is drawn from one of two normal distributions (narrow, wide), the compensation from a third:
    how far apart the two pointers are says which of the two it was.
    """
    narrow, wide, turn = TILT_SD_RAD**2, WIDE_TILT_SD_RAD**2, TURN_SD_RAD**2
    shares = [(1 - WIDE_SHARE, narrow), (WIDE_SHARE, wide)]
    odds = [share / (v + turn) * np.exp(-0.5 * apart_rad**2 / (v + turn)) for share, v in shares]
    chance = odds[1] / sum(odds)
    means = [narrow / (narrow + turn), wide / (wide + turn)]
    trust = (1 - chance) * means[0] + chance * means[1]
    inner = (1 - chance) * narrow * turn / (narrow + turn) + chance * wide * turn / (wide + turn)
    between = chance * (1 - chance) * (apart_rad * (means[1] - means[0])) ** 2
    return float(trust), float(np.sqrt(inner + between))


def scale_sd(axis: Axis) -> float:
    """What the axis makes uncertain of any turn about it, a share of the turn.

    Let the thigh swing by q of the turn, in phase with it, and u be off by δ, both small and across the femur: a turn
    is then read as 1 + q·δ - δ²/2 of itself. With each component of δ normal with sd σ, the root mean square of that is
    √(q²σ² + 2σ⁴). No evidence within the set can lower it: gravity sees the same motion about the same axis.
    """
    return float(np.hypot(axis.swing_rad * axis.sd_rad, np.sqrt(2.0) * axis.sd_rad**2))
