"""The commands for boards as a user calls them, on virtual boards in real time, or with no Bluetooth at all."""

import json
import os
import signal
import subprocess
import sys
import time

import interpreters
import pytest

from coxa.link.known import KnownBoard, KnownBoards
from coxa.store import Store

TIMEOUT_S = 120

needs_micropython = pytest.mark.skipif(interpreters.command(64) is None, reason=interpreters.MISSING_64)


@pytest.fixture
def coxa(tmp_path):
    """Calls the program with a data folder of its own."""
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    env.pop("COXA_STORE", None)
    env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nowhere"

    def call(*words, begin=False):
        command = [sys.executable, "-m", "coxa", *words]
        if begin:
            return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    return call


@needs_micropython
def test_virtual_boards_are_recorded_into_a_store_of_their_own(coxa, tmp_path):
    done = coxa("record", "--virtual", "--for", "14s", "--yes", "--json", "--person", "Kim")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [(one["board"], one["role"], one["problem"]) for one in told["boards"]] == [
        ("thigh-L", "left-thigh", ""),
        ("thigh-R", "right-thigh", ""),
    ]
    with Store(tmp_path / "coxa" / "virtual" / "virtual.sqlite", write=False) as store:
        for one in told["boards"]:
            session = store.session(one["session_id"])
            assert (session.origin.person, session.origin.position) == ("Kim", "wall")
            assert 12 < store.samples(session.id).duration_s < 25
    assert not (tmp_path / "coxa" / "coxa.sqlite").exists()


@needs_micropython
@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are of POSIX")
def test_a_board_on_a_cable_is_paired_recognised_and_fetched(coxa, tmp_path):
    world = subprocess.Popen(
        [sys.executable, interpreters.HERE / "cable_world.py", tmp_path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        port = world.stdout.readline().strip()
        assert "is not known yet" in coxa("fetch", "--port", port).stderr
        assert coxa("board", "trust", "--port", port).returncode == 0
        by_side = coxa("record", "--port", port, "--side", "right", "--for", "3s", "--yes", "--json")
        assert json.loads(by_side.stdout)["boards"][0]["session_id"] == 1, by_side.stderr
        paired = coxa("board", "trust", "--port", port, "--role", "left-thigh")
        assert paired.returncode == 0, paired.stderr
        done = coxa("record", "--port", port, "--for", "5s", "--yes", "--json")
        assert done.returncode == 0, done.stderr
        (one,) = json.loads(done.stdout)["boards"]
        assert (one["role"], one["problem"], one["session_id"]) == ("left-thigh", "", 2)
        assert "records" in coxa("board", "start", "--port", port).stdout
        assert "has ended its recording" in coxa("board", "stop", "--port", port).stdout
        assert json.loads(coxa("fetch", "--port", port, "--json").stdout)["boards"][0]["session_id"] == 3
        assert json.loads(coxa("board", "info", "--port", port, "--json").stdout)["recordings"] == []
    finally:
        world.communicate(timeout=TIMEOUT_S)


@needs_micropython
def test_ctrl_c_ends_a_recording_in_good_order(coxa):
    process = coxa("record", "--virtual", "--yes", "--json", begin=True)
    try:
        time.sleep(9)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert all(one["session_id"] is not None for one in json.loads(out)["boards"])


@needs_micropython
def test_a_recording_begun_on_a_board_is_fetched_later(coxa):
    assert "records" in coxa("board", "start", "thigh-L", "--virtual").stdout
    told = json.loads(coxa("board", "info", "left-thigh", "--virtual", "--json").stdout)
    (recording,) = told["recordings"]
    assert recording["flags"] & 2, "its end was cut off with the power"
    done = coxa("fetch", "--virtual")
    assert done.returncode == 0, done.stderr
    assert "is empty" in done.stderr or "kept as session" in done.stdout
    assert json.loads(coxa("board", "info", "thigh-L", "--virtual", "--json").stdout)["recordings"] == []


@needs_micropython
def test_a_scan_shows_what_is_in_range(coxa):
    boards = json.loads(coxa("scan", "--virtual", "--for", "2s", "--json").stdout)["boards"]
    assert [(one["name"], one["role"], one["state"]) for one in boards] == [
        ("thigh-L", "left-thigh", "idle"),
        ("thigh-R", "right-thigh", "idle"),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="what is said without Bluetooth differs by system")
@pytest.mark.parametrize("words", [("scan",), ("board", "trust"), ("record", "--yes"), ("fetch",)])
def test_without_bluetooth_one_line_says_what_to_do(coxa, tmp_path, words):
    (tmp_path / "coxa").mkdir()
    with KnownBoards(tmp_path / "coxa" / "coxa.sqlite") as boards:
        boards.save(KnownBoard("246f28abcdef", "thigh-L", "left-thigh", bytes(16)))
    done = coxa(*words)
    assert done.returncode == 3
    text = done.stdout + done.stderr
    assert "D-Bus" in text
    assert "systemctl start bluetooth" in " ".join(text.split())
    assert "Traceback" not in text


def test_surgery_is_asked_about_before_a_wall_set(coxa):
    assert coxa("people", "add", "Kim", "--hip-surgery", "yes").returncode == 0
    done = coxa("record", "--person", "kim")
    assert done.returncode == 2
    assert "ask your surgeon or physiotherapist" in done.stderr
    assert "ask your surgeon" not in coxa("record", "--person", "kim", "--cleared").stderr
    assert "ask your surgeon" not in coxa("record", "--person", "kim", "--position", "seated").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("record",), "no board has a place on the body yet"),
        (("fetch",), "no board is known yet"),
        (("board", "info"), "no board is known yet"),
        (("board", "forget", "nobody"), "there is no known board 'nobody'"),
        (("scan", "--for", "soon"), "--for"),
    ],
)
def test_what_cannot_be_meant_is_one_line(coxa, words, said):
    done = coxa(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_known_boards_are_listed_and_forgotten(coxa, tmp_path):
    (tmp_path / "coxa").mkdir()
    with KnownBoards(tmp_path / "coxa" / "coxa.sqlite") as boards:
        boards.save(KnownBoard("246f28abcdef", "thigh-L", "left-thigh", bytes(16)))
    (listed,) = json.loads(coxa("board", "--json").stdout)["boards"]
    assert listed == {"uid": "246f28abcdef", "name": "thigh-L", "role": "left-thigh", "firmware": "", "trusted": True}
    assert "is forgotten" in coxa("board", "forget", "cdef").stdout
    assert json.loads(coxa("board", "--json").stdout)["boards"] == []
