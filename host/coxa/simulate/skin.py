"""Skin and muscle between the femur and a strap: how much of the bone's turn a sensor on the thigh or shank shows.

What is published: of an isolated turn of the hip a wand on the distal thigh shows 53 ± 10 %, on the proximal thigh
43 ± 13 %, a marker on the patella 98 ± 8 % (Wren, Do, Hara & Rethlefsen 2008, doi 10.1016/j.gaitpost.2007.07.006).
All else here (play, lag, wobble, the difference between the directions, the knee) is an assumption to try things on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import bilinear, lfilter

from coxa.samples import Floats, Samples
from coxa.simulate import motion
from coxa.simulate.sensor import SENSORS, Sensor, measure
from coxa.simulate.wearer import Plan, Wearer, plan, unsteadiness

SHARE: dict[str, tuple[float, float]] = {"distal": (0.53, 0.10), "proximal": (0.43, 0.13)}
"""Share of the femur's turn that the thigh shows, mean and sd over people, by the place of the strap (Wren 2008)."""

DIRECTION_SD = 0.05
"""How far the share of each direction is from the person's own mean, sd; assumed: only that they differ is known."""

SHARE_LEAST, SHARE_MOST = 0.2, 1.0
"""Nobody is drawn outside: less would not hold a strap, more would be a strap that leads the bone."""

SLIP_TAKES_S = 0.5
"""A strap that slips does so within one move."""


