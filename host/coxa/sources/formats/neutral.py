"""The neutral CSV of Coxa, read and written.

Header `t_s,gx_rad_s,gy_rad_s,gz_rad_s,ax_m_s2,ay_m_s2,az_m_s2`, optionally `,qw,qx,qy,qz`; before it there may be
comment lines: `# coxa.samples/1` (the version) and `# derived: gyr acc` (these columns are derived from qw-qz).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np

from coxa.errors import CoxaError, InputError
from coxa.samples import Samples
from coxa.sources.recording import Format, Parsed
from coxa.sources.table import Table, find_table, numbers
from coxa.sources.text import Part

VERSION = "coxa.samples/1"
QUATERNION = ("qw", "qx", "qy", "qz")
HEADER = ("t_s", "gx_rad_s", "gy_rad_s", "gz_rad_s", "ax_m_s2", "ay_m_s2", "az_m_s2")
_FAMILY = "coxa.samples/"
_PREFIXES = ("gx", "gy", "gz", "ax", "ay", "az")


def _is_header(names: tuple[str, ...]) -> bool:
    """Also near misses (another unit, a missing column), so that they are refused with the right header."""
    return names[0] == "t_s" and any(name.split("_")[0] in _PREFIXES for name in names)


def _claims(parts: tuple[Part, ...]) -> bool:
    return len(parts) == 1 and (
        parts[0].text.startswith(f"# {_FAMILY}") or find_table(parts[0], _is_header) is not None
    )


def _check_version(part: Part) -> None:
    for line in part.text[:4096].split("\n"):
        if not line.startswith("#"):
            return
        comment = line[1:].strip()
        if comment.startswith(_FAMILY) and comment != VERSION:
            raise InputError(
                f"{part.name}: format {comment[:40]} is not known to this version of Coxa, which reads {VERSION}",
                f"Update Coxa (pip install -U coxa), or export the recording as {VERSION}.",
            )


def _check_header(table: Table) -> None:
    missing = [name for name in HEADER if name not in table.header]
    quaternion = [name for name in QUATERNION if name in table.header]
    if quaternion and len(quaternion) < len(QUATERNION):
        missing += [name for name in QUATERNION if name not in table.header]
    if missing:
        extra = [name for name in table.header if name not in HEADER + QUATERNION]
        has = f" (it has {', '.join(extra)})" if extra else ""
        raise InputError(
            f"{table.where}: the header has no column {', '.join(missing)}{has}",
            f"Units are rad/s and m/s²; the header is {','.join(HEADER)}, optionally with {','.join(QUATERNION)}.",
        )


def _parse(parts: tuple[Part, ...], sensor: str | None) -> Parsed:
    part = parts[0]
    if sensor is not None:
        raise InputError(f"{part.name}: has one sensor without a name", "Leave out the sensor.")
    _check_version(part)
    table = find_table(part, _is_header)
    if table is None:
        raise InputError(f"{part.name}: there is no header line", f"The header is {','.join(HEADER)}.")
    _check_header(table)
    wanted = HEADER + (QUATERNION if table.has(QUATERNION) else ())
    ignored = [name for name in table.header if name not in wanted]
    values, notes = numbers(table, [table.column(name) for name in wanted])
    if ignored:
        notes += (f"columns not used: {', '.join(ignored)}",)
    quat = values[:, 7:] if values.shape[1] > 7 else None
    derived = _derived(table) if quat is not None else set[str]()
    return Parsed(
        values[:, 0],
        None if "gyr" in derived else values[:, 1:4],
        None if "acc" in derived else values[:, 4:7],
        quat,
        notes=notes,
    )


def _derived(table: Table) -> set[str]:
    for line in table.preamble:
        key, _, value = line.lstrip("# ").partition(":")
        if key == "derived":
            return set(value.split())
    return set()


FORMAT = Format("coxa", "the neutral CSV of Coxa", _claims, _parse)


def write_csv(path: str | Path, samples: Samples) -> None:
    """Write the neutral CSV; reading it gives the same samples to the last bit.

    The file appears whole or not at all: it is written beside its place under another name, then renamed.

    Raises:
        CoxaError: it cannot be written (no such folder, no permission, disk full).
    """
    path = Path(path)
    with _replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
        for line in _lines(samples):
            file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _lines(samples: Samples) -> Iterator[str]:
    yield f"# {VERSION}"
    derived = [name for name, is_so in (("gyr", samples.gyr_derived), ("acc", samples.acc_derived)) if is_so]
    if derived:
        yield f"# derived: {' '.join(derived)}"
    columns = [samples.t_s, samples.gyr_rad_s, samples.acc_m_s2]
    names: tuple[str, ...] = HEADER
    if samples.quat is not None:
        columns.append(samples.quat)
        names += QUATERNION
    yield ",".join(names)
    for row in np.column_stack(columns).tolist():
        yield ",".join(map(repr, row))


@contextlib.contextmanager
def _replacing(path: Path) -> Generator[Path]:
    """A temporary file beside path that replaces it at the end; removed when writing fails."""
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise CoxaError(
            f"{path}: cannot be written: {error.strerror or error}",
            "Check that the folder exists, is writable and that the disk has space.",
        ) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
