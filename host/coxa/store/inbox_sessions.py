"""Sessions on boards of which something is in the store, with their figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_PARTS = """
WITH RECURSIVE numbers (session) AS (
    SELECT min(session) FROM inbox_blocks WHERE uid = ?1
    UNION ALL
    SELECT (SELECT min(session) FROM inbox_blocks WHERE uid = ?1 AND session > numbers.session)
    FROM numbers WHERE session IS NOT NULL
)
SELECT session FROM numbers WHERE session IS NOT NULL
"""
"""Sessions that have blocks, without a look at each block."""

SESSIONS = f"""
SELECT found.session, noted.info, coalesce(noted.started_unix_ms, 0), coalesce(noted.n_blocks, 0),
    coalesce(noted.crc32, 0), (SELECT count(*) FROM inbox_blocks AS b WHERE b.uid = ?1 AND b.session = found.session),
    coalesce(noted.unreadable, 0), coalesce(noted.whole, 0), coalesce(noted.deleted_on_board, 0), noted.started_at,
    noted.adopted_session_id
FROM (SELECT session FROM inbox_sessions WHERE uid = ?1 UNION SELECT * FROM ({_PARTS})) AS found
LEFT JOIN inbox_sessions AS noted ON noted.uid = ?1 AND noted.session = found.session
ORDER BY found.session
"""
"""All sessions of a board of which anything is there; its uid is the only value."""


@dataclass(frozen=True, slots=True)
class InboxSession:
    """What is known of a session on a board.

    Attributes:
        session: its number there.
        info: the 48 bytes of INFO when it started; empty where only blocks came so far.
        started_unix_ms, n_blocks, crc32: as the board listed it; 0 not known (yet).
        stored: how many of its blocks are here.
        unreadable: blocks that the board itself cannot read.
        whole: all its blocks are here and the checksum is right. `deleted`: the board has it no more.
        started_at: as the host reckons it, or None.
        adopted_session_id: the session in the store that was made of it, or None.
    """

    session: int
    info: bytes
    started_unix_ms: int
    n_blocks: int
    crc32: int
    stored: int
    unreadable: int
    whole: bool
    deleted: bool
    started_at: datetime | None
    adopted_session_id: int | None


def inbox_session(row: tuple[Any, ...]) -> InboxSession:
    """A row of `SESSIONS`. Raises ValueError or TypeError where the file is damaged."""
    session, info, unix_ms, n_blocks, crc32, stored, unreadable, whole, deleted, started_at, adopted = row
    at = None if started_at is None else datetime.fromisoformat(started_at).astimezone(UTC)
    return InboxSession(
        session=session,
        info=bytes(info or b""),
        started_unix_ms=unix_ms,
        n_blocks=n_blocks,
        crc32=crc32,
        stored=stored,
        unreadable=unreadable,
        whole=bool(whole),
        deleted=bool(deleted),
        started_at=at,
        adopted_session_id=adopted,
    )
