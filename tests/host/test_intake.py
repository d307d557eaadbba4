"""From the inbox to a session of a person: once, whole or not, with its time, and analysed again at any time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from variety import raw

import coxa_wire
from coxa.decode import decode
from coxa.errors import InputError, StoreError, UsageError
from coxa.hosttime import host_time
from coxa.link.clock import Ping
from coxa.recompute import analysed
from coxa.session import adopt, again
from coxa.simulate import Wearer, simulate, wire_blocks
from coxa.store import Inbox, Store

UNIX_US = 1_790_000_000_000_000
"""Unix time when the board took its first sample."""
BOARD_US = 2**32 + 4_000_000_000
"""The board's clock then: its low 32 bits wrap 295 s later."""
WHOSE = {"person": "Kim", "side": "right", "position": "wall", "protocol": "wall", "sensor": "Coxa-1"}


@cache
def recording(seed=1, session=4, activity="reps", odr=0.0, **wearer):
    wearer = {"position": "wall", "side": "right", "reps": 3, "activity": activity} | wearer
    sim = simulate(Wearer(**wearer), raw(odr_error=odr), seed=seed)
    info, blocks = wire_blocks(sim.readings, sim.sensor, seed=seed, session=session)
    return sim, info, tuple(with_clock(block, BOARD_US) for block in blocks)


def with_clock(data, board_us, drift=0.0):
    block = coxa_wire.decode(data)
    buffer = bytearray(data)
    coxa_wire.seal(
        buffer, block.profile, flags=block.flags, session=block.session, seq=block.seq, first_index=block.first_index,
        t_us=(board_us + round(block.t_us * (1 + drift))) & 0xFFFFFFFF, n=block.n, temperature_c=25,
    )  # fmt: skip
    return bytes(buffer)


def pinged(count=20, every_s=5.0, drift=0.0, error_us=4000, seed=0):
    """Pings as they would be with a board whose clock runs faster by `drift`; ways out and back differ at random."""
    rng, pings = np.random.default_rng(seed), []
    for k in range(count):
        since_us = k * every_s * 1e6
        out, back = (error_us * (1 + rng.exponential(0.5, 2))).astype(int).tolist()
        board = round(BOARD_US + (since_us + out) * (1 + drift))
        pings.append(Ping(UNIX_US + int(since_us), board, 300, UNIX_US + int(since_us) + out + 300 + back))
    return pings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "coxa.sqlite"


def at_start(info):
    """INFO as the board gave it when the session began: no block was there."""
    said = coxa_wire.decode_info(coxa_wire.encode_info(info))
    said.next_seq = 0
    return coxa_wire.encode_info(said)


def fill(path, made, *, whole=True, unix_ms=0, only=lambda _: True, pings=()):
    _, info, blocks = made
    with Inbox(path, info.uid.hex()) as inbox:
        inbox.begin(info.session, at_start(info), unix_ms=unix_ms, n_blocks=len(blocks), crc32=0)
        inbox.keep(info.session, [(seq, data) for seq, data in enumerate(blocks) if only(seq)])
        inbox.note_pings(info.session, "a", pings)
        if whole:
            inbox.complete(info.session)


def take(path, made, **changes):
    info = made[1]
    with Store(path) as store, Inbox(path, info.uid.hex()) as inbox:
        return adopt(store, inbox, info.session, **(WHOSE | changes))


