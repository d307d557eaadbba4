"""Blocks in pieces, for connections whose notifications are smaller than a block (MTU below 183).

Each piece starts with one byte: bit 7 first, bit 6 last, bits 5-0 its number in the block. Pieces of a block arrive
in order or not at all; whatever went missing is asked for again as a whole block.
"""

_FIRST = 0x80
_LAST = 0x40
_NUMBER = 0x3F


def fragment_count(length: int, size: int) -> int:
    """How many fragments of at most `size` bytes (their first byte included) carry `length` bytes."""
    return -(-length // (size - 1))


def fragment_into(out: bytearray, block: bytes | bytearray, k: int, size: int) -> int:
    """Writes fragment k of the block to the start of `out` (at least `size` bytes long) and returns its length."""
    start = k * (size - 1)
    length = min(size - 1, len(block) - start)
    out[0] = k | (_FIRST if k == 0 else 0) | (_LAST if start + length == len(block) else 0)
    for i in range(length):
        out[1 + i] = block[start + i]
    return 1 + length


class Reassembler:
    """Puts fragments together again.

    Attributes:
        dropped: fragments that could not be used, because one before them was missing.
    """

    def __init__(self) -> None:
        """Starts with nothing received."""
        self.dropped = 0
        self._parts = bytearray()
        self._next = 0

    def feed(self, fragment: bytes | bytearray | memoryview) -> bytes | None:
        """Takes one fragment; returns the whole once its last one is in (not yet checked), else None."""
        head = fragment[0] if fragment else 0
        if head & _FIRST:
            self.dropped += self._next
            self._parts = bytearray()
            self._next = 0
        if not fragment or (head & _NUMBER) != self._next or (self._next == 0 and not head & _FIRST):
            self.dropped += self._next + 1
            self._parts = bytearray()
            self._next = 0
            return None
        self._parts += fragment[1:]
        self._next += 1
        if not head & _LAST:
            return None
        self._next = 0
        return bytes(self._parts)
