"""What phone apps have in common: gyroscope and accelerometer as two tables, each with its own times."""

from __future__ import annotations

from datetime import datetime

from coxa.errors import InputError
from coxa.sources.recording import Parsed
from coxa.sources.streams import Stream, resampled, without_repeats
from coxa.sources.table import Table, numbers


def stream(table: Table, columns: list[int], name: str) -> tuple[Stream, tuple[str, ...]]:
    """Time and the values beside it: the first column is the time in s, repeated times are left out."""
    values, notes = numbers(table, columns, skip_incomplete=True)
    kept, repeats = without_repeats(name, Stream(values[:, 0], values[:, 1:]))
    return kept, (*notes, *repeats)


def merged(gyr: Stream, acc: Stream, where: str, notes: tuple[str, ...], started_at: datetime | None = None) -> Parsed:
    """The accelerometer brought to the times of the gyroscope."""
    rows, values, more = resampled("accelerometer", acc, gyr.t_s, where)
    if not len(rows):
        raise InputError(
            f"{where}: gyroscope and accelerometer were not recorded at the same time", "Record both together."
        )
    return Parsed(gyr.t_s[rows], gyr.values[rows], values, notes=(*notes, *more), started_at=started_at)


def refuse_sensor(sensor: str | None, where: str) -> None:
    """Phones have one sensor of a kind."""
    if sensor is not None:
        raise InputError(f"{where}: a phone recording has one sensor", "Leave out the sensor.")
