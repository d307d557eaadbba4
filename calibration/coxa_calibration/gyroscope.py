"""The bias of the gyroscope as a function of temperature: what `bias_history` learns and a recording uses.

bias(T) = offset + slope (T − 25 °C) [+ curvature (T − 25 °C)², only where the data need it]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coxa_calibration.datasheet import Datasheet
from coxa_calibration.readings import Floats
from coxa_calibration.stillness import StillSpan

REFERENCE_C = 25.0
"""Temperature that offsets are stated at, as in data sheets."""

POWER_ON_SHARE = 0.1
"""Spread of the bias from power-on to power-on, as a share of the data sheet's zero-rate level."""

WALK_RAD_S_RTS, WALK_C_RTS = np.radians(0.001), 0.1
"""Random walk of the bias while running: rad/s/√s that every chip has, and what a chip that drifts more with
temperature has beside that, as a temperature, °C/√s (together 0.0015 to 0.005 deg/s/√s for the three chips; an
estimate)."""

TEMPERATURE_SD_C = 0.1
"""Error of a span's temperature: what the rounding to whole degrees leaves, and the thermometer's lag."""

REST_TURN_RAD = np.radians(0.05)
"""What a table, or the settling of a strap, may turn unseen within one still span."""


@dataclass(frozen=True, slots=True)
class BiasModel:
    """The bias at any temperature.

    Attributes:
        coefficients: (3, 3) of axis × (rad/s, rad/s/°C, rad/s/°C²); `covariance`: (3, 3, 3), one matrix for each axis.
        power_on_rad_s: spread from power-on to power-on, not in `covariance`; 0 once `anchored`.
        coldest_c, warmest_c: range learned from; outside it the sd grows with the tolerance of slope and curvature.
        sessions: how many count, after forgetting.
    """

    coefficients: Floats
    covariance: Floats
    power_on_rad_s: float
    coldest_c: float
    warmest_c: float
    sessions: float

    def at(self, temperature_c: Floats | float) -> tuple[Floats, Floats]:
        """Bias and its sd, (…, 3) rad/s, at temperatures (…) °C."""
        x = np.asarray(temperature_c, dtype=np.float64) - REFERENCE_C
        powers = np.stack([np.ones_like(x), x, x**2], axis=-1)
        variance = np.einsum("...i,aij,...j->...a", powers, self.covariance, powers)
        return powers @ self.coefficients.T, np.sqrt(np.clip(variance, 0, None) + self.power_on_rad_s**2)

    def anchored(self, bias_rad_s: Floats, sd_rad_s: Floats, temperature_c: float) -> BiasModel:
        """The model of a session that read this bias (3,) ± sd (3,), rad/s, at this temperature: its offset is
        today's, its slope the one of all sessions."""
        x = temperature_c - REFERENCE_C
        powers = np.array([1.0, x, x * x])
        coefficients, covariance = self.coefficients.copy(), self.covariance.copy()
        for axis in range(3):
            covariance[axis, 0, 0] += self.power_on_rad_s**2
            seen = covariance[axis] @ powers
            gain = seen / (powers @ seen + sd_rad_s[axis] ** 2)
            coefficients[axis] += gain * (bias_rad_s[axis] - powers @ coefficients[axis])
            covariance[axis] -= np.outer(gain, seen)
        return replace(self, coefficients=coefficients, covariance=covariance, power_on_rad_s=0.0)


def power_on_sd(sheet: Datasheet) -> float:
    """Spread of the bias from power-on to power-on, rad/s."""
    return float(np.radians(sheet.gyro_offset_dps.value) * POWER_ON_SHARE)


def span_covariance(spans: Sequence[StillSpan], axis: int, sheet: Datasheet) -> Floats:
    """(k, k) covariance of the rates of the spans of one session about the temperature model, (rad/s)²."""
    middle = np.array([(span.start_s + span.end_s) / 2 for span in spans])
    since = middle - middle.min()
    drift = np.radians(sheet.gyro_drift_dps_c.value)
    seen = (drift * TEMPERATURE_SD_C) ** 2
    own = [seen + span.gyr_cov[axis, axis] + (REST_TURN_RAD / max(span.duration_s, 1.0)) ** 2 for span in spans]
    walk = WALK_RAD_S_RTS + drift * WALK_C_RTS
    walked = walk**2 * np.minimum.outer(since, since)
    return np.asarray(np.diag(own) + power_on_sd(sheet) ** 2 + walked)
