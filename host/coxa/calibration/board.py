"""A sensor's calibration as its board uses it: for the board's own quaternion. What it records stays raw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from coxa.errors import ConfigError
from coxa_board import settings
from coxa_calibration.gyroscope import REFERENCE_C
from coxa_calibration.readings import GRAVITY_M_S2
from coxa_calibration.sensor import SensorCalibration

BIAS, OFFSET = "gyro_bias_mdps", "acc_offset_ug"
"""The board's settings; they take effect when it starts next."""

LEAST_SURE_RAD_S = np.radians(0.5)
"""A bias less sure than this is left to the board. It takes what it is told for right within 0.2 deg/s; from about 0.5
on it finds the bias as well from nothing (docs/board-orientation.md)."""

MDPS, UG = np.radians(1e-3), GRAVITY_M_S2 * 1e-6
"""0.001 deg/s in rad/s, 0.000001 g in m/s²."""


def settings_of(calibration: SensorCalibration, temperature_c: float | None = None) -> dict[str, list[int]]:
    """Settings for the board that the calibration is of: name → x, y, z. A part that was not measured, and a bias less
    sure than LEAST_SURE_RAD_S, is left out. Scale factors and misalignment stay here (docs/board-orientation.md).

    Args:
        calibration: of its sensor.
        temperature_c: at which it is worn, °C; None: where the bias was learned, the nearest to 25 °C.

    Raises:
        ConfigError: the sensor is off by more than a board takes.
    """
    found: dict[str, list[int]] = {}
    if "bias" in calibration.parts:
        model = calibration.bias
        nearest = min(max(REFERENCE_C, model.coldest_c), model.warmest_c)
        bias, sd = model.at(nearest if temperature_c is None else temperature_c)
        if float(sd.max()) <= LEAST_SURE_RAD_S:
            found[BIAS] = [round(float(x)) for x in bias / MDPS]
    if "accelerometer" in calibration.parts:
        found[OFFSET] = [round(float(x)) for x in calibration.acc_offset_m_s2 / UG]
    for key, value in found.items():
        try:
            settings.check(key, value)
        except settings.ConfigError as error:
            raise ConfigError(
                f"the board does not take this calibration: {str(error).removeprefix('config: ')}",
                "Calibrate again; a sensor that stays so far off is broken. On this computer the calibration works.",
            ) from error
    return found


def describe(values: Mapping[str, Any]) -> str:
    """One line for a person: what a board's settings (some or all of them) say of its sensor."""
    bias, offset = values.get(BIAS), values.get(OFFSET)
    told = [
        "gyroscope bias " + (_axes([x / 1000 for x in bias], 2, "deg/s") if bias else "found by itself"),
        "accelerometer offset " + (_axes([x / 1000 for x in offset], 1, "mg") if offset else "not taken off"),
    ]
    return "; ".join(told)


def _axes(values: list[float], digits: int, unit: str) -> str:
    """x, y, z with their sign; never -0."""
    rounded = [round(value, digits) + 0.0 for value in values]
    return ", ".join(f"{axis} {x:+.{digits}f}" for axis, x in zip("xyz", rounded, strict=True)) + f" {unit}"
