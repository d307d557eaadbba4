"""Which part of a recording is the set: one pose kept, without handling, walking or lying down before and after."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d

from coxa.fusion.grid import Grid
from coxa.fusion.still import runs
from coxa.results import Position
from coxa.samples import Floats

UPRIGHT_RAD, LYING_RAD = np.radians(40.0), np.radians(75.0)
"""How far the vertical may wander in the sensor during a set: with the thigh vertical only by swing, with the thigh
horizontal by the rotation itself, 55° from its middle at the most."""

CALM_RATE_RAD_S = np.radians(250.0)
CALM_FORCE_M_S2, CALM_SHOCK_M_S2, SHOCK_S = 1.1, 1.0, 0.15
CALM_WINDOW_S = 1.0
"""Faster, or with |a| changing more than this over a second (more than the second value within 0.15 s: heel strikes),
is handling, walking or a jolt. A brisk turn comes near both."""

RECENTRINGS = 3
"""The middle of the pose is moved this often to the mean of the turning near it."""

MOSTLY, MOSTLY_WINDOW_S = 0.7, 4.0
"""Handling has calm moments too: a set is calm and in its pose for most of any four seconds."""

BRIDGE_S = 3.0
"""A shorter interruption does not end a set."""

SET_MIN_S = 4.0
WHOLE_SHARE = 0.98
"""A shorter stretch is no set; what fills nearly the whole recording is left whole."""

CANDIDATES = 400


def set_span(grid: Grid, slow_acc: Floats, position: Position) -> tuple[int, int]:
    """Grid indices [begin, end) of the stretch in one pose in which most of the calm turning happened.

    slow_acc: (m, 3) specific force, low-passed. The whole recording where there is no such stretch.
    """
    whole = (0, len(grid.t_s))
    size = max(1, round(CALM_WINDOW_S / grid.dt_s))
    force = np.linalg.norm(grid.acc, axis=1)
    shock = force - uniform_filter1d(force, max(1, round(SHOCK_S / grid.dt_s)))
    smooth = (_rms_change(force, size) < CALM_FORCE_M_S2) & (_rms_change(shock, size) < CALM_SHOCK_M_S2)
    speed = np.linalg.norm(grid.gyr - np.median(grid.gyr, axis=0), axis=1)
    calm = (uniform_filter1d(speed, size) < CALM_RATE_RAD_S) & smooth & ~grid.missing
    up = slow_acc / np.linalg.norm(slow_acc, axis=1, keepdims=True)
    limit = np.cos(UPRIGHT_RAD if position in ("wall", "standing") else LYING_RAD)
    turning = speed * calm
    thin = np.arange(0, len(up), max(1, len(up) // CANDIDATES))
    gathered = (up[thin] @ up[thin].T > limit) @ turning[thin]
    centre = up[thin[int(np.argmax(gathered))]]
    for _ in range(RECENTRINGS):
        centre = (up * (turning * (up @ centre > limit))[:, None]).sum(axis=0)
        centre = centre / max(float(np.linalg.norm(centre)), 1e-12)
    # what was not heard is given the benefit of the doubt
    mask = ((up @ centre > limit) & calm) | grid.missing
    mask = uniform_filter1d(mask.astype(float), max(1, round(MOSTLY_WINDOW_S / grid.dt_s))) > MOSTLY
    found = _bridged(runs(mask), round(BRIDGE_S / grid.dt_s))
    if not found:
        return whole
    begin, end = max(found, key=lambda run: float(turning[run[0] : run[1]].sum()))
    heard = int(np.count_nonzero(~grid.missing[begin:end]))
    long = heard * grid.dt_s >= SET_MIN_S
    return (begin, end) if long and end - begin < WHOLE_SHARE * len(up) else whole


def _rms_change(x: Floats, size: int) -> Floats:
    """(m,) standard deviation of x (m,) over `size` points around each."""
    return np.sqrt(np.maximum(uniform_filter1d(x * x, size) - uniform_filter1d(x, size) ** 2, 0.0))


def _bridged(found: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for run in found:
        if out and run[0] - out[-1][1] < gap:
            out[-1] = (out[-1][0], run[1])
        else:
            out.append(run)
    return out
