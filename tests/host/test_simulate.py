"""The simulator against its documented physics: it is the truth that everything else is measured by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from variety import perfect, raw, rmse, steady

from coxa import quaternion as quat
from coxa.decode import decode
from coxa.hip import swing_twist
from coxa.results import POSITIONS, SIDES
from coxa.samples import GRAVITY_M_S2
from coxa.simulate import SENSORS, Sensor, Stream, Wearer, simulate, wire_blocks
from coxa.simulate.sensor import measure
from coxa.simulate.stream import received

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from(POSITIONS))
def test_the_same_seed_gives_the_same_recording_and_another_seed_another(seed, position):
    a, b, other = (simulate(Wearer(position=position, reps=2), seed=s) for s in (seed, seed, seed + 1))
    for name in ("t_s", "gyr_rad_s", "acc_m_s2"):
        assert np.array_equal(getattr(a.samples, name), getattr(b.samples, name))
    assert np.array_equal(a.truth.rotation_rad, b.truth.rotation_rad)
    assert a.truth.reps == b.truth.reps
    assert a.samples.gyr_rad_s[0, 0] != other.samples.gyr_rad_s[0, 0]
    assert not np.array_equal(a.truth.axis, other.truth.axis)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("position", POSITIONS)
def test_the_integral_of_a_perfect_gyroscope_is_the_true_orientation(position, side):
    wearer = Wearer(position=position, side=side, reps=3, flexion_per_rotation=0.2, abduction_per_rotation=0.1)
    sim = simulate(wearer, perfect(), seed=5)
    dt = np.diff(sim.samples.t_s)[:, None]
    q = np.empty_like(sim.truth.quat)
    q[0] = sim.truth.quat[0]
    half_way = 0.5 * (sim.samples.gyr_rad_s[:-1] + sim.samples.gyr_rad_s[1:]) * dt
    for k, step in enumerate(quat.from_rotation_vector(half_way)):
        q[k + 1] = quat.multiply(q[k], step)
    away = np.degrees(np.linalg.norm(quat.to_rotation_vector(quat.multiply(quat.conjugate(q), sim.truth.quat)), axis=1))
    assert away.max() < 0.05


@pytest.mark.parametrize(
    ("position", "up_along_the_femur"),
    [("wall", -1.0), ("standing", 1.0), ("seated", 0.0), ("prone", 0.0), ("supine", 0.0), ("side", 0.0)],
)
@pytest.mark.parametrize("side", SIDES)
def test_at_rest_the_accelerometer_reads_gravity_upwards(position, up_along_the_femur, side):
    """u points to the hip, which is below the knee on the wall: the specific force, upwards, is along −u."""
    sim = simulate(steady(position=position, side=side, activity="rest", duration_s=5.0), perfect(), seed=9)
    acc = sim.samples.acc_m_s2
    assert np.linalg.norm(acc, axis=1) == pytest.approx(GRAVITY_M_S2, abs=0.01)
    assert acc @ sim.truth.axis == pytest.approx(up_along_the_femur * GRAVITY_M_S2, abs=0.01)
    in_earth = quat.rotate(sim.truth.quat, acc)
    assert np.allclose(in_earth, [0, 0, GRAVITY_M_S2], atol=0.02)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize(("side", "sign"), [("right", 1.0), ("left", -1.0)])
def test_internal_rotation_is_positive_on_both_sides(position, side, sign):
    """Right +θ about u, left −θ; and ER, the first end, comes first."""
    sim = simulate(steady(position=position, side=side, reps=2, ir_deg=20.0, er_deg=50.0), perfect(), seed=4)
    start = quat.mean(sim.truth.quat[:200])
    _, twist = swing_twist(sim.truth.quat, start, sim.truth.axis)
    twist = twist - 2 * np.pi * np.round(twist[0] / (2 * np.pi))
    assert np.allclose(sign * twist, sim.truth.rotation_rad, atol=1e-6)
    assert np.degrees(sim.truth.rotation_rad.max()) == pytest.approx(20.0, abs=0.1)
    assert np.degrees(sim.truth.rotation_rad.min()) == pytest.approx(-50.0, abs=0.1)
    assert sim.truth.rotation_rad.argmin() < sim.truth.rotation_rad.argmax()


@settings(max_examples=15, deadline=None)
@given(
    seed=seeds,
    ir=st.floats(10, 55),
    er=st.floats(10, 55),
    hold=st.sampled_from([0.0, 0.5, 2.0]),
    ir_first=st.booleans(),
    start=st.sampled_from([0.0, 3.0]),
)
def test_the_true_repetitions_are_what_the_series_shows(*, seed, ir, er, hold, ir_first, start):
    order = "ir-first" if ir_first else "er-first"
    sim = simulate(
        steady(reps=3, ir_deg=ir, er_deg=er, hold_s=hold, order=order, start_still_s=start, half_reps=(1,)),
        perfect(),
        seed=seed,
    )
    t, angle = sim.truth.t_s, np.degrees(sim.truth.rotation_rad)
    assert len(sim.truth.reps) == 3
    for index, rep in enumerate(sim.truth.reps):
        inside = (t >= rep.start_s) & (t <= rep.end_s)
        half = index == 1
        skipped = ("er" if ir_first else "ir") if half else ""
        assert rep.ir_deg == pytest.approx(0.0 if skipped == "ir" else angle[inside].max(), abs=0.05)
        assert rep.er_deg == pytest.approx(0.0 if skipped == "er" else -angle[inside].min(), abs=0.05)
        assert rep.ir_hold_s == pytest.approx(0.0 if skipped == "ir" else hold)
        assert rep.er_hold_s == pytest.approx(0.0 if skipped == "er" else hold)
        assert rep.arc_deg == rep.ir_deg + rep.er_deg
        assert abs(np.interp([rep.start_s, rep.end_s], t, angle)).max() < 0.1
    assert sim.truth.neutral == ("start" if start else "returns")


def test_the_sensor_adds_scale_bias_and_noise_as_its_figures_say():
    """Over many chips, as one chip is one draw."""
    n, dt, rng = 400, 0.01, np.random.default_rng(3)
    rate, force = np.tile([1.0, 2.0, 3.0], (n, 1)), np.tile([0.0, 0.0, GRAVITY_M_S2], (n, 1))
    chip = replace(
        SENSORS["perfect"],
        mount=(1.0, 0, 0, 0),
        gyro_bias_dps=4.0,
        gyro_scale_sd=0.01,
        acc_bias_mg=20.0,
        gyro_noise_mdps_rthz=5.0,
        acc_noise_ug_rthz=200.0,
    )
    chips = [measure(chip, rate, force, dt, rng) for _ in range(300)]
    means = np.array([c.gyr_rad_s.mean(axis=0) - c.bias_rad_s.mean(axis=0) for c in chips])
    assert (means / [1.0, 2.0, 3.0]).std(axis=0) == pytest.approx([0.01] * 3, rel=0.2)
    assert np.degrees([c.bias_rad_s[0] for c in chips]).std(axis=0) == pytest.approx([4.0] * 3, rel=0.2)
    offsets = np.array([c.acc_m_s2.mean(axis=0) - force[0] for c in chips]) / GRAVITY_M_S2 * 1e3
    assert offsets.std(axis=0) == pytest.approx([20.0] * 3, rel=0.2)
    # white noise of density d has a standard deviation of d·√(rate/2) in each sample
    assert np.degrees(np.mean([c.gyr_rad_s.std(axis=0) for c in chips])) == pytest.approx(
        0.005 * np.sqrt(50.0), rel=0.05
    )
    noise = np.mean([c.acc_m_s2.std(axis=0) for c in chips]) / GRAVITY_M_S2 * 1e6
    assert noise == pytest.approx(200.0 * np.sqrt(50.0), rel=0.05)


def test_the_bias_walks_and_warms_up_as_documented():
    n, dt, rng = 3000, 0.1, np.random.default_rng(5)
    still, force = np.zeros((n, 3)), np.tile([0.0, 0.0, GRAVITY_M_S2], (n, 1))
    walker = replace(SENSORS["perfect"], gyro_bias_walk_dps_rts=0.02)
    moved = np.array(
        [np.degrees(np.ptp(measure(walker, still, force, dt, rng).bias_rad_s[[0, -1]], axis=0)) for _ in range(80)]
    )
    assert rmse(moved) == pytest.approx(0.02 * np.sqrt(n * dt), rel=0.2)
    warm = replace(SENSORS["perfect"], gyro_tempco_dps_c=0.1, warm_up_c=5.0, warm_up_s=50.0)
    bias = np.degrees(np.array([measure(warm, still, force, dt, rng).bias_rad_s for _ in range(80)]))
    assert rmse(bias[:, -1]) == pytest.approx(0.1 * 5.0, rel=0.2)
    assert rmse(bias[:, 500]) / rmse(bias[:, -1]) == pytest.approx(1 - np.exp(-1), abs=0.02)


def test_the_mounting_turns_both_sensors_alike():
    mount = np.array([0.5, -0.5, 0.1, 0.7])
    mount /= np.linalg.norm(mount)
    plain = simulate(steady(reps=1), perfect(mount=(1.0, 0, 0, 0)), seed=1)
    turned = simulate(steady(reps=1), perfect(mount=tuple(mount)), seed=1)
    back = quat.rotate(mount, turned.samples.gyr_rad_s)
    assert np.allclose(back, plain.samples.gyr_rad_s, atol=1e-5)
    assert np.allclose(quat.rotate(mount, turned.samples.acc_m_s2), plain.samples.acc_m_s2, atol=1e-4)
    assert np.allclose(quat.rotate(mount, turned.truth.axis), plain.truth.axis, atol=1e-9)


def test_readings_saturate_and_are_whole_counts():
    chip = replace(SENSORS["LSM6DSOX"], gyro_range_dps=30.0, acc_range_g=0.9, mount=(1.0, 0, 0, 0))
    sim = simulate(steady(reps=2), chip, seed=1)
    counts = sim.readings.gyr_counts
    assert np.array_equal(counts, np.round(counts))
    assert np.degrees(np.abs(sim.samples.gyr_rad_s).max()) == pytest.approx(30.0, abs=0.0175)
    assert np.abs(sim.samples.acc_m_s2).max() == pytest.approx(0.9 * GRAVITY_M_S2, abs=0.002)
    assert np.degrees(sim.samples.gyr_rad_s) == pytest.approx(counts * 0.0175)


@pytest.mark.parametrize("error", [-0.02, 0.03])
def test_a_wrong_data_rate_shows_only_where_the_times_are_nominal(error):
    chips = {times: raw(odr_error=error, times=times) for times in ("true", "nominal")}
    sims = {times: simulate(Wearer(reps=2), chip, seed=1) for times, chip in chips.items()}
    assert sims["true"].samples.sampling_rate_hz == pytest.approx(104.0 * (1 + error))
    assert sims["nominal"].samples.sampling_rate_hz == pytest.approx(104.0)
    assert np.array_equal(sims["true"].samples.gyr_rad_s, sims["nominal"].samples.gyr_rad_s)


def test_jittered_times_still_increase():
    sim = simulate(Wearer(reps=2), raw(time_jitter_s=0.02), seed=1)
    steps = np.diff(sim.samples.t_s)
    assert steps.min() > 0
    assert steps.std() > 0.003


def test_losses_take_whole_blocks_and_never_the_first_or_last():
    t = np.arange(5000) / 100.0
    keep = received(Stream(loss=0.3, block=10), t, np.random.default_rng(1))
    blocks = keep.reshape(-1, 10)
    assert np.array_equal(blocks.all(axis=1), blocks.any(axis=1))
    assert 1 - keep.mean() == pytest.approx(0.3, abs=0.06)
    everything = received(Stream(loss=1.0, block=10), t, np.random.default_rng(1))
    assert np.flatnonzero(everything).tolist() == [*range(10), *range(4990, 5000)]


def test_gaps_are_where_they_were_asked_for_and_the_truth_has_them_too():
    whole = simulate(Wearer(reps=2), seed=3)
    sim = simulate(Wearer(reps=2), stream=Stream(gaps=((4.0, 1.5), (9.0, 0.5))), seed=3)
    t = sim.samples.t_s
    for begin, length in ((4.0, 1.5), (9.0, 0.5)):
        assert not ((t >= begin) & (t < begin + length)).any()
    assert len(whole.samples) - len(t) == pytest.approx(2.0 * 104, abs=2)
    for name in ("t_s", "rotation_rad", "femur_rad", "quat", "bias_rad_s"):
        assert len(getattr(sim.truth, name)) == len(t)
    assert np.array_equal(whole.samples.gyr_rad_s[np.isin(whole.samples.t_s, t)], sim.samples.gyr_rad_s)


@pytest.mark.parametrize(("what", "expected"), [("wander_deg", 1.5), ("tremor_deg", 0.5), ("swing_wander_deg", 1.5)])
def test_unsteadiness_has_the_stated_size(what, expected):
    rests = []
    for seed in range(12):
        sim = simulate(steady(activity="rest", duration_s=60.0, **{what: expected}), perfect(), seed=seed)
        if what == "swing_wander_deg":
            swing, _ = swing_twist(sim.truth.quat, quat.mean(sim.truth.quat), sim.truth.axis)
            rests.append(np.degrees(rmse(swing)) / np.sqrt(2))  # in two directions
        else:
            rests.append(np.degrees(sim.truth.rotation_rad.std()))
    assert rmse(rests) == pytest.approx(expected, rel=0.15)


def test_the_wearer_does_what_is_asked():
    def angles(**changes):
        sim = simulate(steady(**{"reps": 8, **changes}), perfect(), seed=6)
        return sim, [(r.ir_deg, r.er_deg) for r in sim.truth.reps]

    _, tired = angles(fatigue_deg_per_rep=1.5)
    assert np.diff(tired, axis=0) == pytest.approx(-1.5, abs=0.01)
    sim, _ = angles(ir_tissue_gain=0.5, er_tissue_gain=0.8)
    assert np.degrees(sim.truth.femur_rad.max()) == pytest.approx(35.0, abs=0.01)
    assert np.degrees(sim.truth.rotation_rad.max()) == pytest.approx(17.5, abs=0.01)
    assert np.degrees(sim.truth.rotation_rad.min()) == pytest.approx(-32.0, abs=0.01)
    sim, _ = angles(neutral_creep_deg=8.0)
    last = sim.truth.t_s > sim.samples.t_s[-1] - 1.0
    assert np.degrees(sim.truth.rotation_rad[last].mean()) == pytest.approx(8.0, abs=0.05)
    plain, paused = angles()[0], angles(pause_before=((3, 10.0),))[0]
    assert paused.truth.reps[3].start_s - plain.truth.reps[3].start_s == pytest.approx(10.0, abs=0.01)
    leaning = simulate(steady(activity="rest", duration_s=5.0, tilt_flexion_deg=10.0), perfect(), seed=6)
    tilt = np.degrees(np.arccos(-leaning.samples.acc_m_s2[100] @ leaning.truth.axis / GRAVITY_M_S2))
    assert tilt == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize("activity", ["rest", "walking", "fidgeting"])
def test_what_is_not_repetitions_has_none_but_moves_as_named(activity):
    sim = simulate(Wearer(activity=activity, duration_s=30.0), perfect(), seed=1)
    assert sim.truth.reps == ()
    force = np.linalg.norm(sim.samples.acc_m_s2, axis=1).std()
    moved = np.degrees(np.ptp(sim.truth.rotation_rad))
    assert (force > 1.0) == (activity == "walking")
    assert (moved > 5.0) == (activity != "rest")


def test_every_preset_is_a_sensor_of_its_own():
    assert {"LSM6DSOX", "MPU6886", "ICM-42688-P"} <= set(SENSORS)
    assert len(set(SENSORS.values())) == len(SENSORS)
    assert all(isinstance(chip, Sensor) for chip in SENSORS.values())
    scale = {name: chip.gyro_scale_sd for name, chip in SENSORS.items()}
    assert scale["ICM-42688-P"] < scale["LSM6DSOX"] < scale["MPU6886"]


@pytest.mark.parametrize(
    "stream", [Stream(), Stream(duplicates=0.3), Stream(reorder=0.3), Stream(loss=0.1, duplicates=0.2, reorder=0.2)]
)
def test_the_blocks_of_a_board_decode_to_what_the_chip_read(stream):
    sim = simulate(Wearer(reps=2), raw(odr_error=0.01), seed=3)
    info, blocks = wire_blocks(sim.readings, sim.sensor, stream, seed=1)
    decoded = decode(blocks, info)
    assert np.allclose(decoded.samples.gyr_rad_s, sim.readings.gyr_rad_s[decoded.index], atol=1e-6)
    assert np.allclose(decoded.samples.acc_m_s2, sim.readings.acc_m_s2[decoded.index], atol=1e-4)
    assert (np.diff(decoded.index) > 0).all()
    everything = len(decoded.index) == len(sim.readings.gyr_rad_s)
    assert everything == (stream.loss == 0.0)
    assert (len(set(blocks)) < len(blocks)) == (stream.duplicates > 0)
    assert decoded.samples.sampling_rate_hz == pytest.approx(104.0 * 1.01, rel=0.005)
