"""Repetitions found in simulated sets of every kind, and in what is no set; nothing is told but position and side.

python benchmarks/repetitions.py              # 300 sets, 20 recordings of each other activity in each position
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from coxa.analysis import analyze_samples
from coxa.results import POSITIONS, Rep
from coxa.simulate import SENSORS, Simulation, Stream, TruthRep, Wearer, simulate

ACTIVITIES = ("rest", "walking", "fidgeting")


def varied(seed: int) -> Simulation:
    """A set of any kind: position, side, order, range, tempo, holds, flaws, sensor, rate and losses drawn at random."""
    rng = np.random.default_rng(seed)
    u, reps = rng.uniform, int(rng.integers(1, 16))

    def either(value: float, other: float, share: float) -> float:
        return value if rng.random() < share else other

    wearer = Wearer(
        position=str(rng.choice(POSITIONS)),
        side=str(rng.choice(["left", "right"])),
        order="ir-first" if rng.random() < 0.2 else "er-first",
        reps=reps, ir_deg=u(12, 50), er_deg=u(15, 55), range_sd_deg=u(0, 3), fatigue_deg_per_rep=u(0, 0.5),
        hold_s=either(0.0, u(0.5, 3), 0.15), hold_sd_s=u(0, 0.3), ramp_s=u(0.7, 3.5),
        neutral_pause_s=either(0.0, u(0.2, 2), 0.2), middle_pause_s=either(u(0.2, 0.6), 0.0, 0.15),
        neutral_sd_deg=u(0, 3), neutral_creep_deg=u(-5, 5), start_still_s=either(0.0, u(1, 5), 0.25),
        wander_deg=u(0.1, 1), tremor_deg=u(0, 0.1),
        flexion_per_rotation=u(-0.1, 0.1), abduction_per_rotation=u(-0.1, 0.1),
        swing_drift_deg=u(-5, 5), ir_tissue_gain=u(0.5, 1), er_tissue_gain=u(0.5, 1), tilt_flexion_deg=u(-10, 10),
        tilt_abduction_deg=u(-10, 10), half_reps=tuple(i for i in range(reps) if rng.random() < 0.05),
        pause_before=((int(rng.integers(0, reps)), u(0, 10)),),
    )  # fmt: skip
    chip = SENSORS[str(rng.choice(["LSM6DSOX", "MPU6886", "ICM-42688-P"]))]
    sensor = dataclasses.replace(chip, gyro_bias_dps=u(0, 6), rate_hz=float(rng.choice([25, 50, 104, 208, 500])))
    return simulate(wearer, sensor, Stream(loss=either(0.02, 0.0, 0.2)), seed=seed)


def matched(found: tuple[Rep, ...], true: tuple[TruthRep, ...]) -> list[tuple[Rep, TruthRep]]:
    """Pairs that share more than half of the longer one's time; each true repetition once."""
    left, pairs = list(true), []
    for rep in found:
        for truth in left:
            shared = min(rep.end_s, truth.end_s) - max(rep.start_s, truth.start_s)
            if shared > 0.5 * max(rep.end_s - rep.start_s, truth.end_s - truth.start_s):
                pairs.append((rep, truth))
                left.remove(truth)
                break
    return pairs


def one_set(seed: int) -> tuple[int, int, int, list[float]]:
    """Pairs, found, true, and the errors of the hold times, s."""
    warnings.simplefilter("ignore")
    simulation = varied(seed)
    found = analyze_samples(simulation.samples, position=simulation.wearer.position, side=simulation.wearer.side).reps
    pairs = matched(found, simulation.truth.reps)
    swapped = simulation.wearer.position not in ("wall", "standing") and simulation.wearer.order == "ir-first"
    holds = [e for r, t in pairs if not swapped for e in (r.ir_hold_s - t.ir_hold_s, r.er_hold_s - t.er_hold_s)]
    return len(pairs), len(found), len(simulation.truth.reps), holds


def other(task: tuple[str, Any, int]) -> int:
    """Repetitions found where there are none."""
    warnings.simplefilter("ignore")
    activity, position, seed = task
    wearer = Wearer(position=position, activity=activity, side=("left", "right")[seed % 2])
    return len(analyze_samples(simulate(wearer, seed=seed).samples, position=position, side=wearer.side).reps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--others", type=int, default=20, help="recordings of each other activity in each position")
    parser.add_argument("--seed", type=int, default=20_000)
    options = parser.parse_args()
    tasks = [(a, p, k) for a in ACTIVITIES for p in POSITIONS for k in range(options.others)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        seeds = range(options.seed, options.seed + options.sets)
        sets = list(
            track(pool.map(one_set, seeds), total=options.sets, description="sets", console=Console(stderr=True))
        )
        others = list(
            track(
                pool.map(other, tasks), total=len(tasks), description="other activities", console=Console(stderr=True)
            )
        )
    pairs, found, true = (sum(row[i] for row in sets) for i in range(3))
    holds = np.abs(np.concatenate([row[3] for row in sets]))
    print(f"{options.sets} sets, {true} repetitions: {pairs} found, {true - pairs} missed, {found - pairs} invented")
    print(
        f"F1 {2 * pairs / (found + true):.4f}; hold times off by {np.median(holds):.3f} s (median),",
        f"{np.quantile(holds, 0.95):.2f} s (95 %)",
    )
    for activity in ACTIVITIES:
        counts = [n for (a, _, _), n in zip(tasks, others, strict=True) if a == activity]
        print(f"{activity}: {sum(counts)} repetitions in {len(counts)} minutes")


if __name__ == "__main__":
    main()
