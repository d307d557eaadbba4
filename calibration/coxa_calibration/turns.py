"""Scale and cross-axis matrix of the gyroscope from whole turns on a table: no turntable needed.

The sensor lies on a table against a straight edge, is turned a known number of times without lifting, and comes back to
the edge. The true angle is 2π × turns about the table's normal. The normal is the constant part of the force over whole
turns: a slant of the table goes round with the turn, and the pull of turning off the centre goes with the rate squared.
The integral of the rate then gives the gyroscope's answer to a turn about that axis, all three components of it. One
axis turned is enough for the scale about that axis; three make the whole matrix.

Principle: Ferraris, Grimaldi and Parvis 1995, Sensors and Materials 7(5):311.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coxa_calibration.accelerometer import AccelerometerCalibration
from coxa_calibration.datasheet import UNKNOWN_CHIP, Datasheet
from coxa_calibration.readings import GRAVITY_M_S2, CalibrationError, Floats, Readings, Recording, checked
from coxa_calibration.stillness import AT_REST, GAP_S, Limits, StillSpan, still_spans

EDGE_RAD = np.radians(0.7)
"""How well start and end lie against the edge, together: half a degree each."""

BIAS_RAD_S = np.radians(0.01)
"""How much the bias may differ during the turns from its mean before and after, sd."""

AXIS_RAD = np.radians(0.2)
"""Error of the axis with a calibrated accelerometer: its remaining offset, an uneven table."""

WOBBLE_RAD, SLANT_RAD = np.radians(6.0), np.radians(15.0)
"""Largest angle between the rate and the axis, root mean square, and largest slant of the table: a sensor turned in the
air has more of the one, one that leans on something of the other."""

COUNT_SHARE = 0.04
"""Largest difference, as a share, between the turns counted by the gyroscope and those that were made: its scale is
never off by more."""

MOST_UNTOLD = 8
"""So many turns are counted without being told: at 4 % a ninth could be missed or made up."""

LEARNED = 0.5
"""An axis counts as turned when its scale is known better than this share of the tolerance before."""

STILL = Limits(AT_REST.gyr_rad_s, AT_REST.acc_m_s2, AT_REST.turn_rad, 1.0)
"""Rest before and after: on the table, for two seconds, of which half a second is given away at the edges."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One set of whole turns. `axis`: (3,) upwards in the sensor; `angle_rad`: the true angle about it, positive
    anticlockwise seen from above; `reading_rad`: (3,) integral of the rate without bias; `angle_sd_rad`: sd of what the
    reading should be along the axis, `axis_sd_rad` of the axis' direction."""

    axis: Floats
    angle_rad: float
    reading_rad: Floats
    angle_sd_rad: float
    axis_sd_rad: float


@dataclass(frozen=True, slots=True)
class GyroscopeMatrix:
    """true rate = matrix @ (reading − bias); `matrix_sd` (3, 3); `turned`: axes whose scale the turns have shown;
    `residual_share`: root mean square difference of the sets of turns from the fit, along their axes."""

    matrix: Floats
    matrix_sd: Floats
    turned: tuple[bool, bool, bool]
    residual_share: float


def measure_turns(
    readings: Readings, turns: int | None = None, accelerometer: AccelerometerCalibration | None = None,
    sheet: Datasheet = UNKNOWN_CHIP,
) -> Turn:  # fmt: skip
    """What one recording of rest, whole turns and rest says. turns: how many, either way round; None to count them.

    Raises:
        CalibrationError: reason `moving` (no rest before and after), `gap`, `saturated`, `wobble` (not on a table),
            `turns` (not whole, or not as many as told), or of `readings.checked`.
    """
    r = checked(readings)
    before, after = _rests(r)
    span = slice(before.begin, after.end)
    t, acc = r.t_s[span], r.acc_m_s2[span]
    if float(np.diff(t).max()) > GAP_S:
        raise CalibrationError("Samples are missing while it turned.", "Repeat this set of turns.", "gap")
    share = np.clip((t - before.end_s) / (after.start_s - before.end_s), 0.0, 1.0)[:, None]
    rate = r.gyr_rad_s[span] - (before.gyr_rad_s * (1 - share) + after.gyr_rad_s * share)
    reading = np.asarray(np.trapezoid(rate, t, axis=0))
    force = acc if accelerometer is None else accelerometer.apply(acc)
    rests = np.array([before.acc_m_s2, after.acc_m_s2])
    level = _unit((rests if accelerometer is None else accelerometer.apply(rests)).mean(axis=0))
    whole = _whole(float(reading @ level) / (2 * np.pi), turns)
    axis, left = _axis(force, t, rate @ level, 2 * np.pi * whole)
    _check_wobble(rate, axis)
    duration = after.start_s - before.end_s
    noise = float(np.sqrt(np.trace(before.gyr_cov + after.gyr_cov) / 3)) / 2
    angle_sd = float(np.sqrt(EDGE_RAD**2 + ((noise + BIAS_RAD_S) * duration) ** 2))
    offset = 0.0 if accelerometer is not None else sheet.acc_offset_mg.value * 1e-3
    axis_sd = float(np.sqrt(AXIS_RAD**2 + offset**2 + left**2 / (2 * abs(whole))))
    return Turn(axis, 2 * np.pi * whole, reading, angle_sd, axis_sd)


