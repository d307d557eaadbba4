"""Which way up, which leg, and whether the sensor sits as it did: recognised from the data."""

from __future__ import annotations

import numpy as np
import pytest
from body_poses import CHIP, SIDES, across, directions, held_poses, rotations, still, turning
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from coxa.simulate import Wearer, poses, simulate
from coxa_calibration.femur import FemurAxis, axis_from_pose
from coxa_calibration.held import held
from coxa_calibration.mounting import Case, Frame, frame, leg_from_turns, since_last_time, which_end, which_leg
from coxa_calibration.readings import CalibrationError
from coxa_calibration.turning import first_turns

U = np.array([0.0, 0.6, 0.8])
FRONT = across(U)
SD = float(np.radians(2.5))
AXIS = FemurAxis(U, SD, "standing")
OTHER = {"left": "right", "right": "left"}


def thigh(u=U, forward=FRONT):
    return Frame(u, forward, SD, float(np.radians(3.0)))


@given(off_deg=st.floats(0.0, 50.0), flip=st.booleans())
def test_an_arrow_to_the_knee_is_told(off_deg, flip):
    arrow = Rotation.from_rotvec(np.radians(off_deg) * FRONT).apply(U)
    found = which_end(U, Case(-arrow if flip else arrow, FRONT))
    assert found.answer == ("upside_down" if flip else "right_way")
    assert found.confidence > 0.6
    assert ("knee" in found.sentence) == flip
    # from one pose it may be the pose that was the other one, and the sentence says so
    assert ("standing, legs up the wall" in found.sentence) == flip
    assert "standing, legs up the wall" not in which_end(U, Case(-arrow, FRONT), two_poses=True).sentence


def test_a_case_across_the_thigh_is_told():
    found = which_end(U, Case(FRONT, np.cross(U, FRONT)))
    assert found.answer == "across"
    assert "90° off" in found.sentence


@pytest.mark.parametrize("stated", SIDES)
@given(mounting=rotations, around_deg=st.floats(-55, 55))
def test_the_outer_face_tells_the_leg(stated, mounting, around_deg):
    side = np.sign(SIDES.index(stated) - 0.5)
    outward = Rotation.from_rotvec(np.radians(around_deg) * U).apply(side * np.cross(FRONT, U))
    turned = thigh(mounting.apply(U), mounting.apply(FRONT))
    case = Case(mounting.apply(U), mounting.apply(outward))
    assert which_leg(turned, case, stated).answer == stated
    assert "as stated" in which_leg(turned, case, stated).sentence
    wrong = which_leg(turned, case, OTHER[stated])
    assert wrong.answer == stated
    assert f"{OTHER[stated]} was stated: check which leg" in wrong.sentence


def test_a_case_on_the_front_of_the_thigh_does_not_tell_the_leg():
    found = which_leg(thigh(), Case(U, FRONT), "left")
    assert found.answer == "unclear"
    assert "taken: left" in found.sentence


def test_end_and_leg_over_wearers():
    right_leg = right_end = unclear = 0
    cases = 60
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        side, down = SIDES[seed % 2], -1.0 if seed % 3 == 0 else 1.0
        posed = poses.hold([poses.habit("standing", rng), poses.habit("seated", rng)], side, CHIP, rng)
        around, skew = np.radians(rng.normal(0, [25.0, 15.0]))
        outward = (1.0 if side == "right" else -1.0) * np.cos(around)
        face = np.array([np.sin(around), 0.0, outward])
        arrow = down * Rotation.from_rotvec(skew * face).apply([0.0, 1.0, 0.0])
        case = Case(posed.to_sensor @ arrow, posed.to_sensor @ face)
        standing, seated = held_poses(posed, ("standing", "seated"))
        axis = axis_from_pose(standing)
        right_end += which_end(axis.u, case).answer == ("upside_down" if down < 0 else "right_way")
        leg = which_leg(frame(axis, seated), case, side).answer
        right_leg += leg == side
        unclear += leg == "unclear"
    assert right_end == cases
    assert right_leg + unclear >= cases - 1
    assert right_leg >= 0.93 * cases


@given(right=st.integers(0, 6), left=st.integers(0, 6))
def test_turns_that_go_outward_tell_the_leg_but_never_surely(right, left):
    if right + left == 0:
        return
    ways = [-1] * right + [1] * left
    found, mirrored = leg_from_turns(ways, "right"), leg_from_turns([-w for w in ways], "left")
    assert mirrored.answer == OTHER.get(found.answer, "unclear")
    assert mirrored.confidence == pytest.approx(found.confidence)
    assert found.confidence <= 0.95
    assert found.answer == ("unclear" if right == left else "right" if right > left else "left")


