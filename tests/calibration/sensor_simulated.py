"""A chip with known errors in hands and on tables: what the calibrations of the sensor are tried on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from coxa.simulate import SENSORS
from coxa_calibration.readings import GRAVITY_M_S2, Floats, Recording

MG = GRAVITY_M_S2 * 1e-3
FACES = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=float)
CORNERS = np.array([[1, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1], [1, 1, -1], [-1, -1, -1]]) / 3**0.5


@dataclasses.dataclass(frozen=True)
class Chip:
    """reading = matrix @ true + offset (+ noise), with the temperature's part of the gyroscope's offset (rad/s per °C
    from 25 °C) and its random walk, rad/s/√s."""

    gyr_matrix: Floats
    gyr_bias: Floats
    gyr_slope: Floats
    gyr_walk: float
    gyr_noise: float  # rad/s/√Hz
    acc_matrix: Floats
    acc_offset: Floats
    acc_noise: float  # m/s²/√Hz
    gyr_lsb: float
    acc_lsb: float


def chip(rng: np.random.Generator, name: str = "LSM6DSOX", **changes: float) -> Chip:
    s = dataclasses.replace(SENSORS[name], **changes)  # type: ignore[arg-type]

    def matrix(scale: float) -> Floats:
        return np.eye(3) + rng.normal(0, s.cross_axis_sd, (3, 3)) * (1 - np.eye(3)) + np.diag(rng.normal(0, scale, 3))

    return Chip(
        matrix(s.gyro_scale_sd), np.radians(rng.normal(0, s.gyro_bias_dps, 3)),
        np.radians(rng.normal(0, s.gyro_tempco_dps_c, 3)), np.radians(s.gyro_bias_walk_dps_rts),
        np.radians(s.gyro_noise_mdps_rthz * 1e-3), matrix(s.acc_scale_sd), rng.normal(0, s.acc_bias_mg, 3) * MG,
        s.acc_noise_ug_rthz * 1e-3 * MG, np.radians(s.gyro_lsb_mdps * 1e-3), s.acc_lsb_mg * MG,
    )  # fmt: skip


def true_symmetric(chip_: Chip) -> Floats:
    """The symmetric matrix that corrects the chip's force up to a common turn: the polar part of its inverse."""
    _, s, vt = np.linalg.svd(np.linalg.inv(chip_.acc_matrix))
    return np.asarray(vt.T @ np.diag(s) @ vt)


def measured(
    c: Chip, edges: Rotation, acceleration: Floats, rng: np.random.Generator, *, rate_hz: float = 104.0,
    temperature_c: Floats | float = 25.0, start_s: float = 0.0,
) -> Recording:  # fmt: skip
    """Readings of a sensor with orientation sensor → earth `edges` (n + 1) and acceleration (n, 3) in the earth."""
    n, dt = len(acceleration), 1 / rate_hz
    rate = (edges[:-1].inv() * edges[1:]).as_rotvec() / dt
    force = edges[:-1].inv().apply(acceleration + np.array([0.0, 0.0, GRAVITY_M_S2]))
    walk = np.cumsum(rng.standard_normal((n, 3)), axis=0) * c.gyr_walk * np.sqrt(dt)
    warm = (np.broadcast_to(np.asarray(temperature_c, dtype=float), (n,)) - 25.0)[:, None] * c.gyr_slope
    band = np.sqrt(rate_hz / 2)
    gyr = rate @ c.gyr_matrix.T + c.gyr_bias + walk + warm + rng.standard_normal((n, 3)) * c.gyr_noise * band
    acc = force @ c.acc_matrix.T + c.acc_offset + rng.standard_normal((n, 3)) * c.acc_noise * band
    return Recording(
        start_s + np.arange(n) * dt, np.round(gyr / c.gyr_lsb) * c.gyr_lsb, np.round(acc / c.acc_lsb) * c.acc_lsb
    )


def unsteady(n: int, dt: float, sd: float, hz: float, rng: np.random.Generator) -> Floats:
    """(n, 3) noise around `hz` (a few harmonics of random phase and near frequency), of standard deviation `sd`."""
    t = np.arange(n)[:, None] * dt
    waves = [np.sin(2 * np.pi * hz * rng.uniform(0.7, 1.3, 3) * t + rng.uniform(0, 6.3, 3)) for _ in range(4)]
    return np.asarray(sum(waves)) * sd / 2**0.5


