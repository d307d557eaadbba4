"""The sensor's calibration on simulated chips in shaky hands, and beside imucal on imucal's own example.

    python benchmarks/calibration_sensor.py                   # 60 chips for each row: about ten minutes on one core
    python benchmarks/calibration_sensor.py --chips 10        # a quick look
    python benchmarks/calibration_sensor.py --imucal ../shared/data/imucal

The last part needs the folder with imucal's example session (MIT licence) and, for its row, `pip install imucal`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "calibration"))

import sensor_simulated as sim

from coxa_calibration.accelerometer import MG, AccelerometerCalibration, calibrate_accelerometer
from coxa_calibration.bias_history import BiasHistory
from coxa_calibration.datasheet import DATASHEETS
from coxa_calibration.gyroscope import power_on_sd
from coxa_calibration.moves import calibrate_by_moves, moves_between
from coxa_calibration.readings import GRAVITY_M_S2, CalibrationError, Floats, Recording
from coxa_calibration.stillness import AT_REST, StillSpan, still_spans
from coxa_calibration.temperature import unrounded
from coxa_calibration.turns import calibrate_gyroscope, measure_turns

UPS = {
    "6 faces": sim.FACES,
    "6 faces + 3 corners": np.vstack([sim.FACES, sim.CORNERS[:3]]),
    "6 faces + 6 corners": np.vstack([sim.FACES, sim.CORNERS]),
}
HANDS = {"against furniture": {}, "in the air": {"sway_m_s": 0.02, "tremor_m_s2": 0.2, "wander_deg": 0.8}}
START = datetime(2026, 1, 1, tzinfo=UTC)
EXAMPLE_HZ = 102.4
"""Sampling rate of imucal's example, as its documentation states it."""

console = Console(width=140)


