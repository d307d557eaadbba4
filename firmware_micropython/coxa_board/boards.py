"""The boards, as data: which pin does what. `find` gives the one the config names, with its own pins put in."""

import sys

from coxa_board.config import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:  # the host uses this file too, and CPython looks at annotations
    Any = object

ROLES = ("sda", "scl", "int1", "led", "button", "buzzer", "vibration", "battery", "hold")
_OUTPUTS = ("sda", "scl", "led", "buzzer", "vibration", "hold")


class Chip:
    """What the pins of a processor can do; GPIO numbers.

    Attributes:
        usable: pins for any use; without those of the flash, the PSRAM and the console.
        input_only: of these.
        adc: can measure the battery while the radio runs.
        wake: can wake it from deep sleep; empty where MicroPython offers no way.
        wake_call: the function of `esp32` that arranges it.
    """

    def __init__(self, usable: tuple[Any, ...], adc: Any, wake: Any, wake_call: str, input_only: Any = ()) -> None:
        """Takes ranges or tuples."""
        self.usable = usable
        self.input_only = input_only
        self.adc = adc
        self.wake = wake
        self.wake_call = wake_call

    def has(self, pin: int | str) -> bool:
        """Whether the pin may be used."""
        return any(pin in group for group in self.usable)


# From the data sheets of Espressif and Raspberry Pi.
_CHIPS = {
    # 1 and 3 are the console, 6-11 the flash, 16 and 17 the PSRAM; ADC2 is no use while the radio runs
    "esp32": Chip(
        ((0, 2, 4, 5), range(12, 16), (18, 19, 21, 22, 23, 25, 26, 27), range(32, 40)),
        range(32, 40),
        (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39),
        "wake_on_ext0",
        range(34, 40),
    ),
    # 19 and 20 are USB, 26-37 flash and octal PSRAM, 3, 45 and 46 are read at power-on
    "esp32s3": Chip(
        (range(3), range(4, 19), (21,), range(38, 45), (46, 47, 48)), range(1, 11), range(22), "wake_on_ext0"
    ),
    # 12-17 flash, 18 and 19 USB
    "esp32c3": Chip((range(11), (20, 21)), range(5), range(6), "wake_on_gpio"),
    # 12 and 13 USB, 24-30 flash
    "esp32c6": Chip((range(12), range(14, 24)), range(7), range(8), "wake_on_ext1"),
    # 23-25 and 29 belong to the radio chip, which also has the LED
    "rp2": Chip((range(23), (26, 27, 28), ("LED",)), (26, 27, 28), (), ""),
}

# name: number in INFO, title, chip, pins
_BOARDS: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "xiao-esp32s3": (
        1,
        "Seeed XIAO ESP32S3",
        "esp32s3",
        {"sda": 5, "scl": 6, "int1": 2, "led": 21, "button": 7, "buzzer": 8, "vibration": 4, "battery": 1},
    ),
    "m5stickc-plus2": (
        2,
        "M5StickC Plus2",
        "esp32",
        {"sda": 21, "scl": 22, "led": 19, "button": 37, "buzzer": 2, "battery": 38, "hold": 4},
    ),
    "generic-esp32": (3, "ESP32", "esp32", {}),
    "generic-esp32s3": (4, "ESP32-S3", "esp32s3", {}),
    "generic-esp32c3": (5, "ESP32-C3", "esp32c3", {}),
    "generic-esp32c6": (6, "ESP32-C6", "esp32c6", {}),
    "pico-w": (7, "Raspberry Pi Pico W", "rp2", {"sda": 4, "scl": 5, "led": "LED"}),
}
_EXPERIMENTAL = ("pico-w",)  # its Bluetooth host fails after some reconnects
_LED_ACTIVE_LOW = ("xiao-esp32s3",)
_DIVIDER = 2.0  # two equal resistors, on the M5StickC Plus2 as in our own wiring

# What `sys.implementation._machine` says. The M5StickC Plus2 runs an image for any ESP32 and cannot be told by it.
_MACHINES = (("XIAO ESP32S3", "xiao-esp32s3"), ("Pico W", "pico-w"), ("Pico 2 W", "pico-w"))


