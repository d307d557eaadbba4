"""The real program from the board's own flash: boot.py, main.py, the app in its slot, a power cut, a damaged slot."""

import json

import interpreters
import pytest

SCRIPT = interpreters.HERE / "scripts" / "real_boot_script.py"
BLOCK = 180
BLOCKS_PER_S = 105.0 / 10
LOSS_BLOCKS = 25 + 1  # docs/recorder.md, and the one being filled
HELD_S = 1.1  # from the press of the button until it counts as long


@pytest.fixture
def told(bits):
    return json.loads(interpreters.run(SCRIPT, bits=bits, heap="24M", tracebacks=True).splitlines()[-1])


def test_from_power_on_to_a_power_cut_and_on(told):
    outcome, slot, sessions, notes = told["cut"]
    assert (outcome, slot, notes) == ("PowerOff", "a", "")
    recorded = (30 - 5 - HELD_S) * BLOCKS_PER_S
    assert recorded - LOSS_BLOCKS - 2 < sessions["00001.blk"] // BLOCK <= recorded + 2

    outcome, slot, sessions, notes = told["again"]
    assert (outcome, slot) == ("DeepSleep", "a"), "left alone, it sleeps"
    assert "session 1 was not closed" in notes
    assert abs(sessions["00002.blk"] / BLOCK - 15 * BLOCKS_PER_S) < 5, "recorded for 15 s and closed"

    for n in range(3):
        assert told[f"damaged {n}"][:2] == ["Reset", "a"], "three times the damaged program crashes"
    outcome, slot, sessions, notes = told["other slot"]
    assert slot == "b", "then the other one runs"
    assert "session 2" not in notes, "it was closed before sleep"
    assert abs(sessions["00003.blk"] / BLOCK - 65 * BLOCKS_PER_S) < 5
    assert (told["active"]["active"], told["active"]["fallen"]) == ("b", False), "a healthy minute confirms it"
    assert sessions["00001.blk"] == told["cut"][2]["00001.blk"], "older recordings are untouched"
