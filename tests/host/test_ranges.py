"""Which blocks are missing."""

from hypothesis import given
from hypothesis import strategies as st

from coxa.link import missing


@given(st.lists(st.integers(-5, 400)), st.integers(-2, 300), st.integers(1, 50))
def test_gaps_and_what_is_there_are_everything_once(have, end, longest):
    gaps = missing(have, end, longest)
    asked = [seq for first, count in gaps for seq in range(first, first + count)]
    assert asked == sorted(set(range(max(end, 0))) - set(have))
    assert all(0 < count <= longest for _, count in gaps)


def test_neighbours_are_asked_for_together():
    assert missing([0, 3], 8) == [(1, 2), (4, 4)]
