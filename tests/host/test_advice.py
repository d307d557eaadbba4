"""The sentence of a set: about the right thing, the right repetitions, in kind words."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from variety import analysed, perfect, steady

from coxa.protocols import for_position
from coxa.reps.advice import advice
from coxa.results import POSITIONS
from coxa.simulate import simulate

WALL = for_position("wall")
PERFECT = analysed(simulate(steady(reps=10, hold_s=2.0, ramp_s=2.0), perfect(), seed=1))
GOOD = dict.fromkeys(WALL.subscores, 100.0)

ALARM = re.compile(
    r"\b(danger|warning|alarm|patholog|diagnos|abnormal|injur|disease|disorder|patient|treat|impair|deficit|"
    r"arthr|risk|fail|bad|wrong|must|pain|symptom|clinical|normal range|weak)",
    re.IGNORECASE,
)


def built(those, **changes):
    """The perfect set with `changes` in the repetitions `those`."""
    return [replace(rep, **changes) if rep.index in those else rep for rep in PERFECT.reps]


def sentence(reps, **low):
    return advice(reps, {**GOOD, **low}, WALL)


def named(text):
    return [int(n) for n in re.findall(r"\b(\d+)\b", text.partition(" in ")[2] or text)]


CASES = {
    "holds": {"er_hold_s": 0.4, "flags": ("short_er_hold",)},
    "pace": {"peak_rate_deg_s": 170.0},
    "steadiness": {"swing_deg": 19.0},
    "smoothness": {"sparc_out": -3.4},
}


@pytest.mark.parametrize("part", CASES)
def test_the_sentence_names_the_repetitions_that_it_is_about(part):
    text = sentence(built({3, 7}, **CASES[part]), **{part: 40.0})
    assert "repetitions 3 and 7" in text
    assert "repetition 4:" in sentence(built({4}, **CASES[part]), **{part: 40.0}).replace(" counts", ":")
    assert "all repetitions" in sentence(built(set(range(1, 11)), **CASES[part]), **{part: 40.0})


def test_it_names_half_repetitions_and_bad_returns():
    half = built({5}, flags=("half_rep",), valid=False, ir_deg=0.0)
    assert "repetition 5 went only one way" in sentence(half, completeness=50.0)
    assert "repetitions 2 and 9" in sentence(built({2, 9}, return_error_deg=-14.0), **{"return": 30.0})
    short = built({6}, arc_deg=40.0)
    assert "repetition 6" in sentence(short, consistency=30.0)


@pytest.mark.parametrize(("end", "words"), [("er", "outward"), ("ir", "inward")])
def test_it_says_which_end_to_hold(end, words):
    text = sentence(built({3, 7}, **{f"{end}_hold_s": 0.4, "flags": (f"short_{end}_hold",)}), holds=60.0)
    assert words in text
    assert "both ends" in sentence(built({3, 7}, er_hold_s=0.3, ir_hold_s=0.3), holds=60.0)


def test_it_is_about_what_costs_the_score_most():
    reps = built({3}, er_hold_s=0.2, peak_rate_deg_s=170.0)
    assert "Hold" in sentence(reps, holds=20.0, pace=60.0)
    assert "slowly" in sentence(reps, holds=80.0, pace=10.0).lower()


def test_a_good_set_is_praised_and_an_empty_one_explained():
    assert PERFECT.set.advice.startswith("Well done")
    assert "No repetition" in advice([], {}, WALL)


@pytest.mark.parametrize(
    ("wearer", "words"),
    [
        ({"hold_s": 0.5}, "Hold both ends longer in all repetitions"),
        ({"ramp_s": 1.0, "ir_deg": 45.0, "er_deg": 45.0}, "slowly"),
        ({"flexion_per_rotation": 0.35}, "Keep the thigh"),
        ({"half_reps": (1, 4, 5, 6, 7)}, "2, 5, 6, 7 and 8 went only one way"),
        ({"reps": 4}, "4 whole repetitions"),
    ],
)
def test_whole_sets_get_the_sentence_that_they_need(wearer, words):
    sim = simulate(steady(**{"reps": 10, "hold_s": 1.8, **wearer}), perfect(), seed=1)
    assert words in analysed(sim).set.advice


def test_the_fault_that_keeps_repetitions_out_of_the_mean_is_named():
    sim = simulate(steady(reps=10, hold_s=1.8, ramp_s=0.62, neutral_pause_s=1.5), perfect(), seed=1)
    found = analysed(sim)
    assert len(found.reps) == 10
    assert all("too_fast" in rep.flags for rep in found.reps)
    assert "slowly" in found.set.advice


@given(
    st.sets(st.integers(1, 10)),
    st.sampled_from([None, *GOOD]),
    st.sampled_from(list(CASES)),
    st.sampled_from(POSITIONS),
    st.integers(0, 10),
)
def test_it_is_always_one_kind_sentence_without_alarm_or_diagnosis(those, low, change, position, count):
    reps = built(those, **CASES[change])[:count]
    text = advice(reps, {**GOOD, **({low: 10.0} if low else {})}, for_position(position))
    assert not ALARM.search(text), text
    assert "\n" not in text
    assert text[0].isupper() or text[0].isdigit()
    assert text.endswith(".")
    assert 20 < len(text) < 220


def test_the_words_that_are_looked_for_would_be_found():
    for text, expected in product(["This is abnormal.", "Risk of injury", "You have arthritis"], [True]):
        assert bool(ALARM.search(text)) is expected
