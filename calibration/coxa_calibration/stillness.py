"""Spans in which a sensor is still, found without knowing the gyroscope's bias, and what it reads in them.

A constant offset does not show in a spread, so stillness is judged by how the rate and the force vary over half a
second, never by their size. A turn at constant speed would pass as still by its rate; it is refused because gravity
turns in the sensor, unless its axis is vertical.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from coxa_calibration.readings import CalibrationError, Floats, Readings, Recording, checked
from coxa_calibration.temperature import unrounded

WINDOW_S = 0.5
"""Length over which spread is judged: several periods of tremor (8 to 12 Hz), shorter than any hold."""

GAP_S = 0.1
"""Longest step between samples inside a span: a loss of more hides a move."""

BLOCK_S = 0.25
"""Means over this are taken as independent when the error of a span's mean is judged: longer than tremor's period."""


STUCK_SHARE = 0.9
"""An axis that shows its largest value this often is at the end of its range: noise is wider than one count."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as still. Spreads are standard deviations over WINDOW_S, the vector's three axes together.

    Attributes:
        gyr_rad_s, acc_m_s2: largest spread of rate and force.
        turn_rad: how far gravity may turn in the sensor over a span.
        shortest_s: shorter spans are dropped. `longest_s`: longer ones are cut, so that each has one temperature.
    """

    gyr_rad_s: float
    acc_m_s2: float
    turn_rad: float
    shortest_s: float
    longest_s: float = 20.0


HELD = Limits(np.radians(6.0), 0.5, np.radians(5.0), 1.0)
"""In a hand that presses against furniture: tremor and wander of 1 to 4 deg/s, of a degree or two. While gravity turns
by 5° the size of its mean falls short by 0.3 mg."""

AT_REST = Limits(np.radians(0.5), 0.12, np.radians(0.2), 2.0)
"""Lying on something that does not move: the chip's own noise (MPU6050 class at 200 Hz: 0.1 deg/s, 0.05 m/s²)."""


@dataclass(frozen=True, slots=True)
class StillSpan:
    """One still span, samples begin to end (one past last).

    Attributes:
        start_s, end_s: its time.
        gyr_rad_s, acc_m_s2: (3,) means; `gyr_cov`, `acc_cov`: (3, 3) covariance of the means, (rad/s)² and (m/s²)²,
            from means over BLOCK_S, so that tremor and slow wander count as what they are.
        temperature_c: mean temperature, °C, where it is known.
    """

    begin: int
    end: int
    start_s: float
    end_s: float
    gyr_rad_s: Floats
    acc_m_s2: Floats
    gyr_cov: Floats
    acc_cov: Floats
    temperature_c: float | None

    @property
    def duration_s(self) -> float:
        """Length, s."""
        return self.end_s - self.start_s


def still_spans(
    readings: Readings, limits: Limits = HELD, *, temperature_c: Floats | float | None = None
) -> tuple[StillSpan, ...]:
    """All still spans, in order. temperature_c: (n,) or one for all, °C; whole degrees
    are joined smoothly (`temperature.unrounded`).

    Raises:
        CalibrationError: the readings are not fit to be calibrated with (`readings.checked`), or the temperatures are
            not as many as the samples, or not numbers.
    """
    r = checked(readings, clipping=False)  # a knock between two poses does no harm
    temperature = _temperatures(temperature_c, r.t_s)
    dt = float(np.median(np.diff(r.t_s)))
    window = max(3, round(WINDOW_S / dt))
    calm = (_spread(r.gyr_rad_s, window) < limits.gyr_rad_s) & (_spread(r.acc_m_s2, window) < limits.acc_m_s2)
    spans: list[StillSpan] = []
    for begin, end in _runs(calm, r.t_s):
        for a, b in _unturned(r.acc_m_s2, begin, end, window, limits.turn_rad):
            inner = (a + window // 2, b - window // 2)  # a move begins and ends more softly than its spread shows
            if inner[1] - inner[0] > 2 and r.t_s[inner[1] - 1] - r.t_s[inner[0]] >= limits.shortest_s:
                spans += [_span(*piece, r, temperature) for piece in _cut(*inner, r.t_s, limits.longest_s)]
    return tuple(spans)


def _temperatures(temperature_c: Floats | float | None, t_s: Floats) -> Floats | None:
    if temperature_c is None:
        return None
    values = np.asarray(temperature_c, dtype=np.float64)
    values = np.full(len(t_s), float(values)) if values.ndim == 0 else values
    if values.shape != t_s.shape or not np.isfinite(values).all():
        raise CalibrationError(
            f"The temperatures have the shape {values.shape} or are not numbers.", "Give one in °C for each sample.",
            "temperature",
        )  # fmt: skip
    return unrounded(values, t_s)


def _spread(values: Floats, window: int) -> Floats:
    """(n,) root of the summed variances of values (n, 3) over the calmest window that each sample is part of."""
    shifted = values - values.mean(axis=0)  # keeps the difference of the sums of squares exact
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(shifted, axis=0)])
    square = np.concatenate([np.zeros((1, 3)), np.cumsum(shifted**2, axis=0)])
    if len(values) <= window:
        return np.full(len(values), float(np.sqrt(values.var(axis=0).sum())))
    mean = (total[window:] - total[:-window]) / window
    variance = np.clip((square[window:] - square[:-window]) / window - mean**2, 0.0, None).sum(axis=1)
    padded = np.concatenate([np.full(window - 1, np.inf), variance, np.full(window - 1, np.inf)])
    return np.asarray(np.sqrt(np.lib.stride_tricks.sliding_window_view(padded, window).min(axis=1)))


