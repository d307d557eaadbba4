"""What can still be read of a damaged store, copied into a new one.

SQLite's own `.recover` does not work in the sqlite3 of some systems (Debian 12: "SQL logic error"), and Windows has
no sqlite3 of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coxa.errors import StoreError, UsageError

ROWID_MOST = 1 << 40
"""A row's number beyond this is not looked for: a store has some million rows."""

_BACKUP = "Put a backup in its place."


@dataclass(slots=True)
class Rescued:
    """What came over.

    Attributes:
        kept: rows, by table.
        refused: rows that could be read, but belong to something that could not.
        holes: places in a table that could not be read.
    """

    kept: dict[str, int] = field(default_factory=dict[str, int])
    refused: int = 0
    holes: int = 0


def rescue(damaged: Path, new: Path) -> Rescued:
    """Copies all rows that can be read. The damaged file stays as it is.

    Raises:
        UsageError: there is a file at `new` already.
        StoreError: nothing can be read; or the new store cannot be written.
    """
    from coxa.store.database import explained, open_database, transaction

    if new.exists():
        raise UsageError(f"there is a file {new} already", "Choose a new name: --rescue FILE.")
    rescued = Rescued()
    with explained(damaged), closing(_reading(damaged)) as old:
        there = _tables(old)
        if "sessions" not in there:
            raise StoreError(f"the store {damaged} has no sessions", _BACKUP)
        with explained(new), closing(open_database(new)) as db, transaction(db, new):
            for table, columns in _tables(db).items():
                shared = [one for one in columns if one in there.get(table, ())]
                if shared:
                    rescued.kept[table] = _copied(old, db, table, shared, rescued)
    return rescued


def _reading(path: Path) -> sqlite3.Connection:
    """As it is; even where its end is missing, which SQLite refuses otherwise."""
    for mode in ("ro", "ro&immutable=1"):
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
        try:
            db.execute("PRAGMA writable_schema = ON")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return db
        except sqlite3.OperationalError:
            db.close()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            db.close()
            raise StoreError(f"nothing of the store {path} can be read ({error})", _BACKUP) from error
    raise StoreError(f"the store {path} cannot be opened", "Check the name of the file and its permissions.")


def _tables(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Columns of each table, those first that others refer to."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    names = [str(row[0]) for row in db.execute(query)]
    return {name: [str(row[1]) for row in db.execute(f"PRAGMA table_info({name})")] for name in names}


def _copied(old: sqlite3.Connection, db: sqlite3.Connection, table: str, columns: list[str], rescued: Rescued) -> int:
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})"
    kept = 0
    for row in _rows(old, table, columns, rescued):
        try:
            if table == "sessions":
                _person(db, row[columns.index("person_id")])
            db.execute(insert, row)
            kept += 1
        except sqlite3.IntegrityError:
            rescued.refused += 1
    return kept


def _person(db: sqlite3.Connection, number: int) -> None:
    """Somebody whose name could not be read stays a person of their own."""
    name = f"rescued {number}"
    db.execute(
        "INSERT OR IGNORE INTO people (id, name, name_key, created_at) VALUES (?, ?, ?, datetime('now'))",
        (number, name, name),
    )


def _rows(db: sqlite3.Connection, table: str, columns: list[str], rescued: Rescued) -> Iterator[tuple[Any, ...]]:
    """The rows in order of their numbers, past whatever cannot be read."""
    query = f"SELECT rowid, {', '.join(columns)} FROM {table} NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT 1"

    def following(number: int) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = db.execute(query, (number,)).fetchone()
        return found

    after = -1
    while True:
        try:
            row = following(after)
        except sqlite3.DatabaseError:
            rescued.holes += 1
            beyond = _beyond(following, after)
            if beyond is None:
                return
            after = beyond
            continue
        if row is None:
            return
        after = row[0]
        yield row[1:]


def _beyond(following: Callable[[int], object], after: int) -> int | None:
    """The lowest number behind which rows can be read again, None where there is none."""

    def fails(number: int) -> bool:
        try:
            following(number)
        except sqlite3.DatabaseError:
            return True
        return False

    step = 1
    while fails(after + step):
        step *= 2
        if step > ROWID_MOST:
            return None
    low, high = after + step // 2, after + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fails(middle) else (low, middle)
    return high
