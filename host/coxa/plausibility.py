"""Does the recording look like a body-worn inertial sensor in SI units? Refusals name the likely unit mistake."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coxa.consistency import DEG_ADVICE, check_agreement, check_vertical, norms
from coxa.errors import InputError
from coxa.samples import GRAVITY_M_S2, Floats, Samples

Mask = NDArray[np.bool_]

STILL_G = (0.85, 1.15)
"""|a| over g in the calmer half of a recording. Chips are within 5 % (scale) plus 0.1 g (offset)."""

MAX_RATE_RAD_S = 36.0
"""Widest common gyroscope range is 2000 °/s = 34.9 rad/s; a thigh turns below 9 rad/s (500 °/s)."""

MAX_FORCE_M_S2 = 40.0 * GRAVITY_M_S2
"""Chips for movement end at 16 or 32 g."""

FLAT_RUN = 4
"""That many equal samples in a row at the extreme are a flat top."""

MAX_FLAT_SHARE = 0.01
"""Share of samples on a flat top above which peaks and angles are lost."""

SURE_FLAT = {"gyroscope": 2.1, "accelerometer": 1.9 * GRAVITY_M_S2}
"""The smallest ranges of chips are 125 °/s (2.2 rad/s) and 2 g: a flat top there is a range limit."""

MIN_FLAT_RAD_S = 0.1
"""A flat top nearer to the channel's median (6 °/s) is rest with rounding, not a range."""

MAX_FROZEN_S = 20.0
"""A live chip does not repeat all six readings for long; noise-free examples may during holds."""


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
        check_agreement(samples, where)
    if samples.quat is not None and not samples.acc_derived:
        check_vertical(samples.quat, samples.acc_m_s2, where)


def _measured(samples: Samples) -> list[tuple[str, Floats]]:
    pairs = [("gyroscope", samples.gyr_rad_s, samples.gyr_derived)]
    pairs.append(("accelerometer", samples.acc_m_s2, samples.acc_derived))
    return [(name, values) for name, values, derived in pairs if not derived]


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
    norm, spin = norms(samples.acc_m_s2), norms(samples.gyr_rad_s)
    still = float(np.median(norm[spin <= np.median(spin)]))
    if not STILL_G[0] <= still / GRAVITY_M_S2 <= STILL_G[1]:
        raise _no_gravity(still, float(np.median(spin)), samples.gyr_derived, where)
    row = int(norm.argmax())
    if norm[row] > MAX_FORCE_M_S2:
        raise InputError(
            f"{where}: the accelerometer reads {norm[row]:.4g} m/s² at row {row + 1}, more than any chip measures",
            "Leave out the damaged rows.",
        )


def _no_gravity(still: float, spin: float, gyr_derived: bool, where: str) -> InputError:
    what = f"{where}: the accelerometer reads {still:.4g} m/s² when calm, not about 9.8"
    if not gyr_derived and STILL_G[0] <= spin / GRAVITY_M_S2 <= STILL_G[1]:
        return InputError(f"{what}, while the gyroscope reads {spin:.3g}: the two look exchanged", "Swap the columns.")
    return InputError(what + _unit_guess(still), _unit_advice(still))


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
            flat = _flat(column == extreme)
            share = flat / len(column)
            if MAX_FLAT_SHARE < share < 0.5 and _is_range_limit(column, flat, extreme, name):
                raise InputError(
                    f"{where}: the {name} is saturated: {axis} stays at its limit {extreme:.4g} "
                    f"in {100.0 * share:.0f} % of the rows",
                    "Set the sensor to a wider range and record again.",
                )


def _flat(same: Mask) -> int:
    """How many of the marked samples end a run of at least `FLAT_RUN` marked ones."""
    ends = same[FLAT_RUN - 1 :].copy()
    for back in range(1, FLAT_RUN):
        ends &= same[FLAT_RUN - 1 - back : len(same) - back]
    return int(ends.sum())


def _is_range_limit(column: Floats, flat: int, extreme: float, name: str) -> bool:
    """Noise-free examples have flat tops too, but then values stay equal away from the extremes as well."""
    if abs(extreme) >= SURE_FLAT[name]:
        return True
    if name == "accelerometer" or abs(extreme - float(np.median(column))) < MIN_FLAT_RAD_S:
        return False
    inner = (column[1:] != column.max()) & (column[1:] != column.min())
    return _flat((column[1:] == column[:-1]) & inner) < flat


def _check_frozen(samples: Samples, where: str) -> None:
    """The longest time in which not one measured value changes."""
    same: Mask = np.ones(len(samples) - 1, dtype=np.bool_)
    measured = [values for _, values in _measured(samples)]
    if samples.quat is not None and not measured:
        measured = [samples.quat]
    for values in measured:
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
