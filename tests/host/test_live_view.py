"""What is seen while boards record: the decoder against the truth and against bad blocks; the picture in 80 columns."""

from __future__ import annotations

import asyncio
import io
import re
import struct
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from variety import raw

import coxa_wire
from coxa.link.status import BoardStatus
from coxa.live import LiveRotation
from coxa.live_view import LiveDecoder, words
from coxa.live_view.panel import Watched, picture
from coxa.live_view.view import LINE_EVERY_S, LiveView
from coxa.simulate import Stream, Wearer, simulate, wire_blocks

N = coxa_wire.CAPACITY[coxa_wire.PROFILE_RAW]


@cache
def recording(position="wall", seed=1, odr=0.0, reps=4, session=1, **stream):
    sim = simulate(Wearer(position=position, side="right", reps=reps), raw(odr_error=odr), seed=seed)
    info, blocks = wire_blocks(sim.readings, sim.sensor, Stream(**stream), seed=seed, session=session)
    return sim, info, tuple(blocks)


def shown(info, blocks, position="wall"):
    """The decoder after the blocks, and (index of the last sample pushed, reading) after each."""
    live, readings = LiveDecoder(position, "right"), []
    live.begin(info)
    for data in blocks:
        live.push(data)
        block = coxa_wire.decode(data)
        readings.append((block.first_index + block.n - 1, live.reading))
    return live, readings


@cache
def whole():
    """`shown` of the whole plain recording."""
    return shown(*recording()[1:])


def resealed(data, **changes):
    """The block with other header fields and a right checksum."""
    block = coxa_wire.decode(data)
    fields = {name: getattr(block, name) for name in ("flags", "session", "seq", "first_index", "t_us", "n")}
    profile = changes.pop("profile", block.profile)
    buffer = bytearray(data)
    coxa_wire.seal(buffer, profile, **(fields | {"temperature_c": 25} | changes))
    return bytes(buffer)


# the decoder and the truth


@pytest.mark.parametrize("odr", [-0.03, 0.0, 0.03])
@pytest.mark.parametrize("position", ["wall", "seated"])
def test_what_is_shown_is_what_the_thigh_does(position, odr):
    sim, info, blocks = recording(position, odr=odr)
    _, readings = shown(info, blocks, position)
    truth = np.degrees(sim.truth.rotation_rad)
    off = [r.rotation_deg - truth[k] for k, r in readings if r.rotation_deg is not None and r.t_s > 12.0]
    assert len(off) > 200
    assert np.sqrt(np.mean(np.square(off))) < 3.0
    reps = readings[-1][1].reps
    assert len(reps) == 4
    for rep, true in zip(reps, sim.truth.reps, strict=True):
        assert rep.arc_deg == pytest.approx(true.arc_deg, abs=2.5)


def test_the_sampling_rate_is_taken_from_the_stamps():
    """At 3 % off the nominal rate 40 degrees would be shown as 41.2, and the time would run away."""
    sim, info, blocks = recording(odr=0.03, reps=8)
    live, _ = shown(info, blocks)
    assert live.reading.t_s == pytest.approx(sim.truth.t_s[-1], abs=0.3)  # before it is known: 3 % of 6 s
    assert sim.truth.t_s[-1] > 60


def test_neighbours_that_changed_places_and_doubles_cost_nothing():
    _, info, blocks = recording()
    plain, _ = whole()
    middle = len(blocks) // 2
    mixed = [*blocks[: middle + 1], blocks[middle - 3], blocks[middle], blocks[middle + 2], blocks[middle + 1]]
    live, _ = shown(info, [*mixed, *blocks[middle + 3 :]])
    assert live.reading == plain.reading


def test_a_straggler_is_waited_for_but_not_longer_than_it_may_take():
    _, info, blocks = recording()
    live, readings = shown(info, [*blocks[:50], *blocks[51:53]])
    assert readings[-1][1].t_s == readings[49][1].t_s
    live.push(blocks[53])
    assert live.reading.lost_samples == N
    assert live.reading.t_s == pytest.approx(readings[49][1].t_s + 4 * N / info.odr_hz, abs=0.01)
    before = live.reading
    live.push(blocks[50])  # too late
    assert live.reading == before


