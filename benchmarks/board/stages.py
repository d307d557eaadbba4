"""Time per sample of each stage of the board's program, in the MicroPython interpreter; prints JSON, µs.

The bus answers at once from memory, so what is timed is the program alone. The yardstick is a filter as one would
write it at first: Mahony's (2008, doi 10.1109/TAC.2008.923738), in floats, in plain Python.
"""

import json
import math
import time

from hot_path import PER_LOOK, Memory, Ready, lsm6dsox

from coxa_board.blocks import BlockWriter
from coxa_board.clock import Clock
from coxa_board.orientation import Orientation
from coxa_board.sampler import Sampler
from coxa_wire import SAMPLE_LENGTH

ROUNDS = 4000
REPEATS = 5


class Mahony:
    """The yardstick: floats, attributes, plain Python."""

    def __init__(self, dt):
        self.dt = dt
        self.q = (1.0, 0.0, 0.0, 0.0)
        self.bias = [0.0, 0.0, 0.0]

    def update(self, gx, gy, gz, ax, ay, az):
        w, x, y, z = self.q
        norm = math.sqrt(ax * ax + ay * ay + az * az)
        ax, ay, az = ax / norm, ay / norm, az / norm
        vx, vy, vz = 2 * (x * z - w * y), 2 * (w * x + y * z), w * w - x * x - y * y + z * z
        ex, ey, ez = ay * vz - az * vy, az * vx - ax * vz, ax * vy - ay * vx
        dt, bias = self.dt, self.bias
        bias[0] += 0.01 * ex * dt
        bias[1] += 0.01 * ey * dt
        bias[2] += 0.01 * ez * dt
        gx, gy, gz = gx + bias[0] + ex, gy + bias[1] + ey, gz + bias[2] + ez
        h = 0.5 * dt
        w, x, y, z = (
            w - h * (x * gx + y * gy + z * gz),
            x + h * (w * gx + y * gz - z * gy),
            y + h * (w * gy - x * gz + z * gx),
            z + h * (w * gz + x * gy - y * gx),
        )
        norm = math.sqrt(w * w + x * x + y * y + z * z)
        self.q = (w / norm, x / norm, y / norm, z / norm)


def per_sample_us(work, samples):
    """Best of some repeats: other work on the machine only adds."""
    best = None
    for _ in range(REPEATS):
        start = time.ticks_us()
        work()
        took = time.ticks_diff(time.ticks_us(), start) / samples
        best = took if best is None else min(best, took)
    return best


def measure():
    chip = lsm6dsox()
    out = bytearray(64 * SAMPLE_LENGTH)
    orientation = Orientation(chip.RATE_HZ, chip.GYRO_DPS_PER_LSB, chip.ACC_G_PER_LSB)
    mahony = Mahony(0.01)
    memory, ready = Memory(), Ready()
    writer = BlockWriter(memory, orientation, Clock(), chip.RATE_HZ)
    writer.begin(1, 0)
    samples = ready.samples

    def nothing():
        for _ in range(ROUNDS):
            pass

    def float_filter():
        for _ in range(ROUNDS):
            mahony.update(0.1, -0.2, 0.3, 0.1, -0.2, 0.97)

    bus = chip._registers
    count, words = chip._pair, chip._views[2 * PER_LOOK]

    def wire():
        for _ in range(ROUNDS):
            bus.read_into(0x3A, count)
            bus.read_into(0x78, words)

    def drain():
        for _ in range(ROUNDS):
            chip.drain(out, 64)

    def poll():
        for _ in range(ROUNDS):
            sampler.poll()

    def update():
        for _ in range(ROUNDS):
            orientation.update(samples, 0)

    def take():
        for _ in range(ROUNDS):
            ready.first_index = ready.next_index
            ready.next_index += PER_LOOK
            writer.take(ready, PER_LOOK)

    wired = per_sample_us(wire, ROUNDS * PER_LOOK)  # stands for the bus, which is not the program
    drained = per_sample_us(drain, ROUNDS * PER_LOOK)
    sampler = Sampler(lsm6dsox())
    polled = per_sample_us(poll, ROUNDS * PER_LOOK)
    loop = per_sample_us(nothing, ROUNDS)
    both = per_sample_us(take, ROUNDS * PER_LOOK)
    filtered = per_sample_us(update, ROUNDS) - loop
    return {
        "float filter": per_sample_us(float_filter, ROUNDS) - loop,
        "driver": drained - wired,
        "sampler": polled - drained,
        "orientation": filtered,
        "blocks": both - filtered,
    }


print(json.dumps(measure()))
