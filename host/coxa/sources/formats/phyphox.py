"""phyphox (RWTH Aachen): CSV export, as one table or as a zip archive with one table per sensor.

Columns such as `"Time (s)","Gyroscope x (rad/s)",…` and `"Acceleration x (m/s^2)",…`; the words are translated with
the app's language, so units and axes decide. Separators: comma, semicolon or tab; decimal point or comma. A zip archive
has `meta/device.csv` (property,value) and `meta/time.csv` (event, experiment time, system time).
On iOS the accelerometer is Core Motion's times 9.81: gravity counts downwards, so the sign is turned.
Sources: docs/formats.md.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from coxa.errors import InputError
from coxa.sources.formats.phones import merged, refuse_sensor, stream
from coxa.sources.recording import Format, Parsed
from coxa.sources.streams import Stream
from coxa.sources.table import Table, find_table
from coxa.sources.text import Part

_TIME = re.compile(r".*\(s\)")
_AXIS = re.compile(r"(?P<word>.*?)\s*\b(?P<axis>[xyz])\s*\((?P<unit>rad/s|m/s\^2|m/s²|m/sÂ²)\)", re.IGNORECASE)
_LINEAR = re.compile(r"linear|without|ohne|sans|sin ", re.IGNORECASE)
_APPLE = re.compile(r"iphone|ipad|ipod|apple", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Sensor:
    """Three columns of one sensor: word in the header, whether rad/s, the table, columns of time, x, y, z."""

    word: str
    is_gyroscope: bool
    table: Table
    columns: list[int]


def _is_header(names: tuple[str, ...]) -> bool:
    return bool(_TIME.fullmatch(names[0])) and any(_AXIS.fullmatch(name) for name in names)


def _sensors(parts: tuple[Part, ...]) -> list[_Sensor]:
    out: list[_Sensor] = []
    for part in parts:
        table = find_table(part, _is_header)
        if table is None:
            continue
        found: dict[tuple[str, bool], dict[str, int]] = {}
        for index, name in enumerate(table.header):
            match = _AXIS.fullmatch(name)
            if match:
                key = (match["word"].strip(), match["unit"].lower() == "rad/s")
                found.setdefault(key, {})[match["axis"].lower()] = index
        out += [
            _Sensor(word, is_gyroscope, table, [0, axes["x"], axes["y"], axes["z"]])
            for (word, is_gyroscope), axes in found.items()
            if len(axes) == 3
        ]
    return out


def _claims(parts: tuple[Part, ...]) -> bool:
    return any(find_table(part, _is_header) is not None for part in parts)


def _only(sensors: list[_Sensor], what: str, where: str) -> _Sensor:
    if not sensors:
        raise InputError(
            f"{where}: has no {what}",
            "Record gyroscope and 'acceleration (with g)' in one experiment; give the exported zip or its folder.",
        )
    if len(sensors) > 1:
        names = ", ".join(f"'{s.word}' in {s.table.where}" for s in sensors)
        raise InputError(f"{where}: has several of the {what}: {names}", "Keep the one that includes gravity.")
    return sensors[0]


def _parse(parts: tuple[Part, ...], sensor: str | None) -> Parsed:
    where = parts[0].name.split("/")[0]
    refuse_sensor(sensor, where)
    sensors = _sensors(parts)
    gyr = _only([s for s in sensors if s.is_gyroscope], "gyroscope", where)
    forces = [s for s in sensors if not s.is_gyroscope]
    acc = _only([s for s in forces if not _LINEAR.search(s.word)], "acceleration with gravity", where)
    gyr_stream, notes = stream(gyr.table, gyr.columns, "gyroscope")
    acc_stream, more = stream(acc.table, acc.columns, "accelerometer")
    sign, sign_note = _sign(parts)
    acc_stream = Stream(acc_stream.t_s, sign * acc_stream.values)
    return merged(gyr_stream, acc_stream, where, (*notes, *more, sign_note), _started_at(parts))


def _sign(parts: tuple[Part, ...]) -> tuple[float, str]:
    device = next((part for part in parts if part.stem == "device"), None)
    if device is None:
        return 1.0, "no meta/device.csv: the sign of the acceleration was taken as on Android"
    if _APPLE.search(device.text):
        return -1.0, "recorded on iOS: the sign of the acceleration was turned to count upwards"
    return 1.0, "recorded on Android: the acceleration counts upwards"


def _started_at(parts: tuple[Part, ...]) -> datetime | None:
    time = next((part for part in parts if part.stem == "time"), None)
    for row in csv.reader(time.text.split("\n")[:1000] if time else []):
        if len(row) >= 3 and row[0].strip() == "START":
            try:
                return datetime.fromtimestamp(float(row[2]), UTC)
            except (ValueError, OverflowError, OSError):
                return None
    return None


FORMAT = Format("phyphox", "phyphox", _claims, _parse)
