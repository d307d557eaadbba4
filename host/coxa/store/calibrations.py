"""The table of calibrations: each stays as it was made; one that does not hold any more is marked, not removed."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coxa.store import writes
from coxa.store.records import to_text

if TYPE_CHECKING:
    from coxa.calibration.kept import Kept, NewCalibration

CALIBRATIONS = """
SELECT calibrations.*, people.name AS person FROM calibrations
LEFT JOIN people ON people.id = calibrations.person_id
"""


def row(found: sqlite3.Row) -> Kept:
    """A row of `CALIBRATIONS`."""
    from coxa.calibration.kept import Kept

    return Kept(
        id=found["id"],
        kind=found["kind"],
        uid=found["uid"],
        person=found["person"],
        side=found["side"],
        made_at=datetime.fromisoformat(found["made_at"]),
        data=found["data"],
        source=found["source"],
        coxa_version=found["coxa_version"],
        void=found["void"],
    )


def add(db: sqlite3.Connection, new: NewCalibration) -> int:
    """Its id; inside a transaction. The same text of the same source is the same calibration."""
    from coxa import __version__

    same = db.execute(
        "SELECT id FROM calibrations WHERE kind = ? AND source = ? AND data = ?", (new.kind, new.source, new.data)
    ).fetchone()
    if same:
        return int(same["id"])
    values = {
        "kind": new.kind,
        "uid": new.uid,
        "person_id": None if new.person is None else writes.person_id(db, new.person),
        "side": new.side,
        "made_at": to_text(new.made_at),
        "stored_at": to_text(datetime.now(UTC)),
        "coxa_version": __version__,
        "source": new.source,
        "data": new.data,
    }
    return writes.insert(db, "INSERT INTO calibrations", values)
