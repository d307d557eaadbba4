"""Blocks as they come from boards, kept by board, session and number until they are somebody's session."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from coxa.errors import StoreError
from coxa.store.database import explained, open_database, transaction


class Inbox:
    """The blocks of one board, by its uid (12 hex digits), in the store. Use it in a `with`.

    Every method raises `StoreError` when the file cannot be read or written; what `keep` has returned from is safe.
    """

    def __init__(self, path: Path, uid: str) -> None:
        """Opens the store, made new where there is none."""
        self.uid = uid
        self.path = Path(path)
        self._db = open_database(self.path)

    def __enter__(self) -> Inbox:
        """The inbox itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Closes the file."""
        with explained(self.path):
            self._db.close()

    def begin(self, session: int, info: bytes, *, unix_ms: int, n_blocks: int, crc32: int) -> None:
        """Notes what the board says of a session that is about to be fetched; what was noted before is replaced."""
        with transaction(self._db, self.path) as db:
            db.execute(
                "INSERT INTO inbox_sessions VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT (uid, session) DO UPDATE SET "
                "info = excluded.info, started_unix_ms = excluded.started_unix_ms, n_blocks = excluded.n_blocks, "
                "crc32 = excluded.crc32",
                (self.uid, session, info, unix_ms, n_blocks, crc32),
            )

    def keep(self, session: int, blocks: Sequence[tuple[int, bytes]]) -> int:
        """Keeps blocks (number, 180 bytes); returns the number before which all of the session are kept.

        Raises:
            StoreError: a block differs from the one kept under its number before: the board counts from 1 again, as
                after its flash was erased, or one of the two is damaged. Nothing of this call is kept then.
        """
        with transaction(self._db, self.path) as db:
            for seq, data in blocks:
                db.execute("INSERT OR IGNORE INTO inbox_blocks VALUES (?, ?, ?, ?)", (self.uid, session, seq, data))
                kept = "SELECT data FROM inbox_blocks WHERE uid = ? AND session = ? AND seq = ?"
                if db.execute(kept, (self.uid, session, seq)).fetchone()[0] != data:
                    raise StoreError(
                        f"block {seq} of session {session} of board {self.uid} differs from the one stored before",
                        "If the board's flash was erased, keep its earlier recordings in another store (--store FILE).",
                    )
            return self._prefix(db, session)

    def numbers(self, session: int) -> list[int]:
        """Numbers of the blocks that are there, ascending."""
        query = "SELECT seq FROM inbox_blocks WHERE uid = ? AND session = ? ORDER BY seq"
        with explained(self.path):
            return [int(row[0]) for row in self._db.execute(query, (self.uid, session))]

    def blocks(self, session: int) -> list[bytes]:
        """The blocks that are there, in order of their numbers."""
        query = "SELECT data FROM inbox_blocks WHERE uid = ? AND session = ? ORDER BY seq"
        with explained(self.path):
            return [bytes(row[0]) for row in self._db.execute(query, (self.uid, session))]

    def complete(self, session: int) -> None:
        """Notes that a session is whole and its checksum right."""
        with transaction(self._db, self.path) as db:
            db.execute("UPDATE inbox_sessions SET whole = 1 WHERE uid = ? AND session = ?", (self.uid, session))

    def whole(self) -> list[int]:
        """Numbers of the sessions that are whole, ascending."""
        query = "SELECT session FROM inbox_sessions WHERE uid = ? AND whole = 1 ORDER BY session"
        with explained(self.path):
            return [int(row[0]) for row in self._db.execute(query, (self.uid,))]

    def _prefix(self, db: sqlite3.Connection, session: int) -> int:
        """The first number that is not there."""
        query = (
            "SELECT coalesce(min(seq), -1) + 1 FROM inbox_blocks AS b WHERE uid = ?1 AND session = ?2 AND NOT EXISTS "
            "(SELECT 1 FROM inbox_blocks WHERE uid = ?1 AND session = ?2 AND seq = b.seq + 1)"
        )
        first = db.execute(
            "SELECT 1 FROM inbox_blocks WHERE uid = ? AND session = ? AND seq = 0", (self.uid, session)
        ).fetchone()
        return int(db.execute(query, (self.uid, session)).fetchone()[0]) if first else 0
