"""What calibrations do to a result: the sensor's errors taken out, the axis known, the turn of the bone."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from calibrations import gain, sensor
from hypothesis import given
from hypothesis import strategies as st
from variety import analysed, body, perfect, raw, session, steady

from coxa.calibration.applied import Calibration, corrected
from coxa.calibration.bone import as_bone
from coxa.live import LiveRotation
from coxa.simulate import SENSORS, Wearer, simulate
from coxa.store.stored import analysis_of
from coxa_calibration.readings import Estimate
from coxa_calibration.turning import SWING_SHARE

SHARES = st.floats(0.3, 0.9)


def off_by(samples, matrix, offset, bias):
    """The samples as a sensor with these errors would have read them."""
    unmixed = np.linalg.inv(matrix)
    return replace(
        samples, gyr_rad_s=samples.gyr_rad_s @ unmixed.T + bias, acc_m_s2=samples.acc_m_s2 @ unmixed.T + offset
    )


def test_a_sensor_calibration_undoes_the_errors_of_the_sensor():
    sim = simulate(Wearer(reps=3), perfect(), seed=3)
    matrix = np.array([[1.02, 0.01, 0.0], [-0.01, 0.97, 0.004], [0.0, 0.01, 1.03]])
    offset, bias = np.array([0.2, -0.1, 0.3]), np.radians([1.0, -2.0, 3.0])
    ideal = sensor()
    coefficients = np.zeros((3, 3))
    coefficients[:, 0] = bias
    known = replace(
        ideal, gyro_matrix=matrix, acc_matrix=matrix, acc_offset_m_s2=offset,
        bias=replace(ideal.bias, coefficients=coefficients),
    )  # fmt: skip
    wrong = off_by(sim.samples, matrix, offset, bias)
    mended, used = corrected(wrong, Calibration(sensor=known))
    assert used.sensor is known
    np.testing.assert_allclose(mended.gyr_rad_s, sim.samples.gyr_rad_s, atol=1e-12)
    np.testing.assert_allclose(mended.acc_m_s2, sim.samples.acc_m_s2, atol=1e-12)
    exact, before, after = (
        analysed(replace(sim, samples=s), **options).set.arc_mean_deg
        for s, options in (
            (sim.samples, {}),
            (wrong, {}),
            (wrong, {"calibration": Calibration(sensor=known)}),
        )
    )
    assert after == pytest.approx(exact, abs=0.02)
    assert abs(before - exact) > 0.3


def test_the_bias_follows_the_temperature_of_each_sample():
    sim = simulate(Wearer(reps=3), perfect(), seed=3)
    warming = np.linspace(20.0, 30.0, len(sim.samples))
    ideal = sensor()
    coefficients = np.zeros((3, 3))
    coefficients[:, 1] = np.radians(0.05)
    known = replace(ideal, bias=replace(ideal.bias, coefficients=coefficients))
    drift = np.radians(0.05) * (warming - 25.0)[:, None]
    wrong = replace(sim.samples, gyr_rad_s=sim.samples.gyr_rad_s + drift, temperature_c=warming)
    mended, _ = corrected(wrong, Calibration(sensor=known))
    np.testing.assert_allclose(mended.gyr_rad_s, sim.samples.gyr_rad_s, atol=1e-12)


@pytest.mark.parametrize("derived", ["gyr_derived", "acc_derived"])
def test_what_was_derived_from_an_orientation_is_not_corrected_and_that_is_said(derived):
    sim, _ = session(1, reps=3)
    samples = replace(sim.samples, **{derived: True})
    same, used = corrected(samples, Calibration(sensor=sensor()))
    assert same is samples
    assert used.sensor is None
    assert "no rate or no force" in used.notes[0]


def test_a_known_scale_makes_the_arc_surer_and_an_unknown_one_of_a_poor_chip_less_sure():
    sim, plain = session(1, reps=6)
    ideal = sensor()
    good, poor = (
        analysed(sim, calibration=Calibration(sensor=replace(ideal, gyro_matrix_sd=np.full((3, 3), sd))))
        for sd in (0.001, 0.02)
    )
    assert good.set.arc_mean_sd_deg < plain.set.arc_mean_sd_deg < poor.set.arc_mean_sd_deg
    assert poor.set.arc_mean_sd_deg == pytest.approx(0.02 * poor.set.arc_mean_deg, rel=0.1)


def test_a_calibrated_axis_is_right_where_the_thigh_swings_along():
    """Seated, a swing in phase looks like the turn: only an axis that is known tells them apart."""
    sim = simulate(
        steady(position="seated", reps=5, flexion_per_rotation=0.2, abduction_per_rotation=0.15), perfect(), seed=4
    )
    true = float(np.mean([rep.arc_deg for rep in sim.truth.reps]))
    own, known = analysed(sim), analysed(sim, axis=sim.truth.axis)
    assert abs(known.set.arc_mean_deg - true) < 0.3
    assert own.set.arc_mean_deg - true > 1.0


@pytest.mark.parametrize("sd_deg", [1.0, 3.0, 6.0])
def test_the_uncertainty_of_a_calibrated_axis_reaches_the_arc(sd_deg):
    """Over calibrations drawn with the stated sd, the arc is off by about what is stated of it, and never by more."""
    sim = simulate(
        steady(position="seated", reps=4, flexion_per_rotation=0.2, abduction_per_rotation=0.15), perfect(), seed=4
    )
    true = float(np.mean([rep.arc_deg for rep in sim.truth.reps]))
    rng = np.random.default_rng(7)
    over = []
    for _ in range(24):
        tip = sim.truth.axis + rng.normal(0, np.radians(sd_deg), 3)
        known = Calibration(body=body(tip / np.linalg.norm(tip), sim.wearer.side, sd_deg).body)
        found = analysed(sim, calibration=known).set
        over.append((found.arc_mean_deg - true) / found.arc_mean_sd_deg)
    assert np.sqrt(np.mean(np.square(over))) < 1.5


def test_a_body_calibration_of_another_wearing_is_put_aside_and_that_is_said():
    sim, own = session(1, position="seated", reps=4)
    across = np.linalg.svd(sim.truth.axis[None, :])[2][1]
    found = analysed(sim, axis=across)
    assert found.axis == pytest.approx(own.axis)
    assert found.calibrations == ()
    assert any("put on anew" in w for w in found.warnings)


def test_a_turn_far_from_the_calibrated_axis_is_cautioned_and_the_axis_taken():
    sim, _ = session(1, position="seated", reps=4)
    across = np.linalg.svd(sim.truth.axis[None, :])[2][1]
    tipped = np.cos(np.radians(28)) * sim.truth.axis + np.sin(np.radians(28)) * across
    found = analysed(sim, axis=tipped)
    assert found.axis == pytest.approx(tipped)
    assert any("strap has moved" in w for w in found.warnings)


@given(ir=SHARES, er=SHARES, seed=st.integers(1, 3))
def test_the_bone_is_the_strap_over_its_share(ir, er, seed):
    at_strap = SETS[seed]
    found = as_bone(at_strap, gain(ir, er))
    assert found.label == "shank-calibrated"
    assert found.set.ir_mean_deg == pytest.approx(at_strap.set.ir_mean_deg / ir)
    assert found.set.er_mean_deg == pytest.approx(at_strap.set.er_mean_deg / er)
    assert found.set.arc_mean_deg == pytest.approx(found.set.ir_mean_deg + found.set.er_mean_deg)
    for rep, thigh in zip(found.reps, at_strap.reps, strict=True):
        assert rep.arc_deg == pytest.approx(rep.ir_deg + rep.er_deg)
        assert rep.ir_sd_deg >= thigh.ir_sd_deg / ir
        assert (rep.flags, rep.score, rep.peak_rate_deg_s) == (thigh.flags, thigh.score, thigh.peak_rate_deg_s)
    assert found.thigh.arc_mean_deg == at_strap.set.arc_mean_deg
    assert found.set.score == at_strap.set.score
    inward = at_strap.rotation_deg > 0
    np.testing.assert_allclose(found.rotation_deg[inward], at_strap.rotation_deg[inward] / ir)
    np.testing.assert_allclose(found.rotation_deg[~inward], at_strap.rotation_deg[~inward] / er)


SETS = {seed: session(seed, reps=3)[1] for seed in (1, 2, 3)}


def test_the_live_picture_rests_on_the_same_calibrations_as_the_result():
    sim = simulate(Wearer(position="seated", reps=4, side="right"), raw(), seed=5)
    ideal = sensor()
    known = replace(
        body(sim.truth.axis, "right"), skin=gain(), sensor=replace(ideal, gyro_matrix=1.05 * np.eye(3))
    )  # fmt: skip
    found = analysed(sim, calibration=known)
    live = LiveRotation("seated", "right", calibration=known)
    state = live.push(sim.samples.t_s, sim.samples.gyr_rad_s, sim.samples.acc_m_s2)
    assert len(state.reps) >= 3
    for now, later in zip(state.reps, found.reps, strict=False):
        assert now.arc_deg == pytest.approx(later.arc_deg, rel=0.02)
    plain = LiveRotation("seated", "right").push(sim.samples.t_s, sim.samples.gyr_rad_s, sim.samples.acc_m_s2)
    assert state.reps[0].ir_deg == pytest.approx(plain.reps[0].ir_deg * 1.05 / 0.5, rel=0.03)
    moving = int(np.argmax(np.abs(np.gradient(sim.truth.rotation_rad, sim.samples.t_s))))
    rates, angles = [], []
    for calibration in (known, replace(known, skin=None)):
        live = LiveRotation("seated", "right", calibration=calibration)
        now = live.push(*(a[:moving] for a in (sim.samples.t_s, sim.samples.gyr_rad_s, sim.samples.acc_m_s2)))
        rates.append(now.rate_deg_s)
        angles.append(now.rotation_deg)
    assert abs(rates[1]) > 10.0
    assert rates[0] / rates[1] == pytest.approx(angles[0] / angles[1], rel=1e-6)


def test_what_is_uncertain_of_the_gain_is_in_the_mean_once():
    """The gain is the same in all repetitions: more of them do not make it surer."""
    for reps in (3, 12):
        _, at_strap = session(1, reps=reps)
        found = as_bone(at_strap, gain(0.5, 0.5, 0.05))
        assert found.set.ir_mean_sd_deg >= 0.1 * found.set.ir_mean_deg  # 0.05 of 0.5 is 10 %
        assert found.set.ir_mean_sd_deg < 0.1 * found.set.ir_mean_deg + at_strap.set.ir_mean_sd_deg / 0.5


def test_what_is_uncertain_of_the_gain_is_in_the_mean_arc_too():
    _, at_strap = session(1, reps=6)
    found = as_bone(at_strap, gain(0.5, 0.5, 0.05, correlation=1.0, range_ir_rad=3.0, range_er_rad=3.0)).set
    of_gain = np.sqrt(found.arc_mean_sd_deg**2 - (at_strap.set.arc_mean_sd_deg / 0.5) ** 2)
    assert of_gain == pytest.approx(0.1 * found.arc_mean_deg, rel=1e-3)  # both shares are off by 10 % together


def test_what_the_axis_makes_uncertain_is_in_the_means():
    """Seated, next to nothing else is: so the mean of twelve is hardly surer than one of them."""
    _, found = session(1, position="seated", reps=12)
    share = found.set.arc_mean_sd_deg / found.set.arc_mean_deg
    assert share == pytest.approx(np.sqrt(2) * np.arctan(SWING_SHARE) ** 2, rel=0.15)
    assert found.set.arc_mean_sd_deg > 0.8 * np.mean([rep.arc_sd_deg for rep in found.reps])


def test_over_gains_drawn_with_their_sd_the_stated_interval_holds():
    _, at_strap = session(1, reps=6)
    rng = np.random.default_rng(1)
    true = at_strap.set.ir_mean_deg / 0.5
    over = []
    for _ in range(400):
        k = rng.normal(0.5, 0.03)
        found = as_bone(at_strap, gain(k_ir=Estimate(k, 0.03), range_ir_rad=3.0)).set
        of_gain = np.sqrt(found.ir_mean_sd_deg**2 - (at_strap.set.ir_mean_sd_deg / k) ** 2)
        over.append((found.ir_mean_deg - true) / of_gain)
    assert np.sqrt(np.mean(np.square(over))) == pytest.approx(1.0, abs=0.12)


def test_a_set_without_valid_repetitions_and_half_ones_are_taken():
    _, nothing = session(1, activity="rest", duration_s=8.0)
    assert as_bone(nothing, gain()).set == nothing.set
    _, half = session(1, reps=4, half_reps=(1,))
    found = as_bone(half, gain())
    for rep in found.reps:
        assert rep.arc_deg == pytest.approx(rep.ir_deg + rep.er_deg)


def test_the_calibrations_of_a_result_come_back_from_its_json():
    sim, _ = session(1, reps=3)
    known = body(sim.truth.axis, sim.wearer.side)
    found = analysed(sim, calibration=replace(known, skin=gain(side=sim.wearer.side)))
    plain = json.loads(json.dumps(found.to_dict(series=True), allow_nan=False))
    back = analysis_of(plain)
    assert back.calibrations == found.calibrations
    assert back.thigh == pytest.approx(found.thigh) or back.thigh is not None
    assert back.thigh.arc_mean_deg == pytest.approx(found.thigh.arc_mean_deg, abs=1e-6)
    assert back.label == "shank-calibrated"


def test_a_result_from_before_there_were_calibrations_is_read():
    _, found = session(1, reps=3)
    plain = found.to_dict()
    del plain["calibrations"], plain["thigh"]
    assert analysis_of(plain).calibrations == ()


@pytest.mark.parametrize("chip", ["MPU6886"])
def test_the_worse_scale_of_a_chip_is_known_from_its_calibration(chip):
    """Uncalibrated, an MPU6886 (1 %) is taken for a better chip than it is; its calibration says how good it is."""
    over = []
    for seed in range(12):
        sim = simulate(steady(position="seated", reps=3), raw(chip), seed=seed)
        true = float(np.mean([rep.arc_deg for rep in sim.truth.reps]))
        sd = np.full((3, 3), SENSORS[chip].gyro_scale_sd)
        known = body(sim.truth.axis, sim.wearer.side, 0.5)
        found = analysed(sim, calibration=replace(known, sensor=replace(sensor(), gyro_matrix_sd=sd))).set
        over.append((found.arc_mean_deg - true) / found.arc_mean_sd_deg)
    assert np.sqrt(np.mean(np.square(over))) < 1.6
