"""The sampler on the register model of each chip: every sample has its own index, whatever happens on the way."""

import json
from itertools import pairwise
from pathlib import Path

import interpreters
import pytest

SCRIPTS = Path(__file__).parent / "scripts"
SECONDS = 60
OVERRUN, RESTARTED = 0x01, 0x40
# Off the nominal rate by what the datasheets allow, so that nothing falls into step with the board's own beat.
CHIPS = {"lsm6dsox": 104.17 * 1.013, "mpu6886": 100 * 0.981, "icm42688p": 100 * 1.007}
EXACT = {"lsm6dsox"}  # its buffer holds time stamps, so that it knows what it lost


@pytest.fixture(scope="module", params=CHIPS)
def chip(request):
    return request.param


@pytest.fixture(scope="module")
def found(chip):
    if interpreters.command(64) is None:
        pytest.skip(interpreters.MISSING_64)
    return json.loads(interpreters.run(SCRIPTS / "sampler_script.py", chip, CHIPS[chip], SECONDS))


def shifts(run):
    """By how much the index moved against the chip's own count at each gap, in samples."""
    offsets = [offset for _, offset in run["offsets"]]
    return [b - a for a, b in pairwise(offsets)]


def test_every_sample_is_read_once_and_whole(found):
    for name, run in found.items():
        assert run["bad"] == 0, name
        assert run["taken"] + run["lost"] == run["next_index"], name


def test_without_trouble_nothing_is_lost(found, chip):
    run = found["calm"]
    assert (run["lost"], run["flags"], run["bus_errors"], run["restarts"]) == (0, 0, 0, 0)
    assert abs(run["next_index"] - CHIPS[chip] * SECONDS) <= 0.05 * CHIPS[chip]


def test_stalls_of_a_collection_and_a_flash_erase_together_lose_nothing(found):
    run = found["stalls"]
    assert run["lost"] == 0
    assert run["high_water"] < run["depth"] / 2


def test_a_buffer_that_ran_over_is_counted_and_flagged(found, chip):
    run = found["overflows"]
    assert run["flags"] & OVERRUN
    # Two stalls of 6 s, of which the buffer held what it is deep; emptying it takes a moment more.
    assert abs(run["lost"] - 2 * (6 * CHIPS[chip] - run["depth"])) < 2 * 0.15 * CHIPS[chip]
    assert all(abs(shift) <= (0 if chip in EXACT else 1) for shift in shifts(run))


def test_a_sensor_that_lost_its_supply_is_set_up_again(found):
    run = found["brown-outs"]
    assert run["restarts"] == 2
    assert run["flags"] & RESTARTED
    assert run["fault"] is None
    assert all(abs(shift) <= 1 for shift in shifts(run))


def test_a_noisy_and_stuck_bus_is_lived_through(found):
    run = found["noise"]
    assert run["bus_errors"] > 20
    assert run["fault"] is None
    assert run["next_index"] > 0.95 * SECONDS * 95
    assert all(abs(shift) <= 1 for shift in shifts(run))
