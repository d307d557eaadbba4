"""The board's own orientation filter: accuracy, agreement with double precision, cost.

    python benchmarks/board_orientation.py            # all three
    python benchmarks/board_orientation.py --seeds 20 # more simulated sessions for the agreement

It runs the board's files in the MicroPython interpreter for PCs. Real recordings: the BROAD trials (see
benchmarks/orientation.py) and the eight sensors of OpenSense (OpenSim example, Apache-2.0) in ../shared/data. The
latter have no gyroscope and no independent reference: the rate is the derivative of the maker's orientation, and the
figure says how far the filter moves away from that orientation when it is given this rate and the real accelerometer.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from orientation import errors_deg, load
from vqf import VQF, BasicVQF

from coxa import sources
from coxa.samples import GRAVITY_M_S2
from coxa.simulate import SENSORS, Wearer, simulate

ROOT = Path(__file__).resolve().parents[1]
VIRTUAL = ROOT / "tests" / "virtual"
DATA = ROOT.parent / "shared" / "data"
FIRMWARE = ROOT / "firmware_micropython" / "coxa_board"
sys.path.insert(0, str(VIRTUAL))

import interpreters  # noqa: E402
from orientation_board import Run, angle_deg, as_counts, inclination_deg, leg, slowed, without_rounding  # noqa: E402


def on_broad() -> None:
    print("\nRMSE over movement, degrees, inclination / heading; the same counts for all, 95 Hz\n")
    print("| BROAD trial | board | double | vqf basic | vqf | board / basic |\n|---|---|---|---|---|---|")
    ratios = []
    for path in sorted((DATA / "broad").glob("*.mat")):
        trial = slowed(load(path))
        scales, samples = as_counts(trial.rate_hz, trial.gyr, trial.acc)
        gyr, acc = np.radians(samples[:, :3] * scales.gyro_dps_per_lsb), samples[:, 3:] * scales.acc_g_per_lsb
        found = [Run(scales, samples).quat, without_rounding(scales, samples)]
        found += [f(1 / trial.rate_hz).updateBatch(gyr, acc * GRAVITY_M_S2)["quat6D"] for f in (BasicVQF, VQF)]
        errors = [errors_deg(q, trial) for q in found]
        ratios.append(errors[0][0] / errors[2][0])
        cells = " | ".join(f"{e[0]:.2f} / {e[1]:.1f}" for e in errors)
        print(f"| {trial.name} | {cells} | {ratios[-1]:.2f} |", flush=True)
    print(f"\nboard / vqf basic, inclination: mean {np.mean(ratios):.2f}, worst {max(ratios):.2f}")


def on_opensense() -> None:
    print("\nRMS distance from the maker's inclination, degrees; rate derived from it, accelerometer as measured\n")
    print("| OpenSense sensor | board | vqf basic |\n|---|---|---|")
    for path in sorted((DATA / "opensense").glob("MT_*.txt")):
        s = sources.read(path).samples
        scales, samples = as_counts(s.sampling_rate_hz, s.gyr_rad_s, s.acc_m_s2)
        basic = BasicVQF(1 / s.sampling_rate_hz).updateBatch(s.gyr_rad_s, s.acc_m_s2)["quat6D"]
        cells = [np.sqrt(np.nanmean(inclination_deg(q, s.quat) ** 2)) for q in (Run(scales, samples).quat, basic)]
        print(f"| {path.stem[-8:]} | {cells[0]:.2f} | {cells[1]:.2f} |", flush=True)


def agreement(seeds: int) -> None:
    print(
        f"\nAgainst double precision, 20 minutes of repetitions, {seeds} seeds: greatest angle at any time, degrees\n"
    )
    print("| chip | position | total | inclination | inclination from truth, rms |\n|---|---|---|---|---|")
    for chip in ("LSM6DSOX", "MPU6886", "ICM-42688-P"):
        for position in ("wall", "seated"):
            rows = []
            for seed in range(seeds):
                wearer, sensor = Wearer(position=position, reps=142), SENSORS[chip]
                simulation = simulate(wearer, sensor, seed=seed)
                scales, samples = leg(simulation, sensor)
                board, exact = Run(scales, samples).quat[300:], without_rounding(scales, samples)[300:]
                truth = np.sqrt(np.mean(inclination_deg(board, simulation.truth.quat[300:]) ** 2))
                rows.append((angle_deg(board, exact).max(), inclination_deg(board, exact).max(), truth))
            worst = np.max(rows, axis=0)
            print(
                f"| {chip} | {position} | {worst[0]:.3f} | {worst[1]:.4f} | {np.mean(rows, axis=0)[2]:.2f} |",
                flush=True,
            )


def cost() -> None:
    print("\nµs per sample in MicroPython on this PC\n")
    print("| words | viper | the same as bytecode | plain floats | floats / viper |\n|---|---|---|---|---|")
    for bits in (64, 32):
        if interpreters.command(bits):
            t = json.loads(
                interpreters.run(VIRTUAL / "scripts/orientation_cost_script.py", FIRMWARE, VIRTUAL, bits=bits)
            )
            ratio = t["floats"] / t["viper"]
            print(f"| {bits} | {t['viper']:.2f} | {t['bytecode']:.1f} | {t['floats']:.1f} | {ratio:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="simulated sessions of each kind")
    chosen = parser.parse_args()
    if (DATA / "broad").is_dir():
        on_broad()
    if (DATA / "opensense").is_dir():
        on_opensense()
    agreement(chosen.seeds)
    cost()


if __name__ == "__main__":
    main()
