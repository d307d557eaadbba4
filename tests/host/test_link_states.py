"""The connection's states: every one can be left, ended for good only once, and waits that grow to a bound."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxa.link import states
from coxa.link.states import Backoff, Event, State, following


def possible(state):
    for event in Event:
        try:
            yield event, following(state, event)
        except ValueError:
            continue


def test_from_every_state_the_connection_can_be_had_again_until_it_is_ended():
    for state in State:
        if state is State.ENDED:
            assert {to for _, to in possible(state)} <= {State.ENDED}
            continue
        seen, todo = {state}, [state]
        while todo:
            for _, to in possible(todo.pop()):
                if to not in seen:
                    seen.add(to)
                    todo.append(to)
        assert seen == set(State), state


def test_a_failure_is_waited_out_before_the_next_search():
    for state in (State.SEARCHING, State.CONNECTING, State.GREETING, State.TALKING):
        assert following(state, Event.FAILED) is State.WAITING
    assert [to for _, to in possible(State.WAITING)] == [State.SEARCHING, State.ENDED]


def test_what_cannot_happen_is_refused():
    with pytest.raises(ValueError, match="GREETED cannot happen while searching"):
        following(State.SEARCHING, Event.GREETED)


@given(st.lists(st.floats(0, 9.9), min_size=1, max_size=60), st.floats(0, 1))
def test_waits_double_up_to_a_bound(held, chance):
    backoff = Backoff()
    waits = []
    for held_s in held:
        backoff.failed(held_s)
        waits.append(backoff.wait_s(chance))
    most = states.BACKOFF_MOST_S * (1 + states.BACKOFF_SPREAD)
    assert all(0 < wait <= most for wait in waits)
    bound = states.BACKOFF_MOST_S * (1 + states.BACKOFF_SPREAD * (2 * chance - 1))
    assert all(b == pytest.approx(min(2 * a, bound)) for a, b in pairwise(waits))


def test_a_connection_that_held_makes_the_next_failure_a_first_one():
    backoff = Backoff()
    for _ in range(8):
        backoff.failed(0.0)
    long = backoff.wait_s(0.5)
    backoff.failed(states.STEADY_S)
    assert backoff.wait_s(0.5) == states.BACKOFF_FIRST_S < long
