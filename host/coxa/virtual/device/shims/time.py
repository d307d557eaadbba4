"""The board's `time`, on a clock that only moves when something takes time: sleeping, a bus transfer, a stall.

Put before the built-in module on the path. `ticks_us` wraps at 2**30 µs (17.9 min) as on the boards.
"""

_MASK = (1 << 30) - 1  # a small integer also on 32 bits: reading the clock must not allocate
_HALF = 1 << 29
_EPOCH_2000_S = 946684800  # MicroPython's boards count from 2000

now_us = 0  # since power-on, never wraps; tests may start it just before a wrap
hooks = []  # called with now_us after each step: the watchdog, presses of the button


def advance_us(duration_us):
    """Lets time pass."""
    global now_us
    now_us += duration_us
    for hook in hooks:
        hook(now_us)


def ticks_us():
    return now_us & _MASK


def ticks_ms():
    return (now_us // 1000) & _MASK


# As on the boards these two allocate nothing: no step leaves the small integers of 32-bit words.
def ticks_add(ticks, delta):
    return ticks - (_MASK - delta) - 1 if delta > _MASK - ticks else (ticks + delta) & _MASK


def ticks_diff(end, start):
    elapsed = (end - start) & _MASK
    return elapsed if elapsed < _HALF else elapsed - _MASK - 1


def sleep_us(duration_us):
    advance_us(int(duration_us))


def sleep_ms(duration_ms):
    advance_us(int(duration_ms) * 1000)


def sleep(duration_s):
    advance_us(int(duration_s * 1_000_000))


def time():
    return _EPOCH_2000_S + now_us // 1_000_000


def time_ns():
    return time() * 1_000_000_000
