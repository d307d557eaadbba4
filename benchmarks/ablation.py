"""What each calibration does to the final numbers: the same sets analysed with none, then with one more at a time.

    python benchmarks/ablation.py                      # 60 people: about 10 minutes on two cores
    python benchmarks/ablation.py --people 8 --jobs 1  # a quick look
    python benchmarks/ablation.py --markdown           # the table of docs/validation.md

Each simulated person has one chip, one way of wearing it and one skin, and follows the three guided calibrations as a
user does: twelve poses in the hand and ten turns, standing, sitting, legs up the wall and slow turns, then five slow
turns with a second sensor on the shank. Then come the sets: ten repetitions of 35° of the femur each way, with a thigh
that is off its ideal direction by 3° and swings along with the turn by 0.08 of it in flexion and 0.06 in abduction (one
sd each: some 2 to 5° in 35°, engineering judgement). Nothing of the truth goes into a calibration.

Errors are those of a repetition against the true turn of the strap, which is what `thigh` means, and against the turn
of the femur. `cover`: share of repetitions within the stated 68 % and 95 %, of the strap for the first three rows and
of the femur for the last.
"""

from __future__ import annotations

import argparse
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from rich.console import Console
from rich.progress import track

from coxa.analysis import analyze_samples
from coxa.calibration.applied import NONE, Calibration
from coxa.calibration.guide.body import BodyProcedure
from coxa.calibration.guide.course import Guide
from coxa.calibration.guide.sensor import SensorProcedure
from coxa.calibration.guide.skin import SkinTogether
from coxa.calibration.guide.step import Procedure
from coxa.calibration.kept import Kept
from coxa.errors import InputError
from coxa.results import Position, Side
from coxa.samples import Floats, Samples
from coxa.simulate import SENSORS, Wearer, motion
from coxa.simulate.follower import BodyFollower, Follower, SensorFollower, SkinFollower, follow
from coxa.simulate.powered import Powered
from coxa.simulate.sensor import Chip, drawn
from coxa.simulate.skin import femur_turns
from coxa.simulate.wearer import Plan, plan
from coxa_calibration.readings import CalibrationError

AT = datetime(2026, 3, 1, tzinfo=UTC)
POSITIONS: tuple[Position, ...] = ("wall", "seated", "prone")
ROWS = ("none", "sensor", "+ body", "+ skin")
QUANTITIES = ("ir", "er", "arc")
TURN_DEG, REPS = 35.0, 10
TILT_SD_DEG, SWING_SD = 3.0, (0.08, 0.06)


@dataclass(frozen=True)
class Errors:
    """(rows, reps, quantities) errors and sds, degrees, of one set: against the strap and against the femur."""

    strap: Floats
    femur: Floats
    sds: Floats


def person(task: tuple[int, str]) -> dict[Position, Errors] | str:
    """The sets of one person; or why a calibration was not made."""
    seed, kind = task
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(seed)
    side: Side = ("right", "left")[seed % 2]  # type: ignore[assignment]
    sensor = SENSORS[kind]
    handled, worn, lying = (
        SensorFollower(sensor, seed), BodyFollower(side, sensor, seed), SkinFollower(side, sensor, seed),
    )  # fmt: skip
    chip = drawn(sensor, rng)
    for powered in (handled.powered, worn.powered, lying.powered["thigh"]):
        powered.chip = same(chip, powered.chip)
    try:
        calibrations = guided(handled, worn, lying, side, kind)
    except (InputError, CalibrationError) as error:
        return str(error)
    return {position: one_set(position, worn.powered, lying, side, calibrations, rng=rng) for position in POSITIONS}


def same(chip: Chip, worn: Chip) -> Chip:
    """The chip with its own errors, mounted as `worn` is."""
    return replace(chip, to_sensor=worn.to_sensor)


def guided(
    handled: SensorFollower, worn: BodyFollower, lying: SkinFollower, side: Side, kind: str
) -> list[Calibration]:
    """None, sensor, sensor and body, all three: each made by following its guide."""
    sensor = kept(SensorProcedure("simulated", kind, "", None), handled, {}).sensor()[0]
    offset_sd = float(sensor.acc_offset_sd_m_s2.max())
    procedure = BodyProcedure("simulated", side, "me", "", None, worn.case, offset_sd)
    body = kept(procedure, worn, {"thigh": sensor}).body()
    scale_sd = max(sensor.scale_sd(axis) for axis in np.eye(3))
    skin = kept(SkinTogether("simulated", side, "me", "", scale_sd), lying, {"thigh": sensor}).skin()
    return [NONE, Calibration(sensor), Calibration(sensor, body), Calibration(sensor, body, skin)]


def kept(procedure: Procedure, follower: Follower, sensors: dict[str, object]) -> Kept:
    guide = Guide(procedure, sensors=sensors)  # type: ignore[arg-type]
    for _ in follow(guide, follower, 0.5):
        pass
    new = guide.finish(AT, "simulated").kept
    return Kept(1, new.kind, new.uid, new.person, new.side, new.made_at, new.data, new.source, "", "")