def facing(up: Floats, rng: np.random.Generator) -> Rotation:
    """An orientation sensor → earth whose sensor-frame direction `up` points upwards, with any heading."""
    turn, _ = Rotation.align_vectors([[0, 0, 1]], [up])
    return Rotation.from_euler("z", rng.uniform(0, 2 * np.pi)) * turn


def in_hands(
    c: Chip, ups: Sequence[Floats] | Floats, rng: np.random.Generator, *, hold_s: float = 2.5, move_s: float = 1.5,
    rate_hz: float = 104.0, wander_deg: float = 0.5, tremor_m_s2: float = 0.08, sway_m_s: float = 0.005,
    tilt_deg: float = 5.0,
) -> Recording:  # fmt: skip
    """A hand that holds the sensor in each pose in turn, pressed against furniture: off by `tilt_deg` (sd), wandering
    by `wander_deg` below 1 Hz, trembling at 9 Hz by `tremor_m_s2` and 0.02°, swaying at `sway_m_s`."""
    poses = [facing(Rotation.from_rotvec(rng.normal(0, np.radians(tilt_deg), 3)).apply(up), rng) for up in ups]
    dt = 1 / rate_hz
    knots, times = [poses[0]], [0.0]
    for pose in poses:
        knots += [pose, pose]
        times += [times[-1] + move_s, times[-1] + move_s + hold_s]
    n = int(times[-1] * rate_hz)
    t = np.arange(n + 1) * dt
    at = np.interp(t, times, np.arange(len(times)))
    whole, part = np.floor(at), at - np.floor(at)
    eased = np.minimum(whole + part**3 * (10 - 15 * part + 6 * part**2), len(times) - 1)
    steady = Slerp(np.arange(len(times)), Rotation.concatenate(knots))(eased)
    wobble = unsteady(n + 1, dt, np.radians(wander_deg), 0.6, rng) + unsteady(n + 1, dt, np.radians(0.02), 9.0, rng)
    moving = np.where(whole[:n] % 2 == 0, np.sin(np.pi * part[:n]), 0.0)[:, None]
    sway = np.gradient(unsteady(n, dt, sway_m_s, 0.4, rng), dt, axis=0)
    push = unsteady(n, dt, tremor_m_s2, 9.0, rng) + sway + moving * unsteady(n, dt, 1.5, 1.2, rng)
    return measured(c, steady * Rotation.from_rotvec(wobble), push, rng, rate_hz=rate_hz)


def lying(
    c: Chip, seconds: float, rng: np.random.Generator, *, temperature_c: Floats | float = 25.0, rate_hz: float = 104.0
) -> Recording:
    """On a table, any side up."""
    n = int(seconds * rate_hz)
    pose = facing(FACES[rng.integers(6)], rng)
    return measured(
        c, Rotation.concatenate([pose] * (n + 1)), np.zeros((n, 3)), rng, rate_hz=rate_hz, temperature_c=temperature_c
    )


def turned(
    c: Chip, up: Floats, turns: float, rng: np.random.Generator, *, rate_hz: float = 104.0, turn_s: float = 2.5,
    tilt_deg: float = 2.0, edge_deg: float = 0.5, still_s: float = 3.0,
) -> Recording:  # fmt: skip
    """Turned on a table that is off level by `tilt_deg`, side `up` up, against an edge at start and end to `edge_deg`,
    one turn in `turn_s`, faster and slower as hands do."""
    full = 2 * np.pi * turns + np.radians(rng.normal(0, edge_deg * 2**0.5))
    moving_s = abs(turns) * turn_s
    n = int((moving_s + 2 * still_s) * rate_hz)
    t = np.arange(n + 1) / rate_hz
    part = np.clip((t - still_s) / moving_s, 0, 1)
    stop_and_go = part - np.sin(2 * np.pi * part * max(abs(turns), 1)) * 0.8 / (2 * np.pi * max(abs(turns), 1))
    table = Rotation.from_rotvec([*np.radians(rng.normal(0, tilt_deg, 2)), 0])
    pose = facing(up, rng)
    edges = table * Rotation.from_rotvec(np.outer(full * stop_and_go, [0, 0, 1])) * pose
    speed = np.gradient(full * stop_and_go, 1 / rate_hz)[:n]
    pull = 0.02 * speed[:, None] ** 2 * edges[:-1].apply([1.0, 0.0, 0.0])  # 2 cm off the centre
    return measured(c, edges, pull, rng, rate_hz=rate_hz)
