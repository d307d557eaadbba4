"""What the person does: angles of the thigh over time, with the truth of every repetition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import butter, sosfilt

from coxa.results import Position, Side
from coxa.samples import Floats

Activity = Literal["reps", "rest", "walking", "fidgeting"]


@dataclass(frozen=True, slots=True)
class Wearer:
    """A person and one set. Angles in degrees as at the strap before soft-tissue loss; times in seconds.

    Attributes:
        activity: `reps`, or what must not be taken for repetitions.
        order: which end comes first.
        ir_deg, er_deg: range of the femur in each direction; `range_sd_deg` from repetition to repetition.
        fatigue_deg_per_rep: both ends shrink by this per repetition.
        hold_s, hold_sd_s: time at each end; 0 for no holds. `ramp_s`, `ramp_sd_s`: duration of a move of a full end.
        neutral_pause_s: rest at the neutral after each repetition; 0 passes through without a stop.
        middle_pause_s: rest at the neutral between the two ends of one repetition; 0 passes through.
        neutral_sd_deg: how well the neutral is found again; `neutral_creep_deg`: its drift over the whole set.
        start_still_s: still pose before the first repetition; 0 starts in motion. `end_still_s` likewise after.
        wander_deg, wander_bandwidth_hz: slow unsteadiness, rms; `tremor_deg` at `tremor_hz`, rms.
        flexion_per_rotation, abduction_per_rotation: compensation in phase with the rotation, rad/rad.
        swing_wander_deg: unsteadiness of the thigh's direction, rms. `swing_drift_deg`: flexion drift over the set.
        ir_tissue_gain, er_tissue_gain: share of the femur's rotation that the strap follows; 1 is bone.
        tilt_flexion_deg, tilt_abduction_deg: how far the neutral is from the position's ideal pose.
        half_reps: indices of repetitions that stop after the first end.
        pause_before: index → extra rest, s, before that repetition.
    """

    position: Position = "wall"
    side: Side = "right"
    activity: Activity = "reps"
    order: Literal["er-first", "ir-first"] = "er-first"
    reps: int = 12
    ir_deg: float = 35.0
    er_deg: float = 40.0
    range_sd_deg: float = 2.0
    fatigue_deg_per_rep: float = 0.0
    hold_s: float = 1.5
    hold_sd_s: float = 0.2
    ramp_s: float = 1.5
    ramp_sd_s: float = 0.15
    neutral_pause_s: float = 0.8
    middle_pause_s: float = 0.0
    neutral_sd_deg: float = 2.0
    neutral_creep_deg: float = 0.0
    start_still_s: float = 3.0
    end_still_s: float = 2.0
    wander_deg: float = 0.35
    wander_bandwidth_hz: float = 0.5
    tremor_deg: float = 0.05
    tremor_hz: float = 9.0
    flexion_per_rotation: float = 0.0
    abduction_per_rotation: float = 0.0
    swing_wander_deg: float = 0.3
    swing_drift_deg: float = 0.0
    ir_tissue_gain: float = 1.0
    er_tissue_gain: float = 1.0
    tilt_flexion_deg: float = 0.0
    tilt_abduction_deg: float = 0.0
    half_reps: tuple[int, ...] = ()
    pause_before: tuple[tuple[int, float], ...] = ()
    duration_s: float = 60.0
    """Length of the activities that are not repetitions."""


@dataclass(frozen=True, slots=True)
class PlannedRep:
    """Times, s, of a planned repetition: start, spans at the ER and IR end (equal: no hold; None: not done), end."""

    start_s: float
    er_span_s: tuple[float, float] | None
    ir_span_s: tuple[float, float] | None
    end_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Corner points of the rotation: at `t_s` (m,) the thigh is at `angle_rad` (m,), minimum jerk in between."""

    t_s: Floats
    angle_rad: Floats
    reps: tuple[PlannedRep, ...]
    start_span_s: tuple[float, float] | None
    duration_s: float

    def rotation(self, t_s: Floats) -> Floats:
        """Angle at t_s (n,), rad, by minimum-jerk moves: Flash & Hogan 1985, doi 10.1523/JNEUROSCI.05-07-01688.1985."""
        i = np.clip(np.searchsorted(self.t_s, t_s, side="right") - 1, 0, len(self.t_s) - 2)
        length = np.maximum(self.t_s[i + 1] - self.t_s[i], 1e-9)
        x = np.clip((t_s - self.t_s[i]) / length, 0.0, 1.0)
        return self.angle_rad[i] + (self.angle_rad[i + 1] - self.angle_rad[i]) * x**3 * (10 - 15 * x + 6 * x * x)


