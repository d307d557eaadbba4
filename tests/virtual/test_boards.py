"""Boards as data: every board has fit pins of its own; what does not fit is refused with one clear line."""

import json
from pathlib import Path

import interpreters
import pytest

SCRIPT = Path(__file__).parent / "scripts" / "boards_script.py"
BUS = {"sda": 4, "scl": 5}
ALL = [
    "generic-esp32",
    "generic-esp32c3",
    "generic-esp32c6",
    "generic-esp32s3",
    "m5stickc-plus2",
    "pico-w",
    "xiao-esp32s3",
]


@pytest.fixture
def find(bits, tmp_path):
    def run(*cases):
        path = tmp_path / "cases.json"
        path.write_text(json.dumps(cases))
        result = json.loads(interpreters.run(SCRIPT, path, bits=bits))
        assert result["names"] == ALL
        return result["found"]

    return run


def test_every_board_is_found_and_has_a_number_of_its_own(find):
    found = find(*({"board": name, "pins": BUS if name.startswith("generic") else {}} for name in ALL))
    assert [board["name"] for board in found] == ALL
    assert len({board["number"] for board in found} - {0}) == len(ALL)
    assert [board["name"] for board in found if board["experimental"]] == ["pico-w"]


def test_the_wiring_is_that_of_the_handbook(find):
    xiao, stick = find({"board": "xiao-esp32s3"}, {"board": "m5stickc-plus2"})
    roles = ("sda", "scl", "int1", "led", "button", "buzzer", "vibration", "battery", "hold", "wake", "led_on")
    assert [xiao[role] for role in roles] == [5, 6, 2, 21, 7, 8, 4, 1, None, 7, 0]
    assert [stick[role] for role in roles] == [21, 22, None, 19, 37, 2, None, 38, 4, 37, 1]


def test_pins_of_the_settings_replace_the_boards_own(find):
    (board,) = find({
        "board": "xiao-esp32s3", "pins": {"button": 44, "vibration": None}, "led_active_low": False,
        "battery_divider": 3.2, "i2c_id": 1,
    })  # fmt: skip
    assert (board["button"], board["vibration"], board["led_on"], board["i2c_id"]) == (44, None, 1, 1)
    assert board["battery_divider"] == pytest.approx(3.2, rel=1e-6)
    assert board["wake"] is None, "GPIO 44 cannot end deep sleep"
    assert board["sda"] == 5


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"board": "xiao"}, ["board", "'xiao'", "xiao-esp32s3"]),
        ({"board": "auto"}, ["set board", "xiao-esp32s3"]),
        ({"board": "generic-esp32c3"}, ["pins", "sda", "generic-esp32c3"]),
        ({"board": "generic-esp32c3", "pins": {"sda": 4}}, ["scl"]),
        ({"board": "xiao-esp32s3", "pins": {"button": 8}}, ["GPIO 8", "buzzer", "button", "already"]),
        ({"board": "xiao-esp32s3", "pins": {"led": 33}}, ["led", "GPIO 33", "no such free pin"]),
        ({"board": "xiao-esp32s3", "pins": {"led": 22}}, ["led", "GPIO 22", "no such free pin"]),
        ({"board": "xiao-esp32s3", "pins": {"knob": 9}}, ["'knob'", "buzzer"]),
        ({"board": "xiao-esp32s3", "pins": {"battery": 21, "led": None}}, ["battery", "voltage"]),
        ({"board": "generic-esp32", "pins": {**BUS, "vibration": 34}}, ["vibration", "GPIO 34", "only be read"]),
        ({"board": "generic-esp32", "pins": {**BUS, "led": 6}}, ["led", "GPIO 6"]),
        ({"board": "generic-esp32c3", "pins": {**BUS, "led": 18}}, ["led", "GPIO 18"]),
        ({"board": "generic-esp32c6", "pins": {**BUS, "led": 31}}, ["led", "GPIO 31"]),
        ({"board": "pico-w", "pins": {"button": "LED", "led": None}}, ["button", "LED"]),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(find, settings, words):
    (complaint,) = find(settings)
    assert isinstance(complaint, str), "it was taken"
    assert complaint.startswith("config: ")
    assert "\n" not in complaint
    for word in words:
        assert word in complaint
