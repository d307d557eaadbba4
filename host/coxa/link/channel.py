"""What a way to a board has to offer, and what can go wrong on it."""

from __future__ import annotations

from typing import Protocol

from coxa.errors import CoxaError
from coxa_wire import command

_WHY = {
    command.BAD_STATE: ("the board cannot do this now", "End its recording first, or start one."),
    command.BAD_ARG: ("the board does not take this value", ""),
    command.NO_SESSION: ("the board has no such session", ""),
    command.FLASH_FULL: ("the board's flash is full", "Fetch its sessions, so that it can delete them."),
    command.IMU_FAULT: ("the board's motion sensor does not answer", "Check its wires and 3.3 V."),
    command.LOW_BATT: ("the board's battery is too low to record", "Charge it, off the body."),
    command.BUSY: ("the board is busy", "Try again in a moment."),
    command.CRC_MISMATCH: ("the board's copy differs from the host's", "Fetch the session again."),
    command.VERSION: ("the board speaks another version of the wire format", "Update the board or coxa."),
    command.NEED_BUTTON: ("the board does not know this host", "Press its button, then try again within a minute."),
    command.INTERNAL: ("the board failed inside", "Read its log, or restart it."),
}


class LinkLostError(CoxaError):
    """The connection to the board is gone; what was stored stays, and the rest can be fetched later."""


class NoAnswerError(CoxaError):
    """The board did not answer, though the connection stands."""


class RefusedError(CoxaError):
    """The board refused a request.

    Attributes:
        status: as in `coxa_wire.command`.
    """

    def __init__(self, status: int) -> None:
        """Takes the status of the answer."""
        super().__init__(*_WHY.get(status, (f"the board refused the request (status {status:#04x})", "")))
        self.status = status


class Channel(Protocol):
    """A way to one board. Channels are named as in `coxa_wire.line`: CONTROL, LIVE, BULK, SYNC.

    Attributes:
        received_at: when the message that `receive` returned last had come, by the loop's clock, s.
    """

    received_at: float

    @property
    def mtu(self) -> int | None:
        """Of the connection, bytes, as far as it is known; None where messages go whole, as by cable."""
        ...

    async def send(self, channel: str, message: bytes) -> None:
        """Sends a whole message.

        Raises:
            LinkLostError: the connection is gone.
        """
        ...

    async def receive(self) -> tuple[str, bytes]:
        """The next message: a frame on CONTROL, a block on LIVE or BULK. Damaged ones do not come.

        Raises:
            LinkLostError: the connection is gone.
        """
        ...

    async def close(self) -> None:
        """Lets go of the board."""
        ...
