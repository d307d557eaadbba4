"""The fit: iterated weighted least squares in the frequency domain, noise and priors estimated from the recording.

The discrete cosine transform makes stationary noise uncorrelated from frequency to frequency (Whittle's
likelihood), so its spectrum can be read off the residuals and the covariance that comes out is honest: it knows
how much of the slow motion of gravity is the wearer's own. Widths of the priors are re-estimated too (empirical
Bayes: MacKay 1992, doi 10.1162/neco.1992.4.3.415).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import dct

from coxa.fusion.selfcal_blocks import Blocks
from coxa.fusion.selfcal_model import GROUP, Layout, layout, linearized, rest_equations
from coxa.fusion.selfcal_rest import Rest
from coxa.samples import Floats

BAND_EDGES_HZ = (0.0, 0.02, 0.04, 0.08, 0.16, 0.32)
"""Octave bands of the noise spectrum, Hz; above, the wearer's own acceleration leaves nothing to learn."""
NEIGHBOUR_WEIGHT = 4.0
"""Degrees of freedom with which the next higher band stands in for a band of few coefficients."""
STUDENT_DOF = 4.0
"""Tails of the noise: single frequencies at which the wearer moved regularly must not decide."""
LEAST_NOISE = 0.003
"""Floor of the noise of one coefficient, m/s²: quantisation of MEMS accelerometers."""
BIAS_SD = np.radians(0.5)
"""Prior of the rate offset, rad/s: vqf's `biasSigmaInit`; re-estimated from the recording."""
GAIN_SD = 0.003
"""Prior of gain errors: typical of factory-calibrated MEMS gyroscopes; re-estimated from the recording."""
PRIOR_DOF = 2.0
"""Weight of these two figures against the recording's own, in degrees of freedom."""
DRIFT_SD = np.radians(0.02)
"""Prior of the change of the rate offset between two knots, rad/s: some degrees of temperature at 0.005 deg/s/K."""
SHIFT_SD = np.radians(0.02)
"""Prior of the difference of the rate offset at rest and in motion, rad/s: g-sensitivity and rectified vibration."""
ACC_SD = np.array([0.2] * 3 + [0.01] * 6 + [0.005])
"""Prior of accelerometer offset, m/s², gain, and delay behind the gyroscope, s: datasheets, filters of either."""
PASSES, NOISE_PASSES = 8, 4
"""Most linearizations, and re-estimates of noise and priors in each."""
STEADY = np.radians(0.1)
"""The fit has settled when a pass moves the heading by less than this (rms), rad."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The solution: unknowns, covariance of those of the gyroscope, and how they turn the heading (k, unknowns)."""

    at: Layout
    theta: Floats
    covariance: Floats
    heading: Floats