def _runs(mask: NDArray[np.bool_], t_s: Floats) -> list[tuple[int, int]]:
    """(first, one past last) of each run of True that no gap interrupts."""
    linked = mask[1:] & mask[:-1] & (np.diff(t_s) <= GAP_S)
    edge = np.flatnonzero(np.diff(np.concatenate([[0], linked.astype(np.int8), [0]])))
    return [(int(a), int(b) + 1) for a, b in zip(edge[::2], edge[1::2], strict=True)]


def _unturned(acc: Floats, begin: int, end: int, window: int, turn_rad: float) -> list[tuple[int, int]]:
    """Pieces of begin to end over which the direction of the smoothed force stays within `turn_rad` of its start."""
    pieces: list[tuple[int, int]] = []
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(acc[begin:end], axis=0)])
    if end - begin <= window:
        return [(begin, end)]
    up = total[window:] - total[:-window]
    up = up / np.linalg.norm(up, axis=1, keepdims=True)
    at = 0
    while at < len(up):
        away = np.flatnonzero(np.linalg.norm(up[at:] - up[at], axis=1) > turn_rad)
        until = at + int(away[0]) if len(away) else len(up)
        pieces.append((begin + at, begin + until + window - 1))
        at = until + window - 1 if len(away) else until
    return pieces


def _cut(begin: int, end: int, t_s: Floats, longest_s: float) -> list[tuple[int, int]]:
    """begin to end in equal pieces of at most longest_s."""
    count = max(1, int(np.ceil((t_s[end - 1] - t_s[begin]) / longest_s)))
    edges = np.linspace(begin, end, count + 1).astype(int)
    return [(int(a), int(b)) for a, b in pairwise(edges)]


def _span(a: int, b: int, r: Recording, temperature: Floats | None) -> StillSpan:
    t, gyr, acc = r.t_s[a:b], r.gyr_rad_s[a:b], r.acc_m_s2[a:b]
    _check_saturation(acc, float(t[0]))
    block = max(1, round(BLOCK_S / float(np.median(np.diff(t)))))
    mean_temperature = None if temperature is None else float(temperature[a:b].mean())
    return StillSpan(
        a, b, float(t[0]), float(t[-1]), gyr.mean(axis=0), acc.mean(axis=0), covariance_of_mean(gyr, block),
        covariance_of_mean(acc, block), mean_temperature,
    )  # fmt: skip


def _check_saturation(acc: Floats, start_s: float) -> None:
    """Refuse a pose in which the axis nearest to the vertical stands at one value while the others have their noise."""
    main = int(np.argmax(np.abs(acc.mean(axis=0))))
    stuck = float((np.abs(acc[:, main]) >= np.abs(acc[:, main]).max()).mean()) > STUCK_SHARE
    if stuck and all(len(np.unique(acc[:, i])) > 3 for i in range(3) if i != main):
        raise CalibrationError(
            f"The accelerometer's {'xyz'[main]} axis stands at the end of its range from {start_s:.1f} s on.",
            "Set the range of the accelerometer to ±4 g and record again.", "saturated",
        )  # fmt: skip


def covariance_of_mean(values: Floats, block: int) -> Floats:
    """(3, 3) covariance of the mean of values (n, 3), from the scatter of the means of blocks of `block` samples."""
    count = len(values) // block
    if count < 3:
        return np.asarray(np.cov(values.T) / max(count, 1))
    means = values[: count * block].reshape(count, block, 3).mean(axis=1)
    return np.asarray(np.cov(means.T) / count)
