"""Pins set up for their use; None stays None."""

from machine import ADC, PWM, Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coxa_board.boards import Chip

_TONE_HZ = 1000  # to begin with; each signal sets its own


def output_pin(pin: int | str | None, level: int) -> Pin | None:
    """An output that starts at this level."""
    return None if pin is None else Pin(pin, Pin.OUT, value=level)


def input_pin(pin: int | None, chip: Chip) -> Pin | None:
    """An input, pulled up where the pin can; the others need a resistor on the board."""
    if pin is None:
        return None
    return Pin(pin, Pin.IN) if pin in chip.input_only else Pin(pin, Pin.IN, Pin.PULL_UP)


def adc_pin(pin: int | None) -> ADC | None:
    """A voltage input, 0 to 3.1 V on the ESP32 family; the RP2 has one range only."""
    if pin is None:
        return None
    range_3v = getattr(ADC, "ATTN_11DB", None)
    return ADC(Pin(pin)) if range_3v is None else ADC(Pin(pin), atten=range_3v)


def pwm_pin(pin: int | None) -> PWM | None:
    """A square wave, silent to begin with."""
    return None if pin is None else PWM(Pin(pin), freq=_TONE_HZ, duty_u16=0)
