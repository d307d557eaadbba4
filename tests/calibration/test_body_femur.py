"""The femoral axis from gravity, the axis of the turns as its check, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from body_poses import CHIP, SIDES, across, directions, held_poses, rotations, still, times, turning
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from coxa.simulate import poses
from coxa_calibration.femur import FemurAxis, axis_from_pose, axis_from_poses, checked_by_turn
from coxa_calibration.held import between, held
from coxa_calibration.readings import CalibrationError, Recording
from coxa_calibration.turning import TurnAxis, turn_axis

U = np.array([0.0, 0.6, 0.8])
NONE = np.zeros(3)


@given(up=directions, mounting=rotations)
def test_the_axis_turns_with_the_mounting(up, mounting):
    for pose, sign in (("standing", 1.0), ("wall", -1.0)):
        found = axis_from_pose(held(still(mounting.apply(up)), pose))
        assert between(found.u, sign * mounting.apply(up)) < 1e-9
        assert found.source == pose


@given(u=directions, offset=st.tuples(*[st.floats(-0.5, 0.5)] * 3))
def test_the_offset_of_the_accelerometer_cancels_over_both_poses(u, offset):
    standing, wall = held(still(u, offset=offset), "standing"), held(still(-u, offset=offset), "wall")
    assert between(axis_from_poses(standing, wall).u, u) < 1e-9
    assert between(axis_from_poses(wall, standing).u, u) < 1e-9


def test_errors_are_as_stated_over_wearers():
    """Knee sd 5° (wall 3°), lean 2°, seat and foot 3 cm, accelerometer 20 mg, tissue 1.5°: see coxa.simulate.poses."""
    errors: dict[str, list[tuple[float, float]]] = {"standing": [], "wall": [], "standing+wall": []}
    for seed in range(120):
        rng = np.random.default_rng(seed)
        tip = np.radians(rng.normal(0, poses.TISSUE_SD_DEG, 2))
        stays = [replace(poses.habit("standing", rng), strap=(tip[0], 0.0, tip[1])), poses.habit("wall", rng)]
        posed = poses.hold(stays, SIDES[seed % 2], CHIP, rng)
        try:
            standing, wall = held_poses(posed, ("standing", "wall"))
            axes = (axis_from_pose(standing), axis_from_pose(wall), axis_from_poses(standing, wall))
        except CalibrationError:
            continue
        for axis, true in zip(axes, (posed.axes[0], posed.axes[1], posed.axes[1]), strict=True):
            errors[axis.source].append((np.degrees(between(axis.u, true)), np.degrees(axis.sd_rad)))
    for source, limit in (("standing", 5.0), ("wall", 4.2), ("standing+wall", 3.2)):
        error, sd = np.array(errors[source]).T
        assert len(error) > 110
        assert np.sqrt(np.mean(error**2)) < limit
        # two directions across: 68 % within 1.515 sd, 95 % within 2.448
        assert 0.58 < np.mean(error < 1.515 * sd) < 0.88
        assert np.mean(error < 2.448 * sd) > 0.90


@pytest.mark.parametrize("pose", ["seated", "supine", "prone"])
def test_a_level_thigh_shows_no_axis(pose):
    with pytest.raises(CalibrationError) as caught:
        axis_from_pose(held(still(U), pose))
    assert caught.value.reason == "wrong_pose"
    assert f"In the pose '{pose}' the thigh lies level" in caught.value.what
    assert "however upright the shank is" in caught.value.what


def test_one_pose_twice_is_refused():
    for other in (held(still(U), "standing"), held(still(U), "wall")):
        with pytest.raises(CalibrationError, match="Both recordings show the same pose") as caught:
            axis_from_poses(held(still(U), "standing"), other)
        assert caught.value.reason == "same_pose"


def test_two_poses_that_are_not_opposite_are_refused():
    with pytest.raises(CalibrationError, match="90° apart instead of 180°") as caught:
        axis_from_poses(held(still(U), "standing"), held(still(across(U)), "wall"))
    assert caught.value.reason == "wrong_pose"


@given(u=directions, swing_deg=st.floats(0.0, 10.0), bias=st.tuples(*[st.floats(-0.1, 0.1)] * 3))
def test_swing_in_phase_tips_the_axis_of_the_turns_by_its_arctangent(u, swing_deg, bias):
    share = np.radians(swing_deg) / np.radians(35.0)
    readings, arc = turning(u, u, swing=share * across(u), bias=bias)
    found = turn_axis(readings, np.array(bias))
    toward = found.axis if found.axis @ u > 0 else -found.axis
    assert between(toward, u) == pytest.approx(np.arctan(share), abs=1e-3)
    assert found.arc_rad == pytest.approx(arc * np.hypot(1, share), rel=0.1)
    # and nothing in the data says so: the axis is as sharp as ever
    fast = readings.gyr_rad_s - np.array(bias)
    values = np.linalg.eigvalsh(fast.T @ fast)
    assert values[-1] / values.sum() > 0.99


@given(apart_deg=st.floats(0.1, 89.0), flip=st.booleans())
def test_turns_agree_within_15_degrees_or_are_repeated(apart_deg, flip):
    assume(abs(apart_deg - 15.0) > 0.1 and abs(apart_deg - 45.0) > 0.1)
    turned = Rotation.from_rotvec(np.radians(apart_deg) * across(U)).apply(U)
    turn = TurnAxis(-turned if flip else turned, np.radians(7.0), 0.7)
    axis = FemurAxis(U, float(np.radians(2.5)), "wall")
    if apart_deg < 15.0:
        found = checked_by_turn(axis, turn)
        assert found.turn_apart_rad == pytest.approx(np.radians(apart_deg), abs=1e-6)
        assert found.source == "wall"
        assert np.array_equal(found.u, U)
        return
    with pytest.raises(CalibrationError) as caught:
        checked_by_turn(axis, turn)
    told = re.search(r"(\d+)° away", caught.value.what)
    assert told is not None
    assert float(told[1]) == pytest.approx(apart_deg, abs=0.5 + 1e-6)
    assert caught.value.reason == ("axes_apart" if apart_deg < 45.0 else "wrong_pose")


def test_the_turns_are_weighed_in_where_the_pose_is_poor():
    tipped = Rotation.from_rotvec(np.radians(10.0) * across(U)).apply(U)
    found = checked_by_turn(FemurAxis(U, float(np.radians(8.0)), "wall"), TurnAxis(tipped, float(np.radians(8.0)), 0.7))
    assert found.source == "wall+turn"
    assert between(found.u, U) == pytest.approx(np.radians(5.0), abs=1e-3)
    assert found.sd_rad == pytest.approx(np.radians(8.0) / np.sqrt(2))


def test_turns_that_are_none_are_refused():
    with pytest.raises(CalibrationError, match="turned by only") as caught:
        turn_axis(turning(U, U, arc_deg=8.0)[0], NONE)
    assert caught.value.reason == "too_little"
    with pytest.raises(CalibrationError, match="turned by only"):
        turn_axis(still(U), NONE)
    with pytest.raises(CalibrationError, match="deg/s") as caught:
        turn_axis(turning(U, U, arc_deg=160.0, period_s=1.8)[0], NONE)
    assert caught.value.reason == "too_fast"
    t = times(8.0)
    rate = np.minimum(np.radians(125.0) * np.abs(np.sin(t)) * 1.2, np.radians(125.0))
    with pytest.raises(CalibrationError, match="end of its range") as caught:
        turn_axis(Recording(t, np.outer(rate, [0, 0, 1.0]), still(np.array([0, 0, 1.0]), 8.0).acc_m_s2), NONE)
    assert caught.value.reason == "saturated"
