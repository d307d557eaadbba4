"""The one shape that is passed around: the timed samples of one sensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GRAVITY_M_S2 = 9.80665
"""Standard gravity (CGPM 1901), m/s²."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Timed samples of one inertial sensor, in the sensor's own frame.

    Attributes:
        t_s: (n,) seconds, strictly increasing; the zero is arbitrary.
        gyr_rad_s: (n, 3) angular rate, rad/s.
        acc_m_s2: (n, 3) specific force, m/s²: +g upwards when still.
        quat: (n, 4) orientation sensor → earth, scalar first, earth z up, as another maker estimated it; None
            where the recording has none.
        gyr_derived: the rate was differentiated from `quat` because the recording has no gyroscope.
        acc_derived: the specific force is gravity turned by `quat` because the recording has no accelerometer.
        temperature_c: (n,) of the chip, °C, as it was reported, often in whole degrees; None where it is not known.
    """

    t_s: Floats
    gyr_rad_s: Floats
    acc_m_s2: Floats
    quat: Floats | None = None
    gyr_derived: bool = False
    acc_derived: bool = False
    temperature_c: Floats | None = None

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.t_s)

    @property
    def sampling_rate_hz(self) -> float:
        """Median rate, Hz."""
        return float(1.0 / np.median(np.diff(self.t_s)))

    @property
    def duration_s(self) -> float:
        """Time from the first to the last sample, s."""
        return float(self.t_s[-1] - self.t_s[0])
