"""A chip that stays switched on: from one reading to the next its time goes on, its bias walks, and it warms up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from coxa.samples import Floats, Samples
from coxa.simulate.sensor import Chip

BIAS_AT_C = 25.0
"""Temperature that `Chip.gyro_bias_dps` is the offset at."""

ROOM_C = 21.0
"""Temperature at which a board is switched on."""


@dataclass(slots=True)
class Powered:
    """A chip in use.

    Attributes:
        rng: of its noise. `room_c`: what it warms up from.
        on_samples: how many it has put out. `walk_dps` (3,): how far its bias has walked.
    """

    chip: Chip
    rng: np.random.Generator
    room_c: float = ROOM_C
    on_samples: int = 0
    walk_dps: Floats = field(default_factory=lambda: np.zeros(3))

    @property
    def dt_s(self) -> float:
        """True interval of its samples, s."""
        sensor = self.chip.sensor
        return 1.0 / (sensor.rate_hz * (1.0 + sensor.odr_error))

    def read(self, rate_rad_s: Floats, force_m_s2: Floats) -> Samples:
        """The next samples, of true rate and force (n, 3) in the segment frame; the temperature in whole degrees."""
        sensor, n = self.chip.sensor, len(rate_rad_s)
        t = np.arange(self.on_samples, self.on_samples + n, dtype=np.float64) * self.dt_s
        steps = self.rng.standard_normal((n, 3)) * sensor.gyro_bias_walk_dps_rts * np.sqrt(self.dt_s)
        walk = self.walk_dps + np.cumsum(steps, axis=0)
        temperature = self.room_c + sensor.warm_up_c * (1 - np.exp(-t / sensor.warm_up_s))
        bias = self.chip.gyro_bias_dps + (temperature - BIAS_AT_C)[:, None] * self.chip.gyro_tempco_dps_c + walk
        noise = self.rng.standard_normal((n, 3)), self.rng.standard_normal((n, 3))
        readings = self.chip.read(rate_rad_s, force_m_s2, self.dt_s, bias, noise)
        self.on_samples, self.walk_dps = self.on_samples + n, walk[-1] if n else self.walk_dps
        return Samples(t, readings.gyr_rad_s, readings.acc_m_s2, temperature_c=np.round(temperature))

    def remount(self, turn: Floats) -> None:
        """The sensor is put on another way: turn (3, 3), of the segment frame before its old mounting."""
        self.chip = replace(self.chip, to_sensor=self.chip.to_sensor @ turn)
