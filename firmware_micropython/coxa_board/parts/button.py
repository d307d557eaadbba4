"""One button to ground: short and long presses."""

import time

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import Pin

    from coxa_board.clock import Ticks

SHORT = 1  # let go within LONG_MS
LONG = 2  # held for LONG_MS; told while it is still held, so that the wearer feels when to let go

_LONG_MS = const(1000)
_BOUNCE_MS = const(30)  # contacts of small buttons bounce for up to 10-20 ms
_STEP_MS = const(20)  # between looks while waiting


class Button:
    """Tells presses from bounces by asking often; without a button it is never pressed."""

    def __init__(self, pin: Pin | None) -> None:
        """Takes the pin, low while pressed."""
        self._pin = pin
        self._raw = False
        self._raw_ms = 0
        self._pressed = False
        self._since_ms = 0
        self._told = False

    def poll(self, now_ms: Ticks) -> int | None:
        """SHORT, LONG or None; to be called every 20 ms or so with `time.ticks_ms()`. No allocation.

        A press counts from when it is seen: one shorter than a pause between two calls can be missed.
        """
        if self._pin is None:
            return None
        raw = not self._pin.value()
        if raw != self._raw:
            self._raw = raw
            self._raw_ms = now_ms
        elif raw != self._pressed and time.ticks_diff(now_ms, self._raw_ms) >= _BOUNCE_MS:
            self._pressed = raw
            if raw:
                self._since_ms = self._raw_ms
                self._told = False
            elif not self._told:
                return SHORT
        if self._pressed and not self._told and time.ticks_diff(now_ms, self._since_ms) >= _LONG_MS:
            self._told = True
            return LONG
        return None

    def pressed_at_boot(self, seconds: int) -> bool:
        """Whether it is held for so long from now on. Waits for that long at most, and only while it is held."""
        if self._pin is None:
            return False
        start_ms = time.ticks_ms()
        released = 0
        while released <= _BOUNCE_MS // _STEP_MS:
            if time.ticks_diff(time.ticks_ms(), start_ms) >= seconds * 1000:
                return True
            released = released + 1 if self._pin.value() else 0
            time.sleep_ms(_STEP_MS)
        return False
