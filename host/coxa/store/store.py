"""The store: what the program asks of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from coxa.errors import StoreError, UsageError
from coxa.store import chunks, rows, writes
from coxa.store.calibrations import Calibrations
from coxa.store.database import transaction
from coxa.store.records import Origin, Saved, Session

if TYPE_CHECKING:
    from coxa.results import Analysis, Position, Side
    from coxa.samples import Samples

T = TypeVar("T")

WIRE_KIND = "wire/1"
INFO_KIND = "info/1"
"""Blocks of the board as received (180 bytes each, by their number), and what the board said of itself."""


class Store(Calibrations):
    """People, calibrations, sessions with their raw data, and results in one SQLite file. Use it in a `with`.

    Every method raises `StoreError` when the file cannot be read or written; a failed save leaves no trace.
    """

    def save(self, origin: Origin, samples: Samples, analysis: Analysis) -> Saved:
        """Keep a recording and its result: all of it or nothing.

        The same recording (by its SHA-256) of the same person, side and position is the same session, with what is
        newly told of it; a second result of one version, protocol and set of calibrations replaces the first only
        where it differs.
        """
        with transaction(self._db, self.path) as db:
            known = writes.known(db, origin)
            session_id = known if known is not None else writes.session(db, origin)
            if known is None:
                db.executemany(
                    "INSERT INTO blocks VALUES (?, ?, ?, ?)",
                    ((session_id, chunks.KIND, seq, data) for seq, data in enumerate(chunks.encode(samples))),
                )
            else:
                writes.tell(db, known, origin)
            return Saved(session_id, known is None, writes.result(db, session_id, origin.protocol, analysis))

    def save_blocks(self, origin: Origin, info: bytes, blocks: Iterable[tuple[int, bytes]]) -> int:
        """Keep blocks of a board as received, by number; the session's id.

        May be called again with more blocks, and with what is newly told of the session.

        Raises:
            StoreError: a block differs from the one already stored under its number.
        """
        with transaction(self._db, self.path) as db:
            known = writes.known(db, origin)
            session_id = known if known is not None else writes.session(db, origin)
            if known is not None:
                writes.tell(db, known, origin)
            db.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, 0, ?)", (session_id, INFO_KIND, info))
            for seq, data in blocks:
                db.execute("INSERT OR IGNORE INTO blocks VALUES (?, ?, ?, ?)", (session_id, WIRE_KIND, seq, data))
                kept = "SELECT data FROM blocks WHERE session_id = ? AND kind = ? AND seq = ?"
                if db.execute(kept, (session_id, WIRE_KIND, seq)).fetchone()[0] != data:
                    raise StoreError(f"block {seq} of session {session_id} differs from the one stored before")
            return session_id

    def remove(self, session_ids: tuple[int, ...]) -> None:
        """Take sessions out for good, with their raw data and results."""
        with transaction(self._db, self.path) as db:
            db.executemany("DELETE FROM sessions WHERE id = ?", [(one,) for one in session_ids])

    def sessions(
        self, person: str | None = None, side: Side | None = None, position: Position | None = None
    ) -> list[Session]:
        """Sessions in order of time, each with its current result.

        Raises:
            UsageError: the person is not in the store.
        """
        limits: dict[str, int | str | None] = {"sessions.side": side, "sessions.position": position}
        limits["sessions.person_id"] = self.person(person).id if person is not None else None
        given = {column: value for column, value in limits.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in given) or "1"
        query = f"{rows.SESSIONS} WHERE {where} ORDER BY started_at, sessions.id"
        return self._read(rows.session, query, *given.values())

    def session(self, session_id: int) -> Session:
        """One session.

        Raises:
            UsageError: there is none with this id.
        """
        found = self._read(rows.session, f"{rows.SESSIONS} WHERE sessions.id = ?", session_id)
        if not found:
            raise UsageError(f"there is no session {session_id} in the store {self.path}", "See `coxa sessions`.")
        return found[0]

    def samples(self, session_id: int) -> Samples:
        """The recording of a session, bit for bit as it was stored.

        Raises:
            StoreError: its raw data is damaged.
            InputError: it came from a board, and has no samples that can be used.
        """
        self.session(session_id)
        wire = self._blocks(session_id, WIRE_KIND)
        try:
            if wire:
                return _of_a_board(wire, self._blocks(session_id, INFO_KIND))
            return chunks.decode(self._blocks(session_id, chunks.KIND))
        except chunks.ChunkError as error:
            raise StoreError(
                f"the raw data of session {session_id} in {self.path} cannot be used: {error}",
                "Its stored result can still be shown; put a backup of the store in place to compute it anew.",
            ) from error

    def uid(self, session_id: int) -> str | None:
        """The sensor that recorded a session: the uid of a board, else the name of the sensor where it has one."""
        from coxa_wire import WireError, decode_info

        told = self._blocks(session_id, INFO_KIND)
        try:
            return decode_info(told[0]).uid.hex() if told else self.session(session_id).origin.sensor
        except WireError:
            return None

    def board_blocks(self, session_id: int) -> tuple[bytes, list[bytes]]:
        """What a board said of itself, and its blocks in order of their numbers.

        Raises:
            UsageError: the session did not come from a board.
        """
        session = self.session(session_id)
        info, blocks = self._blocks(session_id, INFO_KIND), self._blocks(session_id, WIRE_KIND)
        if not (info and blocks):
            raise UsageError(
                f"session {session_id} came from {session.origin.source_name}, not from a board",
                "Only what a board has recorded has blocks.",
            )
        return info[0], blocks

    def result(self, session_id: int) -> dict[str, Any]:
        """The current result of a session as its JSON object.

        Raises:
            StoreError: there is none yet.
        """
        query = "SELECT json FROM results WHERE session_id = ? ORDER BY id DESC LIMIT 1"
        found: list[dict[str, Any]] = self._read(lambda row: json.loads(row["json"]), query, session_id)
        if not found:
            raise StoreError(f"session {session_id} has no result yet", f"Run `coxa reanalyze {session_id}`.")
        return found[0]

    def save_result(self, session_id: int, protocol: str, analysis: Analysis) -> bool:
        """Keep a result of a stored session; False where the store had it already."""
        with transaction(self._db, self.path) as db:
            return writes.result(db, session_id, protocol, analysis)

    def _blocks(self, session_id: int, kind: str) -> list[bytes]:
        query = "SELECT data FROM blocks WHERE session_id = ? AND kind = ? ORDER BY seq"
        return self._read(lambda row: bytes(row["data"]), query, session_id, kind)


def _of_a_board(blocks: list[bytes], infos: list[bytes]) -> Samples:
    from coxa.decode import decode
    from coxa_wire import WireError, decode_info

    try:
        info = decode_info(infos[0])
    except (IndexError, WireError) as error:
        raise chunks.ChunkError("what the board said of itself is damaged or missing") from error
    return decode(blocks, info).samples
