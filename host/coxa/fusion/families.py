"""Which pause is which: the neutral, or one of the two ends, told from levels that may still drift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coxa.fusion.events import Event
from coxa.fusion.evidence import passed_through
from coxa.fusion.grid import Grid
from coxa.samples import Floats

Labels = NDArray[np.int8]

NEUTRAL, POSITIVE_END, NEGATIVE_END = 0, 1, -1

TURNED_SHARE, TURNED_MIN_RAD = 0.3, np.radians(4.0)
PASSED_SHARE, PASSED_MIN_RAD = 0.5, np.radians(6.0)
"""How far from the neutral an end is: this share of the usual excursion on its side, and this much. Where the turn goes
back the way it came an end is likely; where it goes on in the same direction, a pause at the neutral is."""

START_MIN_S, START_LATEST_S = 1.5, 1.0
"""A still pose this long, begun within the first second, is the start pose."""

START_NEAR_RAD = np.radians(6.0)
"""Levels this near to the first belong to the start pose: a bias not yet known well may drift by this much."""

INSIDE_SHARE = 0.2
"""A level this share of the range away from both ends of it is inside."""

BREAK_S = 1.5
"""A longer gap breaks the thread of the levels: the thigh may be anywhere after it."""

NEIGHBOURS = 7
"""Neutrals that a line for the local zero runs through: drift over seven repetitions is followed, outliers are not."""


def classify(events: list[Event], level_rad: Floats, grid: Grid) -> Labels:
    """(k,) label of each event from its level (k,); slow drift of the levels is followed.

    After a gap the level may be anywhere: what lies between two gaps is told apart by itself.
    """
    breaks = [end for start, end in grid.gaps if end - start > BREAK_S]
    stretch = np.searchsorted(breaks, grid.t_s[[event.middle for event in events]]) if events else np.zeros(0)
    labels = np.zeros(len(events), dtype=np.int8)
    for number in range(len(breaks) + 1):
        inside = np.flatnonzero(stretch == number)
        if len(inside):
            part = [events[i] for i in inside]
            starts = start_count(part, level_rad[inside], grid.dt_s) if number == 0 else 0
            labels[inside] = _classify(part, level_rad[inside], starts)
    return labels


def _classify(events: list[Event], level: Floats, starts: int) -> Labels:
    passed = passed_through(level)
    candidates = passed.copy()
    candidates[:starts] = True
    if not candidates.any():
        candidates = _inside(level)
    if candidates.any():
        zero = _local_line(level, candidates)
    else:
        zero = np.full(len(events), level[0] if events[0].kind == "plateau" else 0.5 * (level.min() + level.max()))
    labels = _split(level - zero, passed)
    for _ in range(2):
        neutral = labels == NEUTRAL
        if neutral.any():
            labels = _split(level - _local_line(level, neutral), passed)
    return labels


def _inside(level: Floats) -> NDArray[np.bool_]:
    """Events whose level is well inside the range of all: with both ends visited, the neutral."""
    low, high = float(level.min()), float(level.max())
    margin = INSIDE_SHARE * (high - low)
    return (level > low + margin) & (level < high - margin)


def start_count(events: list[Event], level_rad: Floats, dt_s: float) -> int:
    """How many of the first events are the still start pose: pauses before the first move; 0 where there is none.

    Unsteadiness may break the pose into several plateaus; together they have to last START_MIN_S.
    """
    if not events or events[0].begin * dt_s >= START_LATEST_S:
        return 0
    near = np.abs(level_rad - level_rad[0]) < START_NEAR_RAD
    count = len(near) if near.all() else int(np.argmin(near))
    while count and events[count - 1].kind != "plateau":
        count -= 1
    return count if count and (events[count - 1].end - events[0].begin) * dt_s >= START_MIN_S else 0


def _local_line(level: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """(k,) level at each event of the robust line (Theil 1950) through the chosen events nearest to it."""
    at = np.flatnonzero(chosen)
    place = np.arange(len(level))
    size = min(NEIGHBOURS, len(at))
    begin = np.clip(np.searchsorted(at, place) - size // 2, 0, len(at) - size)
    near = at[begin[:, None] + np.arange(size)]
    slope = np.zeros(len(level))
    if size >= 3:
        i, j = np.triu_indices(size, 1)
        slope = np.median((level[near[:, j]] - level[near[:, i]]) / (near[:, j] - near[:, i]), axis=1)
    return np.asarray(np.median(level[near] - slope[:, None] * (near - place[:, None]), axis=1))


def _split(level: Floats, passed: NDArray[np.bool_]) -> Labels:
    """Labels (k,) by distance from the local zero."""
    labels = np.zeros(len(level), dtype=np.int8)
    for sign in (POSITIVE_END, NEGATIVE_END):
        beyond = sign * level
        far = beyond[beyond > PASSED_MIN_RAD]
        usual = float(np.quantile(far, 0.8)) if len(far) else 0.0
        limit = np.full(len(level), max(TURNED_MIN_RAD, TURNED_SHARE * usual))
        limit[passed] = max(PASSED_MIN_RAD, PASSED_SHARE * usual)
        labels[beyond > limit] = sign
    return labels
