"""The inertial chip: what it adds to the true rate and force. Presets by typical datasheet figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from coxa.samples import GRAVITY_M_S2, Floats


@dataclass(frozen=True, slots=True)
class Sensor:
    """A chip and how it is mounted. Gyroscope in deg/s, accelerometer in mg, as datasheets have it.

    Attributes:
        rate_hz: nominal output data rate; the true one is off by `odr_error` (a share, e.g. 0.02).
        gyro_noise_mdps_rthz, acc_noise_ug_rthz: white noise densities.
        gyro_bias_dps: power-on zero-rate offset, sd of each axis; `gyro_bias_walk_dps_rts`: its random walk.
        gyro_tempco_dps_c: sd of the offset's temperature slope; `warm_up_c`: self-heating, time constant `warm_up_s`.
        gyro_scale_sd, acc_scale_sd: scale error of each axis, share; `cross_axis_sd`: misalignment of axes, rad.
        acc_bias_mg: zero-g offset, sd of each axis.
        gyro_range_dps, acc_range_g: saturation; `gyro_lsb_mdps`, `acc_lsb_mg`: one count.
        mount: (w, x, y, z) sensor → segment; None for any way round, drawn at random.
        time_jitter_s: uneven sampling, sd. `times`: `true` sample times, or `nominal` (the ODR error is not known).
    """

    rate_hz: float = 104.0
    odr_error: float = 0.0
    gyro_noise_mdps_rthz: float = 3.8
    acc_noise_ug_rthz: float = 70.0
    gyro_bias_dps: float = 1.0
    gyro_bias_walk_dps_rts: float = 0.002
    gyro_tempco_dps_c: float = 0.010
    warm_up_c: float = 5.0
    warm_up_s: float = 300.0
    gyro_scale_sd: float = 0.005
    acc_scale_sd: float = 0.003
    cross_axis_sd: float = 0.005
    acc_bias_mg: float = 20.0
    gyro_range_dps: float = 500.0
    acc_range_g: float = 4.0
    gyro_lsb_mdps: float = 17.5
    acc_lsb_mg: float = 0.122
    mount: tuple[float, float, float, float] | None = None
    time_jitter_s: float = 0.0
    times: str = "true"


SENSORS: dict[str, Sensor] = {
    # typical values of the datasheets DS12814 (LSM6DSOX), DS-000193 (MPU6886), DS-000347 (ICM-42688-P)
    "LSM6DSOX": Sensor(),
    "MPU6886": Sensor(
        rate_hz=100.0, gyro_noise_mdps_rthz=4.0, acc_noise_ug_rthz=100.0, gyro_tempco_dps_c=0.04, gyro_scale_sd=0.01,
        cross_axis_sd=0.01, acc_bias_mg=25.0, gyro_lsb_mdps=1e3 / 65.5, gyro_bias_walk_dps_rts=0.004,
    ),
    "ICM-42688-P": Sensor(
        rate_hz=100.0, gyro_noise_mdps_rthz=2.8, acc_noise_ug_rthz=65.0, gyro_bias_dps=0.5, gyro_tempco_dps_c=0.005,
        gyro_scale_sd=0.003, cross_axis_sd=0.004, acc_bias_mg=15.0, gyro_lsb_mdps=1e3 / 65.5,
        gyro_bias_walk_dps_rts=0.001,
    ),
    "perfect": Sensor(
        rate_hz=100.0, gyro_noise_mdps_rthz=0.0, acc_noise_ug_rthz=0.0, gyro_bias_dps=0.0, gyro_bias_walk_dps_rts=0.0,
        gyro_tempco_dps_c=0.0, gyro_scale_sd=0.0, acc_scale_sd=0.0, cross_axis_sd=0.0, acc_bias_mg=0.0,
        gyro_lsb_mdps=0.01, acc_lsb_mg=0.001,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip of a kind, with its own errors.

    Attributes:
        to_sensor: (3, 3) mounting, sensor ← segment.
        gyro_matrix, acc_matrix: (3, 3) of scale and misalignment: reading = matrix @ true, in the sensor frame.
        gyro_bias_dps, gyro_tempco_dps_c, acc_bias_mg: (3,) power-on offset, its slope with temperature, zero-g offset.
    """

    sensor: Sensor
    to_sensor: Floats
    gyro_matrix: Floats
    acc_matrix: Floats
    gyro_bias_dps: Floats
    gyro_tempco_dps_c: Floats
    acc_bias_mg: Floats

    def read(
        self, rate_rad_s: Floats, force_m_s2: Floats, dt_s: float, bias_dps: Floats, noise: tuple[Floats, Floats]
    ) -> Readings:
        """Readings of the true rate and force (n, 3) in the segment frame, under the bias (n, 3) of each moment.

        noise: (n, 3) of rate and of force, of unit variance.
        """
        s = self.sensor
        half_band = np.sqrt(0.5 / dt_s)  # white noise of density d has sd d·√(rate/2) in each sample
        gyro_dps = np.degrees(rate_rad_s @ (self.gyro_matrix @ self.to_sensor).T) + bias_dps
        gyro_dps += noise[0] * s.gyro_noise_mdps_rthz * 1e-3 * half_band
        acc_mg = force_m_s2 @ (self.acc_matrix @ self.to_sensor).T / GRAVITY_M_S2 * 1e3 + self.acc_bias_mg
        acc_mg += noise[1] * s.acc_noise_ug_rthz * 1e-3 * half_band
        gyr_counts = _counts(gyro_dps, s.gyro_range_dps, s.gyro_lsb_mdps * 1e-3)
        acc_counts = _counts(acc_mg, s.acc_range_g * 1e3, s.acc_lsb_mg)
        return Readings(
            gyr_counts,
            acc_counts,
            np.radians(gyr_counts * s.gyro_lsb_mdps * 1e-3),
            acc_counts * s.acc_lsb_mg * 1e-3 * GRAVITY_M_S2,
            self.to_sensor,
            np.radians(bias_dps),
        )


