"""Quaternion CSV, as loggers around SlimeVR write it: a time column and four columns per tracker.

`time,HIPS_w,HIPS_x,HIPS_y,HIPS_z,R_TH_w,…` holds the rotations of a SlimeVR server, whose earth has y up; plain
`t_s,qw,qx,qy,qz` follows Coxa (z up). A comment line `# up: y` or `# up: z` before the header overrides. The unit of
the time is in its name (t_s, time_ms, timestamp_us, …); without one it is the only one with a plausible rate.
Sources: docs/formats.md.
"""

from __future__ import annotations

import re

import numpy as np

from coxa.checks import MAX_RATE_HZ, MIN_RATE_HZ
from coxa.errors import InputError
from coxa.samples import Floats
from coxa.sources.orientation import y_up_to_z_up
from coxa.sources.recording import Format, Parsed
from coxa.sources.table import Table, chosen, find_table, numbers
from coxa.sources.text import Part

_TIME = re.compile(
    r"(?:t|time|timestamp|elapsed|seconds|seconds_elapsed)(?:[_ ]?\(?(?P<unit>s|sec|ms|us|µs|ns)\)?)?", re.I
)
_COMPONENT = re.compile(r"(?P<name>.*?)_?(?:q|quat_?|rot(?:ation)?_?)?(?P<axis>[wxyz])", re.IGNORECASE)
_UP = re.compile(r"#\s*up:\s*([yz])\s*", re.IGNORECASE)
_SCALES = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_UNNAMED = ""


def _trackers(names: tuple[str, ...]) -> dict[str, list[int]]:
    """Tracker name → columns of w, x, y, z; the position columns that some loggers add are told apart by their name."""
    found: dict[str, dict[str, int]] = {}
    for index, name in enumerate(names[1:], start=1):
        match = _COMPONENT.fullmatch(name)
        if match:
            key = name[: match.start("axis")].rstrip("_")
            found.setdefault(key, {})[match["axis"].lower()] = index
    return {name: [axes[a] for a in "wxyz"] for name, axes in found.items() if len(axes) == 4}


def _is_header(names: tuple[str, ...]) -> bool:
    return bool(_TIME.fullmatch(names[0])) and bool(_trackers(names))


def _claims(parts: tuple[Part, ...]) -> bool:
    return len(parts) == 1 and find_table(parts[0], _is_header) is not None


def _parse(parts: tuple[Part, ...], sensor: str | None) -> Parsed:
    table = find_table(parts[0], _is_header)
    assert table is not None
    trackers = _trackers(table.header)
    name = chosen(tuple(trackers), sensor, table.where)
    values, notes = numbers(table, [0, *trackers[name]], skip_incomplete=True)
    t, time_note = _seconds(values[:, 0], table)
    quat, up_note = _z_up(values[:, 1:], table, plain=name.lower() in ("q", "quat", _UNNAMED))
    return Parsed(t, quat=quat, notes=(*notes, *time_note, up_note))


def _seconds(time: Floats, table: Table) -> tuple[Floats, tuple[str, ...]]:
    match = _TIME.fullmatch(table.header[0])
    if match and match["unit"]:
        return time * _SCALES[match["unit"].lower()], ()
    step = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    fitting = [
        unit
        for unit in ("s", "ms", "us", "ns")
        if step > 0 and MIN_RATE_HZ <= 1 / (step * _SCALES[unit]) <= MAX_RATE_HZ
    ]
    if len(fitting) == 1:
        return time * _SCALES[fitting[0]], (f"time taken as {fitting[0]}, the only unit with a plausible rate",)
    if step <= 0 or not np.isfinite(step):
        return time, ()  # refused by the checks, with the row
    raise InputError(
        f"{table.where}: the unit of '{table.header[0]}' is not clear, its step is {step:.4g}",
        "Name the column t_s, time_ms or time_us.",
    )


def _z_up(quat: Floats, table: Table, *, plain: bool) -> tuple[Floats, str]:
    said = next((match for match in map(_UP.fullmatch, table.preamble) if match), None)
    up = said[1].lower() if said else ("z" if plain else "y")
    reason = "as the file says" if said else "assumed; '# up: y' or '# up: z' above the header says otherwise"
    return (y_up_to_z_up(quat) if up == "y" else quat), f"earth {up} up, {reason}"


FORMAT = Format("quaternion-csv", "a quaternion CSV", _claims, _parse)