def test_a_wearer_who_turns_inward_first_is_taken_for_the_other_leg():
    """Which is why the sentence names the condition."""
    for side in SIDES:
        for order, answer in (("er-first", side), ("ir-first", OTHER[side])):
            wearer = Wearer(side=side, order=order, reps=3, ramp_s=2.0, start_still_s=4.0, neutral_pause_s=1.5)
            sim = simulate(wearer, CHIP, seed=3)
            rest = held(sim.samples, "wall")
            ways = first_turns(sim.samples, axis_from_pose(rest).u, rest.rate_rad_s)
            assert len(ways) == 3
            found = leg_from_turns(ways, side)
            assert found.answer == answer
            assert "if outward" in found.sentence


def test_a_bias_that_is_not_quite_right_is_no_turn():
    sim = simulate(
        Wearer(reps=3, ramp_s=2.0, start_still_s=30.0, neutral_pause_s=1.5, neutral_sd_deg=0.5), CHIP, seed=3
    )
    for error_dps in (-0.5, 0.5):  # 15° before the first turn
        bias = sim.truth.bias_rad_s[0] + np.radians(error_dps) * sim.truth.axis
        assert first_turns(sim.samples, sim.truth.axis, bias) == (-1, -1, -1)


def test_turns_without_a_rest_are_refused():
    with pytest.raises(CalibrationError, match="No turn that starts from a rest") as caught:
        first_turns(turning(U, -U, arc_deg=6.0)[0], U, np.zeros(3))
    assert caught.value.reason == "too_few"


@given(turn_deg=st.floats(0.0, 180.0), axis=directions)
@example(turn_deg=180.0, axis=np.array([1.0, 0.0, 0.0]))
@example(turn_deg=180.0, axis=np.array([0.0, 1.0, 0.0]))
@example(turn_deg=180.0, axis=np.array([0.0, 0.0, 1.0]))
def test_a_sensor_that_was_put_on_another_way_is_told(turn_deg, axis):
    back = Rotation.from_rotvec(np.radians(turn_deg) * axis).inv()
    found = since_last_time(thigh(), thigh(back.apply(U), back.apply(FRONT)))
    if turn_deg < 9.5:
        assert found.answer == "same"
    if turn_deg > 11.0:
        assert found.answer == "turned"
        assert found.angle_rad > np.radians(10.0)
        assert "calibrate anew" in found.sentence
    assert 0.5 <= found.confidence <= 1.0


def test_a_turn_around_the_thigh_is_told_by_its_size_and_way():
    back = Rotation.from_rotvec(np.radians(-20.0) * U).inv()
    found = since_last_time(thigh(), thigh(U, back.apply(FRONT)))
    assert "its axis 0° from then, -20° ± 4° about it" in found.sentence
    assert found.confidence > 0.95


@pytest.mark.parametrize(
    ("up", "pose", "reason", "words"),
    [
        (FRONT, "wall", "wrong_pose", "In the pose 'wall' the thigh is vertical"),
        (U, "seated", "same_pose", "90° from level, as in the pose before"),
        (-U, "supine", "same_pose", "90° from level, as in the pose before"),
        ((U + FRONT) / np.sqrt(2), "seated", "wrong_pose", "45° from level."),
    ],
)
def test_a_pose_that_shows_no_front_is_refused(up, pose, reason, words):
    with pytest.raises(CalibrationError) as caught:
        frame(AXIS, held(still(up), pose))
    assert caught.value.reason == reason
    assert words in caught.value.what


@given(mounting=rotations, pose=st.sampled_from(["seated", "supine", "prone"]))
def test_the_front_faces_up_but_for_lying_on_it(mounting, pose):
    sign = -1.0 if pose == "prone" else 1.0
    up = (sign * FRONT + 0.2 * U) / np.hypot(1, 0.2)  # a seat that slopes
    found = frame(FemurAxis(mounting.apply(U), SD, "standing"), held(still(mounting.apply(up)), pose))
    assert found.forward == pytest.approx(mounting.apply(FRONT), abs=1e-9)
    assert found.right == pytest.approx(mounting.apply(np.cross(FRONT, U)), abs=1e-9)
