"""Orientation: conventions of every method, and the promises of the self-calibration, with truth known."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import vqf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from coxa import quaternion
from coxa.errors import InputError, UsageError
from coxa.fusion.orientation import METHODS, estimate_orientation, orientation
from coxa.fusion.selfcal import calibrate
from coxa.fusion.selfcal_blocks import preintegrate
from coxa.fusion.selfcal_poweron import power_on_offset
from coxa.fusion.selfcal_rest import still_phases

ROOT = Path(__file__).resolve().parents[2]
BROAD = ROOT.parent / "shared" / "data" / "broad"
G = np.array([0.0, 0.0, 9.81])
RATE = 100.0


def wander(rng, n, period_s, axes=3):
    """Smooth random signals of unit rms, (n, axes)."""
    x = gaussian_filter1d(rng.standard_normal((n, axes)), period_s * RATE / 6, axis=0)
    return x / x.std(axis=0)


def motion(rng, seconds, *, rate_deg_s=60.0, still_s=0.0, moved_m=0.03, vertical=False):
    """True rate, force and orientation of a turning, shaken sensor; still at the start for still_s."""
    n = int(seconds * RATE)
    active = np.clip((np.arange(n) / RATE - still_s) / 0.5, 0.0, 1.0)[:, None] if still_s else np.ones((n, 1))
    rate = np.radians(rate_deg_s) * wander(rng, n, 3.0) * active
    if vertical:
        rate[:, :2] = 0.0
    turned = vqf.BasicVQF(1 / RATE).updateBatchFullState(rate, np.tile(G, (n, 1)))["gyrQuat"]
    start = np.array([1.0, 0, 0, 0]) if vertical else quaternion.from_rotation_vector(rng.standard_normal(3))
    q = quaternion.multiply(start, turned)
    place = moved_m * wander(rng, n, 2.0) * active
    own = np.gradient(np.gradient(place, 1 / RATE, axis=0), 1 / RATE, axis=0)
    return rate, quaternion.rotate(quaternion.conjugate(q), own + G), q


def noisy(rng, rate, force, bias_deg_s=0.0, gain=0.0):
    """What a sensor of the LSM6DSOX class makes of it: noise, and the errors given ((3,) and (3, 3) or scalars)."""
    n = len(rate)
    gyr = rate @ (np.eye(3) + np.broadcast_to(gain, (3, 3))).T + np.radians(bias_deg_s)
    gyr = gyr + np.radians(0.004) * np.sqrt(RATE / 2) * rng.standard_normal((n, 3))
    return gyr, force + 0.001 * np.sqrt(RATE / 2) * rng.standard_normal((n, 3))


def errors(q, truth):
    """Inclination and heading error, deg rms; the mean heading removed."""
    e = quaternion.multiply(q, quaternion.conjugate(truth))
    heading = np.unwrap(2 * np.arctan2(e[:, 3], e[:, 0]))
    tilt = 2 * np.arccos(np.clip(np.hypot(e[:, 0], e[:, 3]), 0, 1))
    return np.degrees(np.sqrt(np.mean(tilt**2))), np.degrees(heading.std())


def offline(gyr, acc):
    return vqf.offlineVQF(gyr, acc, None, 1 / RATE)["quat6D"]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_sensor_to_earth_z_up_and_follows_the_heading(method):
    rng = np.random.default_rng(1)
    rate, force, truth = motion(rng, 40, moved_m=0.0)
    q = orientation(rate, force, RATE, method)
    settled = slice(len(q) // 2, None)
    tilt, heading = errors(q[settled], truth[settled])
    assert np.allclose(np.linalg.norm(q, axis=1), 1.0)
    assert tilt < 2.0
    assert heading < 2.0


@pytest.mark.parametrize("method", METHODS)
def test_resting_force_points_up(method):
    force = np.tile([2.0, -7.0, 6.5], (600, 1))
    up = quaternion.rotate(orientation(np.zeros((600, 3)), force, RATE, method), force)[-1]
    assert up[2] / np.linalg.norm(up) > 0.999


@pytest.mark.parametrize(
    ("gyr", "acc", "rate", "says"),
    [
        (np.zeros((10, 2)), np.tile(G, (10, 1)), 100.0, "shape"),
        (np.zeros(30), np.tile(G, (10, 1)), 100.0, "shape"),
        (np.zeros((0, 3)), np.zeros((0, 3)), 100.0, "shape"),
        (np.zeros((10, 3)), np.tile(G, (9, 1)), 100.0, "rows"),
        (np.full((10, 3), np.nan), np.tile(G, (10, 1)), 100.0, "row 0"),
        (np.zeros((10, 3)), np.vstack([np.tile(G, (9, 1)), [[0, np.inf, 0]]]), 100.0, "row 9"),
        (np.zeros((10, 3)), np.tile(G / 9.81, (10, 1)), 100.0, "not gravity"),
        (np.zeros((10, 3)), np.zeros((10, 3)), 100.0, "not gravity"),
        (np.zeros((10, 3)), np.tile(G, (10, 1)) * 1000, 100.0, "not gravity"),
        (np.zeros((10, 3)), np.tile(G, (10, 1)), 0.0, "sampling rate"),
        (np.zeros((10, 3)), np.tile(G, (10, 1)), np.nan, "sampling rate"),
        ([["a", "b", "c"]], [[0, 0, 9.8]], 100.0, "numbers"),
    ],
)
def test_bad_input_is_one_line_that_says_where(gyr, acc, rate, says):
    with pytest.raises(InputError, match=says) as caught:
        estimate_orientation(gyr, acc, rate)
    assert caught.value.advice
    assert "\n" not in str(caught.value)


def test_unknown_method_names_the_known():
    with pytest.raises(UsageError, match="madgwick"):
        orientation(np.zeros((10, 3)), np.tile(G, (10, 1)), RATE, "magic")


@given(n=st.integers(1, 400), rate=st.floats(10, 1000))
@settings(max_examples=30, deadline=None)
def test_short_recordings_of_any_rate_are_those_of_vqf(n, rate):
    rng = np.random.default_rng(n)
    gyr, acc = 0.3 * rng.standard_normal((n, 3)), G + 0.3 * rng.standard_normal((n, 3))
    q = estimate_orientation(gyr, acc, rate)
    assert q.shape == (n, 4)
    assert np.isfinite(q).all()
    assert n / rate >= 40.0 or np.array_equal(q, vqf.offlineVQF(gyr, acc, None, 1 / rate)["quat6D"])


@pytest.mark.parametrize("seed", range(4))
def test_bias_and_gain_are_found_where_the_motion_shows_them(seed):
    rng = np.random.default_rng(seed)
    gain, bias = 0.004 * rng.standard_normal((3, 3)), 0.4 * rng.standard_normal(3)
    rate, force, truth = motion(rng, 90)
    gyr, acc = noisy(rng, rate, force, bias, gain)
    blocks = preintegrate(gyr, acc, RATE)
    found = calibrate(blocks, still_phases(blocks))
    expected = np.linalg.inv(np.eye(3) + gain) - np.eye(3)
    sd = np.sqrt(np.diag(found.fit.covariance))[found.fit.at.gain].reshape(3, 3).T
    assert np.all(np.abs(found.gain - expected) < 5 * sd)
    assert sd.max() < 0.002
    assert np.abs(np.degrees(found.bias.mean(axis=0)) + bias).max() < 0.05
    before, after = errors(offline(gyr, acc), truth), errors(estimate_orientation(gyr, acc, RATE), truth)
    assert after[1] < before[1] / 3
    assert after[0] == pytest.approx(before[0], abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "kind",
    [
        {"seconds": 20},
        {"seconds": 60, "rate_deg_s": 10.0},
        {"seconds": 60, "rate_deg_s": 5.0, "moved_m": 0.3},
        {"seconds": 60, "still_s": 5.0, "vertical": True},
        {"seconds": 120, "rate_deg_s": 200.0, "still_s": 3.0},
        {"seconds": 60, "rate_deg_s": 0.0, "moved_m": 0.0},
    ],
    ids=["short", "slow", "shaken", "vertical", "fast", "still"],
)
def test_a_good_sensor_is_not_made_worse(kind, seed):
    rng = np.random.default_rng(seed)
    rate, force, truth = motion(rng, **kind)
    gyr, acc = noisy(rng, rate, force, 0.02 * rng.standard_normal(3), 2e-4 * rng.standard_normal((3, 3)))
    before, after = errors(offline(gyr, acc), truth), errors(estimate_orientation(gyr, acc, RATE), truth)
    assert after[1] < before[1] + 0.2
    assert after[0] < before[0] + 1e-6


def test_what_gravity_cannot_show_is_left_to_vqf():
    rng = np.random.default_rng(5)
    rate, force, _ = motion(rng, 60, vertical=True)
    gyr, acc = noisy(rng, rate, force, [0.0, 0.0, 0.3])
    assert np.array_equal(estimate_orientation(gyr, acc, RATE), offline(gyr, acc))


@pytest.mark.parametrize("still_s", [0.0, 4.0])
def test_power_on_offset_of_ten_degrees_per_second(still_s):
    rng = np.random.default_rng(8)
    bias = np.array([-10.0, 7.0, 9.0])
    rate, force, truth = motion(rng, 90, still_s=still_s)
    gyr, acc = noisy(rng, rate, force, bias)
    tilt, heading = errors(estimate_orientation(gyr, acc, RATE), truth)
    assert errors(offline(gyr, acc), truth)[1] > 20.0
    assert tilt < 0.5
    assert heading < 1.0


def test_a_slow_even_turn_about_the_vertical_is_no_power_on_offset():
    rng = np.random.default_rng(2)
    rate, _, _ = motion(rng, 60, rate_deg_s=2.0)
    rate[:, 2] += np.radians(8.0)
    turned = vqf.BasicVQF(1 / RATE).updateBatchFullState(rate, np.tile(G, (len(rate), 1)))["gyrQuat"]
    gyr, acc = noisy(rng, rate, quaternion.rotate(quaternion.conjugate(turned), G))
    blocks = preintegrate(gyr, acc, RATE)
    assert not power_on_offset(blocks, still_phases(blocks)).any()


def test_mounting_the_sensor_otherwise_changes_nothing_but_the_mounting():
    rng = np.random.default_rng(3)
    rate, force, truth = motion(rng, 60, still_s=2.0)
    gyr, acc = noisy(rng, rate, force, 0.3, 0.003 * rng.standard_normal((3, 3)))
    mount = quaternion.from_rotation_vector(np.array([0.0, 0.0, np.pi / 2]))
    turned = [quaternion.rotate(quaternion.conjugate(mount), x) for x in (gyr, acc)]
    straight = errors(estimate_orientation(gyr, acc, RATE), truth)
    other = errors(estimate_orientation(*turned, RATE), quaternion.multiply(truth, mount))
    assert other == pytest.approx(straight, abs=0.05)


def test_still_phases_are_found_with_their_rate_and_no_others():
    rng = np.random.default_rng(4)
    rate, force, _ = motion(rng, 30, still_s=6.0)
    gyr, acc = noisy(rng, rate, force, [0.5, -0.2, 0.1])
    (rest,) = still_phases(preintegrate(gyr, acc, RATE))
    assert rest.start == 0
    assert 4.5 < rest.stop * 0.1 < 7.0
    assert np.abs(np.degrees(rest.rate) - [0.5, -0.2, 0.1]).max() < 5 * np.degrees(rest.sd)


@pytest.mark.skipif(not BROAD.is_dir(), reason="the BROAD trials are not beside the repository (../shared/data/broad)")
def test_broad_total_error_a_third_below_offline_vqf_and_no_trial_worse():
    spec = importlib.util.spec_from_file_location("bench_orientation", ROOT / "benchmarks" / "orientation.py")
    bench = importlib.util.module_from_spec(spec)
    sys.modules["bench_orientation"] = bench
    spec.loader.exec_module(bench)
    trials = [bench.load(path) for path in sorted(BROAD.glob("*.mat"))]
    quats = [[orientation(t.gyr, t.acc, t.rate_hz, m) for m in ("coxa", "vqf-offline")] for t in trials]
    for zero in ("start", "best"):
        table = np.array([[bench.errors_deg(q, t, zero) for q in pair] for t, pair in zip(trials, quats, strict=True)])
        coxa, peer = table[:, 0], table[:, 1]
        assert coxa[:, 2].mean() < 2 / 3 * peer[:, 2].mean()
        assert np.all(coxa[:, 0] <= peer[:, 0] + 1e-6)
        assert np.all(coxa[:, 2] <= peer[:, 2] + 0.2)
