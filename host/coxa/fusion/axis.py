"""The femoral long axis in the sensor frame: from gravity, from the turn itself, and how far they agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coxa.fusion.grid import Grid
from coxa.results import Position
from coxa.samples import Floats

VERTICAL = ("wall", "standing")
"""Positions in which the femur should be vertical, so that gravity shows the axis."""

TILT_SD_RAD, WIDE_TILT_SD_RAD, WIDE_SHARE = np.radians(4.0), np.radians(20.0), 0.2
"""How far the femur is from vertical there: a few degrees as a rule (pelvis some centimetres off the wall), much
more in one set of five (wide stance)."""

TURN_SD_RAD = np.radians(6.0)
"""How far the principal axis of the turn is from the femur: compensation in phase with the turn tips it (2-5° of
swing in 35° of twist tip it by 3-8°) and explained variance does not show it."""

DISAGREEMENT_RAD = np.radians(40.0)
"""Beyond this the two cannot both be the femur: the one that fits the stated position is taken, with a warning."""

MOVING_SHARE = 0.2
"""Samples that turn faster than this share of the fastest tenth carry the principal axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Unit vector `u` (3,) in the sensor frame, one sd in rad, where it and its sign come from, and a caution."""

    u: Floats
    sd_rad: float
    source: str
    sign_source: str
    disagreement_rad: float
    caution: str = ""


def principal_axis(gyr: Floats) -> tuple[Floats, float]:
    """Direction (3,) about which `gyr` (n, 3; bias removed, low-passed) turns most, and its share of the turning."""
    speed = np.linalg.norm(gyr, axis=1)
    fast = gyr[speed > MOVING_SHARE * float(np.quantile(speed, 0.95))]
    values, vectors = np.linalg.eigh(fast.T @ fast)
    return vectors[:, -1], float(values[-1] / max(values.sum(), 1e-30))


def femoral_axis(grid: Grid, gyr: Floats, slow_acc: Floats, position: Position, known: Floats | None = None) -> Axis:
    """The femoral axis of a recording.

    Args:
        gyr: (m, 3) rate on the grid without bias, low-passed.
        slow_acc: (m, 3) specific force, low-passed.
        known: (3,) axis from a calibration, pointing to the hip; taken as it is.
    """
    turn, _ = principal_axis(gyr[~grid.missing])
    up = np.median(slow_acc[~grid.missing], axis=0)
    up = up / np.linalg.norm(up)
    if known is not None:
        apart = float(np.arccos(min(1.0, abs(float(turn @ known)))))
        return Axis(known / np.linalg.norm(known), np.radians(3.0), "calibration", "calibration", apart)
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
        return Axis(hip, float(WIDE_TILT_SD_RAD), "gravity", "gravity", apart, caution)
    trust, sd = _trust_in_turn(apart)
    u = (1 - trust) * hip + trust * turn
    return Axis(u / np.linalg.norm(u), sd, "gravity+turn", "gravity", apart)


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
    """What the axis adds to the uncertainty of the scale, a share.

    With the two pointers d apart and u between them, an in-phase swing enters by up to d²/4 and a tilted axis takes
    as much away, whichever of the two it was.
    """
    return 0.25 * axis.disagreement_rad**2
