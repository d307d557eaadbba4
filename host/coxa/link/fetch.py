"""Fetches what waits on a board: every block stored and checked before the board may delete it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from coxa.link.client import Client, Listed
from coxa.link.ranges import missing
from coxa_wire import command

ROUNDS = 20
"""Asking again for what was lost on the way; at half of the packets lost, 20 rounds leave one block in a million."""
_BEING_RECORDED = 0x01


class Inbox(Protocol):
    """Where blocks are kept until their session is whole, by number, for one board."""

    def numbers(self, session: int) -> list[int]:
        """Of the blocks that are there, ascending."""
        ...

    def blocks(self, session: int) -> list[bytes]:
        """The blocks that are there, in order of their numbers."""
        ...

    def begin(self, session: int, info: bytes, *, unix_ms: int, n_blocks: int, crc32: int) -> None:
        """A session is about to be fetched."""
        ...

    def complete(self, session: int) -> None:
        """It is whole and checked."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one session.

    Attributes:
        state: `whole`: stored, its checksum matches; `incomplete`: blocks are missing that the board cannot read or
            that did not come; `recording`: the board is still at it; `differs`: the checksum does not match.
        missing: (first, how many) of the blocks that are not there.
        deleted: the board has deleted it.
    """

    listed: Listed
    state: Literal["whole", "incomplete", "recording", "differs"]
    missing: tuple[tuple[int, int], ...] = ()
    deleted: bool = False


async def fetch(
    client: Client,
    inbox: Inbox,
    *,
    delete: bool = True,
    progress: Callable[[Listed, int], None] | None = None,
) -> list[Fetched]:
    """Fetches all sessions on the board that are closed. May be called again at any time: it goes on where it stopped.

    Args:
        client: greeted.
        inbox: of this board.
        delete: let the board delete what is whole.
        progress: told the session and how many of its blocks are there.

    Raises:
        LinkLostError, NoAnswerError: in the middle; what came is stored.
        RefusedError: the board does not delete for this host (NEED_BUTTON), or failed.
    """
    found: list[Fetched] = []
    for listed in await client.sessions():
        if listed.flags & _BEING_RECORDED:
            found.append(Fetched(listed, "recording"))
            continue
        info = (await client.ask(command.SESSION_INFO, listed.session)).payload
        inbox.begin(listed.session, info, unix_ms=listed.unix_ms, n_blocks=listed.n_blocks, crc32=listed.crc32)
        fetched = await _fetch_one(client, inbox, listed, progress)
        if fetched.state == "whole" and delete:
            await client.ask(command.COMMIT, listed.session, listed.n_blocks, listed.crc32)
            fetched = Fetched(listed, "whole", deleted=True)
        found.append(fetched)
    return found


async def _fetch_one(
    client: Client, inbox: Inbox, listed: Listed, progress: Callable[[Listed, int], None] | None
) -> Fetched:
    unreadable = 0
    gaps = missing(inbox.numbers(listed.session), listed.n_blocks)
    for _ in range(ROUNDS):
        before = sum(count for _, count in gaps)
        if before <= unreadable:
            break
        unreadable = 0
        for first, count in gaps:
            unreadable += await client.download(listed.session, first, count)
            if progress is not None:
                progress(listed, len(inbox.numbers(listed.session)))
        gaps = missing(inbox.numbers(listed.session), listed.n_blocks)
    if gaps:
        return Fetched(listed, "incomplete", tuple(gaps))
    crc32 = 0
    for block in inbox.blocks(listed.session)[: listed.n_blocks]:
        crc32 = zlib.crc32(block, crc32)
    if crc32 != listed.crc32:
        return Fetched(listed, "differs")
    inbox.complete(listed.session)
    return Fetched(listed, "whole")
