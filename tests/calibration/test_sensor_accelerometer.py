"""The accelerometer from poses in shaky hands: truth found again, honest uncertainty, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from sensor_simulated import CORNERS, FACES, MG, chip, in_hands, true_symmetric

from coxa_calibration.accelerometer import calibrate_accelerometer
from coxa_calibration.datasheet import DATASHEETS
from coxa_calibration.gravity import gravity_at
from coxa_calibration.readings import GRAVITY_M_S2, CalibrationError
from coxa_calibration.stillness import StillSpan, still_spans

TWELVE = np.vstack([FACES, CORNERS])
SHEET = DATASHEETS["LSM6DSOX"]


IMUCAL = np.array([
    [10.3152, -0.5532, 0.5082],
    [10.3137, -0.546, 0.5074],
    [-9.2395, -0.7149, 0.2398],
    [0.3938, 9.2169, 0.4045],
    [0.6839, -10.45, 0.3642],
    [0.5047, -0.5937, 10.4376],
    [0.6503, -0.6309, -9.6395],
])  # fmt: skip
"""Mean forces, m/s², of the first still spans of imucal's example session (MaD Lab, FAU Erlangen-Nürnberg; MIT)."""


def spans_of(forces, noise=0.0, rng=None):
    """Still spans of 2 s with these mean forces."""
    rng = rng or np.random.default_rng(0)
    return [
        StillSpan(
            i, i + 1, 4.0 * i, 4.0 * i + 2, np.zeros(3), f + noise * rng.standard_normal(3), np.eye(3) * 1e-10,
            np.eye(3) * max(noise, 1e-4) ** 2, None,
        )
        for i, f in enumerate(forces)
    ]  # fmt: skip


def size_error_mg(cal, c):
    """Root mean square error of the corrected force's size over the sphere, mg."""
    d = np.random.default_rng(1).standard_normal((300, 3))
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    found = cal.apply(d * GRAVITY_M_S2 @ c.acc_matrix.T + c.acc_offset)
    return float(np.sqrt(np.mean((np.linalg.norm(found, axis=1) - GRAVITY_M_S2) ** 2))) / MG


def refusal(forces):
    with pytest.raises(CalibrationError) as caught:
        calibrate_accelerometer(spans_of(forces))
    assert caught.value.what.endswith(".") and caught.value.advice.endswith(".")
    return caught.value.reason


@pytest.mark.parametrize(
    ("ups", "held_out", "truth"), [(FACES, None, 10.0), (TWELVE[:9], 10.0, 3.0), (TWELVE, 3.0, 1.0)]
)
def test_shaky_hands_give_residuals_below_3_mg_and_the_truth(ups, held_out, truth):
    errors, held, off = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        name = ("LSM6DSOX", "MPU6886", "ICM-42688-P")[seed % 3]
        c = chip(rng, name)
        cal = calibrate_accelerometer(still_spans(in_hands(c, ups, rng)), DATASHEETS[name])
        assert cal.residual_mg < 3.0 and cal.poses == len(ups)
        held.append(cal.held_out_mg)
        assert cal.cross_axis_known == (len(ups) >= 9)
        errors.append(size_error_mg(cal, c))
        off += list((cal.offset_m_s2 - c.acc_offset) / cal.offset_sd_m_s2)
        off += list(((cal.matrix - true_symmetric(c)) / cal.matrix_sd)[np.triu_indices(3)])
    assert np.median(errors) < truth / 2 and max(errors) < truth
    assert held_out is None or np.percentile(held, 90) < held_out
    assert np.abs(off).max() < 5.0 and np.mean(np.abs(off) < 1) > 0.68


def test_worse_hands_are_known_to_be_worse():
    off, sd = [], []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        c = chip(rng)
        cal = calibrate_accelerometer(still_spans(in_hands(c, TWELVE, rng, sway_m_s=0.02, tremor_m_s2=0.2)), SHEET)
        off += list((cal.offset_m_s2 - c.acc_offset) / cal.offset_sd_m_s2)
        sd.append(cal.offset_sd_m_s2.mean())
    calm = calibrate_accelerometer(still_spans(in_hands(c, TWELVE, rng)), SHEET)
    assert np.median(sd) > 1.3 * calm.offset_sd_m_s2.mean()
    assert np.mean(np.abs(off) < 2) > 0.85


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_without_noise_any_twelve_spread_poses_give_the_truth(seed):
    rng = np.random.default_rng(seed)
    c = chip(rng)
    turned = Rotation.random(rng=rng).apply(TWELVE)
    cal = calibrate_accelerometer(spans_of(turned * GRAVITY_M_S2 @ c.acc_matrix.T + c.acc_offset))
    assert np.abs(cal.offset_m_s2 - c.acc_offset).max() < 0.5 * MG  # the tolerance pulls a little
    assert np.abs(cal.matrix - true_symmetric(c)).max() < 5e-4
    assert np.array_equal(cal.matrix, cal.matrix.T)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_turning_the_sensor_turns_the_result(seed):
    """Symmetric M prefers no axis: readings given in a turned frame give the same calibration, turned."""
    rng = np.random.default_rng(seed)
    c, swap = chip(rng), np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=float)
    forces = TWELVE * GRAVITY_M_S2 @ c.acc_matrix.T + c.acc_offset
    a, b = calibrate_accelerometer(spans_of(forces)), calibrate_accelerometer(spans_of(forces @ swap.T))
    assert np.allclose(b.offset_m_s2, swap @ a.offset_m_s2, atol=1e-6)
    assert np.allclose(b.matrix, swap @ a.matrix @ swap.T, atol=1e-6)


