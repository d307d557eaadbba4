"""Whether readings are in rad/s and m/s²: told from gravity, whose size is known, and from how it turns."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from coxa_calibration.readings import STILL_ACC_M_S2, CalibrationError, Floats, Recording

STEP_S = 0.25
"""Gravity's turn is compared over this: long enough for the force to be averaged, short for a turn to be simple."""

WRONG_TURN_RAD, BETTER = 0.1, 0.3
"""The rate is taken for deg/s when it misses gravity's turn by more than this per step (root mean square; the largest
zero-rate offset of such chips, 20 deg/s, misses by 0.09) and, read as deg/s, by less than this share of that."""

_ACC_UNITS = ((0.5, 1.5, "g"), (500.0, 1500.0, "mg"), (1500.0, 40000.0, "the chip's raw counts"))
"""What |acc| at rest is in the units in use."""


def check_units(readings: Recording) -> None:
    """Refuse readings that are not in m/s² or rad/s, saying which unit they look like.

    Raises:
        CalibrationError: reason `units`.
    """
    size = float(np.median(np.linalg.norm(readings.acc_m_s2, axis=1)))
    low, high = STILL_ACC_M_S2
    if not low <= size <= high:
        like = next((f", which looks like {name}" for a, b, name in _ACC_UNITS if a <= size <= b), "")
        raise CalibrationError(f"Gravity reads {size:.3g} m/s²{like}.", "Give the acceleration in m/s².", "units")
    if _looks_like_degrees(readings):
        raise CalibrationError(
            "The rate does not agree with how gravity turns in the sensor, and would if it were in deg/s.",
            "Give the rate in rad/s: it looks like deg/s.", "units",
        )  # fmt: skip


def _looks_like_degrees(r: Recording) -> bool:
    step = max(1, round(STEP_S / float(np.median(np.diff(r.t_s)))))
    count = len(r.t_s) // step
    if count < 3:
        return False
    up = r.acc_m_s2[: count * step].reshape(count, step, 3).mean(axis=1)
    up = up / np.linalg.norm(up, axis=1, keepdims=True)
    duration = np.diff(r.t_s[: count * step].reshape(count, step).mean(axis=1))
    rate = r.gyr_rad_s[: count * step].reshape(count, step, 3).mean(axis=1)
    turn = (rate[1:] + rate[:-1]) / 2 * duration[:, None]
    as_given, as_degrees = _miss(up, turn), _miss(up, np.radians(turn))
    return as_given > WRONG_TURN_RAD and as_degrees < BETTER * as_given


def _miss(up: Floats, turn: Floats) -> float:
    """Root mean square of what the directions up (m, 3) are beside the previous ones turned by turn (m − 1, 3) rad."""
    expected: Floats = Rotation.from_rotvec(turn).inv().apply(up[:-1])
    return float(np.sqrt(((up[1:] - expected) ** 2).sum(axis=1).mean()))
