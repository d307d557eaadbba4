"""Staying switched on, and going to sleep until the button is pressed."""

import machine

try:
    import esp32
except ImportError:  # a board of another family
    esp32 = None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from coxa_board.boards import Board


class Power:
    """The board's supply.

    Attributes:
        can_sleep: the button can end it; else the board stays awake.
    """

    def __init__(self, board: Board) -> None:
        """Makes sure the board stays switched on."""
        self._board = board
        # `hold` keeps the level through deep sleep.
        self._hold = None if board.hold is None else machine.Pin(board.hold, machine.Pin.OUT, value=1)
        self.can_sleep = board.wake is not None and hasattr(esp32, board.chip.wake_call)

    def sleep(self) -> NoReturn:
        """Deep sleep, or off where the board can switch itself off; ends in a restart by the button.

        Raises:
            RuntimeError: `can_sleep` is False.
        """
        board = self._board
        if board.wake is None or not self.can_sleep or esp32 is None:
            raise RuntimeError(board.name + " cannot be woken by its button")
        if self._hold is not None:
            self._hold.value(0)  # on battery the board is off now; on USB it goes on to sleep
        if board.vibration is not None:
            machine.Pin(board.vibration, machine.Pin.OUT, value=0)
        button = machine.Pin(board.wake, machine.Pin.IN)
        if board.wake not in board.chip.input_only:
            button.init(machine.Pin.IN, machine.Pin.PULL_UP)
        if board.chip.wake_call == "wake_on_ext0":
            esp32.wake_on_ext0(button, esp32.WAKEUP_ALL_LOW)
        elif board.chip.wake_call == "wake_on_ext1":
            esp32.wake_on_ext1((button,), esp32.WAKEUP_ALL_LOW)
        else:
            esp32.wake_on_gpio((button,), esp32.WAKEUP_ALL_LOW)
        machine.deepsleep()
