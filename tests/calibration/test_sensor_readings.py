"""What every calibration refuses of its input."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_simulated import CORNERS, FACES, chip, in_hands, lying, turned

from coxa.samples import Samples
from coxa.simulate import simulate
from coxa_calibration.readings import CalibrationError, Recording, checked


def recording(seed: int = 0) -> Recording:
    rng = np.random.default_rng(seed)
    return in_hands(chip(rng), FACES[:3], rng)


def refusal(r: Recording) -> CalibrationError:
    with pytest.raises(CalibrationError) as caught:
        checked(r)
    error = caught.value
    assert error.what.endswith(".") and error.advice.endswith(".")
    return error


def test_what_the_host_passes_around_is_accepted():
    sim = simulate(seed=1)
    assert isinstance(sim.samples, Samples)
    assert np.array_equal(checked(sim.samples).gyr_rad_s, sim.samples.gyr_rad_s)


@given(st.sampled_from(["t_s", "gyr_rad_s", "acc_m_s2"]), st.integers(0, 200), st.sampled_from([np.nan, np.inf]))
@settings(max_examples=20, deadline=None)
def test_one_value_that_is_no_number_is_refused_with_its_place(field, at, value):
    r = recording()
    values = getattr(r, field).copy()
    values[at] = value
    error = refusal(dataclasses.replace(r, **{field: values}))
    assert error.reason == "not_a_number" and f"Sample {at} " in error.what


def test_times_out_of_order_too_slow_too_short_and_wrong_shapes_are_refused():
    r = recording()
    doubled = np.concatenate([r.t_s[:50], r.t_s[49:-1]])
    assert refusal(Recording(doubled, r.gyr_rad_s, r.acc_m_s2)).reason == "times"
    assert refusal(Recording(r.t_s * 10, r.gyr_rad_s, r.acc_m_s2)).reason == "slow"
    assert refusal(Recording(r.t_s * 1000, r.gyr_rad_s, r.acc_m_s2)).reason == "slow"  # milliseconds
    assert refusal(Recording(r.t_s[:9], r.gyr_rad_s[:9], r.acc_m_s2[:9])).reason == "too_short"
    assert refusal(Recording(r.t_s, r.gyr_rad_s[:-1], r.acc_m_s2)).reason == "shape"
    assert refusal(Recording(r.t_s, r.gyr_rad_s.T, r.acc_m_s2)).reason == "shape"


@pytest.mark.parametrize(("factor", "unit"), [(1 / 9.80665, "g"), (1000 / 9.80665, "mg"), (2048, "raw counts")])
def test_acceleration_in_another_unit_is_named(factor, unit):
    r = recording()
    error = refusal(Recording(r.t_s, r.gyr_rad_s, r.acc_m_s2 * factor))
    assert error.reason == "units" and unit in error.what


@pytest.mark.parametrize("seed", range(8))
def test_degrees_are_told_from_radians_in_hands_and_turns(seed):
    rng = np.random.default_rng(seed)
    for r in (in_hands(chip(rng), CORNERS[:3], rng), turned(chip(rng), CORNERS[seed % 6], 3, rng, tilt_deg=10)):
        checked(r)
        assert "deg/s" in refusal(Recording(r.t_s, np.degrees(r.gyr_rad_s), r.acc_m_s2)).advice


@pytest.mark.parametrize("seed", range(6))
def test_radians_are_never_taken_for_degrees(seed):
    rng = np.random.default_rng(seed)
    c = chip(rng, gyro_bias_dps=8.0)
    checked(lying(c, 10, rng))
    checked(in_hands(c, CORNERS, rng, move_s=0.5, tremor_m_s2=0.5))
    checked(simulate(seed=seed).samples)


def test_the_end_of_the_range_is_seen_whatever_the_range():
    r = recording()
    for limit in (0.8, 0.5):
        gyr = r.gyr_rad_s * 6
        top = np.abs(gyr).max() * limit
        assert refusal(Recording(r.t_s, np.clip(gyr, -top, top), r.acc_m_s2)).reason == "saturated"
    assert checked(Recording(r.t_s, np.clip(gyr, -top, top), r.acc_m_s2), clipping=False)
