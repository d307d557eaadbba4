"""What a calibrated sensor gains the board's own quaternion, in the first minute of simulated sessions.

    python benchmarks/board_calibration.py --seeds 20

It runs the board's files in the MicroPython interpreter for PCs, with the settings `gyro_bias_mdps` and `acc_offset_ug`
as a calibration would give them: with its error, the spread of the bias from power-on to power-on, and some degrees
Celsius between calibration and use. Beside it, for comparison, a sensor without scale errors and misalignment: all that
matrices of scale and misalignment could gain at best, if they were known without error.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from coxa import quaternion
from coxa.simulate import SENSORS, Wearer, simulate
from coxa_calibration.datasheet import datasheet
from coxa_calibration.gyroscope import POWER_ON_SHARE

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "virtual"))

from orientation_board import Run, inclination_deg, leg
from orientation_model import Scales

CHIPS = ("LSM6DSOX", "MPU6886", "ICM-42688-P")
POSITIONS = ("wall", "seated")
BEGINS = {"3 s in position": 3.0, "in motion": 0.0}
MINUTE_S, STARTED_S = 60.0, 3.0
REPS = 9  # of this wearer take more than a minute
OFFSET_SD_MG = 1.0  # of a calibration by hand, or its ageing
USUAL_C, FAR_C = 3.0, 10.0  # between the temperature that a bias is given for and that of the session
COLUMNS = ("without", "with", "10 °C off", "with, axes ideal")


class Session(NamedTuple):
    """Counts of a minute, the same without scale errors and misalignment, orientation, what the sensor is off by."""

    scales: Scales
    samples: np.ndarray
    straight: np.ndarray
    quat: np.ndarray
    bias_dps: np.ndarray
    offset_mg: np.ndarray


def session(chip: str, position: str, still_s: float, seed: int) -> Session:
    """The first minute of one."""
    own = replace(SENSORS[chip], gyro_bias_dps=0.0, acc_bias_mg=0.0)  # these two are added here, so as to be known
    rng = np.random.default_rng(seed)
    bias_dps, offset_mg = rng.normal(0, SENSORS[chip].gyro_bias_dps, 3), rng.normal(0, SENSORS[chip].acc_bias_mg, 3)
    found = []
    for sensor in (own, replace(own, gyro_scale_sd=0.0, acc_scale_sd=0.0, cross_axis_sd=0.0)):
        simulation = simulate(Wearer(position=position, reps=REPS, start_still_s=still_s), sensor, seed=seed)
        scales, samples = leg(simulation, sensor)
        off = [*(bias_dps / scales.gyro_dps_per_lsb), *(offset_mg * 1e-3 / scales.acc_g_per_lsb)]
        samples = samples[: int(MINUTE_S * scales.rate_hz)] + np.rint(off)
        found.append(samples.clip(-32768, 32767).astype(np.int16))
    return Session(scales, found[0], found[1], simulation.truth.quat[: len(found[0])], bias_dps, offset_mg)


def settings(chip: str, of: Session, seed: int, away_c: float) -> dict[str, list[int]]:
    """As a calibration gives them that is used so many °C away from where it was made."""
    sheet, rng = datasheet(chip), np.random.default_rng((seed, 1))
    power_on = rng.normal(0, sheet.gyro_offset_dps.value * POWER_ON_SHARE, 3)
    warmer = rng.normal(0, sheet.gyro_drift_dps_c.value, 3) * away_c
    offset_mg = of.offset_mg + rng.normal(0, OFFSET_SD_MG, 3)
    return {
        "gyro_bias_mdps": [round(x * 1e3) for x in of.bias_dps + power_on + warmer],
        "acc_offset_ug": [round(x * 1e3) for x in offset_mg],
    }


def off_deg(run: Run, of: Session) -> tuple[float, float]:
    """RMS inclination from the truth, and how far the heading went from its start within the minute."""
    first = int(STARTED_S * of.scales.rate_hz)
    quat, true = run.quat[first:], of.quat[first:]
    w, _, _, z = quaternion.multiply(quat, quaternion.conjugate(true)).T
    turned = np.unwrap(2 * np.arctan2(z, w))
    return float(np.sqrt(np.mean(inclination_deg(quat, true) ** 2))), float(np.degrees(turned[-1] - turned[0]))


def compared(chip: str, position: str, still_s: float, seed: int) -> list[tuple[float, float]]:
    """One session for each of COLUMNS."""
    one = session(chip, position, still_s, seed)
    usual, far = (settings(chip, one, seed, away_c) for away_c in (USUAL_C, FAR_C))
    ways = ((one.samples, {}), (one.samples, usual), (one.samples, far), (one.straight, usual))
    return [off_deg(Run(one.scales, samples, **known), one) for samples, known in ways]


def main() -> None:
    """Prints both tables as one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="sessions of each chip, position and begin")
    seeds = parser.parse_args().seeds
    print(f"RMS over {len(POSITIONS) * seeds} sessions each, half on the wall, half seated, degrees:")
    print("inclination / heading after a minute\n")
    print(f"| chip | begin | {' | '.join(COLUMNS)} |\n|---|---|{'---|' * len(COLUMNS)}")
    for chip in CHIPS:
        for begin, still_s in BEGINS.items():
            found = [compared(chip, position, still_s, seed) for position in POSITIONS for seed in range(seeds)]
            cells = [f"{tilt:.2f} / {turn:.0f}" for tilt, turn in np.sqrt(np.mean(np.square(found), axis=0))]
            print(f"| {chip} | {begin} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
