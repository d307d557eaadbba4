"""Axis of the femur, mounting and strap slip over simulated wearers: errors, shares found and false alarms.

python benchmarks/calibration_body.py            # 400 wearers each; --cases N for fewer
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from coxa.samples import Samples
from coxa.simulate import SENSORS, Simulation, Wearer, poses, simulate
from coxa_calibration.femur import axis_from_pose, axis_from_poses, checked_by_turn
from coxa_calibration.followed import followed
from coxa_calibration.held import between, held
from coxa_calibration.mounting import Case, frame, leg_from_turns, which_end, which_leg
from coxa_calibration.readings import CalibrationError
from coxa_calibration.slip import Slip, same_pose, strap_slip
from coxa_calibration.turning import first_turns, turn_axis

CHIP = replace(SENSORS["LSM6DSOX"], gyro_bias_dps=3.0)
SIDES = ("left", "right")

SWING = 0.07
"""Swing in phase over the femur's turn, one sd of each direction: 3.5° in 35°, both directions together."""

TISSUE = (0.43, 0.63)
"""Share of the femur's turn that the strap follows: 53 ± 10 % (Wren 2008, doi 10.1016/j.gaitpost.2007.07.006)."""

FAR_DEG = 8.0
"""Tilt of wearers whose seat does not come near the wall, one sd of each direction."""


