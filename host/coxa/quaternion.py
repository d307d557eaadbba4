"""Quaternion helpers: scalar first (w, x, y, z), Hamilton, shape (..., 4), sensor → earth unless said otherwise."""

from __future__ import annotations

import numpy as np

from coxa.samples import Floats


def multiply(a: Floats, b: Floats) -> Floats:
    """Hamilton product a ⊗ b; (..., 4) and (..., 4), broadcast."""
    aw, ax, ay, az = np.moveaxis(a, -1, 0)
    bw, bx, by, bz = np.moveaxis(b, -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def conjugate(q: Floats) -> Floats:
    """The inverse of unit quaternions; (..., 4)."""
    return np.asarray(q * np.array([1.0, -1.0, -1.0, -1.0]))


def normalized(q: Floats) -> Floats:
    """Scaled to unit length; (..., 4)."""
    return np.asarray(q / np.linalg.norm(q, axis=-1, keepdims=True))


def rotate(q: Floats, v: Floats) -> Floats:
    """Vectors v (..., 3) turned by unit quaternions q (..., 4): sensor coordinates → earth coordinates."""
    u = q[..., 1:]
    t = 2.0 * np.cross(u, v)
    return v + q[..., :1] * t + np.cross(u, t)


def from_rotation_vector(v: Floats) -> Floats:
    """Rotation vector (..., 3), rad → unit quaternion (..., 4)."""
    half = 0.5 * np.linalg.norm(v, axis=-1, keepdims=True)
    return np.concatenate([np.cos(half), 0.5 * np.sinc(half / np.pi) * v], axis=-1)


def to_rotation_vector(q: Floats) -> Floats:
    """Unit quaternion (..., 4) → rotation vector (..., 3), rad, length at most π."""
    q = np.where(q[..., :1] < 0, -q, q)
    n = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(n, q[..., :1])
    return np.where(n > 1e-12, angle / np.maximum(n, 1e-12), 2.0) * q[..., 1:]


def about(axis: Floats, angle_rad: Floats) -> Floats:
    """Turn by angle_rad (...) about the unit axis (3,) → (..., 4)."""
    half = 0.5 * np.asarray(angle_rad, dtype=float)[..., None]
    return np.concatenate([np.cos(half), np.sin(half) * axis], axis=-1)


def mean(q: Floats) -> Floats:
    """Mean of unit quaternions (n, 4) → (4,), blind to their signs (Markley et al. 2007, doi 10.2514/1.28949)."""
    return np.linalg.eigh(q.T @ q)[1][:, -1]


def rate(q: Floats, t_s: Floats) -> Floats:
    """Mean body angular rate (n, 3), rad/s, between successive orientations q (n, 4) at t_s (n,); row 0 is row 1."""
    step = to_rotation_vector(multiply(conjugate(q[:-1]), q[1:])) / np.diff(t_s)[:, None]
    return np.vstack([step[:1], step])
