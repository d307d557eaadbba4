"""A session on the virtual board, from the button to the host's decoder, beside its truth.

The motion is simulated and true; the chip is a register model; flash, clock and bus are virtual; the program is the
board's own, compiled as for a board.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import interpreters
import numpy as np

import coxa_wire
from coxa import quaternion
from coxa.decode import DecodedStream, decode
from coxa.simulate import SENSORS, Simulation, Wearer, simulate

SCRIPT = Path(__file__).parent / "scripts" / "session_script.py"
SECONDS = 1200
REPS = 142  # of this wearer take 20.5 minutes
# The true rate, Hz: off the nominal one, each chip otherwise.
CHIPS = {
    "lsm6dsox": (104.17 * 1.013, "LSM6DSOX"),
    "mpu6886": (100 * 0.981, "MPU6886"),
    "icm42688p": (100.7, "ICM-42688-P"),
}
# The board has words of 32 bits, with which 300 kB must do; on 64 bits most of what is in memory is twice as large.
RUNS = (("lsm6dsox", 32), ("lsm6dsox", 64), ("mpu6886", 64), ("icm42688p", 64))
HEAP = {32: "300k", 64: "600k"}
COLLECT_MS = 60  # a collection on an ESP32-S3 with PSRAM (estimate), once a second
ERASE_MS = 200  # the flash, each time it takes a sector (estimate; typical is 45 ms for an erase)
TIMEOUT_S = 300


class Session(NamedTuple):
    """What the board said, what the host made of it, and the truth.

    `counts` (m, 6) is what the chip measured, of which the recording starts at `first`; `rate_hz` its true rate.
    """

    told: dict
    decoded: DecodedStream
    simulation: Simulation
    counts: np.ndarray
    first: int
    rate_hz: float

    def time_error_s(self):
        """Of the host's sample times, (n,), s."""
        return self.decoded.samples.t_s - self.decoded.index / self.rate_hz

    def scale_error(self):
        """Of the gyroscope, from count to rad/s, as a share."""
        found = self.decoded.samples.gyr_rad_s
        true = self.simulation.readings.gyr_rad_s[self.first : self.first + len(found)]
        return (true * found).sum() / (true * true).sum() - 1

    def turn_ratio(self):
        """The board's turns within a second beside the true ones, once the rate is measured; 1 is right."""
        late = self.decoded.quat_t_s > 30
        at = np.searchsorted(self.decoded.samples.t_s, self.decoded.quat_t_s[late])
        step = round(self.rate_hz / 2)  # a quaternion for every second sample
        turns = []
        for quat in (self.decoded.quat[late], self.simulation.truth.quat[self.first + at]):
            within = quaternion.multiply(quaternion.conjugate(quat[:-step]), quat[step:])
            turns.append(2 * np.arccos(np.clip(np.abs(within[:, 0]), 0, 1)))
        moving = turns[1] > np.radians(10)
        return turns[0][moving].sum() / turns[1][moving].sum()

    def inclination_error_deg(self):
        """Angle between the vertical of the board's orientation and the true one, in the sensor frame, (m,)."""
        at = np.searchsorted(self.decoded.samples.t_s, self.decoded.quat_t_s)
        true = self.simulation.truth.quat[self.first + at]
        up = np.array([0.0, 0.0, 1.0])
        a = quaternion.rotate(quaternion.conjugate(self.decoded.quat), up)
        b = quaternion.rotate(quaternion.conjugate(true), up)
        return np.degrees(2 * np.arcsin(np.linalg.norm(a - b, axis=1) / 2))


def run(chip, bits, folder, seconds=SECONDS, seed=4):
    """Records in `folder`, which must exist, and reads back."""
    rate_hz, name = CHIPS[chip]
    # Without the sensor's own errors, which tilt and stretch any orientation: calibration's business.
    sensor = replace(
        SENSORS[name],
        odr_error=rate_hz / SENSORS[name].rate_hz - 1,
        acc_bias_mg=0,
        acc_scale_sd=0,
        cross_axis_sd=0,
        gyro_scale_sd=0,
    )
    simulation = simulate(Wearer(reps=REPS), sensor, seed=seed)
    counts = np.column_stack([simulation.readings.gyr_counts, simulation.readings.acc_counts])
    counts = np.clip(counts, -32768, 32767)
    motion = folder / "motion.bin"
    motion.write_bytes(counts.astype("<i2").tobytes())
    arguments = (chip, rate_hz, motion, seconds, folder, COLLECT_MS, ERASE_MS)
    sources = interpreters.compiled(folder, bits)
    told = interpreters.run(SCRIPT, *arguments, bits=bits, heap=HEAP[bits], timeout_s=TIMEOUT_S, sources=sources)
    data = (folder / "00001.blk").read_bytes()
    blocks = [data[i : i + coxa_wire.BLOCK_LENGTH] for i in range(0, len(data), coxa_wire.BLOCK_LENGTH)]
    decoded = decode(blocks, _info(folder))
    return Session(json.loads(told), decoded, simulation, counts, _where(counts, blocks[0]), rate_hz)


def _info(folder):
    record = (folder / "00001.ses").read_bytes()
    at = record.index(bytes([coxa_wire.VERSION_MAJOR, coxa_wire.VERSION_MINOR]), 8)
    return coxa_wire.decode_info(record[at : at + coxa_wire.INFO_LENGTH])


def _where(counts, block):
    """Index of the sample that the block starts with."""
    raw = np.frombuffer(coxa_wire.decode(block).raw, "<i2").reshape(-1, 6)
    head = counts[: len(counts) // 10]
    found = [i for i in np.flatnonzero((head == raw[0]).all(axis=1)) if (counts[i : i + len(raw)] == raw).all()]
    assert len(found) == 1, "the first block is no part of the motion"
    return found[0]
