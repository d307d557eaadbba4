"""Whatever a sensor says, a step of a guided calibration answers; and only what was truly still is taken for a hold."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from guided import body, followed, sensor, skin
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coxa import quaternion as quat
from coxa.calibration.guide.body import BodyProcedure
from coxa.calibration.guide.course import ATTEMPTS, Guide, joined
from coxa.calibration.guide.ends import ends, from_rest
from coxa.calibration.guide.sensor import SensorProcedure
from coxa.calibration.guide.skin import SkinInTurn, SkinTogether
from coxa.calibration.guide.step import Accepted, Look, Refused
from coxa.calibration.guide.watch import lately, part, stillness
from coxa.errors import InputError
from coxa.samples import Samples
from coxa.simulate import SENSORS, Wearer, simulate
from coxa.simulate.follower import BodyFollower, follow
from coxa_calibration.held import between
from coxa_calibration.readings import CalibrationError


@cache
def steps_and_values():
    """Every step of every procedure, with the values of the steps before it as somebody made them."""
    out = []
    for course in (body(1), sensor(1), skin(0), skin(0, together=False)):
        values = {}
        for step in course.guide.procedure.steps:
            out.append((step, course.guide.procedure.places, dict(values)))
            values[step.key] = course.guide.values[step.key]
    return out


def stream(seed, kind, seconds, rate_hz, bad):
    """Any motion: kind picks how wild it is; bad what is wrong with it."""
    rng = np.random.default_rng(seed)
    n = max(10, int(seconds * rate_hz))
    t = np.arange(n) / rate_hz
    size = {"still": 0.0, "calm": 0.02, "turning": 1.0, "wild": 30.0}[kind]
    smooth = np.ones(15) / 15
    rate = np.column_stack([np.convolve(rng.normal(0, size + 1e-3, n), smooth, "same") for _ in range(3)])
    up = rng.normal(size=3)
    acc = 9.81 * up / np.linalg.norm(up) + rng.normal(0, 0.02 + 0.5 * size, (n, 3))
    if bad == "not a number":
        acc[rng.integers(n), rng.integers(3)] = np.nan
        rate[rng.integers(n)] = np.inf
    elif bad == "time goes back":
        t[rng.integers(1, n)] -= 1.0
    elif bad == "one value":
        rate[:], acc[:] = 0.1, [0.0, 0.0, 9.81]
    elif bad == "nothing":
        rate[:], acc[:] = 0.0, 0.0
    elif bad == "holes":
        t = t + np.cumsum(rng.random(n) < 0.02) * rng.uniform(0, 30)
    elif bad == "huge":
        rate, acc = rate * 1e6, acc * 1e6
    return Samples(t, rate, acc, temperature_c=np.round(20 + t / 60) if seed % 2 else None)


motions = st.tuples(
    st.integers(0, 2**31), st.sampled_from(["still", "calm", "turning", "wild"]), st.floats(0.1, 40.0),
    st.sampled_from([15.0, 50.0, 104.0, 200.0]),
    st.sampled_from(["", "", "", "not a number", "time goes back", "one value", "nothing", "holes", "huge"]),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data(), motions, motions)
def test_no_motion_makes_a_look_raise(data, one, other):
    step, places, values = data.draw(st.sampled_from(steps_and_values()), label="step")
    heard = dict(zip(places, (stream(*one), stream(*other)), strict=False))
    look = step.look(heard, values)
    assert isinstance(look, Look)
    assert look.words
    assert 0.0 <= look.share <= 1.0
    assert look.remaining_s is None or look.remaining_s >= 0.0
    if isinstance(look.outcome, Refused):
        keys = [s.key for s in type_of(step).steps]
        assert look.outcome.back_to in ("", *keys)
        assert look.outcome.what.endswith((".", ")"))
        assert look.outcome.advice.endswith(".")


def type_of(step):
    procedures = (
        BodyProcedure("a", "left", "", ""), SensorProcedure("a", "MPU6886", ""), SkinTogether("a", "left", "", ""),
        SkinInTurn("a", "left", "", ""),
    )  # fmt: skip
    return next(p for p in procedures if step.key in [s.key for s in p.steps])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.35, 1.0]))
@example(14514, 1.0)
def test_what_is_taken_for_a_hold_was_still(seed, wander_deg):
    """Somebody fidgets in bursts and keeps still in between: the hold that is taken is from in between."""
    sim = simulate(
        Wearer(position="standing", activity="fidgeting", duration_s=60.0, wander_deg=wander_deg),
        SENSORS["LSM6DSOX"], seed=seed,
    )  # fmt: skip
    step = BodyProcedure("a1b2", "right", "anna", "hole 3").steps[0]
    for at in range(400, len(sim.samples), 60):
        outcome = step.look({"thigh": part(sim.samples, 0, at)}, {}).outcome
        if outcome is None:
            continue
        assert outcome.value.end_s - outcome.value.start_s > 4.4
        held = (sim.truth.t_s >= outcome.value.start_s) & (sim.truth.t_s <= outcome.value.end_s)
        up = quat.rotate(quat.conjugate(sim.truth.quat[held]), np.array([0.0, 0.0, 1.0]))
        away = max(between(one, up.mean(axis=0)) for one in up)
        assert np.degrees(away) < 3.0
        break


@pytest.mark.parametrize("gap_s", [0.3, 5.0])
def test_a_hold_does_not_go_on_across_a_hole(gap_s):
    """8 s are looked back over; the hole is 4 s before the end."""
    still = simulate(Wearer(activity="rest", start_still_s=0.0, duration_s=9.0), SENSORS["LSM6DSOX"], seed=1).samples
    broken = replace(still, t_s=np.where(still.t_s < 5.0, still.t_s, still.t_s + gap_s))
    assert stillness(still).seconds > 7.5
    assert 3.5 < stillness(broken).seconds < 4.1


@pytest.mark.parametrize("bias_dps", [0.0, 3.0])
@pytest.mark.parametrize("reps", [1, 4])
def test_turns_are_counted_whatever_the_bias(bias_dps, reps):
    sensor_ = replace(SENSORS["LSM6DSOX"], gyro_bias_dps=bias_dps)
    for seed in range(4):
        sim = simulate(Wearer(reps=reps, ir_deg=15.0, er_deg=15.0), sensor_, seed=seed)
        assert ends(sim.samples).both == reps


def test_a_rest_in_another_pose_is_no_rest_before_the_turns():
    """Standing, lying down, and turning at once: the next best rest is the one in standing."""
    person = BodyFollower("right", SENSORS["LSM6DSOX"], 3, {"turns": "at_once"})
    standing = person.act("standing", 1)["thigh"]
    turns = person.act("turns", 1)["thigh"]
    both = joined([standing, turns])
    assert ends(both, person.axis()).both >= 3
    with pytest.raises(CalibrationError, match="no rest before"):
        from_rest(both, 3, person.axis())
    person = BodyFollower("right", SENSORS["LSM6DSOX"], 3)
    both = joined([person.act("standing", 1)["thigh"], person.act("turns", 1)["thigh"]])
    assert from_rest(both, 3, person.axis()).t_s[0] > standing.t_s[-1]


def test_looking_is_quick_however_long_a_step_takes():
    """Three minutes at 200 Hz. The limit is 30 ms on a slow machine; a busy one is allowed four times that."""
    sim = simulate(
        Wearer(position="standing", activity="fidgeting", duration_s=180.0, wander_deg=2.0),
        replace(SENSORS["MPU6886"], rate_hz=200.0), seed=1,
    )  # fmt: skip
    for step, places, values in steps_and_values():
        heard = dict.fromkeys(places, sim.samples)
        step.look(heard, values)
        took = []
        for _ in range(5):
            begin = time.perf_counter()
            look = step.look(heard, values)
            took.append(time.perf_counter() - begin)
        if look.outcome is None:
            assert min(took) < 0.12, step.key


def test_only_what_is_asked_for_is_looked_at():
    samples = stream(1, "calm", 30.0, 100.0, "")
    assert len(lately(samples, 2.0)) == pytest.approx(200, abs=2)
    sparse = part(samples, 0, 12)
    assert len(lately(sparse, 0.001)) == 10


def test_a_step_that_sends_back_again_and_again_is_given_up():
    """The pose is accepted each time, the turns are refused each time."""
    person = BodyFollower("right", SENSORS["LSM6DSOX"], 1, {"turns": "swings"})

    class NeverLearns:
        def act(self, key, attempt):
            person.forget()
            return person.act(key, 1 if key == "turns" else attempt)

    guide = Guide(BodyProcedure("a1b2", "right", "anna", "hole 3"))
    decided = []
    guide.listeners.append(lambda step, outcome: decided.append((step.key, type(outcome))))
    with pytest.raises(InputError, match="was not done in 6 attempts"):
        for _ in follow(guide, NeverLearns(), 0.5):
            pass
    assert decided.count(("turns", Refused)) == ATTEMPTS - 1  # the last one is the error
    assert decided.count(("wall", Accepted)) == ATTEMPTS


def test_a_view_may_draw_after_each_chunk():
    course = followed(BodyProcedure("a1b2", "right", "anna", "hole 3"), BodyFollower("right", SENSORS["LSM6DSOX"], 2))
    numbers = [stand.number for stand in course.stands]
    assert numbers == sorted(numbers)
    assert course.stands[-1].done
    counting = [s.look.remaining_s for s in course.stands if s.look and s.look.state == "still" and s.number == 1]
    assert min(counting) < 0.5
    assert max(counting) > 3.0


def test_there_is_time_to_listen_before_a_hold_counts():
    still = simulate(Wearer(activity="rest", position="standing", duration_s=12.0), SENSORS["LSM6DSOX"], seed=3).samples
    step = BodyProcedure("a1b2", "right", "anna", "hole 3").steps[0]
    outcomes = {at: step.look({"thigh": part(still, 0, at * 104)}, {}).outcome for at in (2, 6, 7, 9)}
    assert [at for at, outcome in outcomes.items() if isinstance(outcome, Accepted)] == [9]
