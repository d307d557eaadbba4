"""OpenSim orientation table (.sto): header lines `key=value` up to `endheader`, then one quaternion a sensor.

`DataType=Quaternion`, `version=3`; a line of names `time<TAB>pelvis_imu<TAB>femur_r_imu…`; cells are `w,x,y,z`,
sensor → earth. The earth frame is the sensor maker's, z up for Xsens and APDM (OpenSense turns it to y up only later):
checked against the gravity in the accelerometers of the same sensors. Sources: docs/formats.md.
"""

from __future__ import annotations

from dataclasses import replace

from coxa.errors import InputError
from coxa.sources.recording import Format, Parsed
from coxa.sources.table import Table, chosen, find_table, numbers
from coxa.sources.text import Part

MAX_VERSION = 3


def _claims(parts: tuple[Part, ...]) -> bool:
    return len(parts) == 1 and "\nendheader" in parts[0].text[:4096]


def _is_header(names: tuple[str, ...]) -> bool:
    return names[0].lower() == "time"


def _check_header(keys: dict[str, str], where: str) -> None:
    version = keys.get("version", str(MAX_VERSION))
    if not version.isdigit() or int(version) > MAX_VERSION:
        raise InputError(
            f"{where}: .sto version {version[:20]} is not known, only up to {MAX_VERSION}",
            "Save it with OpenSim 4 as version 3, or update Coxa.",
        )
    kind = keys.get("datatype", "")
    if kind != "Quaternion":
        raise InputError(
            f"{where}: the .sto file holds '{kind[:30]}', not orientations",
            "Give the orientation table of the sensors (DataType=Quaternion).",
        )


def _parse(parts: tuple[Part, ...], sensor: str | None) -> Parsed:
    part = parts[0]
    lines = part.text.split("\n")
    end = next((i for i, line in enumerate(lines[:100]) if line.strip() == "endheader"), None)
    if end is None:
        raise InputError(f"{part.name}: the header has no line 'endheader'", "Export it again.")
    pairs = (line.partition("=") for line in lines[:end])
    _check_header({key.strip().lower(): value.strip() for key, _, value in pairs}, part.name)
    table = find_table(Part(part.name, "\n".join(lines[end + 1 :])), _is_header, "\t")
    if table is None:
        raise InputError(f"{part.name}: no line with 'time' and sensor names after endheader", "Export it again.")
    name = chosen([n for n in table.header[1:] if n], sensor, part.name)
    values, notes = numbers(*_cells(table, name, end + 1))
    notes = (*notes, f"sensor {name}; earth z up assumed, as Xsens and APDM give it")
    return Parsed(values[:, 0], quat=values[:, 1:], notes=notes)


def _cells(table: Table, name: str, lines_before: int) -> tuple[Table, list[int]]:
    """The table with cells split into numbers, and the columns of time and of the named sensor."""
    header = [table.header[0]]
    for sensor in table.header[1:]:
        header += [f"{sensor} {component}" for component in "wxyz"]
    rows = [row.replace("\t", ",") for row in table.rows]
    split = replace(table, header=tuple(header), rows=rows, delimiter=",", first_line=table.first_line + lines_before)
    first = split.column(f"{name} w")
    return split, [0, *range(first, first + 4)]


FORMAT = Format("opensim-sto", "OpenSim .sto", _claims, _parse)
