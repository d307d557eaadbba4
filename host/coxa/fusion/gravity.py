"""What gravity says of the rotation: all where the axis is horizontal, nothing where it is vertical."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coxa.fusion.grid import Grid
from coxa.samples import Floats

STEP_S, CORRELATION_S = 0.2, 1.0
"""Spacing of gravity's observations, and the time over which their errors are alike."""

STILL_SD_RAD = np.radians(0.25)
SWING_SD_RAD = np.radians(5.0)
MOVING_SD_S = 0.03
"""Sd of gravity's angle: when still and seen fully; what unseen swing adds as the axis leaves the horizontal; and what
moving adds per rad/s (acceleration of the strap over g)."""

OBSERVABLE = 0.35
"""Observability below which gravity is not used: a swing looks like many times its size in rotation there."""


@dataclass(frozen=True, slots=True)
class GravityRows:
    """Observations of gravity: grid `index` (r,), `excess` (r,) of the integrated rate over gravity's angle there, rad,
    and `weight` (r,), 1/rad², counted down for errors that neighbours share."""

    index: NDArray[np.intp]
    excess: Floats
    weight: Floats


def observability(slow_acc: Floats, u: Floats) -> Floats:
    """(m,) s = |u × g|: 1 where gravity sees rotation about u (3,) fully, 0 where it cannot. slow_acc: (m, 3)."""
    up = slow_acc / np.linalg.norm(slow_acc, axis=1, keepdims=True)
    return np.asarray(np.sqrt(np.clip(1 - (up @ u) ** 2, 0.0, 1.0)))


def angle(slow_acc: Floats, u: Floats) -> Floats:
    """(m,) angle about u (3,), rad, unwrapped, that gravity shows; zero arbitrary. slow_acc: (m, 3) specific force."""
    e1 = np.cross(u, np.eye(3)[np.argmin(np.abs(u))])
    e1 = e1 / np.linalg.norm(e1)
    # the sensor turns by +θ, so what is fixed in the room turns by −θ in the sensor
    return np.asarray(-np.unwrap(np.arctan2(slow_acc @ np.cross(u, e1), slow_acc @ e1)))


def observe(grid: Grid, integral: Floats, rate: Floats, slow_acc: Floats, u: Floats) -> GravityRows:
    """Observations along the recording; none where gravity cannot see. integral (m,) rad of rate (m,) rad/s about u."""
    seen = observability(slow_acc, u)
    step = max(1, round(STEP_S / grid.dt_s))
    index = np.arange(step, max(len(rate) - step, step), step, dtype=np.intp)
    index = index[(seen[index] > OBSERVABLE) & ~grid.missing[index]]
    if not len(index) or float(np.median(seen)) < OBSERVABLE:
        return GravityRows(index[:0], np.zeros(0), np.zeros(0))
    s = seen[index]
    moving = MOVING_SD_S * np.abs(grid.low_passed(rate, 1.0)[index])
    variance = (STILL_SD_RAD**2 + moving**2 + SWING_SD_RAD**2 * (1 - s**2)) / s**2
    excess = grid.low_passed(integral, 1.0)[index] - angle(slow_acc, u)[index]
    return GravityRows(index, excess, STEP_S / CORRELATION_S / variance)
