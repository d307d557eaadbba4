"""The simulated person of a guided calibration: chips that stay on, one time, poses that are what they are called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from guided import CHIPS, SIDES

from coxa.simulate import SENSORS
from coxa.simulate.follower import BodyFollower, SensorFollower, SkinFollower
from coxa.simulate.powered import ROOM_C, Powered
from coxa.simulate.sensor import drawn, measure

FIGURES = {
    # by the code as it was when the published figures were made: sums of counts of rate and force, of their sizes, of
    # the bias; and the next number of the generator
    "LSM6DSOX": (528132, 5658417, 2946012, 9959441, 17.593993585522263, 333853799),
    "MPU6886": (603373, 5666858, 3377989, 10039730, 17.510182065006425, 333853799),
    "ICM-42688-P": (572378, 5634150, 3353954, 9939136, 8.796996792761131, 333853799),
    "perfect": (825987437, 682972689, 5086901893, 1207619797, 0.0, 333853799),
}


@pytest.mark.parametrize("name", FIGURES)
def test_measuring_draws_in_the_same_order_as_ever(name):
    rng = np.random.default_rng(7)
    t = np.arange(500)[:, None] * 0.01
    r = measure(SENSORS[name], np.sin(t * [1.0, 2.0, 3.0]), 9.8 * np.cos(t * [0.3, 0.2, 0.1]), 0.01, rng)
    counts = [int(c) for c in (r.gyr_counts.sum(), r.acc_counts.sum(), np.abs(r.gyr_counts).sum(),
                               np.abs(r.acc_counts).sum())]  # fmt: skip
    *expected, bias, after = FIGURES[name]
    assert counts == expected
    assert r.bias_rad_s.sum() == pytest.approx(bias, rel=1e-12)
    assert rng.integers(10**9) == after


def test_a_chip_that_is_drawn_once_reads_the_same_errors_each_time():
    chip = drawn(replace(SENSORS["LSM6DSOX"], gyro_noise_mdps_rthz=0, acc_noise_ug_rthz=0), np.random.default_rng(1))
    n = 50
    rate, force = np.tile([0.5, -0.2, 0.1], (n, 1)), np.tile([0.0, 0.0, 9.8], (n, 1))
    quiet = np.zeros((n, 3)), np.zeros((n, 3))
    one, other = (chip.read(rate, force, 0.01, np.tile(chip.gyro_bias_dps, (n, 1)), quiet) for _ in range(2))
    assert np.array_equal(one.gyr_counts, other.gyr_counts)
    true = np.degrees(chip.gyro_matrix @ chip.to_sensor @ [0.5, -0.2, 0.1]) + chip.gyro_bias_dps
    assert np.degrees(one.gyr_rad_s).mean(axis=0) == pytest.approx(true, abs=0.01)


def test_a_chip_that_stays_on_warms_up_and_its_bias_follows():
    sensor = replace(SENSORS["MPU6886"], gyro_bias_walk_dps_rts=0.0, warm_up_c=8.0)
    powered = Powered(drawn(sensor, np.random.default_rng(3)), np.random.default_rng(4))
    parts = [powered.read(np.zeros((6000, 3)), np.tile([0.0, 0.0, 9.8], (6000, 1))) for _ in range(10)]
    ends = [part.t_s[-1] for part in parts[:-1]]
    assert np.allclose([part.t_s[0] for part in parts[1:]], np.array(ends) + powered.dt_s)
    temperature = np.concatenate([part.temperature_c for part in parts])
    assert np.array_equal(temperature, np.round(temperature))
    assert temperature[0] == ROOM_C
    assert temperature[-1] == pytest.approx(ROOM_C + 8.0 * (1 - np.exp(-2.0)), abs=0.5)
    drift = np.degrees(parts[-1].gyr_rad_s[-3000:].mean(axis=0) - parts[0].gyr_rad_s[:3000].mean(axis=0))
    warmed = 8.0 * (np.exp(-15 / 300) - np.exp(-585 / 300))
    # noise of 30 s: 4 mdps/√Hz · √(1/(2·30)) · √2 = 0.7 mdps
    assert drift == pytest.approx(warmed * powered.chip.gyro_tempco_dps_c, abs=0.005)


def test_the_bias_goes_on_walking_from_where_it_was():
    sensor = replace(SENSORS["LSM6DSOX"], gyro_bias_walk_dps_rts=1.0, gyro_noise_mdps_rthz=0.0, warm_up_c=0.0)
    powered = Powered(drawn(sensor, np.random.default_rng(3)), np.random.default_rng(4))
    one, other = (powered.read(np.zeros((2000, 3)), np.zeros((2000, 3))) for _ in range(2))
    step = np.degrees(other.gyr_rad_s[0] - one.gyr_rad_s[-1])
    assert np.abs(step).max() < 6 * np.sqrt(powered.dt_s) + 0.02
    assert np.abs(np.degrees(other.gyr_rad_s[-1] - one.gyr_rad_s[0])).max() > 1.0


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("seed", range(3))
def test_gravity_in_each_pose_is_where_the_thigh_has_it(side, seed):
    person = BodyFollower(side, SENSORS[CHIPS[seed]], seed)
    for key, along in (("standing", 1.0), ("seated", 0.0), ("wall", -1.0)):
        samples = person.act(key, 1)["thigh"]
        held = samples.acc_m_s2[samples.t_s > samples.t_s[-1] - 4.0].mean(axis=0)
        up = held / np.linalg.norm(held)
        # habits (knee, lean, slope of the seat), 20 mg of offset: within 20°
        assert up @ person.axis("standing" if key == "standing" else "wall") == pytest.approx(along, abs=0.34), key


@pytest.mark.parametrize("kind", ["sensor", "body", "together", "in turn"])
def test_time_goes_on_from_act_to_act_without_a_step(kind):
    sensor = SENSORS["LSM6DSOX"]
    person, keys = {
        "sensor": (SensorFollower(sensor), ("rest", "pose-1", "pose-2", "turns")),
        "body": (BodyFollower("left", sensor), ("standing", "seated", "wall", "turns")),
        "together": (SkinFollower("left", sensor), ("reps", "reps")),
        "in turn": (SkinFollower("left", sensor, together=False), ("thigh", "move", "shank")),
    }[kind]
    acts = [person.act(key, 1) for key in keys]
    for place in acts[0]:
        t = np.concatenate([act[place].t_s for act in acts])
        assert np.allclose(np.diff(t), 1 / sensor.rate_hz)
        assert all(act[place].temperature_c is not None for act in acts)


def test_the_same_seed_is_the_same_person_and_another_seed_another():
    one, same, other = (BodyFollower("right", SENSORS["LSM6DSOX"], seed).act("standing", 1)["thigh"]
                        for seed in (5, 5, 6))  # fmt: skip
    assert np.array_equal(one.acc_m_s2, same.acc_m_s2)
    n = min(len(one), len(other))
    assert not np.allclose(one.acc_m_s2[:n], other.acc_m_s2[:n], atol=0.1)


def test_a_case_upside_down_is_put_right_when_somebody_says_so():
    person = BodyFollower("right", SENSORS["LSM6DSOX"], 2, {"standing": "upside_down"})
    right = person.axis()
    person.act("standing", 1)
    assert person.axis() @ right == pytest.approx(-1.0)
    person.act("standing", 2)
    assert person.axis() @ right == pytest.approx(1.0)


def test_the_shank_turns_further_than_the_strap_on_the_thigh():
    person = SkinFollower("right", SENSORS["LSM6DSOX"], 4)
    both = person.act("reps", 1)
    turned = {p: np.abs(s.gyr_rad_s - np.median(s.gyr_rad_s, axis=0)).sum() for p, s in both.items()}
    assert turned["thigh"] / turned["shank"] < 0.95
