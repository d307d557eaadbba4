"""When samples were taken: the line of time over sample index, fitted as the samples come.

The chip has an oscillator of its own, up to 3 % off, so neither its nominal rate nor the moment at which the board
looks tells the time of a sample. But at each look the newest sample in the chip's buffer is between nothing and one
period old: half a period before the look is its time, give or take half a period, however late the look is. A line
through these by least squares knows the time within a fraction of a millisecond after some ten seconds, and the
period within some parts per million.

The fit is recursive, with growing memory (Brookner 1998, Tracking and Kalman Filtering Made Easy, section 1.2.10;
ISBN 978-0-471-18407-2): after n looks the gains are g = 2 (2n + 1) / ((n + 1) (n + 2)) for the time and
h = 6 / ((n + 1) (n + 2)) for the period. n stops growing at `_MEMORY`, so that the fit follows the temperature.
Small integers only: nothing is allocated.
"""

import time

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coxa_board.clock import Ticks

_FRACTION = const(14)  # bits of fraction of µs: 6e-9 of a period of 10 ms; a period of 65 ms is still a small integer
_MASK = const((1 << 14) - 1)
_MEMORY = const(1000)  # looks: about 25 s at 40 looks/s, in which a chip's oscillator moves less than 1e-5
_SETTLED = const(400)  # looks: 10 s, after which the rate is known to some 50 parts per million
_FIRST_TRUST = const(2)  # the nominal period counts as so many looks, or the first ones would throw it far off
_FURTHEST = const(12000)  # µs, more than a period: no look is further off, and more would not fit small integers
_STRIDE_MEMORY = const(4)  # 2**4 looks are averaged for the number of samples between two looks


class SampleClock:
    """The line: sample `index` was taken at `ticks` (as of `time.ticks_us`, wrapping), the next one period later.

    Attributes:
        index: of the newest sample at the latest look.
        ticks: estimated time of that sample.
        looks: so many looks were used since the sensor started.
    """

    def __init__(self, rate_hz: float) -> None:
        """Takes the nominal rate, Hz."""
        self._period = round(1e6 / rate_hz * (1 << _FRACTION))
        self._fraction = 0  # of `ticks`, below 1 µs
        self._stride = 0  # mean number of samples between two looks, times 2**_STRIDE_MEMORY
        self.looks = 0
        self.index = -1
        self.ticks: Ticks = 0

    @property
    def rate_hz(self) -> float:
        """The measured rate, Hz."""
        return 1e6 * (1 << _FRACTION) / self._period

    @property
    def settled(self) -> bool:
        """Whether the measured rate is better than the nominal one."""
        return self.looks >= _SETTLED

    def restart(self) -> None:
        """The sensor was set up again: its samples come at new moments, at the rate known so far."""
        self.looks = 0

    def index_at(self, ticks: Ticks) -> int:
        """Index of the newest sample in the chip's buffer at a moment (as of `ticks_us`), by the line so far."""
        since = time.ticks_diff(ticks, self.ticks)
        return self.index + (since << _FRACTION) // self._period

    def look(self, index: int, ticks: Ticks) -> None:
        """The newest sample in the chip's buffer was `index` when the board looked, at `ticks` as of `ticks_us`."""
        steps = index - self.index
        taken = time.ticks_add(ticks, -(self._period >> (_FRACTION + 1)))
        if self.looks == 0:
            self.ticks, self._fraction, self.index, self.looks = taken, 0, index, 1
            return
        if steps <= 0:
            return
        self._stride += steps - (self._stride >> _STRIDE_MEMORY) if self._stride else steps << _STRIDE_MEMORY
        fraction = self._fraction + steps * (self._period & _MASK)
        expected = time.ticks_add(self.ticks, steps * (self._period >> _FRACTION) + (fraction >> _FRACTION))
        off = min(max(time.ticks_diff(taken, expected), -_FURTHEST), _FURTHEST) << _FRACTION
        n = self.looks + _FIRST_TRUST
        half_gain = 2 * off // (n + 2)
        fraction = (fraction & _MASK) + 2 * half_gain - half_gain // (n + 1)
        self.ticks = time.ticks_add(expected, fraction >> _FRACTION)
        self._fraction = fraction & _MASK
        self.index = index
        # By the mean number of steps: this look's own goes with the sign of `off` and would bias the period.
        self._period += ((off // (n + 1) * 6 // (n + 2)) << _STRIDE_MEMORY) // self._stride
        if self.looks < _MEMORY:
            self.looks += 1
