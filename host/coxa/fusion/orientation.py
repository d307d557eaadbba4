"""Orientation of a sensor in the world from its gyroscope and accelerometer, for a whole recording.

All functions return unit quaternions (n, 4), sensor → earth, scalar first, earth z up; the heading starts anywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from coxa import quaternion
from coxa.blas import one_thread
from coxa.errors import InputError, UsageError
from coxa.fusion.ahrs_filters import AHRS_FILTERS
from coxa.fusion.selfcal import LONGEST_S, calibrate
from coxa.fusion.selfcal_blocks import preintegrate
from coxa.fusion.selfcal_poweron import power_on_offset
from coxa.fusion.selfcal_rest import WINDOW_S, still_phases
from coxa.fusion.selfcal_vqf import offline, online
from coxa.samples import GRAVITY_M_S2, Floats

METHODS: tuple[str, ...] = ("coxa", "vqf-offline", "vqf", *AHRS_FILTERS)
"""What `orientation` can be asked for."""
PLAUSIBLE_G = (0.3, 3.0)
"""Median specific force of a usable recording, in g."""
LEAST_RATE_HZ, GREATEST_RATE_HZ = 10.0, 10_000.0
"""Sampling rates that make sense for a moving limb."""


def estimate_orientation(gyr_rad_s: ArrayLike, acc_m_s2: ArrayLike, sampling_rate_hz: float) -> Floats:
    """Orientation over a whole recording, each sample judged with what came before and after it.

    Offline vqf (Laidig & Seel 2023, doi 10.1016/j.inffus.2022.10.014) on a gyroscope that is calibrated from the
    recording itself (`coxa.fusion.selfcal`). That corrects the heading, and only where the recording tells enough;
    the inclination is always vqf's. A power-on offset of up to 10 deg/s is taken out first.

    Args:
        gyr_rad_s: (n, 3) angular rate, rad/s.
        acc_m_s2: (n, 3) specific force, m/s² (+g upwards when still).
        sampling_rate_hz: samples per second; the samples must be evenly spaced.

    Returns:
        (n, 4) unit quaternions, sensor → earth, scalar first, earth z up.

    Raises:
        InputError: shapes, values, unit or rate cannot be right.
    """
    gyr, acc = _checked(gyr_rad_s, acc_m_s2, sampling_rate_hz)
    with one_thread():
        return _calibrated(gyr, acc, sampling_rate_hz)


def _calibrated(gyr: Floats, acc: Floats, sampling_rate_hz: float) -> Floats:
    dt_s = 1.0 / sampling_rate_hz
    if len(gyr) * dt_s < WINDOW_S:
        return offline(gyr, acc, dt_s).quat
    head = slice(0, int(LONGEST_S * sampling_rate_hz))
    blocks = preintegrate(gyr[head], acc[head], sampling_rate_hz)
    rests = still_phases(blocks)
    offset = power_on_offset(blocks, rests)
    if offset.any():
        gyr = gyr - offset
        blocks = preintegrate(gyr[head], acc[head], sampling_rate_hz)
        rests = still_phases(blocks)
    plain = offline(gyr, acc, dt_s)
    calibration = calibrate(blocks, rests) if len(gyr) * dt_s <= LONGEST_S else None
    if calibration is None:
        return plain.quat
    ends = (np.arange(len(blocks)) + 1) * round(blocks.dt_s * sampling_rate_hz) - 1
    turn = calibration.heading_turn(blocks, plain.quat[ends])
    if not calibration.convincing(turn, plain.bias_sd):
        return plain.quat
    every = np.interp(np.arange(len(gyr)), ends, turn)
    return quaternion.multiply(quaternion.about(np.array([0.0, 0.0, 1.0]), every), plain.quat)


def orientation(gyr_rad_s: ArrayLike, acc_m_s2: ArrayLike, sampling_rate_hz: float, method: str = "coxa") -> Floats:
    """Orientation by the named method; arguments, result and errors as for `estimate_orientation`.

    `coxa` is `estimate_orientation`; `vqf-offline` and `vqf` are vqf's acausal and causal 6-axis filters with
    their own settings; the others are the reference filters of `ahrs` with theirs, brought to this convention.

    Raises:
        UsageError: no such method.
    """
    if method not in METHODS:
        raise UsageError(f"there is no orientation method {method!r}", f"Choose one of: {', '.join(METHODS)}.")
    if method == "coxa":
        return estimate_orientation(gyr_rad_s, acc_m_s2, sampling_rate_hz)
    gyr, acc = _checked(gyr_rad_s, acc_m_s2, sampling_rate_hz)
    if method == "vqf-offline":
        return offline(gyr, acc, 1.0 / sampling_rate_hz).quat
    if method == "vqf":
        return online(gyr, acc, 1.0 / sampling_rate_hz)
    return AHRS_FILTERS[method](gyr, acc, sampling_rate_hz)


def _checked(gyr_rad_s: ArrayLike, acc_m_s2: ArrayLike, sampling_rate_hz: float) -> tuple[Floats, Floats]:
    """Both arrays as contiguous floats of one shape (n, 3), or an error that says what is wrong where."""
    if not LEAST_RATE_HZ <= sampling_rate_hz <= GREATEST_RATE_HZ:
        raise InputError(
            f"a sampling rate of {sampling_rate_hz:g} Hz is out of range",
            f"Give samples per second, {LEAST_RATE_HZ:g} to {GREATEST_RATE_HZ:g}.",
        )
    gyr, acc = _array(gyr_rad_s, "gyr_rad_s"), _array(acc_m_s2, "acc_m_s2")
    if gyr.shape != acc.shape:
        raise InputError(
            f"gyr_rad_s has {len(gyr)} rows, acc_m_s2 has {len(acc)}", "Bring both sensors to the same samples first."
        )
    force = float(np.median(np.linalg.norm(acc, axis=1))) / GRAVITY_M_S2
    if not PLAUSIBLE_G[0] <= force <= PLAUSIBLE_G[1]:
        raise InputError(
            f"the accelerometer's median is {force * GRAVITY_M_S2:.3g} m/s², which is not gravity",
            "Give the specific force in m/s², gravity included: about 9.8 when still.",
        )
    return gyr, acc


def _array(values: ArrayLike, name: str) -> Floats:
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is not an array of numbers", "Give (n, 3) floats.") from error
    if array.ndim != 2 or array.shape[1] != 3 or len(array) == 0:
        raise InputError(f"{name} has the shape {array.shape}", "Give (n, 3): a row per sample, columns x, y, z.")
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise InputError(
            f"{name} is not finite in {int(bad.sum())} rows, first in row {int(bad.argmax())}",
            "Fill short gaps by interpolation, or split the recording there.",
        )
    return array
