"""The board's orientation filter: the real files in the real interpreter, against its models, truth and recordings."""

import base64
import json
import sys
from pathlib import Path

import interpreters
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orientation_board import SCRIPT, UP, Run, angle_deg, as_counts, inclination_deg, leg, slowed, without_rounding
from orientation_double import STARTING
from orientation_golden import EVERY, KNOWN, LSM, PATH, cases
from orientation_model import Fixed, Scales
from vqf import BasicVQF

from coxa import quaternion
from coxa.samples import GRAVITY_M_S2
from coxa.simulate import SENSORS, Wearer, simulate

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from orientation import errors_deg, load  # noqa: E402

BROAD = ROOT.parent / "shared" / "data" / "broad"
AGREEMENT_DEG = 0.1  # between whole numbers and double precision over 20 minutes
VECTORS = json.loads(PATH.read_text())


@pytest.mark.parametrize("name", VECTORS)
def test_golden_vectors_on_the_board(name, bits):
    vector = VECTORS[name]
    scales, samples = Scales(*vector["scales"]), decoded(vector)
    run = Run(scales, samples, bits, **vector.get("known", {}))
    assert run.wire[EVERY - 1 :: EVERY].tolist() == vector["wire"]
    assert np.rint(run.bias_dps[-1] / scales.gyro_dps_per_lsb * 2**18).astype(int).tolist() == vector["bias"]


@pytest.mark.parametrize("name", VECTORS)
def test_golden_vectors_are_those_of_the_model(name):
    scales, samples = cases()[name]
    vector = VECTORS[name]
    assert vector["scales"] == [scales.rate_hz, scales.gyro_dps_per_lsb, scales.acc_g_per_lsb]
    assert np.array_equal(decoded(vector), samples)
    assert vector.get("known", {}) == KNOWN.get(name, {})
    model = Fixed(scales, **KNOWN.get(name, {}))
    assert model.run(samples[:, None])[EVERY - 1 :: EVERY, 0].tolist() == vector["wire"]
    assert model.bias[:, 0].tolist() == vector["bias"]


def decoded(vector):
    return np.frombuffer(base64.b64decode(vector["samples"]), "<i2").reshape(-1, 6)


