"""Rotation about the femur over a whole recording: one small least-squares fit, with its covariance.

The rate about the axis is integrated once, with its coarse bias removed: G(t). What G has too much is linear in a few
unknowns: the rest of the bias (piecewise linear in time), a jump for each gap, the scale of the gyroscope. Known is:
a plateau has no mean rate; the neutral is found again to a few degrees, so are the ends; where gravity sees the axis
(s = |u × g| well above 0) its angle follows the rotation up to the zero-g offsets of the accelerometer. All of it enters
with its standard deviation, most of them estimated from the recording itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from coxa.fusion.events import Event
from coxa.fusion.families import NEUTRAL, Labels
from coxa.fusion.grid import Grid
from coxa.samples import Floats

KNOT_S, KNOTS_MAX = 10.0, 32
BIAS_SD_RAD_S = np.radians(1.0)
BIAS_WALK_RAD_S_RTS = np.radians(0.003)
"""Prior of the rest of the bias, and of its random walk per √s: covers the warm-up of a consumer chip."""

SCALE_SD = 0.005
"""Gyroscope scale, one sd: LSM6DSOX class, not calibrated."""

ZERO_G_SD = 0.02
"""Zero-g offset over g, one sd: 20 mg."""

WANDER_FLOOR_RAD = np.radians(0.03)
WANDER_CORRELATION_S = 1.5
"""Unsteadiness in a hold: never less than this, and correlated over about this time."""

SPREAD_PRIOR_RAD = {NEUTRAL: np.radians(2.0), 1: np.radians(4.0), -1: np.radians(4.0)}
SPREAD_FLOOR_RAD = np.radians(0.5)
SPREAD_WEIGHT = 3.0
"""How well neutral and ends are found again before this recording says so; worth three observations."""

TREND_SD_RAD = np.radians(0.25)
"""Fatigue: an end may move by this much per repetition."""

LEVEL_SD_RAD, LEVEL_WANDER_SHARE = np.radians(0.05), 0.35
"""What the choice of a hold's edges adds to its level: a little, and a share of the unsteadiness in the hold."""

GRAVITY_STEP_S = 0.2
GRAVITY_CORRELATION_S = 1.0
GRAVITY_SD_RAD = np.radians(0.25)
GRAVITY_SWING_RAD = np.radians(1.5)
GRAVITY_MOVING_S = 0.03
OBSERVABLE = 0.15
"""Gravity's angle: its sd when still and seen fully, what unseen swing adds as the axis leaves the horizontal, what
moving adds per rad/s (strap acceleration over g), and the observability below which it is not used."""

HUBER = 2.5
PASSES = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rotation on the grid with its covariance.

    `angle` (m,) rad, sign of the axis, zero still arbitrary; `bias` (m,) rad/s that was taken out on top of the
    coarse one; `covariance` (p, p) of the unknowns. `rows(index)` gives what each unknown does to the angle there.
    """

    grid: Grid
    angle: Floats
    bias: Floats
    covariance: Floats
    labels: Labels
    neutral_spread_rad: float
    wander_rad: float

    @property
    def level_sd_rad(self) -> float:
        """What the choice of a hold's edges adds to its level, one sd, rad."""
        return float(np.hypot(LEVEL_SD_RAD, LEVEL_WANDER_SHARE * self.wander_rad))

    def rows(self, index: Floats) -> Floats:
        """(len(index), p) derivative of the angle at grid indices by the unknowns."""
        index = np.asarray(index, dtype=np.intp)
        return np.column_stack([_columns(self.grid, index), self.angle[index]])

    def mean_rows(self, spans: Sequence[tuple[int, int]]) -> Floats:
        """(k, p) derivative of the mean angle over each span [begin, end) of the grid."""
        begin, end = np.array(spans).T
        last = np.maximum(end - 1, begin)
        points = np.linspace(begin, last, MEAN_POINTS, axis=1).astype(np.intp)
        rows = self.rows(points.ravel())
        return np.asarray(rows.reshape(len(points), MEAN_POINTS, -1).mean(axis=1))

    def sd(self, rows: Floats) -> Floats:
        """(k,) one standard deviation, rad, of the combinations `rows` (k, p) of the unknowns."""
        return np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, self.covariance, rows), 0.0))


