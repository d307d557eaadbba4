"""The blocks of one session in order of their samples, as far as they come in time for a display."""

from __future__ import annotations

from coxa_wire import Block

HELD_BACK = 2
"""Blocks that wait for one that is missing: 0.2 s of delay, enough for neighbours that changed places on the way."""


class InOrder:
    """Give it blocks as they come; it gives them back by ascending first index, each sample once.

    Attributes:
        next_index: index of the sample that would come next; None before the first block, which may be any.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._waiting: dict[int, Block] = {}
        self.next_index: int | None = None

    def is_new(self, block: Block) -> bool:
        """Whether it comes in time and for the first time."""
        return block.first_index not in self._waiting and (self.next_index or 0) <= block.first_index

    def add(self, block: Block) -> list[tuple[Block, int]]:
        """The blocks that are due now, each with how many samples are missing before it.

        That is what follows on, and what has waited long enough for what did not come.
        """
        self._waiting[block.first_index] = block
        return self._due(HELD_BACK)

    def rest(self) -> list[tuple[Block, int]]:
        """What still waits: nothing more will come."""
        return self._due(0)

    def _due(self, may_wait: int) -> list[tuple[Block, int]]:
        due: list[tuple[Block, int]] = []
        while self._waiting:
            first = min(self._waiting)
            follows = self.next_index is None or first <= self.next_index
            if not follows and len(self._waiting) <= may_wait:
                break
            block = self._waiting.pop(first)
            if first >= (self.next_index or 0):  # else the one before it reached into it
                due.append((block, 0 if self.next_index is None else first - self.next_index))
                self.next_index = first + block.n
        return due
