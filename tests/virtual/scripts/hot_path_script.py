"""The way of a sample, from the sensor's buffer to a sealed block, with the heap locked; prints bytes per sample.

Then, with the heap open, what a block costs when the board clock no longer fits a small integer of 32 bits.
"""

import gc
import json

import micropython
from hot_path import PER_LOOK, Memory, lsm6dsox

from coxa_board.blocks import BlockWriter
from coxa_board.clock import Clock
from coxa_board.orientation import Orientation
from coxa_board.sampler import Sampler

LOOKS = 200


def path(profile):
    chip = lsm6dsox()
    clock = Clock()
    clock._ticks = 0  # where the time of `hot_path` starts
    sampler = Sampler(chip)
    orientation = Orientation(chip.RATE_HZ, chip.GYRO_DPS_PER_LSB, chip.ACC_G_PER_LSB)
    writer = BlockWriter(Memory(), orientation, clock, chip.RATE_HZ)
    writer.begin(profile, 0)

    def run():
        for _ in range(LOOKS):
            writer.take(sampler, sampler.poll())

    return run, clock


def locked(profile):
    run, _ = path(profile)
    run()
    micropython.heap_lock()
    try:
        run()
    finally:
        micropython.heap_unlock()


def late_bytes_per_sample(profile):
    run, clock = path(profile)
    clock._us = 3_000_000_000
    run()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    run()
    return (gc.mem_alloc() - before) / (LOOKS * PER_LOOK)


locked(1)
locked(2)
print(json.dumps({"samples": LOOKS * PER_LOOK, "late": late_bytes_per_sample(1)}))
