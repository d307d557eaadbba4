"""The calibration of one sensor: its numbers, each with its standard deviation, and how they are applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from coxa_calibration.accelerometer import AccelerometerCalibration
from coxa_calibration.bias_history import BiasHistory
from coxa_calibration.datasheet import UNKNOWN_CHIP, Datasheet
from coxa_calibration.gyroscope import REFERENCE_C, BiasModel
from coxa_calibration.readings import GRAVITY_M_S2, CalibrationError, Floats, Readings
from coxa_calibration.temperature import unrounded
from coxa_calibration.turns import GyroscopeMatrix

LARGEST_BIAS_RAD_S, LARGEST_OFFSET_M_S2 = np.radians(25.0), 3.0
"""No chip in use is off by more (25 deg/s, 300 mg)."""

LARGEST_MATRIX_ERROR = 0.15
"""Largest difference of a matrix from the identity: 5 % of scale and some degrees of misalignment."""

TEMPERATURES_C = (-40.0, 85.0)
"""Range in which the chips work."""

GYRO_UNITS: Mapping[str, float] = {"rad/s": 1.0, "deg/s": np.pi / 180, "mdps": np.pi / 180e3}
ACC_UNITS: Mapping[str, float] = {"m/s²": 1.0, "m/s^2": 1.0, "g": GRAVITY_M_S2, "mg": GRAVITY_M_S2 * 1e-3}


@dataclass(frozen=True, slots=True)
class SensorCalibration:
    """true rate = gyro_matrix @ (reading − bias(T)); true force = acc_matrix @ (reading − acc_offset_m_s2).

    Attributes:
        uid, chip, firmware: whose it is; `made_at`: when (aware); `temperature_c`: at which temperature, where known.
        bias: of the gyroscope, rad/s. `gyro_matrix`, `acc_matrix` and their `_sd`: (3, 3), no unit.
        acc_offset_m_s2, acc_offset_sd_m_s2: (3,).
        parts: which of `bias`, `scale` and `accelerometer` were measured; the others are the ideal chip with the data
            sheet's tolerance as sd.
    """

    uid: str
    chip: str
    firmware: str
    made_at: datetime
    temperature_c: float | None
    bias: BiasModel
    gyro_matrix: Floats
    gyro_matrix_sd: Floats
    acc_offset_m_s2: Floats
    acc_offset_sd_m_s2: Floats
    acc_matrix: Floats
    acc_matrix_sd: Floats
    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be a sensor's calibration.

        Raises:
            CalibrationError: reason `units`, `shape`, `not_a_number`, `times`, `temperature` or `implausible`.
        """
        check(self)

    @staticmethod
    def ideal(
        uid: str, chip: str, firmware: str, made_at: datetime, sheet: Datasheet = UNKNOWN_CHIP
    ) -> SensorCalibration:
        """Nothing measured: an ideal chip, as uncertain as the data sheet has it."""
        scale = np.where(np.eye(3, dtype=bool), sheet.gyro_scale.value, sheet.gyro_cross.value)
        acc_scale = np.where(np.eye(3, dtype=bool), sheet.acc_scale.value, sheet.acc_cross.value)
        offset_sd = np.full(3, sheet.acc_offset_mg.value * GRAVITY_M_S2 * 1e-3)
        return SensorCalibration(
            uid, chip, firmware, made_at, None, BiasHistory.empty().model(sheet), np.eye(3), scale, np.zeros(3),
            offset_sd, np.eye(3), acc_scale, (),
        )  # fmt: skip

    def with_parts(
        self, made_at: datetime, *, bias: BiasModel | None = None, scale: GyroscopeMatrix | None = None,
        accelerometer: AccelerometerCalibration | None = None,
    ) -> SensorCalibration:  # fmt: skip
        """With the parts given, made now, and the others as they are."""
        new = replace(self, made_at=made_at)
        parts = set(self.parts)
        if bias is not None:
            new, parts = replace(new, bias=bias), parts | {"bias"}
        if scale is not None:
            new = replace(new, gyro_matrix=scale.matrix, gyro_matrix_sd=scale.matrix_sd)
            parts.add("scale")
        if accelerometer is not None:
            a = accelerometer
            new = replace(
                new, acc_offset_m_s2=a.offset_m_s2, acc_offset_sd_m_s2=a.offset_sd_m_s2, acc_matrix=a.matrix,
                acc_matrix_sd=a.matrix_sd, temperature_c=a.temperature_c,
            )  # fmt: skip
            parts.add("accelerometer")
        return replace(new, parts=tuple(sorted(parts)))

    @staticmethod
    def from_units(
        ideal: SensorCalibration, *, gyro_bias: Floats, gyro_unit: str, acc_offset: Floats, acc_unit: str,
        gyro_matrix: Floats | None = None, acc_matrix: Floats | None = None,
    ) -> SensorCalibration:  # fmt: skip
        """From another program's numbers, whose units must be named: gyro_bias (3,) in `rad/s`, `deg/s` or `mdps`,
        acc_offset (3,) in `m/s²`, `g` or `mg`; matrices (3, 3) that multiply (reading − offset).
        Their uncertainty is not known: the sds stay those of `ideal`.

        Raises:
            CalibrationError: reason `units` for a name that is not among these, and as the class.
        """
        rate, force = _unit(gyro_unit, GYRO_UNITS, "rate"), _unit(acc_unit, ACC_UNITS, "acceleration")
        parts = {"accelerometer", "bias"} | ({"scale"} if gyro_matrix is not None else set[str]())
        coefficients = np.zeros((3, 3))
        coefficients[:, 0] = np.asarray(gyro_bias, dtype=np.float64) * rate
        return replace(
            ideal, bias=replace(ideal.bias, coefficients=coefficients), parts=tuple(sorted(parts)),
            acc_offset_m_s2=np.asarray(acc_offset, dtype=np.float64) * force,
            gyro_matrix=ideal.gyro_matrix if gyro_matrix is None else np.asarray(gyro_matrix, dtype=np.float64),
            acc_matrix=ideal.acc_matrix if acc_matrix is None else np.asarray(acc_matrix, dtype=np.float64),
        )  # fmt: skip

    def apply(self, readings: Readings, temperature_c: Floats | float | None = None) -> tuple[Floats, Floats]:
        """Corrected rate (n, 3), rad/s, and force (n, 3), m/s². temperature_c: (n,) or one for all, °C; where it is
        not known, the bias at 25 °C is taken off."""
        x: Floats | float = REFERENCE_C if temperature_c is None else temperature_c
        if np.ndim(x):
            x = unrounded(np.asarray(x, dtype=np.float64), readings.t_s)
        gyr = (readings.gyr_rad_s - self.bias.at(x)[0]) @ self.gyro_matrix.T
        acc = (readings.acc_m_s2 - self.acc_offset_m_s2) @ self.acc_matrix.T
        return np.asarray(gyr), np.asarray(acc)

    def scale_sd(self, axis: Floats) -> float:
        """Sd of the gyroscope's scale, a share, for turns about axis (3,) in the sensor: what a range of motion is off
        by, as all of its angle is turned about one axis. The nine elements are taken as independent."""
        u = axis / np.linalg.norm(axis)
        return float(np.linalg.norm(np.outer(u, u) * self.gyro_matrix_sd))


