"""The table of calibrations: each stays as it was made; one that does not hold any more is marked, not removed."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coxa.errors import UsageError
from coxa.results import Side
from coxa.store import writes
from coxa.store.database import transaction
from coxa.store.people import People
from coxa.store.records import to_text

if TYPE_CHECKING:
    from coxa.calibration.kept import Kept, Kind, NewCalibration

CALIBRATIONS = """
SELECT calibrations.*, people.name AS person FROM calibrations
LEFT JOIN people ON people.id = calibrations.person_id
"""


class Calibrations(People):
    """What calibrates the sensors and people of a store."""

    def save_calibration(self, new: NewCalibration) -> int:
        """Keep a calibration; its id. Keeping the same again changes nothing."""
        with transaction(self._db, self.path) as db:
            return add(db, new)

    def calibrations(
        self, kind: Kind | None = None, uid: str | None = None, person: str | None = None, side: Side | None = None
    ) -> list[Kept]:
        """Calibrations in the order in which they were made, those that do not hold any more too.

        Raises:
            UsageError: the person is not in the store.
        """
        limits: dict[str, int | str | None] = {"kind": kind, "uid": uid, "side": side}
        limits["person_id"] = self.person(person).id if person is not None else None
        given = {column: value for column, value in limits.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in given) or "1"
        query = f"{CALIBRATIONS} WHERE {where} ORDER BY made_at, calibrations.id"
        return self._read(row, query, *given.values())

    def calibration(self, calibration_id: int) -> Kept:
        """One calibration.

        Raises:
            UsageError: there is none with this id.
        """
        query = f"{CALIBRATIONS} WHERE calibrations.id = ?"
        found = self._read(row, query, calibration_id)
        if not found:
            raise UsageError(
                f"there is no calibration {calibration_id} in the store {self.path}", "See `coxa calibrate list`."
            )
        return found[0]

    def void_calibration(self, calibration_id: int, why: str) -> None:
        """Note that a calibration does not hold any more; an empty reason takes that back.

        Raises:
            UsageError: there is none with this id.
        """
        self.calibration(calibration_id)
        with transaction(self._db, self.path) as db:
            db.execute("UPDATE calibrations SET void = ? WHERE id = ?", (why, calibration_id))


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
