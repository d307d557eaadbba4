"""Offset and matrix of the accelerometer from still poses, with nothing but gravity's size known: no jig, no level.

In any still pose the true force has the size g: |M (a − b)| = g. Six or more distinct poses give the offset b and the
matrix M. The size says nothing of a common turn, so only six of M's nine numbers can be found. M is taken symmetric:
then no axis of the chip is preferred, and the frame is the one nearest to the chip's own axes in the least-squares
sense (a lower triangular M would lay the whole misalignment of x on y and z). Where the poses say little (six faces do
not see the cross-axis terms) the data sheet's tolerance stands in as a prior.

The principle: Lötters, Schipper, Veltink, Olthuis and Bergveld 1998, doi 10.1016/S0924-4247(98)00003-3; as least
squares with the full matrix: Frosio, Pedersini and Borghese 2009, doi 10.1109/TIM.2008.2006137.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coxa_calibration.datasheet import UNKNOWN_CHIP, Datasheet
from coxa_calibration.poses import check_poses, covered, distinct
from coxa_calibration.readings import GRAVITY_M_S2, CalibrationError, Floats
from coxa_calibration.stillness import StillSpan

MG = GRAVITY_M_S2 * 1e-3
"""One mg in m/s²."""

REPEATS_MG = 0.5
"""How well a chip's reading of one pose repeats beyond its noise: hysteresis and non-linearity."""

HAND_M_S = 0.005
"""Speed that a hand takes up within a hold; over the hold's duration it is an acceleration beside gravity."""

HUBER = 2.5
"""Standard deviations from which a pose counts less: one knock must not bend the whole."""

CROSS_AXIS_POSES, LEARNED = 9, 0.5
"""The cross-axis terms are called known from this many distinct poses on, if the data brought them below this share of
the tolerance they had before."""

WORST_MG = 20.0
"""A pose that misses by more was not still, or the sensor changed (temperature, loose board) on the way."""

_I, _J = np.array([0, 1, 2, 0, 0, 1]), np.array([0, 1, 2, 1, 2, 2])


@dataclass(frozen=True, slots=True)
class AccelerometerCalibration:
    """true force = matrix @ (reading − offset).

    Attributes:
        offset_m_s2, offset_sd_m_s2: (3,). `matrix`, `matrix_sd`: (3, 3), symmetric, no unit.
        residual_mg: root mean square of | |M (a − b)| − g | over the poses; small by construction where poses are few.
        held_out_mg: the same with each pose left out of the fit that it is compared with: the honest figure.
        poses: how many distinct ones. `coverage`: share of the sphere within 45° of one (six faces: 0.88).
        cross_axis_known: whether the poses say more of the cross-axis terms than the data sheet.
        temperature_c: mean over the poses, where known; no temperature model is made.
    """

    offset_m_s2: Floats
    offset_sd_m_s2: Floats
    matrix: Floats
    matrix_sd: Floats
    residual_mg: float
    held_out_mg: float
    poses: int
    coverage: float
    cross_axis_known: bool
    temperature_c: float | None

    def apply(self, acc_m_s2: Floats) -> Floats:
        """Corrected force (n, 3), m/s², of readings (n, 3), m/s²."""
        return np.asarray((acc_m_s2 - self.offset_m_s2) @ self.matrix.T)


def calibrate_accelerometer(
    spans: Sequence[StillSpan], sheet: Datasheet = UNKNOWN_CHIP, *, gravity_m_s2: float = GRAVITY_M_S2
) -> AccelerometerCalibration:
    """Offset and matrix from the still spans of one or more recordings at about one temperature.

    Raises:
        CalibrationError: reason `moving` (no span), `too_few`, `same_pose`, `one_half`, or `inconsistent` (a pose
            that does not fit the others).
    """
    readings = np.array([span.acc_m_s2 for span in spans]).reshape(-1, 3)
    check_poses(readings)
    prior_sd = _prior_sd(sheet)
    noise_sd = np.array([_noise_sd(span) for span in spans])
    p, _, _ = _fit(readings, noise_sd, prior_sd, gravity_m_s2)
    noise_sd = noise_sd * _scatter((_sizes(readings, p) - gravity_m_s2) / noise_sd)
    p, jacobian, weight = _fit(readings, noise_sd, prior_sd, gravity_m_s2)
    residual = _sizes(readings, p) - gravity_m_s2
    _check_worst(residual, spans)
    covariance = np.linalg.inv(jacobian.T @ (jacobian * weight[:, None]) + np.diag(prior_sd**-2))
    leverage = np.clip(np.einsum("ki,ij,kj->k", jacobian, covariance, jacobian) * weight, 0.0, 0.999)
    freedom = max(len(residual) - float(leverage.sum()), 1.0)
    inflation = max(1.0, float(weight @ residual**2) / freedom)  # the scatter has the last word over the assumed noise
    sd = np.minimum(np.sqrt(np.diag(covariance) * inflation), prior_sd)
    count = distinct(readings - p[:3])
    known = count >= CROSS_AXIS_POSES and bool((sd[6:] < LEARNED * prior_sd[6:]).all())
    temperatures = [span.temperature_c for span in spans if span.temperature_c is not None]
    return AccelerometerCalibration(
        p[:3], sd[:3], _matrix(p), _symmetric(sd[3:]), _rms(residual) / MG, _rms(residual / (1 - leverage)) / MG, count,
        covered(readings - p[:3]), known, float(np.mean(temperatures)) if temperatures else None,
    )  # fmt: skip