def test_lost_blocks_are_counted_and_leave_a_hole_in_time():
    sim, info, blocks = recording(seed=2, loss=0.1)
    live, _ = shown(info, blocks)
    there = N * len({coxa_wire.decode(b).seq for b in blocks})
    assert live.reading.lost_samples == pytest.approx(len(sim.truth.t_s) - there, abs=N)
    assert live.reading.lost_samples > 3 * N
    assert live.reading.t_s == pytest.approx(sim.truth.t_s[-1], abs=0.3)
    assert len(live.reading.reps) == 4


def test_after_a_gap_the_angle_is_said_to_be_unknown_until_it_is_known_again():
    sim, info, blocks = recording(reps=8, gaps=((20.0, 8.0),))
    truth = np.degrees(sim.truth.rotation_rad)
    _, readings = shown(info, blocks)
    after = [(k, r) for k, r in readings if r.t_s > 28.0]
    assert words.angle(after[0][1]) is None
    settled = [abs(words.angle(r) - truth[k]) for k, r in after if words.angle(r) is not None]
    assert len(settled) > 0.8 * len(after)
    assert np.quantile(settled, 0.9) < 5.0


def test_a_pause_of_minutes_begins_another_set_and_keeps_the_count():
    _, info, blocks = recording()
    live, _ = shown(info, blocks)
    before = live.reading.reps
    later = [
        resealed(b, flags=0, seq=10_000 + i, first_index=coxa_wire.decode(b).first_index + 10**5)
        for i, b in enumerate(blocks)
    ]
    for data in later[:10]:
        live.push(data)
    assert live.reading.reps == before
    assert live.reading.rotation_deg is None
    for data in later[10:]:
        live.push(data)
    assert len(live.reading.reps) == 2 * len(before) == 8
    assert live.reading.t_s > 900


def test_another_session_begins_another_set_and_keeps_the_count():
    """A board that restarts goes on in a new session, its index from 0."""
    _, info, blocks = recording()
    _, _, again = recording(seed=2, session=2)
    live, _ = shown(info, blocks[:-60])
    before = live.reading.reps
    assert len(before) == 3
    live.push(again[0])
    assert (live.reading.session, live.reading.reps) == (2, before)
    live.push(blocks[-60])  # a straggler of the session before
    assert live.reading.session == 2
    for data in again[1:]:
        live.push(data)
    assert len(live.reading.reps) == 3 + 4
    assert live.reading.t_s < 45


def test_a_board_that_counts_from_the_start_again_is_believed_in_the_end():
    _, info, blocks = recording()
    live, _ = shown(info, blocks)
    for data in blocks[:10]:
        live.push(data)
    assert live.reading.t_s > 30
    assert len(live.reading.reps) == 4
    for data in blocks[10:]:
        live.push(data)
    assert 20 < live.reading.t_s < 45
    assert len(live.reading.reps) >= 7


def test_a_set_longer_than_the_estimator_takes_goes_on(monkeypatch):
    """It takes an hour; here half a minute. The next one begins, the count stays."""
    monkeypatch.setattr("coxa.live.CAPACITY_S", 25.0)
    _, info, blocks = recording()
    _, readings = shown(info, blocks)
    counts = [len(r.reps) for _, r in readings]
    assert (np.diff(counts) >= 0).all()
    assert counts[-1] >= 3
    known = [r.rotation_deg is not None for _, r in readings]
    again = known.index(False, known.index(True))
    assert readings[again][1].t_s == pytest.approx(25.0, abs=0.3)
    assert True in known[again:]


def test_a_clock_that_jumps_changes_nothing_but_the_stamps():
    _, info, blocks = recording()
    middle = len(blocks) // 2
    jumped = [
        resealed(
            b,
            t_us=(coxa_wire.decode(b).t_us + 10**9) & 0xFFFFFFFF,
            flags=coxa_wire.decode(b).flags | (coxa_wire.TIME_JUMP if i == 0 else 0),
        )
        for i, b in enumerate(blocks[middle:])
    ]
    plain, _ = whole()
    live, _ = shown(info, [*blocks[:middle], *jumped])
    assert live.reading.t_s == pytest.approx(plain.reading.t_s, abs=0.02)
    assert len(live.reading.reps) == len(plain.reading.reps)


