"""A wearer who takes calibration poses, and a strap that moves on the thigh; with the truth.

Poses are drawn from what makes the thigh deviate: knee not straight, seat off the wall, foot beside the hip; each
person has a habit, and repeats it not quite exactly. A strap moves around the thigh, along it, or goes askew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coxa import quaternion as quat
from coxa.results import Position, Side
from coxa.samples import Floats, Samples
from coxa.simulate import motion
from coxa.simulate.sensor import Sensor, measure
from coxa.simulate.wearer import unsteadiness

LEG_CM = 82.0
"""Hip centre to ankle of an adult."""

SHANK_SHARE = 0.49
"""A knee bent by 1° tilts the thigh by this much when hip and ankle stay where they are: shank over leg."""

KNEE_SD_DEG: dict[str, float] = {"standing": 5.0, "wall": 3.0}
LEAN_SD_DEG = 2.0
SEAT_SD_CM = 3.0
FOOT_SD_CM = 3.0
"""Habits, one sd between persons (engineering judgement): knee against straight; the whole leg's lean in standing; hip
against ankle, both from the wall; foot beside the hip."""

THIGH_SLOPE_SD_DEG, SHANK_SD_DEG = 4.0, 4.0
"""Level poses: the thigh against level (height of the seat), the shank against upright (rotation of the thigh)."""

REPEAT_SD_DEG: dict[str, tuple[float, float]] = {
    # position: (direction of the thigh, rotation about it)
    "standing": (1.3, 2.0),
    "wall": (1.3, 2.0),
    "seated": (1.0, 1.8),
}
"""How closely a person finds a pose again, one sd; `PERSONS` is the spread of its logarithm between persons."""

PERSONS = 0.25

TISSUE_SD_DEG = 1.5
"""How much the strap tips between a tense and a slack thigh, one sd of each direction across the femur."""

SKIN_SLOPE_DEG_PER_CM = 1.0
"""How much the slope of the skin changes along the thigh at the most. With 41, 53 and 60 cm of circumference 3, 20 and
36 cm above the knee it changes by 0.15° per cm; near the kneecap by more (engineering judgement)."""

SWAY_DEG, TREMOR_DEG, TREMOR_HZ = 0.35, 0.05, 9.0
"""Unsteadiness of a held thigh, rms: slow, as that of `Wearer`; and tremor."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One pose held. Angles of the thigh in degrees from the ideal pose; rotation is IR positive.

    `strap` (3,) is the turn of the strap on the thigh since it was put on, rotation vector in the segment frame, rad.
    """

    position: Position
    flexion_deg: float = 0.0
    abduction_deg: float = 0.0
    rotation_deg: float = 0.0
    strap: tuple[float, float, float] = (0.0, 0.0, 0.0)
    seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Posed:
    """Recordings of one board, one for each stay; the femoral axis u (3,) in the sensor frame at each; the chip's
    mounting matrix sensor ← segment (3, 3), strap as it was put on; the bias (3,) at the start, rad/s."""

    samples: tuple[Samples, ...]
    axes: tuple[Floats, ...]
    to_sensor: Floats
    bias_rad_s: Floats


def habit(position: Position, rng: np.random.Generator) -> Stay:
    """How one person usually takes a pose."""
    beside = float(np.degrees(np.arctan(rng.normal(0, FOOT_SD_CM) / LEG_CM)))
    if position in ("standing", "wall"):
        knee = SHANK_SHARE * rng.normal(0, KNEE_SD_DEG[position])
        off = np.degrees(np.arctan(rng.normal(0, SEAT_SD_CM) / LEG_CM))
        lean = rng.normal(0, LEAN_SD_DEG) if position == "standing" else off
        return Stay(position, float(knee + lean), beside)
    return Stay(position, float(rng.normal(0, THIGH_SLOPE_SD_DEG)), beside, float(rng.normal(0, SHANK_SD_DEG)))


def again(usual: Stay, rng: np.random.Generator, strap: Floats | None = None, exactness: float = 1.0) -> Stay:
    """The pose as it is taken this time. exactness: share of REPEAT_SD_DEG that this person repeats to."""
    direction, rotation = (exactness * sd for sd in REPEAT_SD_DEG[usual.position])
    x, y, z = (0.0, 0.0, 0.0) if strap is None else (float(v) for v in strap)
    return Stay(
        usual.position, usual.flexion_deg + rng.normal(0, direction), usual.abduction_deg + rng.normal(0, direction),
        usual.rotation_deg + rng.normal(0, rotation), (x, y, z), usual.seconds,
    )  # fmt: skip


def exactness(rng: np.random.Generator) -> float:
    """How exactly one person repeats poses, as a share of the usual sd."""
    return float(np.exp(rng.normal(0, PERSONS)))


def slid(
    *, around_cm: float = 0.0, along_cm: float = 0.0, askew_deg: float = 0.0, circumference_cm: float = 52.0,
    skin_slope_deg_per_cm: float = SKIN_SLOPE_DEG_PER_CM,
) -> Floats:  # fmt: skip
    """(3,) turn of a strap on the outer side of the thigh, rotation vector in the segment frame, rad.

    Around: about the femur. Along: the outer face tips up or down with the slope of the skin, about the segment's x.
    Askew: the case turns on the skin, about the segment's z.
    """
    around = 2 * np.pi * around_cm / circumference_cm
    tips = np.radians([skin_slope_deg_per_cm * along_cm, askew_deg])
    return np.array([tips[0], around, tips[1]])


def hold(stays: Sequence[Stay], side: Side, sensor: Sensor, rng: np.random.Generator) -> Posed:
    """Recordings of the stays by one board that stays switched on; the times of each start at zero."""
    dt = 1.0 / sensor.rate_hz
    parts = [_part(stay, side, dt, rng) for stay in stays]
    rate, force = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    readings = measure(sensor, rate, force, dt, rng)
    ends = np.cumsum([len(part[0]) for part in parts])
    samples: list[Samples] = []
    axes: list[Floats] = []
    for stay, end, part in zip(stays, ends, parts, strict=True):
        inside = slice(end - len(part[0]), end)
        t = np.arange(len(part[0]), dtype=np.float64) * dt
        samples.append(Samples(t, readings.gyr_rad_s[inside], readings.acc_m_s2[inside]))
        back = quat.conjugate(quat.from_rotation_vector(np.array(stay.strap)))
        axes.append(readings.to_sensor @ quat.rotate(back, motion.FEMUR_AXIS))
    return Posed(tuple(samples), tuple(axes), readings.to_sensor, readings.bias_rad_s[0])


def before_and_after(
    positions: Sequence[Position], moved: Floats, side: Side, sensor: Sensor, rng: np.random.Generator
) -> Posed:
    """One person stands, takes the positions, the strap turns by `moved` (3,), and the positions are taken again.

    The recordings are in this order: standing, positions before, positions after.
    """
    exact = exactness(rng)
    tip = np.radians(rng.normal(0, TISSUE_SD_DEG, 2))
    tense = {"standing": np.array([tip[0], 0.0, tip[1]])}
    none = np.zeros(3)
    usual: dict[str, Stay] = {p: habit(p, rng) for p in ("standing", *positions)}
    stays = [again(usual[p], rng, tense.get(p), exact) for p in ("standing", *positions)]
    stays += [again(usual[p], rng, tense.get(p, none) + moved, exact) for p in positions]
    return hold(stays, side, sensor, rng)


def _part(stay: Stay, side: Side, dt: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Rate and force (n, 3) of one stay in the frame of the strap."""
    t = np.arange(2 * round(stay.seconds / dt) + 1) * dt / 2
    sway = [unsteadiness(len(t), dt / 2, np.radians(SWAY_DEG), 0.5, rng) for _ in range(3)]
    tremor = np.radians(TREMOR_DEG) * np.sqrt(2) * np.sin(2 * np.pi * TREMOR_HZ * t + rng.uniform(0, 6))
    pose = motion.neutral_pose(
        stay.position, side, rng.uniform(0, 2 * np.pi), np.radians(stay.flexion_deg), np.radians(stay.abduction_deg)
    )
    rotation = np.radians(stay.rotation_deg) + sway[0] + tremor
    thigh = motion.thigh_orientation(pose, rotation, sway[1], sway[2], side)
    q = quat.multiply(thigh, quat.from_rotation_vector(np.array(stay.strap)))
    return motion.rate_and_force(q[::2], q[1::2], dt, None)


def slipping(samples: Samples, vector: Floats, at_s: float, over_s: float = 1.0) -> Samples:
    """The recording had the strap turned by `vector` (3,), rotation vector in the sensor frame, rad, from `at_s` on.

    The turn takes `over_s`. What the chip adds to its readings is turned as well, which is a small part of them.
    """
    share = np.clip((samples.t_s - at_s) / over_s, 0.0, 1.0)
    back = quat.conjugate(quat.from_rotation_vector(share[:, None] * vector))
    own = np.gradient(share, samples.t_s)[:, None] * vector
    return Samples(samples.t_s, quat.rotate(back, samples.gyr_rad_s) + own, quat.rotate(back, samples.acc_m_s2))
