"""The board's clock beside the host's: offset and drift from pings, with an honest uncertainty.

A ping that goes and comes quickly cannot hide much: its offset is wrong by half of its round trip at most (Mills 1991,
doi:10.1109/26.103043). So in each stretch of time only the quickest count. Over a session the crystals drift apart by
some 20-40 millionths, evenly: a line.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from coxa_wire import sync

QUICKEST_SHARE = 0.25
"""Of the pings by their round trip: the rest waited somewhere on the way."""
DRIFT_SPAN_S = 30.0
"""Over less the drift is not told from the pings' own scatter; it is taken as 0, give or take `DRIFT_SD`."""
DRIFT_SD = 30e-6
"""Of two crystals against each other: 20-40 millionths (data sheets)."""


def steady_s() -> float:
    """A clock that cannot be set and goes on while the computer sleeps, s.

    Python's `time.monotonic` stands still in sleep on Linux and macOS: a board would seem to jump ahead.
    """
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


class HostClock:
    """This computer's time for comparing with boards: Unix time at the start, from then on evenly, whatever is set.

    Attributes:
        run: a name for this run of the program; between two runs the clock may have been set.
    """

    def __init__(self, now_s: Callable[[], float] = steady_s, unix_s: Callable[[], float] = time.time) -> None:
        """Takes a clock that never jumps, and Unix time; s."""
        self._now_s = now_s
        self._ahead_s = unix_s() - now_s()
        self.run = secrets.token_hex(4)

    def now_us(self) -> int:
        """Unix time, µs."""
        return round((self._now_s() + self._ahead_s) * 1e6)

    def unix_ms(self) -> int:
        """Unix time, ms."""
        return self.now_us() // 1000


@dataclass(frozen=True, slots=True)
class Ping:
    """One exchange: sent at `t1_us` and answered at `t4_us` by the host's clock; µs.

    Attributes:
        t2_us: board time when it came; `held_us`: how long the board held it.
    """

    t1_us: int
    t2_us: int
    held_us: int
    t4_us: int

    @property
    def offset_us(self) -> float:
        """Board clock minus host clock."""
        return sync.offset_us(self.t1_us, self.t2_us, self.held_us, self.t4_us)[0]

    @property
    def error_us(self) -> float:
        """What the offset can be wrong by at most."""
        return sync.offset_us(self.t1_us, self.t2_us, self.held_us, self.t4_us)[1]


@dataclass(frozen=True, slots=True)
class ClockFit:
    """Board time = host time + `offset_us` + `drift` · (host time − `at_us`).

    Attributes:
        at_us: host time in the middle of the pings used, µs.
        error_us: the offset there is wrong by this at most, if ways out and back took no longer than the quickest.
        drift_sd: standard deviation of the drift.
        used: pings that counted.
    """

    at_us: float
    offset_us: float
    drift: float
    error_us: float
    drift_sd: float
    used: int

    def host_us(self, board_us: float) -> float:
        """The host's time of a moment by the board's clock, µs."""
        return self.at_us + (board_us - self.at_us - self.offset_us) / (1.0 + self.drift)


def fit_clock(pings: Iterable[Ping]) -> ClockFit | None:
    """The board's clock from pings; None where there are none that can be (time running backwards is not)."""
    good = sorted((ping for ping in pings if ping.error_us >= 0), key=lambda ping: ping.error_us)
    if not good:
        return None
    used = good[: max(1, round(len(good) * QUICKEST_SHARE))]
    t = np.array([(ping.t1_us + ping.t4_us) / 2 for ping in used])
    offset = np.array([ping.offset_us for ping in used])
    weight = 1.0 / np.maximum([ping.error_us for ping in used], 1.0) ** 2
    at = float(np.average(t, weights=weight))
    mean = float(np.average(offset, weights=weight))
    spread = float((weight * (t - at) ** 2).sum())
    drift, drift_sd = 0.0, DRIFT_SD
    if len(used) > 2 and np.ptp(t) >= DRIFT_SPAN_S * 1e6:
        drift = float((weight * (t - at) * (offset - mean)).sum() / spread)
        rest = offset - mean - drift * (t - at)
        # By their scatter, but not less than by what each can be wrong: a few pings may agree by chance.
        drift_sd = float(np.sqrt(max((weight * rest**2).sum() / (len(used) - 2), 1 / 3) / spread))
    return ClockFit(at, mean, drift, used[0].error_us, drift_sd, len(used))
