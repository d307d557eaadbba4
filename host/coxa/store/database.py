"""The SQLite file: opening it, transactions, and its errors in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from coxa.errors import StoreError
from coxa.store import schema

BUSY_TIMEOUT_S = 5.0
"""How long to wait for another program that is writing: a save takes well under a second."""

_DAMAGED = (
    "is damaged",
    "Keep a copy of it; put a backup in its place, or save what can be read: coxa doctor --store FILE --rescue NEW.",
)


def open_database(path: Path, *, write: bool = True, timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """Open a store, creating or migrating it where `write`; its folder must exist.

    Raises:
        StoreError: missing (when not `write`), not a store, of a newer format, locked, read-only, damaged.
    """
    if path.is_dir():
        raise StoreError(f"the store {path} is a folder", "Give a file, e.g. --store coxa.sqlite.")
    if not write and not path.exists():
        raise StoreError(
            f"there is no store at {path}",
            "A first `coxa analyze FILE …` makes one; `coxa demo` shows what it is good for.",
        )
    with explained(path):
        db = _connected(path, write, timeout_s)
        try:
            version = schema.check(db, str(path))
            if version < len(schema.MIGRATIONS):
                _bring_up_to_date(db, path, write)
        except BaseException:
            db.close()
            raise
        return db


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn SQLite's errors into a `StoreError` of one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(*_explanation(error, path)) from error
    except UnicodeDecodeError as error:  # in SQLite's own message, where a damaged file garbles it
        raise damaged(path) from error


def damaged(path: Path) -> StoreError:
    """The file cannot be right."""
    return StoreError(f"the store {path} {_DAMAGED[0]}", _DAMAGED[1])


@contextmanager
def transaction(db: sqlite3.Connection, path: Path) -> Generator[sqlite3.Connection]:
    """All of it is written, or nothing."""
    with explained(path):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _connected(path: Path, write: bool, timeout_s: float) -> sqlite3.Connection:
    if not write:
        return _for_reading(path, timeout_s)
    _make(path)
    db = _connect(path, "mode=rwc", timeout_s)
    try:
        schema.check(db, str(path))  # before anything is written into a file that may not be ours
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # a stored session survives a power cut
        db.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        db.close()
        raise
    return db


def _make(path: Path) -> None:
    """A new file is for its owner alone: it holds people's movement and the secrets of boards."""
    try:
        path.touch(mode=0o600, exist_ok=True)
    except OSError:
        return  # SQLite says what is wrong


def _for_reading(path: Path, timeout_s: float) -> sqlite3.Connection:
    """Read as a writer would, which tidies up behind itself; else only read.

    On a medium that cannot be written there is no room for the shared memory of WAL: there the file is taken as
    one that does not change, which holds as long as no WAL file with unfinished work lies beside it.
    """
    wal = path.with_name(path.name + "-wal")
    complete = not wal.exists() or wal.stat().st_size == 0
    modes = ("mode=rw", "mode=ro", *(("mode=ro&immutable=1",) if complete else ()))
    for mode in modes:
        db = _connect(path, mode, timeout_s)
        try:
            db.execute("PRAGMA query_only = ON")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            db.close()
            if mode == modes[-1] or not _name(error).startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
                raise
        else:
            return db
    raise AssertionError("the last mode returns or raises")


def _connect(path: Path, mode: str, timeout_s: float) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{mode}"
    return sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None)


def _bring_up_to_date(db: sqlite3.Connection, path: Path, write: bool) -> None:
    if write:
        with transaction(db, path):  # another program may have done it while this one waited
            schema.migrate(db, schema.check(db, str(path)))
        return
    with closing(open_database(path)):  # once for writing
        pass


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "") or ""


def _explanation(error: sqlite3.Error, path: Path) -> tuple[str, str]:
    """What is wrong and what to do, by SQLite's result code (https://sqlite.org/rescode.html)."""
    elsewhere = "or choose another file with --store FILE"
    by_code = {
        "SQLITE_BUSY": ("is in use by another program", "Close that program, or try again in a moment."),
        "SQLITE_LOCKED": ("is in use by another program", "Close that program, or try again in a moment."),
        "SQLITE_READONLY": ("cannot be written", f"Check the permissions of the file and its folder, {elsewhere}."),
        "SQLITE_PERM": ("cannot be written", f"Check the permissions of the file and its folder, {elsewhere}."),
        "SQLITE_CANTOPEN": ("cannot be opened", f"Check that its folder exists and is yours to write to, {elsewhere}."),
        "SQLITE_FULL": ("cannot grow: the disk is full", "Free some space and run it again; nothing stored is lost."),
        "SQLITE_IOERR": ("cannot be read or written", "Check the disk and its free space; nothing stored was changed."),
        "SQLITE_NOTADB": ("is not a Coxa store", "Choose another file with --store FILE; this one was left as it is."),
        "SQLITE_CORRUPT": _DAMAGED,
    }  # fmt: skip
    for code, (what, advice) in by_code.items():
        if _name(error).startswith(code):
            return f"the store {path} {what}", advice
    return f"the store {path} does not work: {error}", "Keep a copy of it, and choose another file with --store FILE."
