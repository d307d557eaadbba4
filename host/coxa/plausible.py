"""Does the recording look like a body-worn inertial sensor in SI units? Refusals name the likely unit mistake."""

from __future__ import annotations

import math

import numpy as np

from coxa.errors import InputError
from coxa.quaternion import conjugate, rotate
from coxa.samples import GRAVITY_M_S2, Floats, Samples

STILL_G = (0.85, 1.15)
"""|a| over g in the calmer half of a recording. Chips are within 5 % (scale) plus 0.1 g (offset)."""

MAX_RATE_RAD_S = 36.0
"""Widest common gyroscope range is 2000 °/s = 34.9 rad/s; a thigh turns below 9 rad/s (500 °/s)."""

MAX_TURN_RAD = 40.0
"""Net turn about one sensor axis: more than six full turns within a recording is no leg."""

FLAT_RUN = 4
"""That many equal samples in a row at the extreme are a flat top."""

MAX_FLAT_SHARE = 0.01
"""Share of samples on a flat top above which peaks and angles are lost."""

SURE_FLAT = {"gyroscope": 2.1, "accelerometer": 1.9 * GRAVITY_M_S2}
"""The smallest ranges of chips are 125 °/s (2.2 rad/s) and 2 g: a flat top there is a range limit."""

MAX_FROZEN_S = 20.0
"""A live chip does not repeat all six readings for long; noise-free examples may during holds."""

BLOCK_S = 0.2
"""Averaging for the comparison of gyroscope and gravity: shorter than a movement, longer than an impact."""

MIN_TILT_RAD = 0.15
"""Gravity must move that much (9°) in the sensor frame before the two sensors are compared."""

SURE_CORRELATION = 0.9
"""Correlation of predicted and seen motion of gravity from which the scale between them is taken as known."""

MAX_TILT_ERROR_DEG = 30.0
"""Between the quaternion's vertical and gravity; estimators err by a few degrees, wrong conventions by 90 and 180."""

DEG_ADVICE = "If it is in degrees per second, multiply by π/180."


def check(samples: Samples, where: str) -> None:
    """Refuses what cannot be a body-worn sensor in rad/s and m/s²; derived channels are not judged.

    Raises:
        InputError: naming the likely mistake (unit, exchanged columns, stuck or saturated sensor, convention).
    """
    _check_alive(samples, where)
    if not samples.acc_derived:
        _check_gravity(samples, where)
    _check_rate(samples, where)
    for name, values in _measured(samples):
        _check_saturation(values, name, where)
    _check_frozen(samples, where)
    if not (samples.acc_derived or samples.gyr_derived):
        _check_agreement(samples, where)
    if samples.quat is not None and not samples.acc_derived:
        _check_vertical(samples.quat, samples.acc_m_s2, where)


def _measured(samples: Samples) -> list[tuple[str, Floats]]:
    pairs = [("gyroscope", samples.gyr_rad_s, samples.gyr_derived)]
    pairs.append(("accelerometer", samples.acc_m_s2, samples.acc_derived))
    return [(name, values) for name, values, derived in pairs if not derived]


def _norm(values: Floats) -> Floats:
    norm: Floats = np.sqrt(np.einsum("ij,ij->i", values, values))
    return norm


def _check_alive(samples: Samples, where: str) -> None:
    if not samples.acc_derived and not samples.acc_m_s2.any():
        raise InputError(
            f"{where}: the accelerometer is zero in all rows", "Check the sensor and that acceleration is recorded."
        )
    source = samples.quat if samples.gyr_derived else samples.gyr_rad_s
    if source is not None and (source == source[0]).all():
        name = "orientation" if samples.gyr_derived else "gyroscope"
        value = "zero" if not source[0].any() else "the same"
        raise InputError(
            f"{where}: the {name} is {value} in all rows: it is stuck or was not recorded",
            "Restart the sensor and record again.",
        )


def _check_gravity(samples: Samples, where: str) -> None:
    norm, spin = _norm(samples.acc_m_s2), _norm(samples.gyr_rad_s)
    still = float(np.median(norm[spin <= np.median(spin)]))
    if STILL_G[0] <= still / GRAVITY_M_S2 <= STILL_G[1]:
        return
    what = f"{where}: the accelerometer reads {still:.3g} m/s² when calm, not about 9.8"
    spin_still = float(np.median(spin))
    if not samples.gyr_derived and STILL_G[0] <= spin_still / GRAVITY_M_S2 <= STILL_G[1]:
        raise InputError(
            f"{what}, while the gyroscope reads {spin_still:.3g}: the two look exchanged", "Swap the columns."
        )
    raise InputError(what + _unit_guess(still), _unit_advice(still))


def _unit_guess(still: float) -> str:
    if STILL_G[0] <= still <= STILL_G[1]:
        return "; it looks like g"
    if STILL_G[0] <= still / 1000.0 <= STILL_G[1]:
        return "; it looks like mg"
    if still < 0.5 * GRAVITY_M_S2:
        return "; gravity may have been removed (linear or free acceleration)"
    return "; it looks like raw counts" if still > 100.0 * GRAVITY_M_S2 else ""


def _unit_advice(still: float) -> str:
    if STILL_G[0] <= still <= STILL_G[1]:
        return "Multiply by 9.80665."
    if STILL_G[0] <= still / 1000.0 <= STILL_G[1]:
        return "Multiply by 0.00980665."
    if still < 0.5 * GRAVITY_M_S2:
        return "Record the acceleration that includes gravity."
    return "Give the acceleration in m/s², and calibrate the sensor if its scale is off."


