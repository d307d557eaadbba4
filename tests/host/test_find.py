"""Repetitions out of sequences of stays, by hand and over the simulated variety."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from variety import analysed, matched, perfect, raw, session, steady

from coxa.fusion.events import Event
from coxa.reps.find import Stay, find_reps, stays
from coxa.results import POSITIONS
from coxa.simulate import Stream, simulate

N, E, I = 0, -1, 1  # noqa: E741  neutral, ER end, IR end
DT_S = 0.02


def sequence(*labels, lengths=None):
    """Stays of one second at 50 per second, a second apart."""
    lengths, out, at = lengths or {}, [], 0
    for k, label in enumerate(labels):
        length = lengths.get(k, 50)
        out.append(Stay(label, at, at + length))
        at += length + 50
    return out


def ends(sequence_, first_end=E):
    return [tuple(stay.label for stay in found.ends) for found in find_reps(sequence_, first_end, DT_S)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((), []),
        ((N,), []),
        ((N, E, I, N), [(E, I)]),
        ((N, E, I, N, E, I, N), [(E, I)] * 2),
        ((E, I), [(E, I)]),
        ((E, I, E, I, E, I), [(E, I)] * 3),
        ((N, E, N, I, N, E, N, I, N), [(E, I)] * 2),
        ((N, I, E, N, I, E, N, I, E, N), [(I, E)] * 3),
        ((N, E, N), [(E,)]),
        ((N, E, N, E, N), [(E,), (E,)]),
        ((N, E, I, N, E, N, E, I, N), [(E, I), (E,), (E, I)]),
        ((N, E, I, N, I, N, E, I, N), [(E, I), (I,), (E, I)]),
        ((N, E, I, N, E, I, N, E), [(E, I), (E, I), (E,)]),
    ],
)
def test_the_reading_of_a_sequence(labels, expected):
    assert ends(sequence(*labels)) == expected


def test_the_order_of_the_protocol_decides_a_draw():
    assert ends(sequence(E, I, E, I), first_end=E) == [(E, I)] * 2
    assert ends(sequence(I, E, I, E), first_end=I) == [(I, E)] * 2


def test_an_odd_end_is_the_half_one_that_leaves_the_others_in_order():
    assert ends(sequence(I, E, I, E, I), first_end=E) == [(I,), (E, I), (E, I)]
    assert ends(sequence(I, E, I, E, I), first_end=I) == [(I, E), (I, E), (I,)]


def test_the_rests_can_overrule_the_order():
    """Short rests inside, long ones around: the first end was a half repetition, whatever the protocol's order."""
    labels, rests = (I, N, E, N, I, N, E, N, I), {1: 150, 5: 150}
    assert ends(sequence(*labels, lengths=rests), first_end=I) == [(I,), (E, I), (E, I)]
    assert ends(sequence(*labels), first_end=I) == [(I, E), (I, E), (I,)]


def test_a_longer_rest_lies_between_repetitions_not_in_them():
    """Neutrals everywhere, ER done first once too often: the rests say what belongs together."""
    labels = (N, I, N, E, N, I, N, E, N, I, N, E, N)
    long = dict.fromkeys((0, 4, 8, 12), 150)
    assert ends(sequence(*labels, lengths=long), first_end=E) == [(I, E)] * 3


def test_the_neutrals_around_and_between_are_told():
    first, last = find_reps(sequence(N, E, N, I, N, E, I), E, DT_S)
    assert (first.before.begin, first.between.begin, first.after.begin) == (0, 200, 400)
    assert last.before is first.after
    assert last.between is None
    assert last.after is None
    assert last.later is None
    assert last.earlier is first.after


@settings(max_examples=200)
@given(st.lists(st.sampled_from([N, E, I]), max_size=25), st.sampled_from([E, I]))
def test_every_end_belongs_to_exactly_one_repetition(labels, first_end):
    joined = [label for k, label in enumerate(labels) if not k or labels[k - 1] != label]
    stays_ = sequence(*joined)
    found = find_reps(stays_, first_end, DT_S)
    used = [stay for rep in found for stay in rep.ends]
    assert used == [stay for stay in stays_ if stay.label != N]
    assert all(1 <= len(rep.ends) <= 2 for rep in found)
    assert all(len({stay.label for stay in rep.ends}) == len(rep.ends) for rep in found)


def test_events_of_one_family_are_joined_unless_the_neutral_was_passed_between():
    events = [Event(10, 60, "plateau"), Event(80, 130, "plateau")]
    stay = np.full(140, -0.7)
    assert stays(events, np.array([E, E], dtype=np.int8), stay) == [Stay(E, 10, 130)]
    back = stay.copy()
    back[65:75] = -0.05
    assert stays(events, np.array([E, E], dtype=np.int8), back) == [Stay(E, 10, 60), Stay(E, 80, 130)]
    assert stays(events, np.array([N, N], dtype=np.int8), 0 * stay) == [Stay(N, 10, 130)]


