"""Which blocks are missing, and which are there."""

from hypothesis import given
from hypothesis import strategies as st

from coxa.link import missing
from coxa.link.ranges import Coverage


@given(st.lists(st.integers(-5, 400)), st.integers(-2, 300), st.integers(1, 50))
def test_gaps_and_what_is_there_are_everything_once(have, end, longest):
    gaps = missing(have, end, longest)
    asked = [seq for first, count in gaps for seq in range(first, first + count)]
    assert asked == sorted(set(range(max(end, 0))) - set(have))
    assert all(0 < count <= longest for _, count in gaps)


def test_neighbours_are_asked_for_together():
    assert missing([0, 3], 8) == [(1, 2), (4, 4)]


@given(st.lists(st.integers(0, 60), max_size=80), st.integers(0, 70))
def test_coverage_knows_what_a_set_of_numbers_knows(have, end):
    coverage = Coverage()
    added = [coverage.add(seq) for seq in have]
    assert added == [seq not in have[:i] for i, seq in enumerate(have)]
    assert coverage.count == len(set(have))
    assert coverage.end == max(have, default=-1) + 1
    assert [coverage.has(seq) for seq in range(70)] == [seq in have for seq in range(70)]
    assert coverage.prefix == min(set(range(70)) - set(have))
    assert coverage.gaps(end) == missing(have, end, longest=1000)


def test_a_long_recording_takes_no_more_room_than_its_gaps():
    coverage = Coverage(seq for seq in range(100_000) if seq % 10_000)
    assert len(coverage.gaps(100_000)) == len(coverage._starts) == 10
