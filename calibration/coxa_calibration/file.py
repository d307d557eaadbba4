"""The file of a sensor's calibration: TOML, one file for each board, `<uid>.toml`.

All values are in SI units, which the keys name, with all their digits, so that what is read is what was written. The
last line is a checksum: a digit that changed on the way is noticed. Readers accept any minor version of their major
version and ignore nothing: a key they do not know is refused, because it may be a unit they do not know.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from coxa_calibration.bias_history import BiasHistory
from coxa_calibration.gyroscope import BiasModel
from coxa_calibration.readings import CalibrationError
from coxa_calibration.sensor import SensorCalibration
from coxa_calibration.tables import Table, damaged, line_of, toml

FORMAT, MAJOR, MINOR = "coxa.sensor", 1, 0
"""Name and version of the format; a change that older readers cannot take raises the major number."""

_CHECKSUM = "# sha256 "

_PLACES = (
    ("gyro_matrix_sd", "gyroscope", "matrix_sd"), ("acc_matrix_sd", "accelerometer", "matrix_sd"),
    ("acc_offset_sd", "accelerometer", "offset_sd_m_s2"),
    ("gyroscope's bias", "gyroscope_bias", "coefficients_rad_s_c"),
    ("accelerometer's offset", "accelerometer", "offset_m_s2"), ("gyroscope's matrix", "gyroscope", "matrix"),
    ("accelerometer's matrix", "accelerometer", "matrix"), ("temperature", "", "temperature_c"),
    ("board's name", "", "uid"),
)  # fmt: skip
"""Where in the file the value is that an error of the calibration speaks of."""


def dumps(calibration: SensorCalibration, history: BiasHistory | None = None) -> str:
    """The text of the file; an empty history is left out."""
    c = calibration
    tables: dict[str, dict[str, Any]] = {
        "": {
            "format": FORMAT, "version": f"{MAJOR}.{MINOR}", "uid": c.uid, "chip": c.chip, "firmware": c.firmware,
            "made_at": c.made_at, "parts": list(c.parts), "temperature_c": c.temperature_c,
        },
        "gyroscope": {"matrix": c.gyro_matrix, "matrix_sd": c.gyro_matrix_sd},
        "gyroscope_bias": {
            "coefficients_rad_s_c": c.bias.coefficients, "covariance_rad_s_c": c.bias.covariance,
            "power_on_rad_s": c.bias.power_on_rad_s, "coldest_c": c.bias.coldest_c, "warmest_c": c.bias.warmest_c,
            "sessions": c.bias.sessions,
        },
        "accelerometer": {
            "offset_m_s2": c.acc_offset_m_s2, "offset_sd_m_s2": c.acc_offset_sd_m_s2, "matrix": c.acc_matrix,
            "matrix_sd": c.acc_matrix_sd,
        },
    }  # fmt: skip
    if history is not None and history.updated_at is not None:
        h = history
        tables["bias_history"] = {
            "information_rad_s_c": h.information, "score_rad_s_c": h.score, "misfit": h.misfit, "sessions": h.sessions,
            "coldest_c": h.coldest_c, "warmest_c": h.warmest_c, "updated_at": h.updated_at, "keys": list(h.keys),
        }  # fmt: skip
    body = "# Calibration of one sensor. Do not edit: the last line is a checksum.\n" + toml(tables)
    return body + _CHECKSUM + hashlib.sha256(body.encode()).hexdigest() + "\n"


def loads(text: str) -> tuple[SensorCalibration, BiasHistory]:
    """What `dumps` wrote; the history is empty where the file has none.

    Raises:
        CalibrationError: reason `damaged` (not TOML, a key missing or wrong, the checksum), `version` (a newer major
            version, or another file), or as `SensorCalibration`; each names the line where there is one.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise damaged(f"The file cannot be read: {error}.") from None
    _check_version(data, text)
    top = Table(text, "", {key: value for key, value in data.items() if not isinstance(value, dict)})
    top.text("format")
    top.text("version")
    gyro, bias, acc = (
        Table(text, name, data.pop(name, None)) for name in ("gyroscope", "gyroscope_bias", "accelerometer")
    )
    history = Table(text, "bias_history", data.pop("bias_history")) if "bias_history" in data else None
    for name, value in data.items():
        if isinstance(value, dict):
            raise damaged(f"Line {line_of(text, name, None)}: the table [{name}] is not known.")
    try:
        calibration = SensorCalibration(
            top.text("uid"), top.text("chip"), top.text("firmware"), top.time("made_at"),
            top.number("temperature_c") if top.has("temperature_c") else None, _bias(bias),
            gyro.array("matrix", (3, 3)), gyro.array("matrix_sd", (3, 3)), acc.array("offset_m_s2", (3,)),
            acc.array("offset_sd_m_s2", (3,)), acc.array("matrix", (3, 3)), acc.array("matrix_sd", (3, 3)),
            tuple(top.texts("parts")),
        )  # fmt: skip
    except CalibrationError as error:
        raise _placed(error, text) from None
    found = BiasHistory.empty() if history is None else _history(history)
    for table in (top, gyro, bias, acc, *([history] if history else [])):
        table.done()
    _check_sum(text)
    return calibration, found


