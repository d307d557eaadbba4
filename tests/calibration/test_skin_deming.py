"""The line with errors in both coordinates: published figures, symmetries, the likelihood itself, honest sds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from coxa_calibration.deming import hinge, hinges, r_squared, york
from coxa_calibration.readings import CalibrationError

# Pearson's data with York's weights: the test case of York 1966 and York et al. 2004, doi 10.1119/1.1632486
PEARSON_X = [0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4]
PEARSON_Y = [5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5]
WEIGHT_X = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1])
WEIGHT_Y = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500])

seeds = st.integers(0, 2**32 - 1)
slopes = st.floats(0.1, 3.0)


def scattered(rng, slope_ir, slope_er, *, n=30, sd_x=0.02, sd_y=0.015, correlation=0.0):
    """True points on a hinge with errors: x (n,), y (n,)."""
    true = np.concatenate([rng.uniform(0.2, 0.8, n // 2), rng.uniform(-0.8, -0.2, n - n // 2)])
    e_x, shared = rng.normal(size=(2, n))
    e_y = correlation * e_x + np.sqrt(1 - correlation**2) * shared
    return true + sd_x * e_x, 0.05 + np.where(true > 0, slope_ir, slope_er) * true + sd_y * e_y


def test_the_published_line_through_pearsons_data_with_yorks_weights():
    fit = york(PEARSON_X, PEARSON_Y, WEIGHT_X**-0.5, WEIGHT_Y**-0.5)
    assert fit.slopes[0] == pytest.approx(-0.480533407, abs=1e-9)
    assert fit.offset == pytest.approx(5.47991022, abs=1e-8)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.294971, 0.0579850], rel=1e-5)
    assert fit.chi2 / fit.dof == pytest.approx(1.4833, abs=1e-4)


@given(seeds, slopes, st.floats(-0.8, 0.8))
def test_exchanging_the_axes_gives_the_inverse_slope_and_the_same_misfit(seed, slope, correlation):
    x, y = scattered(np.random.default_rng(seed), slope, slope)
    there, back = york(x, y, 0.02, 0.03, correlation), york(y, x, 0.03, 0.02, correlation)
    assert there.slopes[0] * back.slopes[0] == pytest.approx(1, rel=1e-9)
    assert there.chi2 == pytest.approx(back.chi2, rel=1e-9)
    # and the same relative uncertainty
    relative = [float(np.sqrt(f.covariance[1, 1])) / f.slopes[0] for f in (there, back)]
    assert relative[0] == pytest.approx(relative[1], rel=0.02)


@given(seeds, slopes, slopes, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_units_do_not_matter(seed, ir, er, a, b):
    x, y = scattered(np.random.default_rng(seed), ir, er)
    one, other = hinge(x, y, 0.02, 0.015), hinge(a * x, b * y, a * 0.02, b * 0.015)
    assert np.array(other.slopes) == pytest.approx(np.array(one.slopes) * b / a, rel=1e-8)
    assert other.chi2 == pytest.approx(one.chi2, rel=1e-7)


@given(seeds, slopes, slopes, st.floats(-0.7, 0.7))
@settings(max_examples=25, deadline=None)
def test_the_hinge_is_where_the_likelihood_is_highest(seed, ir, er, correlation):
    """The sum that is made smallest, with the true abscissae eliminated by hand, minimised by another method."""
    x, y = scattered(np.random.default_rng(seed), ir, er, correlation=correlation)
    fit = hinge(x, y, 0.02, 0.015, correlation)

    def misfit(p):
        slope = np.where(x > 0, p[1], p[2])
        variance = 0.015**2 + slope**2 * 0.02**2 - 2 * slope * correlation * 0.02 * 0.015
        return float(np.sum((y - p[0] - slope * x) ** 2 / variance))

    start = [fit.offset + 0.01, fit.slopes[0] * 1.05, fit.slopes[1] * 0.95]
    found = minimize(misfit, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000})
    assert misfit([fit.offset, *fit.slopes]) == pytest.approx(fit.chi2, rel=1e-9)
    assert fit.chi2 <= found.fun + 1e-6
    assert [fit.offset, *fit.slopes] == pytest.approx(found.x, abs=1e-5)


def test_least_squares_would_be_too_flat_and_this_is_not_and_its_sd_is_the_true_one():
    rng = np.random.default_rng(7)
    least, fits = [], []
    for _ in range(400):
        x, y = scattered(rng, 0.55, 0.45, n=80, sd_x=0.07, sd_y=0.03)
        least.append(np.polyfit(x[:40], y[:40], 1)[0])
        fits.append(hinge(x, y, 0.07, 0.03))
    got = np.array([f.slopes for f in fits])
    stated = np.sqrt([np.diag(f.covariance)[1:] for f in fits])
    assert np.mean(least) < 0.5  # flatter than 0.55 by a tenth and more
    assert got.mean(axis=0) == pytest.approx([0.55, 0.45], abs=0.006)
    assert got.std(axis=0) == pytest.approx(stated.mean(axis=0), rel=0.15)
    assert np.mean([f.chi2 / f.dof for f in fits]) == pytest.approx(1.0, abs=0.06)


@given(seeds, st.floats(0.1, 10.0))
def test_only_the_ratio_of_the_errors_counts_for_the_scaled_covariance(seed, factor):
    x, y = scattered(np.random.default_rng(seed), 0.5, 0.6)
    one, other = hinge(x, y, 0.02, 0.01), hinge(x, y, 0.02 * factor, 0.01 * factor)
    assert other.scaled_covariance == pytest.approx(one.scaled_covariance, rel=1e-6)
    assert other.slopes == pytest.approx(one.slopes, rel=1e-9)


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=30), slopes, slopes)
def test_points_on_a_hinge_are_that_hinge(xs, ir, er):
    x = np.array(xs)
    assume((x > 0.05).any() and (x < -0.05).any() and len(np.unique(x.round(3))) > 3)
    y = -0.2 + np.where(x > 0, ir, er) * x
    fit = hinge(x, y, 0.01, 0.01)
    assert np.abs(fit.residuals).max() < 1e-9
    assert r_squared(y, fit.residuals) == pytest.approx(1.0)


@given(seeds, slopes, slopes)
def test_a_point_that_counts_three_times_is_three_points(seed, ir, er):
    rng = np.random.default_rng(seed)
    x, y = scattered(rng, ir, er, n=12)
    times = rng.integers(1, 4, (3, 12)).astype(float)
    together = hinges((x, y), (0.02, 0.015), times)
    for row, counts in zip(together, times.astype(int), strict=True):
        assert row == pytest.approx(hinge(np.repeat(x, counts), np.repeat(y, counts), 0.02, 0.015).slopes, rel=1e-9)


@pytest.mark.parametrize(
    ("x", "y", "sd", "reason"),
    [
        ([0, 1, 2], [0, 1], 0.1, "shape"),
        ([0, 1, np.nan, 3], [0, 1, 2, 3], 0.1, "not_a_number"),
        ([0, 1, 2, 3], [0, 1, np.inf, 3], 0.1, "not_a_number"),
        ([0, 1], [0, 1], 0.1, "too_few"),
        ([0, 1, 2, 3], [0, 1, 2, 3], 0.0, "no_line"),
        ([1, 1, 1, 1], [0, 1, 2, 3], 0.1, "no_line"),
    ],
)
def test_what_is_no_line_is_refused(x, y, sd, reason):
    with pytest.raises(CalibrationError) as refused:
        york(x, y, sd, sd)
    assert refused.value.reason == reason
    assert refused.value.advice.endswith(".")


def test_a_hinge_needs_both_sides():
    with pytest.raises(CalibrationError) as refused:
        hinge([0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.2, 0.3, 0.4, 0.5], 0.01, 0.01)
    assert refused.value.reason == "no_line"


def test_nothing_is_explained_where_nothing_varies():
    assert r_squared(np.ones(4), np.zeros(4)) == 0.0
