"""Which blocks are missing."""

from __future__ import annotations

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
