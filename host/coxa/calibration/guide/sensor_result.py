"""What came of a sensor's calibration, in lines and in sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coxa.samples import Floats
from coxa_calibration.accelerometer import MG, AccelerometerCalibration
from coxa_calibration.comparison import compared
from coxa_calibration.datasheet import Datasheet
from coxa_calibration.readings import GRAVITY_M_S2
from coxa_calibration.sensor import SensorCalibration
from coxa_calibration.stillness import StillSpan
from coxa_calibration.turns import GyroscopeMatrix

ARC_DEG = 80.0
"""Range from end to end that the scale is told with: 35 to 40° each way."""

DRIFT, LEARNED = "Gyroscope drift with temperature", 0.5
"""The drift is told once its sd is below this share of the data sheet's figure: before, that figure is all there is."""

SIDES = np.vstack([np.eye(3), -np.eye(3)])
"""Directions of gravity that tilts are judged over."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A calibration and the one before it. `not_scaled`: why the moves say nothing of the gyroscope's scale; "" where
    they do. `known`: whether there was a calibration before."""

    before: SensorCalibration
    now: SensorCalibration
    accelerometer: AccelerometerCalibration
    rest: StillSpan
    scale: GyroscopeMatrix | None
    not_scaled: str
    known: bool


def lines(m: Measured, sheet: Datasheet) -> tuple[tuple[str, str], ...]:
    """Names and values: each number with its uncertainty and the data sheet's figure beside it."""
    slope_sd = float(np.degrees(np.sqrt(m.now.bias.covariance[:, 1, 1].max())))
    not_yet = slope_sd > LEARNED * sheet.gyro_drift_dps_c.value
    out = [_split(sentence) for sentence in compared(m.now, sheet) if not (not_yet and sentence.startswith(DRIFT))]
    if not_yet and m.rest.temperature_c is not None:
        out.append((DRIFT, "not known yet; it shows over sessions at other temperatures"))
    if m.rest.temperature_c is None:
        out.append(("Gyroscope offset", "not kept: the board tells no temperature; each set finds its own"))
    a = m.accelerometer
    out.append(("Poses", f"{a.poses}, gravity found again to {a.held_out_mg:.1f} mg in a pose that was left out"))
    if not a.cross_axis_known:
        out.append(("Cross-axis terms", "not known from these poses; the data sheet's tolerance stands in"))
    if m.not_scaled:
        out.append(("Gyroscope by the moves", f"not used: {m.not_scaled}"))
    if m.known:
        out += _since(m)
    return tuple(out)


def changes(m: Measured) -> tuple[str, ...]:
    """Plain sentences: what it does to the directions and the ranges that are measured."""
    left = _tilt_sd_deg(m.now)
    if m.known:
        told = f"Gravity's direction changes by up to {_tilt_deg(m.before, m.now):.2f}°"
    else:
        told = f"Gravity's direction was off by up to {_tilt_deg(m.before, m.now):.2f}°"
    out = [f"{told}; it is now good to {left:.2f}°."]
    if m.scale is not None:
        was, now = (float(np.max(np.diag(c.gyro_matrix_sd))) * ARC_DEG for c in (m.before, m.now))
        error = float(np.abs(np.diag(m.now.gyro_matrix - m.before.gyro_matrix)).max()) * ARC_DEG
        out.append(
            f"A range of {ARC_DEG:.0f}° changes by up to {error:.2f}°; its scale is now good to {now:.2f}° "
            f"instead of {was:.2f}°."
        )
    if m.rest.temperature_c is not None:
        out.append("The offset of the gyroscope is followed as it warms up, the surer the more sessions there are.")
    return tuple(out)


def _since(m: Measured) -> list[tuple[str, str]]:
    """What changed since the last calibration."""
    days = (m.now.made_at - m.before.made_at).days
    offset = (m.now.acc_offset_m_s2 - m.before.acc_offset_m_s2) / MG
    out = [(f"Since the last time ({days} days)", f"accelerometer offset {_three(offset)} mg")]
    if m.scale is not None and "scale" in m.before.parts:
        share = 100 * np.diag(m.now.gyro_matrix - m.before.gyro_matrix)
        out.append(("", f"gyroscope scale {_three(share)} %"))
    if "bias" in m.before.parts and m.rest.temperature_c is not None:
        expected, sd = m.before.bias.at(m.rest.temperature_c)
        off = np.degrees(m.rest.gyr_rad_s - expected)
        out.append(("", f"gyroscope offset {_three(off)} deg/s from what was expected ± {np.degrees(sd).max():.2g}"))
    return out


def _tilt_deg(a: SensorCalibration, b: SensorCalibration) -> float:
    """Largest angle between the directions that two calibrations make of the same readings, degrees."""
    raw = SIDES * GRAVITY_M_S2
    one, other = ((raw - c.acc_offset_m_s2) @ c.acc_matrix.T for c in (a, b))
    sines = np.linalg.norm(np.cross(one, other), axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    return float(np.degrees(np.arcsin(np.clip(sines, 0.0, 1.0)).max()))


def _tilt_sd_deg(c: SensorCalibration) -> float:
    """What is left of a tilt, one sd, degrees, over the sides: offset and cross-axis terms across gravity."""
    across = 1.0 - np.eye(3)
    variance = across @ (c.acc_offset_sd_m_s2 / GRAVITY_M_S2) ** 2 + (across * c.acc_matrix_sd**2).sum(axis=0)
    return float(np.degrees(np.sqrt(variance.max())))


def _three(values: Floats) -> str:
    return ", ".join(f"{axis} {value:+.2g}" for axis, value in zip("xyz", values.tolist(), strict=True))


def _split(sentence: str) -> tuple[str, str]:
    name, _, value = sentence.partition(": ")
    return name, value.rstrip(".")