def test_scatter_beyond_what_the_spans_claim_widens_the_sd():
    off = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        c = chip(rng)
        poses = np.vstack([TWELVE, Rotation.random(rng=rng).apply(TWELVE)])
        forces = poses * GRAVITY_M_S2 @ c.acc_matrix.T + c.acc_offset
        spans = [
            dataclasses.replace(span, acc_cov=np.eye(3) * (0.1 * MG) ** 2) for span in spans_of(forces, 3 * MG, rng)
        ]
        cal = calibrate_accelerometer(spans, SHEET)
        off += list((cal.offset_m_s2 - c.acc_offset) / cal.offset_sd_m_s2)
    assert 0.7 < np.std(off) < 1.4


def test_one_knocked_pose_does_not_bend_the_others():
    rng = np.random.default_rng(3)
    c = chip(rng)
    forces = np.vstack([TWELVE, -CORNERS]) * GRAVITY_M_S2 @ c.acc_matrix.T + c.acc_offset
    forces[4] *= 1.012  # 12 mg
    cal = calibrate_accelerometer(spans_of(forces, 0.3 * MG, rng))
    assert np.abs(cal.offset_m_s2 - c.acc_offset).max() < 1.5 * MG


def test_what_poses_do_not_suffice_for_is_refused():
    g = FACES * GRAVITY_M_S2
    assert refusal([]) == "moving"
    assert refusal(g[:5]) == "too_few"
    assert refusal(np.vstack([g[:5], g[:5]])) == "same_pose"
    tilted = Rotation.from_euler("x", 15, degrees=True).apply(g[0])
    assert refusal(np.vstack([g[:4], g[4:5], tilted])) == "same_pose"
    upper = CORNERS.copy()
    upper[:, 2] = np.abs(upper[:, 2])
    ring = np.array([[np.cos(a), np.sin(a), 0.2] for a in np.radians(np.arange(0, 360, 60))])
    ring /= np.linalg.norm(ring, axis=1, keepdims=True)
    assert refusal(np.vstack([ring, [[0, 0, 1]]]) * GRAVITY_M_S2) == "one_half"
    broken = np.vstack([g, CORNERS * GRAVITY_M_S2])
    broken[7] *= 1.1
    assert refusal(broken) == "inconsistent"


def test_a_hand_that_never_rests_is_moving():
    rng = np.random.default_rng(5)
    restless = in_hands(chip(rng), FACES, rng, wander_deg=8.0)
    with pytest.raises(CalibrationError) as caught:
        calibrate_accelerometer(still_spans(restless))
    assert caught.value.reason == "moving"


def test_local_gravity_goes_into_the_scale_and_nowhere_else():
    forces = TWELVE * 9.780 * 1.004
    here = calibrate_accelerometer(spans_of(forces), gravity_m_s2=9.780)
    standard = calibrate_accelerometer(spans_of(forces))
    assert np.diag(here.matrix) == pytest.approx([1 / 1.004] * 3, abs=2e-4)
    assert np.allclose(standard.matrix, here.matrix * GRAVITY_M_S2 / 9.780, atol=3e-4)
    assert np.abs(standard.offset_m_s2).max() < 1e-6


def test_gravity_of_places():
    # equator, 45°, pole of GRS 80; Zürich and Mexico City as surveyed to 0.001 m/s²
    assert gravity_at(0) == pytest.approx(9.780327, abs=1e-6)
    assert gravity_at(45) == pytest.approx(9.80620, abs=2e-5)
    assert gravity_at(-90) == pytest.approx(9.832186, abs=2e-5)
    assert gravity_at(47.4, 450) == pytest.approx(9.807, abs=2e-3)
    assert gravity_at(19.4, 2240) == pytest.approx(9.779, abs=2e-3)
    with pytest.raises(ValueError):
        gravity_at(120)


def test_tolerances_stand_in_where_poses_say_nothing():
    cal = calibrate_accelerometer(spans_of(FACES * GRAVITY_M_S2), SHEET)
    cross = cal.matrix_sd[np.triu_indices(3, 1)]
    assert cross == pytest.approx([SHEET.acc_cross.value / 2**0.5] * 3, rel=0.02)
    assert not cal.cross_axis_known
    wide = dataclasses.replace(SHEET, acc_cross=dataclasses.replace(SHEET.acc_cross, value=0.05))
    assert calibrate_accelerometer(spans_of(FACES * GRAVITY_M_S2), wide).matrix_sd[0, 1] > 2 * cross[0]


def test_a_real_sensor_comes_out_as_imucal_has_it():
    """imucal 2.6 with sections marked by hand and the faces told: offset, and the diagonal of the inverse scale."""
    cal = calibrate_accelerometer(spans_of(IMUCAL))
    assert cal.offset_m_s2 == pytest.approx([0.5371, -0.6162, 0.3989], abs=0.004)
    assert np.diag(cal.matrix) == pytest.approx([1.00326, 0.99757, 0.97714], abs=6e-4)
    assert cal.poses == 6 and cal.residual_mg < 1.0
