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
from coxa.fusion.selfcal_blocks import Blocks, rotation_matrices
from coxa.fusion.selfcal_rest import Rest
from coxa.fusion.selfcal_vqf import offline
from coxa.samples import Floats

KNOT_S = 60.0
"""Spacing of the knots of the rate offset, s: it drifts with temperature, over minutes."""
LEVELLING_S = 10.0
"""Time constant of the levelling, s: slower than the wearer's movements, faster than the drift of the gyroscope."""
GROUP = 4
"""Blocks averaged for the fit: enough samples for the frequencies it uses, few enough to be quick."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each group of unknowns stands in the vector, and the hat functions (k blocks, knots) of the offset."""

    hats: Floats

    @property
    def knots(self) -> int:
        """Number of knots."""
        return int(self.hats.shape[1])

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
        return 3 * self.knots + 9 + 3 + 10 + 3


def layout(blocks: Blocks) -> Layout:
    """Knots for this recording: one (a constant) when it is short."""
    t = (np.arange(len(blocks)) + 0.5) * blocks.dt_s
    intervals = round(len(blocks) * blocks.dt_s / KNOT_S - 0.5)
    if intervals < 1:
        return Layout(np.ones((len(blocks), 1)))
    knots: Floats = np.linspace(float(t[0]), float(t[-1]), intervals + 1)
    return Layout(np.stack([np.interp(t, knots, row) for row in np.eye(intervals + 1)], axis=1))


def corrected_rotvec(blocks: Blocks, at: Layout, theta: Floats) -> Floats:
    """(k, 3) rotation over each block with the gyroscope corrected, rad."""
    offset = at.hats @ theta[at.bias].reshape(-1, 3)
    error = np.einsum("kij,kj->ki", blocks.by_gyro[:, :, 0], offset)
    error += blocks.by_gyro[:, :, 1:].reshape(-1, 3, 9) @ theta[at.gain]
    whole = quaternion.multiply(quaternion.from_rotation_vector(error), quaternion.from_rotation_vector(blocks.rotvec))
    return quaternion.to_rotation_vector(whole)


def linearized(blocks: Blocks, at: Layout, theta: Floats) -> tuple[Floats, Floats, Floats]:
    """Design (g, 3, unknowns), observation (g, 3) and heading response (g, gyro unknowns), earth frame z up.

    design · θ = observation + wearer's own acceleration, as means over g groups of blocks.
    """
    rotvec = corrected_rotvec(blocks, at, theta)
    end, start = levelled(rotvec, blocks.force - blocks.by_acc @ theta[at.acc], blocks.dt_s, LEVELLING_S)
    to_frame = rotation_matrices(start)
    force = np.einsum("kij,kj->ki", to_frame, blocks.force - blocks.by_acc @ theta[at.acc])
    g = float(np.median(force[:, 2]))
    # Undo the levelling, so that gravity moves as the gyroscope says; its error stays small all the same.
    correction = quaternion.to_rotation_vector(quaternion.multiply(start[1:], quaternion.conjugate(end[:-1])))
    force[1:] += g * np.cumsum(correction, axis=0) @ np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    turn = _turn(blocks, at, to_frame)
    design = np.zeros((len(turn), 3, at.size))
    design[:, 0, at.gyro] = -g * turn[:, 1]
    design[:, 1, at.gyro] = g * turn[:, 0]
    design[:, :, at.acc] = grouped(to_frame @ blocks.by_acc)
    observation = grouped(force) + design @ theta
    design[:, [0, 1, 2], range(at.gravity.start, at.gravity.stop)] = 1.0
    return design, observation, turn[:, 2] - turn[:, 2].mean(axis=0)


def grouped(x: Floats) -> Floats:
    """Means over groups of blocks: (k, ...) → (g, ...); an incomplete last group is left out."""
    count = len(x) // GROUP
    return np.asarray(x[: count * GROUP].reshape(count, GROUP, *x.shape[1:]).mean(axis=1))


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
    """(g, 3, gyro unknowns): how far each unknown has turned the frame, on average over a group, rad per unit."""
    count = len(blocks) // GROUP
    step = (to_frame @ blocks.by_gyro.reshape(-1, 3, 12))[: count * GROUP].reshape(count, GROUP, 36)
    remaining = (GROUP - np.arange(GROUP) - 0.5) / GROUP
    hats = grouped(at.hats)
    whole, within = (_by_knot(x.reshape(count, 3, 4, 3), hats) for x in (step.sum(axis=1), remaining @ step))
    return np.cumsum(whole, axis=0) - whole + within


def _by_knot(step: Floats, hats: Floats) -> Floats:
    """(g, 3, 4, 3) effect of offset and gains → (g, 3, gyro unknowns), the offset spread over its knots."""
    offset = step[:, :, None, 0] * hats[:, None, :, None]
    return np.concatenate([offset.reshape(len(step), 3, -1), step[:, :, 1:].reshape(len(step), 3, 9)], axis=2)


def levelled(rotvec: Floats, force: Floats, dt_s: float, time_constant_s: float) -> tuple[Floats, Floats]:
    """Strapdown orientation (k, 4) at the end and at the start of each block, held level by slow gravity."""
    step = quaternion.from_rotation_vector(rotvec)
    at_end = quaternion.rotate(quaternion.conjugate(step), force)
    found = offline(
        rotvec / dt_s, at_end, dt_s, tauAcc=time_constant_s, motionBiasEstEnabled=False, restBiasEstEnabled=False
    )
    return found.quat, quaternion.multiply(found.quat, quaternion.conjugate(step))
