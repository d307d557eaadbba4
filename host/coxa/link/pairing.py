"""The first use of a board: it is given a secret, by whoever can press its button or holds its cable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from coxa.errors import CoxaError
from coxa.link.channel import RefusedError
from coxa.link.client import Client
from coxa.link.known import KnownBoard, Role, new_secret
from coxa_wire import command

BUTTON_S = 60.0
"""Wait for the button: time to find it, and as long as the board takes a press for proof."""
_AGAIN_S = 1.0
IDENTIFY = command.SIGNALS.index("identify")


class NotPressedError(CoxaError):
    """Nobody pressed the board's button in time."""


async def get_config(client: Client, key: str) -> Any:
    """A setting of the board.

    Raises:
        RefusedError: BAD_ARG: there is no such setting, or it is secret. Else as `Client.ask`.
        CoxaError: the board's answer is no JSON.
    """
    answer = await client.request(partial(_get, key))
    try:
        return json.loads(answer.payload)
    except ValueError:
        raise CoxaError(f"the board's setting {key} cannot be read", "Update the board.") from None


async def set_config(client: Client, key: str, value: object) -> None:
    """Changes a setting of the board; most take effect at its next start.

    Raises:
        RefusedError: BAD_ARG: it does not take this value; BAD_STATE: it records; NEED_BUTTON. Else as `Client.ask`.
        WireError: too long for one command.
    """
    await client.request(partial(_set, key, json.dumps(value).encode()))


async def pair(
    client: Client, role: Role | None, waiting: Callable[[], None], button_s: float = BUTTON_S
) -> KnownBoard:
    """Gives a board a new secret and makes sure that it knows it.

    Args:
        client: connected; it need not have greeted.
        role: where the board is worn; None: as the board says, if it does.
        waiting: called once when the button is to be pressed.
        button_s: to wait for it.

    Raises:
        NotPressedError: it was not, and there is no cable.
        RefusedError: the board records, or its flash failed. Else as `Client.ask`.
    """
    await client.hello()
    await client.ask(command.IDENTIFY, IDENTIFY)  # so that it shows which board is meant
    secret = new_secret()
    await _give(client, secret, waiting, button_s)
    if not await client.hello(secret):
        raise CoxaError("the board took a secret and does not know it", "Try again; if that fails, restart the board.")
    info = await client.info()
    now = datetime.now(UTC)
    name = str(await get_config(client, "name"))
    if role is None:
        role = _role(str(await get_config(client, "role")))
    else:
        await set_config(client, "role", role)
    return KnownBoard(info.uid.hex(), name, role, secret, ".".join(map(str, info.firmware)), now, now)


async def _give(client: Client, secret: bytes, waiting: Callable[[], None], button_s: float) -> None:
    until_s = asyncio.get_running_loop().time() + button_s
    asked = False
    while True:
        try:
            await set_config(client, "token", secret.hex())
            return
        except RefusedError as refused:
            if refused.status != command.NEED_BUTTON:
                raise
        if not asked:
            asked = True
            waiting()
        if asyncio.get_running_loop().time() > until_s:
            raise NotPressedError(
                f"the board's button was not pressed within {button_s:.0f} s",
                "Try again; a board without a button is paired over its USB cable (--port).",
            )
        await asyncio.sleep(_AGAIN_S)


def _role(text: str) -> Role | None:
    from coxa.link.known import ROLES

    return next((role for role in ROLES if role == text), None)


def _get(key: str, request_id: int) -> bytes:
    return command.encode_get_config(request_id, key)


def _set(key: str, value: bytes, request_id: int) -> bytes:
    return command.encode_set_config(request_id, key, value)
