"""Arrays → `Samples`: shapes, numbers, time and physical plausibility; each refusal says what, where, what to do."""

from __future__ import annotations

from typing import Any

import numpy as np

from coxa import plausibility
from coxa.errors import InputError
from coxa.quaternion import conjugate, rate, rotate
from coxa.samples import GRAVITY_M_S2, Floats, Samples

MAX_ROWS = 1_000_000
"""Samples of one recording: 2.7 h at 100 Hz, 33 min at 500 Hz; a set of an exercise takes minutes."""

MIN_DURATION_S = 2.0
"""Shortest recording: no repetition out and back with a hold is quicker."""

MIN_RATE_HZ, MAX_RATE_HZ = 24.0, 520.0
"""The estimators are made for 25-500 Hz; 4 % more on either side, as output data rates are off by up to 3 %."""

MAX_GAP_S = 60.0
"""Longest gap inside one recording: after a minute without data it is no longer the same set and pose."""

MAX_NORM_ERROR = 0.02
"""How far |q| may be from 1: two decimals of print, more is no rounding but no unit quaternion."""

CHANNELS = {
    "t_s": ("t_s",),
    "gyr_rad_s": ("gx_rad_s", "gy_rad_s", "gz_rad_s"),
    "acc_m_s2": ("ax_m_s2", "ay_m_s2", "az_m_s2"),
    "quat": ("qw", "qx", "qy", "qz"),
}


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # absurd numbers are refused, not warned of
def checked_samples(
    t_s: object, gyr_rad_s: object, acc_m_s2: object, quat: object = None, *, where: str = "the arrays"
) -> Samples:
    """Samples out of arrays that have passed every check; arrays that cannot be analysed are refused.

    Args:
        t_s: (n,) seconds, strictly increasing, any zero.
        gyr_rad_s: (n, 3) angular rate in the sensor frame, rad/s; None where `quat` is given: then differentiated.
        acc_m_s2: (n, 3) specific force in the sensor frame, m/s², +g upwards when still; None where `quat` is
            given: then gravity turned into the sensor frame.
        quat: (n, 4) orientation sensor → earth, scalar first, earth z up; None where there is none.
        where: what the messages call the origin, such as the file's name.

    Raises:
        InputError: with what is wrong, the row or column where there is one, and what to do. Rows count from 1.
    """
    t = _array(t_s, "t_s", where)
    gyr, acc, q = (
        None if values is None else _array(values, name, where)
        for name, values in (("gyr_rad_s", gyr_rad_s), ("acc_m_s2", acc_m_s2), ("quat", quat))
    )
    _check_lengths(t, {"gyr_rad_s": gyr, "acc_m_s2": acc, "quat": q}, where)
    for name, values in (("t_s", t), ("gyr_rad_s", gyr), ("acc_m_s2", acc), ("quat", q)):
        if values is not None:
            _check_finite(values, name, where)
    _check_time(t, where)
    if q is not None:
        q = _unit(q, where)
    if q is None and (gyr is None or acc is None):
        missing = "gyroscope" if gyr is None else "accelerometer"
        raise InputError(
            f"{where}: there is no {missing} and no orientation to derive it from",
            "Record gyroscope and accelerometer together, or the sensor's quaternion.",
        )
    samples = _completed(t, gyr, acc, q)
    plausibility.check(samples, where)
    return samples


def _completed(t: Floats, gyr: Floats | None, acc: Floats | None, q: Floats | None) -> Samples:
    """The missing rate or force derived from the quaternion, and marked as derived."""
    derived_gyr, derived_acc = gyr is None, acc is None
    if gyr is None:
        assert q is not None
        gyr = rate(q, t)
    if acc is None:
        assert q is not None
        acc = rotate(conjugate(q), np.array([0.0, 0.0, GRAVITY_M_S2]))
    return Samples(t, gyr, acc, q, derived_gyr, derived_acc)


def _array(values: object, name: str, where: str) -> Floats:
    """As (n,) or (n, k) float64; a masked value becomes NaN, so that it is found and not used."""
    given: Any = values
    try:
        if np.ma.is_masked(given):
            given = np.ma.filled(given.astype(float), np.nan)
        raw: Any = np.asarray(given)
        if np.iscomplexobj(raw):
            raise TypeError("complex")
        array: Floats = np.ascontiguousarray(raw, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"{where}: {name} is not a table of numbers", f"Give {name} as {_shape_words(name)} of numbers."
        ) from None
    columns = len(CHANNELS[name])
    if columns == 1 and array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if (columns == 1 and array.ndim == 1) or (columns > 1 and array.ndim == 2 and array.shape[1] == columns):
        return array
    if array.size == 0:
        return array.reshape((0,) if columns == 1 else (0, columns))
    hint = "it looks transposed: " if array.ndim == 2 and array.shape[0] == columns else ""
    raise InputError(f"{where}: {name} has shape {raw.shape}", f"{hint}give {_shape_words(name)}.".capitalize())


