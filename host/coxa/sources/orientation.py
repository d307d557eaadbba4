"""Other makers' orientations → quaternions sensor → earth, scalar first, earth z up."""

from __future__ import annotations

import math

import numpy as np

from coxa.checks import counted
from coxa.errors import InputError
from coxa.quaternion import about, multiply
from coxa.samples import Floats

MAX_NOT_ROTATION = 0.05
"""Largest entry of |RᵀR - I|: six decimals of print are far below, an unfilled matrix is far above."""


def from_euler(euler_deg: Floats) -> Floats:
    """Roll, pitch, yaw (n, 3), degrees, about x, y, z, composed yaw ⊗ pitch ⊗ roll → quaternion (n, 4)."""
    roll, pitch, yaw = np.radians(euler_deg).T
    x, y, z = np.eye(3)
    return multiply(multiply(about(z, yaw), about(y, pitch)), about(x, roll))


def from_matrix(matrix: Floats, where: str) -> Floats:
    """Rotation matrices (n, 3, 3) sensor → earth → quaternions (n, 4).

    Raises:
        InputError: a matrix is no rotation.
    """
    error = np.abs(np.einsum("nji,njk->nik", matrix, matrix) - np.eye(3)).max(axis=(1, 2))
    bad = ~(error <= MAX_NOT_ROTATION) | ~(np.linalg.det(matrix) > 0.0)
    if bad.any():
        row, count = int(bad.argmax()) + 1, int(bad.sum())
        raise InputError(
            f"{where}: the orientation in row {row} is no rotation matrix ({counted(count, 'such row')})",
            "Export it again, or leave out the rows without an orientation.",
        )
    from scipy.spatial.transform import Rotation

    quat: Floats = np.roll(Rotation.from_matrix(matrix).as_quat(), 1, axis=1)
    return quat


def y_up_to_z_up(quat: Floats) -> Floats:
    """Orientations (n, 4) in an earth frame with y up (OpenGL, SteamVR) → z up: turned by 90° about x."""
    return multiply(about(np.array([1.0, 0.0, 0.0]), np.array(0.5 * math.pi)), quat)
