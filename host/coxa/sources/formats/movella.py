"""Movella (Xsens) DOT: CSV export of the app, SDK or recording.

A preamble (`sep=,`, `DeviceTag:,…`, `OutputRate:,60Hz`, `StartTime: ,…`), then a header with
`PacketCounter,SampleTimeFine` and the columns of the payload: Quat_W…, Euler_X… (°), Acc_X… (m/s²), FreeAcc_X…
(m/s², earth frame, without gravity), Gyr_X… (°/s), dq_*, dv[*]. SampleTimeFine counts µs and wraps at 2³².
Sources: docs/formats.md.
"""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np

from coxa.errors import InputError
from coxa.quaternion import conjugate, rotate
from coxa.samples import GRAVITY_M_S2
from coxa.sources.orientation import from_euler
from coxa.sources.recording import Format, Parsed
from coxa.sources.streams import unwrapped
from coxa.sources.table import Table, find_table, grouped, one_table
from coxa.sources.text import Part

_QUAT = ("Quat_W", "Quat_X", "Quat_Y", "Quat_Z")
_EULER = ("Euler_X", "Euler_Y", "Euler_Z")
_ACC = ("Acc_X", "Acc_Y", "Acc_Z")
_FREE = ("FreeAcc_X", "FreeAcc_Y", "FreeAcc_Z")
_GYR = ("Gyr_X", "Gyr_Y", "Gyr_Z")
_START = re.compile(r"(\d+)-(\d+)-(\d+)_(\d+):(\d+):(\d+)_(\d+)")
_DELIMITERS = ",;"


def _is_header(names: tuple[str, ...]) -> bool:
    return "PacketCounter" in names and "SampleTimeFine" in names


def _claims(parts: tuple[Part, ...]) -> bool:
    return any(find_table(part, _is_header, _DELIMITERS) is not None for part in parts)


def _parse(parts: tuple[Part, ...], sensor: str | None) -> Parsed:
    table = one_table(parts, sensor, _is_header, _DELIMITERS)
    ticks, columns, notes = grouped(table, "SampleTimeFine", (_QUAT, _EULER, _ACC, _FREE, _GYR))
    gyr = np.radians(columns[_GYR]) if _GYR in columns else None
    acc, quat = columns.get(_ACC), columns.get(_QUAT)
    if quat is None and _EULER in columns:
        quat = from_euler(columns[_EULER])
        notes += ("the orientation was composed from Euler angles",)
    acc_derived = acc is None and quat is not None and _FREE in columns
    if acc_derived and quat is not None:
        acc = rotate(conjugate(quat), columns[_FREE] + np.array([0.0, 0.0, GRAVITY_M_S2]))
        notes += ("the acceleration is FreeAcc with gravity put back through the orientation",)
    if quat is None and (acc is None or gyr is None):
        raise InputError(
            f"{table.where}: the payload has neither an orientation nor both Acc and Gyr",
            "Record 'rate quantities', or a payload with quaternions.",
        )
    return Parsed(unwrapped(ticks, 2.0**32) * 1e-6, gyr, acc, quat, acc_derived, notes, _started_at(table))


def _started_at(table: Table) -> datetime | None:
    """As written: local time, its zone an abbreviation that names no offset."""
    line = next((line for line in table.preamble if line.startswith("StartTime")), "")
    match = _START.search(line)
    if not match:
        return None
    year, month, day, hour, minute, second, ms = (int(number) for number in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, ms * 1000)
    except (ValueError, OverflowError):
        return None


FORMAT = Format("movella-dot", "Movella DOT", _claims, _parse)
