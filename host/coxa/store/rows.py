"""From the tables to the values of `records`."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from coxa.results import Means
from coxa.store.records import Headline, Origin, Person, Session

HEADLINE_NUMBERS = (
    "reps_valid",
    "ir_mean_deg",
    "er_mean_deg",
    "arc_mean_deg",
    "ir_mean_sd_deg",
    "er_mean_sd_deg",
    "arc_mean_sd_deg",
    "score",
)
"""Keys of `set` in a result that are columns of their own."""

MEANS = Means.__slots__
"""Those of them that there are a second time, as read at the thigh, as columns `thigh_…`."""

PEOPLE = """
SELECT people.id, people.name, people.hip_surgery, count(sessions.id) AS sessions
FROM people LEFT JOIN sessions ON sessions.person_id = people.id
"""

SESSIONS = """
SELECT sessions.*, people.name AS person, sensors.name AS sensor, results.id AS result_id, results.coxa_version,
    results.protocol AS result_protocol, results.created_at, results.label, results.reps_valid, results.ir_mean_deg,
    results.er_mean_deg, results.arc_mean_deg, results.ir_mean_sd_deg, results.er_mean_sd_deg,
    results.arc_mean_sd_deg, results.score, results.calibrations, results.thigh_ir_mean_deg, results.thigh_er_mean_deg,
    results.thigh_arc_mean_deg, results.thigh_ir_mean_sd_deg, results.thigh_er_mean_sd_deg,
    results.thigh_arc_mean_sd_deg
FROM sessions
JOIN people ON people.id = sessions.person_id
LEFT JOIN sensors ON sensors.id = sessions.sensor_id
LEFT JOIN results ON results.id = (SELECT max(id) FROM results WHERE session_id = sessions.id)
"""


def person(row: sqlite3.Row) -> Person:
    """A row of `PEOPLE`."""
    return Person(row["id"], row["name"], row["hip_surgery"], row["sessions"])


def session(row: sqlite3.Row) -> Session:
    """A row of `SESSIONS`."""
    origin = Origin(
        person=row["person"],
        side=row["side"],
        position=row["position"],
        protocol=row["protocol"],
        started_at=datetime.fromisoformat(row["started_at"]),
        source_format=row["source_format"],
        source_name=row["source_name"],
        source_sha256=row["source_sha256"],
        started_from=row["started_from"],
        sensor=row["sensor"],
        notes=row["notes"],
        discomfort=row["discomfort"],
    )
    return Session(row["id"], origin, datetime.fromisoformat(row["stored_at"]), _headline(row))


def _headline(row: sqlite3.Row) -> Headline | None:
    if row["result_id"] is None:
        return None
    return Headline(
        coxa_version=row["coxa_version"],
        protocol=row["result_protocol"],
        created_at=datetime.fromisoformat(row["created_at"]),
        label=row["label"],
        **{name: row[name] for name in HEADLINE_NUMBERS},
        thigh=Means(**{name: row[f"thigh_{name}"] for name in MEANS}),
        calibrations=row["calibrations"],
    )
