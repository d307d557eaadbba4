"""The sessions in flash: their blocks, each checked before it is given away, and what a power cut left of them."""

import binascii
import os

from micropython import const

from coxa_board.checksum import intact
from coxa_board.sessions import CORRUPT, END_UNKNOWN, OPEN, Catalogue, Record
from coxa_wire import BLOCK_LENGTH, LAST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_WORKING_BLOCKS = const(256)  # some 50 ms on an ESP32-S3 (estimate)


class Archive:
    """Reads closed sessions.

    Attributes:
        errors: blocks found damaged or unreadable, and records not written, since power-on.
    """

    def __init__(self, catalogue: Catalogue, working: Callable[[], None] | None = None) -> None:
        """Takes the catalogue the sessions are in, and what to call now and then while it reads for seconds."""
        self.errors = 0
        self._working = working
        self._catalogue = catalogue
        self._file: Any = None  # a file that stays open: blocks are asked for one after the other
        self._session = 0  # whose file it is
        self._damaged: set[int] = set()  # sessions with damage that their records may not tell
        self._examined: set[int] = set()  # sessions read whole since power-on: once is enough

    def recover(self) -> list[str]:
        """Closes sessions that a power cut left open, and writes records that are missing; one line for each."""
        notes: list[str] = []
        for session in self._catalogue.numbers:
            record = self._catalogue.read(session)
            if record is None or record.flags & OPEN:
                cause = "had no record" if record is None else "was not closed"
                record = self._examine(record or Record(session))
                notes.append(f"session {session} {cause}: {record.n_blocks} blocks kept, flags {record.flags}")
        return notes

    def read(self, session: int, seq: int, out: bytearray) -> bool:
        """Reads a block into 180 bytes; False where it is not there or not intact."""
        if session not in self._catalogue.numbers or seq < 0:
            return False
        if self._read(session, seq, out):
            return True
        record = self._catalogue.read(session)
        if record is None or seq < record.n_blocks:
            self.errors += 1
            if session not in self._examined:
                self._damaged.add(session)
        return False

    def record(self, session: int, *, idle: bool) -> Record | None:
        """The record of a session; None for no such session.

        Damage met since it was written is flagged CORRUPT. When `idle`, the session is read whole for it (some
        seconds), so that the checksum over its intact blocks is right again.
        """
        if session not in self._catalogue.numbers:
            return None
        record = self._catalogue.read(session) or Record(session)
        if session in self._damaged:
            record.flags |= CORRUPT
            if idle:
                record = self._examine(record)
        return record

    def release(self) -> None:
        """Closes the file that `read` keeps open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _examine(self, record: Record) -> Record:
        """Reads a session whole and brings its record up to that; an open one is closed at its last intact block."""
        session = record.session
        was_open = record.flags & OPEN
        n_blocks = 0 if was_open else record.n_blocks
        end = END_UNKNOWN if was_open else record.flags & END_UNKNOWN
        block = bytearray(BLOCK_LENGTH)
        n_intact = 0
        record.crc32 = 0
        length = self._length(session)
        for seq in range(length if was_open else min(n_blocks, length)):  # a record may tell of more than there is
            if self._working is not None and seq % _WORKING_BLOCKS == 0:
                self._working()
            if self._read(session, seq, block):
                n_intact += 1
                record.crc32 = binascii.crc32(block, record.crc32)
                if was_open:
                    n_blocks = seq + 1
                    end = 0 if block[1] & LAST else END_UNKNOWN
                    record.profile = block[0] & 0x0F
        self.release()
        record.n_blocks = n_blocks
        record.flags = end | (CORRUPT if n_intact < n_blocks else 0)
        try:
            self._catalogue.write(record)
        except OSError:
            self.errors += 1
        self._damaged.discard(session)
        self._examined.add(session)
        return record

    def _read(self, session: int, seq: int, out: bytearray) -> bool:
        at = seq * BLOCK_LENGTH
        try:
            if self._file is None or self._session != session:
                self.release()
                self._file = open(self._catalogue.path(session), "rb")
                self._session = session
            if self._file.tell() != at:  # a seek makes the file system search for the place
                self._file.seek(at)
            return self._file.readinto(out) == BLOCK_LENGTH and intact(out, session, seq)
        except (OSError, OverflowError):  # the latter: no file is that long
            self._give_up()
            return False

    def _give_up(self) -> None:
        """Closes a file that failed: left to the collection, it would be closed in the middle of something else."""
        try:
            self.release()
        except OSError:
            self._file = None

    def _length(self, session: int) -> int:
        """Of a session's file, whole blocks; 0 where there is none."""
        try:
            return os.stat(self._catalogue.path(session))[6] // BLOCK_LENGTH
        except OSError:
            return 0
