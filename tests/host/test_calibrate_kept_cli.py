"""`coxa calibrate list|show|void|export|import`, and results that rest on what is kept, as a user sees them."""

from __future__ import annotations

import json

import pytest
from calibrations import AT, UID, body, days, gain, sensor

from coxa import cli
from coxa.analysis import analyze_samples
from coxa.calibration.kept import of_body, of_sensor, of_skin
from coxa.simulate import SENSORS, Wearer, simulate
from coxa.store import Origin, Store
from coxa_calibration.bias_history import BiasHistory


@pytest.fixture
def path(monkeypatch, tmp_path):
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("COXA_CONFIG", "COXA_DEBUG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("COXA_STORE", str(tmp_path / "coxa.sqlite"))
    monkeypatch.chdir(tmp_path)
    with Store(tmp_path / "coxa.sqlite") as store:
        store.save_calibration(of_sensor(sensor(), BiasHistory.empty(), f"{UID}/7"))
        store.save_calibration(of_body(body(), "Kim", f"{UID}/8"))
        store.save_calibration(of_skin(gain(), UID, "Kim", f"{UID}/9"))
    return tmp_path / "coxa.sqlite"


@pytest.fixture
def coxa(capsys, path):
    assert path.exists()

    def run(*arguments):
        capsys.readouterr()
        code = cli.run([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def a_session(path, at=AT):
    sim = simulate(Wearer(reps=3, side="right"), SENSORS["LSM6DSOX"], seed=1)
    origin = Origin("Kim", "right", "wall", "wall", at, "coxa-csv", "set.csv", f"{at}", sensor=UID)
    with Store(path) as store:
        found = analyze_samples(sim.samples, position="wall", side="right")
        return store.save(origin, sim.samples, found).session_id


def test_they_are_listed_in_80_columns(coxa):
    code, out, _ = coxa("calibrate", "list")
    assert code == 0
    assert max(map(len, out.splitlines()[:-1])) <= 80
    said = " ".join(out.split())  # blanks that do not break count as blanks here
    assert all(words in said for words in ("50 ± 2 %", "60 ± 2 %", "±2.7°", "nothing; gyroscope scale", "of Kim"))
    code, out, _ = coxa("calibrate", "list", "--kind", "skin", "--json")
    assert [one["kind"] for one in json.loads(out)["calibrations"]] == ["skin"]


def test_none_is_no_error(coxa):
    code, out, _ = coxa("calibrate", "list", "--side", "left", "--kind", "body")
    assert code == 0
    assert "Make one: coxa calibrate" in out


def test_one_is_shown_with_what_rests_on_it(coxa, path):
    number = a_session(path)
    assert coxa("reanalyze", number)[0] == 0
    code, out, _ = coxa("calibrate", "show", 3)
    assert code == 0
    assert f"sessions that rest on it  {number}" in out
    assert f"{UID}/9" in out
    assert "for sets within 90 days" in out
    code, out, _ = coxa("calibrate", "show", 1)
    assert "for sets within 365 days" in out
    assert json.loads(coxa("calibrate", "show", 3, "--json")[1])["sessions"] == [number]


def test_a_calibration_of_a_chip_without_a_data_sheet_is_shown(coxa, path):
    with Store(path) as store:
        number = store.save_calibration(of_sensor(sensor(chip="unknown"), BiasHistory.empty(), "made up"))
    code, out, _ = coxa("calibrate", "show", number)
    assert code == 0
    assert "unknown" in out


@pytest.mark.parametrize("command", [("show", 9), ("void", 9, "moved"), ("export", 9, "it.json")])
def test_an_unknown_one_is_told_in_one_line(coxa, command):
    code, _, err = coxa("calibrate", *command)
    assert code == 2
    assert err.startswith("coxa: there is no calibration 9")
    assert len(err.splitlines()) == 1


def test_void_needs_a_reason_and_can_be_taken_back(coxa, path):
    number = a_session(path)
    assert coxa("calibrate", "void", 3)[0] == 2
    code, out, _ = coxa("calibrate", "void", 3, "strap moved")
    assert code == 0
    assert "does not hold any more: strap moved." in out
    assert "does not hold" in coxa("calibrate", "list")[1]
    coxa("reanalyze", number)
    assert "skin" not in json.loads(coxa("sessions", "--json")[1])["sessions"][0]["result"]["calibrations"]
    assert coxa("calibrate", "void", 3, "--again")[0] == 0
    coxa("reanalyze", number)
    assert "skin:3" in json.loads(coxa("sessions", "--json")[1])["sessions"][0]["result"]["calibrations"]


@pytest.mark.parametrize(("number", "name"), [(1, "it.toml"), (2, "it.json"), (3, "it.json")])
def test_what_is_exported_can_be_imported_elsewhere(coxa, tmp_path, number, name):
    assert coxa("calibrate", "export", number, tmp_path / name)[0] == 0
    before = json.loads(coxa("calibrate", "show", number, "--json")[1])
    other = tmp_path / "other.sqlite"
    code, _, _ = coxa("calibrate", "import", tmp_path / name, "--person", "Kim", "--store", other)
    assert code == 0
    after = json.loads(coxa("calibrate", "show", 1, "--json", "--store", other)[1])
    for key in ("kind", "uid", "person", "side", "made_at", "gives"):
        assert after[key] == before[key], key


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("it.json", "{", "is no JSON"),
        ("it.json", "[1]", "holds no calibration"),
        ("it.json", '{"format": "coxa.gain/9"}', "coxa.gain/9"),
        ("it.json", '{"format": "coxa.body/1"}', "damaged"),
        ("it.toml", "a = 1", "no file of a sensor's calibration"),
        ("it.toml", b"\xff\xfe", "no text file"),
        ("it.json", b"0" * 2_000_000, "too long"),
        ("absent.json", None, "cannot be read"),
    ],
)
def test_what_is_no_calibration_is_refused_in_one_line(coxa, tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    code, _, err = coxa("calibrate", "import", tmp_path / name)
    assert code == 3
    assert says in err
    assert len(err.splitlines()) == 1


def test_a_wrong_ending_is_refused(coxa, tmp_path):
    code, _, err = coxa("calibrate", "export", 1, tmp_path / "it.json")
    assert code == 2
    assert "End it in .toml" in err


def test_reanalyze_shows_what_a_calibration_changes_and_takes_it_back(coxa, path):
    number = a_session(path)
    code, out, _ = coxa("reanalyze", number)
    assert code == 0
    assert "skin:3" in out  # the body calibration is of another wearing: its axis is not the one of this set
    head = json.loads(coxa("sessions", "--json")[1])["sessions"][0]["result"]
    assert head["label"] == "shank-calibrated"
    assert head["arc_mean_deg"] > 1.5 * head["thigh"]["arc_mean_deg"]
    code, out, _ = coxa("show", number)
    assert "degrees of the bone, by your personal gain" in " ".join(out.split())
    assert "Calibrated: skin 3" in " ".join(out.split())
    assert "At the strap" in out
    assert "bone" in coxa("sessions")[1]
    coxa("reanalyze", number, "--no-calibration")
    head = json.loads(coxa("sessions", "--json")[1])["sessions"][0]["result"]
    assert (head["label"], head["calibrations"]) == ("thigh", "")
    coxa("reanalyze", number, "--calibration", 3)
    assert json.loads(coxa("sessions", "--json")[1])["sessions"][0]["result"]["calibrations"] == "skin:3"
    assert coxa("reanalyze", number, "--calibration", 3, "--no-calibration")[0] == 2
    assert coxa("reanalyze", number, "--calibration", 77)[0] == 3  # of the one session, the others go on


def test_the_trend_stays_at_the_strap_whatever_the_gain(coxa, path):
    for k in range(3):
        a_session(path, AT + days(k))
    before = json.loads(coxa("trends", "--person", "Kim", "--json")[1])
    coxa("reanalyze", 2, 3, "--calibration", 3)
    after = json.loads(coxa("trends", "--person", "Kim", "--json")[1])
    assert len(after["lines"]) == len(before["lines"]) == 1
    assert coxa("trends", "--person", "Kim")[0] == 0
    _, out, _ = coxa("trends", "--person", "Kim", "--label", "shank-calibrated", "--json")
    bone = json.loads(out)["lines"]
    assert [line["label"] for line in bone] == ["shank-calibrated"]
    assert bone[0]["arc"]["sessions"] == 2


def test_what_a_gain_is_wrong_by_does_not_make_a_trend_of_the_bone_less_sure(path):
    from coxa.commands.common import Common
    from coxa.commands.trends import points_of

    number = a_session(path)
    assert cli.run(["reanalyze", str(number), "--calibration", "3"]) == 0
    with Store(path, write=False) as store:
        head = store.session(number).headline
    point = points_of(Common(store=path), "Kim", label="shank-calibrated")[0]
    assert point.arc_deg == head.arc_mean_deg
    relative = head.thigh.arc_mean_sd_deg / head.thigh.arc_mean_deg
    assert point.arc_sd_deg / point.arc_deg == pytest.approx(relative)
    assert point.arc_sd_deg < head.arc_mean_sd_deg


def test_a_report_says_what_its_numbers_are(coxa, path, tmp_path):
    number = a_session(path)
    coxa("reanalyze", number)
    code, _, _ = coxa("show", number, "--report", tmp_path / "it.html", "--report", tmp_path / "it.png")
    assert code == 0
    page = (tmp_path / "it.html").read_text()
    assert "These degrees are those of the thigh bone" in page
    assert "skin 3, 0 min before the set" in page
    assert "the personal gain included" in page
