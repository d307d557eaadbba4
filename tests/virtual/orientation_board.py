"""Runs of the board's filter in the real interpreter, and what its quaternions are compared with."""

import dataclasses
import json
import tempfile
from pathlib import Path

import interpreters
import numpy as np
from orientation_double import Double
from orientation_model import Scales

from coxa import quaternion
from coxa.samples import GRAVITY_M_S2

SCRIPT = Path(__file__).parent / "scripts" / "orientation_run_script.py"
UP = np.array([0.0, 0.0, 1.0])
DPS_PER_COUNT, G_PER_COUNT = 0.035, 0.000244
"""LSM6DSOX at 1000 deg/s and 8 g: what the fast recordings with optical reference need."""
SLOWER = 3
"""286 Hz of those recordings → 95 Hz, near the board's rate."""


class Run:
    """What came out: `wire` (n, 4) int16; `bias_dps` and `resting` after every 256 samples and at the end.

    known: the settings of a calibrated sensor, gyro_bias_mdps and acc_offset_ug.
    """

    def __init__(self, scales, samples, bits=64, gaps=(), **known):
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "samples", Path(folder) / "quaternions"
            np.ascontiguousarray(samples, "<i2").tofile(source)
            figures = scales.rate_hz, scales.gyro_dps_per_lsb, scales.acc_g_per_lsb
            found = json.loads(
                interpreters.run(
                    SCRIPT, source, target, *map(repr, map(float, figures)), json.dumps(known), *gaps, bits=bits
                )
            )
            self.wire = np.fromfile(target, "<i2").reshape(-1, 4)
        self.bias_dps, self.resting = np.array(found["bias_dps"]), found["resting"]

    @property
    def quat(self):
        """(n, 4) unit quaternions; not a number before the start."""
        with np.errstate(invalid="ignore"):
            return self.wire / np.linalg.norm(self.wire.astype(float), axis=1, keepdims=True)


def angle_deg(p, q):
    """Angle between orientations, (n,)."""
    return np.degrees(2 * np.arccos(np.clip(np.abs(np.sum(p * q, axis=-1)), 0, 1)))


def inclination_deg(p, q):
    """Angle between the verticals that two orientations see, (n,)."""
    a, b = (quaternion.rotate(quaternion.conjugate(x), UP) for x in (p, q))
    return np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(a - b, axis=-1) / 2, 0, 1)))


def without_rounding(scales, samples, **known):
    """(n, 4): the filter in double precision."""
    model, found = Double(scales.rate_hz, scales.gyro_dps_per_lsb, scales.acc_g_per_lsb, **known), []
    for sample in samples.tolist():
        model.update(sample)
        found.append(model.q)
    return np.array(found)


def leg(simulation, sensor):
    """Scales and counts of a simulated recording, before anything was lost."""
    readings = simulation.readings
    samples = np.column_stack([readings.gyr_counts, readings.acc_counts]).astype(np.int16)
    return Scales(sensor.rate_hz, sensor.gyro_lsb_mdps * 1e-3, sensor.acc_lsb_mg * 1e-3), samples


def as_counts(rate_hz, gyr_rad_s, acc_m_s2):
    """Scales and counts of a recording in SI units."""
    counts = np.column_stack([np.degrees(gyr_rad_s) / DPS_PER_COUNT, acc_m_s2 / GRAVITY_M_S2 / G_PER_COUNT])
    return Scales(float(rate_hz), DPS_PER_COUNT, G_PER_COUNT), np.rint(counts).clip(-32768, 32767).astype(np.int16)


def slowed(trial):
    """The trial (a dataclass as benchmarks/orientation.py has it) at a third of its rate: means of three samples."""
    n = len(trial.gyr) // SLOWER * SLOWER
    gyr, acc = (x[:n].reshape(-1, SLOWER, 3).mean(axis=1) for x in (trial.gyr, trial.acc))
    last = slice(SLOWER - 1, n, SLOWER)
    return dataclasses.replace(
        trial,
        rate_hz=trial.rate_hz / SLOWER,
        gyr=gyr,
        acc=acc,
        reference=trial.reference[last],
        movement=trial.movement[last],
    )
