"""This computer's clock: sessions are ordered by it, and boards get their time of day from it."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from coxa.doctor.findings import Finding, good, trouble
from coxa.doctor.place import Place
from coxa.errors import CoxaError

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""Before Coxa was: a clock that says so has lost its battery."""
AHEAD = timedelta(minutes=5)
"""What was stored may lie ahead by so much: clocks are corrected now and then, by seconds as a rule."""

SETTING = {
    "linux": "Set it: `sudo timedatectl set-ntp true`; without a network `sudo date -s '2026-03-01 18:30'`.",
    "darwin": "Set it: `sudo sntp -sS time.apple.com`, or System Settings > General > Date & Time.",
    "win32": "Set it: Settings > Time & language > Date & time > Sync now.",
}


def look(place: Place) -> Iterator[Finding]:
    """The time now, beside what was stored last."""
    yield judged(datetime.now().astimezone(), _last_stored(place), sys.platform)


def judged(now: datetime, last_stored: datetime | None, system: str) -> Finding:
    """Whether the time can be right.

    Args:
        now: with the time zone of this computer.
        last_stored: when the newest session was stored, by the same clock then; None for none.
        system: as `sys.platform`.
    """
    mend = SETTING.get(system, SETTING["linux"])
    text = f"{now:%Y-%m-%d %H:%M} UTC{now:%z}"
    if now < EARLIEST:
        return trouble("clock.time", f"this computer's clock is wrong: it says {text}", mend, now=now.isoformat())
    if last_stored is not None and last_stored > now + AHEAD:
        what = f"this computer's clock says {text}, but a session was stored at {last_stored.astimezone(now.tzinfo)}"
        mend = f"One of the two is wrong; if it is now: {mend[0].lower()}{mend[1:]}"
        return trouble("clock.time", what, mend, now=now.isoformat(), last_stored=last_stored.isoformat())
    return good("clock.time", f"the clock says {text}", now=now.isoformat())


def _last_stored(place: Place) -> datetime | None:
    """When the newest session was stored; None where the store cannot tell, of which its own check speaks."""
    from coxa.doctor.store import reading

    try:
        with closing(reading(place.store_path())) as db:
            found = db.execute("SELECT max(stored_at) FROM sessions").fetchone()[0]
    except (CoxaError, sqlite3.Error, ImportError):
        return None
    return datetime.fromisoformat(found) if found else None
