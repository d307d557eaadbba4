"""The turn of the sensor about the femoral axis from a first rest to a last one, followed by the gyroscope.

Where the thigh is vertical this alone shows a strap that slides around it; what it is worth depends on the bias.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from coxa_calibration.held import holds, smoothed
from coxa_calibration.readings import CalibrationError, Floats, Readings, Recording, checked
from coxa_calibration.turned import SeenAngle

NEUTRAL_SD_RAD = np.radians(2.0)
"""How closely a wearer comes back to the neutral (toes up), one sd: as in the simulated wearer."""

SCALE_SD = 0.01
"""Gyroscope's scale error: of what is turned there and back nothing is left, of the net turn this share."""

GAP_S = 0.5
"""A step in time longer than this may hide a turn: at 60 deg/s, 30°."""


def followed(
    readings: Readings, u: Floats, bias_rad_s: Floats, bias_sd_rad_s: float, *, name: str = "set"
) -> SeenAngle:
    """How much of the turn about u (3,) is left at the last rest, compared with the first.

    Args:
        readings: from a rest at the neutral to a rest at the neutral, two seconds or more each.
        bias_rad_s: (3,) bias of the gyroscope; bias_sd_rad_s: its sd on each axis. It grows with time: 0.05 deg/s are
            4.5° after 90 s.

    Raises:
        CalibrationError: `moving` (no rest at the start or the end), `gap`, or what `readings.checked` refuses.
    """
    r = checked(readings)
    spans = holds(smoothed(r))
    if len(spans) < 2:
        raise CalibrationError(
            "There is no rest of two seconds both before and after the turns.",
            "Rest with the toes up for three seconds before the first turn and after the last.", "moving",
        )  # fmt: skip
    begin, end = sum(spans[0]) // 2, sum(spans[-1]) // 2
    steps = np.diff(r.t_s[begin : end + 1])
    if float(steps.max()) > GAP_S:
        raise CalibrationError(
            f"{float(steps.max()):.1f} s are missing between the two rests.", "Fetch the rest of the recording.", "gap"
        )
    angle = _twist(r, begin, end, u, bias_rad_s)
    lasted = float(r.t_s[end] - r.t_s[begin])
    variance = 2 * NEUTRAL_SD_RAD**2 + (bias_sd_rad_s * lasted) ** 2 + (SCALE_SD * angle) ** 2
    return SeenAngle(name, angle, float(np.sqrt(variance)))


def _twist(r: Recording, begin: int, end: int, u: Floats, bias_rad_s: Floats) -> float:
    """Twist about u of the orientation at `end` relative to that at `begin`, rad, −π to π.

    The whole orientation is carried along: a thigh that swings in circles turns the sensor without turning about u.
    """
    steps = np.diff(r.t_s[begin : end + 1])[:, None]
    rates = 0.5 * (r.gyr_rad_s[begin:end] + r.gyr_rad_s[begin + 1 : end + 1]) - bias_rad_s
    turns = Rotation.from_rotvec(rates * steps)
    while len(turns) > 1:  # neighbours are joined, then neighbours of those: a product in few calls
        even = len(turns) // 2 * 2
        joined = turns[0:even:2] * turns[1:even:2]
        turns = Rotation.concatenate([joined, turns[even:]]) if even < len(turns) else joined
    x, y, z, w = turns.as_quat()[0].tolist()
    along = float(np.dot([x, y, z], u))
    half = float(np.arctan2(along, w))
    return 2.0 * (half - np.pi * round(half / np.pi))
