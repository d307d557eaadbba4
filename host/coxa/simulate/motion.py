"""Angles of the thigh → its orientation, angular rate and specific force at the strap.

Segment frame of the femur (ISB, Wu et al. 2002, doi 10.1016/S0021-9290(01)00222-6): x anterior, y along the femur to
the hip, z to the right. Earth: z up.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from coxa import quaternion as quat
from coxa.results import Position, Side
from coxa.samples import GRAVITY_M_S2, Floats

FEMUR_AXIS = np.array([0.0, 1.0, 0.0])
"""The femoral long axis in the segment frame, pointing to the hip."""

STRAP_M = np.array([0.02, -0.33, 0.07])
"""The strap from the hip centre in the segment frame, m: distal lateral thigh of an adult."""

_AXES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    # position: (anterior, to the hip) in earth coordinates
    "wall": ((1, 0, 0), (0, 0, -1)),
    "standing": ((1, 0, 0), (0, 0, 1)),
    "seated": ((0, 0, 1), (-1, 0, 0)),
    "supine": ((0, 0, 1), (-1, 0, 0)),
    "prone": ((0, 0, -1), (-1, 0, 0)),
    "side": ((0, 1, 0), (-1, 0, 0)),
}


def neutral_pose(
    position: Position, side: Side, heading_rad: float, flexion_rad: float, abduction_rad: float
) -> Floats:
    """(4,) orientation segment → earth of the neutral; flexion and abduction tilt it from the ideal pose."""
    x, y = (np.array(axis, dtype=float) for axis in _AXES[position])
    if position == "side" and side == "left":
        x = -x  # the upper leg is the left one: its lateral side, −z of the segment, faces up
    matrix = np.column_stack([x, y, np.cross(x, y)])
    q = np.roll(Rotation.from_matrix(matrix).as_quat(), 1)
    turn = quat.about(np.array([0.0, 0.0, 1.0]), np.asarray(heading_rad))
    return quat.multiply(turn, quat.multiply(q, swing(np.asarray(flexion_rad), np.asarray(abduction_rad), side)))


def swing(flexion_rad: Floats, abduction_rad: Floats, side: Side) -> Floats:
    """(..., 4) turn of the femur's direction: flexion about z, abduction about ∓x (mirrored between the sides)."""
    mirror = -1.0 if side == "right" else 1.0
    vector = np.stack([mirror * abduction_rad, np.zeros_like(flexion_rad), flexion_rad], axis=-1)
    return quat.from_rotation_vector(vector)


def thigh_orientation(
    neutral: Floats, rotation_rad: Floats, flexion_rad: Floats, abduction_rad: Floats, side: Side
) -> Floats:
    """(n, 4) segment → earth: neutral ⊗ swing ⊗ twist; rotation_rad (n,) is IR positive on both sides."""
    sign = 1.0 if side == "right" else -1.0
    twist = quat.about(FEMUR_AXIS, sign * rotation_rad)
    return quat.multiply(neutral, quat.multiply(swing(flexion_rad, abduction_rad, side), twist))


def rate_and_force(q_edges: Floats, q: Floats, dt_s: float, shake_m_s2: Floats | None) -> tuple[Floats, Floats]:
    """Mean angular rate (n, 3) over each sample interval, and specific force (n, 3), both in the segment frame.

    `q_edges` (n + 1, 4) is the orientation at the ends of the intervals, `q` (n, 4) at their middles: the decimation
    filter of a chip averages over the interval, so the integral of the rate is exact. The hip is at rest but for
    `shake_m_s2` (n, 3) in earth coordinates (walking); the strap's own acceleration follows from the turning.
    """
    rate = quat.to_rotation_vector(quat.multiply(quat.conjugate(q_edges[:-1]), q_edges[1:])) / dt_s
    at, edge = quat.rotate(q, STRAP_M), quat.rotate(q_edges, STRAP_M)
    acceleration = (edge[1:] - 2 * at + edge[:-1]) / (dt_s / 2) ** 2
    if shake_m_s2 is not None:
        acceleration = acceleration + shake_m_s2
    force = quat.rotate(quat.conjugate(q), acceleration + np.array([0.0, 0.0, GRAVITY_M_S2]))
    return rate, force
