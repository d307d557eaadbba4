"""Allan deviation against noise whose parameters are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_simulated import chip, lying

from coxa_calibration.allan import allan_deviation, noise
from coxa_calibration.comparison import noise_compared
from coxa_calibration.datasheet import DATASHEETS
from coxa_calibration.readings import CalibrationError

RATE = 50.0


def white(density, seconds, seed, rate=RATE):
    return np.random.default_rng(seed).standard_normal(int(seconds * rate)) * density * np.sqrt(rate / 2)


def flicker(instability, seconds, seed, rate=RATE):
    """1/f noise of one-sided spectrum instability²/(π f), whose Allan deviation is flat at 0.664 × instability."""
    n, rng = int(seconds * rate), np.random.default_rng(seed)
    f = np.fft.rfftfreq(n, 1 / rate)
    f[0] = f[1]
    parts = rng.standard_normal((2, len(f)))
    return np.fft.irfft((parts[0] + 1j * parts[1]) * np.sqrt(instability**2 / (np.pi * f) * rate * n / 4), n)


def test_white_noise_is_found_with_an_honest_sd():
    off = []
    for seed in range(40):
        found = noise(white(3.8e-3, 600, seed), RATE)
        off.append((found.white.value - 3.8e-3) / found.white.sd)
        assert found.walk < 3e-4
    assert abs(np.mean(off)) < 0.8 and 0.6 < np.std(off) < 1.5


@given(st.floats(1e-5, 1e3), st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_it_scales_with_the_signal_and_knows_no_offset(scale, seed):
    values = white(1.0, 120, seed)
    a, b = allan_deviation(values, RATE), allan_deviation(values * scale + 7 * scale, RATE)
    assert np.allclose(b.deviation, a.deviation * scale, rtol=1e-6)


def test_the_slope_of_white_noise_is_minus_a_half():
    curve = allan_deviation(white(1.0, 3600, 1), RATE)
    short = curve.tau_s < 30
    assert np.polyfit(np.log(curve.tau_s[short]), np.log(curve.deviation[short]), 1)[0] == pytest.approx(-0.5, abs=0.03)


def test_intervals_hold_two_thirds_of_the_truth():
    inside = []
    for seed in range(60):
        curve = allan_deviation(white(1.0, 300, seed), RATE)
        true = np.sqrt(0.5 / curve.tau_s)
        inside += list((curve.low[::6] < true[::6]) & (true[::6] < curve.high[::6]))
    assert 0.60 < np.mean(inside) < 0.76


def test_bias_instability_is_found_where_the_recording_shows_it():
    found = [noise(flicker(2e-3, 3600, s) + white(3.8e-3, 3600, s + 100), RATE) for s in range(8)]
    values = [f.instability.value for f in found]
    assert np.median(values) == pytest.approx(2e-3, rel=0.25)
    assert all(abs(f.instability.value - 2e-3) < 4 * f.instability.sd + 3e-4 for f in found)


def test_the_lowest_of_many_uncertain_points_does_not_pass_for_the_instability():
    found = [noise(flicker(2e-3, 3600, s, 10) + white(1e-3, 3600, s + 100, 10), 10).instability for s in range(40)]
    assert 0.88 < np.mean([f.value for f in found]) / 2e-3 < 1.06  # 0.87 where the whole curve may be the lowest
    assert np.mean([abs(f.value - 2e-3) < 2 * f.sd for f in found]) > 0.75


def test_white_noise_alone_shows_no_instability_only_a_bound():
    found = [noise(white(3.8e-3, 600, seed), RATE) for seed in range(30)]
    assert np.mean([f.instability_seen for f in found]) < 0.2


def test_a_walk_is_found():
    rng = np.random.default_rng(3)
    values = white(3.8e-3, 3600, 3) + np.cumsum(rng.standard_normal(180_000)) * 1e-3 / np.sqrt(RATE)
    assert noise(values, RATE).walk == pytest.approx(1e-3, rel=0.35)


@pytest.mark.parametrize("name", list(DATASHEETS))
def test_a_lying_chip_has_the_noise_of_its_data_sheet(name):
    rng = np.random.default_rng(4)
    r = lying(chip(rng, name), 300, rng)
    for values, figure, kind in (
        (r.gyr_rad_s[:, 0], DATASHEETS[name].gyro_noise_mdps_rthz, "gyroscope"),
        (r.acc_m_s2[:, 1], DATASHEETS[name].acc_noise_ug_rthz, "accelerometer"),
    ):
        sentence = noise_compared(noise(values, 104.0), figure, kind)
        assert sentence.startswith(f"{kind.capitalize()} noise: ")
        value = float(sentence.split()[2])
        assert value == pytest.approx(figure.value, rel=0.15), sentence
    loud = noise_compared(noise(r.gyr_rad_s[:, 0] * 6, 104.0), DATASHEETS[name].gyro_noise_mdps_rthz, "gyroscope")
    assert "far more than stated" in loud


@pytest.mark.parametrize(
    ("values", "reason"),
    [(np.zeros(100), "too_short"), (np.full(10_000, np.nan), "not_a_number"), (np.zeros((5000, 3)), "shape")],
)
def test_what_cannot_be_judged_is_refused(values, reason):
    with pytest.raises(CalibrationError) as caught:
        noise(values, RATE)
    assert caught.value.reason == reason


def test_a_signal_without_noise_has_none():
    found = noise(np.full(10_000, 0.25), RATE)
    assert found.white.value == 0.0 and found.instability.value == 0.0 and not found.instability_seen
