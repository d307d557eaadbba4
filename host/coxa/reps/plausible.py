"""What is a repetition at all: turning about the femur, slowly, far enough; not walking, not shifting about."""

from __future__ import annotations

import numpy as np

from coxa.fusion.grid import Grid
from coxa.protocols import Protocol
from coxa.results import Rep
from coxa.samples import Floats

ROUGH_M_S2, ROUGH_AND_QUICK_M_S2, QUICK_S = 2.5, 1.2, 2.5
"""Rms change of |a| in a repetition: a slow turn of the thigh stays under 0.3 m/s², a brisk one with holds may reach
1.5; walking is at 1.5-4 and never takes longer than 2.5 s for both ways."""

TURN_SHARE_MIN = 0.5
"""Share of the squared rate that is about the axis: 8° of swing in 40° of twist still leaves 0.96."""

DURATION_MIN_S, DURATION_MAX_S = 1.0, 60.0
"""Both ways in under a second is a shake; a minute is a pose."""


def plausible(rep: Rep, grid: Grid, u: Floats, bias: Floats, protocol: Protocol) -> bool:
    """Whether what was found is a repetition."""
    inside = (grid.t_s >= rep.start_s) & (grid.t_s <= rep.end_s)
    if not DURATION_MIN_S <= rep.end_s - rep.start_s <= DURATION_MAX_S or not inside.any():
        return False
    if rep.ir_deg + rep.er_deg < protocol.arc_min_deg:
        return False
    quick = rep.end_s - rep.start_s < QUICK_S
    if float(np.std(np.linalg.norm(grid.acc[inside], axis=1))) > (ROUGH_AND_QUICK_M_S2 if quick else ROUGH_M_S2):
        return False
    rate = grid.gyr[inside] - bias
    return float(np.sum((rate @ u) ** 2)) > TURN_SHARE_MIN * float(np.sum(rate**2))
