"""`coxa calibrate check`: whether the strap moved during the sets, and what does not hold any more if it did."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from calibrations import gain

from coxa import cli
from coxa.calibration.kept import of_skin
from coxa.commands.calibrate_simulated import THIGH_UID
from coxa.store import Store

SEEDS = (1, 2, 3, 4)


@pytest.fixture
def store(monkeypatch, tmp_path):
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("COXA_CONFIG", "COXA_STORE", "COXA_DEBUG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "coxa.sqlite"


@pytest.fixture
def coxa(capsys, store):
    def run(*arguments):
        capsys.readouterr()
        code = cli.run([*map(str, arguments), "--simulated", "--store", str(store)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_without_a_body_calibration_there_is_nothing_to_compare_with(coxa):
    code, _, err = coxa("calibrate", "check")
    assert code == 2
    assert "coxa calibrate body" in err
    assert len(err.splitlines()) == 1


def test_a_strap_that_stayed_keeps_what_was_calibrated(coxa, store):
    verdicts = []
    for seed in SEEDS:
        assert coxa("calibrate", "body", "--seed", seed)[0] == 0
        code, out, _ = coxa("calibrate", "check", "--seed", seed, "--json")
        assert code == 0
        verdicts.append(json.loads(out)["verdict"])
    assert verdicts.count("kept") >= len(SEEDS) - 1  # one in twenty is called moved
    if verdicts[0] == "kept":
        with Store(store, write=False) as opened:
            assert not opened.calibration(1).void


def test_a_strap_that_slid_voids_the_body_calibration_and_the_gain(coxa, store):
    assert coxa("calibrate", "body")[0] == 0
    uid = THIGH_UID.format(seed=2)
    with Store(store) as opened:
        opened.save_calibration(of_skin(gain(made_at=datetime.now(UTC)), uid, "me", "made up"))
        opened.save_calibration(of_skin(gain(side="left", made_at=datetime.now(UTC)), uid, "me", "made up"))
    code, out, _ = coxa("calibrate", "check", "--clumsy")
    assert code == 0
    assert "The strap moved" in out
    assert "around the thigh" in out
    assert "Calibration 1, 2 does not hold any more" in out
    with Store(store, write=False) as opened:
        kept = opened.calibrations()
    assert [bool(one.void) for one in kept] == [True, True, False]  # the other leg is another strap
    assert "coxa calibrate check" in kept[0].void
    assert coxa("calibrate", "check")[0] == 2  # there is none left to compare with


def test_nothing_is_kept_of_a_check(coxa, store):
    coxa("calibrate", "body")
    coxa("calibrate", "check")
    with Store(store, write=False) as opened:
        assert len(opened.calibrations()) == 1


def test_with_an_operated_hip_the_wall_is_asked_about(coxa, store):
    assert coxa("calibrate", "body")[0] == 0
    with Store(store) as opened:
        opened.add_person("me", "yes")
    code, _, err = coxa("calibrate", "check")
    assert code == 2
    assert "--cleared" in err
    assert coxa("calibrate", "check", "--cleared")[0] == 0
    assert coxa("calibrate", "check", "--without", "wall")[0] == 0
