"""What was measured of a chip, beside what its data sheet says, in sentences."""

from __future__ import annotations

import numpy as np

from coxa_calibration.allan import Noise
from coxa_calibration.datasheet import Datasheet, Figure
from coxa_calibration.readings import GRAVITY_M_S2, Floats
from coxa_calibration.sensor import SensorCalibration

FAR = 3.0
"""Times a data sheet's figure from which a chip is called unusual: damaged, badly soldered, or not that chip."""


def compared(calibration: SensorCalibration, sheet: Datasheet) -> tuple[str, ...]:
    """One sentence for each quantity that was measured (`parts`) and that the data sheet states."""
    c, out = calibration, list[str]()
    if "bias" in c.parts:
        bias, sd = c.bias.at(25.0)
        out.append(
            _sentence("Gyroscope offset at 25 °C", "deg/s", np.degrees(bias), np.degrees(sd), sheet.gyro_offset_dps)
        )
        slope_sd = np.sqrt(c.bias.covariance[:, 1, 1])
        out.append(
            _sentence(
                "Gyroscope drift with temperature", "deg/s per °C", np.degrees(c.bias.coefficients[:, 1]),
                np.degrees(slope_sd), sheet.gyro_drift_dps_c,
            )
        )  # fmt: skip
    if "scale" in c.parts:
        out.append(_scale("Gyroscope scale", c.gyro_matrix, c.gyro_matrix_sd, sheet.gyro_scale))
    if "accelerometer" in c.parts:
        mg = 1e3 / GRAVITY_M_S2
        out.append(
            _sentence(
                "Accelerometer offset", "mg", c.acc_offset_m_s2 * mg, c.acc_offset_sd_m_s2 * mg, sheet.acc_offset_mg
            )
        )
        out.append(_scale("Accelerometer scale", c.acc_matrix, c.acc_matrix_sd, sheet.acc_scale))
    return tuple(out)


def noise_compared(noise: Noise, figure: Figure, kind: str) -> str:
    """One sentence on white noise; kind: `gyroscope` (figure in mdps/√Hz) or `accelerometer` (figure in µg/√Hz)."""
    gyro = kind == "gyroscope"
    scale, unit = (float(np.degrees(1.0)) * 1e3, "mdps/√Hz") if gyro else (1e6 / GRAVITY_M_S2, "µg/√Hz")
    value, sd = noise.white.value * scale, noise.white.sd * scale
    stated = f"{_typical(figure)} {figure.value:g}: {_word(value / figure.value)}"
    return f"{kind.capitalize()} noise: {value:.3g} ± {sd:.1g} {unit}; {stated}."


def _scale(name: str, matrix: Floats, sd: Floats, figure: Figure) -> str:
    percent = Figure(figure.value * 100, figure.source, figure.recalled)
    error = np.asarray((np.diag(np.linalg.inv(matrix)) - 1) * 100, dtype=np.float64)
    return _sentence(f"{name} error", "%", error, np.diag(sd) * 100, percent)


def _sentence(name: str, unit: str, values: Floats, sd: Floats, figure: Figure) -> str:
    numbers = ", ".join(f"{axis} {v:.3g} ± {s:.1g}" for axis, v, s in zip("xyz", values, sd, strict=True))
    # only what is beyond its own uncertainty counts against the chip
    surely = float(np.clip(np.abs(values) - 2 * sd, 0.0, None).max())
    return f"{name}: {numbers} {unit}; {_typical(figure)} ±{figure.value:g}: {_word(surely / figure.value)}."


def _typical(figure: Figure) -> str:
    return "data sheet (from memory)" if figure.recalled else "data sheet"


def _word(ratio: float) -> str:
    if ratio <= 1.0:
        return "as stated"
    # a typical figure is one sd over chips: of three axes one is beyond it more often than not
    return (
        "more than typical, as many chips are"
        if ratio <= FAR
        else "far more than stated; check the chip and its soldering"
    )
