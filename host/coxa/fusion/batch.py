"""Rotation about the femur over a whole recording: one small least-squares fit, with its covariance.

The rate about the axis is integrated once, with its coarse bias removed: G(t). What G has too much is linear in a few
unknowns: the rest of the bias (piecewise linear in time), a jump for each gap, the scale of the gyroscope. Known is:
a plateau has no mean rate; the neutral is found again to a few degrees, so are the ends; where gravity sees the axis
(s = |u × g| well above 0) its angle follows the rotation up to the zero-g offsets of the accelerometer. All of it
enters with its standard deviation, most of them estimated from the recording itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from coxa.fusion import gravity, unknowns
from coxa.fusion.events import Event
from coxa.fusion.evidence import Evidence, gather
from coxa.fusion.families import NEGATIVE_END, NEUTRAL, POSITIVE_END, Labels
from coxa.fusion.grid import Grid
from coxa.samples import Floats

SCALE_SD = 0.005
"""Gyroscope scale, one sd: LSM6DSOX class, not calibrated."""

ZERO_G_SD = 0.02
"""Zero-g offset over g, one sd: 20 mg."""

FAMILIES = (NEUTRAL, POSITIVE_END, NEGATIVE_END)
SPREAD_PRIOR_RAD = np.radians([2.0, 4.0, 4.0])
SPREAD_FLOOR_RAD = np.radians(0.5)
SPREAD_WEIGHT = 3.0
"""How well neutral and ends are found again before this recording says so; worth three observations."""

TREND_SD_RAD = np.radians(0.25)
"""Fatigue: an end may move by this much per repetition."""

UNKNOWN_SD = 1e3
"""Of what has no prior: gravity's zero, the families' means."""

LEVEL_SD_RAD, LEVEL_WANDER_SHARE = np.radians(0.03), 0.25
"""What the choice of a hold's edges adds to its level: a little, and a share of the unsteadiness in the hold."""

HUBER = 2.5
"""Residuals beyond this many sd count less (Huber 1964, doi 10.1214/aoms/1177703732)."""

PASSES = 3
"""Weights, spreads and the angle itself are re-estimated this often; a fourth pass changes under 0.01°."""

MEAN_POINTS = 6
"""Points that stand for a span: what the unknowns do to the angle is smooth over seconds."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rotation on the grid with its covariance.

    `angle` (m,) rad, sign of the axis, zero still arbitrary; `bias` (m,) rad/s that was taken out on top of the
    coarse one; `covariance` (p, p) of the unknowns: bias knots, jumps, scale. `labels` (k,) of the events.
    """

    grid: Grid
    angle: Floats
    bias: Floats
    covariance: Floats
    labels: Labels
    wander_rad: float

    @property
    def level_sd_rad(self) -> float:
        """What the choice of a hold's edges adds to its level, one sd, rad."""
        return float(np.hypot(LEVEL_SD_RAD, LEVEL_WANDER_SHARE * self.wander_rad))

    def rows(self, index: NDArray[np.intp]) -> Floats:
        """(len(index), p) derivative of the angle at grid indices by the unknowns."""
        return np.column_stack([unknowns.columns(self.grid, index), self.angle[index]])

    def mean_rows(self, spans: Sequence[tuple[int, int]]) -> Floats:
        """(k, p) derivative of the mean angle over each span [begin, end) of the grid."""
        begin, end = np.array(spans).T
        last = np.maximum(end - 1, begin)
        points = np.asarray(np.linspace(begin, last, MEAN_POINTS, axis=1), dtype=np.intp)
        rows = self.rows(points.ravel())
        return np.asarray(rows.reshape(len(points), MEAN_POINTS, -1).mean(axis=1))

    def sd(self, rows: Floats) -> Floats:
        """(k,) one standard deviation, rad, of the combinations `rows` (k, p) of the unknowns."""
        variance = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)), dtype=float)


def estimate(
    grid: Grid,
    rate: Floats,
    events: list[Event],
    labels: Labels | None,
    *,
    slow_acc: Floats,
    u: Floats,
    scale_sd: float = SCALE_SD,
) -> Estimate:
    """The rotation that fits the rate and all that is known.

    Args:
        rate: (m,) about the axis on the grid, coarse bias removed, rad/s.
        labels: (k,) family of each event; None where it is not known yet: then levels say nothing.
        slow_acc: (m, 3) specific force, low-passed. u: (3,) the axis.
        scale_sd: of the gyroscope's scale, a share.
    """
    integral = np.cumsum(rate) * grid.dt_s - 0.5 * (rate + rate[0]) * grid.dt_s
    seen = gravity.observe(grid, integral, rate, slow_acc, u)
    fit = _Fit(grid, rate, gather(grid, integral, events), seen, labels, scale_sd)
    angle, bias, covariance = integral - np.median(integral), np.zeros_like(rate), np.zeros((0, 0))
    for _ in range(PASSES):
        solution, covariance = fit.solve(angle)
        too_much, bias = unknowns.added(grid, solution[: fit.scale])
        angle = (integral - too_much) / (1 + solution[fit.scale])
        angle -= _zero(angle, events, labels)
        fit.reweigh(solution)
    kept = labels if labels is not None else np.zeros(len(events), dtype=np.int8)
    return Estimate(grid, angle, bias, covariance[: fit.scale + 1, : fit.scale + 1], kept, fit.known.wander_rad)


def _zero(angle: Floats, events: list[Event], labels: Labels | None) -> float:
    neutral = [] if labels is None else [e.middle for e, label in zip(events, labels, strict=True) if label == NEUTRAL]
    return float(np.median(angle[neutral] if neutral else angle))