def counted(count: int, what: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _shape_words(name: str) -> str:
    columns = len(CHANNELS[name])
    return "an array (n,)" if columns == 1 else f"an array (n, {columns})"


def _check_lengths(t: Floats, others: dict[str, Floats | None], where: str) -> None:
    n = len(t)
    for name, values in others.items():
        if values is not None and len(values) != n:
            raise InputError(
                f"{where}: t_s has {n} rows but {name} has {len(values)}",
                "Give each array one row per sample, all at the same times.",
            )
    if n == 0:
        raise InputError(f"{where}: empty, there are no samples", "Record the set again.")
    if n == 1:
        raise InputError(f"{where}: there is only one row", "Record at least one whole repetition.")
    if n > MAX_ROWS:
        raise InputError(
            f"{where}: {n} rows are more than the {MAX_ROWS} that are analysed at once", "Cut out one set."
        )


def _check_finite(values: Floats, name: str, where: str) -> None:
    finite = np.isfinite(values)
    if finite.all():
        return
    bad = np.argwhere(~finite.reshape(len(values), -1))
    row, column = (int(i) for i in bad[0])
    kind = "NaN" if np.isnan(values.reshape(len(values), -1)[row, column]) else "inf"
    count = counted(len(bad), "such value")
    raise InputError(
        f"{where}: row {row + 1}, column {CHANNELS[name][column]} is {kind} ({count} in {name})",
        "Leave out the rows that were not measured; a gap in time is handled, an invented number is not.",
    )


def _check_time(t: Floats, where: str) -> None:
    step = np.diff(t)
    wrong = step <= 0.0
    if wrong.any():
        raise _not_increasing(t, step, wrong, where)
    rate_hz = float(1.0 / np.median(step))
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise _implausible_rate(rate_hz, where)
    duration = float(t[-1] - t[0])
    if duration < MIN_DURATION_S:
        raise InputError(
            f"{where}: too short, {duration:.2g} s; one repetition with its hold needs {MIN_DURATION_S:g} s or more",
            "Record a whole set.",
        )
    gap = int(step.argmax())
    if step[gap] > MAX_GAP_S:
        raise InputError(
            f"{where}: a gap of {_duration(float(step[gap]))} after row {gap + 1} (at {t[gap] - t[0]:.1f} s)",
            f"Split the recording there: the parts of one set are at most {MAX_GAP_S:g} s apart.",
        )


def _not_increasing(t: Floats, step: Floats, wrong: Any, where: str) -> InputError:
    row = int(wrong.argmax()) + 2
    count = int(wrong.sum())
    if not step.any():
        return InputError(f"{where}: the time is constant, {t[0]:g} s in every row", "Give each row its own time.")
    if (step < 0.0).all():
        return InputError(f"{where}: the time runs backwards", "Reverse the rows, or check the time column.")
    what = "repeats the time of the row before" if step[row - 2] == 0.0 else "is earlier than the row before"
    return InputError(
        f"{where}: the time is not strictly increasing: row {row} {what} ({counted(count, 'such row')})",
        "Remove duplicate rows and sort by time.",
    )


def _implausible_rate(rate_hz: float, where: str) -> InputError:
    span = "25-500 Hz are supported"
    if abs(rate_hz - 1.0) < 1e-9:
        return InputError(
            f"{where}: the time steps by 1 s; it looks like sample numbers, not seconds", "Divide by the sampling rate."
        )
    for unit, factor in (("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)):
        if MIN_RATE_HZ <= rate_hz * factor <= MAX_RATE_HZ:
            return InputError(
                f"{where}: the sampling rate would be {rate_hz:.3g} Hz; the time looks like {unit}, not seconds",
                f"Divide the time by {factor:.0f}.",
            )
    if rate_hz < MIN_RATE_HZ:
        return InputError(
            f"{where}: the sampling rate is {rate_hz:.3g} Hz; {span}",
            "Set the sensor to 50 or 100 Hz and check that the time is in seconds.",
        )
    return InputError(
        f"{where}: the sampling rate is {rate_hz:.4g} Hz; {span}",
        "Average neighbouring samples down to 100-200 Hz, and check that the time is in seconds.",
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.4g} h" if seconds >= 3600 else f"{seconds / 60:.3g} min"


def _unit(q: Floats, where: str) -> Floats:
    norm: Floats = np.sqrt(np.einsum("ij,ij->i", q, q))
    off: Floats = np.abs(norm - 1.0)
    row = int(off.argmax())
    if off[row] > MAX_NORM_ERROR:
        count = int((off > MAX_NORM_ERROR).sum())
        raise InputError(
            f"{where}: row {row + 1} is no unit quaternion, |q| = {norm[row]:.4g} ({counted(count, 'such row')})",
            "Give orientations as unit quaternions w, x, y, z; leave out rows without one.",
        )
    return q / norm[:, None]
