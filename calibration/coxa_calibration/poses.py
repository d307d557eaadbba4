"""Whether a set of still poses looks at gravity from enough sides."""

from __future__ import annotations

import numpy as np

from coxa_calibration.readings import CalibrationError, Floats

FEWEST = 6
"""Distinct poses for three offsets and three scales: one each way along each axis, or any other six."""

SAME_RAD = np.radians(25.0)
"""Poses nearer than this count once; six faces are 90° apart, and a hand that means another pose turns by more."""

NEAR_RAD = np.radians(45.0)
"""A direction is covered when a pose is nearer than this."""

OPPOSITE = -0.25
"""On some pose the cosine to any direction must be below this, else the poses are all in one half (ideal six: −0.58)
and offset and scale along that direction cannot be told apart."""

_GRID = 500


def distinct(forces: Floats) -> int:
    """How many of the forces (k, 3) point in different directions, each counted once."""
    kept: list[Floats] = []
    for up in _unit(forces):
        if all(float(up @ other) < np.cos(SAME_RAD) for other in kept):
            kept.append(up)
    return len(kept)


def covered(forces: Floats) -> float:
    """Share of the sphere within NEAR_RAD of one of the forces (k, 3)."""
    return float(((_sphere() @ _unit(forces).T).max(axis=1) > np.cos(NEAR_RAD)).mean())


def check_poses(forces: Floats) -> None:
    """Refuse forces (k, 3) of still poses that do not suffice for a calibration.

    Raises:
        CalibrationError: reason `moving`, `too_few`, `same_pose` or `one_half`.
    """
    if not len(forces):
        raise CalibrationError(
            "The sensor was never still.", "Hold each pose for two seconds, pressed against furniture.", "moving"
        )
    count, more = distinct(forces), "Add poses: each face down once, then a few on edges and corners."
    if len(forces) < FEWEST:
        raise CalibrationError(f"There are {len(forces)} still poses, and {FEWEST} are needed.", more, "too_few")
    if count < FEWEST:
        raise CalibrationError(
            f"Of {len(forces)} still poses only {count} differ, and {FEWEST} are needed.", more, "same_pose"
        )
    if float((_sphere() @ _unit(forces).T).min(axis=1).max()) > OPPOSITE:
        raise CalibrationError(
            "All poses have the same side of the sensor up.", "Add poses with that side down.", "one_half"
        )


def _unit(forces: Floats) -> Floats:
    return np.asarray(forces / np.linalg.norm(forces, axis=1, keepdims=True))


def _sphere() -> Floats:
    """(_GRID, 3) directions spread evenly (golden spiral)."""
    k = np.arange(_GRID) + 0.5
    z, angle = 1 - 2 * k / _GRID, np.pi * (1 + 5**0.5) * k
    rho = np.sqrt(1 - z**2)
    return np.column_stack([rho * np.cos(angle), rho * np.sin(angle), z])
