"""The guided calibration of the skin: followed by simulated people, done well and done badly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from guided import AT, CHIPS, SIDES, followed, gain_of, skin
from scipy.stats import chi2

from coxa.calibration.guide.skin import SkinInTurn, SkinTogether
from coxa.calibration.guide.step import Refused
from coxa.errors import InputError
from coxa.simulate import SENSORS
from coxa.simulate.follower import SkinFollower

SURE = 0.9999
"""A statistic over all seeds is refused only beyond this."""


def off(course):
    """How far the two shares are from the truth, in sd."""
    gain, tissue = gain_of(course), course.follower.tissue
    return [(gain.k_ir.value - tissue.ir_share) / gain.k_ir.sd, (gain.k_er.value - tissue.er_share) / gain.k_er.sd]


@pytest.mark.slow
@pytest.mark.parametrize("together", [True, False])
def test_the_shares_are_as_near_to_the_truth_as_is_said(together):
    """12 people, both sides, three chips. The two shares of a person have the shank in common: each direction is judged
    by itself, as chi-square."""
    courses = [skin(seed, together=together) for seed in range(12)]
    assert sum(len(course.refused) for course in courses) <= 2
    inward, outward = np.array([off(course) for course in courses]).T
    for away in (inward, outward):
        assert chi2.ppf(1 - SURE, 12) < float(away @ away) < chi2.ppf(SURE, 12)
    shares = {course.follower.side for course in courses}
    assert shares == set(SIDES)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("position", ["supine", "wall"])
def test_inward_is_inward_on_both_sides(side, position):
    """A person whose skin shows much more inward than outward."""
    person = SkinFollower(side, SENSORS["LSM6DSOX"], 3, position=position)
    person.tissue = replace(person.tissue, ir_share=0.75, er_share=0.45)
    course = followed(SkinTogether("a1b2", side, "anna", "hole 3", position=position), person)
    gain = gain_of(course)
    assert gain.k_ir.value == pytest.approx(0.75, abs=5 * gain.k_ir.sd)
    assert gain.k_er.value == pytest.approx(0.45, abs=5 * gain.k_er.sd)
    assert gain.k_ir.value - gain.k_er.value > 0.2


def test_what_is_kept_and_told():
    course = skin(1)
    kept, gain = course.finished.kept, gain_of(course)
    assert (kept.kind, kept.uid, kept.person, kept.side, kept.made_at) == ("skin", "a1b2", "anna", "right", AT)
    assert (gain.made_at, gain.strap, gain.method, gain.n_reps) == (AT, "hole 3", "together", 5)
    lines = dict(course.finished.lines)
    assert lines["Share shown inward"].startswith(f"{100 * gain.k_ir.value:.0f} %")
    assert "R²" in lines["Fit"]
    bone = 20 / gain.k_ir.value
    assert f"20° inward at the strap is {bone:.0f}° ±" in course.finished.changes[0]
    assert f"{gain.mdc_scaled(1.0):.1f} times" in lines["Change that can be told"]
    assert course.kept.skin() == gain


def test_one_sensor_is_moved_and_waited_for():
    course = skin(2, together=False)
    assert gain_of(course).method == "in-turn"
    assert [key for key, _ in course.decided] == ["thigh", "move", "shank"]
    slow = skin(2, together=False, clumsy={"move": "forgets"})
    assert [key for key, _ in slow.decided] == ["thigh", "move", "shank"]
    waited = [s.look.words for s in slow.stands if s.step and s.step.key == "move" and s.look]
    assert waited.count("move the strap to the shank") > 10


@pytest.mark.parametrize(
    ("clumsy", "reason", "position"),
    [
        ("small", "small_range", "supine"),
        ("no_stops", "too_few", "supine"),
        ("slips", "moved", "supine"),
        ("loose", "poor_fit", "supine"),
        ("exchanged", "exchanged", "supine"),
        ("swings", "swing", "supine"),
        ("no_rest", "too_few", "supine"),
        ("opposite", "opposite", "wall"),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_done_badly_with_two_sensors_is_refused_and_done_again(clumsy, reason, position, seed):
    course = skin(seed, clumsy={"reps": clumsy}, position=position)
    assert course.refused[0] == ("reps", reason, "")
    assert np.all(np.abs(off(course)) < 4)
    told = next(outcome for _, outcome in course.decided if isinstance(outcome, Refused))
    for sentence in (told.what, told.advice):
        assert sentence[0].isupper()
        assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("clumsy", "refusal"),
    [
        ({"thigh": "slips"}, ("thigh", "moved", "")),
        ({"thigh": "no_rest"}, ("thigh", "too_few", "")),
        ({"thigh": "swings"}, ("thigh", "too_few", "")),
        ({"shank": "small"}, ("shank", "small_range", "")),
        ({"thigh": "exchanged", "shank": "exchanged"}, ("shank", "exchanged", "thigh")),
    ],
)
@pytest.mark.parametrize("seed", [0, 2])
def test_what_is_done_badly_with_one_sensor_is_refused_and_done_again(clumsy, refusal, seed):
    course = skin(seed, together=False, clumsy=clumsy)
    # whoever returns to the neutral badly with it on the shank hears of that first, and then does it right
    assert refusal in course.refused or ("exchanged" in clumsy.values() and course.refused[0][1] == "moved")
    assert np.all(np.abs(off(course)) < 4)


def test_a_sensor_that_never_came_to_the_shank_is_asked_about():
    """Two sets on the thigh are alike: a share of 1, which nothing forbids and hardly anybody has."""
    course = skin(6, together=False, clumsy={"shank": "exchanged"})
    gain = gain_of(course)
    assert gain.k_ir.value == pytest.approx(1.0, abs=0.15)
    assert any("on the shank, below the knee" in sentence for sentence in course.finished.changes)
    assert not any("below the knee" in sentence for sentence in skin(6).finished.changes)


def test_sets_that_cannot_be_alike_enough_are_given_up_and_stops_are_advised():
    """A hip that turns by 21° each way, with nothing to touch: what sets differ by is a tenth of it."""
    person = SkinFollower("right", SENSORS["LSM6DSOX"], 1, together=False)
    person.ends_deg = np.array([21.0, 21.0])
    with pytest.raises(InputError, match="touch at both ends"):
        followed(SkinInTurn("a1b2", "right", "anna", "hole 3"), person)


def test_two_turns_are_not_enough_and_are_counted():
    course = skin(4, clumsy={"reps": "few"})
    assert course.refused == []
    assert {"1 of 5 turns out and in", "2 of 5 turns out and in"} <= course.words
    assert gain_of(course).n_reps >= 5


def test_a_hole_in_one_stream_does_no_harm():
    def lossy(_key, _attempt, s):
        keep = (s.t_s < s.t_s[0] + 20.0) | (s.t_s > s.t_s[0] + 20.4)
        return replace(s, t_s=s.t_s[keep], gyr_rad_s=s.gyr_rad_s[keep], acc_m_s2=s.acc_m_s2[keep],
                       temperature_c=s.temperature_c[keep])  # fmt: skip

    assert np.all(np.abs(off(skin(5, altered=lossy))) < 4)


@pytest.mark.parametrize("activity", ["walking", "fidgeting", "rest"])
def test_whoever_does_not_turn_the_leg_gets_no_gain(activity):
    from coxa.calibration.guide.watch import part
    from coxa.simulate import Wearer, simulate

    position = "standing" if activity == "walking" else "supine"
    sims = [simulate(Wearer(position=position, activity=activity, duration_s=90.0), SENSORS[CHIPS[0]], seed=s).samples
            for s in (1, 2)]  # fmt: skip
    step = SkinTogether("a1b2", "right", "anna", "hole 3").steps[0]
    for at in range(50, min(map(len, sims)), 100):
        look = step.look({"thigh": part(sims[0], 0, at), "shank": part(sims[1], 0, at)}, {})
        assert look.outcome is None or isinstance(look.outcome, Refused)
