"""Blocks as they come from boards, kept by board, session and number until they are somebody's session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from coxa.errors import StoreError
from coxa.store.database import damaged, explained, open_database, transaction
from coxa.store.inbox_sessions import SESSIONS, InboxSession, inbox_session
from coxa.store.records import to_text

if TYPE_CHECKING:
    from coxa.link.clock import Ping


class Inbox:
    """The blocks of one board, by its uid (12 hex digits), in the store. Use it in a `with`.

    Every method raises `StoreError` when the file cannot be read or written; what `keep` has returned from is safe.
    """

    def __init__(self, path: Path, uid: str) -> None:
        """Opens the store, made new where there is none."""
        self.uid = uid
        self.path = Path(path)
        self._db = open_database(self.path)
        self._kept: dict[int, tuple[int, set[int]]] = {}
        """By session: the number before which all are kept, and the numbers kept after it."""

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
                "INSERT INTO inbox_sessions (uid, session, info, started_unix_ms, n_blocks, crc32) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (uid, session) DO UPDATE SET "
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
        return self._prefix(session, [seq for seq, _ in blocks])

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
        self._set(session, whole=1)

    def deleted(self, session: int) -> None:
        """Notes that the board has a session no more."""
        self._set(session, deleted_on_board=1)

    def unreadable(self, session: int, blocks: int) -> None:
        """Notes how many blocks the board cannot read."""
        self._set(session, unreadable=blocks)

    def started(self, session: int, at: datetime) -> None:
        """Notes when a session started, with time zone, as the host reckons it."""
        self._set(session, started_at=to_text(at))

    def adopted(self, session: int, session_id: int) -> None:
        """Notes which session of the store was made of it."""
        self._set(session, adopted_session_id=session_id)

    def note_pings(self, session: int, run: str, pings: Sequence[Ping]) -> None:
        """Keeps comparisons of the clocks; `run` names the host's clock, which another run may set otherwise."""
        with transaction(self._db, self.path) as db:
            db.executemany(
                "INSERT OR IGNORE INTO inbox_pings VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(self.uid, session, run, one.t1_us, one.t2_us, one.held_us, one.t4_us) for one in pings],
            )

    def pings(self, session: int) -> list[Ping]:
        """Comparisons of the clocks by one clock of the host, in order: that of the run with the most."""
        from coxa.link.clock import Ping

        query = (
            "SELECT t1_us, t2_us, held_us, t4_us FROM inbox_pings WHERE uid = ?1 AND session = ?2 AND run = "
            "(SELECT run FROM inbox_pings WHERE uid = ?1 AND session = ?2 GROUP BY run "
            "ORDER BY count(*) DESC, max(t1_us) DESC LIMIT 1) ORDER BY t1_us"
        )
        with explained(self.path):
            return [Ping(*row) for row in self._db.execute(query, (self.uid, session))]

    def sessions(self) -> list[InboxSession]:
        """All sessions of the board of which anything is here, by their numbers."""
        with explained(self.path):
            found = self._db.execute(SESSIONS, (self.uid,)).fetchall()
        try:
            return [inbox_session(row) for row in found]
        except (ValueError, TypeError) as error:
            raise damaged(self.path) from error

    def whole(self) -> list[int]:
        """Numbers of the sessions that are whole, ascending."""
        query = "SELECT session FROM inbox_sessions WHERE uid = ? AND whole = 1 ORDER BY session"
        with explained(self.path):
            return [int(row[0]) for row in self._db.execute(query, (self.uid,))]

    def _set(self, session: int, **values: Any) -> None:
        changes = ", ".join(f"{name} = ?" for name in values)
        with transaction(self._db, self.path) as db:
            query = f"UPDATE inbox_sessions SET {changes} WHERE uid = ? AND session = ?"
            db.execute(query, (*values.values(), self.uid, session))

    def _prefix(self, session: int, more: Sequence[int]) -> int:
        """The first number that is not there, after `more` were kept. The file is looked at but once."""
        prefix, beyond = self._kept.get(session) or self._look(session)
        beyond.update(seq for seq in more if seq >= prefix)
        while prefix in beyond:
            beyond.remove(prefix)
            prefix += 1
        self._kept[session] = prefix, beyond
        return prefix

    def _look(self, session: int) -> tuple[int, set[int]]:
        query = "SELECT count(*), max(seq) FROM inbox_blocks WHERE uid = ? AND session = ?"
        with explained(self.path):
            count, highest = self._db.execute(query, (self.uid, session)).fetchone()
        return (count, set()) if count == (highest or 0) + 1 else (0, set(self.numbers(session)))
