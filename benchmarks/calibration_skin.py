"""From the skin to the bone on simulated people: no gain, the population's, a personal one; and a strap that moves.

python benchmarks/calibration_skin.py                    # 200 people on the wall and 200 lying flat, all results
python benchmarks/calibration_skin.py --people 50 --jobs 1

Everything goes through the analysis as a user's recording does. What is true of a person here: shares of Wren et al.
2008 (53 ± 10 %), each direction its own; play of the skin up to 1.5°, lag up to 0.2 s, wobble; a shank that shows
98 ± 3 %, play of the knee up to 1°; the ends of one set differ from the next by 1.5°, or by 0.7° where the foot is
turned until it touches something. Only the first is published.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy.stats import binomtest

from coxa.analysis import analyze_samples
from coxa.results import Analysis, Position
from coxa.simulate import Wearer
from coxa.simulate.skin import Knee, Leg, Tissue, draw, leg
from coxa_calibration.gain import POPULATION, PersonalGain
from coxa_calibration.gain_fit import AT_STOPS_SD_RAD, SET_CHANGE_SD_RAD, SHANK, Ends, gain_in_turn, gain_together
from coxa_calibration.readings import CalibrationError, Estimate

MADE = datetime(2026, 1, 1, tzinfo=UTC)
TURN_DEG, REPS = 35.0, 10
METHODS = ("none", "population", "together", "in turn", "in turn, stops")
REPS_IN_TURN, STOPS_SCATTER_DEG = 8, 0.5
QUANTITIES = ("ir", "er", "arc")
SLIPS_DEG = (3.0, 5.0, 8.0, 12.0, 16.0)


@dataclass(frozen=True)
class Person:
    """One simulated person. errors, sds: (methods, quantities) of one repetition, deg; NaN where refused."""

    errors: np.ndarray
    sds: np.ndarray
    all_squared: np.ndarray
    refused: dict[str, str]


def anyone(rng: np.random.Generator, share_sd: float) -> tuple[Tissue, Knee]:
    tissue = replace(
        draw(rng), play_deg=float(rng.uniform(0, 1.5)), lag_s=float(rng.uniform(0, 0.2)),
        wobble_hz=float(rng.uniform(4, 9)),
    )  # fmt: skip
    return tissue, Knee(share=float(rng.normal(SHANK.value, share_sd)), play_deg=float(rng.uniform(0, 1)))


def slow_turns(position: Position, rng: np.random.Generator, **changes: float) -> Wearer:
    """What the procedure asks for: five slow repetitions, stops at the ends and the neutral."""
    ends = {name: float(rng.uniform(25, 45)) for name in ("ir_deg", "er_deg")}
    return Wearer(position=position, reps=5, ramp_s=2.5, hold_s=1.5, neutral_pause_s=1.0, **{**ends, **changes})


def analysed(samples: object, position: Position) -> Analysis:
    return analyze_samples(samples, position=position, side="right")  # type: ignore[arg-type]


def together(tissue: Tissue, knee: Knee, wearer: Wearer, seed: int) -> PersonalGain:
    both = leg(wearer, tissue, knee, seed=seed)
    thigh, shank = (analysed(s, wearer.position) for s in (both.thigh, both.shank))
    return gain_together(
        both.thigh.t_s, np.radians(thigh.rotation_deg), np.radians(shank.rotation_deg), side="right", strap="",
        made_at=MADE, shank_swing_rad=np.radians(shank.swing_deg),
    )  # fmt: skip


def in_turn(
    tissue: Tissue,
    knee: Knee,
    wearer: Wearer,
    seed: int,
    *,
    rng: np.random.Generator,
    change_sd_rad: float,
) -> PersonalGain:
    change = np.degrees(change_sd_rad) * rng.normal(size=4)
    sets = [
        replace(wearer, ir_deg=wearer.ir_deg + float(change[i]), er_deg=wearer.er_deg + float(change[i + 2]))
        for i in (0, 1)
    ]
    thigh = ends(analysed(leg(sets[0], tissue, knee, seed=seed).thigh, wearer.position))
    shank = ends(analysed(leg(sets[1], tissue, knee, seed=seed + 1).shank, wearer.position))
    return gain_in_turn(thigh, shank, side="right", strap="", made_at=MADE, set_change_sd_rad=change_sd_rad)


def ends(analysis: Analysis) -> Ends:
    reps = [rep for rep in analysis.reps if rep.valid]
    return Ends(*(np.radians([getattr(r, f) for r in reps]) for f in ("ir_deg", "er_deg", "return_error_deg")))


def true_ends(used: Leg) -> np.ndarray:
    """(reps, 2) inner and outer end of the femur, deg, from the start."""
    t, zero = used.thigh.t_s, used.femur_rad[used.thigh.t_s < used.plan.reps[0].start_s].mean()
    spans = [(r.ir_span_s, r.er_span_s) for r in used.plan.reps]
    means = [[used.femur_rad[(t >= s[0]) & (t <= s[1])].mean() - zero for s in pair if s] for pair in spans]
    return np.degrees(means) * (1, -1)


def person(task: tuple[int, Position, float]) -> Person | None:
    seed, position, share_sd = task
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(seed)
    tissue, knee = anyone(rng, share_sd)
    wearer = slow_turns(position, rng)
    exercise = Wearer(position=position, reps=REPS, ir_deg=TURN_DEG, er_deg=TURN_DEG)
    used = leg(exercise, tissue, seed=seed + 3_000_000)
    reps = analysed(used.thigh, position).reps
    if len(reps) != REPS:
        return None
    gains: dict[str, PersonalGain] = {}
    refused: dict[str, str] = {}
    often = replace(wearer, reps=REPS_IN_TURN)
    stops = replace(often, range_sd_deg=STOPS_SCATTER_DEG)
    tries: dict[str, Callable[[], PersonalGain]] = {
        "together": lambda: together(tissue, knee, wearer, seed + 1_000_000),
        "in turn": lambda: in_turn(tissue, knee, often, seed + 2_000_000, rng=rng, change_sd_rad=SET_CHANGE_SD_RAD),
        "in turn, stops": lambda: in_turn(
            tissue, knee, stops, seed + 5_000_000, rng=rng, change_sd_rad=AT_STOPS_SD_RAD
        ),
    }
    for method, calibrate in tries.items():
        try:
            gains[method] = calibrate()
        except CalibrationError as error:
            refused[method] = error.reason
    seen, sd = (np.array([[getattr(r, f"{q}{end}") for q in QUANTITIES] for r in reps]) for end in ("_deg", "_sd_deg"))
    return scored(seen, sd, true_ends(used), gains, refused)


def scored(
    seen: np.ndarray, sd: np.ndarray, truth: np.ndarray, gains: dict[str, PersonalGain], refused: dict[str, str]
) -> Person:
    """seen, sd: (reps, 3) of the thigh, deg; truth: (reps, 2) of the femur, deg."""
    true = np.column_stack([truth, truth.sum(axis=1)])
    shape = (len(METHODS), len(QUANTITIES))
    errors, sds, squared = (np.full(shape, np.nan) for _ in range(3))
    one = len(seen) // 2  # the repetitions of a person share the gain: only one of them may count for the coverage
    for m, method in enumerate(METHODS):
        if method == "none":
            bone, bone_sd = seen, sd
        elif method == "population":
            bone = seen / POPULATION.value
            bone_sd = np.hypot(sd / POPULATION.value, bone * POPULATION.sd / POPULATION.value)
        elif method in gains:
            bone, bone_sd = by_gain(gains[method], seen, sd)
        else:
            continue
        errors[m], sds[m] = (bone - true)[one], bone_sd[one]
        squared[m] = np.mean((bone - true) ** 2, axis=0)
    return Person(errors, sds, squared, refused)


def by_gain(gain: PersonalGain, seen: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, s = np.radians(seen), np.radians(sd)
    (ir, ir_sd), (er, er_sd) = gain.bone_angle(x[:, 0], s[:, 0]), gain.bone_angle(-x[:, 1], s[:, 1])
    arcs = [
        gain.bone_arc(Estimate(*a), Estimate(*b), c) for a, b, c in
        zip(zip(x[:, 0], s[:, 0], strict=True), zip(x[:, 1], s[:, 1], strict=True), s[:, 2], strict=True)
    ]  # fmt: skip
    bone = np.column_stack([ir, -er, [a.value for a in arcs]])
    return np.degrees(bone), np.degrees(np.column_stack([ir_sd, er_sd, [a.sd for a in arcs]]))


def slipped(task: tuple[int, Position, float]) -> str:
    """What a calibration says whose strap turned by so many degrees at some moment between first and last stop."""
    seed, position, slip = task
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(seed)
    tissue, knee = anyone(rng, SHANK.sd)
    wearer = slow_turns(position, rng)
    tissue = replace(tissue, slip_deg=slip * float(rng.choice([-1, 1])), slip_at_s=float(rng.uniform(12, 40)))
    try:
        gain = together(tissue, knee, wearer, seed + 4_000_000)
    except CalibrationError as error:
        return error.reason
    worst = max(abs(k.value / s - 1) for k, s in ((gain.k_ir, tissue.ir_share), (gain.k_er, tissue.er_share)))
    return f"{worst:.4f}"


def share_of(hits: int, of: int) -> str:
    low, high = binomtest(hits, of).proportion_ci(0.95, "wilson")
    return f"{100 * hits / of:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def print_people(name: str, people: list[Person], skipped: int) -> None:
    print(f"\n{name}: {len(people)} people, {skipped} with another number of repetitions found, left out")
    print("|gain|people|IR °|ER °|arc °|68 % cover IR|ER|arc|95 % cover IR|ER|arc|")
    print("|---" * 11 + "|")
    for m, method in enumerate(METHODS):
        got = [p for p in people if np.isfinite(p.errors[m]).all()]
        rmse = np.sqrt(np.mean([p.all_squared[m] for p in got], axis=0))
        z = np.abs([p.errors[m] / p.sds[m] for p in got])
        cover = [share_of(int((z[:, q] < limit).sum()), len(got)) for limit in (1.0, 1.96) for q in range(3)]
        print(f"|{method}|{len(got)}|" + "|".join(f"{r:.2f}" for r in rmse) + "|" + "|".join(cover) + "|")
    for method in METHODS[2:]:
        reasons = [p.refused[method] for p in people if method in p.refused]
        counts = {r: reasons.count(r) for r in sorted(set(reasons))}
        print(f"{method}: refused {share_of(len(reasons), len(people))} {counts or ''}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--slips", type=int, default=80, help="calibrations for each size of slip")
    parser.add_argument("--share-sd", type=float, default=SHANK.sd, help="true spread of what the shank shows")
    parser.add_argument("--positions", nargs="+", default=["wall", "supine"])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=50_000)
    options = parser.parse_args()
    console = Console(stderr=True)
    print("RMSE over all repetitions at 35°, and how often one repetition of each person lies in its interval")
    with ProcessPoolExecutor(options.jobs) as pool:
        for position in options.positions:
            tasks = [(options.seed + i, position, options.share_sd) for i in range(options.people)]
            found = list(track(pool.map(person, tasks), total=len(tasks), description=position, console=console))
            kept = [p for p in found if p]
            print_people(position, kept, len(found) - len(kept))
            for slip in SLIPS_DEG if options.slips else ():
                said = list(pool.map(slipped, [(options.seed + i, position, slip) for i in range(options.slips)]))
                passed = [float(s) for s in said if s[0].isdigit()]
                print(
                    f"strap turned by {slip:.0f}°: refused {share_of(len(said) - len(passed), len(said))}; "
                    f"gain of the others off by {100 * np.median(passed or [np.nan]):.1f} % (median), "
                    f"{100 * np.max(passed or [np.nan]):.1f} % (worst)"
                )


if __name__ == "__main__":
    main()