def write(folder: Path, calibration: SensorCalibration, history: BiasHistory | None = None) -> Path:
    """Write `<uid>.toml` in `folder` (made where missing), whole or not at all; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{calibration.uid}.toml"
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{calibration.uid}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(dumps(calibration, history))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def read(folder: Path, uid: str) -> tuple[SensorCalibration, BiasHistory] | None:
    """The calibration of the board `uid` in `folder`; None where there is none.

    Raises:
        CalibrationError: as `loads`, `damaged` for a file that is not UTF-8, or `uid` for another board's file.
    """
    path = folder / f"{uid}.toml"
    if not path.exists():
        return None
    try:
        found = loads(path.read_bytes().decode())
    except UnicodeDecodeError:
        raise damaged(f"{path} is not a text file.") from None
    if found[0].uid != uid:
        raise CalibrationError(
            f"{path} is the calibration of the board {found[0].uid}.", "Put each board's own file there.", "uid"
        )
    return found


def _bias(t: Table) -> BiasModel:
    return BiasModel(
        t.array("coefficients_rad_s_c", (3, 3)), t.array("covariance_rad_s_c", (3, 3, 3)), t.number("power_on_rad_s"),
        t.number("coldest_c"), t.number("warmest_c"), t.number("sessions"),
    )  # fmt: skip


def _history(t: Table) -> BiasHistory:
    return BiasHistory(
        t.array("information_rad_s_c", (3, 3, 3)), t.array("score_rad_s_c", (3, 3)), t.array("misfit", (3,)),
        t.number("sessions"), t.number("coldest_c"), t.number("warmest_c"), t.time("updated_at"),
        tuple(t.texts("keys")),
    )  # fmt: skip


def _check_version(data: dict[str, Any], text: str) -> None:
    if data.get("format") != FORMAT:
        raise CalibrationError("This is no file of a sensor's calibration.", "Choose another file.", "version")
    major = str(data.get("version", "")).partition(".")[0]
    if not major.isdigit():
        raise damaged(f"Line {line_of(text, '', 'version')}: the version is not a number.")
    if int(major) != MAJOR:
        newer = "Update coxa." if int(major) > MAJOR else "Calibrate again."
        raise CalibrationError(
            f"Line {line_of(text, '', 'version')}: the file has the format version {data['version']}, and this program "
            f"reads {MAJOR}.", newer, "version",
        )  # fmt: skip


def _check_sum(text: str) -> None:
    body, mark, rest = text.rpartition(_CHECKSUM)
    last = text.count("\n")
    if not mark or not rest.endswith("\n"):
        raise damaged(f"Line {last + 1}: the file ends too early; its checksum is missing.")
    if rest.strip() != hashlib.sha256(body.encode()).hexdigest():
        raise damaged(f"Line {last}: the checksum does not agree with the file; something in it has changed.")


def _placed(error: CalibrationError, text: str) -> CalibrationError:
    """The error with the line that it speaks of."""
    for words, table, key in _PLACES:
        if words in error.what and not error.what.startswith("Line "):
            what = f"Line {line_of(text, table, key)}: {error.what}"
            return CalibrationError(what, error.advice, error.reason)
    return error
