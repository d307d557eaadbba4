"""A stored recording as a live source, and `coxa record --replay` on top of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest
from calibrations import sensor
from variety import raw

import coxa_wire
from coxa import cli
from coxa.analysis import analyze_samples
from coxa.calibration.kept import of_sensor
from coxa.calibration.recordings import mark
from coxa.commands.common import Common
from coxa.commands.fetch import _outcomes
from coxa.commands.outcome import Belonging
from coxa.durations import seconds
from coxa.errors import InputError, UsageError
from coxa.link.boards import Recorded
from coxa.link.known import KnownBoard, KnownBoards
from coxa.live_view import LiveDecoder
from coxa.simulate import Stream, Wearer, simulate, wire_blocks
from coxa.sources.replay import of_inbox, of_session, replay, stored_recording
from coxa.store import Inbox, Store
from coxa.virtual import clock
from coxa_calibration.bias_history import BiasHistory

UID = b"simul8".hex()


@cache
def recording(seed=1, reps=3, session=4, **stream):
    sim = simulate(Wearer(position="wall", side="left", reps=reps), raw(), seed=seed)
    info, blocks = wire_blocks(sim.readings, sim.sensor, Stream(**stream), seed=seed, session=session)
    return sim, info, tuple(blocks)


def played(made, speed=1.0):
    """(s since the begin, block) of each block, on virtual time."""
    info, blocks = made
    recorded = stored_recording(coxa_wire.encode_info(info), blocks)

    async def play():
        now_s = asyncio.get_running_loop().time
        begin = now_s()
        return [(now_s() - begin, data) async for data in replay(recorded, speed)]

    return clock.run(play(), limit_s=600.0)


def ends(blocks):
    """True time, s, when each block was complete."""
    decoded = [coxa_wire.decode(data) for data in blocks]
    return np.array([(block.first_index + block.n) / 104.0 for block in decoded])


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_blocks_come_as_they_were_recorded(speed):
    _, info, blocks = recording()
    came = played((info, blocks), speed)
    assert tuple(data for _, data in came) == blocks
    assert np.abs(np.array([at for at, _ in came]) - ends(blocks) / speed).max() < 0.1 / speed


def test_a_hole_in_the_recording_is_a_pause():
    _, info, _ = recording()
    blocks = recording(gaps=((10.0, 7.0),))[2]
    at = np.array([at for at, _ in played((info, blocks))])
    assert np.diff(at).max() == pytest.approx(7.0, abs=0.2)


def test_a_slow_reader_gets_all_and_is_not_held_up_further():
    _, info, blocks = recording()
    recorded = stored_recording(coxa_wire.encode_info(info), blocks)

    async def play():
        now_s = asyncio.get_running_loop().time
        begin, came = now_s(), []
        async for data in replay(recorded):
            came.append(data)
            if len(came) == 1:
                await asyncio.sleep(recorded.due_s[-1])
        return now_s() - begin, came

    took_s, came = clock.run(play(), limit_s=600.0)
    assert tuple(came) == blocks
    assert took_s < recorded.due_s[-1] + 1.0


def test_damaged_blocks_come_too_and_a_board_without_info_cannot_be_played():
    _, info, blocks = recording()
    came = played((info, (*blocks[:20], b"\0" * 180, *blocks[20:])))
    assert came[20][1] == b"\0" * 180
    assert came[19][0] <= came[20][0] <= came[21][0]
    with pytest.raises(InputError):
        stored_recording(b"", blocks)
    with pytest.raises(InputError):
        stored_recording(coxa_wire.encode_info(info), [b"\0" * 180])


def test_what_is_seen_again_is_what_was_seen():
    _, info, blocks = recording()
    direct, replayed = LiveDecoder("wall", "left"), LiveDecoder("wall", "left")
    for live, source in ((direct, blocks), (replayed, [data for _, data in played((info, blocks))])):
        live.begin(info)
        for data in source:
            live.push(data)
    assert direct.reading == replayed.reading
    assert len(direct.reading.reps) == 3


@pytest.mark.parametrize(
    ("text", "length"),
    [("120s", 120), ("2m", 120), ("1m30s", 90), ("90", 90), ("1m30", 90), ("1h", 3600), (" 2 M ", 120), ("1.5", 1.5)],
)
def test_lengths_of_time(text, length):
    assert seconds(text, "--for") == length


@pytest.mark.parametrize("text", ["", "s", "m", "-5", "1.5m", "2x", "30s1m", "0", "0s", "25h", "nan", "inf", "٣"])
def test_what_is_no_length_of_time_is_refused_in_one_line(text):
    with pytest.raises(UsageError, match="--for") as caught:
        seconds(text, "--for")
    assert caught.value.advice
    assert "\n" not in str(caught.value)


# coxa record


@pytest.fixture
def store(monkeypatch, tmp_path):
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("COXA_CONFIG", raising=False)
    monkeypatch.setenv("COXA_STORE", str(tmp_path / "coxa.sqlite"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "coxa.sqlite"
    _, info, blocks = recording()
    with Inbox(path, UID) as inbox:
        inbox.begin(4, coxa_wire.encode_info(info), unix_ms=1_790_000_000_000, n_blocks=len(blocks), crc32=0)
        inbox.keep(4, list(enumerate(blocks)))
        inbox.complete(4)
    return path


@pytest.fixture
def coxa(capsys):
    def run(*arguments):
        capsys.readouterr()
        code = cli.run([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


FAST = ("--speed", "100")


def test_a_recording_in_the_inbox_is_played_and_becomes_a_session(store, coxa):
    code, out, err = coxa("record", "--replay", f"{UID}/4", "--side", "left", *FAST, "--report", "set.html")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "All 3 repetitions counted" in out
    assert "is kept as session 1 of me" in out.replace("\n", " ")
    assert "by the board's clock" in out.replace("\n", " ")
    assert "left thigh 0:" in err
    assert "3 reps" in err
    assert (store.parent / "set.html").stat().st_size > 1000
    with Store(store, write=False) as opened:
        assert opened.sessions()[0].headline.reps_valid == 3
        assert of_session(opened, 1).blocks == recording()[2]
    with Inbox(store, UID) as inbox:
        assert of_inbox(inbox, 4).blocks == recording()[2]


def test_what_a_board_recorded_rests_on_the_calibration_of_its_sensor(store, coxa):
    """A scale of 1.1 stands in for the truth: it must come out in every angle, and be named."""
    with Store(store) as opened:
        known = replace(sensor(made_at=datetime.now(UTC), uid=UID), gyro_matrix=1.1 * np.eye(3))
        number = opened.save_calibration(of_sensor(known, BiasHistory.empty(), "made up"))
    code, out, _ = coxa("record", "--replay", f"{UID}/4", "--side", "left", *FAST, "--json")
    assert code == 0
    with_it = json.loads(out)["boards"][0]["analysis"]
    assert [(one["kind"], one["id"]) for one in with_it["calibrations"]] == [("sensor", number)]
    coxa("reanalyze", "1", "--no-calibration")
    without = json.loads(coxa("show", "1", "--json")[1])
    assert without["calibrations"] == []
    assert with_it["set"]["arc_mean_deg"] == pytest.approx(1.1 * without["set"]["arc_mean_deg"], rel=1e-3)
    again = json.loads(coxa("record", "--replay", "1", *FAST, "--json")[1])["boards"][0]["analysis"]
    assert again["calibrations"] == []  # the result is played as it is stored


@pytest.mark.usefixtures("store")
def test_a_session_is_played_again_and_nothing_changes(coxa):
    coxa("record", "--replay", f"{UID}/4", "--side", "left", *FAST)
    before = coxa("sessions", "--json")[1]
    code, out, _ = coxa("record", "--replay", "1", *FAST, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["format"] == "coxa.recording/1"
    (board,) = result["boards"]
    assert (board["session_id"], board["replayed"], board["problem"]) == (1, True, "")
    sim = recording()[0]
    direct = analyze_samples(sim.samples, position="wall", side="left")
    assert board["analysis"]["set"]["arc_mean_deg"] == pytest.approx(direct.set.arc_mean_deg, abs=0.2)
    assert coxa("sessions", "--json")[1] == before
    assert "0 of them changed" in coxa("reanalyze", "1")[1]


def test_the_place_of_a_known_board_says_which_leg(store, coxa):
    with KnownBoards(store) as boards:
        boards.save(KnownBoard(UID, "Coxa-1", "right-thigh"))
    out = coxa("record", "--replay", f"{UID}/4", *FAST)[1]
    assert "Right hip" in out
    assert "of Coxa-1" in out


@pytest.mark.usefixtures("store")
def test_what_stands_in_no_relation_is_refused(coxa):
    coxa("record", "--replay", f"{UID}/4", "--side", "left", *FAST)
    coxa("simulate", "set.csv", "--reps", "1")
    coxa("analyze", "set.csv", "--position", "wall", "--side", "left")
    for words, hint in (
        (["--replay", "1", "--board", "x"], "boards"),
        (["--replay", "1", "--for", "2m"], "boards"),
        (["--replay", "1", "--side", "right"], "already"),
        (["--replay", "2"], "not from a board"),
        (["--replay", "9"], "no session 9"),
        (["--replay", "x"], "no session"),
        (["--replay", f"{UID}/x"], "uid and number"),
        (["--replay", f"{UID}/4"], "which leg"),
        (["--replay", "1", "--speed", "0"], "above 0"),
        (["--replay", "1", "--report", "set.pdf"], ".html"),
        (["--speed", "2"], "--replay"),
        (["--for", "soon"], "1m30s"),
        (["--protocol", "seated"], "for position seated"),
        (["--discomfort", "11"], "0 (none) to 10"),
        ([], "no board"),
        (["--board", "x"], "no known board"),
    ):
        code, out, err = coxa("record", *words)
        assert (code, out, err.count("\n")) == (2, "", 1), words
        assert hint in err, words
    code, _, err = coxa("record", "--replay", f"{UID}/5", "--side", "left")
    assert (code, "coxa fetch" in err) == (3, True)


@pytest.mark.parametrize("calibrating", [False, True])
def test_what_was_recorded_for_a_calibration_is_never_taken_for_a_set(store, calibrating):
    """It waits in the inbox, whole and nobody's, exactly as a set would."""
    board = KnownBoard(UID, "thigh-L", "left-thigh")
    whose = Belonging("me", "wall", "wall")
    if calibrating:
        with Store(store) as opened:
            mark(opened, UID, 4, "body")
    found = _outcomes(Recorded(board, ()), whose, None, Common(store=store))
    assert [one.recording for one in found] == ([] if calibrating else [4])
    with Store(store, write=False) as opened:
        assert len(opened.sessions()) == (0 if calibrating else 1)
