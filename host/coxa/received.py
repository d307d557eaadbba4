"""The blocks of one session as they were received: checked, each once, in order, and every other one counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import coxa_wire
from coxa.errors import InputError
from coxa_wire import Block, WireError


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """What became of the blocks: received = used + duplicates + conflicting + overlapping + live + all rejected.

    Attributes:
        used: blocks whose samples are in the result.
        duplicates: received again with the same bytes.
        conflicting: received with different bytes under one number; none of these is used.
        overlapping: hold samples that an earlier block already holds; not used.
        live: copies for the display (PROFILE_LIVE), not part of the recording.
        late: arrived after a block with a higher number; used all the same.
        missing: block numbers from 0 to the last known one that are not used.
        rejected: refused blocks by `WireError.reason`.
    """

    received: int
    used: int
    duplicates: int
    conflicting: int
    overlapping: int
    live: int
    late: int
    missing: int
    rejected: dict[str, int]


@dataclass(slots=True)
class _Tally:
    """What is noted while the blocks come in; `copies` are the bytes received under each (session, seq)."""

    received: int = 0
    live: int = 0
    late: int = 0
    rejected: Counter[str] = field(default_factory=Counter[str])
    refusals: dict[str, str] = field(default_factory=dict[str, str])
    copies: dict[tuple[int, int], list[bytes]] = field(default_factory=dict[tuple[int, int], list[bytes]])
    blocks: dict[tuple[int, int], Block] = field(default_factory=dict[tuple[int, int], Block])
    newest: int = -1

    def add(self, data: bytes) -> None:
        self.received += 1
        try:
            block = coxa_wire.decode(data)
        except WireError as error:
            self.rejected[error.reason] += 1
            self.refusals.setdefault(error.reason, str(error))
            return
        if block.profile == coxa_wire.PROFILE_LIVE:
            self.live += 1
            return
        number = (block.session, block.seq)
        if number not in self.copies:
            self.copies[number] = []
            self.blocks[number] = block
            self.late += block.seq < self.newest
            self.newest = max(self.newest, block.seq)
        self.copies[number].append(bytes(data))

    def why_nothing(self) -> str:
        common = self.rejected.most_common(1)
        return f"; {common[0][1]} were refused: {self.refusals[common[0][0]]}" if common else ""


def sort_out(blocks: Iterable[bytes], session: int, next_seq: int) -> tuple[list[Block], BlockCounts]:
    """The usable blocks by ascending number, and the account of all.

    Args:
        blocks: as received, in any order.
        session, next_seq: of the session in progress, as the board says: blocks up to there may be missing.

    Raises:
        InputError: no block can be used, or blocks of several sessions are mixed.
    """
    tally = _Tally()
    for data in blocks:
        tally.add(data)
    sessions = sorted({number[0] for number in tally.copies})
    if len(sessions) > 1:
        raise InputError(f"blocks of the sessions {sessions} are mixed", "Decode one session at a time.")
    agreed = [number for number, copies in sorted(tally.copies.items()) if len(set(copies)) == 1]
    used = _without_overlaps([tally.blocks[number] for number in agreed])
    if not any(block.n for block in used):
        raise InputError(f"none of the {tally.received} blocks has samples that can be used{tally.why_nothing()}")
    known = max(seq for _, seq in tally.copies) + 1
    return used, BlockCounts(
        received=tally.received,
        used=len(used),
        duplicates=sum(len(tally.copies[number]) - 1 for number in agreed),
        conflicting=sum(len(copies) for copies in tally.copies.values() if len(set(copies)) > 1),
        overlapping=len(agreed) - len(used),
        live=tally.live,
        late=tally.late,
        missing=max(known, next_seq if sessions == [session] else 0) - len(used),
        rejected=dict(tally.rejected),
    )


def _without_overlaps(blocks: list[Block]) -> list[Block]:
    used: list[Block] = []
    free = 0
    for block in blocks:
        if block.first_index >= free:
            used.append(block)
            free = block.first_index + block.n
    return used
