"""Which serial port the board is at, and where it is after a restart: USB of its own may come back by another name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from coxa.errors import UsageError
from coxa.link.channel import LinkLostError, NoAnswerError
from coxa.link.port_advice import PortError, PortMissingError
from coxa.link.serial import Port, ports, present

T = TypeVar("T")
Listed = Callable[[], Sequence[Port]]
"""Gives the ports that may be boards."""

BACK_S = 20.0
"""For a restarted board to come back: the port in 1-3 s, the program in another 2; a first start formats the flash."""
LEAVE_S = 0.7
"""A restarting board's own USB takes so long to vanish: opened before, its port would break off a moment later."""
_AGAIN_S = 0.3
_CHARGES_ONLY = (
    "Plug the board in with a cable that carries data (many only charge), or name its port: --port. On a board that is "
    "asleep or switched off no port is seen: press its button."
)


def choose(path: str | None, listed: Listed = ports) -> Port:
    """The port that is meant: the one named, or the only one that may be a board.

    Raises:
        UsageError: more than one may be.
        PortMissingError: none, or not the one that was named.
    """
    found = list(listed())
    if path is not None:
        for port in found:
            if port.device == path:
                return port
        if not present(path):
            others = ", ".join(port.device for port in found) or "none that is known to be a board's"
            raise PortMissingError(f"there is no port {path}", f"Ports there are: {others}.")
        return Port(path, "named by you", 0, 0)
    if not found:
        raise PortMissingError("no board is at any serial port", _CHARGES_ONLY)
    if len(found) > 1:
        text = "; ".join(f"{port.device} ({port.description})" for port in found)
        raise UsageError(f"{len(found)} ports may be boards: {text}", "Say which: --port; or unplug the others.")
    return found[0]


def now_at(port: Port, listed: Listed = ports) -> str | None:
    """The path of the same board now: by its place on USB, else by the path it had; None where it is not there."""
    for other in listed():
        if port.location and _place(other) == _place(port):
            return other.device
    return port.device if present(port.device) else None


def retried(port: Port, work: Callable[[str], T], limit_s: float = BACK_S, listed: Listed = ports) -> T:
    """Does something at a board that has gone to restart: tried again until it works or the time is over.

    Args:
        port: where it was.
        work: takes the path of the port.
        limit_s: to go on trying.
        listed: gives the ports.

    Raises:
        CoxaError: the latest failure of `work`; those that another try cannot mend at once.
    """
    time.sleep(LEAVE_S)
    until_s = time.monotonic() + limit_s
    while True:
        path = now_at(port, listed)
        try:
            if path is None:
                raise PortMissingError(
                    f"the board did not come back at {port.device} within {limit_s:.0f} s",
                    "Unplug it, plug it in again, and run the same command once more.",
                )
            return work(path)
        except (PortError, LinkLostError, NoAnswerError):  # NoPromptError is one
            if time.monotonic() > until_s:
                raise
        time.sleep(_AGAIN_S)


def _place(port: Port) -> str:
    return port.location.partition(":")[0]  # behind it is the interface, which differs from program to program
