"""Starting the board from its own flash: crash loops, broken folders, trials of new versions, power cuts, safe mode."""

import json
from pathlib import Path

import interpreters
import pytest

SCRIPT = Path(__file__).parent / "scripts" / "boot_script.py"
A, B, SAFE = "PowerOff a", "PowerOff b", "console"  # ran until switched off; the console waits


@pytest.fixture
def play(bits):
    def run(scenario):
        return json.loads(interpreters.run(SCRIPT, scenario, bits=bits, heap="32M").splitlines()[-1])

    return run


def ends(log):
    return [entry if entry in (A, B) else entry.split()[0] for entry in log]


def test_a_good_application_just_runs(play):
    log, files = play("good")
    assert log == [A, A, A]
    assert not [path for path in files if path.endswith(".txt")], "nothing to complain about"


def test_power_cuts_sleep_and_restarts_by_hand_are_no_crashes(play):
    log, files = play("no_fault")
    assert log == [A] * 20
    assert json.loads(files["/crash/state"])["total"] == 0


def test_three_crashes_of_the_only_version_are_safe_mode(play):
    log, files, blinks = play("crash_alone")
    assert ends(log) == ["Reset", "Reset", "Reset", SAFE, "Reset"], "after safe mode it is tried again"
    assert blinks == pytest.approx(20, abs=2), "twice a second"
    texts = [files[f"/crash/{n}.txt"] for n in range(4)]
    assert all("AttributeError" in text and "app.py" in text and "reset cause" in text for text in texts)
    assert sorted(text.split(":")[0] for text in texts) == ["number 1", "number 2", "number 3", "number 4"]
    assert "safe mode" in files["/crash/notes.txt"]


def test_three_crashes_give_way_to_the_other_version(play):
    log, files = play("crash_other")
    assert ends(log) == ["Reset", "Reset", "Reset", B, B, B]
    assert json.loads(files["/active.json"])["active"] == "b"
    assert json.loads(files["/crash/state"])["row"] == 0


def test_when_both_versions_crash_it_is_safe_mode(play):
    log, blinks = play("crash_both")
    assert ends(log) == ["Reset"] * 3 + ["WatchdogReset"] * 3 + [SAFE]
    assert blinks > 0


def test_safe_mode_blinks_even_when_one_slot_is_broken(play):
    log, blinks = play("blind")
    assert ends(log) == ["Reset"] * 6 + [SAFE]
    assert blinks > 0


def test_crashes_with_healthy_runs_between_do_not_add_up(play):
    assert ends(play("crash_now_and_then")) == ["Reset", "Reset", A] * 5


def test_every_kind_of_crash_is_counted_and_kept(play):
    logs = play("kinds_of_crash")
    assert {kind: ends(log) for kind, (log, _) in logs.items()} == {
        "memory": ["Reset"] * 3 + [SAFE],
        "cancelled": ["Reset"] * 3 + [SAFE],
        "hang": ["WatchdogReset"] * 3 + [SAFE],
    }
    assert "MemoryError" in logs["memory"][1]
    assert "CancelledError" in logs["cancelled"][1]
    assert "without a word; reset cause 3" in logs["hang"][1]


def test_a_broken_folder_gives_way_to_the_other_one(play):
    *crashing, renamed, gone = play("broken")
    assert len(crashing) == 7
    for log in crashing:
        assert ends(log) == ["Reset"] * 3 + [B, B]
    assert ends(renamed) == ends(gone) == [B] * 5, "what is not there need not crash first"


def test_without_application_or_fit_settings_the_console_waits(play):
    logs = play("nothing_there")
    reasons = ["no version", "set board", "GPIO 33", "'toaster'"]
    for (log, notes), reason in zip(logs, reasons, strict=True):
        assert ends(log) == [SAFE, SAFE]
        assert reason in notes


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("trial_brief", [B, B, B, A, A]),
        ("trial_crash", ["Reset", "Reset", "Reset", A, A]),
        ("trial_good", [B] * 6),
    ],
)
def test_a_new_version_stays_only_after_a_healthy_minute(play, scenario, expected):
    assert ends(play(scenario)) == expected


def test_at_the_console_the_watchdog_is_quiet(play):
    log, survives = play("console")
    assert ends(log) == [SAFE, SAFE]
    assert survives == [True, True]
    assert play("soft_reset") == [True] * 4, "the last: but in the application it bites"


def test_the_button_held_for_ten_seconds_is_safe_mode_once(play):
    log, blinks = play("held")
    assert ends(log) == [SAFE, A]
    assert blinks > 0


def test_safe_mode_can_be_asked_for_once(play):
    log, files = play("asked")
    assert ends(log) == ["Reset", SAFE, A]
    assert json.loads(files["/crash/state"])["total"] == 0


def test_boards_that_let_go_are_held_on_and_others_left_alone(play):
    assert play("hold") == [1, 1, 1, 1, 1, None, None, None]


def test_every_board_sleeps_until_its_button_is_pressed(play):
    woken = play("sleep")
    assert {name: wake for name, (_, wake, _) in woken.items()} == {
        "xiao-esp32s3": {"ext0": [[7], False]},
        "m5stickc-plus2": {"ext0": [[37], False]},
        "generic-esp32c3": {"gpio": [[5], False]},
        "generic-esp32c6": {"ext1": [[7], False]},
    }
    assert {ends(log)[0] for log, _, _ in woken.values()} == {"DeepSleep"}
    assert woken["m5stickc-plus2"][2] == 0, "on battery it is off"


def test_a_power_cut_in_any_write_still_ends_in_the_version_that_works(play):
    n_cuts, last = play("cuts")
    assert all(n > 3 for n in n_cuts)
    assert last == {B: sum(n_cuts)}


def test_with_a_full_flash_what_works_goes_on_and_what_crashes_stops(play):
    working, crashing = play("full")
    assert working == [A] * 3
    assert ends(crashing) == [SAFE] * 3


def test_rubbish_in_the_small_files_stops_nothing(play):
    assert set(play("rubbish")) <= {A, B}
