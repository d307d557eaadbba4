"""Who is at the other end: the right board, of a version that is understood, and one that trusts this computer."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from coxa.errors import CoxaError, StoreError
from coxa.link.client import Client
from coxa.link.keeper import WrongBoardError
from coxa.link.known import KnownBoard, KnownBoards


class NotTrustedError(CoxaError):
    """The board does not take this computer's word: its secret was changed, or it was set up anew."""


async def greet(client: Client, board: KnownBoard, store: Path) -> None:
    """Says HELLO to a known board, and keeps in the store which program it has and when that was.

    Raises:
        WrongBoardError: another board answered.
        NotTrustedError: the board does not know this computer's secret.
        ImpostorError: it says it is this board but does not know its secret.
        RefusedError: it speaks another version.
        LinkLostError, NoAnswerError: the link.
    """
    trusted = await client.hello(board.secret)
    info = await client.info()
    uid = info.uid.hex()
    if uid != board.uid:
        raise WrongBoardError(
            f"a board with uid {uid} answers to the name {board.name}", "The right one is looked for."
        )
    if not trusted:
        raise NotTrustedError(
            f"{board.name} does not trust this computer any more", f"Run `coxa board trust {board.name}` beside it."
        )
    with contextlib.suppress(StoreError), KnownBoards(store) as known:  # of no weight beside what is to be done
        known.met(uid, ".".join(map(str, info.firmware)), datetime.now(UTC))
