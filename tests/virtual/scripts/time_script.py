"""Board clock and sample clock over many random rates, phases and delays; prints the worst errors as JSON."""

import json
import random
import time

from coxa_board.clock import Clock
from coxa_board.sampleclock import SampleClock

LOOKS = 2400  # one minute
SETTLED = 400  # ten seconds
TICKS = 1 << 30


def clock_error_us(seed):
    """Random waits of up to 8 min, over several wraps of `ticks_us`."""
    random.seed(seed)
    time.now_us = start = random.randrange(TICKS)
    clock = Clock()
    worst = 0
    for _ in range(100):
        time.advance_us(random.randrange(1 << 29))
        before = random.randrange(1 << 20)
        now = clock.now_us()
        past = clock.at(time.ticks_add(time.ticks_us(), -before))
        worst = max(worst, abs(now - (time.now_us - start)), abs(now - before - past))
    return worst


def fit(seed, poll_us, nominal_hz):
    """(worst time error, µs, and rate error, ppm, once settled; worst error of a predicted index after 30 s)."""
    random.seed(seed)
    rate_hz = nominal_hz * (1 + random.uniform(-0.03, 0.03))
    period_us = 1e6 / rate_hz
    offset = random.uniform(0, period_us)
    clock = SampleClock(nominal_hz)
    now = float(random.randrange(TICKS))  # the wrap of ticks_us comes at any moment
    offset += now
    worst_us = worst_ppm = 0
    for look in range(LOOKS):
        now += poll_us(look)
        index = int((now - offset) / period_us)
        clock.look(index, int(now) % TICKS)
        if look >= SETTLED:
            worst_us = max(worst_us, abs(time.ticks_diff(clock.ticks, int(offset + index * period_us) % TICKS)))
            worst_ppm = max(worst_ppm, abs(clock.rate_hz / rate_hz - 1) * 1e6)
    later = now + 30e6
    return worst_us, worst_ppm, abs(clock.index_at(int(later) % TICKS) - int((later - offset) / period_us))


POLLS = {
    "even": lambda look: 20000 + (look * 7 % 10) * 1000,
    "random": lambda look: random.uniform(20000, 40000),
    "stalls": lambda look: random.uniform(20000, 30000) + (200000 if look % 40 == 7 else 0),
}
print(
    json.dumps(
        {
            "clock_us": max(clock_error_us(seed) for seed in range(20)),
            "fits": {
                f"{name} {hz:g} Hz": [fit(seed, poll, hz) for seed in range(10)]
                for name, poll in POLLS.items()
                for hz in (100.0, 104.0)
            },
        }
    )
)