class Board:
    """What is where; None where there is none. GPIO numbers.

    Attributes:
        name, title: in the config, and for people.
        number: in INFO, 1-255.
        chip: `Chip`, what its pins can do.
        experimental: known to have trouble.
        i2c_id, sda, scl: the bus of the motion sensor.
        int1: its interrupt; nothing uses it yet.
        led, led_on: pin and the level that lights it.
        button: to ground; with pull-up inside, where the pin has one.
        buzzer: passive piezo. vibration: gate of the motor's transistor.
        battery, battery_divider: ADC pin, and battery voltage per voltage there.
        hold: must be high for the board to stay switched on.
        wake: wakes it from deep sleep when low; the button where its pin can.
    """

    def __init__(self, name: str, number: int, title: str, chip: Chip, pins: dict[str, Any]) -> None:
        """Takes the pins by role."""
        self.name = name
        self.number = number
        self.title = title
        self.chip = chip
        self.experimental = name in _EXPERIMENTAL
        self.i2c_id = 0
        self.sda: int = pins["sda"]
        self.scl: int = pins["scl"]
        self.int1: int | None = pins.get("int1")
        self.led: int | str | None = pins.get("led")
        self.led_on = 0 if name in _LED_ACTIVE_LOW else 1
        self.button: int | None = pins.get("button")
        self.buzzer: int | None = pins.get("buzzer")
        self.vibration: int | None = pins.get("vibration")
        self.battery: int | None = pins.get("battery")
        self.battery_divider = _DIVIDER
        self.hold: int | None = pins.get("hold")
        self.wake = self.button if self.button in chip.wake else None


def names() -> list[str]:
    """All boards, for messages."""
    return sorted(_BOARDS)


def find(settings: dict[str, Any]) -> Board:
    """The board of these settings (of `config.load`).

    Raises:
        ConfigError: no such board, pins missing, used twice, or not fit for their use.
    """
    name = settings["board"]
    if name == "auto":
        name = _this_machine()
    if name not in _BOARDS:
        raise ConfigError("config: board " + repr(name) + " is not known; there are " + ", ".join(names()))
    number, title, chip_name, own = _BOARDS[name]
    pins = dict(own)
    pins.update(settings["pins"])
    chip = _CHIPS[chip_name]
    _check_pins(name, chip, pins)
    board = Board(name, number, title, chip, pins)
    if settings["led_active_low"] is not None:
        board.led_on = 0 if settings["led_active_low"] else 1
    if settings["battery_divider"] is not None:
        board.battery_divider = settings["battery_divider"]
    if settings["i2c_id"] is not None:
        board.i2c_id = settings["i2c_id"]
    return board


def _this_machine() -> str:
    machine: str = getattr(sys.implementation, "_machine", "")
    for mark, name in _MACHINES:
        if mark in machine:
            return name
    raise ConfigError("config: set board; this is " + repr(machine) + ", and there are " + ", ".join(names()))


def _check_pins(name: str, chip: Chip, pins: dict[str, Any]) -> None:
    for role in ("sda", "scl"):
        if pins.get(role) is None:
            raise ConfigError("config: pins must name " + role + " on board " + name)
    taken: dict[Any, str] = {}
    for role, pin in pins.items():
        if role not in ROLES:
            raise ConfigError("config: pins has " + repr(role) + "; there are " + ", ".join(ROLES))
        if pin is None:
            continue
        where = f"config: pins: {role} on GPIO {pin}"
        if not chip.has(pin) or (pin == "LED" and role != "led"):
            raise ConfigError(where + ": " + name + " has no such free pin")
        if pin in taken:
            raise ConfigError(where + ": already used for " + taken[pin])
        if role in _OUTPUTS and pin in chip.input_only:
            raise ConfigError(where + ": this pin can only be read")
        if role == "battery" and pin not in chip.adc:
            raise ConfigError(where + ": this pin cannot measure a voltage")
        taken[pin] = role
