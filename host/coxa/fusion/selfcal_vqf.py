"""The two uses of vqf (Laidig & Seel 2023, doi 10.1016/j.inffus.2022.10.014) in this package, typed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import vqf

from coxa.samples import GRAVITY_M_S2, Floats


@dataclass(frozen=True, slots=True)
class Offline:
    """Result of offline vqf: orientation (n, 4), sensor → earth, z up; sd of its rate offset at its best, rad/s."""

    quat: Floats
    bias_sd: float


def offline(gyr: Floats, acc: Floats, dt_s: float, **settings: float) -> Offline:
    """Acausal 6-axis vqf: (n, 3) rad/s and (n, 3) in any unit of force, samples dt_s apart; settings are vqf's own."""
    found = vqf.offlineVQF(np.ascontiguousarray(gyr), np.ascontiguousarray(acc), None, dt_s, settings)
    return Offline(np.asarray(found["quat6D"]), float(found["biasSigma"].min()))


def online(gyr: Floats, acc: Floats, dt_s: float) -> Floats:
    """Causal 6-axis vqf with its own settings: (n, 4)."""
    return np.asarray(vqf.VQF(dt_s).updateBatch(gyr, acc)["quat6D"])


def integrate(gyr: Floats, dt_s: float) -> Floats:
    """Strapdown integration: (n, 3) rad/s → (n, 4) orientation after each sample, from the identity."""
    up = np.tile([0.0, 0.0, GRAVITY_M_S2], (len(gyr), 1))
    return np.asarray(vqf.BasicVQF(dt_s).updateBatchFullState(np.ascontiguousarray(gyr), up)["gyrQuat"])
