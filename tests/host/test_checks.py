"""What passes the checks unchanged, what is derived, and that honest recordings are never refused."""

from __future__ import annotations

import math

import makers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import DEG, G, motion

from coxa.checks import MAX_GAP_S, checked_samples
from coxa.consistency import vertical_tilt_deg
from coxa.errors import InputError
from coxa.quaternion import conjugate, from_rotation_vector, multiply, normalized, rotate


def turned(axis, angle_rad, rate_hz):
    """A sensor turning about a fixed axis of its own by angle_rad(t): exact rate, force and orientation."""
    t = np.arange(len(angle_rad)) / rate_hz
    axis = np.asarray(axis) / np.linalg.norm(axis)
    start = normalized(np.array([0.8, 0.3, -0.4, 0.2]))
    quat = multiply(start, from_rotation_vector(angle_rad[:, None] * axis))
    gyr = np.gradient(angle_rad, t)[:, None] * axis
    return t, gyr, rotate(conjugate(quat), np.array([0.0, 0.0, G])), quat


mounts = st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1)


@settings(max_examples=60, deadline=None)
@given(
    mount=mounts,
    rate_hz=st.sampled_from([25.0, 50.0, 104.0, 286.0, 500.0]),
    noise=st.sampled_from([0.0, 1.0, 3.0]),
    bias=st.lists(st.floats(-10 * DEG, 10 * DEG), min_size=3, max_size=3),
    start=st.floats(-1e6, 2e9),
    gap=st.floats(0.0, 0.9 * MAX_GAP_S),
    with_quat=st.booleans(),
)
def test_honest_recordings_pass_unchanged(mount, rate_hz, noise, bias, start, gap, with_quat):  # noqa: PLR0917
    m = makers.mounted(motion(rate_hz, 10.0, noise=noise), tuple(np.array(mount) / np.linalg.norm(mount)))
    t = start + m.t_s + gap * (m.t_s > 5.0)
    gyr = m.gyr + np.array(bias)
    s = checked_samples(t, gyr, m.acc, m.quat if with_quat else None)
    np.testing.assert_array_equal(s.t_s, t)
    np.testing.assert_array_equal(s.gyr_rad_s, gyr)
    np.testing.assert_array_equal(s.acc_m_s2, m.acc)
    assert not s.gyr_derived
    assert not s.acc_derived


def trapezoid():
    """Ideal repetitions: constant rate out, hold, back; many equal samples at the extreme rate."""
    ramp, hold = np.linspace(0, 35 * DEG, 100), np.full(100, 35 * DEG)
    return np.tile(np.concatenate([np.zeros(200), ramp, hold, ramp[::-1]]), 5)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 0, 1), (0.3, -0.5, 0.8)])
@pytest.mark.parametrize("kind", [float, np.float32])
def test_ideal_noise_free_movement_passes(axis, kind):
    t, gyr, acc, quat = turned(axis, trapezoid(), 100.0)
    assert len(checked_samples(t, gyr.astype(kind), acc.astype(kind))) == 2500
    assert len(checked_samples(t.tolist(), gyr.tolist(), acc.tolist(), quat.tolist())) == 2500


def test_rotation_about_gravity_passes_although_the_accelerometer_stands_still():
    t = np.arange(1000) / 100
    rate = 0.6 * np.sin(2 * np.pi * 0.3 * t)
    acc = np.tile([0.0, 0.0, G], (1000, 1))
    assert len(checked_samples(t, np.outer(rate, [0, 0, 1]), acc)) == 1000


def test_simulated_sensors_pass_in_every_position():
    simulate = pytest.importorskip("coxa.simulate")
    for seed, position in enumerate(("wall", "seated", "prone", "supine", "side", "standing")):
        s = simulate.simulate(simulate.Wearer(position=position, reps=3), seed=seed).samples
        assert len(checked_samples(s.t_s, s.gyr_rad_s, s.acc_m_s2)) == len(s)


def test_missing_channels_are_derived_and_marked():
    t, gyr, acc, quat = turned((0.2, 0.9, -0.4), 0.6 * np.sin(np.arange(800) / 40), 100.0)
    s = checked_samples(t, None, acc, quat)
    assert (s.gyr_derived, s.acc_derived) == (True, False)
    np.testing.assert_allclose(s.gyr_rad_s[1:-1], 0.5 * (gyr[1:-1] + gyr[:-2]), atol=1e-3)
    s = checked_samples(t, gyr, None, quat)
    assert (s.gyr_derived, s.acc_derived) == (False, True)
    np.testing.assert_allclose(s.acc_m_s2, acc, atol=1e-9)
    s = checked_samples(t, None, None, quat)
    assert (s.gyr_derived, s.acc_derived) == (True, True)


