"""A straight line through scattered sessions: Theil-Sen slope, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from coxa.samples import Floats

EFFICIENCY = 0.955
"""Asymptotic efficiency of the Theil-Sen slope against least squares for normal scatter, 3/π (Sen 1968)."""

CORRELATION_MOST = 0.8
"""Largest lag-1 correlation believed: above it a handful of sessions cannot tell a trend from a wander."""

CORRELATION_SESSIONS = 6
"""Sessions from which a lag-1 correlation is estimated; with fewer its correction for bias blows up."""


def theil_sen(t: Floats, y: Floats) -> tuple[float, float]:
    """Slope and intercept of y (n,) over t (n,): the median of all pairwise slopes, then of y - slope·t.

    n ≥ 2 with two different times. Theil 1950 (Indagationes Mathematicae 12:85, 173, 467); Sen 1968,
    doi 10.1080/01621459.1968.10480934.
    """
    i, j = np.triu_indices(len(t), 1)
    apart = t[i] != t[j]
    i, j = i[apart], j[apart]
    slope = float(np.median((y[j] - y[i]) / (t[j] - t[i])))
    return slope, float(np.median(y - slope * t))


def lag1_correlation(residual: Floats) -> float:
    """Correlation of each residual (n,) with the next, freed of its small-sample bias, never below 0.

    About a fitted mean the estimate is low by (1 + 4ρ)/n (Kendall 1954, doi 10.1093/biomet/41.3-4.403), about a fitted
    line by (2 + 4ρ)/n. A negative value is taken as 0: sessions that alternate must not make a trend surer than
    independent ones.
    """
    n = len(residual)
    r = residual - residual.mean()
    power = float(r @ r)
    if n < CORRELATION_SESSIONS or power == 0:
        return 0.0
    raw = float(r[1:] @ r[:-1]) / power
    return min(max((n * raw + 2) / (n - 4), 0.0), CORRELATION_MOST)


@dataclass(frozen=True, slots=True)
class Line:
    """A fitted line. Time in weeks, angles in degrees.

    Attributes:
        spread_deg: standard deviation of the sessions about the line, n - 2 degrees of freedom: the day-to-day
            spread of this person, sensor placement included.
        scatter_deg: the same, but never below the stated uncertainty of the sessions.
        n_effective: n (1 - r) / (1 + r) for lag-1 correlation r.
        quantile_95: Student's t for a two-sided 95 % interval with n_effective - 2 degrees of freedom.
    """

    n: int
    slope: float
    intercept: float
    slope_se: float
    spread_deg: float
    scatter_deg: float
    correlation: float
    n_effective: float
    quantile_95: float
    t_mean: float

    def at(self, t_weeks: Floats) -> Floats:
        """The line at t_weeks (n,), degrees."""
        return self.intercept + self.slope * t_weeks

    def half_width_95(self, t_weeks: Floats) -> Floats:
        """95 % half width of the line itself at t_weeks (n,), degrees."""
        level = self.scatter_deg**2 / (EFFICIENCY * self.n_effective)
        return self.quantile_95 * np.sqrt(level + (self.slope_se * (t_weeks - self.t_mean)) ** 2)


def fit(t_weeks: Floats, y_deg: Floats, sd_deg: Floats) -> Line | None:
    """Fit y_deg (n,) over t_weeks (n,); `sd_deg` (n,) is what each session states of itself.

    None with fewer than 4 sessions (a line takes two, a spread two more) or when all are at one time. The standard
    error of the slope is the least-squares one, widened by the efficiency of Theil-Sen and by n / n_effective for
    correlated sessions (Bayley and Hammersley 1946, doi 10.2307/2983560).
    """
    n = len(t_weeks)
    power = float(np.sum((t_weeks - t_weeks.mean()) ** 2)) if n else 0.0
    if n < 4 or power == 0:
        return None
    slope, intercept = theil_sen(t_weeks, y_deg)
    residual = y_deg - intercept - slope * t_weeks
    spread = float(np.sqrt(np.sum((residual - residual.mean()) ** 2) / (n - 2)))
    scatter = max(spread, float(np.sqrt(np.mean(sd_deg**2))))
    r = lag1_correlation(residual)
    n_effective = n * (1 - r) / (1 + r)
    slope_se = scatter / np.sqrt(power * EFFICIENCY * n_effective / n)
    return Line(
        n=n,
        slope=slope,
        intercept=intercept,
        slope_se=float(slope_se),
        spread_deg=spread,
        scatter_deg=scatter,
        correlation=r,
        n_effective=n_effective,
        quantile_95=float(stdtrit(max(n_effective - 2, 1.0), 0.975)),
        t_mean=float(t_weeks.mean()),
    )


def mdc95(spread_deg: float, block: int = 1) -> float:
    """Smallest difference between two means of `block` sessions that day-to-day spread alone rarely makes, degrees.

    1.96·√2·SEM / √block with the spread as SEM (Weir 2005, doi 10.1519/15184.1).
    """
    return float(1.96 * np.sqrt(2.0 / block) * spread_deg)
