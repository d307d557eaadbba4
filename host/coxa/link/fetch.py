"""Fetches what waits on a board: every block stored and checked before the board may delete it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from coxa.link.client import Client, Listed
from coxa.link.clock import Ping
from coxa.link.ranges import missing
from coxa.store import InboxSession
from coxa_wire import command

ROUNDS = 20
"""Asking again for what was lost on the way; at half of the packets lost, 20 rounds leave one block in a million."""
BEING_RECORDED, END_UNKNOWN = 0x01, 0x02
"""Flags in LIST."""


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

    def unreadable(self, session: int, blocks: int) -> None:
        """So many of its blocks the board could not give."""
        ...

    def deleted(self, session: int) -> None:
        """The board has deleted it."""
        ...

    def sessions(self) -> Sequence[InboxSession]:
        """What is known of the sessions of the board."""
        ...

    def keep(self, session: int, blocks: Sequence[tuple[int, bytes]]) -> int:
        """Stores blocks, and gives the number before which all are stored."""
        ...

    def note_pings(self, session: int, run: str, pings: Sequence[Ping]) -> None:
        """Keeps comparisons of the clocks, of one run of the host's program."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one session.

    Attributes:
        state: `whole`: stored, its checksum matches; `incomplete`: blocks are missing that the board cannot read or
            that did not come; `recording`: the board is still at it; `differs`: the checksum does not match; `gone`:
            the board has it no more.
        missing: (first, how many) of the blocks that are not there.
        deleted: the board has deleted it.
    """

    listed: Listed
    state: Literal["whole", "incomplete", "recording", "differs", "gone"]
    missing: tuple[tuple[int, int], ...] = ()
    deleted: bool = False

    @property
    def lack(self) -> str:
        """What is wrong with it, for the user; empty for one that is whole."""
        spans = ", ".join(f"{first}" if n == 1 else f"{first}-{first + n - 1}" for first, n in self.missing)
        lost = f"of {self.listed.n_blocks} blocks these are missing: {spans}" if spans else "no block is missing"
        return {
            "incomplete": f"{lost}; the board could not give them, and keeps the recording",
            "differs": "what is here does not match the board's checksum; the board keeps the recording",
            "gone": f"the board has it no more; {lost}",
            "recording": "the board is still recording it",
        }.get(self.state, "")


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
    job = Fetching(inbox, delete, progress)
    await job.talk(client)
    return list(job.fetched)


@dataclass(slots=True)
class Fetching:
    """Fetches the closed sessions of a board over as many connections as it takes; give `talk` to a `Keeper`.

    Attributes:
        inbox, delete, progress: as `fetch` takes them.
    """

    inbox: Inbox
    delete: bool = True
    progress: Callable[[Listed, int], None] | None = None
    _found: dict[int, Fetched] = field(default_factory=dict[int, Fetched])

    @property
    def begun(self) -> bool:
        """Always: what waits on the board is to be fetched."""
        return True

    @property
    def fetched(self) -> tuple[Fetched, ...]:
        """What came of each session so far."""
        return tuple(self._found.values())

    def keep(self, session: int, blocks: Sequence[tuple[int, bytes]]) -> int:
        """Stores blocks; returns the number before which all of the session are stored."""
        return self.inbox.keep(session, blocks)

    async def talk(self, client: Client) -> None:
        """Uses one connection. Raises as `fetch`."""
        listed = {one.session: one for one in await client.sessions()}
        for session, found in self._found.items():
            if found.state == "whole" and session not in listed:  # COMMIT was heard, its answer lost
                self._deleted(found)
        for session, one in listed.items():
            if one.flags & BEING_RECORDED:
                self._found[session] = Fetched(one, "recording")
                continue
            found = self._found[session] = await fetch_one(client, self.inbox, one, self.progress)
            if found.state == "whole" and self.delete:
                await commit(client, one)
                self._deleted(found)

    def finish(self) -> None:
        """There is no end but that everything is fetched."""

    def _deleted(self, found: Fetched) -> None:
        self.inbox.deleted(found.listed.session)
        self._found[found.listed.session] = replace(found, deleted=True)


async def commit(client: Client, listed: Listed) -> None:
    """Lets the board delete a session that is whole here. Raises as `Client.ask`."""
    await client.ask(command.COMMIT, listed.session, listed.n_blocks, listed.crc32)


async def fetch_one(
    client: Client, inbox: Inbox, listed: Listed, progress: Callable[[Listed, int], None] | None = None
) -> Fetched:
    """Fetches one closed session, and checks it. Arguments and errors as `fetch`, but nothing is deleted."""
    info = (await client.ask(command.SESSION_INFO, listed.session)).payload
    inbox.begin(listed.session, info, unix_ms=listed.unix_ms, n_blocks=listed.n_blocks, crc32=listed.crc32)
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
    inbox.unreadable(listed.session, sum(count for _, count in gaps))
    if gaps:
        return Fetched(listed, "incomplete", tuple(gaps))
    crc32 = 0
    for block in inbox.blocks(listed.session)[: listed.n_blocks]:
        crc32 = zlib.crc32(block, crc32)
    if crc32 != listed.crc32:
        return Fetched(listed, "differs")
    inbox.complete(listed.session)
    return Fetched(listed, "whole")
