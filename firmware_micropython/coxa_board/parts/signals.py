"""What the wearer feels, hears and sees without looking for it: short patterns, and the LED's slow state."""

import time

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import PWM, Pin

    from coxa_board.clock import Ticks

_UNIT_MS = const(10)  # of the durations below
_LOUD = const(32768)  # half of the time on: a square wave, the loudest a piezo gets

# name: tone in Hz, whether the motor joins in, and durations in _UNIT_MS: on, off, on ...
# A coin motor takes some 50 ms to turn: what is to be felt lasts 80 ms or more.
_PATTERNS = {
    "start": (2400, True, b"\x14"),
    "stop": (1600, True, b"\x14\x14\x14"),
    "error": (800, True, b"\x3c\x1e\x3c\x1e\x3c"),
    "low_battery": (1000, True, b"\x0a\x14\x0a\x14\x0a\x14\x0a"),
    "marker": (2400, True, b"\x08"),
    "end_range": (3000, True, b"\x08\x08\x08"),
    "connected": (2000, False, b"\x04"),
    "identify": (2400, True, b"\x1e\x14\x1e\x14\x1e\x14\x1e\x14\x1e"),
}
_IMPORTANT = ("start", "stop", "error", "low_battery")  # nothing else cuts them short

# LED, repeated; an empty one leaves it dark. Short flashes instead of dimming: no current to speak of.
_STATES = {
    "off": b"",
    "idle": b"\x03\xfa\x00\xfa",
    "connected": b"\x03\x14\x03\xfa",
    "recording": b"\x05\x96",
    "low_battery": b"\x05\x14\x05\x14\x05\xc8",
    "error": b"\x0a\x0a",
    "safe_mode": b"\x32\x32",
}


class Signals:
    """Plays one pattern at a time on all there is; between patterns the LED shows the state. Never waits.

    `tick` must be called every 20 ms or so; it allocates nothing.
    """

    def __init__(self, led: Pin | None, led_on: int, buzzer: PWM | None, motor: Pin | None) -> None:
        """Takes the pins, None for what there is not, and the level that lights the LED."""
        self._led = led
        self._led_on = led_on
        self._buzzer = buzzer
        self._motor = motor
        self._name = ""
        self._moves = False
        self._pattern = b""  # what plays: of a signal, or of the state
        self._at = 0
        self._since_ms = 0
        self._lasts_ms = 0
        self._state = b""

    @property
    def playing(self) -> bool:
        """A signal is under way: the motor may shake the samples."""
        return bool(self._name)

    def play(self, name: str) -> None:
        """Starts a signal; one that matters is not cut short by one that does not.

        Raises:
            KeyError: no such signal.
        """
        tone_hz, moves, pattern = _PATTERNS[name]
        if self._name in _IMPORTANT and name not in _IMPORTANT:
            return
        self._quiet()
        self._name = name
        self._moves = moves
        if self._buzzer is not None:
            self._buzzer.freq(tone_hz)
        self._begin(pattern)

    def show(self, state: str) -> None:
        """Sets what the LED tells between signals; cheap to repeat.

        Raises:
            KeyError: no such state.
        """
        pattern = _STATES[state]
        if pattern is self._state:
            return
        self._state = pattern
        if not self._name:
            self._quiet()
            self._begin(pattern)

    def tick(self, now_ms: Ticks) -> None:
        """Moves on to where the pattern should be now (`time.ticks_ms()`)."""
        pattern = self._pattern
        if not pattern or (self._at >= 0 and time.ticks_diff(now_ms, self._since_ms) < self._lasts_ms):
            return
        self._at += 1
        if self._at >= len(pattern):
            self._at = 0
            if self._name:
                self._name = ""
                self._quiet()
                self._pattern = pattern = self._state
                if not pattern:
                    return
        # From now, not from when it was due: a late tick lengthens a signal, it does not swallow the next one.
        self._since_ms = now_ms
        self._lasts_ms = pattern[self._at] * _UNIT_MS
        self._switch(self._at & 1 == 0 and pattern[self._at] > 0)

    def _begin(self, pattern: bytes) -> None:
        self._pattern = pattern
        self._at = -1  # the next tick starts it

    def _switch(self, on: bool) -> None:
        if self._led is not None:
            self._led.value(self._led_on if on else 1 - self._led_on)
        if self._name:
            if self._buzzer is not None:
                self._buzzer.duty_u16(_LOUD if on else 0)
            if self._motor is not None and self._moves:
                self._motor.value(1 if on else 0)

    def _quiet(self) -> None:
        if self._led is not None:
            self._led.value(1 - self._led_on)
        if self._buzzer is not None:
            self._buzzer.duty_u16(0)
        if self._motor is not None:
            self._motor.value(0)
