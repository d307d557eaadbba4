"""`coxa calibrate sensor|body|skin`: a simulated wearer, bad options, breaking off, what the store knows already."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from coxa import cli
from coxa.calibration.kept import of_body
from coxa.commands.calibrate import Wearer, _body, _scale_sd, side_of
from coxa.commands.calibrate_chosen import boards_for
from coxa.commands.calibrate_means import Means, Wish, Worn, checked
from coxa.commands.calibrate_simulated import THIGH_UID
from coxa.commands.common import Common
from coxa.errors import UsageError
from coxa.link.known import KnownBoard, KnownBoards
from coxa.samples import GRAVITY_M_S2
from coxa.simulate import SENSORS
from coxa.simulate.handled import SensorFollower
from coxa.simulate.posed import BodyFollower
from coxa.store import Store
from coxa_calibration.femur import UNCALIBRATED_OFFSET_SD_M_S2
from coxa_calibration.gain_fit import SCALE_SD

SEED = 2
UID = THIGH_UID.format(seed=SEED)
KINDS = ("sensor", "body", "skin")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    """Nothing of the user's: no settings, no store, no colours, 80 columns."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("COXA_CONFIG", "COXA_DEBUG", "COXA_STORE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def coxa(capsys):
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run(*arguments):
        capsys.readouterr()
        code = cli.run([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def store(tmp_path):
    return tmp_path / "coxa.sqlite"


@pytest.fixture
def simulated(coxa, store):
    """A simulated calibration that must succeed: (its JSON, stderr)."""

    def run(kind, *options, seed=SEED):
        code, out, err = coxa("calibrate", kind, "--simulated", "--seed", seed, "--store", store, "--json", *options)
        assert code == 0, err
        return json.loads(out), err

    return run


# all three kinds


@pytest.mark.parametrize("kind", [("sensor",), ("body",), ("skin",), ("skin", "--in-turn", "--at-stops")])
def test_a_simulated_wearer_is_guided_through_each_kind(simulated, store, kind):
    told, err = simulated(*kind)
    assert (told["format"], told["kind"], told["uid"]) == ("coxa.calibration/1", kind[0], UID)
    assert told["source"] == f"simulated, seed {SEED}"
    assert told["lines"] and told["changes"]
    assert err.count("step ") >= len(told["steps"]) == err.count("✓")
    assert "\x1b" not in err and "\a" not in err
    with Store(store, write=False) as kept:
        one = kept.calibration(told["id"])
    assert (one.kind, one.uid, one.void) == (kind[0], UID, "")
    assert {"sensor": one.sensor, "body": one.body, "skin": one.skin}[kind[0]]()


@pytest.mark.parametrize("kind", KINDS)
def test_the_result_reads_in_80_columns(coxa, store, kind):
    whose = () if kind == "sensor" else ("--person", "Kim")
    code, out, _ = coxa("calibrate", kind, "--simulated", "--store", store, *whose)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert out.startswith("Calibration 1: ")
    assert "What it changes\n→ " in out
    assert "Kept as calibration 1 in" in out
    assert kind == "sensor" or "of Kim, right leg" in out


def test_what_is_simulated_is_what_is_found(simulated, store):
    told, _ = simulated("sensor")
    axis_told, _ = simulated("body", "--side", "left")
    with Store(store, write=False) as kept:
        calibration, _ = kept.calibration(told["id"]).sensor()
        body = kept.calibration(axis_told["id"]).body()
    truth = SensorFollower(SENSORS["LSM6DSOX"], SEED).chip
    assert np.abs(calibration.acc_offset_m_s2 / GRAVITY_M_S2 * 1e3 - truth.acc_bias_mg).max() < 4.0
    wearer = BodyFollower("left", SENSORS["LSM6DSOX"], SEED)
    assert np.degrees(np.arccos(body.axis.u @ wearer.axis())) < 5.0
    assert body.side == "left"


@pytest.mark.parametrize("kind", [("sensor",), ("body",), ("skin",)])
def test_a_clumsy_wearer_is_refused_and_told_what_to_do(simulated, kind):
    _, err = simulated(*kind, "--clumsy")
    refusals = [line for line in err.splitlines() if "not yet: " in line]
    assert refusals
    assert all(" → " in line for line in refusals)
    assert "attempt 2" in err


def test_steps_that_may_be_are_left_out(simulated):
    told, _ = simulated("body", "--without", "turns", "--without", "wall")
    assert [one["key"] for one in told["steps"]] == ["standing", "seated"]


def test_the_same_seed_is_the_same_wearer(simulated):
    first, again, other = (simulated("body", seed=seed)[0]["lines"] for seed in (SEED, SEED, 5))
    assert first[0] == again[0]
    assert first[0] != other[0]


def test_without_a_store_it_goes_to_one_of_its_own(coxa, tmp_path):
    code, out, _ = coxa("calibrate", "body", "--simulated", "--json")
    assert code == 0 and json.loads(out)["id"] == 1
    (made,) = (tmp_path / "home").rglob("*.sqlite")
    assert made.name == "virtual.sqlite"


def test_json_goes_to_a_file_and_nothing_to_stdout(coxa, store, tmp_path):
    code, out, _ = coxa("calibrate", "body", "--simulated", "--store", store, "--json", tmp_path / "out.json")
    assert (code, out) == (0, "")
    assert json.loads((tmp_path / "out.json").read_text())["kind"] == "body"


# what the store knows


def test_a_sensor_that_is_known_is_gone_on_with(simulated):
    first, _ = simulated("sensor")
    again, _ = simulated("sensor")
    names = [line["name"] for line in again["lines"]]
    assert any(name.startswith("Since the last time") for name in names)
    assert not any(line["name"].startswith("Since") for line in first["lines"])


def test_a_known_sensor_makes_body_and_skin_surer(simulated, store):
    common, worn = Common(store=store), Worn(UID)
    assert _body(worn, "right", "me", "", common).acc_offset_sd_m_s2 == UNCALIBRATED_OFFSET_SD_M_S2
    assert _scale_sd([worn], common) == SCALE_SD
    simulated("sensor")
    assert _body(worn, "right", "me", "", common).acc_offset_sd_m_s2 < UNCALIBRATED_OFFSET_SD_M_S2 / 3
    assert _scale_sd([worn], common) < SCALE_SD
    assert _scale_sd([worn, Worn("520000000009")], common) == SCALE_SD, "of the other nothing is known"


def test_what_is_known_of_a_sensor_is_taken_out_of_what_is_measured_with_it(simulated, store):
    def off_mg():
        told, _ = simulated("body", seed=5)
        with Store(store, write=False) as kept:
            forces = [one.force_m_s2 for one in kept.calibration(told["id"]).body().poses]
        return max(abs(np.linalg.norm(force) / GRAVITY_M_S2 - 1) for force in forces) * 1e3

    before = off_mg()
    simulated("sensor", seed=5)
    assert off_mg() < before / 3


def turned(body, about_rad):
    """The same wearing with the sensor turned by so much about its z axis since."""
    c, s = np.cos(about_rad), np.sin(about_rad)
    matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    frame = replace(body.frame, u=matrix @ body.frame.u, forward=matrix @ body.frame.forward)
    poses = tuple(replace(one, up=matrix @ one.up, force_m_s2=matrix @ one.force_m_s2) for one in body.poses)
    return replace(body, axis=replace(body.axis, u=matrix @ body.axis.u), frame=frame, poses=poses)


@pytest.mark.parametrize("moved_deg", [0.0, 40.0])
def test_a_strap_put_on_another_way_makes_the_personal_gain_void(simulated, coxa, store, moved_deg):
    gain, _ = simulated("skin", "--person", "Kim")
    body, _ = simulated("body", "--person", "Kim")
    with Store(store) as kept:
        known = kept.calibration(body["id"])
        kept.save_calibration(of_body(turned(known.body(), np.radians(moved_deg)), "Kim", "before"))
    code, out, err = coxa("calibrate", "body", "--simulated", "--seed", SEED, "--store", store, "--person", "kim")
    assert code == 0, err
    with Store(store, write=False) as kept:
        void = kept.calibration(gain["id"]).void
    assert bool(void) == (moved_deg > 0)
    assert ("does not hold any more: The sensor sits otherwise" in " ".join(out.split())) == (moved_deg > 0)


def test_another_legs_gain_stays(simulated, store):
    gain, _ = simulated("skin", "--side", "left")
    body, _ = simulated("body")
    with Store(store) as kept:
        kept.save_calibration(of_body(turned(kept.calibration(body["id"]).body(), 1.0), "me", "before"))
    told, _ = simulated("body")
    assert told["voided"] == []
    with Store(store, write=False) as kept:
        assert kept.calibration(gain["id"]).void == ""


# what is refused at once


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("body", "--simulated", "--without", "nonsense"), "there is no step 'nonsense'"),
        (("body", "--simulated", "--without", "standing", "--without", "wall"), "cannot both be left out"),
        (("sensor", "--simulated", "--without", "rest"), "'rest' cannot be left out. These can: turns"),
        (("skin", "--simulated", "--without", "reps"), "'reps' cannot be left out"),
        (("sensor", "--clumsy"), "--clumsy belongs to --simulated"),
        (("sensor", "--speed", "2"), "--speed belongs to --simulated"),
        (("sensor", "--simulated", "--speed", "0"), "--speed is 0"),
        (("sensor", "--simulated", "--speed", "nan"), "--speed is nan"),
        (("sensor", "--simulated", "--seed", "-1"), "--seed is -1"),
        (("sensor", "--simulated", "--board", "x"), "--simulated needs no board"),
        (("body", "--simulated", "--side", "middle"), "side"),
        (("body",), "which leg?"),
        (("skin",), "which leg?"),
        (("skin", "--simulated", "--at-stops"), "--at-stops belongs to --in-turn"),
        (("skin", "--side", "left", "--port", "/dev/null"), "this takes two"),
        (("sensor",), "no board is known yet"),
        (("body", "--side", "left"), "no board is known yet"),
        (("knee",), "knee"),
    ],
)
def test_a_wrong_call_is_one_line_and_makes_no_calibration(coxa, store, words, said):
    code, out, err = coxa("calibrate", *words, "--store", store)
    assert code == 2
    assert said in err
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    if store.exists():
        with Store(store, write=False) as kept:
            assert kept.calibrations() == []


