"""Samples with their index and time: drains the sensor's buffer, counts what was lost, sets the sensor up again.

A sample's index counts every sample the sensor has taken since the sampler started, lost ones too. What the chip
cannot tell of a loss is estimated from the clock (`SampleClock.index_at`): within one sample for losses of seconds.
"""

import time

from micropython import const

from coxa_board.imu import ImuFault
from coxa_board.sampleclock import SampleClock
from coxa_wire import CLIPPED, OVERRUN, RESTARTED, SAMPLE_LENGTH, TEMPERATURE_UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coxa_board.clock import Ticks
    from coxa_board.imu import Chip

_ROOM = const(64)  # samples read at once: 0.6 s at 104 Hz; what a stall of 200 ms leaves, three times
_CHECK_MS = const(1000)  # the sensor's settings are read back: one that lost its supply for a moment forgot them
_FAILURES = const(3)  # failed reads in a row after which the sensor is set up again
_RETRY_MS = const(1000)  # between attempts to set up a sensor that does not answer


class Sampler:
    """Reads one sensor.

    Attributes:
        samples: buffer of the latest `poll`, SAMPLE_LENGTH bytes each.
        first_index: index of the first sample in it.
        ticks: when the board looked (`time.ticks_us`): all these samples had been taken by then.
        more: samples are left in the sensor's buffer: poll again.
        next_index: index of the first sample not yet read.
        flags: OVERRUN, CLIPPED, RESTARTED, for the samples of the latest `poll`.
        clock: the time of samples.
        temperature_c: of the sensor, °C.
        high_water: most samples ever found waiting in the sensor's buffer.
        lost: samples known or estimated to be lost; `restarts`: times the sensor was set up again;
            `bus_errors`: reads that failed.
        fault: what is wrong with the sensor now, or None.
    """

    def __init__(self, chip: Chip, unlock_bus: Callable[[], None] | None = None) -> None:
        """Takes the driver of the sensor and what frees a stuck bus, if anything can."""
        self.chip = chip
        self._unlock_bus = unlock_bus
        self.samples = bytearray(_ROOM * SAMPLE_LENGTH)
        self.clock = SampleClock(chip.RATE_HZ)
        self.first_index = 0
        self.next_index = 0
        self.more = False
        self.ticks: Ticks = time.ticks_us()
        self.flags = 0
        self.temperature_c = TEMPERATURE_UNKNOWN
        self.high_water = 0
        self.lost = 0
        self.restarts = 0
        self.bus_errors = 0
        self.fault: str | None = None
        self._gap = False  # an unknown number of samples is missing before the next one
        self._pending_flags = 0
        self._failures = 0
        self._checked_ms = time.ticks_ms()

    def start(self) -> None:
        """Sets the sensor up; where that fails, `fault` says why and `poll` tries again every second."""
        self._restart(time.ticks_ms())
        self.next_index = 0
        self.clock = SampleClock(self.chip.rate_hint_hz() or self.chip.RATE_HZ)
        self.restarts = 0
        self._gap = False
        self._pending_flags = 0

    def poll(self) -> int:
        """Reads what waits in the sensor's buffer, as far as there is room; returns the number of samples read."""
        self.flags = 0
        self.more = False
        now_ms = time.ticks_ms()
        if self.fault:
            if time.ticks_diff(now_ms, self._checked_ms) >= _RETRY_MS:
                self._restart(now_ms)
            return 0
        try:
            if time.ticks_diff(now_ms, self._checked_ms) >= _CHECK_MS:
                self._checked_ms = now_ms
                if not self.chip.intact():
                    self._restart(now_ms)
                    return 0
            n = self.chip.drain(self.samples, _ROOM)
        except OSError:
            self.bus_errors += 1
            self._failures += 1
            if self._failures >= _FAILURES:
                self._restart(now_ms)
            return 0
        self._failures = 0
        self.more = n > 0 and not self.chip.emptied
        return self._number(n)

    def _number(self, n: int) -> int:
        """Gives n samples just read their indices."""
        chip = self.chip
        self.ticks = chip.ticks
        self.high_water = max(self.high_water, chip.level)
        if chip.overrun and chip.LOSS_AT_END:
            # These samples follow the ones before without a gap; the gap comes after them.
            self._take(n)
            self._gap = True
            self._pending_flags |= OVERRUN
            return n
        if chip.overrun:
            self._pending_flags |= OVERRUN
            self._close_gap(n, chip.lost)
        elif self._gap and n:
            self._close_gap(n, -1)
        self._take(n)
        if n and chip.emptied:
            self.clock.look(self.next_index - 1, self.ticks)
        return n

    def _take(self, n: int) -> None:
        self.first_index = self.next_index
        self.next_index += n
        self.temperature_c = self.chip.temperature_c
        if n:
            self.flags = self._pending_flags
            self._pending_flags = 0
        if self.chip.clipped:
            self.flags |= CLIPPED

    def _close_gap(self, n: int, lost: int) -> None:
        """Counts samples that are missing before the n just read; lost -1: as many as the clock says."""
        if lost < 0 and self.clock.index >= 0:
            waiting = n if self.chip.emptied else self.chip.level
            lost = self.clock.index_at(self.ticks) - waiting + 1 - self.next_index
        if lost > 0:
            self.next_index += lost
            self.lost += lost
        self._gap = False

    def _restart(self, now_ms: Ticks) -> None:
        """Sets the sensor up (again); tries once and leaves the rest to the next `poll`."""
        self._checked_ms = now_ms
        self._failures = 0
        try:
            if self._unlock_bus:
                self._unlock_bus()
            self.chip.configure()
        except ImuFault as fault:
            self.fault = str(fault)
            return
        except OSError as error:
            self.fault = f"the sensor does not answer ({error}): check its wires"
            return
        self.fault = None
        self._checked_ms = time.ticks_ms()
        self.restarts += 1
        self.clock.restart()
        self._gap = True
        self._pending_flags |= RESTARTED | OVERRUN
