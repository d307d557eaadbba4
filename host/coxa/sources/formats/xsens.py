"""Xsens MT text (MT Manager; MTw Awinda, MTi): tab separated, comment lines with `//` before the header.

PacketCounter wraps at 65536 and gives the time with `// Update Rate: 100.0Hz`; without that line SampleTimeFine counts
0.1 ms. Acc_* m/s², Gyr_* rad/s (often absent), orientation as Mat[row][column] (sensor → earth: it turns Acc into +g
upwards, checked on recordings), or Quat_q0…3, or Roll, Pitch, Yaw (°). Sources: docs/formats.md.
"""

from __future__ import annotations

import re

import numpy as np

from coxa.errors import InputError
from coxa.samples import Floats
from coxa.sources.orientation import from_euler, from_matrix
from coxa.sources.recording import Format, Parsed
from coxa.sources.streams import unwrapped
from coxa.sources.table import Table, find_table, grouped, one_table
from coxa.sources.text import Part

_ACC = ("Acc_X", "Acc_Y", "Acc_Z")
_GYR = ("Gyr_X", "Gyr_Y", "Gyr_Z")
_MATRIX = tuple(f"Mat[{row}][{column}]" for row in (1, 2, 3) for column in (1, 2, 3))
_QUAT = ("Quat_q0", "Quat_q1", "Quat_q2", "Quat_q3")
_EULER = ("Roll", "Pitch", "Yaw")
_GROUPS = (_ACC, _GYR, _MATRIX, _QUAT, _EULER)
_UPDATE_RATE = re.compile(r"//\s*Update Rate:\s*(\d+(?:\.\d+)?)\s*Hz", re.IGNORECASE)

TICK_S = 1e-4
"""SampleTimeFine of MT devices counts at 10 kHz."""


def _is_header(names: tuple[str, ...]) -> bool:
    return "PacketCounter" in names and any(group[0] in names for group in _GROUPS)


def _claims(parts: tuple[Part, ...]) -> bool:
    return any(find_table(part, _is_header, "\t") is not None for part in parts)


def _parse(parts: tuple[Part, ...], sensor: str | None) -> Parsed:
    table = one_table(parts, sensor, _is_header, "\t")
    t, columns, notes = _columns(table)
    quat = columns.get(_QUAT)
    if quat is None and _MATRIX in columns:
        quat = from_matrix(columns[_MATRIX].reshape(-1, 3, 3), table.where)
    elif quat is None and _EULER in columns:
        quat = from_euler(columns[_EULER])
        notes += ("the orientation was composed from Euler angles",)
    return Parsed(t, columns.get(_GYR), columns.get(_ACC), quat, notes=notes)


def _columns(table: Table) -> tuple[Floats, dict[tuple[str, ...], Floats], tuple[str, ...]]:
    match = next((m for m in map(_UPDATE_RATE.match, table.preamble) if m), None)
    if match and float(match[1]) > 0.0:
        counter, columns, notes = grouped(table, "PacketCounter", _GROUPS)
        t = unwrapped(counter, 2.0**16) / float(match[1])
        return t, columns, (*notes, f"time from the packet counter at {match[1]} Hz, as the file says")
    if "SampleTimeFine" in table.header:
        ticks, columns, notes = grouped(table, "SampleTimeFine", _GROUPS)
        if np.isfinite(ticks).all():
            return unwrapped(ticks, 2.0**32) * TICK_S, columns, (*notes, "time from SampleTimeFine, 0.1 ms a count")
    raise InputError(
        f"{table.where}: neither an update rate nor sample times are in the file",
        "Put the line '// Update Rate: 100.0Hz' with the right rate at its top.",
    )


FORMAT = Format("xsens-mt", "Xsens MT text", _claims, _parse)
