"""Nothing is allocated between the sensor's buffer and a sealed block: no pause for a collection in that way."""

import json
from pathlib import Path

import interpreters

HERE = Path(__file__).parent
BENCHMARK = HERE.parent.parent / "benchmarks" / "board"


def test_missing_samples_reach_the_orientation(bits):
    sources = (BENCHMARK, interpreters.FIRMWARE)
    assert interpreters.run(HERE / "scripts" / "gap_script.py", bits=bits, sources=sources) == "passed\n"


def test_no_allocation_per_sample(bits):
    sources = (BENCHMARK, interpreters.FIRMWARE)
    told = json.loads(interpreters.run(HERE / "scripts" / "hot_path_script.py", bits=bits, sources=sources))
    assert told["samples"] == 600
    # After 18 min the time stamp of a block is a long integer on 32 bits: a few small objects in each tenth sample.
    assert told["late"] <= (0 if bits == 64 else 16)
