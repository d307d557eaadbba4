"""Spectral arc length against published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxa.reps.smoothness import sparc


def min_jerk_speed(seconds, hz):
    x = np.arange(0, seconds + 0.5 / hz, 1 / hz) / seconds
    return 30 * x**2 * (1 - x) ** 2


def moves(count, seconds=2.0, hz=100.0):
    return np.concatenate([min_jerk_speed(seconds / count, hz)[:-1] for _ in range(count)])


def test_the_published_oracle():
    """Gaussian speed profile of the reference implementation of Balasubramanian et al. 2015: −1.41403."""
    t = np.arange(-100, 100) / 100.0
    assert sparc(np.exp(-5 * t**2), 100.0) == pytest.approx(-1.41403, abs=5e-5)


@pytest.mark.parametrize("hz", [25.0, 50.0, 100.0])
@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0, 4.0])
def test_a_minimum_jerk_move_has_the_same_value_at_any_duration_and_rate(seconds, hz):
    assert sparc(min_jerk_speed(seconds, hz), hz) == pytest.approx(-1.41, abs=0.02)


def test_more_submovements_are_less_smooth():
    """2, 3 and 4 submovements: −2.27, −2.70, −3.19."""
    values = [sparc(moves(count), 100.0) for count in (1, 2, 3, 4, 6)]
    assert values == sorted(values, reverse=True)
    assert np.all(np.diff(values) < -0.2)


def test_a_hold_inside_would_make_it_look_less_smooth():
    """Why the moves are measured apart: a longer hold is not a rougher turn."""
    one = min_jerk_speed(1.5, 100.0)
    held = [sparc(np.concatenate([one, np.zeros(round(100 * s)), one]), 100.0) for s in (0.0, 0.5, 1.0, 2.0)]
    assert held == sorted(held, reverse=True)
    assert held[0] < sparc(one, 100.0) - 0.5


@given(st.floats(1e-3, 1e3), st.floats(0.5, 3.0))
def test_the_unit_of_speed_does_not_matter(factor, seconds):
    speed = min_jerk_speed(seconds, 50.0)
    assert sparc(factor * speed, 50.0) == pytest.approx(sparc(speed, 50.0), abs=1e-9)


@given(st.integers(0, 10_000), st.floats(0.02, 0.2))
def test_shaking_makes_it_less_smooth(seed, size):
    speed = min_jerk_speed(1.5, 50.0)
    t = np.arange(len(speed)) / 50.0
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi)
    shaken = np.abs(speed + (0.2 + size) * speed.max() * np.sin(2 * np.pi * 5 * t + phase) * (speed > 0.05))
    assert sparc(shaken, 50.0) < sparc(speed, 50.0) - 0.1


@pytest.mark.parametrize("speed", [[], [1.0], [1.0, 2.0, 3.0, 2.0], [0.0] * 50])
def test_nothing_to_judge_has_no_value(speed):
    assert sparc(np.array(speed), 50.0) is None