def test_the_sign_of_a_quaternion_does_not_matter():
    t, _, acc, quat = turned((1, 0, 0), 0.6 * np.sin(np.arange(800) / 40), 100.0)
    flips = np.where(np.arange(800) % 7 < 3, -1.0, 1.0)[:, None]
    np.testing.assert_allclose(
        checked_samples(t, None, acc, quat * flips).gyr_rad_s, checked_samples(t, None, acc, quat).gyr_rad_s, atol=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(mount=mounts, peak_deg_s=st.floats(16.0, 33.0), bias=st.floats(-2.0, 2.0))
def test_degrees_per_second_are_found_even_below_every_plausible_rate(mount, peak_deg_s, bias):
    """Where gravity moves by 9° or more, the scale between both sensors betrays the unit at any speed."""
    m = motion(100.0, 16.0, noise=1.0)
    scale = peak_deg_s * DEG / np.abs(m.gyr).max()
    angle = m.angle_rad * scale
    acc = np.column_stack([0 * angle, G * np.sin(angle), G * np.cos(angle)])
    slow = makers.Motion(m.t_s, angle, m.gyr * scale, acc, m.quat)
    mount = tuple(np.array(mount) / np.linalg.norm(mount))
    slow = makers.mounted(slow, mount)
    checked_samples(slow.t_s, slow.gyr, slow.acc)
    with pytest.raises(InputError, match=r"degrees per second|gravity shows"):
        checked_samples(slow.t_s, slow.gyr / DEG + bias, slow.acc)


@pytest.mark.parametrize("scale", [1 / DEG, DEG, 5.0, 0.2])
def test_a_wrong_scale_of_the_gyroscope_is_found(scale):
    m = motion(100.0, 10.0, noise=1.0)
    with pytest.raises(InputError):
        checked_samples(m.t_s, m.gyr * scale, m.acc)


@pytest.mark.parametrize("scale", [0.9, 0.97, 1.03, 1.1])
def test_uncalibrated_scales_pass(scale):
    m = motion(100.0, 10.0, noise=1.0)
    checked_samples(m.t_s, m.gyr * scale, m.acc)
    checked_samples(m.t_s, m.gyr, m.acc * scale)


def test_a_few_clipped_samples_are_no_reason_to_refuse():
    m = motion(100.0, 10.0, noise=1.0)
    m.acc[500:504] = 2 * G
    checked_samples(m.t_s, m.gyr, m.acc)


@settings(max_examples=40, deadline=None)
@given(mount=mounts)
def test_tilt_of_the_vertical(mount):
    m = makers.mounted(motion(), tuple(np.array(mount) / np.linalg.norm(mount)))
    assert vertical_tilt_deg(m.quat, m.acc) < 1e-5
    tilt = np.array([math.cos(0.2), math.sin(0.2), 0.0, 0.0])
    assert vertical_tilt_deg(multiply(tilt, m.quat), m.acc) == pytest.approx(math.degrees(0.4))


def test_a_large_bias_over_ten_minutes_is_not_taken_for_turns():
    m = motion(50.0, 600.0, noise=1.0)
    checked_samples(m.t_s, m.gyr + 10.0 * DEG, m.acc)


def test_quaternions_are_scaled_to_unit_length():
    m = motion()
    s = checked_samples(m.t_s, m.gyr, m.acc, 1.01 * m.quat)
    np.testing.assert_allclose(np.linalg.norm(s.quat, axis=1), 1.0, atol=1e-12)


def test_the_place_is_named_in_each_message():
    with pytest.raises(InputError, match=r"^thigh\.csv: "):
        checked_samples([], [], [], where="thigh.csv")


def test_the_given_arrays_are_not_changed():
    m = motion(noise=1.0)
    copies = [a.copy() for a in (m.t_s, m.gyr, m.acc, m.quat)]
    checked_samples(m.t_s, m.gyr, m.acc, 1.001 * m.quat)
    for a, b in zip((m.t_s, m.gyr, m.acc, m.quat), copies, strict=True):
        np.testing.assert_array_equal(a, b)
