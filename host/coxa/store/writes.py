"""Rows written into the tables; each function is called inside a transaction."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from coxa.store.records import Origin, checked_name, name_key, to_text
from coxa.store.rows import HEADLINE_NUMBERS, MEANS

if TYPE_CHECKING:
    from coxa.results import Analysis


def person_id(db: sqlite3.Connection, name: str) -> int:
    """The id of a person, who is added if new."""
    db.execute(
        "INSERT OR IGNORE INTO people (name, name_key, created_at) VALUES (?, ?, ?)",
        (checked_name(name), name_key(name), _now()),
    )
    return int(db.execute("SELECT id FROM people WHERE name_key = ?", (name_key(name),)).fetchone()["id"])


def sensor_id(db: sqlite3.Connection, name: str | None) -> int | None:
    """The id of a sensor, which is added if new."""
    if name is None:
        return None
    db.execute("INSERT OR IGNORE INTO sensors (name, created_at) VALUES (?, ?)", (name, _now()))
    return int(db.execute("SELECT id FROM sensors WHERE name = ?", (name,)).fetchone()["id"])


def known(db: sqlite3.Connection, origin: Origin) -> int | None:
    """The id of the session that has this recording of this person, side and position."""
    found = db.execute(
        "SELECT id FROM sessions WHERE person_id = ? AND side = ? AND position = ? AND source_sha256 = ?",
        (person_id(db, origin.person), origin.side, origin.position, origin.source_sha256),
    ).fetchone()
    return int(found["id"]) if found else None


def session(db: sqlite3.Connection, origin: Origin) -> int:
    """A new session; its id."""
    values: dict[str, Any] = {
        "person_id": person_id(db, origin.person),
        "sensor_id": sensor_id(db, origin.sensor),
        "started_at": to_text(origin.started_at),
        "stored_at": _now(),
    }
    plain = ("side", "position", "protocol", "started_from", "source_format", "source_name", "source_sha256")
    values |= {name: getattr(origin, name) for name in (*plain, "notes", "discomfort")}
    return insert(db, "INSERT INTO sessions", values)


def tell(db: sqlite3.Connection, session_id: int, origin: Origin) -> None:
    """What the person newly says of a session that is there: start, notes, discomfort; and the protocol used now."""
    told: dict[str, Any] = {"protocol": origin.protocol}
    if origin.started_from == "user":
        told |= {"started_at": to_text(origin.started_at), "started_from": "user"}
    if origin.notes:
        told["notes"] = origin.notes
    if origin.discomfort is not None:
        told["discomfort"] = origin.discomfort
    changes = ", ".join(f"{name} = ?" for name in told)
    db.execute(f"UPDATE sessions SET {changes} WHERE id = ?", (*told.values(), session_id))


def result(db: sqlite3.Connection, session_id: int, protocol: str, analysis: Analysis) -> bool:
    """The result of a session, in place of one by the same version, protocol and calibrations; False if it is the
    current one."""
    content = analysis.to_dict()
    text = json.dumps(content)
    last = db.execute("SELECT * FROM results WHERE session_id = ? ORDER BY id DESC LIMIT 1", (session_id,)).fetchone()
    if last and (last["json"], last["protocol"]) == (text, protocol):
        return False
    values = {"session_id": session_id, "protocol": protocol, "created_at": _now(), "json": text}
    values["calibrations"] = " ".join(f"{one.kind}:{one.id}" for one in analysis.calibrations)
    values |= {name: content[name] for name in ("format", "coxa_version", "label")}
    values |= {name: content["set"][name] for name in HEADLINE_NUMBERS}
    at_thigh = content["thigh"] or content["set"]
    values |= {f"thigh_{name}": at_thigh[name] for name in MEANS}
    insert(db, "INSERT OR REPLACE INTO results", values)  # a new id: the current result has the highest
    return True


def insert(db: sqlite3.Connection, statement: str, values: dict[str, Any]) -> int:
    """A row of these columns, by a statement that begins like `INSERT INTO table`; its id."""
    marks = ", ".join("?" * len(values))
    cursor = db.execute(f"{statement} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _now() -> str:
    return to_text(datetime.now(UTC))
