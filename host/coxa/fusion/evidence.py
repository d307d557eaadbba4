"""What the pauses say: where the integrated rate stood at each, and how much it crept there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coxa.fusion import unknowns
from coxa.fusion.events import TURN_MIN_RAD, Event
from coxa.fusion.grid import Grid
from coxa.samples import Floats

STEP_S = 0.1
"""Spacing of the samples taken from a pause, and how much of its edges is left out."""

WANDER_FLOOR_RAD = np.radians(0.03)
WANDER_CORRELATION_S = 1.5
"""Unsteadiness in a hold: never less than this, and correlated over about this time."""

CREEP_SD_RAD_S = np.radians(0.2)
"""Nobody holds stiller than this, one sd of the mean rate in a hold that is shorter than the unsteadiness' own time."""

PASSED_MIN_S = 1.2
"""A shorter pause between two moves in the same direction still carries the end of one and the beginning of the other,
which both creep the same way: its slope is not the bias."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Levels at the k events, slopes at those h of them that are plateaus.

    `level` (k,) rad of the integrated rate, `level_columns` (k, c) of the unknowns there; `slope` (h,) rad/s,
    `slope_columns` (h, c), `slope_sd` (h,) as the unsteadiness makes it; `wander_rad` that unsteadiness, rms.
    """

    level: Floats
    level_columns: Floats
    slope: Floats
    slope_columns: Floats
    slope_sd: Floats
    wander_rad: float


def gather(grid: Grid, integral: Floats, events: list[Event]) -> Evidence:
    """Levels and slopes of the integrated rate (m,) at the events."""
    step = max(1, round(STEP_S / grid.dt_s))
    index, count = _inner(events, step)
    columns, height, t = unknowns.columns(grid, index), integral[index], grid.t_s[index]
    if not events:
        return Evidence(np.zeros(0), columns, np.zeros(0), columns, np.zeros(0), float(WANDER_FLOOR_RAD))
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.intp)

    def mean(x: Floats) -> Floats:
        return np.add.reduceat(x, first, axis=0) / (count if x.ndim == 1 else count[:, None])

    level, level_columns = mean(height), mean(columns)
    held = np.array([e.kind == "plateau" for e in events]) & (count >= 3)
    held &= ~passed_through(level) | (count * step * grid.dt_s >= PASSED_MIN_S)
    t = t - np.repeat(mean(t), count)
    moment = mean(t * t)[held]
    slope = mean(t * height)[held] / moment
    slope_columns = mean(t[:, None] * columns)[held] / moment[:, None]
    residual = mean((height - np.repeat(level, count)) ** 2)[held] - slope**2 * moment
    scatter = np.maximum(residual, 0.0) * count[held] / np.maximum(count[held] - 2, 1)
    wander = max(float(np.sqrt(np.median(scatter))) if len(scatter) else 0.0, float(WANDER_FLOOR_RAD))
    # unsteadiness of correlation time τ: in a hold shorter than τ it is a creep at its own rate, in a longer one the
    # slope of a line through T seconds of it falls as T^-1.5
    creep = max(float(np.sqrt(12)) * wander / WANDER_CORRELATION_S, float(CREEP_SD_RAD_S))
    sd = creep * np.minimum(1.0, WANDER_CORRELATION_S / (count[held] * step * grid.dt_s)) ** 1.5
    return Evidence(level, level_columns, slope, slope_columns, sd, wander)


def passed_through(level: Floats) -> NDArray[np.bool_]:
    """(k,) events that the turn enters and leaves in the same direction, by their levels (k,), rad: never an end."""
    move = np.diff(level)
    sign = np.where(np.abs(move) < TURN_MIN_RAD, 0.0, np.sign(move))
    out = np.zeros(len(level), dtype=bool)
    out[1:-1] = sign[:-1] * sign[1:] > 0
    return out


def _inner(events: list[Event], step: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Grid indices inside the events, every `step`, their edges left out, and how many belong to each event."""
    parts: list[NDArray[np.intp]] = []
    for event in events:
        trim = min(step, (event.end - event.begin) // 4)
        parts.append(np.arange(event.begin + trim, max(event.end - trim, event.begin + trim + 1), step, dtype=np.intp))
    index = np.concatenate(parts) if parts else np.zeros(0, dtype=np.intp)
    return index, np.array([len(part) for part in parts], dtype=np.intp)
