"""Quaternion algebra against scipy's rotations."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from coxa import quaternion as quat

unit = st.floats(-1.0, 1.0)
numbers = st.floats(-50.0, 50.0)
vectors = st.tuples(numbers, numbers, numbers).map(np.array)


@st.composite
def quaternions(draw):
    q = np.array([draw(unit) for _ in range(4)])
    assume(np.linalg.norm(q) > 0.1)
    return q / np.linalg.norm(q)


@st.composite
def rotation_vectors(draw, longest=3.1):
    v = np.array([draw(unit) for _ in range(3)])
    assume(np.linalg.norm(v) > 1e-3)
    return v / np.linalg.norm(v) * draw(st.floats(0.0, longest))


def as_scipy(q):
    return Rotation.from_quat(np.roll(q, -1, axis=-1))


def same_rotation(a, b, atol=1e-9):
    return np.allclose(a, b, atol=atol) or np.allclose(a, -b, atol=atol)


@given(quaternions(), quaternions())
def test_the_product_composes_rotations(a, b):
    expected = np.roll((as_scipy(a) * as_scipy(b)).as_quat(), 1)
    assert same_rotation(quat.multiply(a, b), expected)


@given(quaternions(), quaternions(), quaternions())
def test_the_product_is_associative_and_keeps_the_length(a, b, c):
    left, right = quat.multiply(quat.multiply(a, b), c), quat.multiply(a, quat.multiply(b, c))
    assert np.allclose(left, right, atol=1e-12)
    assert np.isclose(np.linalg.norm(left), 1.0)


def test_the_units_multiply_the_way_hamilton_carved_them():
    one, i, j, k = np.eye(4)
    assert np.array_equal(quat.multiply(i, j), k)
    assert np.array_equal(quat.multiply(j, k), i)
    assert np.array_equal(quat.multiply(k, i), j)
    assert np.array_equal(quat.multiply(i, i), -one)


@given(quaternions())
def test_the_conjugate_is_the_inverse(q):
    assert np.allclose(quat.multiply(q, quat.conjugate(q)), [1, 0, 0, 0], atol=1e-12)


@given(quaternions(), vectors)
def test_rotate_turns_vectors_as_the_rotation_does(q, v):
    assert np.allclose(quat.rotate(q, v), as_scipy(q).apply(v), atol=1e-9)
    assert np.isclose(np.linalg.norm(quat.rotate(q, v)), np.linalg.norm(v), atol=1e-9)


@given(rotation_vectors())
def test_rotation_vectors_round_trip_and_agree_with_scipy(v):
    q = quat.from_rotation_vector(v)
    assert same_rotation(q, np.roll(Rotation.from_rotvec(v).as_quat(), 1))
    assert np.allclose(quat.to_rotation_vector(q), v, atol=1e-9)
    assert np.allclose(quat.to_rotation_vector(-q), v, atol=1e-9)


@given(rotation_vectors(longest=1e-9))
def test_the_smallest_rotation_vectors_survive(v):
    assert np.allclose(quat.to_rotation_vector(quat.from_rotation_vector(v)), v, rtol=1e-6, atol=1e-18)


@given(st.floats(-20, 20), rotation_vectors())
def test_about_is_the_rotation_vector_along_the_axis(angle, v):
    assume(np.linalg.norm(v) > 1e-3)
    axis = v / np.linalg.norm(v)
    assert same_rotation(quat.about(axis, np.asarray(angle)), quat.from_rotation_vector(angle * axis))


@given(quaternions(), st.lists(st.booleans(), min_size=6, max_size=6))
def test_the_mean_is_blind_to_signs(q, flips):
    signs = np.where(flips, -1.0, 1.0)[:, None]
    assert same_rotation(quat.mean(signs * q), q)


@given(quaternions(), rotation_vectors(longest=1.0))
def test_the_mean_of_two_lies_halfway(q, v):
    both = np.array([quat.multiply(q, quat.from_rotation_vector(s * v)) for s in (-1.0, 1.0)])
    assert same_rotation(quat.mean(both), q, atol=1e-7)


@given(quaternions(), rotation_vectors(longest=20.0), st.sampled_from([25.0, 100.0, 500.0]))
def test_rate_recovers_a_constant_body_rate(start, omega, hz):
    t = np.arange(20) / hz
    q = quat.multiply(start, quat.from_rotation_vector(omega * t[:, None]))
    flips = np.where(np.arange(20) % 3 == 0, -1.0, 1.0)[:, None]  # q and −q are the same orientation
    assert np.allclose(quat.rate(q * flips, t), omega, atol=1e-6)


@given(vectors.map(lambda v: np.append(v, 1.0)))
def test_normalized_keeps_the_direction(q):
    out = quat.normalized(q)
    assert np.isclose(np.linalg.norm(out), 1.0)
    assert np.allclose(out * np.linalg.norm(q), q)