def plan(wearer: Wearer, rng: np.random.Generator) -> Plan:
    """The set as corner points; the rotation is IR positive."""
    corners = [(0.0, 0.0)]
    reps: list[PlannedRep] = []
    now = 0.0

    def stay(seconds: float) -> tuple[float, float]:
        nonlocal now
        begin, now = now, now + max(0.0, seconds)
        corners.append((now, corners[-1][1]))
        return begin, now

    def move(angle_deg: float) -> None:
        nonlocal now
        share = abs(np.radians(angle_deg) - corners[-1][1]) / np.radians(max(wearer.ir_deg, wearer.er_deg))
        seconds = wearer.ramp_s * max(share, 0.25) ** 0.5 + rng.normal(0, wearer.ramp_sd_s)
        now += max(seconds, 0.3 * wearer.ramp_s)
        corners.append((now, float(np.radians(angle_deg))))

    start = stay(wearer.start_still_s)
    pauses = dict(wearer.pause_before)
    for index in range(wearer.reps if wearer.activity == "reps" else 0):
        stay(pauses.get(index, 0.0))
        begin = now
        shrink = wearer.fatigue_deg_per_rep * index
        spans: dict[str, tuple[float, float]] = {}
        ends = {
            "er": -max(wearer.er_deg - shrink + rng.normal(0, wearer.range_sd_deg), 3.0),
            "ir": max(wearer.ir_deg - shrink + rng.normal(0, wearer.range_sd_deg), 3.0),
        }
        order = ("er", "ir") if wearer.order == "er-first" else ("ir", "er")
        for end in order[: 1 if index in wearer.half_reps else 2]:
            if spans and wearer.middle_pause_s > 0:
                move(rng.normal(0, wearer.neutral_sd_deg))
                stay(wearer.middle_pause_s)
            move(ends[end])
            spans[end] = stay(wearer.hold_s + rng.normal(0, wearer.hold_sd_s) if wearer.hold_s > 0 else 0.0)
        creep = wearer.neutral_creep_deg * (index + 1) / max(wearer.reps, 1)
        move(creep + rng.normal(0, wearer.neutral_sd_deg))
        reps.append(PlannedRep(begin, spans.get("er"), spans.get("ir"), now))
        stay(wearer.neutral_pause_s * rng.uniform(0.7, 1.3))
    stay(wearer.end_still_s if wearer.activity == "reps" else wearer.duration_s)
    t_s, angle = np.array(corners).T
    return Plan(t_s, angle, tuple(reps), start if wearer.start_still_s > 0 else None, now)


def unsteadiness(n: int, dt_s: float, rms: float, bandwidth_hz: float, rng: np.random.Generator) -> Floats:
    """(n,) stationary noise of the given rms below bandwidth_hz: white noise through a second-order low-pass."""
    if rms == 0.0:
        return np.zeros(n)
    sos = butter(2, min(bandwidth_hz * 2 * dt_s, 0.99), output="sos")
    settle = int(3 / (bandwidth_hz * dt_s))
    noise = np.asarray(sosfilt(sos, rng.standard_normal(n + settle)), dtype=float)[settle:]
    # equivalent noise bandwidth: a second-order Butterworth passes close to 1.11 of its band's share of the variance
    return np.asarray(noise * rms / np.sqrt(1.11 * min(bandwidth_hz * 2 * dt_s, 0.99)))


def walking(t_s: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Rotation, flexion and abduction (n,), rad, of level walking: one stride about 1.1 s, flexion −10° to 30°."""
    phase = 2 * np.pi * t_s / rng.uniform(1.0, 1.2) + rng.uniform(0, 6)
    flexion = np.radians(10 + 20 * np.sin(phase) + 4 * np.sin(2 * phase + 1.0))
    rotation = np.radians(rng.uniform(3, 7)) * np.sin(phase + rng.uniform(0, 6))
    return rotation, flexion, np.radians(4.0) * np.sin(phase + rng.uniform(0, 6))


def fidgeting(t_s: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Rotation, flexion and abduction (n,), rad, of aimless shifting: bursts of small moves in all directions."""
    dt = float(t_s[1] - t_s[0])
    burst = np.clip(unsteadiness(len(t_s), dt, 1.0, 0.1, rng), 0.0, 1.5)
    moves = [burst * unsteadiness(len(t_s), dt, np.radians(deg), 0.7, rng) for deg in (3.0, 5.0, 3.0)]
    return moves[0], moves[1], moves[2]