def calibrate_gyroscope(turns: Sequence[Turn], sheet: Datasheet = UNKNOWN_CHIP) -> GyroscopeMatrix:
    """The matrix from sets of turns about any axes, with the data sheet's tolerances for what they do not show.

    Raises:
        CalibrationError: reason `too_few` (none) or `inconsistent` (two sets about one axis disagree).
    """
    if not turns:
        raise CalibrationError("There is no set of turns.", "Turn the sensor ten times on a table.", "too_few")
    tolerance = np.where(np.eye(3, dtype=bool), sheet.gyro_scale.value, sheet.gyro_cross.value)
    precision, score = np.diag(tolerance.ravel() ** -2.0), np.zeros(9)
    for turn in turns:
        row, weight, observed = _observation(turn)
        precision += row.T @ weight @ row
        score += row.T @ weight @ (observed - turn.axis)
    covariance = np.linalg.inv(precision)
    answer = np.eye(3) + (covariance @ score).reshape(3, 3)
    off = np.array([turn.axis @ (turn.reading_rad / turn.angle_rad - answer @ turn.axis) for turn in turns])
    _check_agreement(off, turns)
    sd = np.sqrt(np.diag(covariance)).reshape(3, 3)
    turned = tuple(bool(sd[i, i] < LEARNED * sheet.gyro_scale.value) for i in range(3))
    matrix = np.asarray(np.linalg.inv(answer), dtype=np.float64)
    return GyroscopeMatrix(matrix, sd, (turned[0], turned[1], turned[2]), float(np.sqrt(np.mean(off**2))))


def _rests(r: Recording) -> tuple[StillSpan, StillSpan]:
    spans = still_spans(r, STILL)
    if len(spans) < 2 or spans[-1].begin <= spans[0].end:
        raise CalibrationError(
            "There is no rest before and after the turns.", "Let go of the sensor for two seconds before and after.",
            "moving",
        )  # fmt: skip
    return spans[0], spans[-1]


def _axis(force: Floats, t: Floats, rate: Floats, angle: float) -> tuple[Floats, float]:
    """The constant part of the force (n, 3), as a direction (3,), and what is left unexplained, rad; rate (n,)
    about that direction, rad/s, whose integral is known to be `angle`."""
    turned = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(t))])
    turned = turned * (angle / turned[-1])
    change: Floats = np.gradient(rate, t)
    parts = np.column_stack([np.ones_like(t), np.cos(turned), np.sin(turned), rate**2, change])
    found = np.linalg.lstsq(parts, force, rcond=None)[0]
    left = float(np.sqrt(((force - parts @ found) ** 2).sum(axis=1).mean())) / GRAVITY_M_S2
    slant = float(np.linalg.norm(found[1:3])) / GRAVITY_M_S2 / np.sqrt(2)
    if slant > SLANT_RAD:
        raise CalibrationError(f"The table slants by {np.degrees(slant):.0f}°.", "Turn it on a level one.", "wobble")
    return _unit(found[0]), left


def _check_wobble(rate: Floats, axis: Floats) -> None:
    along = rate @ axis
    across = float(np.sqrt(np.sum(rate**2) - np.sum(along**2)))
    away = float(np.arctan2(across, np.sqrt(np.sum(along**2))))
    if away > WOBBLE_RAD:
        raise CalibrationError(
            f"The sensor turned about an axis {away * 180 / np.pi:.0f}° off the vertical.",
            "Keep it flat on the table while it turns.", "wobble",
        )  # fmt: skip


def _unit(v: Floats) -> Floats:
    return np.asarray(v / np.linalg.norm(v))


def _whole(counted: float, told: int | None) -> int:
    whole = round(counted) if told is None else int(np.copysign(abs(told), counted))
    allowed = max(0.05, COUNT_SHARE * abs(whole))
    if whole == 0 or abs(counted - whole) > allowed or (told is None and abs(whole) > MOST_UNTOLD):
        expected = f"not the {abs(told)} that were told" if told is not None else "not a whole number below nine"
        raise CalibrationError(
            f"The gyroscope counts {abs(counted):.2f} turns, {expected}.",
            "Start and end against the same edge, count the turns, and tell how many they were.", "turns",
        )  # fmt: skip
    return whole


def _observation(turn: Turn) -> tuple[Floats, Floats, Floats]:
    """(3, 9) row, (3, 3) weight and (3,) value of answer @ axis."""
    along = np.outer(turn.axis, turn.axis)
    sd = turn.angle_sd_rad / abs(turn.angle_rad)
    weight = along / sd**2 + (np.eye(3) - along) / (sd**2 + turn.axis_sd_rad**2)
    row = np.asarray(np.kron(np.eye(3), turn.axis), dtype=np.float64)
    return row, np.asarray(weight), turn.reading_rad / turn.angle_rad


def _check_agreement(off: Floats, turns: Sequence[Turn]) -> None:
    for value, turn in zip(off, turns, strict=True):
        if abs(value) > 5 * turn.angle_sd_rad / abs(turn.angle_rad):
            raise CalibrationError(
                f"Turns about one axis disagree by {abs(value):.1%}.",
                "Repeat them, each from the edge back to the edge.", "inconsistent",
            )  # fmt: skip
