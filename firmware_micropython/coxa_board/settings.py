"""The settings there are: defaults, and what each may be."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:  # the host uses this file too, and CPython looks at annotations
    Any = object

_NAME_LENGTH = 8  # bytes; what an advertisement has room for beside flags and the 128-bit service UUID
_SECRET_DIGITS = 32  # 16 bytes
_ROLE_LENGTH = 16  # bytes; with key and quotes it fits one command of 64 bytes
_MOST_BIAS_MDPS = 12_000  # as coxa_board.bias: readings beyond it are never taken for rest
_MOST_OFFSET_UG = 300_000  # 300 mg: no chip in use is off by more; its counts fit any range of 2 g or more

PRIVATE = ("token",)  # told to nobody: not to a host that asks, and not in a complaint, which is kept in the notes

DEFAULTS: dict[str, Any] = {
    "board": "auto",
    "name": "coxa",
    "role": "",
    "profile": 1,
    "token": "",
    "pins": {},
    "led_active_low": None,
    "battery_divider": None,
    "i2c_id": None,
    "i2c_hz": 400_000,
    "idle_sleep_s": 300,
    "quiet": False,
    "watchdog_s": 8,
    "gyro_bias_mdps": None,
    "acc_offset_ug": None,
}


class ConfigError(Exception):
    """One line: which setting, what it is, what it may be."""


def check(key: str, value: Any) -> Any:
    """The value, if the setting takes it.

    Raises:
        ConfigError: unknown setting or a value that it does not take.
    """
    rule = _RULES.get(key)
    if rule is None:
        raise ConfigError("config: there is no setting " + repr(key))
    must_be = rule(value)
    if must_be:
        given = "" if key in PRIVATE else ", not " + repr(value)[:40]
        raise ConfigError("config: " + key + " must be " + must_be + given)
    return value


def is_object(value: Any) -> bool:
    """Whether it came from a JSON object."""
    return isinstance(value, dict)


def is_list(value: Any) -> bool:
    """Whether it came from a JSON array."""
    return isinstance(value, list)


def _integer(low: int, high: int, zero: bool = False) -> Any:
    def rule(value: Any) -> str:
        whole = isinstance(value, int)
        return (
            ""
            if whole and (low <= value <= high or (zero and value == 0))
            else f"{low} to {high}" + (" or 0" if zero else "")
        )

    return rule


def _text(shortest: int, longest: int) -> Any:
    def rule(value: Any) -> str:
        fits = isinstance(value, str) and shortest <= len(value) <= longest and all(" " <= c <= "~" for c in value)
        return "" if fits else f"{shortest} to {longest} plain characters"

    return rule


def _secret(value: Any) -> str:
    digits = isinstance(value, str) and all(c in "0123456789abcdefABCDEF" for c in value)
    return "" if digits and len(value) in (0, _SECRET_DIGITS) else f"{_SECRET_DIGITS} hex digits, or empty for none"


def _boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else "true or false"


def _or_none(rule: Any) -> Any:
    def either(value: Any) -> str:
        must_be = "" if value is None else rule(value)
        return must_be and must_be + " or null"

    return either


def _of_three_axes(most: int) -> Any:
    def rule(value: Any) -> str:
        fits = (
            is_list(value)
            and len(value) == 3
            and all(isinstance(x, int) and not isinstance(x, bool) and -most <= x <= most for x in value)
        )
        return "" if fits else f"three whole numbers from {-most} to {most}"

    return rule


def _divider(value: Any) -> str:
    return "" if isinstance(value, (int, float)) and 1 <= value <= 10 else "1 to 10"


def _pins(value: Any) -> str:
    """Names and numbers alone; which pins a board has is for `boards.find` to say."""
    fits = is_object(value) and all(
        pin is None or pin == "LED" or (isinstance(pin, int) and not isinstance(pin, bool) and 0 <= pin <= 48)
        for pin in value.values()
    )
    return "" if fits else "an object of GPIO numbers (or null)"


_RULES: dict[str, Any] = {
    "board": _text(1, 20),
    "name": _text(1, _NAME_LENGTH),
    "role": _text(0, _ROLE_LENGTH),
    "profile": _integer(1, 2),  # those that are logged
    "token": _secret,
    "pins": _pins,
    "led_active_low": _or_none(_boolean),
    "battery_divider": _or_none(_divider),
    "i2c_id": _or_none(_integer(0, 1)),
    "i2c_hz": _integer(100_000, 400_000),  # the MPU6886 takes no more
    "idle_sleep_s": _integer(30, 86_400, zero=True),  # 0: never
    "quiet": _boolean,
    "watchdog_s": _integer(2, 60, zero=True),  # 0: none
    "gyro_bias_mdps": _or_none(_of_three_axes(_MOST_BIAS_MDPS)),  # x, y, z, sensor frame, as the chip reads at rest
    "acc_offset_ug": _or_none(_of_three_axes(_MOST_OFFSET_UG)),  # likewise: what it reads beside the true force
}