@dataclass(frozen=True, slots=True)
class Readings:
    """What the chip puts out, with its own truth: the mounting matrix sensor ← segment (3, 3) and the bias (n, 3)."""

    gyr_counts: Floats
    acc_counts: Floats
    gyr_rad_s: Floats
    acc_m_s2: Floats
    to_sensor: Floats
    bias_rad_s: Floats


def drawn(sensor: Sensor, rng: np.random.Generator) -> Chip:
    """A chip of this kind, to be read again and again."""
    return Chip(
        sensor, _mounting(sensor, rng), _imperfect(sensor.gyro_scale_sd, sensor.cross_axis_sd, rng),
        _imperfect(sensor.acc_scale_sd, sensor.cross_axis_sd, rng), rng.normal(0, sensor.gyro_bias_dps, 3),
        rng.normal(0, sensor.gyro_tempco_dps_c, 3), rng.normal(0, sensor.acc_bias_mg, 3),
    )  # fmt: skip


def measure(sensor: Sensor, rate_rad_s: Floats, force_m_s2: Floats, dt_s: float, rng: np.random.Generator) -> Readings:
    """Readings of the true angular rate (n, 3) and specific force (n, 3), both given in the segment frame.

    The chip is drawn anew, in this order of draws for ever: published figures rest on their seeds.
    """
    to_sensor = _mounting(sensor, rng)
    n = len(rate_rad_s)
    t = np.arange(n) * dt_s
    gyro_matrix = _imperfect(sensor.gyro_scale_sd, sensor.cross_axis_sd, rng)
    acc_matrix = _imperfect(sensor.acc_scale_sd, sensor.cross_axis_sd, rng)
    walk = np.cumsum(rng.standard_normal((n, 3)), axis=0) * sensor.gyro_bias_walk_dps_rts * np.sqrt(dt_s)
    tempco = rng.normal(0, sensor.gyro_tempco_dps_c, 3)
    heat = sensor.warm_up_c * (1 - np.exp(-t / sensor.warm_up_s))[:, None] * tempco
    bias = rng.normal(0, sensor.gyro_bias_dps, 3)
    gyro_noise = rng.standard_normal((n, 3))
    acc_bias = rng.normal(0, sensor.acc_bias_mg, 3)
    chip = Chip(sensor, to_sensor, gyro_matrix, acc_matrix, bias, tempco, acc_bias)
    return chip.read(rate_rad_s, force_m_s2, dt_s, bias + walk + heat, (gyro_noise, rng.standard_normal((n, 3))))


def _mounting(sensor: Sensor, rng: np.random.Generator) -> Floats:
    if sensor.mount is None:
        return np.asarray(Rotation.random(rng=rng).as_matrix())
    w, x, y, z = sensor.mount
    return np.asarray(Rotation.from_quat([x, y, z, w]).inv().as_matrix())


def _imperfect(scale_sd: float, cross_sd: float, rng: np.random.Generator) -> Floats:
    """Identity plus scale errors on the diagonal and misalignments beside it."""
    matrix = rng.normal(0, cross_sd, (3, 3))
    np.fill_diagonal(matrix, 1 + rng.normal(0, scale_sd, 3))
    return matrix


def _counts(values: Floats, limit: float, lsb: float) -> Floats:
    return np.round(np.clip(values, -limit, limit) / lsb)
