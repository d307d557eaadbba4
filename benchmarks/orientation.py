"""Orientation against optical motion capture: the BROAD trials, `coxa.estimate_orientation` beside its peers.

    python benchmarks/orientation.py            # coxa, offline vqf, vqf
    python benchmarks/orientation.py --all      # also the filters of ahrs, minutes
    python benchmarks/orientation.py --data DIR # a folder of BROAD's .mat files

Data: BROAD (Laidig, Caruso, Cereatti, Seel 2021, doi 10.3390/data6070072, CC BY 4.0), 39 trials, from
https://github.com/dlaidig/broad, folder data_mat. Without --data the trials in ../shared/data/broad are used.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from coxa import quaternion
from coxa.fusion.orientation import METHODS, orientation
from coxa.samples import Floats

DEFAULT = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "broad"
QUICK = ("coxa", "vqf-offline", "vqf")
START_S = 0.5
"""The start heading is the mean over this first stretch, s."""

Errors = tuple[float, float, float]


@dataclass(frozen=True)
class Trial:
    name: str
    rate_hz: float
    gyr: Floats
    acc: Floats
    reference: Floats
    movement: NDArray[np.bool_]


def load(path: Path) -> Trial:
    raw = loadmat(path)
    gyr, acc, reference = (np.ascontiguousarray(raw[k], dtype=float) for k in ("imu_gyr", "imu_acc", "opt_quat"))
    return Trial(path.stem, float(raw["sampling_rate"].item()), gyr, acc, reference, raw["movement"].ravel() > 0)


def errors_deg(q: Floats, trial: Trial, heading_zero: str = "start") -> Errors:
    """RMSE in degrees over the movement: inclination, heading, total. The heading's zero is removed once.

    BROAD's own split of the error quaternion in the earth frame; the zero is that of the start, or the best one.
    """
    error = quaternion.multiply(q, quaternion.conjugate(trial.reference))
    seen = np.isfinite(error).all(axis=1)
    heading = 2.0 * np.arctan2(error[:, 3], error[:, 0])
    moving = seen & trial.movement
    zero = moving if heading_zero == "best" else np.flatnonzero(seen)[: int(START_S * trial.rate_hz)]
    off = heading[moving] - np.angle(np.mean(np.exp(1j * heading[zero])))
    off = (off + np.pi) % (2 * np.pi) - np.pi
    tilt = 2.0 * np.arccos(np.clip(np.hypot(error[moving, 0], error[moving, 3]), 0.0, 1.0))
    total = 2.0 * np.arccos(np.clip(np.cos(off / 2) * np.cos(tilt / 2), 0.0, 1.0))
    inclination, head, whole = (float(np.degrees(np.sqrt(np.mean(x**2)))) for x in (tilt, off, total))
    return inclination, head, whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT, help="folder with BROAD's .mat files")
    parser.add_argument("--all", action="store_true", help="also the filters of ahrs (minutes)")
    parser.add_argument("--zero", choices=("start", "best"), default="start", help="which start heading is removed")
    chosen = parser.parse_args()
    paths = sorted(chosen.data.glob("*.mat"))
    if not paths:
        raise SystemExit(f"No .mat files in {chosen.data}. Get BROAD's data_mat and name it with --data.")
    methods = METHODS if chosen.all else QUICK
    print("RMSE over movement, degrees: inclination / heading / total\n")
    print("| trial | " + " | ".join(methods) + " |\n|" + "---|" * (len(methods) + 1))
    table: list[list[Errors]] = []
    cost = np.zeros(len(methods))
    for path in paths:
        trial = load(path)
        row: list[Errors] = []
        for i, method in enumerate(methods):
            began = time.perf_counter()
            q = orientation(trial.gyr, trial.acc, trial.rate_hz, method)
            cost[i] += (time.perf_counter() - began) / len(trial.gyr) / len(paths)
            row.append(errors_deg(q, trial, chosen.zero))
        table.append(row)
        print(f"| {trial.name} | " + " | ".join(f"{i:.2f} / {h:.2f} / {t:.2f}" for i, h, t in row) + " |", flush=True)
    mean = np.mean(table, axis=0)
    print("| **mean** | " + " | ".join(f"{i:.2f} / {h:.2f} / **{t:.2f}**" for i, h, t in mean) + " |")
    print("| µs per sample | " + " | ".join(f"{1e6 * c:.2f}" for c in cost) + " |")
    worst = max(row[0][2] - row[1][2] for row in table)
    print(f"\n{len(table)} trials; total error {mean[0, 2] / mean[1, 2]:.2f} of offline vqf's; worst {worst:+.2f} deg.")


if __name__ == "__main__":
    main()
