"""Board time that does not wrap: microseconds since the program started, from a counter that wraps."""

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Ticks = Any  # readings of `time.ticks_us` or `ticks_ms`, which the stubs tell from whole numbers


class Clock:
    """Extends `time.ticks_us`, which wraps after 2**30 µs (17.9 min) on the ESP32 and the RP2, to 64 bits.

    It must be asked at least every 2**29 µs (8.9 min); the app does so many times a second.
    """

    def __init__(self) -> None:
        """Starts at 0."""
        self._ticks = time.ticks_us()
        self._us = 0

    def now_us(self) -> int:
        """Microseconds since the start."""
        return self.at(time.ticks_us())

    def at(self, ticks: Ticks) -> int:
        """The time of a reading of `ticks_us` that was taken less than 2**29 µs from the latest call."""
        elapsed = time.ticks_diff(ticks, self._ticks)
        if elapsed <= 0:
            return self._us + elapsed
        self._ticks = ticks
        self._us += elapsed
        return self._us
