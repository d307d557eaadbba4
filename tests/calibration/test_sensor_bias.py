"""The bias model over temperature and sessions: what it learns, how sure it is, and how it is kept."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_simulated import chip, lying

from coxa_calibration.bias_history import HALF_LIFE_DAYS, BiasHistory
from coxa_calibration.datasheet import DATASHEETS
from coxa_calibration.gyroscope import power_on_sd
from coxa_calibration.readings import CalibrationError
from coxa_calibration.stillness import AT_REST, StillSpan, still_spans
from coxa_calibration.temperature import unrounded

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SHEET = DATASHEETS["MPU6886"]


def warm_up(rng, seconds, room=None):
    t = np.arange(seconds, dtype=float)
    room = rng.uniform(19, 26) if room is None else room
    return room + rng.uniform(4, 8) * (1 - np.exp(-t / 300))


def session(c, rng, sheet=SHEET, seconds=480, room=None):
    """Still spans of 20 s of one session with whole-degree temperatures, and its true bias (n, 3) and temperature."""
    temperature = warm_up(rng, seconds, room)
    walk = np.cumsum(rng.standard_normal((seconds, 3)), axis=0) * c.gyr_walk
    true = c.gyr_bias + rng.normal(0, power_on_sd(sheet), 3) + walk + (temperature - 25)[:, None] * c.gyr_slope
    seen = unrounded(np.round(temperature), np.arange(seconds, dtype=float))
    spans = [
        StillSpan(
            i, i + 20, float(i), float(i + 20), true[i : i + 20].mean(0) + rng.normal(0, 2e-5, 3),
            np.array([0.0, 0, 9.8]), np.eye(3) * 4e-10, np.eye(3) * 1e-6, float(seen[i : i + 20].mean()),
        )
        for i in range(0, seconds, 20)
    ]  # fmt: skip
    return spans, temperature, true


def learned(c, rng, sessions, sheet=SHEET):
    history = BiasHistory.empty()
    for k in range(sessions):
        history = history.with_session(session(c, rng, sheet)[0], f"s{k}", T0 + timedelta(days=k), sheet)
    return history


def rms(values):
    return float(np.degrees(np.sqrt(np.mean(np.square(values)))))


@pytest.mark.parametrize("name", ["LSM6DSOX", "MPU6886", "ICM-42688-P"])
def test_the_slope_is_found_and_its_sd_is_honest(name):
    off, errors = [], {1: [], 8: []}
    for seed in range(25):
        for sessions, found in errors.items():
            rng = np.random.default_rng(seed)
            c = chip(rng, name)
            model = learned(c, rng, sessions, DATASHEETS[name]).model(DATASHEETS[name])
            error = model.coefficients[:, 1] - c.gyr_slope
            found.append(error)
            off += list(error / np.sqrt(model.covariance[:, 1, 1]))
    assert rms(errors[8]) < 0.6 * rms(errors[1])
    assert 0.6 < np.std(off) < 1.25


def test_the_drift_of_a_warm_up_is_halved():
    """MPU6886 class, whose drift is the temperature's; where the random walk is as large no model can halve it."""
    without, with_model = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        c = chip(rng, "MPU6886")
        model = learned(c, rng, 8).model(SHEET)
        spans, temperature, true = session(c, rng)
        start = spans[0]
        today = model.anchored(start.gyr_rad_s, np.sqrt(np.diag(start.gyr_cov)), start.temperature_c)
        predicted = today.at(temperature)[0]
        without.append(true[20:] - start.gyr_rad_s)
        with_model.append((true - predicted)[20:])
    assert rms(with_model) < 0.5 * rms(without)


def test_predictions_are_as_sure_as_they_say():
    off = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        c = chip(rng, "MPU6886")
        _, temperature, true = session(c, rng)
        bias, sd = learned(c, rng, 3).model(SHEET).at(temperature[0])
        off += list((true[0] - bias) / sd)
    assert 0.75 < np.std(off) < 1.25


@given(st.integers(0, 100), st.floats(-0.4, 0.4), st.floats(18, 34))
@settings(max_examples=15, deadline=None)
def test_todays_offset_is_the_one_measured_today(seed, off_dps, temperature):
    rng = np.random.default_rng(seed)
    model = learned(chip(rng, "MPU6886"), rng, 6).model(SHEET)
    measured = model.at(temperature)[0] + np.radians(off_dps)
    today = model.anchored(measured, np.full(3, np.radians(0.005)), temperature)
    bias, sd = today.at(temperature)
    assert np.degrees(bias - measured) == pytest.approx([0.0] * 3, abs=0.005 + 0.02 * abs(off_dps))
    assert (sd < np.radians(0.0051)).all() and (today.at(temperature + 10)[1] > sd).all()
    # an offset of power-on size says next to nothing of the slope
    moved = np.abs(today.coefficients[:, 1] - model.coefficients[:, 1])
    assert (moved < 0.5 * np.sqrt(model.covariance[:, 1, 1]) * max(1.0, abs(off_dps) / 0.1)).all()


