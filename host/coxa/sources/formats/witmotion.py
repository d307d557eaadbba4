"""WitMotion: text export of the PC software and the app, tab or comma separated, two generations of names.

`Time, Device name, Chip Time(), Acceleration X(g)…, Angular velocity X(°/s)…, Angle X(°)…, Quaternions 0()…` and
`time, DeviceName, ChipTime(), AccX(g)…, AsX(°/s)…, AngleX(°)…, Q0()…`. Times such as `2025-10-9 8:18:9:94`,
`2026-10-02T07:48:45.830` or `16:09:58.052`; the chip's own time where it is filled, else the receiver's, which comes
in bursts. Several devices may share a file. Sources: docs/formats.md.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import numpy as np

from coxa.errors import InputError
from coxa.samples import GRAVITY_M_S2, Floats
from coxa.sources.recording import Format, Parsed
from coxa.sources.table import Table, chosen, find_table, numbers, texts
from coxa.sources.text import Part

MAX_BURST_S = 0.5
"""Receiver times may be that far from the even times of the sensor; Bluetooth delivers in bursts well below it."""

_DATE = re.compile(
    r"(?:(?P<y>\d{4})[-/](?P<mo>\d{1,2})[-/](?P<d>\d{1,2})[T ]\s*)?"
    r"(?P<h>\d{1,2}):(?P<mi>\d{1,2}):(?P<s>\d{1,2})(?P<sep>[.:])(?P<f>\d{1,6})"
)
_NAMES = {
    "acc": re.compile(r"acc(?:eleration )?\s*(?P<axis>[xyz])\s*\(g\)", re.IGNORECASE),
    "gyr": re.compile(r"(?:angular velocity |as)\s*(?P<axis>[xyz])\s*\((?:deg|\W{1,3})/s\)", re.IGNORECASE),
}


def _columns(names: tuple[str, ...], kind: str, axes: str) -> list[int] | None:
    matches = {m["axis"].lower(): i for i, name in enumerate(names) if (m := _NAMES[kind].fullmatch(name))}
    return [matches[axis] for axis in axes] if set(axes) <= set(matches) else None


def _is_header(names: tuple[str, ...]) -> bool:
    return any(_columns(names, kind, axes) is not None for kind, axes in (("acc", "xyz"), ("gyr", "xyz")))


def _claims(parts: tuple[Part, ...]) -> bool:
    return len(parts) == 1 and find_table(parts[0], _is_header) is not None


def _parse(parts: tuple[Part, ...], sensor: str | None) -> Parsed:
    table = find_table(parts[0], _is_header)
    assert table is not None
    table = _of_device(table, sensor)
    acc, gyr = _columns(table.header, "acc", "xyz"), _columns(table.header, "gyr", "xyz")
    if acc is None or gyr is None:
        raise InputError(
            f"{table.where}: has no {'acceleration' if acc is None else 'angular velocity'}",
            "Switch on acceleration and angular velocity in the recording's content.",
        )
    values, notes = numbers(table, [*acc, *gyr])
    t, started_at, more = _times(table, len(values))
    return Parsed(
        t, np.radians(values[:, 3:]), GRAVITY_M_S2 * values[:, :3], notes=(*notes, *more), started_at=started_at
    )


def _index(table: Table, *names: str) -> int | None:
    plain = [re.sub(r"[\s()]", "", name).lower() for name in table.header]
    return next((plain.index(name) for name in names if name in plain), None)


def _of_device(table: Table, sensor: str | None) -> Table:
    """The rows of one device."""
    column = _index(table, "devicename")
    if column is None:
        if sensor is not None:
            raise InputError(f"{table.where}: does not name its sensors", "Leave out the sensor.")
        return table
    devices = texts(table, column)
    names = sorted({name for name in devices if name})
    if len(names) <= 1 and sensor is None:
        return table
    name = chosen(names, sensor, table.where)
    rows = [row for row, device in zip(table.rows, devices, strict=True) if device == name]
    return Table(table.where, table.preamble, table.header, rows, table.first_line, table.delimiter)


def _times(table: Table, n: int) -> tuple[Floats, datetime | None, tuple[str, ...]]:
    """Seconds, the start, and notes: the chip's time if it increases, else the receiver's, evened out if bursty."""
    for source, names in (("chip", ("chiptime",)), ("receiver", ("time",))):
        column = _index(table, *names)
        if column is None:
            continue
        stamps = [_stamp(text) for text in texts(table, column)[:n]]
        known = [stamp for stamp in stamps if stamp is not None]
        if len(known) != n or n == 0:
            continue
        t = np.array([(stamp - known[0]).total_seconds() for stamp in known])
        t = np.where(t < -43200.0, t + 86400.0, t)  # a clock time without date that passed midnight
        started_at = known[0] if known[0].year > 1900 else None
        if (np.diff(t) > 0.0).all():
            return t, started_at, (f"time from the {source}",)
        evened = _evened(t)
        if evened is not None:
            return evened, started_at, (f"time from the {source}, evened out: its stamps come in bursts",)
    raise InputError(
        f"{table.where}: no column Time or Chip Time with increasing times in every row",
        "Export with time such as 2026-11-22 18:04:05.678 in each row.",
    )


def _evened(t: Floats) -> Floats | None:
    """Even times through bursts of equal stamps by a straight line; None where the stamps are no even stream."""
    if len(t) < 3 or (np.diff(t) < 0.0).any() or t[-1] <= t[0]:
        return None
    index = np.arange(len(t), dtype=float)
    slope, offset = np.polyfit(index, t, 1)
    line = slope * index + offset
    return line - line[0] if slope > 0.0 and float(np.abs(line - t).max()) <= MAX_BURST_S else None


def _stamp(text: str) -> datetime | None:
    match = _DATE.fullmatch(text)
    if not match:
        return None
    # after a colon the number counts milliseconds, after a point it is a decimal fraction
    digits = match["f"].rjust(3, "0") if match["sep"] == ":" else match["f"]
    year, month, day = (int(match[key] or 0) for key in ("y", "mo", "d"))
    try:
        date = datetime(year, month, day) if year else datetime(1900, 1, 1)
        return date + timedelta(
            hours=int(match["h"]),
            minutes=int(match["mi"]),
            seconds=int(match["s"]),
            microseconds=int(digits.ljust(6, "0")[:6]),
        )
    except (ValueError, OverflowError):
        return None


FORMAT = Format("witmotion", "WitMotion", _claims, _parse)