def _check_rate(samples: Samples, where: str) -> None:
    peak = float(max(samples.gyr_rad_s.max(), -samples.gyr_rad_s.min()))
    if peak <= MAX_RATE_RAD_S:
        return
    row = int(np.abs(samples.gyr_rad_s).max(axis=1).argmax()) + 1
    if samples.gyr_derived:
        raise InputError(
            f"{where}: the orientation jumps at row {row} (rate {peak:.3g} rad/s)",
            "Do not reset or re-zero the sensor during a recording; cut the recording there.",
        )
    raise InputError(
        f"{where}: the gyroscope reads {peak:.4g} rad/s at row {row}, more than any leg turns; "
        "it looks like degrees per second or raw counts",
        f"Give rad/s. {DEG_ADVICE}",
    )


def _check_saturation(values: Floats, name: str, where: str) -> None:
    for axis, column in zip("xyz", values.T, strict=True):
        for extreme in (float(column.max()), float(column.min())):
            at = column == extreme
            flat = at[FLAT_RUN - 1 :].copy()
            for shift in range(1, FLAT_RUN):
                flat &= at[FLAT_RUN - 1 - shift : len(at) - shift]
            share = (int(flat.sum()) + (FLAT_RUN - 1 if flat.any() else 0)) / len(column)
            if MAX_FLAT_SHARE < share < 0.5 and _is_range_limit(column, at, abs(extreme), name):
                raise InputError(
                    f"{where}: the {name} is saturated: {axis} stays at its limit {extreme:.4g} "
                    f"in {100.0 * share:.0f} % of the rows",
                    "Set the sensor to a wider range and record again.",
                )


def _is_range_limit(column: Floats, at: np.ndarray[tuple[int], np.dtype[np.bool_]], extreme: float, name: str) -> bool:
    """Noise-free examples have flat tops too, but then values repeat away from the extreme as well."""
    if extreme >= SURE_FLAT[name]:
        return True
    if name == "accelerometer":
        return False
    repeats = (column[1:] == column[:-1]) & ~at[1:]
    return int(repeats.sum()) < 0.5 * int(at.sum())


def _check_frozen(samples: Samples, where: str) -> None:
    """The longest time in which not one measured value changes."""
    same: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.ones(len(samples) - 1, dtype=np.bool_)
    measured = [values for _, values in _measured(samples)]
    for values in measured or [samples.quat]:
        assert values is not None
        for column in values.T:
            same &= column[1:] == column[:-1]
            if not same.any():
                return
    edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    lengths = samples.t_s[ends] - samples.t_s[starts]
    longest = int(lengths.argmax())
    if lengths[longest] > MAX_FROZEN_S:
        raise InputError(
            f"{where}: stuck: nothing changes for {lengths[longest]:.0f} s from row {int(starts[longest]) + 1}",
            "Check the sensor's connection and record again, or cut that part out.",
        )


def _check_agreement(samples: Samples, where: str) -> None:
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
    spin = spin - spin.mean(axis=0)
    up = averaged(samples.acc_m_s2)
    up = up / np.maximum(_norm(up), 1e-9)[:, None]
    step = np.minimum(np.diff(t), 2.0 * BLOCK_S)
    turn = 0.5 * (spin[1:] + spin[:-1]) * step[:, None]
    _check_turn(turn, where)
    if float(np.linalg.norm(up - up[0], axis=1).max()) < MIN_TILT_RAD:
        return
    seen, predicted = np.diff(up, axis=0), -np.cross(turn, 0.5 * (up[1:] + up[:-1]))
    product, power = float(np.vdot(seen, predicted)), float(np.vdot(predicted, predicted))
    correlation = product / max(math.sqrt(power * float(np.vdot(seen, seen))), 1e-30)
    if abs(correlation) < SURE_CORRELATION:
        return
    ratio = power / product
    if 0.4 < ratio < 2.5:
        return
    if ratio < 0.0:
        raise InputError(
            f"{where}: the gyroscope turns against the accelerometer: the signs of one of them are mirrored",
            "Give both in the same right-handed axes of the sensor.",
        )
    likely = "; it looks like degrees per second" if 30.0 < ratio < 115.0 else ""
    raise InputError(
        f"{where}: the gyroscope turns {ratio:.3g} times as far as gravity shows{likely}", f"Give rad/s. {DEG_ADVICE}"
    )


def _check_turn(turn: Floats, where: str) -> None:
    angle = np.cumsum(turn, axis=0)
    span = float(np.max(angle.max(axis=0) - angle.min(axis=0)))
    if span > MAX_TURN_RAD:
        raise InputError(
            f"{where}: the gyroscope adds up to {span / (2.0 * math.pi):.0f} full turns; it looks like degrees per second",
            f"Give rad/s. {DEG_ADVICE}",
        )


def vertical_tilt_deg(quat: Floats, acc_m_s2: Floats) -> float:
    """Angle, degrees, between earth z and the mean specific force turned into the earth frame by quat (n, 4)."""
    every = max(1, len(quat) // 2000)
    mean = rotate(quat[::every], acc_m_s2[::every]).mean(axis=0)
    return math.degrees(math.atan2(math.hypot(mean[0], mean[1]), mean[2]))


def _check_vertical(quat: Floats, acc: Floats, where: str) -> None:
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
