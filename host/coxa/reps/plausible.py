"""What is a repetition at all: turning about the femur, slowly, far enough; not walking, not shifting about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import uniform_filter1d

from coxa.fusion.grid import Grid
from coxa.protocols import Protocol
from coxa.reps.measure import Measured
from coxa.results import Rep
from coxa.samples import Floats

ROUGH_M_S2 = 2.5
"""Change of |a| in a repetition, rms: a slow turn stays under 0.3 m/s², a brisk one under 1.5."""

UNHELD_ROUGH_M_S2 = 0.8
"""The same where neither end was held: walking is at 1.5-4."""

SHOCK_M_S2, UNHELD_SHOCK_M_S2, SHOCK_HZ = 0.9, 0.4, 3.0
"""Rms of |a| above 3 Hz: heel strikes make 1 and more; a turn of the thigh has little (tremor of 0.1° makes 0.5)."""

TURN_SHARE_MIN, UNHELD_TURN_SHARE_MIN = 0.7, 0.9
"""Share of the squared rate that is about the axis: 8° of swing in 40° of twist still leaves 0.96, shifting about in
all directions 0.3-0.8. A repetition without holds has to be clearer."""

DURATION_MIN_S, DURATION_MAX_S = 1.5, 60.0
"""Both ways in less (one way: in half of it) is a shake or a stride; a minute is a pose."""

MOVING_RAD_S = np.radians(5.0)
"""Slower is unsteadiness."""

ARC_MAX_DEG = 150.0
"""No hip turns further (most 90-100° in all): it was the body that turned, or the estimate ran away."""

HALVES_MIN = 3
EXPLAINED_MIN, FEW = 0.35, 2
"""One way only is no repetition unless it was done three times, each held; and one or two repetitions in the midst of
other movement, which make up less than this share of all turning, are part of that movement."""


def a_set(measured: Sequence[Measured], grid: Grid, bias: Floats) -> bool:
    """Whether what was found is a set at all. bias: (3,) rad/s."""
    whole = [m for m in measured if "half_rep" not in m.rep.flags]
    if not whole:
        held = [m for m in measured if m.rep.er_hold_span_s or m.rep.ir_hold_span_s]
        return len(held) >= HALVES_MIN
    if len(measured) > FEW:
        return True
    turning = np.linalg.norm(grid.gyr - bias, axis=1)
    moving = np.where(turning > MOVING_RAD_S, turning, 0.0)
    inside = sum(float(moving[slice(*np.searchsorted(grid.t_s, [m.rep.start_s, m.rep.end_s]))].sum()) for m in measured)
    return inside >= EXPLAINED_MIN * float(moving.sum())


def plausible(rep: Rep, grid: Grid, u: Floats, bias: Floats, protocol: Protocol) -> bool:
    """Whether what was found is a repetition. u (3,) femoral axis, bias (3,) rad/s, both in the sensor frame."""
    inside = slice(*np.searchsorted(grid.t_s, [rep.start_s, rep.end_s]))
    ways = 0.5 if "half_rep" in rep.flags else 1.0
    if not ways * DURATION_MIN_S <= rep.end_s - rep.start_s <= DURATION_MAX_S or inside.stop <= inside.start:
        return False
    if not ways * protocol.arc_min_deg <= rep.arc_deg <= ARC_MAX_DEG or min(rep.ir_deg, rep.er_deg) < 0:
        return False
    unheld = rep.er_hold_span_s is None and rep.ir_hold_span_s is None
    force = np.linalg.norm(grid.acc[inside], axis=1)
    if float(np.std(force)) > (UNHELD_ROUGH_M_S2 if unheld else ROUGH_M_S2):
        return False
    slow = uniform_filter1d(force, max(1, round(0.44 / SHOCK_HZ / grid.dt_s)))  # a mean over 0.44/f passes f at −3 dB
    if float(np.std(force - slow)) > (UNHELD_SHOCK_M_S2 if unheld else SHOCK_M_S2):
        return False
    rate = grid.gyr[inside] - bias
    share = float(np.sum((rate @ u) ** 2)) / max(float(np.sum(rate**2)), 1e-12)
    return share > (UNHELD_TURN_SHARE_MIN if unheld else TURN_SHARE_MIN)
