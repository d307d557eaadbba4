"""Fuzzes the parsers of the wire format in MicroPython and prints the figures as JSON.

Arguments: inputs for each parser, seed.
"""

import gc
import json
import sys
import time

import fuzz_parsers
import fuzz_rig


def memory():
    gc.collect()
    return gc.mem_alloc()


inputs, seed = int(sys.argv[1]), int(sys.argv[2])
rows = []
for parser in fuzz_parsers.parsers():
    clock_us = time.ticks_us
    rows.append(fuzz_rig.fuzz(parser, inputs, seed, clock_us, memory))
print(json.dumps(rows))
