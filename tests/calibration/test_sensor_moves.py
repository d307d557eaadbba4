"""The gyroscope's matrix from the moves between poses, and gravity carried as a check."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_simulated import CORNERS, FACES, MG, chip, in_hands, turned

from coxa_calibration.accelerometer import calibrate_accelerometer
from coxa_calibration.datasheet import DATASHEETS
from coxa_calibration.moves import calibrate_by_moves, carried_error_rad, moves_between
from coxa_calibration.readings import CalibrationError, Recording
from coxa_calibration.stillness import still_spans
from coxa_calibration.turns import calibrate_gyroscope, measure_turns

TWELVE = np.vstack([FACES, CORNERS])
SHEET = DATASHEETS["LSM6DSOX"]


def one(seed, name="LSM6DSOX", **how):
    """A chip, its poses in any order, the accelerometer's calibration, and the gyroscope's true matrix in its frame."""
    rng = np.random.default_rng(seed)
    c = chip(rng, name)
    r = in_hands(c, TWELVE[rng.permutation(12)], rng, **how)
    spans = still_spans(r)
    acc = calibrate_accelerometer(spans, DATASHEETS[name])
    u, _, v = np.linalg.svd(acc.matrix @ c.acc_matrix)
    return c, rng, r, spans, acc, u @ v @ np.linalg.inv(c.gyr_matrix)


@pytest.mark.parametrize(("how", "scale"), [({}, 2.5e-3), ({"sway_m_s": 0.02, "tremor_m_s2": 0.2}, 5e-3)])
def test_twelve_poses_give_scale_and_cross_axis_with_an_honest_sd(how, scale):
    errors, off, before, after = [], [], [], []
    for seed in range(6):
        *_, r, spans, acc, true = one(seed, "MPU6886", **how)
        moves = moves_between(r, spans, acc)
        found = calibrate_by_moves(moves, DATASHEETS["MPU6886"])
        errors += list((found.matrix - true).ravel())
        off += list(((found.matrix - true) / found.matrix_sd).ravel())
        before += list(carried_error_rad(moves))
        after += list(carried_error_rad(moves, found.matrix))
    assert np.sqrt(np.mean(np.square(errors))) < scale  # of 1e-2
    assert 0.7 < np.sqrt(np.mean(np.square(off))) < 1.3
    assert np.median(after) < 0.4 * np.median(before)


def test_gravity_carried_judges_a_recording_that_no_fit_has_seen():
    c, rng, r, spans, acc, _ = one(1)
    found = calibrate_by_moves(moves_between(r, spans, acc), SHEET)
    other = in_hands(c, TWELVE[::-1], rng)
    moves = moves_between(other, still_spans(other), acc)
    raw, good = (np.degrees(np.sqrt(np.mean(carried_error_rad(moves, m) ** 2))) for m in (None, found.matrix))
    assert good < 0.5 < raw


def test_with_turns_the_scale_stays_theirs_and_the_rest_gets_better():
    scale, cross, alone = [], [], []
    for seed in range(4):
        c, rng, r, spans, acc, true = one(seed)
        by_turns = calibrate_gyroscope([measure_turns(turned(c, FACES[k], 10, rng), 10, acc) for k in (0, 2, 4)], SHEET)
        both = calibrate_by_moves(moves_between(r, spans, acc), SHEET, by_turns)
        scale += list(np.diag(both.matrix - true))
        cross += list((both.matrix - true)[~np.eye(3, dtype=bool)])
        alone += list((by_turns.matrix - true)[~np.eye(3, dtype=bool)])
        assert (both.matrix_sd <= by_turns.matrix_sd).all() and both.turned == (True, True, True)
    assert np.sqrt(np.mean(np.square(scale))) < 4e-4
    assert np.sqrt(np.mean(np.square(cross))) < np.sqrt(np.mean(np.square(alone)))


def test_too_few_moves_and_a_lost_one_are_refused_or_left_out():
    *_, r, spans, acc, _ = one(2)
    moves = moves_between(r, spans, acc)
    with pytest.raises(CalibrationError) as caught:
        calibrate_by_moves(moves[:5], SHEET)
    assert caught.value.reason == "too_few"
    assert moves_between(r, (), acc) == ()
    middle = (spans[3].end + spans[4].begin) // 2
    keep = (r.t_s < r.t_s[middle]) | (r.t_s > r.t_s[middle] + 0.3)
    lost = Recording(r.t_s[keep], r.gyr_rad_s[keep], r.acc_m_s2[keep])
    assert len(moves_between(lost, still_spans(lost), acc)) == len(moves) - 1


def test_a_rate_cut_off_is_refused_a_knock_is_not():
    *_, r, spans, acc, _ = one(3)
    top = 0.7 * np.abs(r.gyr_rad_s).max()
    assert top > np.radians(100)
    with pytest.raises(CalibrationError) as caught:
        moves_between(Recording(r.t_s, np.clip(r.gyr_rad_s, -top, top), r.acc_m_s2), spans, acc)
    assert caught.value.reason == "saturated"
    knocked = r.acc_m_s2.copy()
    knocked[(spans[2].end + spans[3].begin) // 2 + np.arange(5)] = 4000 * MG
    assert len(moves_between(Recording(r.t_s, r.gyr_rad_s, knocked), spans, acc)) == len(moves_between(r, spans, acc))


def test_a_move_that_does_not_fit_is_named():
    *_, r, spans, acc, _ = one(4)
    gyr = r.gyr_rad_s.copy()
    gyr[spans[5].end : spans[6].begin] *= 0.7
    with pytest.raises(CalibrationError, match=f"move at {spans[5].end_s - 0.3:.1f}") as caught:
        calibrate_by_moves(moves_between(Recording(r.t_s, gyr, r.acc_m_s2), spans, acc), SHEET)
    assert caught.value.reason == "inconsistent"
