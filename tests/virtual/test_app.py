"""The whole program on the virtual board, in the situations that a board gets into."""

import json
from itertools import pairwise
from pathlib import Path

import interpreters
import numpy as np
import pytest

SCRIPT = Path(__file__).parent / "scripts" / "app_script.py"
OPEN, END_UNKNOWN = 1, 2  # flags of a session
IMU_FAULT = 0x08  # status of an answer
MOTION_S = 70


@pytest.fixture(scope="module")
def motion(tmp_path_factory):
    """A file of samples that do not matter here, level and still but for noise."""
    path = tmp_path_factory.mktemp("motion") / "motion.bin"
    noise = np.random.default_rng(1).normal(0, 5, (MOTION_S * 110, 6)) + np.array([3, -2, 5, 100, -50, 8190])
    path.write_bytes(noise.astype("<i2").tobytes())
    return path


@pytest.fixture
def situation(bits, motion, tmp_path):
    return lambda name: json.loads(interpreters.run(SCRIPT, name, motion, tmp_path, bits=bits))


def buzzes(found):
    """(start s, length s) of each turn of the motor."""
    return [(a[0], round(b[0] - a[0], 1)) for a, b in pairwise(found["motor"]) if a[1] and not b[1]]


def test_a_host_that_was_out_of_reach_gets_every_block_and_only_then_may_delete(situation):
    found = situation("radio")
    assert found["happened"]["while away"][0], "a lost connection must not stop the recording"
    live, at_fetch, fetched = found["happened"]["host"]
    assert 0 < live <= at_fetch < fetched == found["next_seq"]
    assert found["happened"]["same"], "the host's copy must match the board's checksum"
    assert found["sessions"] == {}, "committed, so deleted"
    assert found["lost"] == 0
    assert found["counts"] == {}


def test_without_a_sensor_the_board_says_so_and_stays_reachable(situation):
    found = situation("no sensor")
    recording, blocks, fault = found["happened"]["after button"]
    assert (recording, blocks) == (False, 0)
    assert "sensor" in fault
    assert IMU_FAULT in found["statuses"], "the self-test says so too"
    assert [length for _, length in buzzes(found)] == [0.6, 0.6, 0.6], "three long: something is wrong"
    assert found["advertised"] > 0
    assert found["ended"] == "time"


def test_a_stuck_bus_is_lived_through_and_counted(situation):
    found = situation("sensor lost")
    assert found["happened"]["while lost"][2], "the fault is told"
    assert found["restarts"] == 1
    assert 1000 < found["lost"] < 1200, "10 s at 105 Hz"
    ((n_blocks, _, _, flags),) = found["sessions"].values()
    assert flags == 0
    assert n_blocks == found["next_seq"]


def test_an_empty_battery_ends_the_session_while_it_can_be_saved(situation):
    found = situation("battery")
    assert not found["happened"]["after"][0]
    ((n_blocks, _, _, flags),) = found["sessions"].values()
    assert flags == 0
    assert n_blocks > 100
    assert found["infos"] == [[1, 0]], "INFO of the session is that of its own start"


def test_a_low_battery_starts_nothing(situation):
    found = situation("battery low")
    assert found["happened"]["after button"][0] is False
    assert found["sessions"] == {}
    assert [length for _, length in buzzes(found)] == [0.1] * 4, "four quick ones: the battery"


def test_a_full_flash_ends_the_session(situation):
    found = situation("flash full")
    assert found["happened"]["a minute fits"][0]
    assert not found["happened"]["after"][0]
    ((n_blocks, _, _, flags),) = found["sessions"].values()
    assert flags == 0
    assert 660 < n_blocks == found["next_seq"]
    assert [length for _, length in buzzes(found)][-3:] == [0.6, 0.6, 0.6]


def test_the_watchdog_ends_a_hang(situation):
    found = situation("hang")
    assert found["ended"] == "WatchdogReset"
    assert 20 < found["at_s"] < 25
    ((_, _, _, flags),) = found["sessions"].values()
    assert flags & (OPEN | END_UNKNOWN)


def test_a_crash_saves_what_was_recorded(situation):
    found = situation("crash")
    assert "broken on purpose" in found["ended"]
    ((n_blocks, _, _, flags),) = found["sessions"].values()
    assert flags == 0
    assert n_blocks == found["next_seq"] > 170


def test_left_alone_it_goes_to_sleep_with_the_sensor_at_rest(situation):
    found = situation("sleep")
    assert found["ended"] == "DeepSleep"
    assert found["chip_asleep"]
    assert 80 < found["at_s"] < 85, "30 s after the button, however long it recorded"


def test_a_restart_that_was_asked_for_is_answered_first(situation):
    found = situation("reboot")
    assert found["ended"] == "Reset"
    assert found["received"] >= 2
    assert found["crash"] == [] or "notes.txt" not in found["crash"]


def test_one_buzz_starts_and_two_stop(situation):
    lengths = [length for _, length in buzzes(situation("sleep"))]
    assert lengths == [0.2, 0.2, 0.2]
