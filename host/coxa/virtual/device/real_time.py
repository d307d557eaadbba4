"""Lets the virtual clock of `time` follow a real one. Import it before whatever else has to do with time.

Sleeping is real. What only costs time (a transfer on the bus, a write to the flash) is slept off where it adds up: the
virtual clock may be ahead of the real one by SLACK_US, never behind it when it is read. `time.hooks` are called while
the program waits, and when the clock is read after a while: neither while it computes without looking at the clock nor
while the interpreter waits at its prompt. The time since then passes in steps, so that a timer that feeds a watchdog
comes before the watchdog.
"""

import time
import utime  # the interpreter's own
from micropython import const

SLACK_US = const(2000)  # a shorter real sleep takes longer than it should
_STEP_US = const(250_000)  # the shortest watchdog has 1 s
_UNSEEN_US = const(10_000)  # so long hooks wait for a program that only reads the clock
_SLICE_MS = const(20)  # so long they wait for a program that sleeps
_MASK = (1 << 30) - 1

_begun_us = utime.ticks_us()


def real_us():
    """Real time since the start."""
    return utime.ticks_us() - _begun_us


def catch_up():
    """Brings the virtual clock to the real one, with all that happens on the way."""
    behind_us = real_us() - time.now_us
    while behind_us > _STEP_US:
        _step(_STEP_US)
        behind_us -= _STEP_US
    _step(max(behind_us, 0))


def piece_ms(duration_ms):
    """How long to wait in one piece, -1 for ever."""
    return _SLICE_MS if duration_ms < 0 else min(duration_ms, _SLICE_MS)


def _step(duration_us):
    time.now_us += duration_us
    for hook in time.hooks:
        hook(time.now_us)


def _advance_us(duration_us):
    catch_up()
    end_us = time.now_us + duration_us
    while end_us - real_us() > SLACK_US:
        utime.sleep_ms(piece_ms((end_us - real_us()) // 1000))
        catch_up()
    if end_us > time.now_us:
        _step(end_us - time.now_us)


def _look():
    ahead_us = real_us() - time.now_us
    if ahead_us > _UNSEEN_US:
        catch_up()
    elif ahead_us > 0:
        time.now_us += ahead_us


def _ticks_us():
    _look()
    return time.now_us & _MASK


def _ticks_ms():
    _look()
    return (time.now_us // 1000) & _MASK


def _date(seconds=None):
    return utime.gmtime(time.time() if seconds is None else seconds)


_time = time.time


def _seconds():
    _look()
    return _time()


time.advance_us = _advance_us
time.ticks_us = _ticks_us
time.ticks_ms = _ticks_ms
time.time = _seconds
time.gmtime = time.localtime = _date  # a board has no time zone
time.mktime = utime.mktime
time.ticks_cpu = time.ticks_us
