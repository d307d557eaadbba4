"""Swing and twist of the femur."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_quaternion import quaternions, rotation_vectors
from variety import perfect, steady

from coxa import hip
from coxa import quaternion as quat
from coxa.fusion.grid import uniform
from coxa.simulate import simulate


def directions(v):
    return v / np.linalg.norm(v)


@st.composite
def axis_and_across(draw):
    """A unit axis and a unit vector perpendicular to it."""
    u = directions(quat.rotate(draw(quaternions()), np.array([0.0, 1.0, 0.0])))
    angle = draw(st.floats(0, 2 * np.pi))
    first = directions(np.cross(u, np.eye(3)[np.argmin(np.abs(u))]))
    return u, np.cos(angle) * first + np.sin(angle) * np.cross(u, first)


@given(axis_and_across(), st.floats(0, 2.8), st.floats(-3.0, 3.0), quaternions())
def test_swing_then_twist_is_taken_apart_again(axes, swing, twist, neutral):
    u, across = axes
    turn = quat.multiply(quat.about(across, np.asarray(swing)), quat.about(u, np.asarray(twist)))
    found_swing, found_twist = hip.swing_twist(quat.multiply(neutral, turn)[None], neutral, u)
    assert found_swing[0] == pytest.approx(swing, abs=1e-6)
    assert found_twist[0] == pytest.approx(twist, abs=1e-6)


@given(axis_and_across(), quaternions(), st.floats(-3.0, 3.0))
def test_a_pure_twist_has_no_swing(axes, neutral, twist):
    u, _ = axes
    swing, found = hip.swing_twist(quat.multiply(neutral, quat.about(u, np.asarray(twist)))[None], neutral, u)
    assert swing[0] == pytest.approx(0.0, abs=1e-7)
    assert found[0] == pytest.approx(twist, abs=1e-9)


@given(axis_and_across(), quaternions(), st.sampled_from([-1.0, 1.0]))
def test_the_twist_unwraps_over_several_turns(axes, neutral, way):
    u, across = axes
    twist = way * np.linspace(0, 7 * np.pi, 200)
    tilted = quat.multiply(quat.about(across, np.asarray(0.3)), quat.about(u, twist))
    swing, found = hip.swing_twist(quat.multiply(neutral, tilted), neutral, u)
    assert np.allclose(found, twist, atol=1e-9)
    assert np.allclose(swing, 0.3, atol=1e-7)


@given(axis_and_across(), quaternions(), rotation_vectors())
def test_turning_the_world_changes_nothing(axes, neutral, v):
    u, across = axes
    q = quat.multiply(neutral, quat.multiply(quat.about(across, np.asarray(0.4)), quat.about(u, np.linspace(0, 1, 5))))
    world = quat.from_rotation_vector(v)
    before = hip.swing_twist(q, neutral, u)
    after = hip.swing_twist(quat.multiply(world, q), quat.multiply(world, neutral), u)
    assert np.allclose(before, after, atol=1e-7)


def test_the_sign_of_a_quaternion_means_nothing():
    u, neutral = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0, 0, 0])
    q = quat.about(u, np.linspace(0.0, 1.0, 5))
    assert np.allclose(hip.swing_twist(q, -neutral, u)[1], hip.swing_twist(q, neutral, u)[1])


@pytest.mark.parametrize("flexion_deg", [30.0, 60.0, 90.0])
def test_a_standing_zero_leaks_abduction_into_twist_and_a_local_neutral_does_not(flexion_deg):
    """Codman: twist = 2·atan(tan(flexion/2)·tan(abduction/2)) from standing, one to one at 90° of flexion."""
    flexion, abduction = np.radians([flexion_deg, 20.0])
    x, y, z = np.eye(3)
    pose = quat.about(z, np.asarray(flexion))
    opened = quat.multiply(pose, quat.about(x, np.asarray(abduction)))
    _, standing = hip.swing_twist(opened[None], np.array([1.0, 0, 0, 0]), y)
    _, local = hip.swing_twist(opened[None], pose, y)
    assert standing[0] == pytest.approx(2 * np.arctan(np.tan(flexion / 2) * np.tan(abduction / 2)), abs=1e-9)
    assert local[0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("position", ["wall", "seated"])
@pytest.mark.parametrize("drift_deg", [0.0, 9.0])
def test_the_swing_series_follows_the_femur_and_not_its_rotation(position, drift_deg):
    sim = simulate(steady(position=position, reps=3, swing_drift_deg=drift_deg), perfect(), seed=2)
    grid = uniform(sim.samples)
    begun = (0, round(2.0 / grid.dt_s))
    swing = np.degrees(hip.swing_series(grid, np.zeros_like(grid.gyr), sim.truth.axis, [begun]))
    expected = drift_deg * (grid.t_s - 1.0) / sim.samples.duration_s
    assert np.abs(swing - np.maximum(expected, 0))[begun[1] :].max() < 1.2  # a slow drift looks like bias in part
    assert np.ptp(np.degrees(sim.truth.rotation_rad)) > 70.0


def test_each_neutral_serves_until_the_next():
    sim = simulate(steady(reps=3, swing_drift_deg=12.0), perfect(), seed=2)
    grid = uniform(sim.samples)
    second = round(20.0 / grid.dt_s)
    swing = hip.swing_series(grid, np.zeros_like(grid.gyr), sim.truth.axis, [(0, 50), (second, second + 50)])
    assert np.degrees(swing[second - 5]) > 6.0
    assert np.degrees(swing[second + 30]) < 1.0