def _prior_sd(sheet: Datasheet) -> Floats:
    """(9,) sd of offset (m/s²), of the diagonal, and of the symmetric part of the cross-axis terms."""
    offset, scale = sheet.acc_offset_mg.value * MG, sheet.acc_scale.value
    cross = sheet.acc_cross.value / np.sqrt(2)  # the mean of two independent ones
    return np.repeat([offset, scale, cross], 3)


def _noise_sd(span: StillSpan) -> float:
    """Sd of the size of a span's mean force, m/s²."""
    up = span.acc_m_s2 / np.linalg.norm(span.acc_m_s2)
    hand = HAND_M_S / max(span.duration_s, 0.5)
    return float(np.sqrt(up @ span.acc_cov @ up + (REPEATS_MG * MG) ** 2 + hand**2))


def _scatter(residual: Floats) -> float:
    """How many times their assumed sd the residuals (k,), in sd, really are, at least 1: by their median, which one
    knocked pose does not move, and with the nine numbers that the fit took from them."""
    free = max(len(residual) - 9, 1) / len(residual)
    return max(1.0, float(np.median(np.abs(residual))) / 0.6745 / float(np.sqrt(free)))


def _fit(readings: Floats, noise_sd: Floats, prior_sd: Floats, gravity: float) -> tuple[Floats, Floats, Floats]:
    """Gauss-Newton with Huber weights: parameters (9,), jacobian (k, 9) and weights (k,) at the solution."""
    p, weight = np.zeros(9), noise_sd**-2
    for _ in range(12):
        jacobian = _jacobian(readings, p)
        residual = _sizes(readings, p) - gravity
        weight = noise_sd**-2 * np.minimum(1.0, HUBER / np.maximum(np.abs(residual) / noise_sd, 1e-9))
        normal = jacobian.T @ (jacobian * weight[:, None]) + np.diag(prior_sd**-2)
        step = np.linalg.solve(normal, jacobian.T @ (weight * residual) + p / prior_sd**2)
        p = p - step
        if float(np.abs(step / prior_sd).max()) < 1e-9:
            break
    return p, _jacobian(readings, p), weight


def _sizes(readings: Floats, p: Floats) -> Floats:
    return np.asarray(np.linalg.norm((readings - p[:3]) @ _matrix(p), axis=1))


def _jacobian(readings: Floats, p: Floats) -> Floats:
    """(k, 9) change of the size with offset, diagonal and cross-axis terms."""
    matrix, w = _matrix(p), readings - p[:3]
    n = w @ matrix
    n = n / np.linalg.norm(n, axis=1, keepdims=True)
    cross = n[:, _I[3:]] * w[:, _J[3:]] + n[:, _J[3:]] * w[:, _I[3:]]
    return np.column_stack([-(n @ matrix), n * w, cross])


def _matrix(p: Floats) -> Floats:
    return np.eye(3) + _symmetric(p[3:])


def _symmetric(six: Floats) -> Floats:
    """(3, 3) from xx, yy, zz, xy, xz, yz."""
    out = np.zeros((3, 3))
    out[_I, _J] = six
    out[_J, _I] = six
    return out


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _check_worst(residual: Floats, spans: Sequence[StillSpan]) -> None:
    worst = int(np.argmax(np.abs(residual)))
    if abs(residual[worst]) > WORST_MG * MG:
        raise CalibrationError(
            f"The pose at {spans[worst].start_s:.1f} s misses gravity by {abs(residual[worst]) / MG:.0f} mg.",
            "Repeat the poses, each held still against furniture, with a sensor that has warmed up.", "inconsistent",
        )  # fmt: skip
