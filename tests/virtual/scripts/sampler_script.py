"""The sampler on one chip with all that goes wrong; prints what was read and counted as JSON.

Arguments: chip (name of a model's module), true rate in Hz, seconds.
"""

import json
import random
import struct
import sys
import time

from bus import VirtualBus
from motion import Counting

from coxa_board import imu
from coxa_board.sampler import Sampler
from coxa_wire import OVERRUN, RESTARTED, SAMPLE_LENGTH

name, rate_hz, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
models = __import__(f"{name}_model")
CODES = 60000  # of `Counting`, before it starts over
INVERSE = pow(7, 15999, CODES)  # 7 · this = 1 (Euler: φ(60000) = 16000)


def run(trouble):
    """One run; `trouble(model, bus, second)` may do something at each full second."""
    random.seed(1)
    time.now_us = (1 << 30) - 3_000_000
    model = models.Model(Counting(), rate_hz)
    bus = VirtualBus({imu_address: model})
    sampler = Sampler(imu.find(bus), lambda: imu.recover(bus.scl(), bus.sda()))
    sampler.start()
    taken, second, offsets, bad = 0, 0, [], 0
    flagged = 0
    end_us = time.now_us + int(seconds * 1e6)
    started_us = time.now_us
    while time.now_us < end_us:
        n = sampler.poll()
        for i in range(n):
            sample = struct.unpack_from("<6h", sampler.samples, i * SAMPLE_LENGTH)
            code = (sample[0] + 30000) * INVERSE % CODES
            bad += sample != Counting().sample(code)
            offset = (code - (sampler.first_index + i)) % CODES
            if not offsets or offset != offsets[-1][1]:
                offsets.append([round((time.now_us - started_us) / 1e6, 2), offset])
        taken += n
        flagged |= sampler.flags & (OVERRUN | RESTARTED)
        if n == 0 or n < 64:
            time.sleep_ms(20 + random.randrange(10))
        if (time.now_us - started_us) // 1_000_000 > second:
            second += 1
            trouble(model, bus, second)
    return {
        "taken": taken,
        "bad": bad,
        "offsets": offsets,
        "lost": sampler.lost,
        "next_index": sampler.next_index,
        "flags": flagged,
        "restarts": sampler.restarts,
        "bus_errors": sampler.bus_errors,
        "high_water": sampler.high_water,
        "depth": sampler.chip.DEPTH,
        "rate_error_ppm": (sampler.clock.rate_hz / rate_hz - 1) * 1e6,
        "fault": sampler.fault,
    }


def stall(ms, every_s):
    def trouble(model, bus, second):
        if second % every_s == 0:
            time.sleep_ms(ms)

    return trouble


def brown_out(model, bus, second):
    if second in (20, 40):
        model.brown_out()


def noise(model, bus, second):
    bus.fail(after=random.randrange(40))
    if second == 25:
        bus.stuck = 5


imu_address = [chip for chip in imu.CHIPS if chip.__module__.endswith("." + name)][0].ADDRESSES[0]
print(
    json.dumps(
        {
            "calm": run(lambda model, bus, second: None),
            "stalls": run(stall(260, 3)),
            "overflows": run(stall(6000, 20)),
            "brown-outs": run(brown_out),
            "noise": run(noise),
        }
    )
)
