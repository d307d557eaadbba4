"""The program on a board after its restart: greeted by the secret, and tested."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from coxa.errors import CoxaError
from coxa.flash.selftest import SelfTest, selftest
from coxa.link.channel import NoAnswerError
from coxa.link.client import Client
from coxa.link.serial import open_serial
from coxa_wire import Info


class SecretError(CoxaError):
    """The program runs and does not know the secret that was written to it."""


async def greeted(path: str, secret: bytes, wait_s: float) -> tuple[Info, SelfTest]:
    """Waits for the program at a port and tests the board.

    Args:
        path: of the port.
        secret: of the board; empty where it has none.
        wait_s: for its first word.

    Raises:
        NoAnswerError: it does not answer yet.
        SecretError: it does not know the secret. Else as `selftest`.
    """
    arrived: list[bytes] = []
    async with Client(await open_serial(path), _taken, arrived.append) as client:
        try:
            info = await asyncio.wait_for(client.info(), wait_s)
        except TimeoutError:
            raise NoAnswerError("the board's program does not answer", "Press RESET, and try again.") from None
        if not await client.hello(secret) and secret:
            raise SecretError("the board does not know the secret it was given", "Run the same command again.")
        return info, await selftest(client, arrived)


def _taken(_session: int, blocks: Sequence[tuple[int, bytes]]) -> int:
    """The test keeps no blocks; saying that they are stored lets the board send on."""
    return blocks[-1][0] + 1
