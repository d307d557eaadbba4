"""Recordings of held poses and of turns, exact or from the simulated wearer."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from coxa.simulate import SENSORS
from coxa_calibration.held import Held, held
from coxa_calibration.readings import GRAVITY_M_S2, Recording

CHIP = SENSORS["LSM6DSOX"]
RATE_HZ = 50.0
SIDES = ("left", "right")

directions = (
    st.tuples(*[st.floats(-1, 1)] * 3)
    .filter(lambda v: np.linalg.norm(v) > 0.1)
    .map(lambda v: np.array(v) / np.linalg.norm(v))
)
"""Unit vectors (3,)."""

rotations = st.tuples(directions, st.floats(0.0, np.pi)).map(lambda p: Rotation.from_rotvec(p[0] * p[1]))


def times(seconds):
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def still(up, seconds=5.0, bias=(0.0, 0.0, 0.0), offset=(0.0, 0.0, 0.0)):
    """A sensor that does not move at all."""
    t = times(seconds)
    return Recording(
        t, np.tile(np.array(bias, dtype=float), (len(t), 1)), np.tile(GRAVITY_M_S2 * up + offset, (len(t), 1))
    )


def turning(u, up, *, arc_deg=40.0, turns=3, swing=None, bias=(0.0, 0.0, 0.0), period_s=5.0):
    """2.5 s still, then turns ±arc/2 about u (to −, then +) with a swing (3,) rad per rad along, then still."""
    rest = 2.5
    t = times(2 * rest + turns * period_s)
    phase = np.clip((t - rest) / period_s, 0, turns)
    # each turn starts and ends softly
    angle = -0.5 * np.radians(arc_deg) * np.sin(2 * np.pi * phase) * np.sin(np.pi * phase) ** 2
    axis = np.asarray(u, dtype=float) + (0.0 if swing is None else swing)
    rate = np.gradient(angle, t)
    turned = Rotation.from_rotvec(angle[:, None] * axis)
    return Recording(t, rate[:, None] * axis + bias, GRAVITY_M_S2 * turned.inv().apply(up)), float(np.ptp(angle))


def across(u):
    """A unit vector (3,) at right angles to u."""
    v = np.cross(u, np.eye(3)[int(np.argmin(np.abs(u)))])
    return v / np.linalg.norm(v)


def held_poses(posed, names) -> list[Held]:
    return [held(samples, name) for samples, name in zip(posed.samples, names, strict=True)]
