"""The board's `machine`, on the virtual clock. What the firmware does to pins is visible in this module.

A reset is an exception here (`Reset`, outside `Exception`); on a board nothing runs after it, here `finally` does,
unless `on_reset` ends the process.
"""

import time

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
PIN_WAKE = EXT0_WAKE = 2

cause = PWRON_RESET
uid = b"\x24\x6f\x28\xab\xcd\xef"
frequency_hz = 160_000_000
pins = {}  # id -> Pin, as last configured
levels = {}  # id -> level from outside, for inputs; without an entry the pull decides, else 0
microvolts = {}  # id -> voltage at an ADC pin; or a function that gives it
buses = {}  # I2C id -> the bus object (a virtual one)
bus_settings = {}  # I2C id -> (sda, scl, Hz) asked for
record = None  # a list here collects (virtual µs, what, value) of every output
watchdog = None
timers = {}
on_reset = None  # called with the kind of reset (a class) before it is raised

_ADC_FULL_UV = (950_000, 1_250_000, 1_750_000, 3_100_000)  # by attenuation: the ESP32-S3 saturates there


class Reset(BaseException):
    """The board restarts. `cause` as `reset_cause()` will say afterwards."""

    cause = HARD_RESET


class SoftReset(Reset):
    cause = SOFT_RESET


class WatchdogReset(Reset):
    cause = WDT_RESET


class DeepSleep(Reset):
    cause = DEEPSLEEP_RESET


class Bootloader(Reset):
    pass


def power_on(new_cause=PWRON_RESET):
    """What a restart does to the peripherals; the clock of `time` goes on, files stay."""
    global cause
    cause = new_cause
    pins.clear()
    bus_settings.clear()
    for timer in list(timers.values()):
        timer.deinit()
    if watchdog and new_cause != SOFT_RESET:
        watchdog.stop()


def drive(pin_id, level):
    """Sets the level that reaches an input from outside, and lets its interrupt see the edge."""
    before = levels.get(pin_id)
    levels[pin_id] = level
    pin = pins.get(pin_id)
    if pin and pin.handler and before != level and pin.trigger & (Pin.IRQ_RISING if level else Pin.IRQ_FALLING):
        pin.handler(pin)


class Pin:
    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_DOWN, PULL_UP = 1, 2
    IRQ_RISING, IRQ_FALLING = 1, 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=0, hold=None):
        self.id = id
        old = pins.get(id)
        self.mode, self.pull, self.hold = (old.mode, old.pull, old.hold) if old else (Pin.IN, -1, False)
        self.level = old.level if old else 0
        self.handler = None
        self.trigger = 0
        pins[id] = self
        self.init(mode, pull, value=value, hold=hold)

    def init(self, mode=-1, pull=-1, *, value=None, drive=0, hold=None):
        if mode != -1:
            self.mode = mode
        if pull != -1:
            self.pull = pull
        if hold is not None:
            self.hold = hold
        if value is not None:
            self.value(value)

    def value(self, new=None):
        if new is None:
            if self.mode == Pin.IN:
                return levels.get(self.id, 1 if self.pull == Pin.PULL_UP else 0)
            return self.level
        self.level = 1 if new else 0
        if record is not None:
            record.append((time.now_us, self.id, self.level))
        return None

    def __call__(self, new=None):
        return self.value(new)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def irq(self, handler=None, trigger=3, wake=None):
        self.handler = handler
        self.trigger = trigger


def _pin_id(pin):
    return pin.id if isinstance(pin, Pin) else pin


class ADC:
    ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = 0, 1, 2, 3

    def __init__(self, pin, *, atten=0):
        self.id = _pin_id(pin)
        self.full_uv = _ADC_FULL_UV[atten]

    def read_uv(self):
        source = microvolts.get(self.id, 0)
        return min(self.full_uv, source() if callable(source) else source)

    def read_u16(self):
        return self.read_uv() * 65535 // 3_300_000


class PWM:
    def __init__(self, pin, *, freq=1000, duty_u16=32768):
        self.id = _pin_id(pin)
        self.hz = freq
        self.duty = 0
        self.duty_u16(duty_u16)

    def freq(self, new=None):
        if new is None:
            return self.hz
        self.hz = new
        return None

    def duty_u16(self, new=None):
        if new is None:
            return self.duty
        self.duty = new
        if record is not None:
            record.append((time.now_us, self.id, self.hz if new else 0))
        return None

    def deinit(self):
        self.duty_u16(0)


def I2C(id=0, *, scl=None, sda=None, freq=400_000, timeout=50_000):  # noqa: N802
    """The virtual bus put into `buses` beforehand."""
    bus_settings[id] = (_pin_id(sda), _pin_id(scl), freq)
    return buses[id]


SoftI2C = I2C


class WDT:
    """Bites on the virtual clock; cannot be stopped by the firmware; a second one takes over the first."""

    def __init__(self, id=0, timeout=5000):
        global watchdog
        if timeout < 1000:
            raise ValueError("WDT timeout too short")  # as on the ESP32
        if watchdog:
            watchdog.stop()
        watchdog = self
        self.timeout_us = timeout * 1000
        self.fed_us = time.now_us
        time.hooks.append(self._look)

    def feed(self):
        if watchdog and watchdog is not self:
            watchdog.feed()
        self.fed_us = time.now_us

    def _look(self, now_us):
        if now_us - self.fed_us > self.timeout_us:
            self.stop()
            _restart(WatchdogReset)

    def stop(self):
        global watchdog
        time.hooks.remove(self._look)
        watchdog = None


class Timer:
    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, id=-1, **settings):
        if id in timers:
            timers[id].deinit()
        self.id = id
        self.callback = None
        if settings:
            self.init(**settings)

    def init(self, *, mode=1, period=-1, callback=None, freq=-1):
        self.deinit()
        self.mode = mode
        self.period_us = period * 1000
        self.callback = callback
        self.due_us = time.now_us + self.period_us
        timers[self.id] = self
        time.hooks.append(self._look)

    def _look(self, now_us):
        while self.callback and now_us >= self.due_us:
            self.due_us += self.period_us
            callback = self.callback
            if self.mode == Timer.ONE_SHOT:
                self.deinit()
            callback(self)

    def deinit(self):
        if self.callback:
            self.callback = None
            time.hooks.remove(self._look)
            timers.pop(self.id, None)


def _restart(kind):
    if on_reset:
        on_reset(kind)
    raise kind


def reset():
    _restart(Reset)


def soft_reset():
    _restart(SoftReset)


def bootloader():
    _restart(Bootloader)


def deepsleep(time_ms=None):
    _restart(DeepSleep)


def lightsleep(time_ms=0):
    time.advance_us(time_ms * 1000)


def reset_cause():
    return cause


def wake_reason():
    return PIN_WAKE if cause == DEEPSLEEP_RESET else 0


def unique_id():
    return uid


def freq(new=None):
    global frequency_hz
    if new is None:
        return frequency_hz
    frequency_hz = new
    return None


def idle():
    pass


def disable_irq():
    return 0


def enable_irq(state=0):
    pass
