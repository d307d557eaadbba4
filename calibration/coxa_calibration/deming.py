"""Straight lines through points that are uncertain in both coordinates, and two such lines that meet at zero.

Ordinary least squares takes the abscissa for exact and finds slopes that are too flat. The line here is the likeliest
one for normal errors of stated size in both (Deming 1943; general case York, Evensen, López Martínez & De Basabe
Delgado 2004, doi 10.1119/1.1632486): exchanging x and y gives exactly the inverse slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coxa_calibration.readings import CalibrationError, Floats

ITERATIONS = 200
"""York's iteration takes 5 to 20 rounds; data that are a line at all never needed more than 60."""

CONVERGED = 1e-13
"""Change of the fitted values, over the largest |y|, at which it ends: some hundred units in the last place."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A line, or two with one offset.

    Attributes:
        offset: y at x = 0, unit of y. `slopes` (k,): unit of y over unit of x; k is 1 for a line, 2 for a hinge
            (first for x > 0, then for x < 0).
        covariance: (1 + k, 1 + k) of (offset, *slopes), if the stated errors are right.
        chi2: sum of squared residuals, each over its own variance; `dof`: points less parameters.
        residuals: (n,) y less the fit at the measured x.
    """

    offset: float
    slopes: tuple[float, ...]
    covariance: Floats
    chi2: float
    dof: int
    residuals: Floats

    @property
    def scaled_covariance(self) -> Floats:
        """The covariance with the size of the errors taken from the residuals instead: only their ratio is used."""
        return np.asarray(self.covariance * self.chi2 / max(self.dof, 1))


def york(x: ArrayLike, y: ArrayLike, sd_x: ArrayLike, sd_y: ArrayLike, correlation: float = 0.0) -> Fit:
    """The line y = offset + slope·x.

    Args:
        x, y: (n,) points, n ≥ 3.
        sd_x, sd_y: (n,) or one value, > 0: standard deviations of the errors, in the units of x and y.
        correlation: between the errors of x and y of one point, between −1 and 1.

    Raises:
        CalibrationError: `shape`, `not_a_number`, `too_few` or `no_line`.
    """
    points = _points(x, y, sd_x, sd_y)
    return _fit(points, np.zeros(len(points[0]), dtype=np.intp), 1, correlation)


def hinge(x: ArrayLike, y: ArrayLike, sd_x: ArrayLike, sd_y: ArrayLike, correlation: float = 0.0) -> Fit:
    """Two lines that meet at x = 0: y = offset + slopes[0]·x where x > 0, offset + slopes[1]·x where x < 0.

    Arguments and errors as `york`; both sides must have points.
    """
    points = _points(x, y, sd_x, sd_y)
    return _fit(points, np.where(points[0] > 0, 0, 1).astype(np.intp), 2, correlation)


def r_squared(y: Floats, residuals: Floats) -> float:
    """Share of the variance of y (n,) that the fit explains; 0 where y does not vary."""
    total = float(np.sum((y - y.mean()) ** 2))
    return 1.0 - float(residuals @ residuals) / total if total > 0 else 0.0


def _points(*given: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    x, y = (np.asarray(a, dtype=np.float64) for a in given[:2])
    if x.ndim != 1 or x.shape != y.shape:
        raise CalibrationError(
            f"The points have the shapes {x.shape} and {y.shape}.", "Give one x for each y.", "shape"
        )
    sd_x, sd_y = (np.broadcast_to(np.asarray(a, dtype=np.float64), x.shape) for a in given[2:])
    if not all(np.isfinite(a).all() for a in (x, y, sd_x, sd_y)):
        raise CalibrationError("A point or its error is not a number.", "Leave such points out.", "not_a_number")
    if (sd_x <= 0).any() or (sd_y <= 0).any():
        raise CalibrationError("A point has no error.", "State an error above 0 for both coordinates.", "no_line")
    return x, y, sd_x, sd_y


def hinges(points: tuple[Floats, Floats], sds: tuple[float, float], times: Floats) -> Floats:
    """(b, 2) slopes of b hinges at once, in the b-th of which point i counts times[b, i] times.

    points: x and y (n,). sds: of their errors. times: (b, n) ≥ 0. For a bootstrap: one by one it would take seconds.
    """
    checked = _points(*points, *sds)
    return _parameters(checked, np.where(checked[0] > 0, 0, 1).astype(np.intp), 2, times=times)[0][:, 1:]


def _fit(points: tuple[Floats, ...], side: NDArray[np.intp], k: int, correlation: float) -> Fit:
    x, y = points[:2]
    dof = len(x) - 1 - k
    if dof < 1:
        raise CalibrationError(f"{len(x)} points do not make a fit of {1 + k} unknowns.", "Add more.", "too_few")
    once = np.ones((1, len(x)))
    parameters, adjusted, weight = (a[0] for a in _parameters(points, side, k, correlation=correlation, times=once))
    residuals = y - parameters[0] - parameters[1:][side] * x
    return Fit(
        offset=float(parameters[0]), slopes=tuple(float(b) for b in parameters[1:]),
        covariance=np.asarray(np.linalg.inv(adjusted.T @ (weight[:, None] * adjusted)), dtype=np.float64),
        chi2=float(weight @ residuals**2), dof=dof, residuals=residuals,
    )  # fmt: skip


def _parameters(
    points: tuple[Floats, ...], side: NDArray[np.intp], k: int, *, times: Floats, correlation: float = 0.0
) -> tuple[Floats, Floats, Floats]:
    """Parameters (b, 1 + k), adjusted design (b, n, 1 + k) and weights (b, n) of b fits.

    York's iteration: the points moved onto the line along their error ellipses serve as its instruments.
    """
    x, y, sd_x, sd_y = points
    own = (side[:, None] == np.arange(k)).astype(np.float64)
    size = max(float(np.abs(y).max()), np.finfo(float).tiny)
    shared = correlation * sd_x * sd_y
    design = np.column_stack([np.ones_like(x), own * x[:, None]])
    adjusted = np.broadcast_to(design, (len(times), *design.shape))
    weight = np.broadcast_to(1 / sd_y**2, times.shape)
    parameters = _solved(adjusted, design, times * weight, y)
    for _ in range(ITERATIONS):
        slope = parameters[:, 1:][:, side]
        weight = 1.0 / (sd_y**2 + slope * (slope * sd_x**2 - 2 * shared))
        moved = x + (slope * sd_x**2 - shared) * weight * (y - parameters @ design.T)
        adjusted = np.concatenate([np.ones((*moved.shape, 1)), own * moved[:, :, None]], axis=2)
        new = _solved(adjusted, design, times * weight, y)
        change = float(np.abs((new - parameters) @ design.T).max()) / size
        parameters = new
        if change < CONVERGED:
            return parameters, adjusted, weight
    raise CalibrationError("The points do not lie along a line.", "Repeat the measurement.", "no_line")


def _solved(instruments: Floats, design: Floats, weight: Floats, y: Floats) -> Floats:
    """(b, 1 + k) parameters for which the weighted residuals are orthogonal to the instruments (b, n, 1 + k)."""
    across = np.swapaxes(instruments * weight[:, :, None], 1, 2)
    try:
        solved = np.linalg.solve(across @ design, (across @ y)[:, :, None])
    except np.linalg.LinAlgError:
        raise CalibrationError(
            "The points have no spread along x on one side of zero.", "Turn further in both directions.", "no_line"
        ) from None
    return np.asarray(solved[:, :, 0], dtype=np.float64)
