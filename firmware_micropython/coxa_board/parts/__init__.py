"""What is on the board beside the motion sensor: battery, button, LED, buzzer, motor, power."""

import machine

from coxa_board.parts.battery import START_MV, STOP_MV, Battery
from coxa_board.parts.button import Button
from coxa_board.parts.pins import adc_pin, input_pin, output_pin, pwm_pin
from coxa_board.parts.power import Power
from coxa_board.parts.signals import Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coxa_board.boards import Board

__all__ = ["START_MV", "STOP_MV", "Battery", "Button", "Parts", "Power", "Signals"]

_I2C_TIMEOUT_US = 50_000  # a sensor that stretches the clock longer is stuck


class Parts:
    """The parts of one board. What it does not have stays silent: no need to ask.

    Attributes:
        power: keeps the board on; deep sleep.
        battery, button, signals: see there.
    """

    def __init__(self, board: Board, quiet: bool = False) -> None:
        """Sets up the pins; the pin that keeps the board switched on comes first."""
        self.board = board
        self.power = Power(board)
        self.battery = Battery(adc_pin(board.battery), board.battery_divider)
        self.button = Button(input_pin(board.button, board.chip))
        self.signals = Signals(
            output_pin(board.led, 1 - board.led_on),
            board.led_on,
            None if quiet else pwm_pin(board.buzzer),
            output_pin(board.vibration, 0),
        )

    def i2c(self, hz: int) -> machine.I2C:
        """The bus of the motion sensor, at so many Hz."""
        board = self.board
        return machine.I2C(
            board.i2c_id, scl=machine.Pin(board.scl), sda=machine.Pin(board.sda), freq=hz, timeout=_I2C_TIMEOUT_US
        )
