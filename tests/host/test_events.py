"""Pauses of the turning, and which pause is which."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coxa.fusion.events import Event, find_events
from coxa.fusion.families import classify
from coxa.fusion.grid import Grid, uniform
from coxa.samples import GRAVITY_M_S2, Samples

HZ = 50.0


def course(*parts, hz=HZ):
    """Grid and rate of minimum-jerk moves: (seconds, degrees to go) one after the other; 0 degrees is a stay."""
    t = np.arange(0, sum(s for s, _ in parts) + 0.5 / hz, 1 / hz)
    angle, begun, at = np.zeros_like(t), 0.0, 0.0
    for seconds, degrees in parts:
        x = np.clip((t - begun) / seconds, 0, 1)
        angle += np.radians(degrees) * x**3 * (10 - 15 * x + 6 * x * x)
        begun, at = begun + seconds, at + degrees
    rate = np.gradient(angle, t)
    gyr = np.column_stack([rate, 0 * rate, 0 * rate])
    grid = uniform(Samples(t, gyr, np.tile([0, 0, GRAVITY_M_S2], (len(t), 1))))
    return grid, grid.gyr[:, 0]


def spans(events, kind=None):
    return [(e.begin / HZ, e.end / HZ) for e in events if kind in (None, e.kind)]


REP = ((1.5, -40), (1.5, 0), (2.0, 75), (1.5, 0), (1.5, -35), (1.0, 0))


def test_holds_and_neutrals_are_plateaus_where_they_are():
    grid, rate = course((2.0, 0), *REP)
    found = spans(find_events(grid, rate), "plateau")
    expected = [(0, 2), (3.5, 5), (7, 8.5), (10, 11)]
    assert len(found) == 4
    assert np.abs(np.array(found) - expected).max() < 0.35


@settings(max_examples=30, deadline=None)
@given(st.floats(-90, 90), st.floats(0.7, 3.0), st.floats(0.6, 4.0))
def test_a_stay_at_each_end_of_a_move_is_found_whatever_the_move(degrees, seconds, stay):
    if abs(degrees) < 10 or abs(degrees) / seconds < 10:
        degrees = np.sign(degrees or 1.0) * 45.0
    grid, rate = course((stay, 0), (seconds, degrees), (stay, 0))
    events = find_events(grid, rate)
    assert [e.kind for e in events] == ["plateau", "plateau"]
    assert all((e.end - e.begin) / HZ > stay - 0.1 for e in events)


def test_an_end_without_a_hold_is_a_turning_point():
    grid, rate = course((1.5, 0), (1.5, -40), (1.5, 40), (1.5, 0))
    events = find_events(grid, rate)
    assert [e.kind for e in events] == ["plateau", "turn", "plateau"]
    assert events[1].begin / HZ == pytest.approx(3.0, abs=0.1)


def test_a_slow_pass_through_the_neutral_is_an_event():
    grid, rate = course((1.5, 0), (1.5, -40), (1.5, 40), (1.5, 35), (1.5, 0))
    assert [e.kind for e in find_events(grid, rate)] == ["plateau", "turn", "pass", "plateau"]


def test_a_twitch_does_not_end_a_hold():
    grid, rate = course((1.5, 0), (1.5, -40), (1.0, 0), (0.2, 1.2), (0.2, -1.2), (1.0, 0), (1.5, 40), (1.5, 0))
    held = spans(find_events(grid, rate), "plateau")
    assert len(held) == 3
    assert held[1][1] - held[1][0] > 2.0


def test_small_ripples_are_no_moves():
    grid, rate = course((2.0, 0), (0.7, 2.0), (0.7, -2.0), (0.7, 2.0), (0.7, -2.0), (2.0, 0), (1.5, 40), (1.5, 0))
    kinds = [e.kind for e in find_events(grid, rate)]
    assert set(kinds) == {"plateau"}


def test_a_gap_is_not_stillness():
    t = np.concatenate([np.arange(0, 3, 0.02), np.arange(6, 9, 0.02)])
    gyr = np.zeros((len(t), 3))
    grid = uniform(Samples(t, gyr, np.tile([0, 0, GRAVITY_M_S2], (len(t), 1))))
    for event in find_events(grid, grid.gyr[:, 0]):
        assert not grid.missing[event.begin : event.end].any()


@settings(max_examples=20, deadline=None)
@given(st.floats(0.2, 5.0))
def test_events_stay_the_same_at_any_speed_of_the_whole(stretch):
    slowest = max(stretch, 0.6)
    grid, rate = course((2.0, 0), *((seconds * slowest, degrees) for seconds, degrees in REP))
    assert len(find_events(grid, rate)) == 4


EVERY_S = 4.0


def labels_of(levels, gaps=(), start_s=2.0):
    """Labels of plateaus of 1.2 s (the first: start_s), one every four seconds, at these levels in degrees."""
    step = round(EVERY_S * HZ)
    t = np.arange(step * len(levels)) / HZ
    nothing = np.zeros((len(t), 3))
    grid = Grid(t, 1 / HZ, nothing, nothing, np.zeros(len(t), dtype=bool), gaps)
    events = [Event(step * k, step * k + round((1.2 if k else start_s) * HZ), "plateau") for k in range(len(levels))]
    return classify(events, np.radians(levels), grid).tolist()


@settings(max_examples=60, deadline=None)
@given(
    zero=st.floats(-40, 40),
    drift=st.floats(-1.2, 1.2),
    ir=st.floats(15, 60),
    er=st.floats(15, 60),
    reps=st.integers(3, 12),
    seed=st.integers(0, 10_000),
)
def test_levels_are_told_apart_at_any_zero_and_any_slow_drift(*, zero, drift, ir, er, reps, seed):
    rng = np.random.default_rng(seed)
    expected = [0, *[-1, 1, 0] * reps]
    ends = {0: 0.0, 1: ir, -1: -er}
    levels = [zero + drift * k + ends[f] + rng.uniform(-1.5, 1.5) for k, f in enumerate(expected)]
    assert labels_of(levels) == expected


@pytest.mark.xfail(strict=True, reason="without a start pose the zero of the first event is extrapolated from three")
def test_levels_are_told_apart_without_a_start_pose_too():
    """Three repetitions of 15° each way, a drift of 3.4° per repetition, and neutrals that are found to 1.5°."""
    expected = [0, *[-1, 1, 0] * 3]
    rng = np.random.default_rng(654)
    levels = [1.125 * k + 15 * f + rng.uniform(-1.5, 1.5) for k, f in enumerate(expected)]
    assert labels_of(levels, start_s=1.2) == expected


def test_a_pause_in_the_middle_of_a_repetition_is_a_neutral():
    expected = [0, *[-1, 0, 1, 0] * 4]
    assert labels_of([{0: 1.0, -1: -40.0, 1: 33.0}[f] for f in expected]) == expected


def test_one_sided_turns_have_one_end_and_a_neutral():
    expected = [0, *[-1, 0] * 4]
    assert labels_of([{0: 0.5, -1: -40.0}[f] for f in expected]) == expected


def test_no_events_have_no_labels():
    assert labels_of([]) == []


@pytest.mark.parametrize("jump_deg", [-70.0, 55.0])
def test_after_a_long_gap_the_levels_are_told_apart_anew(jump_deg):
    """Nobody knows how far the thigh turned unheard: what comes after it is not measured against what was before."""
    part = [0, *[-1, 1, 0] * 3]
    level = [{0: 0.0, -1: -40.0, 1: 33.0}[f] for f in part]
    after = [jump_deg + v for v in level]
    begin = EVERY_S * len(part) - 2.5
    assert labels_of([*level, *after], gaps=((begin, begin + 2.0),)) == [*part, *part]
    assert labels_of([*level, *after], gaps=((begin, begin + 1.0),)) != [*part, *part]  # too short to get lost in
