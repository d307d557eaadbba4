"""The large rate offset with which a raw MEMS gyroscope wakes up: found coarsely, so that the filters can start.

vqf clips its own estimate at 2 deg/s and takes no phase for still that turns faster; up to 10 deg/s occur.
"""

from __future__ import annotations

import numpy as np

from coxa.fusion.selfcal_blocks import Blocks, rotation_matrices
from coxa.fusion.selfcal_rest import Rest
from coxa.fusion.selfcal_vqf import integrate
from coxa.samples import Floats

LEAST = np.radians(1.5)
"""Offsets below this on every axis are left to vqf, rad/s."""
GREATEST = np.radians(15.0)
"""A phase that turns faster than this on some axis is not still, however even, rad/s."""
STILL_SD = np.radians(0.04)
"""A phase whose mean rate is less certain than this, rad/s, may be a slow even movement instead."""
WINDOW_S = 2.0
"""Gravity is compared between windows of this length, s: it drifts little within, and movement averages out."""
LEAST_WINDOWS = 15
"""Fewer do not tell movement from offset."""
PRIOR_SD = np.radians(5.0)
"""Prior of the offset, rad/s: keeps at zero what gravity does not show."""
SIGNIFICANCE = 6.0
"""A component of the offset, along the principal axes of its covariance, is believed when it is this many of its
standard deviations."""
PASSES = 4
"""Linearizations; the first ones are up to 20 degrees off within a window."""


def power_on_offset(blocks: Blocks, rests: list[Rest]) -> Floats:
    """(3,) rate offset, rad/s, if it is too large for vqf; zeros if not, or if it cannot be told."""
    still = [rest for rest in rests if rest.sd < STILL_SD and np.abs(rest.rate).max() < GREATEST]
    if still:
        weights = np.array([rest.sd**-2.0 for rest in still])
        offset = weights @ np.array([rest.rate for rest in still]) / weights.sum()
    else:
        offset = _from_gravity(blocks)
    return offset if np.abs(offset).max() > LEAST else np.zeros(3)


def _from_gravity(blocks: Blocks) -> Floats:
    """(3,) the constant offset that lets gravity stand still from window to window, as far as that tells it."""
    size = max(1, round(WINDOW_S / blocks.dt_s))
    count = len(blocks) // size
    if count < LEAST_WINDOWS:
        return np.zeros(3)
    used = slice(0, count * size)
    offset, covariance = np.zeros(3), np.eye(3)
    for _ in range(PASSES):
        rate = blocks.rotvec / blocks.dt_s - offset
        starts = np.vstack([[1.0, 0.0, 0.0, 0.0], integrate(rate, blocks.dt_s)])[used]
        to_frame = rotation_matrices(starts)
        force = np.einsum("kij,kj->ki", to_frame, blocks.force[used]).reshape(count, size, 3).mean(axis=1)
        turned = np.cumsum(to_frame, axis=0).reshape(count, size, 3, 3).mean(axis=1) * blocks.dt_s
        gravity = 0.5 * (force[1:] + force[:-1])
        # An offset b too many turns the frame by -∫R b: gravity seems to move by its cross product with that.
        design = np.cross(gravity[:, None], np.swapaxes(np.diff(turned, axis=0), 1, 2), axis=2)
        design, observed = np.swapaxes(design, 1, 2).reshape(-1, 3), -np.diff(force, axis=0).reshape(-1)
        step, covariance = _ridge(design, observed, offset)
        offset = offset + step
    variance, axes = np.linalg.eigh(covariance)
    along = offset @ axes
    return axes @ np.where(np.abs(along) > SIGNIFICANCE * np.sqrt(variance), along, 0.0)


def _ridge(design: Floats, observed: Floats, offset: Floats) -> tuple[Floats, Floats]:
    """Correction of the offset (3,) and covariance (3, 3); the noise is taken from the residuals (median)."""
    step: Floats = np.zeros(3)
    covariance: Floats = np.eye(3)
    for _ in range(3):
        misfit = np.linalg.norm((observed - design @ step).reshape(-1, 3), axis=1)
        scale = max(float(np.median(misfit)), 1e-3)
        weights = np.repeat(1.0 / (scale**2 * np.maximum(misfit / scale, 1.0)), 3)
        normal = design.T @ (design * weights[:, None]) + np.eye(3) / PRIOR_SD**2
        covariance = np.asarray(np.linalg.inv(normal), dtype=np.float64)
        step = covariance @ (design.T @ (weights * observed) - offset / PRIOR_SD**2)
    return step, covariance