VARIETY = {
    "as asked": {},
    "half repetitions": {"half_reps": (3, 7)},
    "inward first": {"order": "ir-first"},
    "no holds": {"hold_s": 0.0},
    "no pause at the neutral": {"neutral_pause_s": 0.0},
    "pause in the middle": {"middle_pause_s": 1.0},
    "one": {"reps": 1},
    "one without holds": {"reps": 1, "hold_s": 0.0},
    "starts and ends in motion": {"start_still_s": 0.0, "end_still_s": 0.0},
    "slow": {"ramp_s": 3.0, "hold_s": 3.0},
    "brisk": {"ramp_s": 0.6, "hold_s": 0.5},
    "small": {"ir_deg": 12.0, "er_deg": 14.0},
    "restless holds": {"wander_deg": 1.0},
    "the knee drifts": {"swing_drift_deg": 8.0},
    "the knee goes along": {"flexion_per_rotation": 0.15, "abduction_per_rotation": 0.1},
    "a long rest": {"pause_before": ((4, 20.0),)},
    "tiring": {"fatigue_deg_per_rep": 1.0},
    "a creeping neutral": {"neutral_creep_deg": 8.0},
}


@pytest.mark.parametrize(
    "kind",
    VARIETY,
)
def test_repetitions_are_counted_right_without_being_told(kind):
    missed = invented = true = halves = 0
    wrong_holds = []
    for seed in range(6):
        sim, found = session(seed + 40, position=POSITIONS[seed], **VARIETY[kind])
        pairing = matched(sim, found)
        missed, invented, true = missed + pairing.missed, invented + pairing.invented, true + len(sim.truth.reps)
        halves += sum(("half_rep" in r.flags) != (t.ir_deg == 0 or t.er_deg == 0) for r, t in pairing.pairs)
        for rep, truth in pairing.pairs:
            ends_ = ((rep.ir_hold_s, truth.ir_hold_s), (rep.er_hold_s, truth.er_hold_s))
            # which end is which the order tells, and the set that began inward is exchanged where gravity is no help
            ends_ = (
                ends_
                if np.dot(found.axis, sim.truth.axis) > 0
                else ((rep.ir_hold_s, truth.er_hold_s), (rep.er_hold_s, truth.ir_hold_s))
            )
            wrong_holds += [abs(a - b) for a, b in ends_]
    assert 2 * (true - missed) / (2 * true - missed + invented) >= 0.98, (missed, invented, true)  # F1
    assert halves <= 0.01 * true
    assert np.median(wrong_holds) < 0.2


@pytest.mark.parametrize("position", ["wall", "seated"])
def test_one_way_only_is_a_set_only_if_done_three_times_and_held(position):
    for seed in range(4):
        once = session(seed, position=position, reps=1, half_reps=(0,), neutral_sd_deg=0.5)[1]
        assert once.reps == ()
        assert "No repetition" in once.set.advice
        often = session(seed, position=position, reps=4, half_reps=(0, 1, 2, 3), neutral_sd_deg=0.5)[1]
        assert ["half_rep" in rep.flags for rep in often.reps] == [True] * 4
        beside = session(seed, position=position, reps=4, half_reps=(1,), neutral_sd_deg=0.5)[1]
        assert ["half_rep" in rep.flags for rep in beside.reps] == [False, True, False, False]


@pytest.mark.xfail(strict=True, reason="a return that misses the neutral by 4° to 6° is taken for the other end")
def test_a_single_turn_one_way_is_no_set_however_it_returned():
    for seed in range(8):
        assert session(seed, position=("wall", "seated")[seed % 2], reps=1, half_reps=(0,))[1].reps == ()
        assert session(seed, position="seated", reps=1, half_reps=(0,))[1].reps == ()


@pytest.mark.parametrize("activity", ["rest", "walking", "fidgeting"])
@pytest.mark.parametrize("position", POSITIONS)
def test_nothing_is_counted_where_nothing_was_done(position, activity):
    for seed in range(6):
        _, found = session(seed, position=position, activity=activity, duration_s=45.0)
        assert found.reps == ()
        assert found.set.reps_found == found.set.reps_valid == 0
        assert found.set.score is None
        assert "No repetition" in found.set.advice


def test_turning_while_the_whole_body_bounces_is_no_repetition():
    """As of walking on the spot: the turn is there, but gravity swings by half of itself."""
    sim = simulate(steady(position="seated", reps=4), perfect(), seed=1)
    t, acc = sim.samples.t_s, sim.samples.acc_m_s2
    bounce = 6.0 * np.sin(2 * np.pi * 1.0 * t)[:, None] * acc / np.linalg.norm(acc, axis=1, keepdims=True)
    assert len(analysed(sim).reps) == 4
    assert analysed(replace(sim, samples=replace(sim.samples, acc_m_s2=acc + bounce))).reps == ()


@pytest.mark.parametrize(
    ("sensor", "stream"),
    [(raw("MPU6886"), None), (raw(rate_hz=25.0), None), (raw(rate_hz=500.0), None), (raw(), Stream(loss=0.03))],
    ids=["MPU6886", "25 Hz", "500 Hz", "losses"],
)
def test_other_chips_rates_and_losses_do_not_change_the_count(sensor, stream):
    for seed in range(4):
        sim, found = session(seed, sensor=sensor, stream=stream, position=("wall", "seated")[seed // 2], reps=7)
        pairing = matched(sim, found)
        assert (pairing.missed, pairing.invented) == (0, 0)


def test_a_gap_costs_only_the_repetitions_that_it_touches():
    begin, length = 20.0, 3.0
    for seed in range(6):
        sim, found = session(seed, stream=Stream(gaps=((begin, length),)))
        away = [(r, t) for r, t in matched(sim, found).pairs if t.end_s < begin - 1 or t.start_s > begin + length + 1]
        assert len(away) >= 9
        assert not [rep.index for rep, _ in away if "half_rep" in rep.flags]