def rms(values: Floats | list[Floats]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def poses(chips: int) -> None:
    table = Table(title="Accelerometer from still poses: median (95th percentile) over chips, mg")
    for column in (
        "poses",
        "hands",
        "chip",
        "refused",
        "residual",
        "held out",
        "true size error",
        "before",
        "true tilt °",
        "before",
    ):
        table.add_column(column)
    directions = np.random.default_rng(0).standard_normal((300, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for poses_name, ups in UPS.items():
        for hands, how in HANDS.items():
            for name in DATASHEETS:
                tried = [_pose_errors(name, ups, how, directions, seed) for seed in range(chips)]
                rows = [row for row in tried if row is not None]
                cells = [f"{np.median(c):.2f} ({np.percentile(c, 95):.2f})" for c in zip(*rows, strict=True)]
                table.add_row(poses_name, hands, name, str(len(tried) - len(rows)), *cells)
    console.print(table)


def _pose_errors(
    name: str, ups: Floats, how: dict[str, float], directions: Floats, seed: int
) -> tuple[float, ...]:  # fmt: skip
    rng = np.random.default_rng(seed)
    chip = sim.chip(rng, name)
    try:
        cal = calibrate_accelerometer(still_spans(sim.in_hands(chip, ups, rng, **how)), DATASHEETS[name])
    except CalibrationError:  # a hold too restless: the wearer is asked to repeat it
        return None
    raw = directions * GRAVITY_M_S2 @ chip.acc_matrix.T + chip.acc_offset
    u, _, v = np.linalg.svd(cal.matrix @ chip.acc_matrix)
    frame = u @ v  # the common turn that no pose can show

    def size(force: Floats) -> float:
        return rms(np.linalg.norm(force, axis=1) - GRAVITY_M_S2) / MG

    def tilt(force: Floats, true: Floats) -> float:
        return float(np.degrees(rms(np.linalg.norm(np.cross(force, true), axis=1) / np.linalg.norm(force, axis=1))))

    good = cal.apply(raw)
    tilts = [tilt(good, directions @ frame.T), tilt(raw, directions)]
    return [cal.residual_mg, cal.held_out_mg, size(good), size(raw), *tilts]


def gyroscope(chips: int) -> None:
    table = Table(title="Gyroscope: scale / cross-axis error, rms over chips, %; and its size in sd (1 is honest)")
    for column in ("chip", "hands", "before", "10 turns about each axis", "moves between 12 poses", "both"):
        table.add_column(column)
    diagonal = np.eye(3, dtype=bool)
    for name in DATASHEETS:
        for hands, how in HANDS.items():
            tried = [_gyroscope_errors(name, how, seed) for seed in range(chips)]
            rows = [row for row in tried if row is not None]
            cells: list[str] = []
            for k in range(4):
                error, sd = (np.array([row[k][m] for row in rows]) for m in range(2))
                scale, cross = (100 * rms(error[:, where]) for where in (diagonal, ~diagonal))
                cells.append(f"{scale:.3f} / {cross:.3f}" + (f"  ({rms(error / sd):.2f} sd)" if k else ""))
            table.add_row(name, hands, *cells)
    console.print(table)


def _gyroscope_errors(name: str, how: dict[str, float], seed: int) -> list[tuple[Floats, Floats]] | None:
    """Error of the matrix and its sd: before, by turns, by moves, by both."""
    rng, sheet = np.random.default_rng(seed), DATASHEETS[name]
    chip = sim.chip(rng, name)
    recording = sim.in_hands(chip, UPS["6 faces + 6 corners"][rng.permutation(12)], rng, **how)
    spans = still_spans(recording)
    try:
        acc = calibrate_accelerometer(spans, sheet)
    except CalibrationError:
        return None
    moves = moves_between(recording, spans, acc)
    sets = [measure_turns(sim.turned(chip, sim.FACES[k], 10, rng), 10, acc) for k in (0, 2, 4)]
    by_turns = calibrate_gyroscope(sets, sheet)
    u, _, v = np.linalg.svd(acc.matrix @ chip.acc_matrix)
    true = u @ v @ np.linalg.inv(chip.gyr_matrix)
    found = by_turns, calibrate_by_moves(moves, sheet), calibrate_by_moves(moves, sheet, by_turns)
    before = np.linalg.inv(chip.gyr_matrix) - np.eye(3), np.ones((3, 3))
    return [before, *[(m.matrix - true, m.matrix_sd) for m in found]]


def warm_ups(chips: int) -> None:
    table = Table(title="Bias over 8 minutes after a 20 s still start, warming by 3 to 6 °C: rms error, deg/s")
    for column in (
        "chip",
        "sessions learned from",
        "start's bias kept",
        "temperature model",
        "true slope",
        "slope error / sd",
    ):
        table.add_column(column)
    for name in DATASHEETS:
        for sessions in (1, 3, 8):
            rows = [_warm_up_errors(name, sessions, seed) for seed in range(chips)]
            kept, model, true, slope = (np.concatenate([np.ravel(r[k]) for r in rows]) for k in range(4))
            cells = [f"{np.degrees(rms(values)):.4f}" for values in (kept, model, true)]
            table.add_row(name, str(sessions), *cells, f"{rms(slope):.2f}")
    console.print(table)


def _session(chip: sim.Chip, name: str, rng: np.random.Generator) -> tuple[list[StillSpan], Floats, Floats]:
    """Spans of 20 s, with whole-degree temperatures, of 8 minutes at rest; true temperature and bias each second."""
    t = np.arange(480.0)
    temperature = rng.uniform(19, 26) + rng.uniform(4, 8) * (1 - np.exp(-t / 300))
    walk = np.cumsum(rng.standard_normal((480, 3)), axis=0) * chip.gyr_walk
    bias = chip.gyr_bias + rng.normal(0, power_on_sd(DATASHEETS[name]), 3) + walk
    bias = bias + (temperature - 25)[:, None] * chip.gyr_slope
    seen = unrounded(np.round(temperature), t)
    level, small = np.array([0.0, 0.0, GRAVITY_M_S2]), np.eye(3) * (chip.gyr_noise**2 / 40)
    spans: list[StillSpan] = []
    for i in range(0, 480, 20):
        rate = bias[i : i + 20].mean(axis=0) + rng.normal(0, np.sqrt(small[0, 0]), 3)
        spans.append(StillSpan(i, i + 20, i, i + 20, rate, level, small, small, float(seen[i : i + 20].mean())))
    return spans, temperature, bias


def _warm_up_errors(name: str, sessions: int, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    chip, history, sheet = sim.chip(rng, name), BiasHistory.empty(), DATASHEETS[name]
    for k in range(sessions):
        history = history.with_session(_session(chip, name, rng)[0], str(k), START + timedelta(days=k), sheet)
    model = history.model(sheet)
    spans, temperature, bias = _session(chip, name, rng)
    start, at = spans[0], spans[0].temperature_c or 25.0
    today = model.anchored(start.gyr_rad_s, np.sqrt(np.diag(start.gyr_cov)), at)
    perfect = start.gyr_rad_s + (temperature - temperature[:20].mean())[:, None] * chip.gyr_slope
    slope = (model.coefficients[:, 1] - chip.gyr_slope) / np.sqrt(model.covariance[:, 1, 1])
    rest = slice(20, None)
    return bias[rest] - start.gyr_rad_s, (bias - today.at(temperature)[0])[rest], (bias - perfect)[rest], slope


Apply = Callable[[Floats, Floats], tuple[Floats, Floats]]
Sections = dict[str, dict[str, int]]


def beside_imucal(folder: Path) -> None:
    columns = np.genfromtxt(folder / "example_ferraris_session.csv", delimiter=",", names=True)
    gyr = np.radians(np.column_stack([columns[f"gyr_{a}"] for a in "xyz"]))
    acc = np.column_stack([columns[f"acc_{a}"] for a in "xyz"])
    recording = Recording(np.arange(len(gyr)) / EXAMPLE_HZ, gyr, acc)
    sections = json.loads((folder / "example_ferraris_session_list.json").read_text())
    spans = still_spans(recording, AT_REST)
    bias = np.mean([span.gyr_rad_s for span in spans], axis=0)
    by_turns, both = _coxa(recording, spans, sections, bias)
    methods: dict[str, Apply] = {"bias only": lambda g, a: (g - bias, a), "coxa": by_turns}
    methods["coxa, moves too (fitted to the last column)"] = both
    theirs = _imucal(folder, sections)
    if theirs is None:
        console.print("imucal is not installed: its row is missing (pip install imucal).")
    else:
        methods["imucal"] = theirs
    table = Table(title="imucal's example session: six faces and one turn about each axis")
    for column in (
        "method",
        "| |f| − g |, mg",
        "turns measured, °",
        "gravity carried from face to face by the rate, °",
    ):
        table.add_column(column)
    for name, apply in methods.items():
        table.add_row(name, *_judged(apply, recording, spans, sections))
    console.print(table)


def _coxa(recording: Recording, spans: tuple[StillSpan, ...], sections: Sections, bias: Floats) -> list[Apply]:
    """All still spans, found by itself, and the turns; nothing is told of which face or axis is which."""
    acc: AccelerometerCalibration = calibrate_accelerometer(spans)
    sets = []
    for axis in "xyz":
        middle = (sections[f"{axis}_rot"]["start"] + sections[f"{axis}_rot"]["end"]) // 2
        before = max(s.begin for s in spans if s.end < middle)
        after = min(s.end for s in spans if s.begin > middle)
        part = slice(before, after)
        cut = Recording(recording.t_s[part], recording.gyr_rad_s[part], recording.acc_m_s2[part])
        sets.append(measure_turns(cut, 1, acc))
    by_turns = calibrate_gyroscope(sets)
    both = calibrate_by_moves(moves_between(recording, spans, acc), by_turns=by_turns)
    console.print(
        f"coxa: offset {acc.offset_m_s2.round(4)} m/s², scale {np.diag(acc.matrix).round(5)}, held out "
        f"{acc.held_out_mg:.1f} mg; rate {np.diag(by_turns.matrix).round(4)}"
    )
    return [lambda g, a, m=m.matrix: ((g - bias) @ m.T, acc.apply(a)) for m in (by_turns, both)]


def _imucal(folder: Path, sections: Sections) -> Apply | None:
    try:
        import imucal
        import pandas as pd
    except ImportError:
        return None
    data = pd.read_csv(folder / "example_ferraris_session.csv").set_index("n_samples")
    regions = imucal.ferraris_regions_from_section_list(data, pd.DataFrame(sections).T.rename_axis("label"))
    c = imucal.FerrarisCalibration().compute(regions, EXAMPLE_HZ, from_acc_unit="m/s^2", from_gyr_unit="deg/s")
    scale = np.diag(np.linalg.inv(c.K_a)).round(5), np.diag(np.linalg.inv(c.K_g)).round(4)
    console.print(f"imucal: offset {np.round(c.b_a, 4)} m/s², scale {scale[0]}; rate {scale[1]}")

    def apply(gyr: Floats, acc: Floats) -> tuple[Floats, Floats]:
        good_acc, good_gyr = c.calibrate(acc, np.degrees(gyr), "m/s^2", "deg/s")
        return np.radians(good_gyr), good_acc

    return apply


def _judged(apply: Apply, r: Recording, spans: tuple[StillSpan, ...], sections: Sections) -> tuple[str, str, str]:
    """Size error over the still spans; the three turns; and, used by no fit, how well the rate carries gravity from one
    still span to the next, in the method's own frame."""
    gyr, acc = apply(r.gyr_rad_s, r.acc_m_s2)
    up = np.array([acc[s.begin : s.end].mean(axis=0) for s in spans])
    size = rms(np.linalg.norm(up, axis=1) - GRAVITY_M_S2) / MG
    whole = [np.degrees(gyr[sections[f"{a}_rot"]["start"] : sections[f"{a}_rot"]["end"]].sum(axis=0)[k] / EXAMPLE_HZ)
             for k, a in enumerate("xyz")]  # fmt: skip
    up = up / np.linalg.norm(up, axis=1, keepdims=True)
    off: list[float] = []
    for k in range(len(spans) - 1):
        middle = slice((spans[k].begin + spans[k].end) // 2, (spans[k + 1].begin + spans[k + 1].end) // 2)
        turn = Rotation.identity()
        for step in Rotation.from_rotvec(gyr[middle] / EXAMPLE_HZ):
            turn = turn * step
        carried = turn.inv().apply(up[k])
        off.append(float(np.degrees(np.arccos(np.clip(carried @ up[k + 1], -1, 1)))))
    return f"{size:.2f}", ", ".join(f"{w:.1f}" for w in whole), f"{rms(np.array(off)):.2f} (worst {max(off):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=60)
    parser.add_argument("--imucal", type=Path, help="folder with imucal's example session")
    args = parser.parse_args()
    poses(args.chips)
    gyroscope(args.chips)
    warm_ups(args.chips)
    if args.imucal is not None:
        beside_imucal(args.imucal)


if __name__ == "__main__":
    main()
