"""The radio of one virtual board, told what to do by the board's `bluetooth`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from coxa.virtual.air import Air
from coxa.virtual.server import Event, Server, Services


class Peripheral:
    """Calls are carried out in their order, also where the one before still waits for the controller.

    Handles are those of the board. After `power_off` the same object is used again, by `register`.
    """

    def __init__(self, air: Air, name: str, address: str, emit: Callable[[Event], None]) -> None:
        """Silent until `register`; `name` is that of the board on the air, `address` six bytes in hex with colons."""
        self._air = air
        self._name = name
        self._address = address
        self._emit = emit
        self._server: Server | None = None

    def register(self, services: Services, mtu: int, gap_name: str) -> None:
        """Switches the radio on, with these services. `mtu` is the largest it agrees to, bytes."""
        self.power_off()
        self._server = Server(self._air, self._name, self._address, gap_name, self._emit)
        self._server.begin(services, mtu)

    def power_off(self) -> None:
        """Falls silent at once, without a word to anybody, and tells its board nothing more."""
        if self._server is not None:
            self._server.end()
            self._server = None

    def store(self, handle: int, data: bytes) -> None:
        """Sets what is read from a characteristic."""
        if self._server is not None:
            self._server.values[handle] = bytes(data)

    def advertise(self, interval_us: int | None, data: bytes, response: bytes) -> None:
        """Advertises every `interval_us`, until somebody connects; None: not any more."""
        if self._server is not None:
            self._server.do(partial(self._server.advertise, interval_us, bytes(data), bytes(response)))

    def transmit(self, connection: int, handle: int, data: bytes, indicate: bool) -> None:
        """Sends a notification or an indication, whether or not the other side has asked for it."""
        if self._server is not None:
            self._server.do(partial(self._server.transmit, connection, handle, bytes(data), indicate))

    def disconnect(self, connection: int) -> None:
        """Ends a connection, as soon as the other side has heard so."""
        if self._server is not None:
            self._server.do(partial(self._server.disconnect, connection))
