"""Self-calibration of the gyroscope from the recording itself, and whether to believe it.

Offline vqf (Laidig & Seel 2023, doi 10.1016/j.inffus.2022.10.014) leaves in the heading what the gyroscope's
offset and gain errors put there. Both also make gravity drift, as soon as the sensor tilts, and that is seen. One
least-squares fit over the whole recording finds them (`selfcal_solve`); the correction is applied only where it
turns the heading by clearly more than it is uncertain itself, and knows clearly more than vqf could.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from coxa import quaternion
from coxa.fusion.selfcal_blocks import Blocks
from coxa.fusion.selfcal_model import corrected_rotvec, grouped, levelled
from coxa.fusion.selfcal_rest import Rest
from coxa.fusion.selfcal_solve import GAIN_SD, Fit, fit
from coxa.samples import Floats

SHORTEST_S, LONGEST_S = 40.0, 1800.0
"""Recordings that are calibrated, s: below, the slow noise is known from too few coefficients for its level to be
trusted; above, an offset that wanders with temperature needs more knots than are worth fitting."""
SIGNIFICANCE = 3.0
"""The heading must change by this many of the correction's own standard deviations."""
ADVANTAGE = 3.0
"""The heading error expected of vqf must be this multiple of the correction's own standard deviation."""
VQF_REST_SD = np.radians(0.03)
"""Error of vqf's offset after a still phase, rad/s: its `biasSigmaRest`."""
VQF_TAU_S = 3.0
"""vqf's time constant for inclination (`tauAcc`), s."""


@dataclass(frozen=True, slots=True)
class SelfCalibration:
    """Gyroscope errors of one recording: true rate = rate + bias(t) + gain · rate; and how many still phases helped."""

    fit: Fit
    rests: int

    @property
    def bias(self) -> Floats:
        """(k,) blocks × 3, rad/s."""
        return self.fit.at.hats @ self.fit.theta[self.fit.at.bias].reshape(-1, 3)

    @property
    def gain(self) -> Floats:
        """(3, 3)."""
        return self.fit.theta[self.fit.at.gain].reshape(3, 3).T

    def heading_turn(self, blocks: Blocks, before: Floats) -> Floats:
        """(k,) what the correction adds to the heading by the end of each block, rad; `before` (k, 4): uncorrected."""
        rotvec = corrected_rotvec(blocks, self.fit.at, self.fit.theta)
        after, _ = levelled(rotvec, blocks.force, blocks.dt_s, VQF_TAU_S)
        turn = quaternion.multiply(after, quaternion.conjugate(before))
        return np.unwrap(2.0 * np.arctan2(turn[:, 3], turn[:, 0]))

    def heading_sd(self, change: Floats, vqf_bias_sd: float) -> tuple[float, float]:
        """Standard deviation of the heading along the pattern `change` (g,): after the correction, and before, rad.

        `vqf_bias_sd`: what vqf's own estimate of the offset is good for, rad/s.
        """
        at = self.fit.at
        pattern = change / (np.linalg.norm(change) * np.sqrt(len(change)))
        response = pattern @ self.fit.heading
        after = float(np.sqrt(response @ self.fit.covariance @ response))
        by_bias = float(np.linalg.norm(response[at.bias].reshape(-1, 3).sum(axis=0)))
        by_gain = float(np.linalg.norm(response[at.gain]))
        return after, hypot(vqf_bias_sd * by_bias, GAIN_SD * by_gain)

    def convincing(self, turn: Floats, vqf_bias_sd: float) -> bool:
        """Is the change of vqf's heading, (k,) rad at the end of each block, to be believed?"""
        change = grouped(turn)
        change = change - float(change.mean())
        size = float(np.linalg.norm(change)) / len(change) ** 0.5
        if size == 0.0:
            return False
        own, expected = self.heading_sd(change, VQF_REST_SD if self.rests else vqf_bias_sd)
        return size > SIGNIFICANCE * own and expected > ADVANTAGE * own


def calibrate(blocks: Blocks, rests: list[Rest]) -> SelfCalibration | None:
    """Fit the gyroscope's errors to a preintegrated recording and its still phases; None where that cannot be done."""
    if not SHORTEST_S <= len(blocks) * blocks.dt_s <= LONGEST_S:
        return None
    found = fit(blocks, rests)
    return SelfCalibration(found, len(rests)) if found is not None else None
