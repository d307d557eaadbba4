"""Records sessions to flash, block by block, and gives the blocks back; see docs/recorder.md."""

import os

from micropython import const

from coxa_board.archive import Archive
from coxa_board.blocklog import RING_BLOCKS, BlockLog
from coxa_board.sessions import END_UNKNOWN, OPEN, Catalogue, Record
from coxa_wire import BLOCK_LENGTH, INFO_LENGTH, LAST
from coxa_wire.command import BAD_ARG, BAD_STATE, BUSY, FLASH_FULL, INTERNAL, OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MIN_BLOCKS = const(660)  # no session is started where less than a minute has room
_RESERVE_BYTES = const(32768)  # 8 sectors: for the file system's and the sessions' records, and for other files
_SECTOR_OVERHEAD = const(8)  # bytes of pointers in a sector of a file of littlefs, on average
_MAX_SESSION = const(65535)


class RecorderError(Exception):
    """A session cannot be started. `str()` is one line for a person.

    Attributes:
        status: for the host, of coxa_wire.command.
    """

    def __init__(self, status: int, what: str) -> None:
        """Takes the status and the line."""
        super().__init__(what)
        self.status = status


class Recorder(BlockLog):
    """Writes one session at a time (`slot`, `append`, `flush`: see `BlockLog`); reads, lists and deletes them."""

    def __init__(
        self, folder: str, *, reserve_bytes: int = _RESERVE_BYTES, working: Callable[[], None] | None = None
    ) -> None:
        """Makes the buffers; `recover` comes next.

        Args:
            folder: of the sessions.
            reserve_bytes: how much of its file system to leave free.
            working: called now and then while a session is read whole, which takes seconds: for the watchdog.
        """
        super().__init__()
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._catalogue = Catalogue(folder)
        self._archive = Archive(self._catalogue, working)
        self._ready = False
        self._record = Record(0)

    def recover(self) -> list[str]:
        """Once, before anything else: reads the catalogue and closes what a power cut left open; one line for each.

        Raises:
            OSError: the file system does not work.
        """
        self._catalogue.load()
        self._ready = True
        return self._archive.recover()

    @property
    def next_number(self) -> int:
        """Of the session that `start` begins when it is not told one."""
        return self._catalogue.last + 1

    def start(self, *, session: int = 0, unix_ms: int = 0, token: int = 0, profile: int, info: bytes) -> int:
        """Starts a session and returns its number; that of the running one if the same token asks again.

        Args:
            session: its number, higher than any before; 0 for the next.
            unix_ms: time of day, ms; 0 not known.
            token: of the host; 0 for none.
            profile: of the blocks.
            info: INFO of the board, 48 bytes.

        Raises:
            RecorderError: status BUSY, BAD_STATE (before `recover`), BAD_ARG, FLASH_FULL or INTERNAL.
        """
        if self.recording:
            if token and token == self._record.token and session in (0, self.session):
                return self.session
            raise RecorderError(BUSY, f"session {self.session} is being recorded")
        if not self._ready:
            raise RecorderError(BAD_STATE, "the recorder has not read its folder yet")
        last = self._catalogue.last
        number = session or self.next_number
        if not last < number <= _MAX_SESSION or len(info) != INFO_LENGTH:
            raise RecorderError(BAD_ARG, f"a session after {last} cannot be {number}, with INFO of {len(info)} bytes")
        self._archive.release()
        try:
            capacity = self._room()
            if capacity < _MIN_BLOCKS:
                raise RecorderError(FLASH_FULL, f"the flash has room for {capacity} blocks, less than a minute")
            self._record = record = Record(number)
            record.profile = profile
            record.token = token
            record.unix_ms = unix_ms
            record.info = info
            self._catalogue.write(record)
            self._open(number, self._catalogue.path(number), capacity, os.statvfs(self._folder)[0])
        except OSError as error:
            self.write_errors += 1
            raise RecorderError(INTERNAL, f"the flash does not take session {number}: {error}") from None
        return number

    def stop(self) -> int:
        """Ends the session, its last block being appended; returns a status.

        BAD_STATE: none is recorded. FLASH_FULL: blocks in memory could not be written, the session ends before them.
        INTERNAL: its record could not be written, `recover` will.
        """
        if not self.recording:
            return BAD_STATE
        complete = self._end()
        record = self._record
        record.n_blocks = self.next_seq
        record.crc32 = self.crc32
        final = self._slots[(self.next_seq - 1) % RING_BLOCKS]
        record.flags = 0 if self.next_seq and final[1] & LAST else END_UNKNOWN
        try:
            self._catalogue.write(record)
        except OSError:
            self.write_errors += 1
            return INTERNAL
        return OK if complete else FLASH_FULL

    def read(self, session: int, seq: int, out: bytearray) -> bool:
        """Copies a block into 180 bytes, from memory or flash; False where it is not there or not intact."""
        if self.recording and session == self.session:
            return self._recall(seq, out)
        return self._archive.read(session, seq, out)

    def free_blocks(self) -> int:
        """How many more blocks the session can have, or the next one."""
        return max(0, self._capacity - self.next_seq) if self.recording else self._room()

    def sessions(self) -> list[int]:
        """Numbers of the sessions there are, ascending, that being recorded included. Not to be changed."""
        return self._catalogue.numbers

    def describe(self, session: int) -> tuple[int, int, int, int] | None:
        """Blocks, CRC-32 over the intact ones in order, start in Unix ms, flags; None for no such session.

        While it is recorded, the CRC-32 is 0.
        """
        if self.recording and session == self.session:
            return self.next_seq, 0, self._record.unix_ms, OPEN
        record = self._archive.record(session, idle=not self.recording)
        return None if record is None else (record.n_blocks, record.crc32, record.unix_ms, record.flags)

    def info(self, session: int) -> bytes:
        """INFO of the board when the session started; empty for no such session, zero where it is lost."""
        record = self._archive.record(session, idle=False)
        return b"" if record is None else record.info

    def commit(self, session: int, n_blocks: int, crc32: int) -> int:
        """Deletes a session if these are its figures, and returns a status; OK again for one just deleted."""
        if self.recording and session == self.session:
            return BAD_STATE
        self._archive.release()
        try:
            status = self._catalogue.commit(session, n_blocks, crc32)
            if status == OK and self.recording and not self.full:
                self._capacity = self.flushed_seq + self._room()
        except OSError:
            self.write_errors += 1
            return INTERNAL
        return status

    @property
    def errors(self) -> int:
        """Reads and writes of flash that failed, and damaged blocks met, since power-on."""
        return self.write_errors + self._archive.errors

    def _room(self) -> int:
        """Blocks that fit the file system beside the reserve."""
        stat = os.statvfs(self._folder)
        sector, sectors, free = stat[0], stat[2], stat[3]
        if not 0 <= free <= sectors:  # littlefs counts some sectors twice: less than nothing when full
            return 0
        return max(0, (free - self._reserve_bytes // sector) * (sector - _SECTOR_OVERHEAD) // BLOCK_LENGTH)