def test_what_cannot_be_kept_is_not_begun(coxa, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = coxa("calibrate", "body", "--simulated", "--store", tmp_path / "file" / "coxa.sqlite")
    assert code == 3
    assert "step 1" not in err
    assert out == "" and len(err.strip().splitlines()) == 1


def test_surgery_is_asked_about_before_the_wall_and_before_turns_to_the_end(coxa, store):
    assert coxa("people", "add", "Kim", "--hip-surgery", "yes", "--store", store)[0] == 0
    common = ("--simulated", "--store", store, "--person", "kim")
    for words in (("body",), ("skin",)):
        code, _, err = coxa("calibrate", *words, *common)
        assert code == 2
        assert "ask your surgeon or physiotherapist" in err
        assert "--cleared" in err
    assert coxa("calibrate", "body", *common, "--without", "wall")[0] == 0
    assert coxa("calibrate", "body", *common, "--cleared")[0] == 0
    assert coxa("calibrate", "skin", *common, "--cleared")[0] == 0


# broken off


def test_ctrl_c_leaves_nothing_half_done(store):
    process = subprocess.Popen(
        [sys.executable, "-m", "coxa", "calibrate", "body", "--simulated", "--speed", "1", "--store", store],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip
    try:
        assert "step 1 of 4" in process.stderr.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == ""
    assert err.strip().endswith("stopped; nothing was left half done.")
    assert "Traceback" not in err
    with Store(store, write=False) as kept:
        assert kept.calibrations() == []


def test_the_speed_is_that_of_life_times_so_many(coxa, store):
    begun = time.monotonic()
    code, _, _ = coxa("calibrate", "body", "--simulated", "--store", store, "--speed", "40", "--without", "turns")
    assert code == 0
    assert 0.5 < time.monotonic() - begun < 30


# which boards


def board(name, role, number):
    return KnownBoard(f"246f28abc{number:03x}", name, role, bytes(16))


LEFT, RIGHT = board("one", "left-thigh", 1), board("two", "right-thigh", 2)
SHANK, LOOSE = board("three", "left-shank", 3), board("four", None, 4)


def wish(*roles):
    return Wish("skin", "", roles, lambda _: None)


def test_boards_are_chosen_by_their_place_or_their_name():
    known = [LEFT, RIGHT, SHANK, LOOSE]
    assert boards_for(wish("left-thigh"), (), known) == [LEFT]
    assert boards_for(wish("left-thigh"), ("four",), known) == [LOOSE]
    assert boards_for(wish("left-thigh", "left-shank"), (), known) == [LEFT, SHANK]
    assert boards_for(wish("left-thigh", "left-shank"), ("three", "one"), known) == [LEFT, SHANK]
    assert boards_for(wish("left-thigh", "left-shank"), ("four", "two"), known) == [LOOSE, RIGHT]
    assert boards_for(wish(None), (), [LEFT]) == [LEFT]


@pytest.mark.parametrize(
    ("roles", "names", "known", "said"),
    [
        (("left-thigh",), (), [RIGHT, SHANK], "no known board is worn at the left thigh"),
        (("left-thigh",), ("one", "two"), [LEFT, RIGHT], "2 boards are named"),
        (("left-thigh",), (), [LEFT, replace(LEFT, uid="246f28abc009", name="nine")], "which board?"),
        ((None,), (), [LEFT, RIGHT], "which board?"),
        ((None,), (), [], "no board is known yet"),
        (("left-thigh", "left-shank"), (), [LEFT], "no known board is worn at the left shank"),
        (("left-thigh", "left-shank"), ("one", "one"), [LEFT, SHANK], "named twice"),
    ],
)
def test_it_must_be_clear_which_boards(roles, names, known, said):
    with pytest.raises(UsageError, match="board") as error:
        boards_for(wish(*roles), names, known)
    assert said in str(error.value)


def test_of_two_boards_one_may_be_named():
    known = [LEFT, SHANK, LOOSE]
    roles = wish("left-thigh", "left-shank")
    assert boards_for(roles, ("four",), known) == [LOOSE, SHANK], "without a place it is worn on the thigh"
    assert boards_for(roles, ("three",), known) == [LEFT, SHANK]
    assert boards_for(roles, ("one",), known) == [LEFT, SHANK]


def test_the_role_of_the_known_board_says_the_leg(store):
    with KnownBoards(store) as boards:
        boards.save(RIGHT)
        boards.save(SHANK)
    common = Common(store=store)
    assert side_of(Wearer(), Means(), common) == "right"
    assert side_of(Wearer(side="left"), Means(), common) == "left"
    with KnownBoards(store) as boards:
        boards.save(LEFT)
    assert side_of(Wearer(), Means(board=("one",)), common) == "left"
    with pytest.raises(UsageError, match="which leg"):
        side_of(Wearer(), Means(), common)


def test_options_are_checked_before_anything_is_done():
    with pytest.raises(UsageError, match="--seed is 9999999999"):
        checked(wish("left-thigh"), Means(simulated=True, seed=9_999_999_999))
