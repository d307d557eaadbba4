"""Phases in which the sensor lies still: there the gyroscope shows its own offset, about the vertical too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coxa.fusion.selfcal_blocks import Blocks
from coxa.samples import Floats

WINDOW_S = 1.5
"""Shortest stillness, s: that of offline vqf (`restMinT`; Laidig & Seel 2023, doi 10.1016/j.inffus.2022.10.014)."""
NOISE_FACTOR = 3.0
"""A window is still when its spread stays under this multiple of the quietest percentile's."""
RATE_SPREAD = (np.radians(0.1), np.radians(0.3))
"""Least and greatest spread of the rate that may pass for stillness, rad/s: sensor noise of 0.1 s means, and a
fraction of the wander of a held limb."""
FORCE_SPREAD = (0.03, 0.15)
"""The same for the specific force, m/s²."""
MEAN_S = 0.5
"""The spread of the rate is that of means over this long, s."""
CORRELATION_S = 1.5
"""One such mean in this long, s, counts as independent: a held limb wanders slowly."""
LEAST_SPREAD = np.radians(0.02)
"""Floor of the spread of these means, rad/s: bias instability of MEMS gyroscopes (datasheets: 2-20 deg/h) is below."""


@dataclass(frozen=True, slots=True)
class Rest:
    """One still phase: blocks `start` to `stop` (exclusive), its mean rate (3,) and the error of that mean, rad/s."""

    start: int
    stop: int
    rate: Floats
    sd: float


def still_phases(blocks: Blocks) -> list[Rest]:
    """All still phases of a recording, in order."""
    size = max(4, round(WINDOW_S / blocks.dt_s))
    if len(blocks) < size + 1:
        return []
    still = _still(blocks.rate, size, RATE_SPREAD) & _still(blocks.acc, size, FORCE_SPREAD)
    covered = np.convolve(still, np.ones(size)) > 0.5
    edges = np.flatnonzero(np.diff(np.concatenate([[False], covered, [False]]).astype(int)))
    return [_phase(blocks, int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _still(x: Floats, size: int, limits: tuple[float, float]) -> NDArray[np.bool_]:
    """For each window of `size` rows of x (k, 3): does its spread stay within the noise? (k - size + 1,)."""
    x = x - x.mean(axis=0)
    total = np.cumsum(np.concatenate([np.zeros((1, 6)), np.hstack([x, x * x])]), axis=0)
    mean = (total[size:] - total[:-size]) / size
    spread = np.sqrt(np.maximum(mean[:, 3:] - mean[:, :3] ** 2, 0.0).max(axis=1))
    limit = np.clip(NOISE_FACTOR * np.quantile(spread, 0.01), *limits)
    return np.asarray(spread < limit)


def _phase(blocks: Blocks, start: int, stop: int) -> Rest:
    rate = blocks.rate[start:stop]
    size = max(1, round(MEAN_S / blocks.dt_s))
    count = len(rate) // size
    spread = float(np.sqrt(rate[: count * size].reshape(count, size, 3).mean(axis=1).var(axis=0, ddof=1).mean()))
    return Rest(
        start,
        stop,
        rate.mean(axis=0),
        max(spread, LEAST_SPREAD) / np.sqrt((stop - start) * blocks.dt_s / CORRELATION_S),
    )
