"""The board's `esp32`: what may wake it from deep sleep is visible in `wake`."""

WAKEUP_ALL_LOW, WAKEUP_ANY_HIGH = False, True

wake = {}  # source -> (GPIO numbers, level)
held = False


def wake_on_ext0(pin, level):
    wake["ext0"] = ((pin.id,), level)


def wake_on_ext1(pins, level):
    wake["ext1"] = (tuple(pin.id for pin in pins), level)


def wake_on_gpio(pins, level):
    wake["gpio"] = (tuple(pin.id for pin in pins), level)


def gpio_deep_sleep_hold(enable):
    global held
    held = bool(enable)


def mcu_temperature():
    return 35
