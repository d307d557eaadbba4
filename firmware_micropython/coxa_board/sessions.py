"""The catalogue of the recorded sessions: what each file of blocks is, and which were deleted after a COMMIT.

A session is two files: `00001.blk`, its blocks, and `00001.ses`, its record; `last.bin` remembers the numbers that
are gone. Layouts are in docs/recorder.md.
"""

import os
import struct

from micropython import const

from coxa_board import smallfile
from coxa_wire import INFO_LENGTH
from coxa_wire.command import BAD_STATE, CRC_MISMATCH, NO_SESSION, OK

OPEN = const(1)  # being recorded
END_UNKNOWN = const(2)  # the last block does not say that it is the last: the power was cut
CORRUPT = const(4)  # blocks in it are damaged and will not be served

_RECORD = "<BHBBIQII48s"
_LAST = "<BHB"
_COMMITTED = "<HII"
_FORMAT = const(1)  # first byte of both kinds of file
_REMEMBERED = const(8)  # commits that are answered OK again; the host has one under way at a time


class Record:
    """What is known of a session beside its blocks.

    Attributes:
        session: its number on this board.
        flags: OPEN, END_UNKNOWN, CORRUPT, added up.
        profile: of its blocks.
        token: of the host that started it; 0 for none.
        unix_ms: when it started; 0 not known.
        n_blocks: up to its last intact block.
        crc32: over its intact blocks, in order.
        info: INFO of the board when it started, 48 bytes.
    """

    def __init__(self, session: int) -> None:
        """An open session without blocks, of which nothing else is known."""
        self.session = session
        self.flags = OPEN
        self.profile = 0
        self.token = 0
        self.unix_ms = 0
        self.n_blocks = 0
        self.crc32 = 0
        self.info = bytes(INFO_LENGTH)


class Catalogue:
    """The sessions in one folder.

    Attributes:
        numbers: of the sessions there are, ascending.
        last: the highest number ever given; none is given twice, as the host may still know the old one.
    """

    def __init__(self, folder: str) -> None:
        """Takes the folder; nothing is read before `load`."""
        self.numbers: list[int] = []
        self.last = 0
        self._folder = folder
        self._committed: list[tuple[int, int, int]] = []
        self._unsaved: dict[int, Record] = {}  # newer than what is in flash, which did not take them

    def load(self) -> None:
        """Reads the folder, made if need be, and clears away what a power cut left half done.

        Raises:
            OSError: the file system does not work.
        """
        self._make_folder()
        numbers: set[int] = set()
        for entry in os.ilistdir(self._folder):
            name = str(entry[0])
            if name.endswith(".tmp"):
                os.remove(f"{self._folder}/{name}")
            elif name[5:] in (".ses", ".blk") and name[:5].isdigit():
                numbers.add(int(name[:5]))
        self.numbers = sorted(numbers)
        self._load_last()
        self.last = max(self.last, self.numbers[-1] if self.numbers else 0)
        for session, _, _ in self._committed:
            if session in self.numbers:
                self._remove(session)

    def path(self, session: int) -> str:
        """Of the file of blocks."""
        return f"{self._folder}/{session:05d}.blk"

    def read(self, session: int) -> Record | None:
        """The record of a session; None where there is none or it is damaged."""
        if session in self._unsaved:
            return self._unsaved[session]
        data = smallfile.load(self._record_path(session))
        if len(data) != struct.calcsize(_RECORD) or data[0] != _FORMAT:
            return None
        record = Record(session)
        (
            _, number, record.flags, record.profile, record.token, record.unix_ms, record.n_blocks, record.crc32,
            record.info,
        ) = struct.unpack(_RECORD, data)  # fmt: skip
        return record if number == session else None

    def write(self, record: Record) -> None:
        """Saves a record, new or in place of the old one.

        Raises:
            OSError: the file system does not take it: it holds until power-off only.
        """
        self._unsaved[record.session] = record
        data = struct.pack(
            _RECORD, _FORMAT, record.session, record.flags, record.profile, record.token, record.unix_ms,
            record.n_blocks, record.crc32, record.info,
        )  # fmt: skip
        smallfile.save(self._record_path(record.session), data)
        del self._unsaved[record.session]
        self.last = max(self.last, record.session)
        if record.session not in self.numbers:
            self.numbers.append(record.session)
            self.numbers.sort()

    def commit(self, session: int, n_blocks: int, crc32: int) -> int:
        """Deletes a closed session if these are its figures; returns the status for the host.

        Raises:
            OSError: the file system does not work; the next `load` finishes what was begun.
        """
        figures = (session, n_blocks, crc32)
        if session not in self.numbers:
            return OK if figures in self._committed else NO_SESSION
        record = self.read(session)
        if record is None or record.flags & OPEN:
            return BAD_STATE
        if (record.n_blocks, record.crc32) != (n_blocks, crc32):
            return CRC_MISMATCH
        self._remember(figures)
        self._remove(session)
        return OK

    def _remember(self, figures: tuple[int, int, int]) -> None:
        """Before anything is deleted: from here on the deletion is finished even after a power cut."""
        if figures not in self._committed:
            self._committed = (self._committed + [figures])[-_REMEMBERED:]
        data = struct.pack(_LAST, _FORMAT, self.last, len(self._committed))
        for entry in self._committed:
            data += struct.pack(_COMMITTED, *entry)
        smallfile.save(f"{self._folder}/last.bin", data)

    def _load_last(self) -> None:
        data = smallfile.load(f"{self._folder}/last.bin")
        self.last = 0
        self._committed = []
        if len(data) < struct.calcsize(_LAST) or data[0] != _FORMAT:
            return
        _, self.last, count = struct.unpack_from(_LAST, data, 0)
        step = struct.calcsize(_COMMITTED)
        for at in range(struct.calcsize(_LAST), len(data) - step + 1, step)[:count]:
            session, n_blocks, crc32 = struct.unpack_from(_COMMITTED, data, at)
            self._committed.append((session, n_blocks, crc32))

    def _make_folder(self) -> None:
        made = ""
        for part in self._folder.strip("/").split("/"):
            made += "/" + part
            try:
                os.stat(made)
            except OSError:
                os.mkdir(made)

    def _remove(self, session: int) -> None:
        smallfile.remove(self.path(session))
        smallfile.remove(self._record_path(session))
        self.numbers.remove(session)
        self._unsaved.pop(session, None)

    def _record_path(self, session: int) -> str:
        return f"{self._folder}/{session:05d}.ses"
