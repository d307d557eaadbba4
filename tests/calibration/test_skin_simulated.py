"""The simulated skin against what it claims to be, and the whole way from two chips to the bone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skin_people import KEPT, SLOW

from coxa.analysis import analyze_samples
from coxa.simulate import SENSORS, Wearer
from coxa.simulate.skin import SHARE, Knee, Tissue, draw, followed, leg
from coxa_calibration.gain_fit import gain_together

DT = 0.01
paths = arrays(float, st.integers(1, 80), elements=st.floats(-1, 1))
still = Wearer(wander_deg=0.0, tremor_deg=0.0, swing_wander_deg=0.0)


@given(paths, st.floats(0, 0.3))
def test_play_is_never_further_behind_than_its_width_and_moves_only_when_dragged(x, width):
    y = followed(x, width)
    assert np.abs(y - x).max() <= width + 1e-12
    step, drag = np.diff(y), np.diff(x)
    assert (np.abs(step) <= np.abs(drag) + 1e-12).all()
    assert (step * drag >= 0).all()


@given(paths)
def test_without_play_the_skin_follows(x):
    assert np.array_equal(followed(x, 0.0), x)


@given(st.floats(0.2, 1.0), st.floats(0.2, 1.0), st.floats(-1, 1), st.floats(0, 0.4), st.sampled_from([0.0, 5.0]))
def test_at_rest_the_thigh_shows_its_share_whatever_the_dynamics(ir, er, end, lag, wobble):
    femur = np.concatenate([np.linspace(0, end, 100), np.full(400, end)])
    turn = Tissue(ir_share=ir, er_share=er, lag_s=lag, wobble_hz=wobble).turn(femur, DT)
    assert turn[-1] == pytest.approx((ir if end > 0 else er) * end, abs=2e-3)


def test_lag_comes_late_and_wobble_rings_and_softening_shows_less():
    step = np.concatenate([np.zeros(10), np.full(190, 0.5)])
    lagging = Tissue(ir_share=1.0, lag_s=0.2).turn(step, DT)
    assert lagging[10 + 20] == pytest.approx(0.5 * (1 - np.exp(-1)), abs=0.02)
    ringing = Tissue(ir_share=1.0, wobble_hz=5.0, wobble_damping=0.2).turn(step, DT)
    # overshoot of a second-order system of damping 0.2
    assert ringing.max() == pytest.approx(0.5 * (1 + np.exp(-np.pi * 0.2 / np.sqrt(1 - 0.04))), rel=0.02)
    assert Tissue(ir_share=1.0, softening_per_rad=0.2).turn(step, DT)[-1] == pytest.approx(0.5 * 0.9)


def test_a_strap_that_slips_stays_where_it_slipped_to():
    turn = Tissue(slip_deg=12.0, slip_at_s=1.0).turn(np.zeros(300), DT)
    assert turn[:100] == pytest.approx(0.0)
    assert np.degrees(turn[160:]) == pytest.approx(12.0)


@pytest.mark.parametrize("place", list(SHARE))
def test_people_are_as_published(place):
    rng = np.random.default_rng(1)
    drawn = [draw(rng, place) for _ in range(4000)]
    shares = np.array([(t.ir_share, t.er_share) for t in drawn])
    mean, sd = SHARE[place]
    assert shares.mean(axis=0) == pytest.approx([mean, mean], abs=0.01)
    assert shares.std(axis=0) == pytest.approx([sd, sd], rel=0.06)
    assert np.diff(shares).std() == pytest.approx(0.05 * np.sqrt(2), rel=0.08)


def test_a_bent_knee_turns_less_and_swings_instead():
    femur = np.array([0.0, 0.3, 0.6])
    turn, swing = Knee(share=1.0, bend_deg=30.0).turn(femur)
    assert turn == pytest.approx(femur * np.cos(np.pi / 6))
    assert np.hypot(turn, swing) == pytest.approx(femur)


def test_both_sensors_see_what_the_skin_lets_them():
    wearer = replace(still, position="supine", reps=3, neutral_sd_deg=0.0)
    both = leg(wearer, Tissue(ir_share=0.6, er_share=0.4), Knee(share=0.95), SENSORS["perfect"], seed=4)
    for samples, truth in ((both.thigh, both.thigh_rad), (both.shank, both.shank_rad)):
        seen = analyze_samples(samples, position="supine", side="right").rotation_deg
        assert np.abs(seen - np.degrees(truth)).max() < 0.7
    assert both.thigh_rad.max() == pytest.approx(0.6 * both.femur_rad.max())
    assert both.shank_rad.min() == pytest.approx(0.95 * both.femur_rad.min())


@pytest.mark.parametrize("position", ["wall", "supine"])
def test_from_two_chips_to_the_bone(position):
    """The whole way, on the wall and lying: the gain of one set makes the next one's angles those of the bone."""
    errors = []
    for seed in range(4):
        tissue = draw(np.random.default_rng(seed))
        wearer = replace(SLOW, position=position)
        both = leg(wearer, tissue, Knee(share=0.98), seed=seed)
        thigh, shank = (analyze_samples(s, position=position, side="right") for s in (both.thigh, both.shank))
        gain = gain_together(
            both.thigh.t_s, np.radians(thigh.rotation_deg), np.radians(shank.rotation_deg),
            shank_swing_rad=np.radians(shank.swing_deg), **KEPT,
        )  # fmt: skip
        used = leg(Wearer(position=position, reps=5, ir_deg=35, er_deg=35), tissue, seed=100 + seed)
        seen = analyze_samples(used.thigh, position=position, side="right")
        bone, sd = gain.bone_angle(np.radians(seen.rotation_deg), np.radians(seen.rotation_sd_deg))
        far = np.abs(used.femur_rad) > np.radians(30)
        errors.append(np.degrees(np.sqrt(np.mean((bone - used.femur_rad)[far] ** 2))))
        assert np.mean(np.abs(bone - used.femur_rad)[far] < 3 * sd[far]) > 0.95
        assert errors[-1] < np.degrees(np.sqrt(np.mean((np.radians(seen.rotation_deg) - used.femur_rad)[far] ** 2)))
    assert np.sqrt(np.mean(np.square(errors))) < 2.0
