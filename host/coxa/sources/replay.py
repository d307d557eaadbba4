"""A stored recording of a board as a live source: its blocks come again, at the pace they once came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coxa.decode import decode
from coxa.errors import InputError
from coxa_wire import Info, WireError, decode_info
from coxa_wire import decode as decode_block

if TYPE_CHECKING:
    from coxa.store import Inbox, Store


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """The blocks of one session as they are stored.

    Attributes:
        info: what the board said of itself.
        blocks: in order of their numbers.
        due_s: (b,) when each was complete, s after the session began; it never falls.
    """

    info: Info
    blocks: tuple[bytes, ...]
    due_s: tuple[float, ...]

    @property
    def block_s(self) -> float:
        """Length of a usual block, s."""
        return float(np.median(np.diff(self.due_s))) if len(self.due_s) > 1 else 0.0


def stored_recording(info: bytes, blocks: Sequence[bytes]) -> StoredRecording:
    """A recording ready to be played.

    Args:
        info: the 48 bytes of INFO.
        blocks: of one session, in order; damaged ones come together with the one before them.

    Raises:
        InputError: nothing of it can be used.
    """
    try:
        said = decode_info(info)
    except WireError as error:
        raise InputError(
            f"what the board said of itself is damaged: {error.what}", "Fetch the recording again."
        ) from error
    clock = decode(blocks, said).clock
    due_s: list[float] = []
    for data in blocks:
        try:
            block = decode_block(data)
        except WireError:
            due_s.append(due_s[-1] if due_s else 0.0)
            continue
        end = float(clock.time_s(np.array([block.first_index + block.n], dtype=np.int64))[0])
        due_s.append(max(end, due_s[-1] if due_s else 0.0))
    return StoredRecording(said, tuple(blocks), tuple(due_s))


def of_session(store: Store, session_id: int) -> StoredRecording:
    """A session of the store.

    Raises:
        UsageError: there is none, or no board recorded it.
        InputError: nothing of it can be used.
    """
    return stored_recording(*store.board_blocks(session_id))


def of_inbox(inbox: Inbox, session: int) -> StoredRecording:
    """A recording that is in the inbox, whole or not.

    Raises:
        InputError: nothing of it can be used.
    """
    found = next((one for one in inbox.sessions() if one.session == session), None)
    if found is None or not found.stored:
        raise InputError(f"no block of recording {session} of board {inbox.uid} is here", "Run `coxa fetch` first.")
    return stored_recording(found.info, inbox.blocks(session))


async def replay(recording: StoredRecording, speed: float = 1.0) -> AsyncGenerator[bytes]:
    """The blocks, each when it is due by the clock of the running loop, `speed` times as fast as it was.

    A block that is late because its reader was is not waited for; none is left out. Before the first block passes as
    much time as before every other one.
    """
    now_s = asyncio.get_running_loop().time
    begin_s = now_s()
    first_s = recording.due_s[0] - recording.block_s
    for data, due_s in zip(recording.blocks, recording.due_s, strict=True):
        await asyncio.sleep(max(0.0, begin_s + (due_s - first_s) / speed - now_s()))
        yield data
