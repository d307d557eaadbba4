"""What a board says of itself: its program over the cable, or MicroPython at its prompt."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coxa.flash.failures import OnBoardError
from coxa.flash.repl import Repl

if TYPE_CHECKING:
    from coxa_wire import Info

ASK_S = 2.5
"""Wait for the program's word: it looks at its port every 10 ms, but may be erasing flash, or restarting."""

_OURS = "coxa"


@dataclass(frozen=True, slots=True)
class About:
    """A board at MicroPython's prompt.

    Attributes:
        machine: e.g. "Seeed Studio XIAO ESP32S3 with ESP32S3".
        version: of MicroPython.
        mpy: format of compiled files that it takes, as in `sys.implementation._mpy`; 0 where it does not say.
        uid: 12 hex digits.
        program: version of Coxa's program in the slot that runs; None where there is none, or it cannot be told.
        strangers: files in the root that start another program: "boot.py", "main.py".
    """

    machine: str
    version: tuple[int, int, int]
    mpy: int
    uid: str
    program: tuple[int, int, int] | None
    strangers: tuple[str, ...]


def about(repl: Repl) -> About:
    """Looks at a board. Raises as `Repl.run`."""
    version, machine, mpy, uid = repl.value("identity()")
    strangers = tuple(name for name in ("boot.py", "main.py") if _is_strange(repl.read(f"/{name}")))
    return About(str(machine), tuple(version), int(mpy), str(uid), _program(repl), strangers)


def answers(path: str, wait_s: float = ASK_S) -> Info | None:
    """What Coxa's program on the board at this port says; None where nothing answers that is Coxa's.

    Raises:
        PortError: the port cannot be used.
    """
    from coxa.errors import CoxaError
    from coxa.link.client import Client, not_kept
    from coxa.link.port_advice import PortError
    from coxa.link.serial import open_serial

    async def ask() -> Info | None:
        async with Client(await open_serial(path), not_kept) as client:
            try:
                return await asyncio.wait_for(client.info(), wait_s)
            except TimeoutError:
                return None

    try:
        return asyncio.run(ask())
    except PortError:
        raise
    except CoxaError:  # an answer of another version, or none: what it is shows at the prompt
        return None


def _program(repl: Repl) -> tuple[int, int, int] | None:
    """By the board's own word."""
    try:
        return tuple(repl.value("program()"))
    except OnBoardError:  # there is none, or it is damaged
        return None


def _is_strange(file: bytes | None) -> bool:
    """Whether it starts something that is not Coxa; MicroPython's own boot.py has comments only."""
    if file is None:
        return False
    text = file.decode(errors="replace")
    if _OURS in text.lower():
        return False
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())
