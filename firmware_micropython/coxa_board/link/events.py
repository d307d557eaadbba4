"""What the radio interrupts with, noted until the link is polled."""

import time

from micropython import const

from coxa_wire import gatt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CONNECT = const(1)
_DISCONNECT = const(2)
_WRITTEN = const(3)
_INDICATED = const(20)
_MTU = const(21)

_INBOX = const(16)  # writes that wait; more within one round of polling is no host of ours


class Events:
    """Filled by the interrupt, which may come between any two steps of the poll.

    Attributes:
        connection: handle of the host's connection, or None.
        surplus: handle of a second connection, to be ended, or None.
        changed: the connection began or ended; the poll sets it back.
        mtu: of the connection.
        inbox: what was written to CONTROL on this connection, oldest first; the poll takes from its start.
        ping, ping_ticks: the latest write to SYNC, or empty, and `ticks_us` when it came.
        confirming: an indication is under way.
        faults: exceptions in the interrupt, and writes that found the inbox full; the poll sets it back.
        control, sync: handles of the characteristics that are written to; −1 until registered.
    """

    def __init__(self, radio: Any) -> None:
        """Takes MicroPython's `bluetooth.BLE()`."""
        self._radio = radio
        self.connection: int | None = None
        self.surplus: int | None = None
        self.control = -1
        self.sync = -1
        self.faults = 0
        self.ping_ticks = time.ticks_us()
        self.forget()

    def forget(self) -> None:
        """A connection begins or ends: nothing of the last one holds for the next."""
        self.mtu = gatt.MTU_LEAST
        self.inbox: list[bytes] = []
        self.ping = b""
        self.confirming = False
        self.changed = True

    def lost(self, connection: int) -> None:
        """The radio knows no such connection any more, though no interrupt told its end."""
        if self.connection == connection:
            self.connection = None
            self.forget()

    def interrupt(self, event: int, data: tuple[int, ...]) -> None:
        """For `BLE.irq`. Whatever happens, no exception: MicroPython would never call again."""
        ticks = time.ticks_us()
        try:
            self._note(event, data)
            if self.ping and event == _WRITTEN and data[1] == self.sync:
                self.ping_ticks = ticks
        except Exception:
            self.faults += 1

    def _note(self, event: int, data: tuple[int, ...]) -> None:
        if event == _CONNECT:
            if self.connection is not None and self.connection != data[0]:
                self.surplus = data[0]
                return
            self.connection = data[0]
            self.forget()
        elif data[0] != self.connection:
            pass
        elif event == _DISCONNECT:
            self.lost(data[0])
        elif event == _WRITTEN:
            self._written(data[1])
        elif event == _MTU:
            self.mtu = data[1]
        elif event == _INDICATED:
            self.confirming = False

    def _written(self, handle: int) -> None:
        if handle == self.sync:
            self.ping = self._radio.gatts_read(handle)
        elif handle == self.control:
            data = self._radio.gatts_read(handle)
            if len(self.inbox) < _INBOX:
                self.inbox.append(data)
            else:
                self.faults += 1
