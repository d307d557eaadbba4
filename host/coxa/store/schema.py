"""The tables of the store, and how an older store becomes a current one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from coxa.errors import StoreError

FORMAT = "coxa.store/1"

APPLICATION_ID = 0x434F5841
"""`PRAGMA application_id` of a store, "COXA" in ASCII: tells it from the SQLite files of other programs."""

_VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    hip_surgery TEXT NOT NULL DEFAULT 'unknown' CHECK (hip_surgery IN ('no', 'yes', 'unknown')),
    created_at TEXT NOT NULL
);
CREATE TABLE sensors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER NOT NULL REFERENCES people (id),
    sensor_id INTEGER REFERENCES sensors (id),
    side TEXT NOT NULL CHECK (side IN ('left', 'right')),
    position TEXT NOT NULL,
    protocol TEXT NOT NULL,
    started_at TEXT NOT NULL,
    started_from TEXT NOT NULL CHECK (started_from IN ('recording', 'file', 'user')),
    stored_at TEXT NOT NULL,
    source_format TEXT NOT NULL,
    source_name TEXT NOT NULL,
    source_sha256 TEXT NOT NULL,
    notes TEXT NOT NULL DEFAULT '',
    discomfort INTEGER CHECK (discomfort BETWEEN 0 AND 10),
    UNIQUE (person_id, side, position, source_sha256)
);
CREATE INDEX sessions_in_time ON sessions (person_id, started_at);
CREATE TABLE blocks (
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    seq INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (session_id, kind, seq)
);
CREATE TABLE results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    coxa_version TEXT NOT NULL,
    protocol TEXT NOT NULL,
    created_at TEXT NOT NULL,
    format TEXT NOT NULL,
    label TEXT NOT NULL,
    reps_valid INTEGER NOT NULL,
    ir_mean_deg REAL,
    er_mean_deg REAL,
    arc_mean_deg REAL,
    ir_mean_sd_deg REAL,
    er_mean_sd_deg REAL,
    arc_mean_sd_deg REAL,
    score REAL,
    json TEXT NOT NULL,
    UNIQUE (session_id, coxa_version, protocol)
);
"""


def _first(db: sqlite3.Connection) -> None:
    for statement in _VERSION_1.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("INSERT INTO meta VALUES ('format', ?)", (FORMAT,))


_VERSION_2 = """
CREATE TABLE inbox_sessions (
    uid TEXT NOT NULL,
    session INTEGER NOT NULL,
    info BLOB NOT NULL,
    started_unix_ms INTEGER NOT NULL,
    n_blocks INTEGER NOT NULL,
    crc32 INTEGER NOT NULL,
    whole INTEGER NOT NULL DEFAULT 0 CHECK (whole IN (0, 1)),
    PRIMARY KEY (uid, session)
);
CREATE TABLE inbox_blocks (
    uid TEXT NOT NULL,
    session INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (uid, session, seq)
);
"""


def _second(db: sqlite3.Connection) -> None:
    for statement in _VERSION_2.split(";"):
        db.execute(statement)


_VERSION_3 = """
CREATE TABLE boards (
    uid TEXT PRIMARY KEY CHECK (length(uid) = 12),
    name TEXT NOT NULL,
    role TEXT CHECK (role IN ('left-thigh', 'right-thigh', 'pelvis', 'left-shank', 'right-shank')),
    secret BLOB NOT NULL CHECK (length(secret) IN (0, 16)),
    firmware TEXT NOT NULL,
    trusted_at TEXT,
    last_seen TEXT
);
CREATE TABLE inbox_pings (
    uid TEXT NOT NULL,
    session INTEGER NOT NULL,
    run TEXT NOT NULL,
    t1_us INTEGER NOT NULL,
    t2_us INTEGER NOT NULL,
    held_us INTEGER NOT NULL,
    t4_us INTEGER NOT NULL,
    PRIMARY KEY (uid, session, run, t1_us)
);
ALTER TABLE inbox_sessions ADD COLUMN deleted_on_board INTEGER NOT NULL DEFAULT 0 CHECK (deleted_on_board IN (0, 1));
ALTER TABLE inbox_sessions ADD COLUMN unreadable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbox_sessions ADD COLUMN started_at TEXT;
ALTER TABLE inbox_sessions ADD COLUMN adopted_session_id INTEGER REFERENCES sessions (id) ON DELETE SET NULL
"""


def _third(db: sqlite3.Connection) -> None:
    for statement in _VERSION_3.split(";"):
        db.execute(statement)


_VERSION_4 = """
CREATE TABLE calibrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('sensor', 'body', 'skin')),
    uid TEXT NOT NULL,
    person_id INTEGER REFERENCES people (id),
    side TEXT CHECK (side IN ('left', 'right')),
    made_at TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    coxa_version TEXT NOT NULL,
    source TEXT NOT NULL,
    data TEXT NOT NULL,
    void TEXT NOT NULL DEFAULT '',
    CHECK ((kind = 'sensor') = (person_id IS NULL AND side IS NULL))
);
CREATE TABLE results_4 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    coxa_version TEXT NOT NULL,
    protocol TEXT NOT NULL,
    calibrations TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    format TEXT NOT NULL,
    label TEXT NOT NULL,
    reps_valid INTEGER NOT NULL,
    ir_mean_deg REAL,
    er_mean_deg REAL,
    arc_mean_deg REAL,
    ir_mean_sd_deg REAL,
    er_mean_sd_deg REAL,
    arc_mean_sd_deg REAL,
    thigh_ir_mean_deg REAL,
    thigh_er_mean_deg REAL,
    thigh_arc_mean_deg REAL,
    thigh_ir_mean_sd_deg REAL,
    thigh_er_mean_sd_deg REAL,
    thigh_arc_mean_sd_deg REAL,
    score REAL,
    json TEXT NOT NULL,
    UNIQUE (session_id, coxa_version, protocol, calibrations)
);
INSERT INTO results_4
    SELECT id, session_id, coxa_version, protocol, '', created_at, format, label, reps_valid, ir_mean_deg, er_mean_deg,
        arc_mean_deg, ir_mean_sd_deg, er_mean_sd_deg, arc_mean_sd_deg, ir_mean_deg, er_mean_deg, arc_mean_deg,
        ir_mean_sd_deg, er_mean_sd_deg, arc_mean_sd_deg, score, json
    FROM results;
DROP TABLE results;
ALTER TABLE results_4 RENAME TO results
"""


def _fourth(db: sqlite3.Connection) -> None:
    for statement in _VERSION_4.split(";"):
        db.execute(statement)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first, _second, _third, _fourth)
"""Step i brings a store from version i to i + 1; an empty file has version 0. Steps are added, never changed."""


def check(db: sqlite3.Connection, where: str) -> int:
    """The version of an opened file, 0 for an empty one.

    Raises:
        StoreError: the file belongs to another program, or to a newer Coxa.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    tables = int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if application != APPLICATION_ID and (tables or version or application):
        raise StoreError(f"{where} is a database of another program", "Choose another file with --store FILE.")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{where} has store format {version}; this Coxa knows up to {len(MIGRATIONS)}",
            "Update Coxa (pip install --upgrade coxa), or choose another file with --store FILE.",
        )
    return version


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring a store from `version` to the current one; call it inside a transaction."""
    for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
        step(db)
        db.execute(f"PRAGMA user_version = {number}")