def fit(blocks: Blocks, rests: list[Rest]) -> Fit | None:
    """Sensor errors of a recording, from gravity and still phases; None where the fit does not settle."""
    at = layout(blocks)
    solver = _Solver(at, len(blocks) // GROUP, blocks.dt_s * GROUP, rests)
    theta = np.zeros(at.size)
    for _ in range(PASSES):
        design, observation, heading = linearized(blocks, at, theta)
        previous = theta
        theta, covariance = solver.step(design, observation)
        moved = heading @ (theta - previous)[at.gyro]
        if np.sqrt(np.mean(moved**2)) < STEADY:
            return Fit(at, theta, covariance[at.gyro, at.gyro], heading)
    return None


class _Solver:
    """Noise spectrum, prior widths and weights of the still phases, kept from pass to pass."""

    def __init__(self, at: Layout, count: int, dt_s: float, rests: list[Rest]) -> None:
        frequencies = np.arange(count) / (2 * count * dt_s)
        self.frequencies = frequencies[frequencies < BAND_EDGES_HZ[-1]]
        self.bands = np.digitize(self.frequencies, BAND_EDGES_HZ[1:-1])
        self.at = at
        self.noise: Floats | None = None
        self.bias_var, self.gain_var = BIAS_SD**2, GAIN_SD**2
        self.rest = rest_equations(rests, at) if rests else None
        self.rest_extra = 0.0

    def step(self, design: Floats, observation: Floats) -> tuple[Floats, Floats]:
        """One pass: unknowns and their covariance."""
        count = len(self.frequencies)
        x = dct(design.reshape(len(design), -1), axis=0, norm="ortho")[:count].reshape(count, 3, -1)
        y = dct(observation, axis=0, norm="ortho")[:count]
        if self.noise is None:
            self.noise = np.tile(np.mean(y[1:] ** 2, axis=0) + LEAST_NOISE**2, (count, 1))
        theta, covariance = np.zeros(self.at.size), np.eye(self.at.size)
        for _ in range(NOISE_PASSES):
            theta, covariance = self._solve(x, y, self.noise)
            self._update_priors(theta, covariance)
            leverage = np.einsum("fca,fca->fc", x @ covariance, x) / self.noise
            self.noise = self._noise((y - x @ theta) ** 2, leverage)
        return theta, covariance

    def _solve(self, x: Floats, y: Floats, noise: Floats) -> tuple[Floats, Floats]:
        rows = x.reshape(-1, self.at.size)
        weighted = rows / noise.reshape(-1, 1)
        normal = rows.T @ weighted + self._prior()
        right = weighted.T @ y.reshape(-1)
        if self.rest is not None:
            design, rate, sd = self.rest
            weighted = design / (sd**2 + self.rest_extra)[:, None]
            normal += design.T @ weighted
            right += weighted.T @ rate
        covariance: Floats = np.asarray(np.linalg.inv(normal), dtype=np.float64)
        return covariance @ right, covariance

    def _prior(self) -> Floats:
        at = self.at
        width = np.ones(at.size)
        width[at.gain], width[at.shift], width[at.acc] = np.sqrt(self.gain_var), SHIFT_SD, ACC_SD
        precision = np.diag(width**-2.0)
        mean = np.full((at.knots, at.knots), 1.0 / (at.knots**2 * self.bias_var))
        steps = np.diff(np.eye(at.knots), axis=0) / DRIFT_SD
        precision[at.bias, at.bias] = np.kron(mean + steps.T @ steps, np.eye(3))
        precision[at.gravity, at.gravity] = 0.0
        return precision

    def _update_priors(self, theta: Floats, covariance: Floats) -> None:
        at = self.at
        average = np.kron(np.full((1, at.knots), 1.0 / at.knots), np.eye(3))
        spread = average @ covariance[at.bias, at.bias] @ average.T
        self.bias_var = _prior_variance(average @ theta[at.bias], spread, self.bias_var, BIAS_SD)
        self.gain_var = _prior_variance(theta[at.gain], covariance[at.gain, at.gain], self.gain_var, GAIN_SD)
        if self.rest is not None:
            design, rate, sd = self.rest
            self.rest_extra = max(0.0, float(np.mean((rate - design @ theta) ** 2 - sd**2)))

    def _noise(self, power: Floats, leverage: Floats) -> Floats:
        """Variance of each coefficient (f, 3): by bands, horizontal axes together, single ones by Student's t."""
        noise = np.empty_like(power)
        for axes in (slice(0, 2), slice(2, 3)):
            higher = 0.0
            for band in range(len(BAND_EDGES_HZ) - 2, -1, -1):
                here = self.bands == band
                dof = max(float((1.0 - leverage[here, axes]).sum()), 1e-6)
                total = float(power[here, axes].sum())
                higher = (total + NEIGHBOUR_WEIGHT * (higher or total / dof)) / (dof + NEIGHBOUR_WEIGHT)
                noise[here, axes] = max(higher, LEAST_NOISE**2)
        return noise * (STUDENT_DOF + power / noise) / (STUDENT_DOF + 1)


def _prior_variance(values: Floats, covariance: Floats, variance: float, guess_sd: float) -> float:
    """MacKay's update: only what the recording determines (`known`, in parameters) tells how wide the prior is."""
    known = max(len(values) - float(np.trace(covariance)) / variance, 0.0)
    return float((values @ values + PRIOR_DOF * guess_sd**2) / (known + PRIOR_DOF))
