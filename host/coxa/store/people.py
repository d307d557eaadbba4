"""Whose the sessions and calibrations in a store are."""

from __future__ import annotations

import difflib

from coxa.errors import UsageError
from coxa.store import rows, writes
from coxa.store.database import transaction
from coxa.store.opened import Opened
from coxa.store.records import HipSurgery, Person, name_key


class People(Opened):
    """Everyone in a store."""

    def people(self) -> list[Person]:
        """Everyone, by name."""
        return self._read(rows.person, f"{rows.PEOPLE} GROUP BY people.id ORDER BY name_key")

    def person(self, name: str) -> Person:
        """One person by name, upper or lower case.

        Raises:
            UsageError: not in the store; with the nearest name that is.
        """
        found = self._read(rows.person, f"{rows.PEOPLE} WHERE name_key = ? GROUP BY people.id", name_key(name))
        if found:
            return found[0]
        known = [person.name for person in self.people()]
        near = difflib.get_close_matches(name, known, n=1)
        advice = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known) or 'nobody yet'}."
        raise UsageError(f"there is no {name!r} in the store {self.path}", advice)

    def add_person(self, name: str, hip_surgery: HipSurgery | None = None) -> Person:
        """Add a person, or note `hip_surgery` of one who is there already."""
        with transaction(self._db, self.path) as db:
            writes.person_id(db, name)
            if hip_surgery is not None:
                db.execute("UPDATE people SET hip_surgery = ? WHERE name_key = ?", (hip_surgery, name_key(name)))
        return self.person(name)
