"""What the way from the chip to the host does to the samples: losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Stream:
    """Losses on the way. `loss`: share of blocks lost; `block`: samples in a block; `gaps`: (at s, length s) outages."""

    loss: float = 0.0
    block: int = 10
    gaps: tuple[tuple[float, float], ...] = ()


def received(stream: Stream, t_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n,) which samples arrive; the first and the last block always do."""
    blocks = np.arange(len(t_s)) // stream.block
    lost = rng.random(int(blocks[-1]) + 1) < stream.loss
    lost[[0, -1]] = False
    keep = ~lost[blocks]
    for at, length in stream.gaps:
        keep &= ~((t_s >= at) & (t_s < at + length))
    return keep
