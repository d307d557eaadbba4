"""Which pause is which: the neutral, or one of the two ends, told from levels that may still drift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coxa.fusion.events import TURN_MIN_RAD, Event
from coxa.samples import Floats

Labels = NDArray[np.int8]

NEUTRAL, POSITIVE_END, NEGATIVE_END = 0, 1, -1

END_SHARE = 0.4
END_MIN_RAD = np.radians(6.0)
"""An end is at least this share of the usual excursion on its side, and this far, away from the neutral."""

START_MIN_S = 1.5
"""A still pose this long before the first move is the start pose."""

NEIGHBOURS = 7
"""Neutrals over which the local zero is a median: about seven repetitions, so that drift is followed, outliers not."""


def classify(events: list[Event], level_rad: Floats, dt_s: float) -> Labels:
    """(k,) label of each event from its level (k,); slow drift of the levels is followed."""
    if not events:
        return np.zeros(0, dtype=np.int8)
    candidates = _passed_through(events, level_rad)
    if is_start(events, dt_s):
        candidates[0] = True
    if not candidates.any():
        zero = np.full(len(events), 0.5 * (level_rad.min() + level_rad.max()))
        if events[0].kind == "plateau":
            zero[:] = level_rad[0]
    else:
        zero = _local_median(level_rad, candidates)
    labels = _split(level_rad - zero)
    for _ in range(2):
        neutral = labels == NEUTRAL
        if neutral.any():
            labels = _split(level_rad - _local_median(level_rad, neutral))
    return labels


def is_start(events: list[Event], dt_s: float) -> bool:
    """Whether the first event is a still pose at the very beginning, long enough to be the start pose."""
    first = events[0]
    return first.kind == "plateau" and first.begin * dt_s < 1.0 and (first.end - first.begin) * dt_s >= START_MIN_S


def _passed_through(events: list[Event], level: Floats) -> NDArray[np.bool_]:
    """Events that the turn enters and leaves in the same direction: never an end."""
    move = np.diff(level)
    sign = np.where(np.abs(move) < TURN_MIN_RAD, 0.0, np.sign(move))
    out = np.zeros(len(events), dtype=bool)
    out[1:-1] = sign[:-1] * sign[1:] > 0
    return out


def _local_median(level: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """(k,) median level of the chosen events nearest to each event."""
    at = np.flatnonzero(chosen)
    out = np.empty(len(level))
    for k in range(len(level)):
        nearest = at[np.argsort(np.abs(at - k), kind="stable")[:NEIGHBOURS]]
        out[k] = np.median(level[nearest])
    return out


def _split(level: Floats) -> Labels:
    labels = np.zeros(len(level), dtype=np.int8)
    for sign in (POSITIVE_END, NEGATIVE_END):
        beyond = sign * level
        far = beyond[beyond > END_MIN_RAD]
        if len(far):
            labels[beyond > max(END_MIN_RAD, END_SHARE * float(np.quantile(far, 0.8)))] = sign
    return labels