@dataclass
class _Fit:
    """One least-squares problem; its weights change from pass to pass.

    Unknowns: bias knots and jumps | scale | zero-g cosine, sine, gravity's zero | means of the three families, trends
    of the two ends.
    """

    grid: Grid
    rate: Floats
    known: Evidence
    seen: gravity.GravityRows
    labels: Labels | None
    scale_sd: float
    spread: Floats = field(default_factory=SPREAD_PRIOR_RAD.copy)
    walk: float | None = None
    weighed: bool = False
    scale: int = field(init=False)
    levels: Floats = field(init=False)
    slope_weight: Floats = field(init=False)
    level_weight: Floats = field(init=False)
    family: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.scale = self.known.level_columns.shape[1]
        self.slope_weight = np.ones(len(self.known.slope))
        self.level_weight = np.ones(len(self.known.level))
        labels = np.zeros(0) if self.labels is None else self.labels
        self.family = np.array([FAMILIES.index(int(label)) for label in labels], dtype=np.intp)
        self.levels = self._level_rows()

    def solve(self, angle: Floats) -> tuple[Floats, Floats]:
        """Solution (q,) and covariance (q, q), linearised at the angle (m,) of the pass before."""
        size = self.scale + 9
        matrix, right = np.zeros((size, size)), np.zeros(size)
        others = np.array([self.scale_sd, ZERO_G_SD, ZERO_G_SD, *[UNKNOWN_SD] * 4, TREND_SD_RAD, TREND_SD_RAD])
        matrix[np.arange(self.scale, size), np.arange(self.scale, size)] = 1 / others**2

        def add(rows: Floats, values: Floats, weights: Floats) -> None:
            nonlocal matrix, right
            weighted = rows * weights[:, None]
            matrix[: rows.shape[1], : rows.shape[1]] += weighted.T @ rows
            right[: rows.shape[1]] += weighted.T @ values

        add(self.known.slope_columns, self.known.slope, self.slope_weight / self.known.slope_sd**2)
        if len(self.seen.index):
            add(self._gravity_rows(angle), self.seen.excess, self.seen.weight)
        if self.labels is not None:
            add(self.levels, self.known.level, self.level_weight / self.spread[self.family] ** 2)
        return self._likeliest(matrix, right)

    def _likeliest(self, matrix: Floats, right: Floats) -> tuple[Floats, Floats]:
        """Solution and covariance under the bias walk that the recording makes likeliest (by marginal likelihood)."""
        rows, sd = unknowns.prior(self.grid, self.rate)
        walks = len(unknowns.knots(self.grid)) - 1
        best, chosen, walk = -np.inf, (right, matrix), 1.0
        for factor in unknowns.WALK_FACTORS if self.walk is None else (self.walk,):
            scaled = sd.copy()
            scaled[1 : 1 + walks] *= factor
            full = matrix.copy()
            full[: self.scale, : self.scale] += (rows / scaled[:, None] ** 2).T @ rows
            cholesky = cho_factor(full)
            solution = cho_solve(cholesky, right)
            evidence = 0.5 * float(right @ solution) - float(np.log(np.diag(cholesky[0])).sum())
            evidence -= walks * np.log(factor) + 0.5 * (np.log(factor) / unknowns.WALK_FACTOR_SD) ** 2
            if evidence > best:
                best, chosen, walk = evidence, (solution, cho_solve(cholesky, np.eye(len(right)))), factor
        self.walk = walk if self.weighed else None
        return chosen

    def reweigh(self, solution: Floats) -> None:
        """Slopes and levels by their own scatter: how still the holds were, and how well ends were found again."""
        self.weighed = True
        off = (self.known.slope - self.known.slope_columns @ solution[: self.scale]) / self.known.slope_sd
        scatter = 1.4826 * float(np.median(np.abs(off))) if len(off) else 1.0
        unit = np.sqrt((SPREAD_WEIGHT + len(off) * max(scatter, 0.3) ** 2) / (SPREAD_WEIGHT + len(off)))
        self.slope_weight = _huber(off / unit) / unit**2
        if self.labels is None:
            return
        miss = self.known.level - self.levels @ solution
        self.level_weight = _huber(miss / self.spread[self.family])
        for slot, prior in enumerate(SPREAD_PRIOR_RAD):
            mine = self.family == slot
            fitted = 1 if slot == 0 else 2
            total = SPREAD_WEIGHT * prior**2 + float(np.sum(self.level_weight[mine] * miss[mine] ** 2))
            freedom = SPREAD_WEIGHT + max(int(mine.sum()) - fitted, 0)
            self.spread[slot] = max(float(np.sqrt(total / freedom)), float(SPREAD_FLOOR_RAD))

    def _gravity_rows(self, angle: Floats) -> Floats:
        """G − gravity's angle = what G has too much + the pull of the zero-g offsets + a constant."""
        at = angle[self.seen.index]
        columns = unknowns.columns(self.grid, self.seen.index)
        return np.column_stack([columns, at, np.cos(at) - 1, np.sin(at), np.ones(len(at))])

    def _level_rows(self) -> Floats:
        """(k, q) level of G at each event = what G has too much there + its family's mean + the end's trend."""
        rows = np.zeros((len(self.family), self.scale + 9))
        if self.labels is None:
            return rows
        rows[:, : self.scale] = self.known.level_columns
        means = self.scale + 4
        rows[np.arange(len(rows)), means + self.family] = 1.0
        for slot in (1, 2):
            mine = self.family == slot
            rows[mine, means + 2 + slot] = np.arange(mine.sum()) - 0.5 * (mine.sum() - 1)
        return rows


def _huber(normalized: Floats) -> Floats:
    return np.minimum(1.0, HUBER / np.maximum(np.abs(normalized), 1e-9))
