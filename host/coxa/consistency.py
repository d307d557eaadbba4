"""Do gyroscope, accelerometer and quaternion of one sensor tell the same motion? Wrong units and signs do not."""

from __future__ import annotations

import math

import numpy as np

from coxa.errors import InputError
from coxa.quaternion import conjugate, rotate
from coxa.samples import Floats, Samples

MAX_TURN_RAD = 15.0
"""Net turn about one sensor axis: more than two full turns about gravity within a recording is no leg."""

BLOCK_S = 0.2
"""Averaging for the comparison of gyroscope and gravity: shorter than a movement, longer than an impact."""

MIN_TILT_RAD = 0.15
"""Gravity must move that much (9°) in the sensor frame before the two sensors are compared."""

MAX_STEADY_TILT_RAD = 0.8
"""Gravity that moves less says nothing against a turn about it, and full turns about it are then no rolling about."""

SURE_CORRELATION = 0.9
"""Correlation of predicted and seen motion of gravity from which the scale between them is taken as known."""

SOME_CORRELATION = 0.5
"""Correlation from which agreement is believed, also amid linear acceleration."""

SAME_SCALE = (0.4, 2.5)
"""Scales taken as agreement: averaging and bias blur them, a wrong unit is off by 57."""

MAX_TILT_ERROR_DEG = 30.0
"""Between the quaternion's vertical and gravity; estimators err by a few degrees, wrong conventions by 90 and 180."""

DEG_ADVICE = "If it is in degrees per second, multiply by π/180."


def norms(values: Floats) -> Floats:
    """Lengths (n,) of vectors (n, k)."""
    out: Floats = np.sqrt(np.einsum("ij,ij->i", values, values))
    return out


def check_agreement(samples: Samples, where: str) -> None:
    """Gravity turns in the sensor frame as u̇ = -ω × u; the scale between both sides shows a wrong unit or sign.

    Blocks of `BLOCK_S` are averaged; the mean rate is taken off first, as the thigh returns and a bias does not.
    """
    count = max(1, round(BLOCK_S * samples.sampling_rate_hz))
    blocks = len(samples) // count
    if blocks < 5:
        return

    def averaged(values: Floats) -> Floats:
        out: Floats = values[: blocks * count].reshape(blocks, count, -1).mean(axis=1)
        return out

    t = averaged(samples.t_s)[:, 0]
    spin = averaged(samples.gyr_rad_s)
    up = averaged(samples.acc_m_s2)
    up = up / np.maximum(norms(up), 1e-9)[:, None]
    step = np.minimum(np.diff(t), 2.0 * BLOCK_S)
    turn = (0.5 * (spin[1:] + spin[:-1]) - spin.mean(axis=0)) * step[:, None]
    correlation, ratio = _compared(turn, up)
    if correlation > SOME_CORRELATION and SAME_SCALE[0] < ratio < SAME_SCALE[1]:
        return
    tilt = float(norms(up - up[0]).max())
    if abs(correlation) > SURE_CORRELATION and tilt > MIN_TILT_RAD:
        raise _disagreement(ratio, where)
    if tilt < MAX_STEADY_TILT_RAD:
        _check_turn(turn, where)


def _compared(turn: Floats, up: Floats) -> tuple[float, float]:
    """Between the motion of gravity that turn (n - 1, 3) predicts and the one seen in up (n, 3): correlation, scale."""
    seen, predicted = np.diff(up, axis=0), -np.cross(turn, 0.5 * (up[1:] + up[:-1]))
    product, power = float(np.vdot(seen, predicted)), float(np.vdot(predicted, predicted))
    if product == 0.0:
        return 0.0, math.inf
    return product / math.sqrt(power * float(np.vdot(seen, seen))), power / product


def _disagreement(ratio: float, where: str) -> InputError:
    if ratio < 0.0:
        return InputError(
            f"{where}: the gyroscope turns against the accelerometer: the signs of one of them are mirrored",
            "Give both in the same right-handed axes of the sensor.",
        )
    likely = "; it looks like degrees per second" if 30.0 < ratio < 115.0 else ""
    return InputError(
        f"{where}: the gyroscope turns {ratio:.3g} times as far as gravity shows{likely}", f"Give rad/s. {DEG_ADVICE}"
    )


def _check_turn(turn: Floats, where: str) -> None:
    angle = np.cumsum(turn, axis=0)
    span = float(np.max(angle.max(axis=0) - angle.min(axis=0)))
    if span > MAX_TURN_RAD:
        raise InputError(
            f"{where}: the gyroscope adds up to {span / (2.0 * math.pi):.0f} full turns; "
            "it looks like degrees per second",
            f"Give rad/s. {DEG_ADVICE}",
        )


def vertical_tilt_deg(quat: Floats, acc_m_s2: Floats) -> float:
    """Median angle, degrees, between earth z and the specific force (n, 3) turned to earth by quat (n, 4)."""
    every = max(1, len(quat) // 2000)
    up = rotate(quat[::every], acc_m_s2[::every])
    return float(np.degrees(np.median(np.arctan2(np.hypot(up[:, 0], up[:, 1]), up[:, 2]))))


def check_vertical(quat: Floats, acc: Floats, where: str) -> None:
    """Refuses a quaternion (n, 4) that does not turn the mean specific force (n, 3) upwards, naming its convention.

    Raises:
        InputError: the vertical is off by more than `MAX_TILT_ERROR_DEG`.
    """
    tilt = vertical_tilt_deg(quat, acc)
    if tilt <= MAX_TILT_ERROR_DEG:
        return
    alternatives = {
        "it looks scalar last: give w, x, y, z": np.roll(quat, 1, axis=1),
        "it looks earth → sensor: give the conjugate": conjugate(quat),
        "it looks scalar last and earth → sensor": conjugate(np.roll(quat, 1, axis=1)),
    }
    advice = "give orientations sensor → earth, earth z up, scalar first"
    for words, turned in alternatives.items():
        if vertical_tilt_deg(turned, acc) < MAX_TILT_ERROR_DEG / 2:
            advice = words
            break
    raise InputError(
        f"{where}: the quaternion puts gravity {tilt:.0f}° off the vertical", f"{advice[0].upper()}{advice[1:]}."
    )
