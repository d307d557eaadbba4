"""The guided calibration of a sensor: followed by simulated people, done well and done badly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from guided import AT, CHIPS, sensor
from scipy.stats import chi2

from coxa.calibration.guide.sensor import SensorProcedure
from coxa.calibration.guide.sensor_steps import Pose, before_poses, one_recording
from coxa.calibration.guide.step import Accepted, Refused
from coxa.errors import InputError
from coxa.samples import GRAVITY_M_S2, Samples
from coxa.simulate.handled import UPS
from coxa_calibration.readings import CalibrationError
from coxa_calibration.stillness import StillSpan

SURE = 0.9999
"""A statistic over all seeds is refused only beyond this."""

MG = GRAVITY_M_S2 * 1e-3


def frame_of(calibration, chip):
    """(3, 3) the common turn that no pose can show."""
    u, _, v = np.linalg.svd(calibration.acc_matrix @ chip.acc_matrix)
    return u @ v


@pytest.mark.slow
def test_offsets_scales_and_bias_are_as_near_to_the_truth_as_is_said():
    """Nine chips: the squared errors, in sd, of the numbers that are found are below what chi-square allows; and the
    chip is better than before."""
    errors = {"offset": [], "scale": [], "bias": []}
    for seed in range(9):
        course = sensor(seed)
        assert course.refused == []
        found, history = course.kept.sensor()
        chip = course.follower.chip
        assert found.parts == ("accelerometer", "bias", "scale")
        assert history.keys == ("simulated",)
        offset = found.acc_offset_m_s2 - chip.acc_bias_mg * MG
        errors["offset"].append(offset / found.acc_offset_sd_m_s2)
        assert np.linalg.norm(offset) < 0.5 * np.linalg.norm(chip.acc_bias_mg * MG)
        true = frame_of(found, chip) @ np.linalg.inv(chip.gyro_matrix)
        errors["scale"].append(np.diag(found.gyro_matrix - true) / np.diag(found.gyro_matrix_sd))
        bias, sd = found.bias.at(25.0)
        errors["bias"].append((bias - np.radians(chip.gyro_bias_dps)) / sd)
    for name, values in errors.items():
        assert np.sum(np.square(values)) < chi2.ppf(SURE, np.size(values)), name


def test_what_is_kept_and_told():
    course = sensor(1)
    kept = course.finished.kept
    assert (kept.kind, kept.uid, kept.person, kept.side) == ("sensor", "a1b2", None, None)
    found, history = course.kept.sensor()
    assert (found.chip, found.firmware, found.made_at) == ("MPU6886", "1.2", AT)
    assert history.sessions == 1
    lines = dict(course.finished.lines)
    for name in ("Accelerometer offset", "Gyroscope scale error", "Gyroscope offset at 25 °C"):
        assert "data sheet" in lines[name]
        assert "±" in lines[name]
    assert "in a pose that was left out" in lines["Poses"]
    assert float(lines["Poses"].split("again to ")[1].split(" mg")[0]) < 3.0
    assert "not known yet" in lines["Gyroscope drift with temperature"]
    assert "direction was off by up to" in course.finished.changes[0]


def test_the_ten_turns_may_be_left_out_and_then_the_moves_show_the_scale():
    with_turns, without = sensor(3), sensor(3, without=("turns",))
    sds = [float(np.diag(c.kept.sensor()[0].gyro_matrix_sd).min()) for c in (with_turns, without)]
    assert "turns" not in without.guide.values
    assert sds[0] < 0.5 * sds[1]
    assert "scale" in without.kept.sensor()[0].parts
    # moves alone show it better than the data sheet: 1 %
    assert sds[1] < 0.005


def test_without_a_temperature_no_bias_is_kept():
    course = sensor(2, without=("turns",), altered=lambda _key, _attempt, s: replace(s, temperature_c=None))
    found, history = course.kept.sensor()
    assert found.parts == ("accelerometer", "scale")
    assert history.sessions == 0
    assert "no temperature" in dict(course.finished.lines)["Gyroscope offset"]


def test_a_second_calibration_goes_on_from_the_first_and_says_what_changed():
    first = sensor(4, without=("turns",))
    later = AT + timedelta(days=30)
    second = sensor(4, without=("turns",), known=first.kept.sensor(), at=later, source="again")
    _, history = second.kept.sensor()
    assert history.keys == ("simulated", "again")
    lines = dict(second.finished.lines)
    assert "accelerometer offset" in lines["Since the last time (30 days)"]
    # the same chip in the same hands: the change is within what both are uncertain of
    assert "changes by up to" in second.finished.changes[0]
    a, b = (c.kept.sensor()[0] for c in (first, second))
    assert np.all(np.abs(a.acc_offset_m_s2 - b.acc_offset_m_s2) < 5 * a.acc_offset_sd_m_s2)
    # the same raw data taken twice count once
    twice = sensor(4, without=("turns",), known=first.kept.sensor(), at=later, source="simulated")
    assert twice.kept.sensor()[1].keys == ("simulated",)


def test_a_chip_without_a_data_sheet_is_calibrated_with_wide_tolerances():
    procedure = SensorProcedure("a1b2", "BMI270", "1.0")
    assert procedure.sheet.chip == "unknown"
    assert len(procedure.steps) == 14


@pytest.mark.parametrize(
    ("clumsy", "refusal", "words"),
    [
        ({"turns": "nine"}, ("turns", "turns", ""), "not the 10"),
        ({"turns": "lifted"}, ("turns", "wobble", ""), "off the vertical"),
        ({"turns": "at_once"}, ("turns", "moving", ""), "no rest before"),
    ],
)
def test_turns_done_badly_are_refused_and_done_again(clumsy, refusal, words):
    course = sensor(5, clumsy=clumsy)
    assert course.refused == [refusal]
    told = next(o for _, o in course.decided if isinstance(o, Refused))
    assert words in told.what
    assert isinstance(course.decided[-1][1], Accepted)


@pytest.mark.parametrize("seed", [1, 5, 6])
def test_how_the_sensor_comes_onto_the_table_is_no_turn_on_it(seed):
    """Whoever is refused picks it up, and may lay it on another side before it is turned again."""
    course = sensor(seed, clumsy={"turns": "nine", "pose-3": "same"})
    assert course.refused == [("turns", "turns", "")]


def test_a_pose_like_an_earlier_one_is_waited_out_and_named():
    course = sensor(6, clumsy={"pose-4": "same"}, without=("turns",))
    assert course.refused == []
    assert "like pose 3: turn it to another side" in course.words
    forces = np.array([value.span.acc_m_s2 for value in course.guide.values.values() if isinstance(value, Pose)])
    ups = forces / np.linalg.norm(forces, axis=1, keepdims=True)
    assert np.max(ups @ ups.T - 2 * np.eye(12)) < np.cos(np.radians(24))


def test_a_pose_that_is_not_held_is_waited_for():
    course = sensor(7, clumsy={"pose-2": "moves"}, without=("turns",))
    assert course.refused == []
    moving = [s for s in course.stands if s.step and s.step.key == "pose-2" and s.look and s.look.state == "moving"]
    assert len(moving) > 10


def test_samples_missing_from_the_turns_are_told():
    def lossy(key, attempt, s):
        keep = np.abs(s.t_s - s.t_s[0] - 15.0) > (0.2 if key == "turns" and attempt == 1 else -1.0)
        return replace(s, t_s=s.t_s[keep], gyr_rad_s=s.gyr_rad_s[keep], acc_m_s2=s.acc_m_s2[keep],
                       temperature_c=s.temperature_c[keep])  # fmt: skip

    assert sensor(8, altered=lossy).refused == [("turns", "gap", "")]


def test_turns_too_fast_for_the_range_are_told():
    with pytest.raises(InputError, match="end of its range"):
        sensor(0, gyro_range_dps=125.0)


@pytest.mark.parametrize(
    ("altered", "words"),
    [
        (lambda _k, _a, s: replace(s, acc_m_s2=s.acc_m_s2 / GRAVITY_M_S2), "looks like g"),
        (lambda k, _a, s: s if k == "rest" else replace(s, gyr_rad_s=np.degrees(s.gyr_rad_s)), "deg/s"),
        (lambda _k, _a, s: replace(s, t_s=s.t_s * 10), "sampling rate"),
        (lambda _k, _a, s: replace(s, acc_m_s2=np.where(s.t_s[:, None] > 1, np.nan, s.acc_m_s2)), "not a number"),
    ],
)
def test_readings_that_are_none_are_told_and_given_up(altered, words):
    with pytest.raises(InputError, match=words):
        sensor(0, altered=altered)


def test_a_chip_that_no_chip_is_like_makes_no_calibration():
    with pytest.raises(CalibrationError, match="far from the identity"):
        sensor(0, without=("turns",), altered=lambda _k, _a, s: replace(s, acc_m_s2=s.acc_m_s2 * 1.4))


def poses(ups, g=GRAVITY_M_S2):
    """Poses as if held: values of the steps, by key."""
    small = np.eye(3) * 1e-8
    t = np.arange(400) / 100
    out = {}
    for k, up in enumerate(ups, 1):
        force = np.asarray(up, dtype=float) / np.linalg.norm(up) * (g if np.isscalar(g) else g[k - 1])
        samples = Samples(t, np.zeros((400, 3)), np.tile(force, (400, 1)))
        out[f"pose-{k}"] = Pose(samples, StillSpan(50, 350, 0.5, 3.5, np.zeros(3), force, small, small, 25.0))
    return out


def last_look(ups, g=GRAVITY_M_S2):
    """What the last pose says, held by a sensor with a little noise."""
    given = poses(ups, g)
    last = given.pop("pose-12")
    rng = np.random.default_rng(0)
    noisy = replace(last.samples, gyr_rad_s=rng.normal(0, 1e-3, (400, 3)),
                    acc_m_s2=last.samples.acc_m_s2 + rng.normal(0, 5e-3, (400, 3)))  # fmt: skip
    return SensorProcedure("a1b2", "LSM6DSOX", "1").steps[12].look({"sensor": noisy}, given).outcome


def test_poses_of_one_half_send_back_to_the_corners():
    above = [[np.cos(a) * s, np.sin(a) * s, np.sqrt(1 - s * s)] for s in (0.5, 0.94) for a in np.arange(6) * np.pi / 3]
    told = last_look(above)
    assert (told.reason, told.back_to) == ("one_half", "pose-7")
    assert "side down" in told.advice


def test_a_pose_that_does_not_fit_the_others_sends_back_to_the_first():
    sizes = [GRAVITY_M_S2] * 12
    sizes[4] *= 1.2
    told = last_look(UPS, sizes)
    assert (told.reason, told.back_to) == ("inconsistent", "pose-1")


def test_twelve_good_poses_are_accepted():
    assert isinstance(last_look(UPS), Accepted)


def test_the_moves_between_are_kept_with_the_poses():
    course = sensor(0, without=("turns",))
    held = before_poses(course.guide.values)
    whole, spans = one_recording(held)
    assert len(spans) == 12
    assert np.all(np.diff(whole.t_s) < 0.05)
    for pose, span in zip(held, spans, strict=True):
        assert whole.t_s[span.begin] == pose.span.start_s
        assert whole.acc_m_s2[span.begin : span.end].mean(axis=0) == pytest.approx(span.acc_m_s2)


@pytest.mark.parametrize("chip", CHIPS)
def test_a_walking_person_never_calibrates_a_sensor(chip):
    from coxa.calibration.guide.course import Guide
    from coxa.calibration.guide.watch import part
    from coxa.simulate import SENSORS, Wearer, simulate

    sim = simulate(Wearer(position="standing", activity="walking", duration_s=60.0), SENSORS[chip], seed=1)
    guide = Guide(SensorProcedure("a1b2", chip, "1"))
    for at in range(0, len(sim.samples) - 20, 20):
        guide.push("sensor", part(sim.samples, at, at + 20))
        assert guide.advance().number == 1
    pose = guide.procedure.steps[1]
    for at in range(20, len(sim.samples), 50):
        assert pose.look({"sensor": part(sim.samples, 0, at)}, {}).outcome is None
