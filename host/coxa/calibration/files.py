"""Calibrations from files: what `coxa calibrate export` wrote, or another program in the same formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from coxa.calibration.kept import NewCalibration, of_body, of_sensor, of_skin
from coxa.errors import InputError
from coxa_calibration import body, file, gain
from coxa_calibration.readings import CalibrationError

LONGEST_BYTES = 1_000_000
"""A hundred times the size of such a file: anything longer is another file."""


def read(path: Path, person: str) -> NewCalibration:
    """The calibration in a file, as of `person` where it is one of body or skin.

    Raises:
        InputError: it cannot be read, is of another format, or damaged.
    """
    try:
        if path.stat().st_size > LONGEST_BYTES:
            raise InputError(f"{path} is too long for a calibration", "Give a file of `coxa calibrate export`.")
        text = path.read_text("utf-8")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}", "Check its name and permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text file", "Give a file of `coxa calibrate export`.") from error
    try:
        if path.suffix.lower() == ".toml":
            return of_sensor(*file.loads(text), path.name)
        return _of_leg(text, path, person)
    except CalibrationError as error:
        raise InputError(f"{path}: {error.what}", error.advice) from error


def _of_leg(text: str, path: Path, person: str) -> NewCalibration:
    try:
        found: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is no JSON: {error}", "Give a file of `coxa calibrate export`.") from error
    stored: dict[str, Any] = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    kind = str(stored.get("format", "")).partition("/")[0]
    if kind == body.FORMAT:
        return of_body(body.BodyCalibration.from_dict(stored), person, path.name)
    if kind == gain.FORMAT:
        # a gain alone does not say which sensor it was measured with; an exported one is told it
        return of_skin(gain.PersonalGain.from_dict(stored), str(stored.get("uid", "")), person, path.name)
    raise InputError(
        f"{path} holds no calibration: its format is {stored.get('format')!r}",
        f"It should be {body.FORMAT}/{body.MAJOR} or {gain.FORMAT}/{gain.MAJOR}.",
    )
