"""The recorder on a real littlefs, in the real interpreter, on a flash whose power can be cut in any write."""

import interpreters
import pytest

SCRIPTS = interpreters.HERE / "scripts"
FAULTS = [
    "starting_again_is_no_error",
    "a_long_reading_lets_the_watchdog_live",
    "stopped_without_a_last_block",
    "what_cannot_start",
    "commits",
    "numbers_are_not_given_twice",
    "reading_between_writes",
    "damage_in_a_closed_session",
    "damage_in_an_open_session",
    "damaged_records",
    "strange_files_of_blocks",
    "full_flash",
    "flash_filled_by_others",
    "writes_that_fail_for_a_while",
    "flash_too_slow",
    "records_that_cannot_be_written",
]
LOSS_BOUND_BLOCKS = 25  # docs/recorder.md


def run(script, *arguments, bits, heap="8M"):
    # A file system without power tells so when its files are collected as garbage; only the last line is ours.
    out = interpreters.run(SCRIPTS / script, *arguments, bits=bits, heap=heap, tracebacks=True)
    return [int(word) for word in out.splitlines()[-1].split()]


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault, bits):
    assert run("recorder_faults_script.py", fault, bits=bits) == [1]


def test_power_cut_in_every_write(bits):
    cuts, in_recovery, lost = run("recorder_every_cut_script.py", 1, bits=bits)
    assert cuts > 150
    assert in_recovery > 2
    assert 0 < lost <= LOSS_BOUND_BLOCKS


@pytest.mark.slow
def test_power_cut_in_every_write_torn_in_every_way(bits):
    cuts, _, lost = run("recorder_every_cut_script.py", 3, bits=bits)
    assert cuts > 450
    assert lost <= LOSS_BOUND_BLOCKS


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_200_random_power_cuts(seed, bits):
    lives, lost, sessions, _, _ = run("recorder_random_cuts_script.py", 200, seed, bits=bits)
    assert lives == 200
    assert sessions > 100
    assert 0 < lost <= LOSS_BOUND_BLOCKS


def test_cost(bits):
    erases, _, sectors, _, most_erases, _ = run("recorder_cost_script.py", bits=bits)
    # One erase for each sector of data; on top the file system's own records, measured at 3 %.
    assert sectors <= erases < 1.1 * sectors
    assert most_erases <= 2
