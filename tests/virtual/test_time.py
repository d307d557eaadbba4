"""The board's clock and the time of its samples, in the real interpreter."""

import json
from pathlib import Path

import interpreters
import pytest

SCRIPTS = Path(__file__).parent / "scripts"
# The age of the newest sample is even over one period (sd 10 ms / √12); a line through n looks is off by 2 sd / √n at
# its end and by √12 sd / n^1.5 in its step from look to look (25 ms). n is 400 here, and 5 sd are allowed.
TIME_US = 5 * 2 * 2900 / 400**0.5
RATE_PPM = 5 * 12**0.5 * 2900 / 400**1.5 / 0.025


@pytest.fixture
def found(bits):
    return json.loads(interpreters.run(SCRIPTS / "time_script.py", bits=bits))


def test_board_time_passes_every_wrap(found):
    assert found["clock_us"] == 0


def test_sample_times_are_found_whatever_the_rate_and_the_delays(found):
    for name, fits in found["fits"].items():
        for time_us, rate_ppm, _ in fits:
            assert time_us < TIME_US, name
            assert rate_ppm < RATE_PPM, name


def test_half_a_minute_without_samples_is_counted_within_one(found):
    assert all(off <= 1 for fits in found["fits"].values() for _, _, off in fits)
