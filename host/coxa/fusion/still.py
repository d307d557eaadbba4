"""The first guess of the gyroscope's bias, from stillness that is judged without knowing the bias."""

from __future__ import annotations

import numpy as np

from coxa.fusion.grid import Grid
from coxa.samples import Floats

LOW_PASS_HZ = 1.2
"""Takes tremor (8-12 Hz) and most of the wander out of the rate, and leaves moves of half a second."""

MODE_WIDTH_RAD_S = np.radians(2.0)
"""How far the low-passed rates of a hold scatter around the bias (1° wander moves at about 2 deg/s)."""

STILL_RUN_S = 0.8
"""At constant speed nobody turns the thigh this long: a rate kept this long is the bias."""


NET_TURN_RAD = np.radians(120.0)
"""A set ends near where it began, so its mean rate times its length is the bias's; a wearer may turn over once."""


def coarse_bias(grid: Grid) -> tuple[Floats, bool]:
    """Bias (3,), rad/s, good to about 0.5 deg/s, and whether it was found in stillness.

    The rate that the recording spends most time at, if it stays there for a run of STILL_RUN_S somewhere; else the
    median rate, which is near the bias as long as the thigh ends up about where it began.
    """
    slow = grid.low_passed(grid.gyr, LOW_PASS_HZ)
    usable = slow[~grid.missing]
    thin = usable[:: max(1, len(usable) // 3000)]
    # a rate is typical when many others are near: neighbours are counted on the axis that moves most
    main = np.linalg.eigh(np.cov(thin.T))[1][:, -1]
    along = thin @ main
    order = np.sort(along)
    upper = np.asarray(np.searchsorted(order, along + MODE_WIDTH_RAD_S), dtype=float)
    count = upper - np.asarray(np.searchsorted(order, along - MODE_WIDTH_RAD_S), dtype=float)
    seconds = len(usable) * grid.dt_s
    candidates = [c for c in _distinct(along, count) if _dwells(grid, slow @ main, c)]
    if not candidates:
        return np.asarray(usable.mean(axis=0)), False
    returns = [c for c in candidates if abs(along.mean() - c) * seconds < NET_TURN_RAD]
    chosen = (returns or candidates)[0]
    inside = slow[(np.abs(slow @ main - chosen) < MODE_WIDTH_RAD_S) & ~grid.missing]
    centre = np.median(inside, axis=0)
    tight = np.linalg.norm(inside - centre, axis=1) < 2 * MODE_WIDTH_RAD_S
    return np.asarray(np.median(inside[tight], axis=0) if tight.any() else centre), True


def _dwells(grid: Grid, along: Floats, rate: float) -> bool:
    """Whether the rate `along` (m,) stays near `rate` for a run of STILL_RUN_S."""
    begin, end = _longest_run((np.abs(along - rate) < MODE_WIDTH_RAD_S) & ~grid.missing)
    return (end - begin) * grid.dt_s >= STILL_RUN_S


def _distinct(values: Floats, count: Floats) -> list[float]:
    """Up to four values with the highest counts that are not neighbours of each other."""
    chosen: list[float] = []
    for i in np.argsort(-count, kind="stable"):
        if all(abs(values[i] - c) > 2 * MODE_WIDTH_RAD_S for c in chosen):
            chosen.append(float(values[i]))
        if len(chosen) == 4:
            break
    return chosen


def _longest_run(mask: np.ndarray) -> tuple[int, int]:
    """(first, one past last) of the longest run of True; (0, 0) where there is none."""
    found = runs(mask)
    return max(found, key=lambda run: run[1] - run[0]) if found else (0, 0)


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """(first, one past last) of each run of True in mask (n,)."""
    edge = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edge[::2], edge[1::2], strict=True)]