MEAN_POINTS = 6
"""Points that stand for a span: what the unknowns do to the angle is smooth over seconds."""


def _knots(grid: Grid) -> Floats:
    count = int(np.ceil((grid.t_s[-1] - grid.t_s[0]) / KNOT_S)) + 1
    return np.linspace(grid.t_s[0], grid.t_s[-1], min(max(2, count), KNOTS_MAX))


def _columns(grid: Grid, index: Floats) -> Floats:
    """(len(index), K + gaps): integral of each knot's hat function up to there, and a step for each gap."""
    knots = _knots(grid)
    width = knots[1] - knots[0]
    x = (grid.t_s[np.asarray(index, dtype=np.intp)][:, None] - knots) / width
    rise = 0.5 * np.clip(x + 1, 0, 1) ** 2
    fall = 0.5 - 0.5 * (1 - np.clip(x, 0, 1)) ** 2
    area = rise + fall
    area[:, 0] -= 0.5  # the recording begins at the first knot
    steps = [np.clip((grid.t_s[np.asarray(index, dtype=np.intp)] - a) / (b - a), 0, 1) for a, b in grid.gaps]
    return np.column_stack([area * width, *steps])


def observability(slow_acc: Floats, u: Floats) -> Floats:
    """(m,) s = |u × g|: 1 where gravity sees rotation about u fully, 0 where it cannot."""
    up = slow_acc / np.linalg.norm(slow_acc, axis=1, keepdims=True)
    return np.asarray(np.sqrt(np.clip(1 - (up @ u) ** 2, 0.0, 1.0)))


def gravity_angle(slow_acc: Floats, u: Floats) -> Floats:
    """(m,) angle about u, rad, unwrapped, that gravity shows; zero arbitrary."""
    e1 = np.cross(u, np.eye(3)[np.argmin(np.abs(u))])
    e1 = e1 / np.linalg.norm(e1)
    return -np.unwrap(np.arctan2(slow_acc @ np.cross(u, e1), slow_acc @ e1))