def test_a_whole_recording_becomes_a_session_with_its_result(path):
    sim, info, blocks = recording()
    fill(path, recording(), unix_ms=UNIX_US // 1000)
    adopted = take(path, recording(), notes="after a run", discomfort=2)
    assert adopted.new
    assert adopted.warning == ""
    assert [rep.arc_deg for rep in adopted.analysis.reps] == pytest.approx(
        [rep.arc_deg for rep in sim.truth.reps], abs=2.5
    )
    with Store(path, write=False) as store:
        session = store.session(adopted.session_id)
        assert session.origin == adopted.origin
        assert session.headline.reps_valid == 3
        assert (session.origin.person, session.origin.side, session.origin.position) == ("Kim", "right", "wall")
        assert (session.origin.notes, session.origin.discomfort) == ("after a run", 2)
        assert (session.origin.sensor, session.origin.source_format) == ("Coxa-1", "coxa-board")
        assert store.board_blocks(adopted.session_id) == (at_start(info), list(blocks))
    with Inbox(path, info.uid.hex()) as inbox:
        assert inbox.sessions()[0].adopted_session_id == adopted.session_id


def test_again_it_is_the_same_session(path):
    fill(path, recording(), unix_ms=UNIX_US // 1000)
    first = take(path, recording())
    second = take(path, recording(), person="KIM", notes="told later")
    assert (second.session_id, second.new) == (first.session_id, False)
    with Store(path) as store:
        assert len(store.sessions()) == 1
        assert store.session(1).origin.notes == "told later"
        anew = analysed(store.samples(1), store.session(1).origin, "it")
        assert anew.to_dict() == first.analysis.to_dict()
        assert not store.save_result(1, "wall", anew)


@pytest.mark.parametrize("changed", [{"person": "Lou"}, {"side": "left"}, {"position": "seated", "protocol": "seated"}])
def test_one_recording_never_becomes_two_sessions(path, changed):
    fill(path, recording())
    take(path, recording())
    with pytest.raises(UsageError, match=r"session 1 already.*coxa remove 1"):
        take(path, recording(), **changed)
    with Store(path) as store:
        assert len(store.sessions()) == 1
        store.remove((1,))
    assert take(path, recording(), **changed).new


def test_a_recording_that_is_not_whole_is_taken_only_when_asked_for_and_grows(path):
    made = recording()
    fill(path, made, whole=False, only=lambda seq: not 100 <= seq < 103)
    with pytest.raises(InputError, match=r"not whole.*coxa fetch"):
        take(path, made)
    with Store(path, write=False) as store:
        assert store.sessions() == []
    first = take(path, made, incomplete=True)
    assert "3 blocks are missing." in first.notes
    assert len(first.analysis.gap_spans_s) == 1
    fill(path, made)
    second = take(path, made)
    assert (second.session_id, second.new, second.notes) == (first.session_id, False, ())
    with Store(path) as store:
        assert len(store.board_blocks(1)[1]) == len(made[2])
        assert store.result(1)["gaps"] == 0


def test_the_end_that_is_missing_is_missed(path):
    made = recording()
    fill(path, made, whole=False, only=lambda seq: seq < len(made[2]) - 5)
    assert "5 blocks are missing." in take(path, made, incomplete=True).notes


@pytest.mark.parametrize("what", ["rest", "short", "stuck"])
def test_what_cannot_be_analysed_is_kept_and_the_reason_is_told(path, what):
    made = recording(activity="rest", duration_s=15.0) if what == "rest" else recording()
    if what == "stuck":
        fill(path, (made[0], made[1], tuple(stuck(block) for block in made[2])))
    else:
        fill(path, made, whole=what == "rest", only=lambda seq: what == "rest" or seq < 10)
    adopted = take(path, made, incomplete=True)
    assert adopted.warning
    assert (adopted.analysis is None) == (what != "rest")
    assert what == "rest" or "\n" not in adopted.warning
    with Store(path) as store:
        assert len(store.board_blocks(adopted.session_id)[1]) > 0
        assert again(store, adopted.session_id).warning == adopted.warning
        if what != "rest":
            with pytest.raises(InputError):
                analysed(store.samples(1), store.session(1).origin, "it")


def stuck(data):
    """The same block from a sensor that repeats one reading."""
    block = coxa_wire.decode(data)
    buffer = bytearray(180)
    for i in range(block.n):
        coxa_wire.put_sample(buffer, i, 5, 5, 5, 0, 0, 8192)
    coxa_wire.seal(
        buffer, block.profile, flags=block.flags, session=block.session, seq=block.seq, first_index=block.first_index,
        t_us=block.t_us, n=block.n, temperature_c=25,
    )  # fmt: skip
    return bytes(buffer)


def test_what_is_not_there_is_said(path):
    made = recording()
    with pytest.raises(UsageError, match="coxa fetch"):
        take(path, made)
    with Inbox(path, made[1].uid.hex()) as inbox:
        inbox.keep(4, list(enumerate(made[2])))  # blocks that came before the board said its scales
    with pytest.raises(InputError, match="coxa fetch"):
        take(path, made, incomplete=True)


def test_a_store_that_takes_no_more_leaves_no_trace(path, monkeypatch):
    made = recording()
    fill(path, made)

    def full(*_):
        raise StoreError("the store cannot grow: the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("coxa.store.writes.session", full)
        with pytest.raises(StoreError):
            take(path, made)
    with Store(path) as store:
        assert store.sessions() == []
    assert take(path, made).new


# when it was


def test_the_start_is_told_by_the_person_the_pings_the_board_or_nobody(path):
    made = recording()
    begin = datetime.fromtimestamp(UNIX_US / 1e6, UTC)
    fill(path, made, unix_ms=UNIX_US // 1000 + 700)
    board = take(path, made)
    assert (board.clock, board.origin.started_from) == ("board", "recording")
    assert board.origin.started_at == begin + timedelta(seconds=0.7)
    assert board.started_error_s is None
    told = take(path, made, started=begin - timedelta(hours=1))
    assert (told.clock, told.origin.started_from) == ("user", "user")
    assert told.origin.started_at == begin - timedelta(hours=1)

    other = recording(session=5)
    fill(path, other, unix_ms=UNIX_US // 1000 + 700, pings=pinged())
    by_pings = take(path, other)
    assert (by_pings.clock, by_pings.origin.started_from) == ("pings", "recording")
    assert abs((by_pings.origin.started_at - begin).total_seconds()) < by_pings.started_error_s < 0.04

    nobody = recording(session=6)
    fill(path, nobody)
    unknown = take(path, nobody)
    assert (unknown.clock, unknown.origin.started_from) == ("unknown", "file")
    assert abs(unknown.origin.started_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert take(path, nobody).clock == "unknown"


@pytest.mark.parametrize("drift", [-40e-6, 0.0, 40e-6])
@pytest.mark.parametrize("seed", range(3))
def test_the_samples_have_the_time_of_the_host_within_what_is_said(drift, seed):
    """Ten minutes across a wrap of the 32 bits in the blocks; the truth is known, and the error is not just large."""
    sim, info, _ = recording(seed=seed, odr=0.02, reps=75)
    _, blocks = wire_blocks(sim.readings, sim.sensor, seed=seed)
    blocks = [with_clock(block, BOARD_US, drift) for block in blocks]
    stream = decode(blocks, info)
    assert stream.samples.duration_s > 500
    host = host_time(stream, blocks, info, pinged(100, drift=drift, seed=seed))
    wrong = host.unix_s(stream.samples.t_s) - (UNIX_US / 1e6 + np.arange(len(sim.truth.t_s)) / (104 * 1.02))
    error = host.error_s(stream.samples.t_s)
    assert (np.abs(wrong) < error).all()
    assert np.abs(wrong).max() < 0.008
    assert error.max() < 0.04


def test_two_boards_compare_by_the_clock_of_the_host():
    """The same motion, two boards whose clocks have nothing in common."""
    sim, info, blocks = recording(reps=8)
    _, other = wire_blocks(sim.readings, sim.sensor, seed=9)
    other = [with_clock(block, 77_000_000) for block in other]
    far = [Ping(p.t1_us, p.t2_us - BOARD_US + 77_000_000, p.held_us, p.t4_us) for p in pinged(seed=5)]
    one, two = (
        host_time(stream, data, info, pings).unix_s(stream.samples.t_s)
        for data, pings in ((blocks, pinged()), (other, far))
        for stream in [decode(data, info)]
    )
    assert np.abs(one - two).max() < 0.008


def test_without_pings_or_with_a_clock_that_jumped_nothing_is_claimed():
    _, info, blocks = recording()
    stream = decode(blocks, info)
    assert host_time(stream, blocks, info, []) is None
    jumped = [*blocks[:200], *(with_clock(block, 10**9) for block in blocks[200:])]
    assert host_time(decode(jumped, info), jumped, info, pinged()) is None
