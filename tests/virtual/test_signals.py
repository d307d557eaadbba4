"""Button, signals and battery, on the virtual clock, also across the wrap of the board's ticks."""

import json
from itertools import pairwise
from pathlib import Path

import interpreters
import pytest

SCRIPT = Path(__file__).parent / "scripts" / "parts_script.py"
MOTOR, LED, BUZZER = "4", "21", "8"
SHORT, LONG = 1, 2
BEFORE_WRAP_US = ((1 << 30) - 700) * 1000  # `ticks_ms` starts anew in the middle of presses and signals
STEP_MS = 20  # of the calls


@pytest.fixture(scope="module", params=[0, BEFORE_WRAP_US], ids=["", "wrap"])
def results(request):
    return {
        bits: json.loads(interpreters.run(SCRIPT, request.param, bits=bits))
        for bits in (64, 32)
        if interpreters.command(bits)
    }


@pytest.fixture
def found(results, bits):
    return results[bits]


def pulses(changes, on=1):
    """Durations of a line's pulses, ms."""
    return [end[0] - begin[0] for begin, end in pairwise(changes) if begin[1] == on]


def kinds(events):
    return [kind for kind, _ in events]


def test_presses_are_told_from_bounces_and_by_their_length(found):
    presses = found["presses"]
    assert kinds(presses["short"]) == [SHORT]
    assert kinds(presses["barely_short"]) == [SHORT]
    assert kinds(presses["long"]) == [LONG]
    assert kinds(presses["barely_long"]) == [LONG]
    assert kinds(presses["glitch"]) == []
    assert kinds(presses["three"]) == [SHORT, SHORT, LONG]


def test_a_long_press_is_told_while_the_button_is_held(found):
    ((_, at_ms),) = found["presses"]["long"]
    assert 1100 <= at_ms <= 1100 + 12 + 30 + 2 * STEP_MS


def test_presses_are_told_when_the_board_looks_rarely(found):
    assert kinds(found["presses"]["late"]) == [SHORT, LONG]


def test_only_ten_seconds_at_power_on_are_safe_mode(found):
    boot = found["boot"]
    assert [boot[seconds][0] for seconds in ("0", "0.5", "9.5", "11")] == [False, False, False, True]
    assert boot["0"][1] < 100
    assert boot["0.5"][1] < 700
    assert boot["11"][1] < 10_100


@pytest.mark.parametrize(
    ("name", "felt_ms"),
    [
        ("start", [200]),
        ("stop", [200, 200]),
        ("error", [600, 600, 600]),
        ("low_battery", [100, 100, 100, 100]),
        ("marker", [80]),
        ("end_range", [80, 80]),
        ("connected", []),
        ("identify", [300, 300, 300, 300, 300]),
    ],
)
def test_signals_are_felt_heard_and_seen_alike(found, name, felt_ms):
    changes = found["played"][name]
    assert pulses(changes[MOTOR]) == pytest.approx(felt_ms, abs=STEP_MS)
    assert pulses(changes[LED], on=0) == pulses([[at, bool(tone)] for at, tone in changes[BUZZER]])
    if felt_ms:
        assert pulses(changes[LED], on=0) == pulses(changes[MOTOR])
    assert changes[MOTOR][-1][1] == 0
    assert changes[BUZZER][-1][1] == 0
    assert changes[LED][-1][1] == 1, "this LED is lit by a low level"


def test_no_two_signals_feel_alike(found):
    felt = [tuple(round(ms, -1) for ms in pulses(changes[MOTOR])) for changes in found["played"].values()]
    assert len(set(felt)) == len(felt)


def test_the_led_tells_the_states_apart(found):
    rhythms = {}
    for state, changes in found["states"].items():
        begins = [at for at, level in changes if level == 0]
        rhythms[state] = tuple(round(end - begin, -2) for begin, end in pairwise(begins))[:3]
    assert len(set(rhythms.values())) == len(rhythms), rhythms
    assert rhythms["idle"][0] == pytest.approx(5000, abs=200)
    assert rhythms["recording"][0] == pytest.approx(1600, abs=200)
    assert rhythms["error"][0] == pytest.approx(200, abs=100)


def test_the_led_spares_the_battery_while_recording(found):
    changes = found["states"]["recording"]
    assert sum(pulses(changes, on=0)) < 0.05 * 12_000


def test_what_matters_is_not_cut_short(found):
    assert pulses(found["interrupted"][MOTOR]) == pytest.approx([600, 600, 600], abs=STEP_MS)
    assert pulses(found["shown"][MOTOR]) == pulses(found["interrupted"][MOTOR])
    assert pulses(found["replaced"][MOTOR])[-2:] == pytest.approx([200, 200], abs=STEP_MS), "the later one wins"


def test_after_a_signal_the_led_shows_the_state_again(found):
    lit = pulses(found["returned"], on=0)
    assert lit[0] == pytest.approx(80, abs=STEP_MS)
    assert lit[1:] == pytest.approx([50] * (len(lit) - 1), abs=STEP_MS)
    assert len(lit) > 3


def test_a_late_call_lengthens_a_signal_and_swallows_nothing(found):
    assert len(pulses(found["late"][MOTOR])) == 2


def test_quiet_is_without_sound_alone(found):
    assert BUZZER not in found["quiet"]
    assert pulses(found["quiet"][MOTOR]) == pytest.approx([200], abs=STEP_MS)


def test_a_board_without_motor_is_heard_and_seen(found):
    assert MOTOR not in {pin for pin, changes in found["stick"].items() if any(level == 0 for _, level in changes)}
    assert pulses(found["stick"]["19"]) == pytest.approx([200], abs=STEP_MS)
    assert found["stick"]["2"][-1][1] == 0


def test_nothing_is_allocated_in_the_regular_calls(found):
    assert found["allocated_nothing"]


def test_the_battery_is_read_through_its_divider(found):
    read = [mv for mv, _ in found["voltages"]]
    assert read == pytest.approx([4200, 4000, 3300, 3300, 3300, 3600, 3400, 0, 3400, 3400, 3400], abs=2)
    assert [empty for _, empty in found["voltages"]] == [False] * 4 + [True] + [False] * 5 + [True]


def test_averaging_tames_the_converter(found):
    # The error of one reading is even over ±40 mV at the cell: sd 23 mV, of 16 readings 5.8 mV; 5 sd are allowed.
    assert found["noisy"] == pytest.approx([3700] * 200, abs=29)


def test_the_charge_rises_with_the_voltage_from_0_to_100(found):
    percent = found["percent"]
    assert percent == sorted(percent)
    assert percent[3450 - 3000] == 0
    assert percent[3451 - 3000 + 100] > 0
    assert percent[4150 - 3000] == 100
    assert set(percent) == set(range(101))
