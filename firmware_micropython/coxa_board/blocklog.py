"""The blocks of one session on their way from memory to flash.

Blocks are filled in place, in a ring of 66. They are written to the file as a stream of bytes that is cut where
littlefs ends a sector: it then only starts a new sector, where else it would erase another one and copy into it what
the last sector holds already. Writing is one call of `flush`, and making it safe from power cuts the next, so that
each takes one erase, and the sensor can be looked after in between.
"""

import binascii

from micropython import const

from coxa_board.checksum import intact
from coxa_wire import BLOCK_LENGTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RING_BLOCKS = 66  # 6 s at 104 Hz: two sectors and a half, for a write that takes far longer than usual
_RING_LENGTH = RING_BLOCKS * BLOCK_LENGTH
_POINTER_LENGTH = const(4)
_FAILURES = const(3)  # writes failed in a row after which the flash counts as full
_NO_SPACE = const(28)  # errno ENOSPC


class BlockLog:
    """Ring and file of one session after the other.

    Attributes:
        recording: whether a session is being recorded.
        session: its number, or that of the latest since power-on; 0 for none.
        slot: 180 bytes to fill and seal the next block in, then `append`.
        next_seq: number of that block.
        flushed_seq: the blocks below this number are safe in flash.
        full: there is no room for more; seal the last block and stop.
        refused: blocks not taken since power-on because flash did not keep up.
        failures: writes that failed in a row.
        write_errors: reads and writes of this file that failed since power-on.
        crc32: over the bytes of the session that are safe.
    """

    def __init__(self) -> None:
        """Without a session."""
        ring = memoryview(bytearray(_RING_LENGTH))
        self._ring = ring
        self._slots = [ring[i : i + BLOCK_LENGTH] for i in range(0, _RING_LENGTH, BLOCK_LENGTH)]
        self._file: Any = None  # the session's, None after a fault
        self._path = ""
        self._capacity = 0  # blocks that the session can have
        self._sector_length = 0
        self._sector = 0  # number in the file of the sector being filled
        self._sector_end = 0  # offset in the file, bytes
        self._safe = 0  # bytes
        self._written = 0  # bytes, not all of them safe
        self._written_crc32 = 0
        self.recording = False
        self.session = 0
        self.slot = self._slots[0]
        self.next_seq = 0
        self.flushed_seq = 0
        self.full = False
        self.refused = 0
        self.failures = 0
        self.write_errors = 0
        self.crc32 = 0

    def append(self) -> bool:
        """Takes the block sealed in `slot` and moves on. No flash is touched, nothing allocated.

        False where it is not taken, since flash has not kept up for 66 blocks: the next one gets the same number,
        and the index of its samples tells of the gap.
        """
        following = self.next_seq + 1
        if following - self.flushed_seq >= RING_BLOCKS:
            self.refused += 1
            return False
        self.next_seq = following
        self.slot = self._slots[following % RING_BLOCKS]
        if following >= self._capacity:
            self.full = True
        return True

    def flush(self, everything: bool = False) -> int:
        """One step: makes safe what is written, or writes the next sector if it is full. Returns blocks made safe.

        To be called after each `append` or more often. With `everything`, all steps for all blocks. A step that fails
        is counted and tried again the next time; after three in a row, `full`.
        """
        before = self.flushed_seq
        while self.recording:
            available = self.next_seq * BLOCK_LENGTH
            if self._written > self._safe:
                done = self._make_safe()
            elif available >= self._sector_end:
                done = self._write(self._sector_end)
            elif everything and available > self._safe:
                done = self._write(available)
            else:
                break
            if not (done and everything):
                break
        return self.flushed_seq - before

    def _open(self, session: int, path: str, capacity: int, sector_length: int) -> None:
        """Starts a file for a session of at most `capacity` blocks. Raises OSError."""
        self._file = open(path, "w+b")
        self._path = path
        self._capacity = capacity
        self._sector_length = sector_length
        self._sector = 0
        self._sector_end = sector_length
        self._safe = 0
        self._written = 0
        self.session = session
        self.slot = self._slots[0]
        self.next_seq = 0
        self.flushed_seq = 0
        self.full = False
        self.failures = 0
        self.crc32 = 0
        self.recording = True

    def _end(self) -> bool:
        """Writes all there is, gives up after three failures, and closes; whether all is safe."""
        self.failures = 0
        while self.flushed_seq < self.next_seq and self.failures < _FAILURES:
            self.flush(everything=True)
        self.recording = False
        self._close()
        complete = self.flushed_seq == self.next_seq
        self.next_seq = self.flushed_seq
        return complete

    def _recall(self, seq: int, out: bytearray) -> bool:
        """A block of the session being recorded; False where it is not there or not intact."""
        if self.next_seq - RING_BLOCKS < seq < self.next_seq:
            out[:] = self._slots[seq % RING_BLOCKS]
            return intact(out, self.session, seq)
        if self._file is None or not 0 <= seq < self.flushed_seq:
            return False
        try:
            self._file.seek(seq * BLOCK_LENGTH)
            if self._file.readinto(out) == BLOCK_LENGTH and intact(out, self.session, seq):
                return True
        except OSError:
            self._close()
        self.write_errors += 1
        return False

    def _write(self, end: int) -> bool:
        """Writes the bytes from `_safe` up to offset `end` of the file."""
        at = self._safe
        crc32 = self.crc32
        try:
            if self._file is None:
                self._file = open(self._path, "r+b")
            self._file.seek(at)
            while at < end:
                start = at % _RING_LENGTH
                piece = self._ring[start : min(start + end - at, _RING_LENGTH)]
                if self._file.write(piece) != len(piece):
                    raise OSError(_NO_SPACE)
                crc32 = binascii.crc32(piece, crc32)
                at += len(piece)
        except OSError as error:
            return self._failed(error)
        self._written = end
        self._written_crc32 = crc32
        return True

    def _make_safe(self) -> bool:
        try:
            if self._file is not None:
                self._file.flush()
        except OSError as error:
            return self._failed(error)
        self.failures = 0
        self.crc32 = self._written_crc32
        self._safe = self._written
        self.flushed_seq = self._safe // BLOCK_LENGTH
        if self._safe == self._sector_end:
            self._sector += 1
            # A sector of a file of littlefs starts with one pointer, and one more for each time 2 divides its number.
            pointers = len(bin(self._sector & -self._sector)) - 2
            self._sector_end += self._sector_length - _POINTER_LENGTH * pointers
        return True

    def _failed(self, error: OSError) -> bool:
        self.write_errors += 1
        self.failures += 1
        self.full = self.full or error.errno == _NO_SPACE or self.failures >= _FAILURES
        self._close()
        return False

    def _close(self) -> None:
        """Also a file that failed: what was safe in it stays so, the rest is written again."""
        self._written = self._safe
        try:
            if self._file is not None:
                self._file.close()
        except OSError:
            self.write_errors += 1
        self._file = None
