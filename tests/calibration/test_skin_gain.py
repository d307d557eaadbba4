"""The personal gain in use: the bone's angle and its sd against drawn truths, expiry, and the stored form."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxa_calibration.gain import POPULATION, PersonalGain, label
from coxa_calibration.readings import CalibrationError, Estimate

GAIN = PersonalGain(
    side="right", strap="hole 3, 5 cm above the knee", k_ir=Estimate(0.55, 0.02), k_er=Estimate(0.45, 0.018),
    correlation=0.6, r_squared=0.99, residual_sd_rad=0.007, n_reps=5, range_ir_rad=0.6, range_er_rad=0.7,
    made_at=datetime(2026, 10, 5, 18, tzinfo=UTC), method="together",
)  # fmt: skip

shares = st.floats(0.2, 1.0)
angles = st.floats(-0.6, 0.6)


def drawn(gain, rng, n):
    """(n, 2) shares as uncertain as the gain says."""
    off = gain.correlation * gain.k_ir.sd * gain.k_er.sd
    covariance = [[gain.k_ir.sd**2, off], [off, gain.k_er.sd**2]]
    return rng.multivariate_normal([gain.k_ir.value, gain.k_er.value], covariance, n)


@given(shares, shares, angles)
def test_what_the_skin_makes_of_a_turn_is_undone(ir, er, turn):
    gain = replace(GAIN, k_ir=Estimate(ir, 0.01), k_er=Estimate(er, 0.01))
    bone, sd = gain.bone_angle((ir if turn > 0 else er) * turn, 0.0)
    assert float(bone) == pytest.approx(turn)
    assert float(sd) == pytest.approx(abs(turn) * 0.01 / (ir if turn > 0 else er), abs=1e-12)


def test_a_series_keeps_its_shape_and_zero_stays_zero():
    bone, sd = GAIN.bone_angle(np.array([[-0.3, 0.0, 0.3]]), 0.01)
    assert bone.shape == sd.shape == (1, 3)
    assert bone[0, 1] == 0.0
    assert bone[0] == pytest.approx([-0.3 / 0.45, 0.0, 0.3 / 0.55])


@pytest.mark.parametrize("turn", [0.55, -0.55])
def test_the_sd_of_the_bone_is_the_scatter_of_the_bone(turn):
    rng = np.random.default_rng(1)
    k = drawn(GAIN, rng, 200_000)[:, 0 if turn > 0 else 1]
    bone = turn + (rng.normal(0, 0.01, len(k))) / k
    _, sd = GAIN.bone_angle(turn * (0.55 if turn > 0 else 0.45), 0.01)
    estimates = (turn * (0.55 if turn > 0 else 0.45) + rng.normal(0, 0.01, len(k))) / k
    assert float(sd) == pytest.approx(estimates.std(), rel=0.02)
    assert float(sd) > bone.std()  # the gain has its part


@pytest.mark.parametrize("zero_sd", [0.0, 0.012])
def test_the_sd_of_the_arc_counts_what_is_shared_as_shared(zero_sd):
    """A wrong zero adds to one end and takes from the other; a wrong reference scales both alike."""
    rng = np.random.default_rng(2)
    n = 200_000
    k = drawn(GAIN, rng, n)
    zero, own = rng.normal(0, zero_sd, n), rng.normal(0, 0.006, (n, 2))
    ir, er = 0.30 + zero + own[:, 0], 0.25 - zero + own[:, 1]
    arcs = ir / k[:, 0] + er / k[:, 1]
    found = GAIN.bone_arc(Estimate(0.30, ir.std()), Estimate(0.25, er.std()), float((ir + er).std()))
    assert found.value == pytest.approx(arcs.mean(), rel=0.005)
    assert found.sd == pytest.approx(arcs.std(), rel=0.02)


def test_beyond_the_range_of_the_calibration_the_sd_grows_and_within_it_does_not():
    sds = [float(GAIN.bone_angle(0.55 * turn, 0.0)[1]) / turn for turn in (0.3, 0.6, 0.65, 0.8, 1.0)]
    assert sds[0] == pytest.approx(sds[1]) == pytest.approx(sds[2])
    assert sds[2] < sds[3] < sds[4]
    outwards = [float(GAIN.bone_angle(-0.45 * turn, 0.0)[1]) / turn for turn in (0.3, 0.75)]
    assert outwards[0] == pytest.approx(outwards[1])  # there the calibration went further


def test_a_change_of_the_bone_shows_smaller_on_the_thigh():
    assert GAIN.mdc_scaled(5.5, "ir") == pytest.approx(10.0)
    assert GAIN.mdc_scaled(4.5, "er") == pytest.approx(10.0)
    assert GAIN.mdc_scaled(4.5) == max(GAIN.mdc_scaled(4.5, q) for q in ("ir", "er"))


def test_a_gain_holds_for_its_strap_only():
    assert GAIN.expired("Hole 3,  5 cm above the knee ") == ""
    assert "hole 4" in GAIN.expired("hole 4")
    assert GAIN.expired(GAIN.strap, moved_m=0.019, turned_rad=np.radians(9)) == ""
    assert "3 cm" in GAIN.expired(GAIN.strap, moved_m=-0.03)
    assert "12°" in GAIN.expired(GAIN.strap, turned_rad=np.radians(-12))


@given(shares, st.floats(0.005, 0.08), st.floats(0.0, 0.9))
def test_a_strap_put_on_again_makes_the_same_gain_less_certain(k, sd, correlation):
    gain = replace(GAIN, k_ir=Estimate(k, sd * k), correlation=correlation)
    again = gain.worn_again()
    assert (again.k_ir.value, again.k_er.value) == (gain.k_ir.value, gain.k_er.value)
    assert again.k_ir.sd > gain.k_ir.sd
    assert again.k_er.sd == pytest.approx(math.hypot(gain.k_er.sd, 0.05 * gain.k_er.value))
    shared = [g.correlation * g.k_ir.sd * g.k_er.sd for g in (gain, again)]
    assert shared[1] - shared[0] == pytest.approx(0.05**2 * k * gain.k_er.value)  # the place moves both alike


def test_what_it_may_be_called():
    assert label(None) == "thigh"
    assert label(GAIN) == "shank-calibrated"


def test_the_populations_share_leaves_six_degrees_at_35():
    shares = np.random.default_rng(3).normal(POPULATION.value, POPULATION.sd, 100_000)
    assert (35 * shares / POPULATION.value - 35).std() == pytest.approx(6.6, abs=0.05)


@given(
    st.builds(Estimate, shares, st.floats(1e-4, 0.15)), st.floats(-1, 1), st.text(),
    st.sampled_from(["together", "in-turn"]), st.integers(-14, 14),
)  # fmt: skip
def test_what_is_stored_is_read_back_exactly(k, correlation, strap, method, zone):
    made = datetime(2026, 3, 1, 7, 30, 1, 5, tzinfo=timezone(timedelta(hours=zone)))
    gain = replace(GAIN, k_ir=k, correlation=correlation, strap=strap, method=method, made_at=made, side="left")
    assert PersonalGain.from_dict(json.loads(json.dumps(gain.to_dict()))) == gain


def test_a_later_minor_version_is_read_and_another_format_is_not():
    stored = GAIN.to_dict()
    assert PersonalGain.from_dict({**stored, "format": "coxa.gain/1.4", "news": 1}) == GAIN
    for other in ("coxa.gain/2", "coxa.sensor/1", "", None, 1):
        with pytest.raises(CalibrationError) as refused:
            PersonalGain.from_dict({**stored, "format": other})
        assert refused.value.reason == "format"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"k_ir": "much"}, "format"),
        ({"k_ir": None}, "format"),
        ({"method": "guess"}, "format"),
        ({"method": ["together"]}, "format"),
        ({"made_at": "yesterday"}, "format"),
        ({"made_at": 7}, "format"),
        ({"made_at": "2026-10-05T18:00:00"}, "times"),
        ({"k_ir": 0.0}, "range"),
        ({"k_er": -0.5}, "range"),
        ({"k_ir": 53.0}, "range"),
        ({"k_ir_sd": 0.0}, "range"),
        ({"k_er_sd": float("nan")}, "range"),
        ({"k_er": float("nan")}, "range"),
        ({"correlation": 1.2}, "not_a_number"),
        ({"range_ir_rad": float("nan")}, "not_a_number"),
        ({"residual_sd_rad": -1.0}, "not_a_number"),
        ({"side": "both"}, "side"),
    ],
)
def test_a_damaged_gain_scales_nobodys_numbers(change, reason):
    with pytest.raises(CalibrationError) as refused:
        PersonalGain.from_dict({**GAIN.to_dict(), **change})
    assert refused.value.reason == reason


@pytest.mark.parametrize("field", [name for name in GAIN.to_dict() if name != "format"])
def test_a_field_that_is_missing_is_named(field):
    stored = {k: v for k, v in GAIN.to_dict().items() if k != field}
    with pytest.raises(CalibrationError, match=field):
        PersonalGain.from_dict(stored)
