"""Recognise a recording by its content and read it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from coxa.checks import checked_samples
from coxa.errors import InputError, UsageError
from coxa.samples import Samples
from coxa.sources.formats import movella, neutral, opensim, phyphox, quaternion_csv, sensor_logger, witmotion, xsens
from coxa.sources.recording import Format, Parsed, Recording
from coxa.sources.text import Part, parts_of

FORMATS: tuple[Format, ...] = (
    neutral.FORMAT,
    sensor_logger.FORMAT,
    phyphox.FORMAT,
    movella.FORMAT,
    xsens.FORMAT,
    opensim.FORMAT,
    witmotion.FORMAT,
    quaternion_csv.FORMAT,
)


def format_names() -> tuple[str, ...]:
    """Names of the formats `read` knows."""
    return tuple(known.name for known in FORMATS)


def read(path: str | Path, format: str | None = None, sensor: str | None = None) -> Recording:  # noqa: A002
    """Read a recording: a text file, a zip archive or a folder of one.

    Args:
        path: where it is.
        format: one of `format_names()`; None recognises it by its header, never by its suffix.
        sensor: which sensor, for files with several; None where there is exactly one.

    Raises:
        UsageError: format is unknown.
        InputError: unreadable, not recognised, wrong unit, or refused by `coxa.checks.checked_samples`.
    """
    if format is not None and format not in format_names():
        raise UsageError(f"unknown format '{format}'", f"Choose one of: {', '.join(format_names())}.")
    path = Path(path)
    parts = parts_of(path)
    known = _recognised(parts, path.name) if format is None else _named(format)
    if format is not None and not known.claims(parts):
        raise InputError(
            f"{path.name}: has no header line of {known.title}", "Leave out the format to have it recognised."
        )
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused by the checks, with its row
        parsed = known.parse(parts, sensor)
    samples, notes = _checked(parsed, path.name)
    return Recording(samples, known.name, (*parsed.notes, *notes), parsed.started_at)


def _named(name: str) -> Format:
    return next(known for known in FORMATS if known.name == name)


def _recognised(parts: tuple[Part, ...], where: str) -> Format:
    for known in FORMATS:
        if known.claims(parts):
            return known
    first = next((line.strip() for line in parts[0].text[:4096].split("\n") if line.strip()), "")
    raise InputError(
        f"{where}: not recognised as a recording; it starts with '{first[:60]}'",
        f"Formats: {', '.join(format_names())}; or convert it to the CSV with header {','.join(neutral.HEADER)}.",
    )


def _checked(parsed: Parsed, where: str) -> tuple[Samples, tuple[str, ...]]:
    samples = checked_samples(parsed.t_s, parsed.gyr_rad_s, parsed.acc_m_s2, parsed.quat, where=where)
    notes: tuple[str, ...] = ()
    if samples.gyr_derived:
        notes += ("no gyroscope: the rate was differentiated from the orientation",)
    if samples.acc_derived:
        notes += ("no accelerometer: gravity was taken from the orientation",)
    if parsed.acc_derived:
        samples = Samples(samples.t_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat, samples.gyr_derived, True)
    return samples, notes
