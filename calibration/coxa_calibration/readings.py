"""What every calibration takes, what it refuses, and how it states a number: shared by all modules of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GRAVITY_M_S2 = 9.80665
"""Standard gravity (CGPM 1901), m/s²."""

SLOWEST_HZ = 20.0
"""Slowest sampling that still shows whether a hand is still: tremor is at 8 to 12 Hz."""

FEWEST_SAMPLES = 10
"""Below this there is no recording to judge: half a second at the slowest rate."""

STILL_ACC_M_S2 = (5.0, 15.0)
"""What |acc| of a recording is in its middle, whatever the hand does: gravity, ±50 %."""

CLIPPED_RUN = 3
"""Samples in a row at exactly the same extreme: noise never leaves three alike, the end of a range always does."""

CLIPPED_GYR_RAD_S, CLIPPED_ACC_M_S2 = np.radians(100.0), 15.0
"""Extremes below these are inside the smallest range in use (±125 deg/s, ±2 g), so no run there means clipping."""


class Readings(Protocol):
    """Timed samples of one inertial sensor in its own frame; `coxa.samples.Samples` is one."""

    @property
    def t_s(self) -> Floats:
        """(n,) seconds, strictly increasing; the zero is arbitrary."""
        ...

    @property
    def gyr_rad_s(self) -> Floats:
        """(n, 3) angular rate, rad/s."""
        ...

    @property
    def acc_m_s2(self) -> Floats:
        """(n, 3) specific force, m/s²: +g upwards when still."""
        ...


@dataclass(frozen=True, slots=True)
class Recording:
    """The plainest `Readings`: t_s (n,) s, gyr_rad_s (n, 3) rad/s, acc_m_s2 (n, 3) m/s²."""

    t_s: Floats
    gyr_rad_s: Floats
    acc_m_s2: Floats


class CalibrationError(Exception):
    """A calibration that cannot be made from what was given.

    Attributes:
        what: one sentence: what is wrong and where.
        advice: one sentence: what to do about it.
        reason: a short stable word for programs: `too_short`, `too_few`, `moving`, `saturated`, `wrong_pose`,
            `same_pose`, `units`, `not_a_number`, `times`, `shape`, `slow`, `gap`, …
    """

    def __init__(self, what: str, advice: str, reason: str) -> None:
        """Keep the three; the text of the exception is `what` followed by `advice`."""
        super().__init__(f"{what} {advice}")
        self.what, self.advice, self.reason = what, advice, reason


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its standard deviation; the field that holds it names the unit of both."""

    value: float
    sd: float


def rate_hz(readings: Readings) -> float:
    """Median sampling rate, Hz."""
    return float(1.0 / np.median(np.diff(readings.t_s)))


def checked(readings: Readings, *, clipping: bool = True) -> Recording:
    """The readings as float arrays, once they are fit to be calibrated with.

    Checks shapes, length, finite values, increasing times, at least SLOWEST_HZ, plausible units (gravity in m/s²;
    rates that agree with how gravity turns) and, with `clipping`, that no axis sat at the end of its range.

    Raises:
        CalibrationError: reason `shape`, `too_short`, `not_a_number`, `times`, `slow`, `units` or `saturated`.
    """
    from coxa_calibration.units import check_units

    t = np.asarray(readings.t_s, dtype=np.float64)
    gyr = np.asarray(readings.gyr_rad_s, dtype=np.float64)
    acc = np.asarray(readings.acc_m_s2, dtype=np.float64)
    recording = Recording(t, gyr, acc)
    _check_arrays(recording)
    check_units(recording)
    if clipping:
        check_gyroscope_range(recording)
        _check_clipping(acc, CLIPPED_ACC_M_S2, "accelerometer", "Handle it without knocks and repeat this recording.")
    return recording


def check_gyroscope_range(recording: Recording) -> None:
    """Refuse a recording whose rate sat at the end of its range.

    Raises:
        CalibrationError: reason `saturated`.
    """
    advice = "Turn it more slowly and repeat this recording."
    _check_clipping(recording.gyr_rad_s, CLIPPED_GYR_RAD_S, "gyroscope", advice)


def _check_arrays(r: Recording) -> None:
    n = len(r.t_s) if r.t_s.ndim == 1 else -1
    if n < 0 or r.gyr_rad_s.shape != (n, 3) or r.acc_m_s2.shape != (n, 3):
        shapes = f"{r.t_s.shape}, {r.gyr_rad_s.shape} and {r.acc_m_s2.shape}"
        raise CalibrationError(
            f"Times, rates and forces have the shapes {shapes} instead of (n,), (n, 3) and (n, 3).",
            "Give one row of three values for each time.", "shape",
        )  # fmt: skip
    if n < FEWEST_SAMPLES:
        raise CalibrationError(f"The recording has only {n} samples.", "Record for some seconds.", "too_short")
    for name, values in (("time", r.t_s), ("rate", r.gyr_rad_s), ("force", r.acc_m_s2)):
        bad = ~np.isfinite(values.reshape(n, -1)).all(axis=1)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise CalibrationError(
                f"Sample {first} has a {name} that is not a number ({int(bad.sum())} such samples in all).",
                "Leave such samples out, or record again.", "not_a_number",
            )  # fmt: skip
    steps = np.diff(r.t_s)
    if (steps <= 0).any():
        first = int(np.flatnonzero(steps <= 0)[0])
        raise CalibrationError(
            f"The time does not increase after sample {first}.", "Give the samples in order, each one once.", "times"
        )
    rate = 1.0 / float(np.median(steps))
    if rate < SLOWEST_HZ:
        raise CalibrationError(
            f"The sampling rate is {rate:.3g} Hz, less than {SLOWEST_HZ:g} Hz.",
            "Record at 50 Hz or more, with times in seconds.", "slow",
        )  # fmt: skip


def _check_clipping(values: Floats, floor: float, name: str, advice: str) -> None:
    """Refuse a run of CLIPPED_RUN equal samples at the largest value of an axis, if that is above `floor`."""
    for axis, column in zip("xyz", np.abs(values).T, strict=True):
        top = float(column.max())
        if top < floor:
            continue
        at_top = (column >= top * (1 - 1e-9)).astype(int)
        if np.convolve(at_top, np.ones(CLIPPED_RUN, dtype=int)).max() >= CLIPPED_RUN:
            raise CalibrationError(f"The {name} reached the end of its range on its {axis} axis.", advice, "saturated")
