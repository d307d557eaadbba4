"""What the integrated rate has too much: the rest of the bias, piecewise linear in time, and a jump for each gap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coxa.fusion.grid import Grid
from coxa.samples import Floats

KNOT_S, KNOTS_MAX = 10.0, 32
BIAS_SD_RAD_S = np.radians(1.0)
BIAS_WALK_RAD_S_RTS = np.radians(0.003)
WALK_FACTORS = (1.0, 2.5, 6.0, 15.0, 40.0)
WALK_FACTOR_SD = 1.0
"""Prior of the rest of the bias, and of its random walk per √s as of a warm consumer chip. A recording may show that
its bias walked several times as much (warming up); how readily that is believed is the sd of the factor's logarithm."""

GAP_RATE_MIN_RAD_S = np.radians(5.0)
"""Nobody is known to be stiller than this while the sensor is not heard."""


def knots(grid: Grid) -> Floats:
    """(K,) times, s, between which the bias is linear."""
    count = int(np.ceil((grid.t_s[-1] - grid.t_s[0]) / KNOT_S)) + 1
    return np.linspace(float(grid.t_s[0]), float(grid.t_s[-1]), min(max(2, count), KNOTS_MAX))


def columns(grid: Grid, index: NDArray[np.intp]) -> Floats:
    """(len(index), K + gaps) what one unit of each unknown adds to the integral up to those grid indices."""
    at, times = knots(grid), grid.t_s[index]
    width = at[1] - at[0]
    x = (times[:, None] - at) / width
    # the integral of a hat function: rises over the interval before its knot, and over the one after it
    area = 0.5 * np.clip(x + 1, 0, 1) ** 2 + 0.5 - 0.5 * (1 - np.clip(x, 0, 1)) ** 2
    area[:, 0] -= 0.5  # the recording begins at the first knot
    return np.column_stack([area * width, *(np.clip((times - a) / (b - a), 0, 1) for a, b in grid.gaps)])


def added(grid: Grid, solution: Floats) -> tuple[Floats, Floats]:
    """What the solved unknowns (K + gaps,) add to the integral (m,), rad, and the bias alone (m,), rad/s."""
    at = knots(grid)
    bias = np.interp(grid.t_s, at, solution[: len(at)])
    total = (np.cumsum(bias) - 0.5 * (bias + bias[0])) * grid.dt_s
    for (a, b), jump in zip(grid.gaps, solution[len(at) :], strict=True):
        total = total + jump * np.clip((grid.t_s - a) / (b - a), 0, 1)
    return total, bias


def prior(grid: Grid, rate: Floats) -> tuple[Floats, Floats]:
    """Rows (K + gaps, K + gaps) whose product with the unknowns is expected to be 0, and their sd (K + gaps,).

    rate: (m,) rad/s; while the sensor was not heard it may have turned about as fast as in the rest.
    """
    at = knots(grid)
    size = len(at) + len(grid.gaps)
    rows = np.eye(size)
    rows[np.arange(1, len(at)), np.arange(len(at) - 1)] = -1.0
    walk = BIAS_WALK_RAD_S_RTS * np.sqrt(at[1] - at[0])
    unheard = max(float(np.std(rate)), float(GAP_RATE_MIN_RAD_S))
    jumps = [min(unheard * (b - a), np.pi / 2) for a, b in grid.gaps]
    return rows, np.array([BIAS_SD_RAD_S, *[walk] * (len(at) - 1), *jumps])
