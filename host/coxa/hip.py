"""Anatomy in numbers: twist about the femur, and swing of the femur."""

from __future__ import annotations

import numpy as np
from vqf import offlineVQF

from coxa import quaternion as quat
from coxa.fusion.grid import Grid
from coxa.samples import Floats

SWING_EVERY = 4
"""Grid points that one value of the swing stands for: 0.08 s."""


def swing_twist(q: Floats, neutral: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Swing (n,) ≥ 0 and twist (n,), rad, unwrapped, of orientations q (n, 4) from the neutral (4,) or (n, 4).

    q and neutral are sensor → earth, scalar first; u (3,) is the femoral axis in the sensor frame. With
    r = neutral* ⊗ q the twist is 2·atan2(r_v·u, r_w) and the swing 2·acos √(r_w² + (r_v·u)²): Cheng, Nicol & Paul 2000,
    doi 10.1016/S0021-9290(00)00026-2.
    """
    r = quat.multiply(quat.conjugate(neutral), q)
    along = r[:, 1:] @ u
    half = np.arctan2(along, r[:, 0])
    # q and −q are one orientation: half angles are wrapped to ±π/2 before they are unwrapped along time
    twist = np.unwrap(2 * (half - np.pi * np.round(half / np.pi)))
    return 2 * np.arccos(np.clip(np.hypot(r[:, 0], along), 0.0, 1.0)), twist


def swing_series(grid: Grid, bias: Floats, u: Floats, neutrals: list[tuple[int, int]]) -> Floats:
    """(m,) how far the femur points away from where it pointed in the last of `neutrals` (grid spans) begun before.

    bias: (m, 3) of the gyroscope, rad/s. The orientation is offline VQF's (Laidig & Seel 2023,
    doi 10.1016/j.inffus.2022.10.014), 6-axis, on the corrected rate.
    """
    # the direction of the thigh moves slowly: a quarter of the grid's rate is enough
    used = SWING_EVERY * (len(grid.t_s) // SWING_EVERY)
    gyr, acc = (x[:used].reshape(-1, SWING_EVERY, 3).mean(axis=1) for x in (grid.gyr - bias, grid.acc))
    q = np.asarray(offlineVQF(gyr, acc, None, SWING_EVERY * grid.dt_s)["quat6D"], dtype=float)
    spans = [(a // SWING_EVERY, max(b // SWING_EVERY, a // SWING_EVERY + 1)) for a, b in neutrals]
    means = np.array([quat.mean(q[a:b]) for a, b in spans])
    serving = np.clip(np.searchsorted([a for a, _ in spans], np.arange(len(q)), side="right") - 1, 0, None)
    swing = swing_twist(q, means[serving], u)[0]
    return np.interp(np.arange(len(grid.t_s)), SWING_EVERY * np.arange(len(q)) + 0.5 * (SWING_EVERY - 1), swing)
