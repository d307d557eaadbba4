"""Scores and the figures of the set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from variety import analysed as analysed_
from variety import perfect, session, steady

from coxa.protocols import Subscore, for_position
from coxa.reps.score import rep_values, scored
from coxa.simulate import simulate

WALL = for_position("wall")


def one(**wearer):
    return analysed_(simulate(steady(**{"reps": 10, **wearer}), perfect(), seed=1))


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(-300, 300), st.floats(-300, 300))
def test_a_subscore_is_straight_between_none_and_full_and_within_0_to_100(full, none, a, b):
    if abs(full - none) < 1e-3:
        none = full + 1.0
    part = Subscore(weight=1.0, full=full, none=none)
    assert part.of(full) == 100.0
    assert part.of(none) == 0.0
    assert part.of(0.5 * (full + none)) == pytest.approx(50.0)
    assert 0.0 <= part.of(a) <= 100.0
    nearer, further = sorted((a, b), key=lambda v: (v - none) / (full - none), reverse=True)
    assert part.of(nearer) >= part.of(further)


WORSE = {
    "hold_s": (2.0, 0.6),
    "ramp_s": (2.5, 0.7),
    "flexion_per_rotation": (0.0, 0.35),
    "neutral_creep_deg": (0.0, 20.0),
}


@pytest.mark.parametrize("what", WORSE)
def test_doing_one_thing_worse_lowers_the_score(what):
    better, worse = (one(**{what: value}) for value in WORSE[what])
    assert worse.set.score < better.set.score - 2.0
    assert np.mean([r.score for r in worse.reps]) < np.mean([r.score for r in better.reps]) - 2.0


@pytest.mark.parametrize(
    ("name", "wearer"),
    [
        ("holds", {"hold_s": 0.5}),
        ("pace", {"ramp_s": 0.7}),
        ("steadiness", {"swing_wander_deg": 4.0}),
        ("return", {"neutral_creep_deg": 25.0}),
        ("consistency", {"range_sd_deg": 9.0}),
        ("completeness", {"half_reps": (2, 3, 5, 6)}),
    ],
)
def test_the_part_that_suffers_is_the_one_that_is_about_it(name, wearer):
    good, bad = one().set.subscores, one(**wearer).set.subscores
    assert good[name] > 95.0
    assert bad[name] < 80.0


def test_perfect_is_about_100_and_everything_stays_within_0_and_100():
    assert one(hold_s=2.0, ramp_s=2.0).set.score > 98.0
    for seed in range(12):
        _, found = session(
            seed, ramp_s=(0.6, 1.5)[seed % 2], hold_s=(0.0, 1.5)[seed // 2 % 2], half_reps=(1, 2), reps=5
        )
        values = [*found.set.subscores.values(), found.set.score, *(rep.score for rep in found.reps)]
        assert all(0.0 <= v <= 100.0 for v in values)
        assert set(found.set.subscores) <= set(WALL.subscores)


def test_the_score_is_the_weighted_mean_of_its_visible_parts():
    for wearer in ({}, {"hold_s": 0.6}, {"half_reps": (0, 1)}):
        found = one(**wearer).set
        weights = {name: WALL.subscores[name].weight for name in found.subscores}
        expected = sum(found.subscores[n] * w for n, w in weights.items()) / sum(weights.values())
        assert found.score == pytest.approx(expected)


def test_a_weight_of_zero_takes_a_part_out():
    reps = one(hold_s=0.5).reps
    parts = {name: replace_weight(part, 0.0) if name == "holds" else part for name, part in WALL.subscores.items()}
    import msgspec

    without = scored(reps, msgspec.structs.replace(WALL, subscores=parts))
    assert all(a.score > b.score + 3 for a, b in zip(without, scored(reps, WALL), strict=True))


def replace_weight(part, weight):
    return Subscore(weight=weight, full=part.full, none=part.none)


@given(st.floats(0, 5), st.floats(0, 5))
def test_longer_holds_never_score_less(a, b):
    rep = one_rep()
    short, long = sorted((a, b))
    low, high = (scored([replace(rep, ir_hold_s=h, er_hold_s=h)], WALL)[0].score for h in (short, long))
    assert high >= low
    assert rep_values(rep, WALL)


def one_rep(cache=[]):  # noqa: B006
    if not cache:
        cache.append(one(reps=1).reps[0])
    return cache[0]


def test_the_set_is_the_mean_of_its_valid_repetitions():
    _, found = session(3, half_reps=(2,), fatigue_deg_per_rep=0.8)
    valid = [rep for rep in found.reps if rep.valid]
    assert found.set.reps_found == len(found.reps) == 12
    assert found.set.reps_valid == len(valid) == 11
    for name in ("ir", "er", "arc"):
        values = np.array([getattr(rep, f"{name}_deg") for rep in valid])
        assert getattr(found.set, f"{name}_mean_deg") == pytest.approx(values.mean())
        assert getattr(found.set, f"{name}_best_deg") == values.max()
    arcs = np.array([rep.arc_deg for rep in valid])
    assert found.set.arc_cv_percent == pytest.approx(100 * arcs.std(ddof=1) / arcs.mean())
    assert found.set.ir_er_balance == pytest.approx(
        found.set.ir_mean_deg / (found.set.ir_mean_deg + found.set.er_mean_deg)
    )


@pytest.mark.parametrize("fatigue", [0.0, 0.5, 1.5])
def test_fatigue_is_the_shrinking_of_the_arc(fatigue):
    assert one(fatigue_deg_per_rep=fatigue).set.fatigue_deg_per_rep == pytest.approx(-2 * fatigue, abs=0.05)


def test_the_mean_is_surer_than_a_repetition_but_common_errors_stay():
    for seed in range(4):
        _, found = session(seed)
        one_sd = np.mean([rep.arc_sd_deg for rep in found.reps])
        assert 0.5 * one_sd < found.set.arc_mean_sd_deg < one_sd * 1.001


def test_a_set_of_nothing_has_no_figures():
    _, found = session(1, activity="rest", duration_s=10.0)
    figures = [getattr(found.set, f"{n}_{k}_deg") for n in ("ir", "er", "arc") for k in ("mean", "best", "mean_sd")]
    assert figures == [None] * 9
    assert found.set.subscores == {}


def test_a_set_of_half_repetitions_has_no_means():
    found = one(reps=3, half_reps=(0, 1, 2))
    assert found.set.reps_found == 3
    assert found.set.reps_valid == 0
    assert found.set.arc_mean_deg is None
    assert found.set.subscores["completeness"] == 0.0