def test_solving_takes_a_bounded_share_of_the_time_however_long_the_set():
    """The longer the set, the longer a solution takes: so the rarer it is made."""

    def solutions(begin_s):
        """In ten seconds, when the set began that long before, of which little was received."""
        live, solved = LiveRotation("wall", "right"), set()
        early = np.arange(0.0, begin_s, 50.0)[:, None] + np.arange(12) / 25.0
        late = begin_s + np.arange(1, 250) / 25.0
        for t in (*early, *late[:, None]):
            live.push(t, np.full((len(t), 3), 0.01), np.tile([0.0, 0.0, 9.8], (len(t), 1)))
            if t[0] > begin_s:
                solved.add(live._solved_at_s)
        return len(solved) - 1

    assert solutions(0.0) > 10
    assert 2 <= solutions(1200.0) <= 4


# what a board can send


def test_damaged_and_foreign_blocks_are_counted_and_change_nothing():
    _, info, blocks = recording()
    plain, _ = whole()
    live = LiveDecoder("wall", "right")
    live.begin(info)
    for i, data in enumerate(blocks):
        live.push(data)
        if i % 10 == 0:
            for bad in (b"", data[:-1], bytes(180), data[:40] + b"\xff" + data[41:], data + b"\0"):
                live.push(bad)
    assert live.reading.refused == 5 * len(range(0, len(blocks), 10))
    assert replace(live.reading, refused=0) == plain.reading


def test_nothing_is_shown_before_the_board_has_said_its_scales():
    _, info, blocks = recording()
    live = LiveDecoder("wall", "right")
    live.push(blocks[0])
    assert live.reading.session is None
    info = coxa_wire.decode_info(coxa_wire.encode_info(info))
    info.odr_hz = 1.0
    live.begin(info)
    live.push(blocks[0])
    assert live.reading.session is None
    assert "1 sample" in live.reading.note


def readings_of(kind, count, rng):
    """(count, N, 6) raw samples of a sensor that has gone mad."""
    shape = (count, N, 6)
    low, high = -32768, 32767
    return {
        "noise": lambda: rng.integers(low, high, shape),
        "zeros": lambda: np.zeros(shape, int),
        "stuck": lambda: np.full(shape, 1234),
        "full": lambda: np.full(shape, high),
        "alternating": lambda: np.where(np.arange(count * N).reshape(count, N, 1) % 2, high, low) * np.ones(6, int),
        "free fall": lambda: np.concatenate([rng.integers(-99, 99, (count, N, 3)), np.zeros((count, N, 3), int)], 2),
    }[kind]()


@pytest.mark.parametrize("scale", [1e-6, 0.0175, 1e30])
@pytest.mark.parametrize("kind", ["noise", "zeros", "stuck", "full", "alternating", "free fall"])
def test_a_mad_sensor_raises_nothing(kind, scale):
    _, info, _ = recording()
    info = coxa_wire.decode_info(coxa_wire.encode_info(info))
    info.gyro_dps_per_lsb, info.acc_g_per_lsb = scale, scale
    live = LiveDecoder("wall", "right")
    live.begin(info)
    for seq, rows in enumerate(readings_of(kind, 60, np.random.default_rng(0))):
        buffer = bytearray(180)
        for i, row in enumerate(rows.tolist()):
            coxa_wire.put_sample(buffer, i, *row)
        coxa_wire.seal(
            buffer, coxa_wire.PROFILE_RAW, flags=0, session=1, seq=seq, first_index=seq * N,
            t_us=round(seq * N / 104 * 1e6), n=N, temperature_c=25,
        )  # fmt: skip
        live.push(bytes(buffer))
    assert live.reading.reps == ()
    assert live.reading.t_s == pytest.approx(60 * N / 104, rel=0.05)


