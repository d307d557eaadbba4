"""One simulated recording: wearer → motion → sensor → stream, and its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from coxa import quaternion as quat
from coxa.samples import Floats, Samples
from coxa.simulate import motion
from coxa.simulate.sensor import SENSORS, Readings, Sensor, measure
from coxa.simulate.stream import Stream, received
from coxa.simulate.wearer import Plan, PlannedRep, Wearer, fidgeting, plan, unsteadiness, walking


@dataclass(frozen=True, slots=True)
class TruthRep:
    """What a perfect sensor on this thigh would give for one repetition; degrees and seconds as in `results.Rep`.

    The value of an end is the mean of the true angle over the hold, or its peak where there is no hold, from the
    neutral that `Truth.neutral` names. A direction that was not performed is 0.
    """

    start_s: float
    end_s: float
    ir_deg: float
    er_deg: float
    ir_hold_s: float
    er_hold_s: float

    @property
    def arc_deg(self) -> float:
        """IR + ER."""
        return self.ir_deg + self.er_deg


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of a simulated recording, at the same sample times as its samples.

    Attributes:
        rotation_rad: (n,) rotation of the thigh under the strap from the neutral, IR positive on both sides.
        femur_rad: (n,) rotation of the bone; differs from `rotation_rad` by the soft-tissue loss.
        quat: (n, 4) orientation of the sensor, sensor → earth.
        axis: (3,) femoral axis in the sensor frame, pointing to the hip.
        bias_rad_s: (n, 3) bias of the gyroscope.
        neutral: `start` (mean of the still start) or `returns` (mean of the returns).
    """

    t_s: Floats
    rotation_rad: Floats
    femur_rad: Floats
    quat: Floats
    axis: Floats
    bias_rad_s: Floats
    neutral: str
    reps: tuple[TruthRep, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulated recording: what the host gets, what it was made from, and the truth."""

    samples: Samples
    truth: Truth
    wearer: Wearer
    sensor: Sensor
    readings: Readings


def simulate(
    wearer: Wearer | None = None, sensor: Sensor | None = None, stream: Stream | None = None, *, seed: int = 0
) -> Simulation:
    """One recording of `wearer` by `sensor` over `stream`; the same seed gives the same recording."""
    wearer, sensor, stream = wearer or Wearer(), sensor or SENSORS["LSM6DSOX"], stream or Stream()
    rng = np.random.default_rng(seed)
    planned = plan(wearer, rng)
    dt = 1.0 / (sensor.rate_hz * (1.0 + sensor.odr_error))
    half_t = np.arange(2 * max(int(planned.duration_s / dt), 3) + 1) * dt / 2
    femur, flexion, abduction = _angles(wearer, planned, half_t, rng)
    thigh = np.where(femur > 0, wearer.ir_tissue_gain, wearer.er_tissue_gain) * femur
    pose = motion.neutral_pose(
        wearer.position if wearer.activity != "walking" else "standing", wearer.side, rng.uniform(0, 2 * np.pi),
        np.radians(wearer.tilt_flexion_deg), np.radians(wearer.tilt_abduction_deg),
    )  # fmt: skip
    q = motion.thigh_orientation(pose, thigh, flexion, abduction, wearer.side)
    shake = _heel_strikes(half_t[1::2], rng) if wearer.activity == "walking" else None
    rate, force = motion.rate_and_force(q[::2], q[1::2], dt, shake)
    readings = measure(sensor, rate, force, dt, rng)
    t = half_t[1::2]
    keep = received(stream, t, rng)
    truth = _truth(wearer, planned, t, thigh[1::2], femur=femur[1::2], q=q[1::2], readings=readings, keep=keep)
    seen = t / (1.0 if sensor.times == "true" else 1.0 / (1.0 + sensor.odr_error))
    if sensor.time_jitter_s:
        late = rng.normal(0, sensor.time_jitter_s, len(t))
        seen = np.asarray(np.maximum.accumulate(seen + late) + np.arange(len(t)) * 1e-7, dtype=float)
    samples = Samples(seen[keep], readings.gyr_rad_s[keep], readings.acc_m_s2[keep])
    return Simulation(samples, truth, wearer, sensor, readings)


def _angles(wearer: Wearer, planned: Plan, t: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Rotation of the femur, flexion and abduction at t (n,), rad."""
    dt = float(t[1] - t[0])
    rotation = planned.rotation(t)
    flexion = wearer.flexion_per_rotation * rotation + np.radians(wearer.swing_drift_deg) * t / t[-1]
    abduction = wearer.abduction_per_rotation * rotation
    if wearer.activity == "walking":
        rotation, flexion, abduction = walking(t, rng)
    elif wearer.activity == "fidgeting":
        rotation, flexion, abduction = fidgeting(t, rng)
    band = wearer.wander_bandwidth_hz
    rotation = rotation + unsteadiness(len(t), dt, np.radians(wearer.wander_deg), band, rng)
    tremor = unsteadiness(len(t), dt, np.radians(wearer.tremor_deg), 1.0, rng)
    rotation = rotation + tremor * np.sqrt(2) * np.sin(2 * np.pi * wearer.tremor_hz * t)
    flexion = flexion + unsteadiness(len(t), dt, np.radians(wearer.swing_wander_deg), band, rng)
    abduction = abduction + unsteadiness(len(t), dt, np.radians(wearer.swing_wander_deg), band, rng)
    return rotation, flexion, abduction


def _heel_strikes(t: Floats, rng: np.random.Generator) -> Floats:
    """(n, 3) acceleration of the hip in walking, earth frame: a bounce of about 2 m/s² at step frequency and above."""
    phase = 2 * np.pi * t / rng.uniform(0.5, 0.6)
    up = 2.0 * np.sin(phase) + 1.2 * np.sin(2 * phase + 0.7) + 0.8 * np.sin(4 * phase + 1.9)
    return np.column_stack([0.8 * np.sin(phase + 1.0), 0.5 * np.sin(phase / 2), up])


def _truth(
    wearer: Wearer, planned: Plan, t: Floats, thigh: Floats, *, femur: Floats, q: Floats, readings: Readings,
    keep: NDArray[np.bool_],
) -> Truth:  # fmt: skip
    def over(span: tuple[float, float]) -> float:
        inside = (t >= span[0]) & (t <= span[1])
        return float(np.degrees(thigh[inside].mean() if inside.any() else np.interp(span[0], t, thigh)))

    def end(rep: PlannedRep, span: tuple[float, float] | None, sign: float) -> tuple[float, float]:
        if span is None:
            return 0.0, 0.0
        held = span[1] - span[0]
        if held > 0:
            return sign * (over(span) - zero), held
        inside = (t >= rep.start_s) & (t <= rep.end_s)
        return float(np.degrees((sign * thigh[inside]).max())) - sign * zero, 0.0

    returns = [over((rep.end_s, rep.end_s + 0.5 * wearer.neutral_pause_s)) for rep in planned.reps]
    neutral = "start" if planned.start_span_s else "returns"
    zero = over(planned.start_span_s) if planned.start_span_s else float(np.mean(returns or [0.0]))
    reps: list[TruthRep] = []
    for rep in planned.reps:
        ir, ir_hold = end(rep, rep.ir_span_s, 1.0)
        er, er_hold = end(rep, rep.er_span_s, -1.0)
        reps.append(TruthRep(rep.start_s, rep.end_s, ir, er, ir_hold, er_hold))
    to_segment = np.roll(Rotation.from_matrix(readings.to_sensor.T).as_quat(), 1)
    return Truth(
        t[keep], thigh[keep] - np.radians(zero), femur[keep], quat.multiply(q, to_segment)[keep],
        readings.to_sensor @ motion.FEMUR_AXIS, readings.bias_rad_s[keep], neutral, tuple(reps),
    )  # fmt: skip
