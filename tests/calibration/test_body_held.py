"""A held pose: found without knowing the bias, and refused where it is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from body_poses import CHIP, directions, still, times, turning
from hypothesis import given
from hypothesis import strategies as st

from coxa.simulate import Wearer, poses, simulate
from coxa_calibration.held import between, held
from coxa_calibration.readings import GRAVITY_M_S2, CalibrationError, Recording

UP = np.array([0.0, 0.6, 0.8])


@given(up=directions, bias=st.tuples(*[st.floats(-0.2, 0.2)] * 3))
def test_up_is_where_gravity_is_whatever_the_bias(up, bias):
    found = held(still(up, bias=bias), "standing")
    assert between(found.up, up) < 1e-9
    assert found.rate_rad_s == pytest.approx(bias, abs=1e-9)
    assert found.end_s - found.start_s > 4.9


def test_a_person_who_stands_is_still_enough():
    refused = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        posed = poses.hold([poses.habit("standing", rng)], "left", replace(CHIP, gyro_bias_dps=5.0), rng)
        try:
            found = held(posed.samples[0], "standing")
        except CalibrationError as error:
            assert error.reason == "moving"
            refused += 1
            continue
        # the rate of the hold is the bias, as closely as is stated
        off = found.rate_rad_s - posed.bias_rad_s
        assert np.linalg.norm(off) < 4 * np.sqrt(3) * found.rate_sd_rad_s
        assert np.linalg.norm(off) < np.radians(1.0)
    assert refused <= 2


def test_slow_turns_are_no_hold():
    sim = simulate(Wearer(reps=3, ramp_s=2.5, start_still_s=5.0, end_still_s=0.5), CHIP, seed=1)
    found = held(sim.samples, "wall")
    assert found.start_s < 0.6
    assert 4.0 < found.end_s < 5.3


def test_turns_at_a_slack_strap_are_not_taken_into_the_hold_before_them():
    """A strap that follows 43 % of the turn turns slowly, and is nearly still again at the end of it."""
    for seed in range(30):
        wearer = Wearer(
            reps=3, ramp_s=2.5, hold_s=0.5, start_still_s=5.0, end_still_s=0.5, ir_tissue_gain=0.43, er_tissue_gain=0.43
        )
        sim = simulate(wearer, CHIP, seed=seed)
        found = held(sim.samples, "wall")
        assert found.end_s < 5.45
        off = found.rate_rad_s - sim.truth.bias_rad_s[0]
        assert np.linalg.norm(off) < 4 * np.sqrt(3) * found.rate_sd_rad_s


def test_the_longest_hold_counts():
    found = held(turning(UP, UP, turns=2)[0], "standing")
    assert found.end_s < 3.0 or found.start_s > 10.0
    assert between(found.up, UP) < 1e-9


def moving(seconds=6.0):
    t = times(seconds)
    sway = 0.3 * np.sin(2 * np.pi * 0.7 * t)
    gyr = np.column_stack([0.3 * 2 * np.pi * 0.7 * np.cos(2 * np.pi * 0.7 * t), 0 * t, 0 * t])
    return Recording(t, gyr, GRAVITY_M_S2 * np.column_stack([0 * t, np.sin(sway), np.cos(sway)]))


def tipping_steadily():
    """A constant rate of 3 deg/s about a level axis passes for a bias; gravity tells."""
    t = times(6.0)
    angle = np.radians(3.0) * t
    gyr = np.tile([np.radians(3.0), 0.0, 0.0], (len(t), 1))
    return Recording(t, gyr, GRAVITY_M_S2 * np.column_stack([0 * t, np.sin(angle), np.cos(angle)]))


def joined(*parts):
    t = times(sum(len(p.t_s) for p in parts) / 50.0)
    return Recording(t, np.vstack([p.gyr_rad_s for p in parts]), np.vstack([p.acc_m_s2 for p in parts]))


def saturated():
    r = still(UP)
    speed = np.radians(np.linspace(700.0, 800.0, 20))[:, None]
    r.gyr_rad_s[100:120] = np.clip(
        speed * UP, None, np.radians(500.0)
    )  # about the vertical, which gravity does not see
    return r


def with_nan():
    r = still(UP)
    r.acc_m_s2[17, 2] = np.nan
    return r


def in_g():
    r = still(UP)
    return Recording(r.t_s, r.gyr_rad_s, r.acc_m_s2 / GRAVITY_M_S2)


@pytest.mark.parametrize(
    ("readings", "reason", "words"),
    [
        (still(UP, seconds=1.5), "too_short", "lasts 1.5 s, less than 2 s"),
        (moving(), "moving", "did not keep still for 2 s"),
        (tipping_steadily(), "moving", "did not keep still for 2 s"),
        (joined(still(UP, 3.0), moving(2.0), still(UP[::-1], 4.0)), "several_poses", "more than one pose"),
        (saturated(), "saturated", "gyroscope reached the end of its range on its z axis"),
        (with_nan(), "not_a_number", "Sample 17"),
        (in_g(), "units", "Gravity"),
    ],
)
def test_what_is_no_pose_is_refused_with_its_sentence(readings, reason, words):
    with pytest.raises(CalibrationError) as caught:
        held(readings, "standing")
    assert caught.value.reason == reason
    assert words in caught.value.what
    assert caught.value.advice.endswith(".")


def test_a_steady_turn_about_the_vertical_is_refused_once_the_bias_is_known():
    turning_on = still(UP, bias=np.radians(4.0) * UP)
    assert between(held(turning_on, "wall").up, UP) < 1e-9
    with pytest.raises(CalibrationError, match="did not keep still"):
        held(turning_on, "wall", bias_rad_s=np.zeros(3))


def test_a_pose_that_is_not_known_is_refused():
    with pytest.raises(CalibrationError, match="'kneeling' is not known"):
        held(still(UP), "kneeling")