@pytest.mark.skipif(interpreters.command(32) is None, reason=interpreters.MISSING_32)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.lists(st.integers(1, 15), min_size=6, max_size=6),
    hold=st.integers(1, 40),
    chip=st.tuples(st.sampled_from([125, 250, 500, 1000, 2000]), st.sampled_from([2, 4, 8, 16]), st.floats(25, 400)),
    known=st.fixed_dictionaries(
        {
            "gyro_bias_mdps": st.none() | st.lists(st.integers(-12_000, 12_000), min_size=3, max_size=3),
            "acc_offset_ug": st.none() | st.lists(st.integers(-300_000, 300_000), min_size=3, max_size=3),
        }
    ),
)
def test_any_samples_give_the_same_on_all_word_lengths(seed, bits, hold, chip, known):
    """An intermediate result beyond 32 bits would differ: 64-bit words and the model keep it, 32-bit words do not."""
    rng = np.random.default_rng(seed)
    samples = np.column_stack([rng.integers(-(2**b), 2**b, 600).clip(-32768, 32767) for b in bits])
    samples = np.repeat(samples[: 600 // hold + 1], hold, axis=0).astype(np.int16)
    gyro_range, acc_range, rate_hz = chip
    rate_hz = max(rate_hz, gyro_range * np.pi / 180 / 0.499)
    scales = Scales(rate_hz, gyro_range / 32768, acc_range / 32768)
    small, large = Run(scales, samples, 32, **known), Run(scales, samples, 64, **known)
    assert np.array_equal(small.wire, large.wire)
    assert np.array_equal(small.wire, Fixed(scales, **known).run(samples[:, None])[:, 0])
    assert np.abs(small.bias_dps - large.bias_dps).max() < 1e-9


def test_allocates_nothing(bits):
    assert interpreters.run(SCRIPT.parent / "orientation_allocation_script.py", bits=bits).strip() == "ok"


@pytest.mark.parametrize("chip", ["LSM6DSOX", "MPU6886", "ICM-42688-P"])
@pytest.mark.parametrize("position", ["wall", "seated"])
def test_agrees_with_double_precision_over_20_minutes(chip, position):
    scales, samples, _ = session(chip, position, seed=1, reps=142)
    assert len(samples) / scales.rate_hz > 20 * 60
    board, exact = Run(scales, samples).quat[STARTING:], without_rounding(scales, samples)[STARTING:]
    assert angle_deg(board, exact).max() < AGREEMENT_DEG
    assert inclination_deg(board, exact).max() < AGREEMENT_DEG / 2


def session(chip, position, seed, **wearer):
    simulation = simulate(Wearer(position=position, **wearer), SENSORS[chip], seed=seed)
    return *leg(simulation, SENSORS[chip]), simulation.truth


@pytest.mark.skipif(not BROAD.is_dir(), reason=f"no recordings with optical reference in {BROAD.name}")
def test_inclination_on_real_recordings():
    """Against vqf's basic variant on the same counts, 95 Hz; the ranges hold all of the movements."""
    ratios = []
    for path in sorted(BROAD.glob("*.mat")):
        trial = slowed(load(path))
        scales, samples = as_counts(trial.rate_hz, trial.gyr, trial.acc)
        rate, force = np.radians(samples[:, :3] * scales.gyro_dps_per_lsb), samples[:, 3:] * scales.acc_g_per_lsb
        basic = BasicVQF(1 / trial.rate_hz).updateBatch(rate, force * GRAVITY_M_S2)["quat6D"]
        ratios.append(errors_deg(Run(scales, samples).quat, trial)[0] / errors_deg(basic, trial)[0])
    assert max(ratios) < 1.5
    assert np.mean(ratios) < 1.0


def lying(direction, n, rate_dps=(0, 0, 0)):
    """Counts of a sensor that lies still with `direction` (3,), sensor frame, up; the gyroscope reads rate_dps."""
    force = np.asarray(direction) / np.linalg.norm(direction) / LSM.acc_g_per_lsb
    rate = np.asarray(rate_dps) / LSM.gyro_dps_per_lsb
    return np.tile(np.rint([*rate, *force]).astype(np.int16), (n, 1))


def tilt_deg(wire, direction):
    """Angle between up as the quaternion sees it and as it is, (n,)."""
    quat = quaternion.normalized(wire.astype(float))
    off = quaternion.rotate(quaternion.conjugate(quat), UP) - np.asarray(direction) / np.linalg.norm(direction)
    return np.degrees(2 * np.arcsin(np.linalg.norm(off, axis=1) / 2))


DIRECTIONS = [(0, 0, 1), (0, 0, -1), (0, 1e-4, -1), (1, 0, -1e-4), (0, -1, 0), (1, 1, -1), (-3, 2, -6), (-1, 0, 0.2)]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_starts_level_whichever_way_round(direction):
    wire = Run(LSM, lying(direction, 300)).wire
    assert not wire[: STARTING - 1].any()
    assert tilt_deg(wire[STARTING - 1 :], direction).max() < 0.5
    assert tilt_deg(wire[-1:], direction)[0] < 0.02


def test_finds_a_power_on_bias_at_rest(bits):
    bias = np.array([10.0, -10.0, 7.0])
    run = Run(LSM, lying((1, 2, 3), 2000, bias), bits)
    assert run.resting[-1]
    assert np.abs(run.bias_dps[-1] - bias).max() < 0.02
    assert angle_deg(run.quat[1900:], run.quat[-1]).max() < 0.1


OFFSET_UG = [21_000, -17_000, 30_500]


def off(samples):
    """The same with an accelerometer that is off by OFFSET_UG."""
    counts = np.rint(np.array(OFFSET_UG) * 1e-6 / LSM.acc_g_per_lsb)
    return samples + np.array([0, 0, 0, *counts]).astype(np.int16)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_offset_of_the_accelerometer_is_taken_off(direction):
    samples = off(lying(direction, 300))
    up, offset = np.array(direction) / np.linalg.norm(direction), np.array(OFFSET_UG) * 1e-6
    leans_deg = np.degrees(np.linalg.norm(offset - up * (up @ offset)))
    assert tilt_deg(Run(LSM, samples).wire[-1:], direction)[0] == pytest.approx(leans_deg, abs=0.05)
    wire = Run(LSM, samples, acc_offset_ug=OFFSET_UG).wire
    assert tilt_deg(wire[STARTING - 1 :], direction).max() < 0.5
    assert tilt_deg(wire[-1:], direction)[0] < 0.02


def test_a_known_bias_holds_from_the_first_moment_and_in_motion():
    """A leg that never rests, its axis upright: nothing but the setting can tell what it turns by mistake."""
    scales, samples, truth = session("LSM6DSOX", "wall", seed=5, start_still_s=0.0, reps=4, neutral_pause_s=0.0)
    mdps = [1500, -1800, 2100]
    moved = samples + np.rint([*(np.array(mdps) * 1e-3 / scales.gyro_dps_per_lsb), 0, 0, 0]).astype(np.int16)
    own = np.degrees(truth.bias_rad_s[0]) * 1e3
    late = slice(STARTING, None)
    whole = [round(x) for x in own + mdps]
    exact = Run(scales, samples, gyro_bias_mdps=[round(x) for x in own])
    assert angle_deg(Run(scales, moved, gyro_bias_mdps=whole).quat[late], exact.quat[late]).max() < 0.5
    assert angle_deg(Run(scales, moved).quat[late], exact.quat[late]).max() > 20


def test_a_known_bias_that_has_moved_by_3_dps_is_found_again_at_rest(bits):
    bias = np.array([3.0, -3.0, 2.0])
    run = Run(LSM, lying((1, 2, 3), 600, bias), bits, gyro_bias_mdps=[0, 0, 0])
    assert np.abs(run.bias_dps[1] - bias).max() < 0.1, "after 512 samples, 5 s"


def test_a_leg_that_sways_is_less_taken_for_another_bias_where_the_bias_is_known():
    off_dps = []
    for seed in range(8):
        scales, samples, truth = session("LSM6DSOX", "wall", seed=seed, start_still_s=6.0, reps=1)
        own = np.degrees(truth.bias_rad_s[0])
        known = {"gyro_bias_mdps": [round(x * 1e3) for x in own]}
        off_dps.append([Run(scales, samples[:256], **what).bias_dps[0] - own for what in ({}, known)])
    unknown, known = np.sqrt(np.mean(np.square(off_dps), axis=(0, 2)))
    assert known < 0.6 * unknown


def test_a_steady_turn_is_not_a_bias():
    run = Run(LSM, lying((0, 0, 1), 2000, (0, 0, 20)))
    assert not any(run.resting)
    assert np.abs(run.bias_dps).max() < 0.01


def test_bias_is_found_in_motion_where_gravity_sees_it():
    """Never at rest, the axis of movement level: what tilts is known within minutes, from 3 deg/s."""
    scales, samples, truth = session("LSM6DSOX", "seated", seed=3, start_still_s=0.0, reps=24, neutral_pause_s=0.0)
    extra = quaternion.rotate(quaternion.conjugate(truth.quat), UP)[len(samples) // 2]
    across = np.cross(extra, [1.0, 0, 0]) / np.linalg.norm(np.cross(extra, [1.0, 0, 0]))
    moved = samples + np.rint(np.array([*(3 * across / scales.gyro_dps_per_lsb), 0, 0, 0])).astype(np.int16)
    plain, biased = Run(scales, samples), Run(scales, moved)
    late = slice(-2000, None)
    assert np.median(inclination_deg(plain.quat[late], biased.quat[late])) < 1.0


def test_rest_is_told_from_movement():
    still, moving = lying((0, 0, 1), 520), lying((0, 0, 1), 520)
    moving[:, 0] += np.rint(2000 * np.sin(np.arange(520) / 16)).astype(np.int16)
    run = Run(LSM, np.vstack([still, moving, still]))
    assert run.resting[1]
    assert not any(run.resting[2:4])
    assert run.resting[-1]


def test_free_fall_and_blows_keep_the_attitude():
    still = lying((0, 1, 1), 600)
    fall = np.zeros((60, 6), np.int16)
    blow = np.tile(np.array([[0, 0, 0, 32767, -32768, 32767]], np.int16), (2, 1))
    run = Run(LSM, np.vstack([still, fall, still[:100], blow, still[:10]]))
    assert angle_deg(run.quat[650:659], run.quat[599]).max() < 0.05
    assert angle_deg(run.quat[-1:], run.quat[599])[0] < 2.0


def test_after_a_gap_the_tilt_is_found_anew_soon():
    before, after = lying((0, 0, 1), 1000), lying((0, 1, 1), 800)
    samples = np.vstack([before, after])
    told, untold = Run(LSM, samples, gaps=[1000]), Run(LSM, samples)
    two_seconds = 1000 + int(2 * LSM.rate_hz)
    assert tilt_deg(told.wire[two_seconds:], (0, 1, 1)).max() < 0.5
    assert tilt_deg(untold.wire[two_seconds:], (0, 1, 1)).max() > 5.0
    assert np.abs(told.bias_dps[-1]).max() < 0.05


def test_a_turn_is_integrated_to_its_end():
    """A hundred turns about the vertical, 300 deg/s: nothing is lost to rounding or to the third order."""
    n = round(100 * 360 / 300 * LSM.rate_hz)
    counts = round(300 / LSM.gyro_dps_per_lsb)
    samples = np.vstack([lying((0, 0, 1), 300), lying((0, 0, 1), n)])
    samples[300:, 2] = counts
    quat = Run(LSM, samples).quat
    turned = n * counts * LSM.gyro_dps_per_lsb / LSM.rate_hz
    expected = quaternion.multiply(quaternion.about(UP, np.radians([turned])), quat[299:300])
    assert angle_deg(quat[-1:], expected)[0] < 0.05


@pytest.mark.parametrize(
    "figures", [(10.0, 0.0175, 0.000122), (500.0, 0.0175, 0.000122), (50.0, 0.07, 0.000122), (104.0, 0.0175, 0.001)]
)
def test_refuses_what_it_is_not_made_for(figures, tmp_path):
    script = tmp_path / "refused.py"
    script.write_text(f"from coxa_board.orientation import Orientation\nOrientation{figures}\n")
    with pytest.raises(AssertionError, match=r"ValueError: .* made for|ValueError: .* fit"):
        interpreters.run(script)
