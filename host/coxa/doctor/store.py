"""The store: can it be opened, is it whole, is it kept where it is safe? Nothing is written."""

from __future__ import annotations

import re
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from coxa.doctor.access import may_use
from coxa.doctor.findings import Finding, counted, good, note, of_error, trouble
from coxa.doctor.place import Place

SYNCED = ("Dropbox", "OneDrive", "Google Drive", "GoogleDrive", "iCloud Drive", "Mobile Documents", "Nextcloud", "Sync")
"""Folders that a program copies elsewhere while it likes: a copy made while SQLite writes is damaged."""
BUSY_S = 5.0
"""To wait for another program that is writing."""
_NO_WRITING = re.compile("SQLITE_(CANTOPEN|READONLY)")
SHOWN = 3
"""So many complaints of SQLite are passed on: one is enough to know."""


def look(place: Place) -> Iterator[Finding]:
    """The file, its format, its contents as SQLite sees them, its place."""
    from coxa.errors import StoreError

    path = place.store_path()
    if not path.exists():
        yield from _none_yet(path)
        return
    try:
        with closing(reading(path)) as db:
            yield from _opened(db, path)
    except StoreError as error:
        yield _with_command(of_error("store.file", error, path=str(path)), path)
    yield from kept(path, path.stat().st_mode, sys.platform)


def reading(path: Path) -> sqlite3.Connection:
    """The store as it is, never brought up to date as other commands do.

    Raises:
        StoreError: it cannot be opened, is of a newer format, or is no store.
    """
    from coxa.errors import StoreError
    from coxa.store import schema
    from coxa.store.database import explained

    if path.is_dir():
        raise StoreError(f"the store {path} is a folder", "Give a file, e.g. --store coxa.sqlite.")
    # As a writer, who tidies up behind himself; else as it is, where nothing can be written nor is half written.
    wal = path.with_name(f"{path.name}-wal")
    modes = ("rw", "ro") if wal.exists() and wal.stat().st_size else ("rw", "ro", "ro&immutable=1")
    with explained(path):
        for mode in modes:
            db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S)
            try:
                db.execute("PRAGMA query_only = ON")
                schema.check(db, str(path))
                return db
            except BaseException as error:
                db.close()
                if mode == modes[-1] or not _NO_WRITING.match(getattr(error, "sqlite_errorname", "")):
                    raise
    raise AssertionError("the last mode returns or raises")


def _none_yet(path: Path) -> Iterator[Finding]:
    what, folder = f"there is no store yet; it would be {path}", path.absolute().parent
    if not folder.is_dir():
        yield trouble("store.file", f"{what}, but there is no such folder", f"Make it: `mkdir -p {_word(folder)}`.")
    elif not may_use(folder):
        yield trouble("store.file", f"{what}, but you may not write there", _mine(folder, sys.platform))
    else:
        yield note("store.file", what, "A first `coxa analyze FILE …` or `coxa record` makes it.", path=str(path))


def _opened(db: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    from coxa.store import schema
    from coxa.store.database import explained

    with explained(path):
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        complaints = [str(row[0]) for row in db.execute(f"PRAGMA integrity_check({SHOWN})")]
        strays = len(db.execute("PRAGMA foreign_key_check").fetchall())
        number = int(db.execute("SELECT count(*) FROM sessions").fetchone()[0]) if version else 0
    size = sum(one.stat().st_size for one in (path, path.with_name(f"{path.name}-wal")) if one.exists())
    data: dict[str, Any] = {"path": str(path), "version": version, "bytes": size, "sessions": number}
    if complaints != ["ok"]:
        found = " ".join("; ".join(complaints).split())
        yield trouble("store.file", f"the store {path} is damaged: {found}", _rescue(path), **data)
    elif strays:
        what = f"{counted(strays, 'row')} of the store {path} belong to what is no longer there"
        yield trouble("store.file", what, _rescue(path), **data)
    elif version:
        yield good("store.file", f"{path}: {counted(number, 'session')}, {size / 1e6:.1f} MB, whole", **data)
    if version == 0:
        yield note("store.file", f"{path} is empty; it becomes a store when something is first kept in it", **data)
    elif version < len(schema.MIGRATIONS):
        what = f"the store has format {version}; this Coxa writes {len(schema.MIGRATIONS)}"
        yield note("store.format", what, "`coxa sessions` brings it up to date; older versions of Coxa then refuse it.")
    if not (may_use(path) and may_use(path.absolute().parent)):
        what = "the store can be read, but you may not write to it or its folder"
        yield trouble("store.write", what, _mine(path, sys.platform))


def kept(path: Path, mode: int, system: str) -> Iterator[Finding]:
    """Who else can read the file, and what else writes where it is.

    Args:
        path: of the store.
        mode: its permissions, as `st_mode`; without meaning on Windows.
        system: as `sys.platform`.
    """
    if system != "win32" and mode & 0o077:
        what = "other users of this computer may read the store: people's movement, and the secrets of boards"
        yield note("store.private", what, f"Keep it to yourself: `chmod 600 {_word(path)}`.", mode=f"{mode & 0o777:o}")
    synced = [one for one in path.absolute().parent.parts if one.startswith(SYNCED)]
    if synced:
        what = f"the store is in {synced[0]}, which may copy it while it is being written; such a copy is damaged"
        mend = "Keep it in your data folder (leave out --store, COXA_STORE, `store =`), and put backups there instead."
        yield note("store.synced", what, mend, folder=synced[0])


def _with_command(found: Finding, path: Path) -> Finding:
    """What is damaged gets the exact command."""
    return trouble(found.check, found.what, _rescue(path), **found.data) if found.what.endswith("is damaged") else found


def _rescue(path: Path) -> str:
    saved = path.with_suffix(".rescued.sqlite")
    return (
        f"Put a backup in its place. Without one, `coxa doctor --store {_word(path)} --rescue {_word(saved)}` copies "
        "what can be read into a new store, which then takes its place. Keep the damaged file."
    )


def _mine(path: Path, system: str) -> str:
    if system == "win32":
        return "Check its permissions (Properties > Security), or choose another file with `--store FILE`."
    return f"Make it yours: `sudo chown -R $USER {_word(path)}`; or choose another file with `--store FILE`."


def _word(path: Path) -> str:
    return f'"{path}"' if sys.platform == "win32" else shlex.quote(str(path))
