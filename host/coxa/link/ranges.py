"""Which blocks are missing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

LONGEST = 256
"""Blocks asked for in one request: 25 s of a recording; a lost request costs no more than that again."""


def missing(have: Iterable[int], end: int, longest: int = LONGEST) -> list[tuple[int, int]]:
    """The gaps in 0 … end − 1, as (first, how many), in order, none longer than `longest`.

    Args:
        have: numbers of the blocks that are there, in any order, any number of times.
        end: number after the last block.
        longest: of one gap; longer ones come in parts.
    """
    gaps: list[tuple[int, int]] = []
    expected = 0
    for seq in [*sorted({one for one in have if 0 <= one < end}), max(end, 0)]:
        gaps += [(first, min(longest, seq - first)) for first in range(expected, seq, longest)]
        expected = seq + 1
    return gaps


class Coverage:
    """Which blocks of a session are there: few gaps among many blocks, so spans are kept and not numbers."""

    def __init__(self, have: Iterable[int] = ()) -> None:
        """Takes the numbers that are there, in any order."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.count = 0
        for seq in have:
            self.add(seq)

    @property
    def prefix(self) -> int:
        """The number before which all are there."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    @property
    def end(self) -> int:
        """The number after the highest one that is there."""
        return self._ends[-1] if self._ends else 0

    def add(self, seq: int) -> bool:
        """One more; False where it was there already."""
        i = bisect_right(self._starts, seq)
        if i and seq < self._ends[i - 1]:
            return False
        self.count += 1
        after = i < len(self._starts) and self._starts[i] == seq + 1
        if i and self._ends[i - 1] == seq:
            self._ends[i - 1] = self._ends.pop(i) if after else seq + 1
            if after:
                self._starts.pop(i)
        elif after:
            self._starts[i] = seq
        else:
            self._starts.insert(i, seq)
            self._ends.insert(i, seq + 1)
        return True

    def has(self, seq: int) -> bool:
        """Whether a block is there."""
        i = bisect_right(self._starts, seq)
        return i > 0 and seq < self._ends[i - 1]

    def gaps(self, end: int) -> list[tuple[int, int]]:
        """What is missing of 0 … end − 1, as (first, how many), in order."""
        found: list[tuple[int, int]] = []
        expected = 0
        for start, stop in zip(self._starts, self._ends, strict=True):
            if min(start, end) > expected:
                found.append((expected, min(start, end) - expected))
            expected = stop
        if end > expected:
            found.append((expected, end - expected))
        return found