def one_set(
    position: Position, powered: Powered, lying: SkinFollower, side: Side, calibrations: list[Calibration],
    *, rng: np.random.Generator,
) -> Errors:  # fmt: skip
    swing = [sd * rng.normal() for sd in SWING_SD]
    wearer = Wearer(
        position=position, side=side, reps=REPS, ir_deg=TURN_DEG, er_deg=TURN_DEG,
        tilt_flexion_deg=TILT_SD_DEG * rng.normal(), tilt_abduction_deg=TILT_SD_DEG * rng.normal(),
        flexion_per_rotation=swing[0], abduction_per_rotation=swing[1],
    )  # fmt: skip
    samples, true, planned = recorded(wearer, powered, lying, rng)
    truths = [ends(turn, samples.t_s, planned) for turn in true]
    found: list[Floats] = []
    sds: list[Floats] = []
    for calibration in calibrations:
        analysis = analyze_samples(samples, position=position, side=side, calibration=calibration)
        reps = [rep for rep in analysis.reps if "half_rep" not in rep.flags]
        if len(reps) != REPS:
            reps = []
        values = [[getattr(rep, f"{name}_deg") for name in QUANTITIES] for rep in reps]
        found.append(np.array(values) if values else np.full((REPS, 3), np.nan))
        spreads = [[getattr(rep, f"{name}_sd_deg") for name in QUANTITIES] for rep in reps]
        sds.append(np.array(spreads) if spreads else np.full((REPS, 3), np.nan))
    return Errors(np.array(found) - truths[0], np.array(found) - truths[1], np.array(sds))


def recorded(
    wearer: Wearer, powered: Powered, lying: SkinFollower, rng: np.random.Generator
) -> tuple[Samples, tuple[Floats, Floats], Plan]:
    """One set by the chip that is on, with the true turn of strap and femur (n,), rad."""
    planned = plan(wearer, rng)
    dt = powered.dt_s
    half_t = np.arange(2 * int(planned.duration_s / dt) + 1) * dt / 2
    femur, flexion, abduction = femur_turns(wearer, planned, half_t, rng)
    strap = lying.tissue.turn(femur, dt / 2)
    tilt = np.radians([wearer.tilt_flexion_deg, wearer.tilt_abduction_deg])
    pose = motion.neutral_pose(wearer.position, wearer.side, rng.uniform(0, 2 * np.pi), tilt[0], tilt[1])
    q = motion.thigh_orientation(pose, strap, flexion, abduction, wearer.side)
    samples = powered.read(*motion.rate_and_force(q[::2], q[1::2], dt, None))
    # each set is a recording of its own
    samples = replace(samples, t_s=samples.t_s - samples.t_s[0])
    return samples, (strap[1::2], femur[1::2]), planned


def ends(turn: Floats, t: Floats, planned: Plan) -> Floats:
    """(reps, 3) IR, ER and arc of a true turn (n,), degrees, from the start."""
    zero = turn[t < planned.reps[0].start_s].mean()
    rows: list[list[float]] = []
    for rep in planned.reps:
        spans = [s for s in (rep.ir_span_s, rep.er_span_s) if s]
        ir, er = (float(turn[(t >= s[0]) & (t <= s[1])].mean() - zero) for s in spans)
        rows.append([ir, -er, ir - er])
    return np.degrees(rows)


def table(results: list[dict[Position, Errors]], markdown: bool, console: Console) -> None:
    """One row for each position and set of calibrations."""
    heads = ["position", "calibrated", "strap: IR / ER / arc °", "femur: IR / ER / arc °", "68 % cover", "95 % cover"]
    if markdown:
        console.print("|" + "|".join(heads) + "|\n" + "|---" * len(heads) + "|")
    for position in POSITIONS:
        sets = [one[position] for one in results if np.isfinite(one[position].strap).all()]
        strap, femur, sds = (np.stack([getattr(s, name) for s in sets]) for name in ("strap", "femur", "sds"))
        for k, row in enumerate(ROWS):
            of = femur if row == "+ skin" else strap
            over = np.abs(of[:, k]) / sds[:, k]
            at_strap = "–" if row == "+ skin" else three(rms(strap[:, k]))
            cover = [three(100 * (over < limit).mean(axis=(0, 1)), 0) for limit in (1.0, 1.96)]
            cells = [position, row, at_strap, three(rms(femur[:, k])), *cover]
            console.print("|" + "|".join(cells) + "|" if markdown else "  ".join(f"{c:<22}" for c in cells))


def rms(values: Floats) -> Floats:
    return np.asarray(np.sqrt((values**2).mean(axis=(0, 1))))


def three(values: Floats, digits: int = 2) -> str:
    return " / ".join(f"{value:.{digits}f}" for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--chip", choices=sorted(SENSORS), default="MPU6886")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--markdown", action="store_true")
    chosen = parser.parse_args()
    console = Console(width=200)
    tasks = [(seed, chosen.chip) for seed in range(chosen.people)]
    with ProcessPoolExecutor(chosen.jobs) as pool:
        done = list(track(pool.map(person, tasks), "people", len(tasks), console=Console(stderr=True)))
    results = [one for one in done if not isinstance(one, str)]
    refused = [one for one in done if isinstance(one, str)]
    console.print(f"{len(results)} of {len(done)} people, {chosen.chip}; not calibrated: {len(refused)}")
    for why in sorted(set(refused)):
        console.print(f"  {refused.count(why)} × {why}")
    table(results, chosen.markdown, console)


if __name__ == "__main__":
    main()
