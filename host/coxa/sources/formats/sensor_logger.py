"""Sensor Logger (Kelvin Choi): a zip archive or folder with one CSV per sensor.

Columns `time` (ns since 1970), `seconds_elapsed`, `z`, `y`, `x` (rad/s, m/s²). Android: TotalAcceleration.csv has
gravity, Accelerometer.csv has not. iOS: Accelerometer.csv plus Gravity.csv, both with the opposite sign unless
Metadata.csv says `standardisation` true. Orientation.csv has qw, qx, qy, qz. Sources: docs/formats.md.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime

from coxa.errors import InputError
from coxa.sources.formats.phones import merged, refuse_sensor, stream
from coxa.sources.recording import Format, Parsed
from coxa.sources.streams import Stream, resampled
from coxa.sources.table import find_table
from coxa.sources.text import Part

_AXES = ("x", "y", "z")
_QUATERNION = ("qw", "qx", "qy", "qz")


def _is_header(names: tuple[str, ...]) -> bool:
    return "seconds_elapsed" in names and ({*_AXES} <= {*names} or {*_QUATERNION} <= {*names})


def _claims(parts: tuple[Part, ...]) -> bool:
    return any(find_table(part, _is_header) is not None for part in parts)


def _streams(parts: tuple[Part, ...]) -> tuple[dict[str, Stream], tuple[str, ...]]:
    wanted = {"gyroscope", "totalacceleration", "accelerometer", "gravity", "orientation"}
    out: dict[str, Stream] = {}
    notes: tuple[str, ...] = ()
    for part in parts:
        table = find_table(part, _is_header)
        if table is None or part.stem not in wanted:
            continue
        names = _QUATERNION if part.stem == "orientation" else _AXES
        columns = [table.column(name) for name in ("seconds_elapsed", *names)]
        out[part.stem], more = stream(table, columns, part.stem)
        notes += more
    return out, notes


def _parse(parts: tuple[Part, ...], sensor: str | None) -> Parsed:
    where = parts[0].name.split("/")[0]
    refuse_sensor(sensor, where)
    metadata = _metadata(parts)
    started_at = _started_at(parts)
    streams, notes = _streams(parts)
    gyr = streams.get("gyroscope")
    if gyr is None:
        orientation = streams.get("orientation")
        if orientation is None:
            raise InputError(
                f"{where}: has no Gyroscope.csv",
                "Switch on Gyroscope and Total Acceleration, and give the exported zip or its folder.",
            )
        note = "no Gyroscope.csv: only the orientation of Orientation.csv was used"
        return Parsed(orientation.t_s, quat=orientation.values, notes=(*notes, note), started_at=started_at)
    total, more = _total(streams, where)
    sign, sign_note = _sign(metadata, "totalacceleration" in streams)
    return merged(gyr, Stream(total.t_s, sign * total.values), where, (*notes, *more, sign_note), started_at)


def _total(streams: dict[str, Stream], where: str) -> tuple[Stream, tuple[str, ...]]:
    """The acceleration with gravity: as recorded, or the sum of its two parts."""
    total = streams.get("totalacceleration")
    if total is not None:
        return total, ()
    linear, gravity = streams.get("accelerometer"), streams.get("gravity")
    if linear is None or gravity is None:
        has = "Accelerometer.csv, which is without gravity" if linear is not None else "no acceleration"
        raise InputError(
            f"{where}: has {has}", "Switch on Total Acceleration (Android) or Accelerometer and Gravity (iOS)."
        )
    rows, values, _ = resampled("gravity", gravity, linear.t_s, where)
    note = "acceleration is the sum of Accelerometer.csv and Gravity.csv"
    return Stream(linear.t_s[rows], linear.values[rows] + values), (note,)


def _metadata(parts: tuple[Part, ...]) -> dict[str, str]:
    part = next((part for part in parts if part.stem == "metadata"), None)
    rows = list(csv.reader(part.text.split("\n")[:2])) if part else []
    return dict(zip(rows[0], rows[1], strict=False)) if len(rows) == 2 else {}


def _sign(metadata: dict[str, str], has_total: bool) -> tuple[float, str]:
    platform = metadata.get("platform", "").strip().lower()
    if platform == "ios" and metadata.get("standardisation", "").strip().lower() != "true":
        return -1.0, "recorded on iOS: the sign of the acceleration was turned to count upwards"
    if platform or has_total:
        return 1.0, "the acceleration counts upwards"
    return 1.0, "no Metadata.csv: the sign of the acceleration was taken as on Android"


def _started_at(parts: tuple[Part, ...]) -> datetime | None:
    """From the epoch nanoseconds of the first row of the gyroscope."""
    part = next((part for part in parts if part.stem in ("gyroscope", "orientation")), None)
    table = find_table(part, _is_header) if part else None
    if table is None or "time" not in table.header or not table.rows:
        return None
    try:
        return datetime.fromtimestamp(float(table.rows[0].split(table.delimiter)[table.column("time")]) * 1e-9, UTC)
    except (ValueError, OverflowError, OSError, IndexError):
        return None


FORMAT = Format("sensor-logger", "Sensor Logger", _claims, _parse)
