"""The raw data in the store: can every session be computed anew, is what boards sent still what they sent?"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from coxa.doctor.findings import Finding, NotExaminedError, counted, good, note, trouble
from coxa.doctor.place import Place
from coxa.errors import CoxaError, InputError, StoreError

if TYPE_CHECKING:
    import sqlite3

    from coxa.store import Store

T = TypeVar("T")

BUDGET_S = 30.0
"""For sessions, the newest first, and again for recordings of boards; `--all` reads on."""
LISTED = 10
"""Numbers of sessions that a sentence bears."""

_WHOLE = "SELECT uid, session, n_blocks, crc32 FROM inbox_sessions WHERE whole = 1 ORDER BY started_unix_ms DESC"
_BLOCKS = "SELECT data FROM inbox_blocks WHERE uid = ? AND session = ? ORDER BY seq LIMIT ?"

Recording = tuple[str, int, int, int]
"""Of a board: its uid, number, blocks, CRC-32 of them all."""


def look(place: Place) -> Iterator[Finding]:
    """Every session of the store, then every whole recording that came from a board."""
    from coxa import console
    from coxa.doctor.store import reading
    from coxa.store import Store, schema
    from coxa.store.database import explained

    path, seconds = place.store_path(), None if place.every else BUDGET_S
    if not path.exists():
        return
    try:
        with closing(reading(path)) as db, explained(path):
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version == 0:
                return
            if version < len(schema.MIGRATIONS):
                raise NotExaminedError("the store has an older format (see above)")
            numbers = [int(row[0]) for row in db.execute("SELECT id FROM sessions ORDER BY started_at DESC")]
            recordings: list[Recording] = db.execute(_WHOLE).fetchall()
            with Store(path, write=False) as store:
                tracked = console.track(numbers, "reading sessions", len(numbers)) if numbers else ()
                read = [(one, _fault(store, one)) for one in _within(seconds, tracked)]
            yield from of_sessions(read, len(numbers))
            compared = [(one, _same(db, one)) for one in _within(seconds, recordings)]
            yield from of_boards(compared, len(recordings), path)
    except StoreError as error:
        raise NotExaminedError("the store cannot be read (see above)") from error


def of_sessions(read: Sequence[tuple[int, CoxaError | None]], number: int) -> Iterator[Finding]:
    """What came of reading sessions.

    Args:
        read: the number of each, with its fault, or None.
        number: of all sessions in the store.
    """
    check = "store.raw"
    damaged = [one for one, fault in read if isinstance(fault, StoreError)]
    empty = [one for one, fault in read if isinstance(fault, InputError)]
    if damaged:
        what = f"the raw data of {counted(len(damaged), 'session')} cannot be read: {_listed(damaged)}"
        mend = f"Put a backup of the store in its place. Stored results can still be shown: `coxa show {damaged[0]}`."
        yield trouble(check, what, mend, damaged=damaged)
    if empty:
        what = f"{counted(len(empty), 'session')} from boards hold no samples that can be used: {_listed(empty)}"
        yield note(check, what, f"To take one out: `coxa remove {empty[0]}`.", unusable=empty)
    if read and not damaged:
        yield good(
            check, f"the raw data of {counted(len(read), 'session')} can be read to the last bit", read=len(read)
        )
    if len(read) < number:
        what = f"{counted(number - len(read), 'older session')} not read: after {BUDGET_S:.0f} s it was enough"
        yield note(check, what, "Read every one: `coxa doctor --all`.", left=number - len(read))


def of_boards(compared: Sequence[tuple[Recording, bool]], number: int, path: Path) -> Iterator[Finding]:
    """What came of comparing recordings with the checksum that their board gave.

    Args:
        compared: each, and whether it is the same.
        number: of all whole recordings in the store.
        path: of the store.
    """
    check = "store.received"
    changed = [f"{session} of board {uid}" for (uid, session, _, _), same in compared if not same]
    if changed:
        what = (
            f"{counted(len(changed), 'recording')} in {path} changed since it came from its board: {_listed(changed)}"
        )
        yield trouble(
            check, what, "Put a backup of the store in its place; if there is none, keep it.", changed=changed
        )
    elif compared:
        yield good(check, f"{counted(len(compared), 'recording')} as boards sent them", compared=len(compared))
    if len(compared) < number:
        what = f"{counted(number - len(compared), 'older recording')} of boards not compared"
        yield note(check, what, "Compare every one: `coxa doctor --all`.", left=number - len(compared))


def _fault(store: Store, session: int) -> CoxaError | None:
    try:
        store.samples(session)
    except (StoreError, InputError) as error:
        return error
    return None


def _same(db: sqlite3.Connection, recording: Recording) -> bool:
    uid, session, n_blocks, wanted = recording
    crc32, number = 0, 0
    for (block,) in db.execute(_BLOCKS, (uid, session, n_blocks)):
        crc32, number = zlib.crc32(block, crc32), number + 1
    return (number, crc32) == (n_blocks, wanted)


def _within(seconds: float | None, items: Iterable[T]) -> Iterator[T]:
    """The items until the time is over; at least one."""
    began = time.monotonic()
    for one in items:
        yield one
        if seconds is not None and time.monotonic() - began > seconds:
            return


def _listed(names: Sequence[object]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(str, names[:LISTED])) + more
