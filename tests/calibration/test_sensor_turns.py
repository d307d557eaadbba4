"""The gyroscope's scale and cross-axis terms from turns on tables."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from sensor_simulated import CORNERS, FACES, MG, chip, in_hands, measured, turned, unsteady

from coxa_calibration.accelerometer import calibrate_accelerometer
from coxa_calibration.datasheet import DATASHEETS
from coxa_calibration.readings import CalibrationError, Recording
from coxa_calibration.stillness import still_spans
from coxa_calibration.turns import calibrate_gyroscope, measure_turns

SHEET = DATASHEETS["LSM6DSOX"]


def frame(cal, c):
    """The turn from the true axes to those of the calibrated accelerometer."""
    u, _, v = np.linalg.svd(cal.matrix @ c.acc_matrix)
    return u @ v


def refusal(*args, **more):
    with pytest.raises(CalibrationError) as caught:
        measure_turns(*args, **more)
    assert caught.value.what.endswith(".") and caught.value.advice.endswith(".")
    return caught.value


def test_ten_turns_about_each_axis_give_the_matrix():
    off, scale, cross = [], [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        c = chip(rng)
        cal = calibrate_accelerometer(still_spans(in_hands(c, np.vstack([FACES, CORNERS]), rng)), SHEET)
        sets = [measure_turns(turned(c, FACES[k], 10 * s, rng), 10, cal) for k, s in ((0, 1), (3, -1), (4, 1))]
        found = calibrate_gyroscope(sets, SHEET)
        error = found.matrix - frame(cal, c) @ np.linalg.inv(c.gyr_matrix)
        off += list((error / found.matrix_sd).ravel())
        scale += list(np.diag(error))
        cross += list(error[~np.eye(3, dtype=bool)])
        assert found.turned == (True, True, True)
    assert np.sqrt(np.mean(np.square(scale))) < 4e-4  # before: 5e-3
    assert np.sqrt(np.mean(np.square(cross))) < 2.5e-3  # before: 5e-3
    assert np.abs(off).max() < 4 and np.mean(np.abs(off) < 1) > 0.6


@pytest.mark.parametrize("tilt", [0.0, 4.0])
def test_the_axis_is_the_tables_normal_not_gravity(tilt):
    rng = np.random.default_rng(1)
    c = chip(rng, "perfect")
    r = turned(c, FACES[2], 5, rng, tilt_deg=tilt)
    assert np.degrees(np.arccos(measure_turns(r, 5).axis @ FACES[2])) < 0.25  # a sixteenth of the slant


def test_one_axis_gives_its_scale_and_leaves_the_others_to_the_data_sheet():
    rng = np.random.default_rng(2)
    c = chip(rng, gyro_scale_sd=0.01)
    found = calibrate_gyroscope([measure_turns(turned(c, FACES[4], 10, rng), 10, sheet=SHEET)], SHEET)
    assert found.turned == (False, False, True)
    assert found.matrix[2, 2] == pytest.approx(1 / c.gyr_matrix[2, 2], abs=1e-3)
    assert found.matrix[0, 0] == pytest.approx(1.0, abs=1e-3)
    assert found.matrix_sd[0, 0] == pytest.approx(SHEET.gyro_scale.value, rel=0.01)


def test_an_uncalibrated_accelerometer_does_not_pass_for_cross_axis_knowledge():
    rng = np.random.default_rng(3)
    c = chip(rng, acc_bias_mg=40.0, cross_axis_sd=0.0)
    wrong = calibrate_gyroscope([measure_turns(turned(c, FACES[0], 10, rng), 10, sheet=SHEET)], SHEET)
    tilt = np.arctan2(np.linalg.norm(c.acc_offset[1:]), 9.8)
    assert tilt > np.radians(1.0)
    assert np.abs(wrong.matrix[[1, 2], 0]).max() < 0.3 * tilt


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("turns", [1, 3, 8])
def test_turns_are_counted_where_none_are_told(turns, direction):
    rng = np.random.default_rng(4)
    turn = measure_turns(turned(chip(rng), FACES[5], turns * direction, rng))
    assert round(turn.angle_rad / (2 * np.pi)) == turns * direction


def test_what_cannot_be_measured_is_refused():
    rng = np.random.default_rng(5)
    c = chip(rng)
    ten = turned(c, FACES[0], 10, rng)
    assert refusal(ten, 9).reason == "turns"
    assert refusal(ten, None).reason == "turns"  # more than can be counted safely
    assert refusal(turned(c, FACES[0], 2.5, rng), None).reason == "turns"
    assert refusal(turned(c, FACES[0], 0.02, rng), None).reason == "turns"
    assert refusal(turned(c, FACES[0], 10, rng, still_s=0.2), 10).reason == "moving"
    lost = (ten.t_s < 10) | (ten.t_s > 10.5)
    assert refusal(Recording(ten.t_s[lost], ten.gyr_rad_s[lost], ten.acc_m_s2[lost]), 10).reason == "gap"
    top = 0.8 * np.abs(ten.gyr_rad_s).max()
    assert refusal(Recording(ten.t_s, np.clip(ten.gyr_rad_s, -top, top), ten.acc_m_s2), 10).reason == "saturated"
    assert refusal(Recording(ten.t_s, np.degrees(ten.gyr_rad_s), ten.acc_m_s2), 10).reason in ("units", "turns")


@pytest.mark.parametrize(("wobble_deg", "reasons"), [(8, ("wobble",)), (15, ("wobble", "turns"))])
def test_turning_in_the_air_is_refused(wobble_deg, reasons):
    rng = np.random.default_rng(6)
    n, rate = 104 * 18, 104
    part = np.clip((np.arange(n + 1) / rate - 3) / 12, 0, 1)
    wobble = np.radians(wobble_deg) * unsteady(n + 1, 1 / rate, 1.0, 0.7, rng) * ((part > 0) & (part < 1))[:, None]
    spin = Rotation.from_rotvec(np.outer(2 * np.pi * 5 * part, [0, 0, 1])) * Rotation.from_rotvec(wobble)
    assert refusal(measured(chip(rng), spin, np.zeros((n, 3)), rng), 5).reason in reasons


def test_a_miscount_shows_when_another_set_disagrees():
    rng = np.random.default_rng(7)
    c = chip(rng)
    good, bad = (measure_turns(turned(c, FACES[0], n, rng), n) for n in (30, 30))
    bad = type(bad)(bad.axis, bad.angle_rad * 31 / 30, bad.reading_rad, bad.angle_sd_rad, bad.axis_sd_rad)
    with pytest.raises(CalibrationError) as caught:
        calibrate_gyroscope([good, bad], SHEET)
    assert caught.value.reason == "inconsistent"
    with pytest.raises(CalibrationError):
        calibrate_gyroscope([])


def test_turning_faster_and_off_the_centre_changes_little():
    rng = np.random.default_rng(8)
    c = chip(rng, "perfect")
    r = turned(c, FACES[4], 10, rng, turn_s=1.2, tilt_deg=3.0, edge_deg=0.0)
    assert np.abs(r.acc_m_s2[:, :2]).max() > 30 * MG
    turn = measure_turns(r, 10)
    assert calibrate_gyroscope([turn], SHEET).matrix[2, 2] == pytest.approx(1.0, abs=5e-4)
