"""The sampling period while blocks still come: that of the data sheet first, then as the board's stamps show it."""

from __future__ import annotations

import numpy as np

import coxa_wire
from coxa import sampleclock
from coxa_wire import Block

FIRST_FIT_S = sampleclock.MIN_SPAN_S + 1.0
"""Before, the stamps tell no more than the data sheet does (3 %)."""

FIT_AGAIN = 1.5
"""The next fit is made when the recording has grown by this factor: some 12 fits in 20 minutes."""

_CLOCK_BREAK = coxa_wire.TIME_JUMP
_COUNT_BREAK = coxa_wire.OVERRUN | coxa_wire.RESTARTED


class Pace:
    """Takes the blocks of one session in order and gives the period of its samples, s."""

    def __init__(self, nominal_hz: float) -> None:
        """Takes the nominal sampling rate, Hz."""
        self._nominal_hz = nominal_hz
        self._rows: list[tuple[int, int, int, int]] = []
        self._fit_at = round(FIRST_FIT_S * nominal_hz)
        self.period_s = 1.0 / nominal_hz

    def add(self, block: Block) -> None:
        """A block with samples, its first index above those of all before."""
        self._rows.append((block.first_index, block.n, block.t_us, block.flags))
        if block.first_index - self._rows[0][0] < self._fit_at:
            return
        self._fit_at = round(FIT_AGAIN * (block.first_index - self._rows[0][0]))
        first, n, t_us, flags = np.array(self._rows, dtype=np.int64).T
        clock = sampleclock.fit(
            first,
            n,
            t_us,
            clock_break=(flags & _CLOCK_BREAK) != 0,
            count_break=(flags & _COUNT_BREAK) != 0,
            nominal_hz=self._nominal_hz,
        )
        self.period_s = 1.0 / clock.sampling_rate_hz