def check(c: SensorCalibration) -> None:
    """Raise CalibrationError where `c` cannot be a sensor's calibration."""
    if c.made_at.tzinfo is None:
        raise CalibrationError(f"The time {c.made_at} has no time zone.", "Give a time with its zone, as UTC.", "times")
    if not c.uid or not c.uid.replace("-", "").replace("_", "").isalnum():
        raise CalibrationError(f"{c.uid!r} is no board's name.", "Use the uid that the board tells.", "uid")
    _check_temperature(c.temperature_c)
    for name, shape in (
        ("gyro_matrix", (3, 3)), ("gyro_matrix_sd", (3, 3)), ("acc_matrix", (3, 3)), ("acc_matrix_sd", (3, 3)),
        ("acc_offset_m_s2", (3,)), ("acc_offset_sd_m_s2", (3,)),
    ):  # fmt: skip
        _check_array(name, getattr(c, name), shape)
    _check_array("bias coefficients", c.bias.coefficients, (3, 3))
    _check_array("bias covariance", c.bias.covariance, (3, 3, 3))
    _check_size("gyroscope's bias", c.bias.coefficients[:, 0], LARGEST_BIAS_RAD_S, ("rad/s", "deg/s"))
    _check_size("accelerometer's offset", c.acc_offset_m_s2, LARGEST_OFFSET_M_S2, ("m/s²", "mg"))
    for name, matrix in (("gyroscope", c.gyro_matrix), ("accelerometer", c.acc_matrix)):
        if float(np.abs(matrix - np.eye(3)).max()) > LARGEST_MATRIX_ERROR:
            raise CalibrationError(
                f"The {name}'s matrix is far from the identity.", "Calibrate again with readings in rad/s and m/s².",
                "implausible",
            )  # fmt: skip


def _unit(name: str, units: Mapping[str, float], what: str) -> float:
    if name not in units:
        raise CalibrationError(f"{name!r} is no unit of {what}.", f"Use one of {', '.join(units)}.", "units")
    return units[name]


def _check_temperature(value: float | None) -> None:
    low, high = TEMPERATURES_C
    if value is not None and not low <= value <= high:
        raise CalibrationError(f"{value:g} is no chip's temperature in °C.", "Give it in °C.", "temperature")


def _check_array(name: str, values: Floats, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise CalibrationError(f"{name} has the shape {values.shape}, not {shape}.", "Give all its values.", "shape")
    if not np.isfinite(values).all():
        raise CalibrationError(f"{name} has a value that is not a number.", "Calibrate again.", "not_a_number")
    if name.endswith(("_sd", "_sd_m_s2")) and float(values.min()) < 0:
        raise CalibrationError(f"{name} has a negative value.", "Calibrate again.", "implausible")


def _check_size(name: str, values: Floats, limit: float, units: tuple[str, str]) -> None:
    largest = float(np.abs(values).max())
    if largest > limit:
        raise CalibrationError(
            f"The {name} is {largest:.3g} {units[0]}, more than any chip has; it looks like {units[1]}.",
            f"Give it in {units[0]}, or name its unit with `from_units`.", "units",
        )  # fmt: skip
