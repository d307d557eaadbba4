"""What sensor errors do to gravity as seen in the frame that the gyroscope carries along: the linear model.

Turned into the strapdown frame, the specific force is gravity, which stands still there, plus the wearer's own
acceleration, which cannot last. What else moves slowly is an error of the sensors. Unknowns, in this order:
rate offset at k knots (3 each, rad/s), gain matrix of the gyroscope less identity (9), shift of the rate offset
between rest and motion (3), accelerometer offset (3, m/s²), symmetric gain (6) and delay (1, s), gravity (3, m/s²).
Of these only the first two correct anything; the others keep foreign errors out of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coxa import quaternion
from coxa.fusion.selfcal_blocks import Blocks, integrate, rotation_matrices
from coxa.fusion.selfcal_rest import Rest
from coxa.samples import Floats

KNOT_S = 60.0
"""Spacing of the knots of the rate offset, s: it drifts with temperature, over minutes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each group of unknowns stands in the vector, and the hat functions (k blocks, knots) of the offset."""

    hats: Floats

    @property
    def knots(self) -> int:
        """Number of knots."""
        return self.hats.shape[1]

    @property
    def bias(self) -> slice:
        """Rate offsets, knot by knot."""
        return slice(0, 3 * self.knots)

    @property
    def gain(self) -> slice:
        """Gyroscope gain, [3 * l + j]: what component l adds to axis j."""
        return slice(3 * self.knots, 3 * self.knots + 9)

    @property
    def gyro(self) -> slice:
        """All that corrects the gyroscope."""
        return slice(0, 3 * self.knots + 9)

    @property
    def shift(self) -> slice:
        """Rate offset at rest less that in motion."""
        return slice(self.gyro.stop, self.gyro.stop + 3)

    @property
    def acc(self) -> slice:
        """Accelerometer offset, gain and delay."""
        return slice(self.shift.stop, self.shift.stop + 10)

    @property
    def gravity(self) -> slice:
        """Gravity in the strapdown frame."""
        return slice(self.acc.stop, self.acc.stop + 3)

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return self.gravity.stop


def layout(blocks: Blocks) -> Layout:
    """Knots for this recording: one (a constant) when it is short."""
    t = (np.arange(len(blocks)) + 0.5) * blocks.dt_s
    intervals = round(len(blocks) * blocks.dt_s / KNOT_S - 0.5)
    if intervals < 1:
        return Layout(np.ones((len(blocks), 1)))
    knots = np.linspace(t[0], t[-1], intervals + 1)
    return Layout(np.stack([np.interp(t, knots, row) for row in np.eye(intervals + 1)], axis=1))


def corrected_rotvec(blocks: Blocks, at: Layout, theta: Floats) -> Floats:
    """(k, 3) rotation over each block with the gyroscope corrected, rad."""
    offset = at.hats @ theta[at.bias].reshape(-1, 3)
    error = np.einsum("kij,kj->ki", blocks.by_gyro[:, :, 0], offset)
    error += blocks.by_gyro[:, :, 1:].reshape(-1, 3, 9) @ theta[at.gain]
    whole = quaternion.multiply(quaternion.from_rotation_vector(error), quaternion.from_rotation_vector(blocks.rotvec))
    return quaternion.to_rotation_vector(whole)


def linearized(blocks: Blocks, at: Layout, theta: Floats) -> tuple[Floats, Floats, Floats]:
    """Design (k, 3, unknowns), observation (k, 3) and heading response (k, gyro unknowns), earth frame z up.

    design · θ = observation + wearer's own acceleration.
    """
    q = np.vstack([[1.0, 0.0, 0.0, 0.0], integrate(corrected_rotvec(blocks, at, theta) / blocks.dt_s, blocks.dt_s)])
    to_frame = rotation_matrices(q[:-1])
    force = np.einsum("kij,kj->ki", to_frame, blocks.force - blocks.by_acc @ theta[at.acc])
    up = np.median(force, axis=0)
    g = float(np.linalg.norm(up))
    level = _level(up / g)
    to_frame, force = level @ to_frame, force @ level.T
    turn = _turn(blocks, at, to_frame)
    design = np.zeros((len(blocks), 3, at.size))
    design[:, 0, at.gyro] = -g * turn[:, 1]
    design[:, 1, at.gyro] = g * turn[:, 0]
    by_acc = to_frame @ blocks.by_acc
    design[:, :, at.acc] = by_acc
    design[:, [0, 1, 2], range(at.gravity.start, at.gravity.stop)] = 1.0
    known = theta.copy()
    known[at.gravity] = 0.0
    observation = force + design @ known
    heading = turn[:, 2] - turn[:, 2].mean(axis=0)
    return design, observation, heading


def rest_equations(rests: list[Rest], at: Layout) -> tuple[Floats, Floats, Floats]:
    """Design (m, unknowns), observation (m,) and sd (m,) of the still phases, three rows each."""
    design = np.zeros((3 * len(rests), at.size))
    for i, rest in enumerate(rests):
        weights = at.hats[rest.start : rest.stop].mean(axis=0)
        for axis in range(3):
            design[3 * i + axis, axis : 3 * at.knots : 3] = weights
            design[3 * i + axis, at.shift.start + axis] = 1.0
    return design, -np.concatenate([r.rate for r in rests]), np.repeat([r.sd for r in rests], 3)


def _turn(blocks: Blocks, at: Layout, to_frame: Floats) -> Floats:
    """(k, 3, gyro unknowns): how far each unknown has turned the frame by the middle of each block, rad per unit."""
    step = (to_frame @ blocks.by_gyro.reshape(-1, 3, 12)).reshape(-1, 3, 4, 3)
    offset = step[:, :, None, 0] * at.hats[:, None, :, None]
    step = np.concatenate([offset.reshape(-1, 3, 3 * at.knots), step[:, :, 1:].reshape(-1, 3, 9)], axis=2)
    return np.cumsum(step, axis=0) - 0.5 * step


def _level(up: Floats) -> Floats:
    """(3, 3) rotation that brings the unit vector up to z."""
    side = np.cross(up, np.eye(3)[np.argmin(np.abs(up))])
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(up, side), up])
