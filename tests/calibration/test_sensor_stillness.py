"""Still spans: found whatever the bias, not found where something turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from sensor_simulated import CORNERS, FACES, MG, chip, facing, in_hands, lying, measured

from coxa_calibration.readings import CalibrationError, Recording
from coxa_calibration.stillness import AT_REST, HELD, still_spans
from coxa_calibration.temperature import unrounded


def ranges(spans):
    return [(s.begin, s.end) for s in spans]


@given(st.tuples(*[st.floats(-0.3, 0.3)] * 3), st.integers(0, 3))
@settings(max_examples=15, deadline=None)
def test_a_bias_changes_nothing(bias, seed):
    rng = np.random.default_rng(seed)
    r = in_hands(chip(rng, gyro_bias_dps=0.0), FACES[:3], rng)
    biased = Recording(r.t_s, r.gyr_rad_s + np.array(bias), r.acc_m_s2)
    found, again = still_spans(r), still_spans(biased)
    assert ranges(found) == ranges(again)
    for a, b in zip(found, again, strict=True):
        assert np.allclose(b.gyr_rad_s - a.gyr_rad_s, bias, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_each_hold_is_one_span_and_lies_inside_it(seed):
    rng = np.random.default_rng(seed)
    ups = np.vstack([FACES, CORNERS])
    spans = still_spans(in_hands(chip(rng), ups, rng, hold_s=2.5, move_s=1.5))
    assert len(spans) == len(ups)
    for k, span in enumerate(spans):
        begin = 4.0 * k + 1.5
        assert begin - 0.3 < span.start_s < begin + 0.6 and begin + 1.9 < span.end_s < begin + 2.8


@pytest.mark.parametrize("dps", [3.0, 20.0])
def test_a_steady_turn_about_a_level_axis_is_not_still(dps):
    rng = np.random.default_rng(0)
    n = 104 * 20
    turn = Rotation.from_rotvec(np.outer(np.radians(dps) * np.arange(n + 1) / 104, [1, 0, 0]))
    assert still_spans(measured(chip(rng), turn, np.zeros((n, 3)), rng), AT_REST) == ()


def test_a_gap_parts_a_span():
    rng = np.random.default_rng(1)
    r = lying(chip(rng), 12, rng)
    keep = (r.t_s < 5) | (r.t_s > 5.2)
    spans = still_spans(Recording(r.t_s[keep], r.gyr_rad_s[keep], r.acc_m_s2[keep]), AT_REST)
    assert len(spans) == 2 and spans[0].end_s < 5 < spans[1].start_s


def test_long_spans_are_cut_so_that_each_has_its_temperature():
    rng = np.random.default_rng(2)
    r = lying(chip(rng), 90, rng)
    spans = still_spans(r, AT_REST, temperature_c=20 + r.t_s / 10)
    assert len(spans) == 5
    assert [s.temperature_c for s in spans] == pytest.approx([20 + (s.start_s + s.end_s) / 20 for s in spans], abs=0.01)


def test_the_covariance_of_the_means_is_honest():
    off = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        c = chip(rng, gyro_bias_dps=0.0, gyro_bias_walk_dps_rts=0.0, acc_bias_mg=0.0, gyro_lsb_mdps=0.1)
        (span,) = still_spans(lying(c, 10, rng), AT_REST)
        off += list(span.gyr_rad_s / np.sqrt(np.diag(span.gyr_cov)))
    assert 0.85 < np.std(off) < 1.2


def test_an_axis_at_the_end_of_its_range_is_refused():
    rng = np.random.default_rng(3)
    c = chip(rng)
    n = 104 * 5
    r = measured(c, Rotation.concatenate([facing(FACES[0], rng)] * (n + 1)), np.zeros((n, 3)), rng)
    with pytest.raises(CalibrationError, match="x axis stands at the end") as caught:
        still_spans(Recording(r.t_s, r.gyr_rad_s, np.clip(r.acc_m_s2, -9.5, 9.5)))
    assert caught.value.reason == "saturated"
    assert np.abs(r.acc_m_s2[:, 0]).min() > 9.5  # the whole pose was beyond it


def test_a_knock_between_poses_does_no_harm():
    rng = np.random.default_rng(4)
    r = in_hands(chip(rng), FACES[:2], rng)
    acc = r.acc_m_s2.copy()
    acc[70:75] = 4000 * MG
    assert len(still_spans(Recording(r.t_s, r.gyr_rad_s, acc), HELD)) == 2


@pytest.mark.parametrize("bad", [np.full(10, 25.0), "nan"])
def test_temperatures_that_do_not_fit_are_refused(bad):
    rng = np.random.default_rng(5)
    r = lying(chip(rng), 5, rng)
    values = np.where(np.arange(len(r.t_s)) == 7, np.nan, 25.0) if isinstance(bad, str) else bad
    with pytest.raises(CalibrationError) as caught:
        still_spans(r, temperature_c=values)
    assert caught.value.reason == "temperature"


@given(st.floats(15, 30), st.floats(3, 12), st.floats(100, 600), st.booleans())
@settings(max_examples=40, deadline=None)
def test_whole_degrees_are_joined_to_what_they_were(start, rise, tau, falling):
    t = np.arange(0, 900, 0.25)
    true = start + (-rise if falling else rise) * (1 - np.exp(-t / tau))
    found = unrounded(np.round(true), t)
    between = (t > 20) & (np.abs(true - true[-1]) > 1.0)
    assert np.abs(found - np.round(true)).max() <= 0.5 + 1e-9
    assert np.sqrt(np.mean((found - true)[between] ** 2)) < 0.2  # rounding alone: 0.29


def test_temperatures_with_decimals_or_without_steps_stay():
    t = np.arange(100.0)
    assert np.array_equal(unrounded(20 + t / 7, t), 20 + t / 7)
    assert np.array_equal(unrounded(np.full(100, 24.0), t), np.full(100, 24.0))