def degrees(u: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    return float(np.degrees(between(u, true)))


def axis_errors(cases: int) -> dict[str, list[tuple[float, float]]]:
    """Pose → (error, stated sd), degrees. Both poses: for the wall, where the axis is used."""
    errors: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        tip = np.radians(rng.normal(0, poses.TISSUE_SD_DEG, 2))
        standing = replace(poses.habit("standing", rng), strap=(tip[0], 0.0, tip[1]))
        posed = poses.hold([standing, poses.habit("wall", rng)], SIDES[seed % 2], CHIP, rng)
        try:
            found = [held(s, pose) for s, pose in zip(posed.samples, ("standing", "wall"), strict=True)]
            axes = [axis_from_pose(found[0]), axis_from_pose(found[1]), axis_from_poses(*found)]
        except CalibrationError as error:
            errors[f"refused: {error.reason}"].append((0.0, 1.0))
            continue
        for axis, true in zip(axes, (posed.axes[0], posed.axes[1], posed.axes[1]), strict=True):
            errors[axis.source].append((degrees(axis.u, true), float(np.degrees(axis.sd_rad))))
    return errors


def turning_set(seed: int, position: str, swing: float = SWING, far_deg: float = 0.0) -> Simulation:
    """Still for 5 s, then three slow turns outward and inward."""
    rng = np.random.default_rng(seed)
    usual, gain = poses.habit(position, rng), rng.uniform(*TISSUE)
    off = rng.normal(0, 1, 2) * far_deg
    wearer = Wearer(
        position=position, side=SIDES[seed % 2], reps=3, hold_s=0.5, ramp_s=2.5, start_still_s=5.0,
        neutral_pause_s=1.5, tilt_flexion_deg=usual.flexion_deg + off[0],
        tilt_abduction_deg=usual.abduction_deg + off[1], ir_tissue_gain=gain, er_tissue_gain=gain,
        flexion_per_rotation=rng.normal(0, swing), abduction_per_rotation=rng.normal(0, swing),
    )  # fmt: skip
    return simulate(wearer, CHIP, seed=seed)


def fusion_errors(cases: int, position: str, swing: float, far_deg: float) -> dict[str, list[float]]:
    """Way → errors, degrees, of those that the check lets pass; `repeat`: asked to do it again."""
    errors: dict[str, list[float]] = defaultdict(list)
    for seed in range(cases):
        sim = turning_set(seed, position, swing, far_deg)
        try:
            still = held(sim.samples, position)
            axis = axis_from_pose(still, tilt_sd_rad=np.radians(FAR_DEG) if far_deg else None)
            turn = turn_axis(sim.samples, still.rate_rad_s, still.rate_sd_rad_s)
            checked = checked_by_turn(axis, turn)
        except CalibrationError as error:
            errors[f"repeat: {error.reason}"].append(0.0)
            continue
        toward = turn.axis if turn.axis @ axis.u > 0 else -turn.axis
        weight = axis.sd_rad**2 / (axis.sd_rad**2 + turn.sd_rad**2)
        always = (1 - weight) * axis.u + weight * toward
        for way, u in (("gravity", axis.u), ("turns", toward), ("always weighed", always), ("as built", checked.u)):
            errors[way].append(degrees(u / np.linalg.norm(u), sim.truth.axis))
    return errors


def moved_strap(cause: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Turn of the strap in the segment frame, rad."""
    round_cm, sign = rng.uniform(45, 60), rng.choice([-1.0, 1.0])
    if cause == "around 2 cm":
        return poses.slid(around_cm=sign * 2.0, circumference_cm=round_cm)
    if cause == "around 2-4 cm":
        return poses.slid(around_cm=sign * rng.uniform(2, 4), circumference_cm=round_cm)
    if cause == "askew 10-20°":
        return poses.slid(askew_deg=sign * rng.uniform(10, 20))
    if cause == "askew 10°":
        return poses.slid(askew_deg=sign * 10.0)
    if cause == "along 2-4 cm":
        slope = rng.uniform(0.0, poses.SKIN_SLOPE_DEG_PER_CM)
        return poses.slid(along_cm=sign * rng.uniform(2, 4), skin_slope_deg_per_cm=slope)
    return np.zeros(3)


CAUSES = ("none", "around 2 cm", "around 2-4 cm", "askew 10°", "askew 10-20°", "along 2-4 cm")
PROCEDURES = (("standing",), ("wall",), ("seated",), ("standing", "seated"), ("wall", "seated"))


def slip_in_poses(cause: str, positions: tuple[str, ...], seed: int) -> Slip:
    """Poses before, the strap moves, poses after. The axis is from the standing pose before."""
    rng = np.random.default_rng(seed)
    posed = poses.before_and_after(positions, moved_strap(cause, rng), SIDES[seed % 2], CHIP, rng)
    asked = ("standing", *positions, *positions)
    found = [held(s, pose) for s, pose in zip(posed.samples, asked, strict=True)]
    n = len(positions)
    seen = [same_pose(a, b) for a, b in zip(found[1 : n + 1], found[n + 1 :], strict=True)]
    return strap_slip(axis_from_pose(found[0]).u, seen)


def slip_in_set(cause: str, bias_sd_dps: float, seed: int) -> Slip:
    """A set on the wall followed by the gyroscope; the strap moves somewhere in it."""
    rng = np.random.default_rng(seed)
    usual = poses.habit("wall", rng)
    wearer = Wearer(
        side=SIDES[seed % 2], start_still_s=4.0, end_still_s=4.0, tilt_flexion_deg=usual.flexion_deg,
        tilt_abduction_deg=usual.abduction_deg, flexion_per_rotation=rng.normal(0, SWING),
    )  # fmt: skip
    sim = simulate(wearer, CHIP, seed=seed)
    last = sim.truth.reps[-1].start_s
    vector = sim.readings.to_sensor @ moved_strap(cause, rng)
    samples = poses.slipping(sim.samples, vector, rng.uniform(10.0, last)) if cause != "none" else sim.samples
    bias = sim.truth.bias_rad_s.mean(axis=0) + np.radians(rng.normal(0, bias_sd_dps, 3))
    u = axis_from_pose(held(first_part(samples, 4.0), "wall")).u
    return strap_slip(u, [], [followed(samples, u, bias, float(np.radians(bias_sd_dps)))])


def first_part(samples: Samples, seconds: float) -> Samples:
    inside = samples.t_s < samples.t_s[0] + seconds
    return replace(samples, t_s=samples.t_s[inside], gyr_rad_s=samples.gyr_rad_s[inside],
                   acc_m_s2=samples.acc_m_s2[inside])  # fmt: skip


def share(hits: int, cases: int) -> str:
    low, high = binomtest(hits, cases).proportion_ci(method="wilson")
    return f"{100 * hits / cases:5.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def verdicts(cases: int, once: Callable[[int], Slip]) -> str:
    """Share called moved, with its 95 % interval, how many could not be judged, and were refused."""
    counts: Counter[str] = Counter()
    for seed in range(cases):
        try:
            counts[once(seed).verdict] += 1
        except CalibrationError as error:
            counts[error.reason] += 1
    judged = cases - sum(n for reason, n in counts.items() if reason not in ("moved", "kept", "not_seen"))
    rest = ", ".join(f"{reason} {n}" for reason, n in sorted(counts.items()) if reason != "moved")
    return f"moved {share(counts['moved'], judged)}   ({rest})"


def mounting(cases: int) -> None:
    case, flipped = np.array([0.0, 1.0, 0.0]), Counter()
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        side, down = SIDES[seed % 2], seed % 3 == 0
        outward = 1.0 if side == "right" else -1.0
        posed = poses.hold([poses.habit("standing", rng), poses.habit("seated", rng)], side, CHIP, rng)
        # how the case lies on the thigh: askew by 15°, 25° around from its outer side, upside down in every third
        turn = np.radians(rng.normal(0, [25.0, 15.0]))
        face = np.array([np.sin(turn[0]), 0.0, outward * np.cos(turn[0])])
        arrow = np.cos(turn[1]) * case + np.sin(turn[1]) * np.cross(face, case)
        built = Case(posed.to_sensor @ arrow * (-1.0 if down else 1.0), posed.to_sensor @ face)
        try:
            standing, seated = (held(s, p) for s, p in zip(posed.samples, ("standing", "seated"), strict=True))
        except CalibrationError:
            continue
        axis = axis_from_pose(standing)
        leg = which_leg(frame(axis, seated), built, side)
        end = which_end(axis.u, built)
        flipped["end right"] += end.answer == ("upside_down" if down else "right_way")
        flipped["leg right"] += leg.answer == side
        flipped["leg wrong"] += leg.answer not in (side, "unclear")
    for seed in range(cases):
        sim = turning_set(seed, "wall")
        try:
            still = held(sim.samples, "wall")
            ways = first_turns(sim.samples, axis_from_pose(still).u, still.rate_rad_s)
        except CalibrationError:
            continue
        answer = leg_from_turns(ways, SIDES[seed % 2]).answer
        flipped["leg right by turns"] += answer == SIDES[seed % 2]
        flipped["leg wrong by turns"] += answer not in (SIDES[seed % 2], "unclear")
    for name in ("end right", "leg right", "leg wrong", "leg right by turns", "leg wrong by turns"):
        print(f"  {name:20} {share(flipped[name], cases)}")


def summary(values: NDArray[np.float64]) -> str:
    rms, middle, most = np.sqrt(np.mean(values**2)), np.median(values), np.quantile(values, 0.95)
    return f"rmse {rms:5.2f}  median {middle:5.2f}  95 % {most:5.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=400)
    cases = parser.parse_args().cases
    print("Axis from gravity, degrees (knee sd 5° standing, 3° wall; lean 2°; seat 3 cm, foot 3 cm; offset 20 mg)")
    for source, pairs in axis_errors(cases).items():
        error, sd = np.array(pairs).T
        inside = [float(np.mean(error < k * sd)) for k in (1.515, 2.448)]
        print(f"  {source:16} {len(error):4}  {summary(error)}  stated sd {sd.mean():.2f}  inside 68/95 %: "
              f"{100 * inside[0]:.0f}/{100 * inside[1]:.0f}")  # fmt: skip
    settings = [("wall", SWING, 0.0), ("wall", 2 * SWING, 0.0), ("standing", SWING, 0.0), ("wall", SWING, FAR_DEG)]
    for position, swing, far in settings:
        print(f"Weighing in the turns: {position}, swing {swing:g} rad/rad, tilted {far:g}° more")
        for way, values in fusion_errors(cases, position, swing, far).items():
            print(f"  {way:20} {len(values):4}  {'' if 'repeat' in way else summary(np.array(values))}")
    for positions in PROCEDURES:
        print(f"Strap slip, {' + '.join(positions)} before and after")
        for cause in CAUSES:
            print(f"  {cause:14} {verdicts(cases, lambda seed, c=cause, p=positions: slip_in_poses(c, p, seed))}")
    for bias in (0.01, 0.03):
        print(f"Strap slip within a set on the wall, followed by the gyroscope with its bias known to {bias:g} deg/s")
        for cause in ("none", "around 2 cm", "around 2-4 cm"):
            print(f"  {cause:14} {verdicts(cases, lambda seed, c=cause, b=bias: slip_in_set(c, b, seed))}")
    print("Mounting")
    mounting(cases)


if __name__ == "__main__":
    main()