class _System:
    """Weighted rows of one least-squares problem, gathered into normal equations."""

    def __init__(self, size: int) -> None:
        self.matrix = np.zeros((size, size))
        self.right = np.zeros(size)

    def add(self, rows: Floats, values: Floats, weights: Floats) -> None:
        weighted = rows * weights[:, None]
        self.matrix += weighted.T @ rows
        self.right += weighted.T @ values

    def solve(self) -> tuple[Floats, Floats]:
        factor = cho_factor(self.matrix + 1e-12 * np.eye(len(self.right)))
        return cho_solve(factor, self.right), cho_solve(factor, np.eye(len(self.right)))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the events: `level` (k,) of G, `columns` (k, c) there; for plateaus `slope`, `slope_columns`,
    `slope_sd`, and which events they belong to."""

    level: Floats
    columns: Floats
    slope: Floats
    slope_columns: Floats
    slope_sd: Floats
    wander_rad: float


def gather(grid: Grid, integral: Floats, events: list[Event]) -> Evidence:
    """Levels and slopes of G (m,) at the events."""
    step = max(1, round(0.1 / grid.dt_s))
    index, count = _inner(events, step)
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.intp)
    columns, height, t = _columns(grid, index), integral[index], grid.t_s[index]

    def mean(x: Floats) -> Floats:
        return np.add.reduceat(x, first, axis=0) / (count if x.ndim == 1 else count[:, None])

    if not events:
        return Evidence(np.zeros(0), columns, np.zeros(0), columns, np.zeros(0), WANDER_FLOOR_RAD)
    level, level_columns = mean(height), mean(columns)
    held = np.array([e.kind == "plateau" for e in events]) & (count >= 3)
    t = t - np.repeat(mean(t), count)
    moment = mean(t * t)[held]
    slope = mean(t * height)[held] / moment
    slope_columns = mean(t[:, None] * columns)[held] / moment[:, None]
    residual = mean((height - np.repeat(level, count)) ** 2)[held] - slope**2 * moment
    freedom = np.maximum(count[held] - 2, 1)
    scatter = np.maximum(residual, 0.0) * count[held] / freedom
    wander = max(float(np.sqrt(np.median(scatter))) if len(scatter) else 0.0, float(WANDER_FLOOR_RAD))
    length = np.maximum(count[held] * step * grid.dt_s, 0.2)
    sd = np.sqrt(12 * WANDER_CORRELATION_S) * wander / length**1.5
    return Evidence(level, level_columns, slope, slope_columns, sd, wander)


def _inner(events: list[Event], step: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Grid indices inside the events, every `step`, their edges left out, and how many belong to each event."""
    parts: list[NDArray[np.intp]] = []
    for event in events:
        trim = min(step, (event.end - event.begin) // 4)
        parts.append(np.arange(event.begin + trim, max(event.end - trim, event.begin + trim + 1), step))
    index = np.concatenate(parts) if parts else np.zeros(0, dtype=np.intp)
    return index, np.array([len(part) for part in parts], dtype=np.intp)


def estimate(
    grid: Grid, rate: Floats, events: list[Event], labels: Labels | None, slow_acc: Floats, u: Floats, *, scale_sd: float = SCALE_SD
) -> Estimate:
    """The rotation that fits the rate (m,), rad/s, and all that is known; `labels` (k,) of the events, None: not yet."""
    integral = np.cumsum(rate) * grid.dt_s
    integral -= 0.5 * (rate + rate[0]) * grid.dt_s
    known = gather(grid, integral, events)
    width = known.columns.shape[1]
    gravity = _gravity_rows(grid, integral, rate, slow_acc, u)
    theta = integral - np.median(integral)
    spread = {f: float(s) for f, s in SPREAD_PRIOR_RAD.items()}
    solution, covariance = np.zeros(width + 1), np.eye(width + 1)
    slope_weight = np.ones(len(known.slope))
    level_weight = np.ones(len(known.level))
    for _ in range(PASSES):
        solution, covariance, fit = _solve(grid, rate, known, labels, gravity, theta, spread, slope_weight, level_weight, scale_sd)
        all_columns = _apply(grid, solution[:width])
        theta = (integral - all_columns[0]) / (1 + solution[width])
        slope_weight = _reweigh((known.slope - known.slope_columns @ solution[:width]) / known.slope_sd)
        if labels is not None:
            level_weight = _respread(fit, labels, spread)
        theta = theta - _zero(theta, events, labels)
    bias = _apply(grid, solution[:width])[1]
    kept = labels if labels is not None else np.zeros(len(events), dtype=np.int8)
    return Estimate(grid, theta, bias, covariance[: width + 1, : width + 1], kept, spread[NEUTRAL], known.wander_rad)


def _zero(theta: Floats, events: list[Event], labels: Labels | None) -> float:
    if labels is None or not (labels == NEUTRAL).any():
        return float(np.median(theta))
    return float(np.median([theta[e.middle] for e, f in zip(events, labels, strict=True) if f == NEUTRAL]))


def _apply(grid: Grid, solution: Floats) -> tuple[Floats, Floats]:
    """What the unknowns (bias knots and jumps) add to the integral (m,), and the bias itself (m,)."""
    knots = _knots(grid)
    bias = np.interp(grid.t_s, knots, solution[: len(knots)])
    total = (np.cumsum(bias) - 0.5 * (bias + bias[0])) * grid.dt_s
    for (a, b), jump in zip(grid.gaps, solution[len(knots) :], strict=True):
        total = total + jump * np.clip((grid.t_s - a) / (b - a), 0, 1)
    return total, bias


def _huber(normalized: Floats) -> Floats:
    return np.minimum(1.0, HUBER / np.maximum(np.abs(normalized), 1e-9))


def _reweigh(normalized: Floats) -> Floats:
    """Weights of the slopes (k,): their own scatter says how still the holds were, once there are enough of them."""
    count = len(normalized)
    scatter = 1.4826 * float(np.median(np.abs(normalized))) if count else 1.0
    scale = np.sqrt((SPREAD_WEIGHT + count * max(scatter, 0.3) ** 2) / (SPREAD_WEIGHT + count))
    return _huber(normalized / scale) / scale**2


def _respread(fit: Floats, labels: Labels, spread: dict[int, float]) -> Floats:
    """Weights (k,) of the levels by their residuals `fit` (k,); updates the spread of each family in place."""
    weight = np.ones(len(labels))
    for family in spread:
        mine = labels == family
        if mine.any():
            weight[mine] = _huber(fit[mine] / spread[family])
            total = SPREAD_WEIGHT * SPREAD_PRIOR_RAD[family] ** 2 + float(np.sum(weight[mine] * fit[mine] ** 2))
            freedom = SPREAD_WEIGHT + max(int(mine.sum()) - (1 if family == NEUTRAL else 2), 0)
            spread[family] = max(float(np.sqrt(total / freedom)), float(SPREAD_FLOOR_RAD))
    return weight


def _solve(
    grid: Grid, rate: Floats, known: Evidence, labels: Labels | None, gravity: tuple[Floats, Floats, Floats, Floats],
    theta: Floats, spread: dict[int, float], slope_weight: Floats, level_weight: Floats, scale_sd: float,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Unknowns: knots, jumps | scale | zero-g cosine, sine, gravity zero | family means (3), end trends (2)."""
    knots = len(_knots(grid))
    width = known.columns.shape[1]
    scale, zero_g, means = width, width + 1, width + 4
    system = _System(means + 5)
    prior = np.eye(means + 5)
    walk = BIAS_WALK_RAD_S_RTS * np.sqrt((grid.t_s[-1] - grid.t_s[0]) / (knots - 1))
    jump_sd = [max(float(np.std(rate)), np.radians(5.0)) * (b - a) for a, b in grid.gaps]
    sd = np.concatenate(
        [[BIAS_SD_RAD_S], np.full(knots - 1, walk), np.minimum(jump_sd, np.pi / 2), [scale_sd, ZERO_G_SD, ZERO_G_SD], [1e3] * 4, [TREND_SD_RAD] * 2]
    )
    prior[np.arange(1, knots), np.arange(knots - 1)] = -1.0
    system.add(prior, np.zeros(len(sd)), 1 / sd**2)
    rows = np.zeros((len(known.slope), means + 5))
    rows[:, :width] = known.slope_columns
    system.add(rows, known.slope, slope_weight / known.slope_sd**2)
    index, value, variance, share = gravity
    if len(index):
        rows = np.zeros((len(index), means + 5))
        rows[:, :width] = _columns(grid, index)
        rows[:, scale] = theta[index]
        rows[:, zero_g] = np.cos(theta[index]) - 1
        rows[:, zero_g + 1] = np.sin(theta[index])
        rows[:, zero_g + 2] = 1.0
        system.add(rows, value, share / variance)
    fit = np.zeros(len(known.level))
    rows = np.zeros((len(known.level), means + 5))
    if labels is not None:
        rows[:, :width] = known.columns
        for slot, family in enumerate((NEUTRAL, 1, -1)):
            mine = labels == family
            rows[mine, means + slot] = 1.0
            if family != NEUTRAL and mine.any():
                rows[mine, means + 2 + slot] = (np.cumsum(mine) - 0.5 * (mine.sum() + 1))[mine]
        sd_level = np.array([spread[int(f)] for f in labels])
        system.add(rows, known.level, level_weight / sd_level**2)
    solution, covariance = system.solve()
    if labels is not None:
        fit = known.level - rows @ solution
    return solution, covariance, fit


def _gravity_rows(
    grid: Grid, integral: Floats, rate: Floats, slow_acc: Floats, u: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Grid indices, G − gravity's angle there, its variance, and the weight for rows closer than their correlation."""
    step = max(1, round(GRAVITY_STEP_S / grid.dt_s))
    seen = observability(slow_acc, u)
    index = np.arange(step, len(rate) - step, step)
    index = index[(seen[index] > OBSERVABLE) & ~grid.missing[index]]
    if len(index) == 0 or float(np.median(seen)) < OBSERVABLE:
        none = np.zeros(0)
        return np.zeros(0, dtype=np.intp), none, none, none  # type: ignore[return-value]
    moving = GRAVITY_MOVING_S * np.abs(grid.low_passed(rate, 1.0)[index])
    hidden = GRAVITY_SWING_RAD * np.sqrt(1 - seen[index] ** 2)
    variance = (GRAVITY_SD_RAD**2 + moving**2 + hidden**2) / seen[index] ** 2
    value = grid.low_passed(integral, 1.0)[index] - gravity_angle(slow_acc, u)[index]
    share = np.full(len(index), GRAVITY_STEP_S / GRAVITY_CORRELATION_S)
    return index, value, variance, share  # type: ignore[return-value]
