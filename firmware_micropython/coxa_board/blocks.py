"""Samples into wire blocks, in place in the recorder's memory, with the board's own orientation beside them."""

import time

import micropython

from coxa_board.checksum import crc16
from coxa_wire import (
    CAPACITY,
    HEADER_LENGTH,
    LAST,
    OVERRUN,
    QUAT_LENGTH,
    QUATS,
    QUATS_AT,
    RESTARTED,
    SAMPLE_LENGTH,
    seal,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coxa_board.clock import Clock, Ticks
    from coxa_board.orientation import Orientation
    from coxa_board.recorder import Recorder
    from coxa_board.sampler import Sampler

    ptr8 = bytearray | memoryview  # what machine code takes for one

_BEFORE = OVERRUN | RESTARTED  # what these flags tell happened before the first sample of a block
# The chip's oscillator is at most 3 % fast (datasheets), so reckoning back with this share of the nominal period
# never puts a time stamp before its sample; see docs/wire.md.
_SHORTEST = 0.97


@micropython.viper
def _copy(to: ptr8, at: int, source: ptr8, start: int, length: int):
    for i in range(length):
        to[at + i] = source[start + i]


class BlockWriter:
    """Feeds the orientation with every sample and, while recording, fills and seals one block after the other.

    Attributes:
        raised: flags of the state of things (BATTERY_LOW), set in every block.
    """

    def __init__(self, recorder: Recorder, orientation: Orientation, clock: Clock, rate_hz: float) -> None:
        """Takes the recorder, the orientation, the board's clock and the sensor's nominal rate in Hz."""
        self._recorder = recorder
        self._orientation = orientation
        self._clock = clock
        self._shortest_us = int(1e6 / rate_hz * _SHORTEST)
        self.raised = 0
        self._flags = 0
        self._profile = 0
        self._capacity = 0
        self._with_quats = False
        self._quats_at = 0
        self._fill = 0
        self._origin = 0  # the sampler's index of the first sample of the session
        self._index = 0  # the sampler's index of the first sample of the block
        self._ticks: Ticks = 0  # the time stamp of the block
        self._temperature_c = 0

    def begin(self, profile: int, next_index: int) -> None:
        """A session starts with the sampler's sample `next_index`."""
        self._profile = profile
        self._capacity = CAPACITY[profile]
        self._with_quats = QUATS[profile] > 0
        self._quats_at = QUATS_AT[profile]
        self._origin = next_index
        self._index = next_index
        self._ticks = time.ticks_us()
        self._fill = 0
        self._flags = 0

    def mark(self, flags: int) -> None:
        """Sets flags in the block that is being filled."""
        self._flags |= flags

    def take(self, sampler: Sampler, n: int) -> None:
        """Takes the n samples of the sampler's latest `poll`."""
        orientation, samples = self._orientation, sampler.samples
        if sampler.flags & _BEFORE:
            orientation.resume()
        if not self._recorder.recording:
            for i in range(n):
                orientation.update(samples, i)
            return
        flags = sampler.flags
        if self._fill and (flags & _BEFORE or sampler.first_index != self._index + self._fill):
            self._seal()
        self._temperature_c = sampler.temperature_c
        i = 0
        while i < n:
            if self._fill == 0:
                self._open(sampler, i)
            end = min(n, i + self._capacity - self._fill)
            self._flags |= flags
            self._put(samples, i, end)
            i = end
            if self._fill == self._capacity:
                self._seal()
                flags &= ~_BEFORE

    def _put(self, samples: bytearray, start: int, end: int) -> None:
        """Puts samples start … end - 1 of the buffer into the block, which has room for them."""
        slot, orientation, fill = self._recorder.slot, self._orientation, self._fill
        _copy(slot, HEADER_LENGTH + SAMPLE_LENGTH * fill, samples, SAMPLE_LENGTH * start, SAMPLE_LENGTH * (end - start))
        for i in range(start, end):
            orientation.update(samples, i)
            if fill & 1 and self._with_quats:
                orientation.write(slot, self._quats_at + QUAT_LENGTH * (fill >> 1))
            fill += 1
        self._fill = fill

    def end(self) -> None:
        """Seals what there is as the last block of the session."""
        self._flags |= LAST
        self._seal()

    def _open(self, sampler: Sampler, i: int) -> None:
        """A block starts with sample i of the sampler's buffer."""
        self._index = sampler.first_index + i
        behind = sampler.next_index - 1 - self._index
        self._ticks = time.ticks_add(sampler.ticks, -behind * self._shortest_us)

    def _seal(self) -> None:
        recorder = self._recorder
        t_us = self._clock.at(self._ticks)
        if t_us >> 29:  # else masking would only make a long integer of it
            t_us &= 0xFFFFFFFF
        seal(
            recorder.slot,
            self._profile,
            flags=self._flags | self.raised,
            session=recorder.session,
            seq=recorder.next_seq,
            first_index=self._index - self._origin,
            t_us=t_us,
            n=self._fill,
            temperature_c=self._temperature_c,
            checksum=crc16,
        )
        # A block that is not taken is lost; the index goes on and tells of it, and so does the flag.
        self._flags = 0 if recorder.append() else OVERRUN
        self._index += self._fill
        self._fill = 0