@dataclass(frozen=True, slots=True)
class Tissue:
    """What lies between femur and strap.

    Attributes:
        ir_share, er_share: share of the turn that arrives, from the neutral inwards and outwards.
        softening_per_rad: the share falls by this part for each radian of turn; 0 for the same share everywhere.
        play_deg: half the width of the hysteresis, degrees of the femur: so far the bone turns before skin follows.
        lag_s: time constant with which the skin catches up. `wobble_hz`: resonance of the sensor on soft tissue, 0 for
            none, with damping ratio `wobble_damping`.
        slip_deg, slip_at_s: the strap turns by so much on the thigh at that time.
    """

    ir_share: float = SHARE["distal"][0]
    er_share: float = SHARE["distal"][0]
    softening_per_rad: float = 0.0
    play_deg: float = 0.0
    lag_s: float = 0.0
    wobble_hz: float = 0.0
    wobble_damping: float = 0.3
    slip_deg: float = 0.0
    slip_at_s: float = 0.0

    def turn(self, femur_rad: Floats, dt_s: float) -> Floats:
        """(n,) what a sensor on the thigh turns, rad, when the femur turns by femur_rad (n,), IR positive."""
        pulled = followed(femur_rad, np.radians(self.play_deg))
        share = np.where(pulled > 0, self.ir_share, self.er_share) * (1 - self.softening_per_rad * np.abs(pulled))
        turn = share * pulled
        if self.lag_s > 0:
            turn = _filtered([1.0], [self.lag_s, 1.0], turn, dt_s)
        if self.wobble_hz > 0:
            w = 2 * np.pi * self.wobble_hz
            turn = _filtered([w * w], [1.0, 2 * self.wobble_damping * w, w * w], turn, dt_s)
        t = np.arange(len(turn)) * dt_s
        slipped = np.radians(self.slip_deg) * np.clip((t - self.slip_at_s) / SLIP_TAKES_S, 0.0, 1.0)
        return np.asarray(turn + slipped, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Knee:
    """What lies between femur and shank: `share` of the turn that arrives with the knee straight, play of the joint
    (half width, degrees), and `bend_deg`, by which the knee is not straight: the shank then swings as it turns.
    """

    share: float = 0.98
    play_deg: float = 0.0
    bend_deg: float = 0.0

    def turn(self, femur_rad: Floats) -> tuple[Floats, Floats]:
        """(n,) turn of the shank about its own axis and (n,) its swing to the side, rad."""
        carried = self.share * followed(femur_rad, np.radians(self.play_deg))
        return carried * np.cos(np.radians(self.bend_deg)), carried * np.sin(np.radians(self.bend_deg))


def followed(x: Floats, half_width: float) -> Floats:
    """(n,) the play operator: stands still until x (n,) is further away than half_width, then is dragged along."""
    out = np.empty_like(x)
    y = 0.0
    for i, value in enumerate(x.tolist()):
        y = min(max(y, value - half_width), value + half_width)
        out[i] = y
    return out


def draw(rng: np.random.Generator, place: Literal["distal", "proximal"] = "distal") -> Tissue:
    """A person's tissue: shares with the published mean and sd, alike but not equal in the two directions."""
    mean, sd = SHARE[place]
    own = float(rng.normal(mean, math.sqrt(sd**2 - DIRECTION_SD**2)))
    ir, er = (min(max(own + float(rng.normal(0, DIRECTION_SD)), SHARE_LEAST), SHARE_MOST) for _ in range(2))
    return Tissue(ir_share=ir, er_share=er)


@dataclass(frozen=True, slots=True)
class Leg:
    """One set with a sensor on the thigh and one on the shank, on one clock, and the truth at their times.

    Attributes:
        femur_rad, thigh_rad, shank_rad: (n,) true turns, IR positive, zero at the beginning.
        plan: when the holds were.
    """

    thigh: Samples
    shank: Samples
    femur_rad: Floats
    thigh_rad: Floats
    shank_rad: Floats
    plan: Plan


def leg(
    wearer: Wearer, tissue: Tissue, knee: Knee | None = None, sensor: Sensor | None = None, *, seed: int = 0
) -> Leg:
    """One set of `wearer`, whose own tissue gains are not used; two chips of the kind `sensor`."""
    knee, sensor = knee or Knee(), sensor or SENSORS["LSM6DSOX"]
    rng = np.random.default_rng(seed)
    planned = plan(wearer, rng)
    dt = 1.0 / (sensor.rate_hz * (1.0 + sensor.odr_error))
    half_t = np.arange(2 * int(planned.duration_s / dt) + 1) * dt / 2
    femur, flexion, abduction = femur_turns(wearer, planned, half_t, rng)
    thigh = tissue.turn(femur, dt / 2)
    shank, aside = knee.turn(femur)
    pose = motion.neutral_pose(
        wearer.position, wearer.side, rng.uniform(0, 2 * np.pi),
        np.radians(wearer.tilt_flexion_deg), np.radians(wearer.tilt_abduction_deg),
    )  # fmt: skip
    samples: list[Samples] = []
    for turn, sideways in ((thigh, abduction), (shank, abduction + aside)):
        q = motion.thigh_orientation(pose, turn, flexion, sideways, wearer.side)
        readings = measure(sensor, *motion.rate_and_force(q[::2], q[1::2], dt, None), dt, rng)
        samples.append(Samples(half_t[1::2], readings.gyr_rad_s, readings.acc_m_s2))
    return Leg(samples[0], samples[1], femur[1::2], thigh[1::2], shank[1::2], planned)


def femur_turns(wearer: Wearer, planned: Plan, t: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Rotation, flexion and abduction of the femur at even times t (n,), rad, each (n,)."""
    dt, band = float(t[1] - t[0]), wearer.wander_bandwidth_hz
    rotation = planned.rotation(t)
    swings = [
        per_rotation * rotation + unsteadiness(len(t), dt, np.radians(wearer.swing_wander_deg), band, rng)
        for per_rotation in (wearer.flexion_per_rotation, wearer.abduction_per_rotation)
    ]
    rotation = rotation + unsteadiness(len(t), dt, np.radians(wearer.wander_deg), band, rng)
    tremor = unsteadiness(len(t), dt, np.radians(wearer.tremor_deg), 1.0, rng)
    return rotation + tremor * np.sqrt(2) * np.sin(2 * np.pi * wearer.tremor_hz * t), swings[0], swings[1]


def _filtered(numerator: list[float], denominator: list[float], x: Floats, dt_s: float) -> Floats:
    """x (n,) through a continuous-time filter of gain 1 at rest, from rest at x[0]."""
    b, a = bilinear(numerator, denominator, 1.0 / dt_s)
    return np.asarray(x[0] + lfilter(b, a, x - x[0]), dtype=np.float64)


__all__ = ["SHARE", "Knee", "Leg", "Tissue", "draw", "followed", "leg"]
