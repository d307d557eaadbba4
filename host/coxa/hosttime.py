"""When a recording of a board was, by this computer's clock: two boards can then be compared moment by moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from coxa.decode import DecodedStream
from coxa.link.clock import ClockFit, Ping, fit_clock
from coxa.received import sort_out
from coxa.samples import Floats
from coxa_wire import Info

_WRAP_US = 2**32
"""Blocks carry the low 32 bits of the board's clock in µs, pings all 64."""

_LOW_QUANTILE = 0.1
"""Share of the stamps that may be wrong on the early side, as in `sampleclock`: the others are late, never early."""

COVERAGE_95 = 1.96
"""Standard deviations that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class HostTime:
    """The host's Unix time of the samples of one session.

    Attributes:
        zero_us: the board's clock when `t_s` of its samples is 0, µs.
        stamp_error_s: what that can be wrong by: the board stamps its blocks late.
        fit: the board's clock beside the host's.
    """

    zero_us: float
    stamp_error_s: float
    fit: ClockFit

    def unix_s(self, t_s: Floats) -> Floats:
        """Unix time of sample times t_s (n,) of the session, s."""
        return self._host_us(t_s) / 1e6

    def error_s(self, t_s: Floats) -> Floats:
        """What `unix_s` can be wrong by (n,), s, in 19 of 20 cases: ping, drift since the pings, stamps."""
        drift_us = COVERAGE_95 * self.fit.drift_sd * np.abs(self._host_us(t_s) - self.fit.at_us)
        return (self.fit.error_us + drift_us) / 1e6 + self.stamp_error_s

    def _host_us(self, t_s: Floats) -> Floats:
        return self.fit.host_us(self.zero_us) + 1e6 * t_s / (1.0 + self.fit.drift)


def host_time(stream: DecodedStream, blocks: Iterable[bytes], info: Info, pings: Sequence[Ping]) -> HostTime | None:
    """The host's time of a decoded session.

    Args:
        stream: what `decode` made of `blocks` and `info`.
        blocks: of the session, as received.
        info: of the board.
        pings: exchanged while the board recorded it, without a restart of the board in between.

    Returns:
        None where it cannot be known: no ping, or the board's clock jumped.
    """
    fit = fit_clock(pings)
    if fit is None or stream.clock.clock_jumps:
        return None
    filled = [block for block in sort_out(blocks, info.session, info.next_seq)[0] if block.n]
    first = np.array([block.first_index for block in filled], dtype=np.int64)
    stamps = np.array([block.t_us for block in filled], dtype=np.float64)
    ahead_us = stamps - 1e6 * stream.clock.time_s(first)
    # Around the first one, since the low bits wrap every 71.6 minutes
    late_us = (ahead_us - ahead_us[0] + _WRAP_US / 2) % _WRAP_US - _WRAP_US / 2
    zero_us = float(ahead_us[0] + np.sort(late_us)[int(_LOW_QUANTILE * len(late_us))])
    # The recording and its pings were at the same time: that tells how often the low bits had wrapped before.
    middle_us = zero_us + 5e5 * float(stream.samples.t_s[0] + stream.samples.t_s[-1])
    pinged_us = float(np.median([ping.t2_us for ping in pings]))
    wraps = round((pinged_us - middle_us) / _WRAP_US)
    return HostTime(zero_us + wraps * _WRAP_US, stream.clock.late_s, fit)