@pytest.mark.parametrize("position", ["wall", "seated"])
def test_a_link_that_lets_a_sample_through_now_and_then_raises_nothing(position):
    _, info, _ = recording()
    live = LiveDecoder(position, "right")
    live.begin(info)
    for seq in range(0, 20_000, 400):  # one in 50 s
        buffer = bytearray(180)
        coxa_wire.put_sample(buffer, 0, 100, -200, 300, 0, seq % 1000, 8192)
        coxa_wire.seal(
            buffer, coxa_wire.PROFILE_RAW, flags=0, session=1, seq=seq, first_index=seq * N, t_us=0, n=1,
            temperature_c=25,
        )  # fmt: skip
        live.push(bytes(buffer))
    assert live.reading.reps == ()
    assert live.reading.t_s > 2000


HEADERS = st.tuples(
    st.integers(0, 3), st.integers(0, 255), st.sampled_from([0, 1, 2, 65535]), st.integers(0, 2**32 - 1),
    st.one_of(st.integers(0, 2000), st.integers(0, 2**32 - 1)), st.integers(0, 2**32 - 1), st.integers(0, 13),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(HEADERS, st.binary(min_size=160, max_size=160)), max_size=60), st.randoms())
def test_no_block_with_a_right_checksum_raises_anything(made, order):
    _, info, blocks = recording()
    mixed = list(blocks[:40])
    for (profile, flags, session, seq, first, t_us, n), payload in made:
        head = struct.pack("<BBHIIIBb", 16 | profile, flags, session, seq, first, t_us, n, 25)
        data = head + payload
        mixed.append(data + struct.pack("<H", coxa_wire.crc16(data, len(data))))
    order.shuffle(mixed)
    live = LiveDecoder("wall", "right")
    live.begin(info)
    counts = []
    for data in mixed:
        live.push(data)
        counts.append(len(live.reading.reps))
    assert (np.diff(counts) >= 0).all()


# the picture


def status(**changes):
    made = BoardStatus(
        name="Coxa-3F2A", role="left-thigh", uid="a1b2c3d4e5f6", state="connected", session=4, stored=315, expected=320,
        rssi=-61, battery_percent=87, rtt_ms=32.0, clock_error_ms=3.4, block_s=0.125,
    )  # fmt: skip
    return replace(made, **changes)


def drawn(boards, width=80, height=24, color=None):
    file = io.StringIO()
    screen = Console(file=file, width=width, height=height, force_terminal=True, color_system=color, highlight=False)
    screen.print(picture(boards, width, height))
    return file.getvalue()


