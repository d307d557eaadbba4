"""The first guess of the gyroscope's bias, over the variety of sessions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from variety import raw

from coxa.fusion.grid import uniform
from coxa.fusion.still import coarse_bias, runs
from coxa.results import POSITIONS
from coxa.samples import GRAVITY_M_S2, Samples
from coxa.simulate import Stream, Wearer, simulate

KINDS = {
    "as asked": {},
    "no start": {"start_still_s": 0.0, "end_still_s": 0.0},
    "no holds": {"hold_s": 0.0},
    "no pause": {"neutral_pause_s": 0.0},
    "one": {"reps": 1},
    "rest": {"activity": "rest", "duration_s": 20.0},
    "restless holds": {"wander_deg": 1.0},
    "inward first": {"order": "ir-first"},
    "slow": {"ramp_s": 3.0, "hold_s": 3.0, "reps": 4},
}


def off_dps(sim):
    """Largest component of found minus mean true bias, deg/s, and whether stillness was found."""
    found, seen = coarse_bias(uniform(sim.samples))
    return np.degrees(np.abs(found - sim.truth.bias_rad_s.mean(axis=0)).max()), seen


@pytest.mark.parametrize("kind", KINDS)
def test_power_on_bias_to_10_deg_s_is_found_to_1_5(kind):
    worst = []
    for seed in range(12):
        wearer = Wearer(position=POSITIONS[seed % 6], side=("left", "right")[seed % 2], **KINDS[kind])
        sim = simulate(wearer, raw(bias_dps=5.0), seed=seed)
        assert np.degrees(np.abs(sim.truth.bias_rad_s).max()) < 20.0
        off, seen = off_dps(sim)
        worst.append(off)
        assert seen
    assert max(worst) < 1.5, np.round(worst, 2)
    assert np.median(worst) < 0.6


@pytest.mark.parametrize(
    ("sensor", "stream"),
    [
        (raw(rate_hz=25.0), None),
        (raw(rate_hz=500.0), None),
        (raw(time_jitter_s=0.003), None),
        (raw(), Stream(loss=0.1)),
        (raw(), Stream(gaps=((1.0, 4.0), (12.0, 8.0)))),
    ],
    ids=["25 Hz", "500 Hz", "jitter", "losses", "gaps"],
)
def test_neither_rate_nor_losses_matter(sensor, stream):
    assert max(off_dps(simulate(Wearer(reps=6), sensor, stream, seed=seed))[0] for seed in range(6)) < 1.5


def test_a_still_sensor_shows_its_bias_itself():
    sim = simulate(
        Wearer(activity="rest", wander_deg=0.0, tremor_deg=0.0, swing_wander_deg=0.0, duration_s=30.0), raw(), seed=3
    )
    assert off_dps(sim)[0] < 0.1


def test_constant_turning_without_a_stop_is_not_called_still():
    """A pendulum never dwells: the mean rate is all that is left."""
    t = np.arange(0, 30, 0.01)
    rate = np.radians(60.0) * np.cos(2 * np.pi * 0.5 * t) + np.radians(4.0)
    gyr = np.column_stack([rate, np.zeros_like(t), np.zeros_like(t)])
    found, seen = coarse_bias(uniform(Samples(t, gyr, np.tile([0, 0, GRAVITY_M_S2], (len(t), 1)))))
    assert not seen
    assert np.degrees(found) == pytest.approx([4.0, 0.0, 0.0], abs=0.5)


def test_a_slow_steady_turn_is_not_taken_for_bias():
    """Most of the time is spent turning at ±6 deg/s; taking that for bias would leave the thigh turned around."""
    rate = np.tile(np.repeat([-6.0, 0.0, 6.0, 0.0], [700, 130, 700, 130]), 3) + 5.0
    gyr = np.radians(np.column_stack([rate, 0 * rate, 0 * rate]))
    acc = np.tile([0, 0, GRAVITY_M_S2], (len(rate), 1))
    found, seen = coarse_bias(uniform(Samples(np.arange(len(rate)) * 0.01, gyr, acc)))
    assert seen
    assert np.degrees(found[0]) == pytest.approx(5.0, abs=0.5)


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_runs_are_the_stretches_of_true(mask):
    found = runs(np.array(mask))
    rebuilt = np.zeros(len(mask), dtype=bool)
    for begin, end in found:
        assert begin < end
        rebuilt[begin:end] = True
    assert rebuilt.tolist() == mask
    assert all(a[1] < b[0] for a, b in pairwise(found))
