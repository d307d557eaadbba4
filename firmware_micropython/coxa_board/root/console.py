"""What goes on in the background while somebody is at the console: a timer feeds the watchdog and blinks the LED."""

import sys

import machine

_WATCHDOG_MS = 8000  # the RP2 can no more than 8388
_PERIOD_MS = 500
_NUMBER = 0 if sys.platform == "esp32" else -1  # -1: a timer without hardware of its own


class _Attendant:
    def __init__(self) -> None:
        self.timer = machine.Timer(_NUMBER)
        self.watchdog: machine.WDT | None = None
        self.led: machine.Pin | None = None

    def begin(self) -> None:
        self.timer.init(period=_PERIOD_MS, callback=self._tick)

    def _tick(self, _timer: machine.Timer) -> None:
        if self.watchdog is not None:
            self.watchdog.feed()
        if self.led is not None:
            self.led.value(1 - self.led.value())


_attendant = _Attendant()


def feed() -> None:
    """Keeps the watchdog quiet: once armed it cannot be stopped, nor be asked whether it is."""
    _attendant.watchdog = machine.WDT(timeout=_WATCHDOG_MS)
    _attendant.begin()


def blink(led: machine.Pin) -> None:
    """Switches the LED on and off evenly: safe mode."""
    _attendant.led = led
    _attendant.begin()


def stop() -> None:
    """Ends both: from here on someone else feeds."""
    _attendant.timer.deinit()