def plainly(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@cache
def turned(count):
    _, info, blocks = recording()
    return shown(info, blocks[:count])[0]


def extreme(side=-1):
    """How many blocks into the recording the thigh is turned far out (−1) or in (+1), after the first repetition."""
    readings = whole()[1]
    angles = [(r.rotation_deg or 0.0) * side if r.reps else -99.0 for _, r in readings]
    return int(np.argmax(angles)) + 1


@pytest.mark.parametrize("color", [None, "standard"])
def test_two_boards_fit_a_plain_terminal_and_say_everything_in_words(color):
    bad = status(
        name="Coxa-77", role="right-thigh", state="searching", stored=300, expected=310, unreadable=3, rssi=-88,
        battery_percent=9, reconnects=2, clock_error_ms=None, note="the board was not found " + 20 * "far away ",
    )  # fmt: skip
    text = drawn([Watched(status(), turned(extreme(-1))), Watched(bad, LiveDecoder("wall", "right"))], color=color)
    lines = plainly(text).splitlines()
    assert len(lines) <= 24
    assert {len(line) for line in lines} == {78}
    assert ("\x1b[" in text) == (color is not None) or "\x1b[1m" in text
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", text) or color
    said = plainly(text)
    for word in (
        "LEFT THIGH · Coxa-3F2A", "connected", "OUT", "REPS", "last  in", "315 of 320 blocks stored, 0.6 s behind",
        "nothing lost", "signal strong", "battery 87 %", "clock within 3 ms",
        "RIGHT THIGH · Coxa-77", "searching · reconnected 2×", "no repetition yet", "NOT KNOWN",
        "300 of 310 blocks stored, 0.9 s behind", "LOST 3 blocks, 0.4 s", "signal weak", "battery LOW, 9 %",
        "clock not compared", "! the board was not found",
    ):  # fmt: skip
        assert word in said, word


def test_the_bar_and_the_word_say_which_way():
    for side, word in ((-1, "OUT"), (1, "IN")):
        lines = plainly(drawn([Watched(status(), turned(extreme(side)))])).splitlines()
        bar = next(line for line in lines if line.startswith("│ OUT "))
        left, right = bar[6:-5].split("│")
        assert len(left) == len(right)
        assert ("█" in left, "█" in right) == (side < 0, side > 0)
        assert any(re.search(rf"█  {word} ", line) for line in lines)


def test_the_large_digits_are_the_angle_and_the_count():
    live = turned(extreme(1))
    lines = plainly(drawn([Watched(status(), live)])).splitlines()[1:6]
    angle, reps = (words.big(text) for text in (f"{live.reading.rotation_deg:.0f}", str(len(live.reading.reps))))
    assert len(live.reading.reps) >= 1
    for line, left, right in zip(lines, angle, reps, strict=True):
        assert line[2:].startswith(left)
        assert right in line[40:]


def test_every_digit_can_be_told_from_the_others():
    assert len({words.big(digit) for digit in "0123456789–"}) == 11
    assert {len(row) for row in words.big("42")} == {14}


def test_a_small_terminal_gets_a_small_picture():
    boards = [Watched(status(), turned(300)), Watched(status(role="right-thigh"), turned(300))]
    lines = plainly(drawn(boards, height=18)).splitlines()
    assert len(lines) <= 18
    assert any("repetitions" in line for line in lines)
    assert {len(line) for line in plainly(drawn(boards, width=60, height=18)).splitlines()} == {58}


def test_a_board_that_is_worn_elsewhere_shows_how_complete_it_is_and_no_angle():
    text = plainly(drawn([Watched(status(role="pelvis"))]))
    assert "PELVIS" in text
    assert "REPS" not in text
    assert len(text.splitlines()) == 4


def test_words_for_what_is_not_known():
    bare = BoardStatus(name="Coxa-1", role="")
    said = words.plain(bare, None)
    assert said.startswith("Coxa-1 0:00 not connected")
    assert "None" not in said + plainly(drawn([Watched(bare)]))
    assert words.clock(3727) == "1:02:07"
    assert words.clock(185) == "3:05"


@pytest.mark.parametrize(("rotation", "word"), [(None, "not known"), (1.0, "neutral"), (-40.0, "out"), (9.0, "in")])
def test_directions(rotation, word):
    assert words.direction(rotation) == word
    assert len(words.bar(rotation, 69)) == 69
    assert len(words.bar(400.0, 69)) == len(words.bar(-400.0, 69)) == 69


def test_without_a_terminal_a_line_now_and_then_on_stderr(capsys, monkeypatch):
    live = turned(len(recording()[2]))
    monkeypatch.setattr("coxa.live_view.view.LINE_EVERY_S", 0.05)

    async def watch():
        async with LiveView([Watched(status(), live), Watched(status(role="pelvis"))]):
            await asyncio.sleep(0.12)

    asyncio.run(watch())
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert len(lines) == 3  # two in time, and the last word
    assert lines[0].startswith("coxa: left thigh 0:")
    assert "4 reps" in lines[0]
    assert "; pelvis" in lines[0]
    assert LINE_EVERY_S == 10.0


def test_on_a_terminal_it_is_drawn_anew_and_goes_away():
    file = io.StringIO()
    screen = Console(file=file, width=80, height=24, force_terminal=True)
    one = status(state="searching")

    async def watch():
        async with LiveView([Watched(one)], terminal=screen):
            await asyncio.sleep(0.05)
            one.state = "connected"
            await asyncio.sleep(0.35)

    asyncio.run(watch())
    text = file.getvalue()
    assert "searching" in text
    assert "connected" in text[text.index("searching") :]
    assert text.count("╭") <= 4
    assert text.rstrip().endswith("\x1b[2K")


def test_with_json_on_stdout_nothing_is_drawn_there(capsys):
    file = io.StringIO()
    screen = Console(file=file, width=80, force_terminal=True)

    async def watch():
        async with LiveView([Watched(status())], terminal=screen, quiet=True):
            await asyncio.sleep(0.01)

    asyncio.run(watch())
    assert file.getvalue() == ""
    assert "left thigh" in capsys.readouterr().err