def test_a_real_recording_of_a_warm_up_goes_all_the_way():
    rng = np.random.default_rng(1)
    c = chip(rng, "MPU6886", gyro_bias_walk_dps_rts=0.0)
    temperature = np.repeat(warm_up(rng, 480, 20.0), 26)
    r, rounded = lying(c, 480, rng, temperature_c=temperature, rate_hz=26), np.round(temperature)
    spans = still_spans(r, AT_REST, temperature_c=rounded)
    model = BiasHistory.empty().with_session(spans, "one", T0, SHEET).model(SHEET)
    # one warm-up is allowed to be a walk: the slope stays short of the truth, by less than it says
    assert (np.abs(model.coefficients[:, 1] - c.gyr_slope) < 3 * np.sqrt(model.covariance[:, 1, 1])).all()
    assert (np.abs(model.coefficients[:, 1] - c.gyr_slope) < 0.5 * np.abs(c.gyr_slope) + np.radians(0.004)).all()


def test_curvature_is_used_only_where_the_data_need_it():
    rng = np.random.default_rng(2)
    c = dataclasses.replace(chip(rng, "MPU6886"), gyr_walk=0.0, gyr_slope=np.radians([0.04, 0.0, -0.03]))
    straight = BiasHistory.empty()
    curved = BiasHistory.empty()
    bend = np.radians([0.003, 0.0, 0.0])
    for k in range(10):
        spans = session(c, rng, room=12 + 2 * k)[0]
        bent = [
            dataclasses.replace(s, gyr_rad_s=s.gyr_rad_s + bend * ((s.temperature_c or 0) - 25) ** 2) for s in spans
        ]
        straight = straight.with_session(spans, f"a{k}", T0, SHEET)
        curved = curved.with_session(bent, f"a{k}", T0, SHEET)
    assert not straight.model(SHEET).coefficients[:, 2].any()
    found = curved.model(SHEET)
    assert found.coefficients[0, 2] == pytest.approx(bend[0], rel=0.3) and not found.coefficients[1:, 2].any()


def test_nothing_learned_is_the_data_sheet():
    model = BiasHistory.empty().model(SHEET)
    bias, sd = model.at(25.0)
    assert not bias.any() and np.degrees(sd) == pytest.approx([SHEET.gyro_offset_dps.value] * 3, rel=0.01)
    assert (model.at(45.0)[1] > sd).all()


def test_outside_the_range_it_is_less_sure():
    rng = np.random.default_rng(3)
    model = learned(chip(rng, "MPU6886"), rng, 6).model(SHEET)
    inside, outside = model.at((model.coldest_c + model.warmest_c) / 2)[1], model.at(model.warmest_c + 20)[1]
    assert (outside > 1.3 * inside).all()


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=4, unique=True), st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_merging_in_any_order_and_grouping_is_the_same(seeds, at):
    parts = []
    for k, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        spans = session(chip(rng, "MPU6886"), rng, seconds=100)[0]
        parts.append(BiasHistory.empty().with_session(spans, f"s{seed}", T0 + timedelta(days=30 * k), SHEET))
    at = min(at, len(parts) - 1)

    def together(histories):
        out = BiasHistory.empty()
        for history in histories:
            out = out.merged(history)
        return out

    one, other = together(parts), together(parts[at:][::-1]).merged(together(parts[:at]))
    assert np.allclose(one.information, other.information, rtol=1e-9)
    assert np.allclose(one.model(SHEET).coefficients, other.model(SHEET).coefficients, atol=1e-12)
    assert one.sessions == pytest.approx(other.sessions) and set(one.keys) == set(other.keys)


def test_old_sessions_fade():
    rng = np.random.default_rng(4)
    c = chip(rng, "MPU6886")
    moved = dataclasses.replace(c, gyr_bias=c.gyr_bias + np.radians(0.6))
    history = learned(c, rng, 3)
    later = T0 + timedelta(days=3 + 5 * HALF_LIFE_DAYS)
    both = history.with_session(session(moved, rng)[0], "new", later, SHEET)
    assert both.sessions == pytest.approx(1 + 3 / 32, rel=0.05)
    off = np.degrees(both.model(SHEET).at(25.0)[0] - moved.gyr_bias)
    assert np.abs(off).max() < 0.35  # of 0.6; power-on spread is 0.1
    assert history.forgotten(T0) is history  # never remembers better by going back


def test_a_session_never_counts_twice():
    rng = np.random.default_rng(5)
    spans = session(chip(rng, "MPU6886"), rng)[0]
    once = BiasHistory.empty().with_session(spans, "a", T0, SHEET)
    assert once.with_session(spans, "a", T0 + timedelta(days=2), SHEET) is once
    with pytest.raises(CalibrationError) as caught:
        once.merged(BiasHistory.empty().with_session(spans, "a", T0, SHEET))
    assert caught.value.reason == "same_session"


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"temperature_c": None}, "temperature"), ({"gyr_rad_s": np.array([0.0, 0.6, 0.0])}, "moving")],
)
def test_spans_that_teach_nothing_are_refused(change, reason):
    rng = np.random.default_rng(6)
    spans = session(chip(rng, "MPU6886"), rng)[0]
    spans[3] = dataclasses.replace(spans[3], **change)
    with pytest.raises(CalibrationError) as caught:
        BiasHistory.empty().with_session(spans, "a", T0, SHEET)
    assert caught.value.reason == reason
    with pytest.raises(CalibrationError):
        BiasHistory.empty().with_session([], "a", T0, SHEET)
    with pytest.raises(CalibrationError):
        BiasHistory.empty().with_session(spans[:2], "a", datetime(2026, 1, 1), SHEET)
