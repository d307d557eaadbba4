"""Writes the golden vectors of the board's filter, by its numpy model: python tests/virtual/orientation_golden.py

A case: samples per second, deg/s and g per count, samples (base64 of int16 gx gy gz ax ay az), what is known of the
sensor where it is calibrated, and what must come out: w x y z as on the wire after every `EVERY` samples, and the bias
in 2**-18 counts at the end.
"""

import base64
import json
from pathlib import Path

import numpy as np
from orientation_model import Fixed, Scales

from coxa.simulate import SENSORS, Wearer, simulate

PATH = Path(__file__).parent / "vectors" / "orientation.json"
EVERY = 16
N = 640
LSM, MPU = Scales(104.0, 0.0175, 0.000122), Scales(100.0, 1 / 65.5, 1 / 8192)


def limb(chip, seed, **wearer):
    """Counts of a simulated leg, from the start on."""
    simulation = simulate(Wearer(reps=2, **wearer), SENSORS[chip], seed=seed)
    return np.column_stack([simulation.readings.gyr_counts, simulation.readings.acc_counts])[:N].astype(np.int16)


def still(gyro, acc, n=N):
    """A sensor that lies still, without noise."""
    return np.tile(np.array([*gyro, *acc], np.int16), (n, 1))


def noise(seed, amplitudes):
    """Nothing that could be a movement: every count up to the amplitudes."""
    rng = np.random.default_rng(seed)
    bound = np.asarray(amplitudes)
    return rng.integers(-bound - 1, bound + 1, (N, 6)).astype(np.int16)


KNOWN = {
    "calibrated, seated, LSM6DSOX": {"gyro_bias_mdps": [-1270, 845, 33], "acc_offset_ug": [21300, -17450, -61]},
    "calibrated, bias alone, on the wall, MPU6886": {"gyro_bias_mdps": [310, -20, 1990]},
    "calibrated, offset alone, the ends of the range in turn": {"acc_offset_ug": [300000, -300000, 299950]},
    "calibrated, the most there is, noise, finest": {
        "gyro_bias_mdps": [-12000, 12000, 3],
        "acc_offset_ug": [-300000] * 3,
    },
}
"""What is known of the calibrated sensors, by the name of the case."""


def cases():
    """Name → scales, samples; `KNOWN` says the rest."""
    ends = np.where(np.arange(N)[:, None] // [1, 2, 3, 5, 7, 11] % 2, 32767, -32768).astype(np.int16)
    down = np.vstack([still([5, -3, 2], [0, 0, -8197], 200), still([0, 0, 0], [0, 0, 0], 200), limb("LSM6DSOX", 4)])[:N]
    return {
        "power-on bias of 10 deg/s, at rest": (LSM, still([571, -571, 300], [3000, -4000, 6400])),
        "upside down, then falling, then a leg": (LSM, down),
        "leg, seated, LSM6DSOX": (LSM, limb("LSM6DSOX", 1, position="seated", start_still_s=1.6)),
        "leg on the wall, from the first moment in motion, MPU6886": (MPU, limb("MPU6886", 2, start_still_s=0.0)),
        "noise over the whole range, fastest turns": (Scales(80.5, 0.0175 * 4, 0.000488), noise(3, [32767] * 6)),
        "the ends of the range in turn": (LSM, ends),
        "noise, slowest and finest": (Scales(25.0, 0.004375, 0.000061), noise(5, [20000, 3000, 300, 32767, 300, 3])),
        "quiet, quickest and coarsest": (Scales(400.0, 0.07, 0.000488), noise(6, [3, 3, 3, 20, 20, 2049])),
        "calibrated, seated, LSM6DSOX": (LSM, limb("LSM6DSOX", 7, position="seated", start_still_s=1.6)),
        "calibrated, bias alone, on the wall, MPU6886": (MPU, limb("MPU6886", 8, start_still_s=0.0)),
        "calibrated, offset alone, the ends of the range in turn": (LSM, ends),
        "calibrated, the most there is, noise, finest": (Scales(25.0, 0.004375, 0.000061), noise(9, [32767] * 6)),
    }


def main():
    """Writes them all."""
    vectors = {}
    for name, (scales, samples) in cases().items():
        known = KNOWN.get(name, {})
        model = Fixed(scales, **known)
        wire = model.run(samples[:, None])[:, 0]
        vectors[name] = {
            "scales": [scales.rate_hz, scales.gyro_dps_per_lsb, scales.acc_g_per_lsb],
            "samples": base64.b64encode(samples.astype("<i2").tobytes()).decode(),
            **({"known": known} if known else {}),
            "wire": wire[EVERY - 1 :: EVERY].tolist(),
            "bias": model.bias[:, 0].tolist(),
        }
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in vectors.items()) + "\n}\n")


if __name__ == "__main__":
    main()
