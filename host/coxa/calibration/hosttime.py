"""Samples of boards put on one clock, by when they arrive."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from coxa.samples import Samples

RECENT_BLOCKS = 30
"""How early samples come is judged by the last 3 s: long enough for one that did not wait, short enough to follow the
first seconds, in which the sampling rate is known to 3 % only."""

SLEW_SHARE = 0.4
"""How much of a sampling period the time may be moved between two blocks: samples keep their order, and no rate that is
turned into an angle is off by more than 4 % for the second or two that it takes."""


@dataclass(slots=True)
class HostTime:
    """Puts the samples of one board on the host's time, by how early they have come of late.

    Nothing arrives before it was measured, and of some dozens of blocks one came without much of a wait: boards that
    are put on the host's time this way agree to within the difference of their quickest ways, some 20 ms.
    """

    _ahead_s: float | None = None
    _late_s: deque[float] = field(default_factory=lambda: deque[float](maxlen=RECENT_BLOCKS))
    _last_s: float = -float("inf")

    def put(self, samples: Samples, arrived_s: float) -> Samples:
        """The same samples, their t_s on the host's time; later than all before, or left out."""
        self._late_s.append(arrived_s - float(samples.t_s[-1]))
        quickest = min(self._late_s)
        if self._ahead_s is None:
            self._ahead_s = quickest
        elif len(samples) > 1:
            most = SLEW_SHARE * float(samples.t_s[1] - samples.t_s[0])
            self._ahead_s += min(max(quickest - self._ahead_s, -most), most)
        t_s = samples.t_s + self._ahead_s
        later = t_s > self._last_s
        if not later.all():
            samples, t_s = _only(samples, later), t_s[later]
        if len(t_s):
            self._last_s = float(t_s[-1])
        return replace(samples, t_s=t_s)

    def another(self) -> None:
        """What follows counts its time anew, as after a restart of the board or a long pause."""
        self._ahead_s = None
        self._late_s.clear()


def _only(samples: Samples, which: Any) -> Samples:
    temperature = samples.temperature_c
    return Samples(
        samples.t_s[which], samples.gyr_rad_s[which], samples.acc_m_s2[which],
        temperature_c=None if temperature is None else temperature[which],
    )  # fmt: skip
