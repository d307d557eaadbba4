import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coxa import __version__, cli
from coxa.commands.catalogue import COMMANDS
from coxa.commands.people import HIP_SURGERY_NOTE

ON_WALL = ("--position", "wall", "--side", "right")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    """Nothing of the user's: no settings, no store, no colours, 80 columns."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("COXA_CONFIG", "COXA_DEBUG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COXA_STORE", str(tmp_path / "coxa.sqlite"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A simulated set, and its truth."""
    folder = tmp_path_factory.mktemp("recording")
    assert cli.run(["simulate", str(folder / "set.csv"), "--reps", "4", "--truth", str(folder / "truth.json")]) == 0
    return folder


@pytest.fixture
def coxa(capsys):
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run(*arguments):
        capsys.readouterr()
        code = cli.run([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


# --json


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["a", "--json"], ["a", "--json=-"]),
        (["a", "--json", "out.json"], ["a", "--json=out.json"]),
        (["a", "--json=out.txt"], ["a", "--json=out.txt"]),
        (["a", "--json", "-"], ["a", "--json=-"]),
        (["a", "--json", "--series"], ["a", "--json=-", "--series"]),
        (["a", "--json", "--x.json"], ["a", "--json=-", "--x.json"]),
        (["a", "--json", "walk.csv"], ["a", "--json=-", "walk.csv"]),  # never written over
        (["a", "--json", "3"], ["a", "--json=-", "3"]),
        (["a", "--json", "OUT.JSON", "3"], ["a", "--json=OUT.JSON", "3"]),
        (["a", "--", "--json"], ["a", "--", "--json"]),
        (["--json"], ["--json=-"]),
        ([], []),
    ],
)
def test_json_takes_a_file_only_where_one_is_meant(given, meant):
    assert cli.with_json_target(given) == meant


@pytest.mark.parametrize("series", [[], ["--series"]])
@pytest.mark.parametrize("first", [True, False])
def test_analyze_prints_one_json_object_and_nothing_else(coxa, recording, series, first):
    words = [*ON_WALL, recording / "set.csv"]
    code, out, _ = coxa("analyze", *(["--json", *series, *words] if first else [*words, *series, "--json"]))
    result = json.loads(out)
    assert code == 0
    assert result["format"] == "coxa.analysis/1"
    assert ("rotation_deg" in result) == bool(series)
    assert len(result["reps"]) == 4
    truth = json.loads((recording / "truth.json").read_text())["reps"]
    for rep, true in zip(result["reps"], truth, strict=True):
        assert rep["arc_deg"] == pytest.approx(true["arc_deg"], abs=3)


@pytest.mark.parametrize("words", [["--json", "out.json"], ["--json=out.txt"]])
def test_json_goes_to_a_file_and_stdout_stays_empty(coxa, recording, words):
    code, out, err = coxa("analyze", recording / "set.csv", *words, *ON_WALL)
    target = Path(words[-1].removeprefix("--json="))
    assert (code, out) == (0, "")
    assert f"wrote {target}" in err
    assert json.loads(target.read_text())["set"]["reps_valid"] == 4


def test_every_listing_has_json(coxa, recording):
    coxa("analyze", recording / "set.csv", *ON_WALL)
    for words in (
        ["sessions"], ["show", "1"], ["show", "1", "--series"], ["reanalyze", "1"], ["trends"], ["people"],
        ["people", "add", "Kim"], ["formats"], ["protocols"], ["simulate", "new.csv", "--reps", "1"],
    ):  # fmt: skip
        code, out, _ = coxa(*words, "--json")
        assert code == 0
        assert json.loads(out)["format"].startswith("coxa."), words


# analyze and the store


def test_analyze_reads_in_eighty_columns_without_colour_and_keeps_the_session(coxa, recording, tmp_path):
    code, out, err = coxa("analyze", recording / "set.csv", *ON_WALL, "--notes", "after a run", "--discomfort", "2")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    for words in (
        "Right hip · legs up the wall",
        "inward (IR)",
        "outward (ER)",
        "arc",
        "±",
        "thigh",
        "session 1 of me",
    ):
        assert words in out
    assert (tmp_path / "coxa.sqlite").exists()
    code, again, _ = coxa("analyze", recording / "set.csv", *ON_WALL)
    assert "kept once" in again
    code, shown, _ = coxa("show", "1")
    assert code == 0
    assert "After a run" in shown
    assert "2 of 10" in shown
    analysed = out[out.index("Right hip") : out.index("→")]
    assert analysed in shown  # the stored result says what the fresh one said


def test_no_store_leaves_no_store(coxa, recording, tmp_path):
    assert coxa("analyze", recording / "set.csv", *ON_WALL, "--no-store")[0] == 0
    assert not (tmp_path / "coxa.sqlite").exists()


def test_the_start_is_told_recorded_or_that_of_the_file(coxa, recording):
    shutil.copy(recording / "set.csv", "old.csv")
    os.utime("old.csv", (1_700_000_000, 1_700_000_000))
    assert "that of the file" in coxa("analyze", "old.csv", *ON_WALL)[1]
    coxa("analyze", "old.csv", *ON_WALL, "--person", "Kim", "--started", "2026-03-01T10:00+01:00")
    listed = json.loads(coxa("sessions", "--json")[1])["sessions"]
    began = {one["person"]: (one["started_at"], one["started_from"]) for one in listed}
    assert began["me"] == ("2023-11-14T22:13:20+00:00", "file")
    assert began["Kim"] == ("2026-03-01T09:00:00+00:00", "user")


def test_reports_are_written_by_their_suffix(coxa, recording):
    code, _, err = coxa("analyze", recording / "set.csv", *ON_WALL, "--report", "a.html", "--report", "a.png")
    assert code == 0
    assert Path("a.html").read_text().startswith("<!doctype html>")
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    assert "wrote a.html" in err
    assert coxa("show", "1", "--report", "b.html")[0] == 0
    assert Path("b.html").read_text() == Path("a.html").read_text()


def test_a_store_that_fails_does_not_take_the_result_away(coxa, recording, tmp_path):
    (tmp_path / "coxa.sqlite").write_text("my diary")
    code, out, err = coxa("analyze", recording / "set.csv", *ON_WALL, "--json")
    assert code == 3
    assert json.loads(out)["set"]["reps_valid"] == 4
    assert "not a Coxa store" in err
    assert (tmp_path / "coxa.sqlite").read_text() == "my diary"


def test_hip_surgery_asks_to_ask_first_on_the_wall_only(coxa, recording):
    note = HIP_SURGERY_NOTE.split()[:6]
    out = coxa("people", "add", "Kim", "--hip-surgery", "yes")[1]
    assert out.split("\n")[1].split()[:6] == note
    for person, position, asked in (("Kim", "wall", True), ("Kim", "supine", False), ("Lee", "wall", False)):
        words = (recording / "set.csv", "--side", "right", "--person", person, "--position", position)
        out = coxa("analyze", *words)[1]
        assert (HIP_SURGERY_NOTE in " ".join(out.split())) == asked
        assert (HIP_SURGERY_NOTE in coxa("analyze", *words, "--json")[2]) == asked


def test_remove_takes_a_session_out_only_when_told_twice(coxa, recording):
    coxa("analyze", recording / "set.csv", *ON_WALL)
    code, out, err = coxa("remove", 1)
    assert (code, out) == (2, "")
    assert "session 1 (me, right, wall" in err
    assert "--yes" in err
    assert coxa("show", 1)[0] == 0
    code, out, _ = coxa("remove", 1, "--yes", "--json")
    assert code == 0
    assert [session["id"] for session in json.loads(out)["sessions"]] == [1]
    assert coxa("show", 1)[0] == 2
    assert coxa("remove", 1, "--yes")[0] == 2
    assert coxa("remove", "--yes")[0] == 2
    # and the same recording can be kept anew, for the other leg
    assert coxa("analyze", recording / "set.csv", "--position", "wall", "--side", "left")[0] == 0


def test_reanalyze_shows_before_and_after_and_goes_on_after_a_failure(coxa, recording, monkeypatch):
    Path("mine.toml").write_text('title = "mine"\nposition = "wall"\n')
    coxa("analyze", recording / "set.csv", *ON_WALL)
    coxa("analyze", recording / "set.csv", *ON_WALL, "--person", "Kim", "--protocol", "mine.toml")
    Path("mine.toml").unlink()
    from coxa import protocols

    protocols.load.cache_clear()
    monkeypatch.setattr("coxa.__version__", "9.9.9")
    code, out, err = coxa("reanalyze", "--all", "--json")
    first, second = json.loads(out)["sessions"]
    assert code == 3
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["before"]["coxa_version"] == __version__
    assert first["after"]["coxa_version"] == "9.9.9"
    assert first["before"]["arc_mean_deg"] == first["after"]["arc_mean_deg"]
    assert "mine.toml" in second["error"]
    assert "session 2" in err
    code, out, _ = coxa("reanalyze", "1")
    assert code == 0
    assert "0 of them changed" in out


def test_settings_name_the_person_the_store_and_the_protocol(coxa, recording, tmp_path):
    (tmp_path / "own.toml").write_text('title = "short holds"\nposition = "wall"\nhold_min_s = 0.2\n')
    (tmp_path / "coxa.toml").write_text('person = "Kim"\n[protocols]\nwall = "own.toml"\n')
    coxa("analyze", recording / "set.csv", *ON_WALL, "--config", "coxa.toml")
    one = json.loads(coxa("sessions", "--json")[1])["sessions"][0]
    assert (one["person"], Path(one["protocol"]).name) == ("Kim", "own.toml")


def test_trends_print_a_table_and_draw(coxa):
    for day in (1, 8, 15):
        coxa("simulate", f"{day}.csv", "--reps", "2", "--seed", day)
        coxa("analyze", f"{day}.csv", *ON_WALL, "--started", f"2026-03-{day:02}T10:00")
    code, out, _ = coxa("trends", "--side", "right", "--out", "trend.png")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert all(f"2026-03-{day:02}" in out for day in (1, 8, 15))
    assert Path("trend.png").read_bytes().startswith(b"\x89PNG")
    assert "No such sessions" in coxa("trends", "--side", "left")[1]


# mistakes


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["analyse", "x.csv"], 2, "Did you mean `coxa analyze`"),
        (["frobnicate"], 2, "no command"),
        (["--frobnicate"], 2, "frobnicate"),
        (["analyze"], 2, "coxa analyze --help"),
        (["analyze", "SET", "--side", "left"], 2, "--position"),
        (["analyze", "SET", "--position", "wall"], 2, "--side"),
        (["analyze", "SET", "--position", "wal", "--side", "left"], 2, "wall"),
        (["analyze", "SET", *ON_WALL, "--sied", "left"], 2, "--side"),
        (["analyze", "SET", *ON_WALL, "--format", "excel"], 2, "excel"),
        (["analyze", "SET", *ON_WALL, "--report", "a.pdf"], 2, ".html or .png"),
        (["analyze", "SET", *ON_WALL, "--report", "no/such/a.png"], 2, "folder that exists"),
        (["analyze", "SET", *ON_WALL, "--report", "a.png", "--report", "a.png"], 2, "overwritten"),
        (["analyze", "SET", *ON_WALL, "--json=SET"], 2, "overwritten"),
        (["analyze", "SET", *ON_WALL, "--json=no/such/a.json"], 2, "folder that exists"),
        (["analyze", "SET", *ON_WALL, "--json="], 2, "cannot be written"),
        (["analyze", "SET", *ON_WALL, "--json", "out.txt"], 2, "out.txt"),
        (["analyze", "SET", *ON_WALL, "--series"], 2, "--json"),
        (["analyze", "SET", *ON_WALL, "--protocol", "seated"], 2, "seated"),
        (["analyze", "SET", *ON_WALL, "--protocol", "none.toml"], 3, "none.toml"),
        (["analyze", "SET", *ON_WALL, "--discomfort", "11"], 2, "11"),
        (["analyze", "SET", *ON_WALL, "--discomfort", "some"], 2, "some"),
        (["analyze", "SET", *ON_WALL, "--started", "yesterday"], 2, "yesterday"),
        (["analyze", "SET", *ON_WALL, "--person", " "], 2, "name"),
        (["analyze", "SET", *ON_WALL, "--config", "none.toml"], 3, "none.toml"),
        (["analyze", "SET", *ON_WALL, "--store", "no/such/s.sqlite"], 3, "cannot be opened"),
        (["analyze", "none.csv", *ON_WALL], 3, "none.csv"),
        (["analyze", "EMPTY", *ON_WALL], 3, "empty.csv"),
        (["analyze", "BINARY", *ON_WALL], 3, "binary.csv"),
        (["sessions"], 3, "no store at"),
        (["show", "1"], 3, "no store at"),
        (["show", "one"], 2, "one"),
        (["trends"], 3, "no store at"),
        (["trends", "--out", "a.txt"], 2, "a.txt"),
        (["reanalyze"], 2, "--all"),
        (["reanalyze", "1", "--all"], 2, "--all"),
        (["people", "add"], 2, "NAME"),
        (["people", "add", "a\tb\x07"], 2, "name"),
        (["people", "add", "Kim", "--hip-surgery", "maybe"], 2, "maybe"),
        (["people", "remove", "Kim"], 2, "remove"),
        (["simulate"], 2, "coxa simulate --help"),
        (["simulate", "no/such/a.csv"], 3, "cannot be written"),
        (["simulate", "a.csv", "--truth", "a.csv"], 2, "two files"),
        (["simulate", "a.csv", "--reps", "-1"], 2, "--reps"),
        (["simulate", "a.csv", "--ir", "nan"], 2, "--ir"),
        (["simulate", "a.csv", "--rate", "0"], 2, "--rate"),
        (["simulate", "a.csv", "--reps", "200", "--hold", "60"], 2, "hour"),
        (["simulate", "a.csv", "--sensor", "BNO055"], 2, "LSM6DSOX"),
        (["demo", "--seed", "-1"], 2, "--seed"),
        (["demo", "--store", "s.sqlite"], 2, "--out"),
        (["demo", "--out", "SET"], 2, "is a file"),
    ],
)
def test_a_mistake_is_one_line_with_its_exit_code(coxa, recording, words, code, says):
    Path("empty.csv").touch()
    Path("binary.csv").write_bytes(bytes(range(256)) * 9)
    before = (recording / "set.csv").read_bytes()
    places = {"SET": str(recording / "set.csv"), "EMPTY": "empty.csv", "BINARY": "binary.csv"}
    words = [w.replace("SET", places["SET"]) if w.startswith("--json=") else places.get(w, w) for w in words]
    found, _, err = coxa(*words)
    last = err.splitlines()[-1]
    assert (found, says in last) == (code, True), last
    assert last.startswith("coxa: ")
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
    assert (recording / "set.csv").read_bytes() == before


def test_a_wrong_session_id_or_person_is_told(coxa, recording):
    coxa("analyze", recording / "set.csv", *ON_WALL)
    for words in (["show", "2"], ["reanalyze", "2"], ["sessions", "--person", "mee"], ["trends", "--person", "x"]):
        code, out, err = coxa(*words)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1


def test_an_unexpected_error_is_one_line_and_debug_shows_its_traceback(coxa, monkeypatch):
    def broken(_):
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(cli, "_command", broken)
    code, out, err = coxa("formats")
    assert (code, out) == (70, "")
    assert err == "coxa: unexpected ZeroDivisionError: division by zero. Run with COXA_DEBUG=1 for the traceback.\n"
    monkeypatch.setenv("COXA_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        coxa("formats")


# help and the process


@pytest.mark.parametrize("words", [["--help"], ["-h"], []])
def test_help_teaches(coxa, words):
    code, out, _ = coxa(*words)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "Examples" in out
    assert all(f" {command.name} " in out for command in COMMANDS)


CALIBRATIONS = ("sensor", "body", "skin", "check", "noise", "bias", "list", "show", "void", "export", "import")


@pytest.mark.parametrize(
    "words",
    [[command.name] for command in COMMANDS if command.name != "calibrate"]
    + [["calibrate", name] for name in CALIBRATIONS],
    ids=" ".join,
)
def test_each_command_has_help_with_every_option_explained(coxa, words):
    code, out, _ = coxa(*words, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "--json" in out
    assert coxa("--version")[1].strip() == __version__


def test_help_imports_nothing_heavy():
    program = "import sys; from coxa.cli import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stderr.split())
    assert "coxa.cli" in loaded
    assert loaded.isdisjoint({"numpy", "scipy", "matplotlib", "vqf", "ahrs", "coxa.store", "coxa.results"})


def test_a_closed_pipe_is_quiet(recording):
    command = [sys.executable, "-m", "coxa.cli", "analyze", recording / "set.csv", *ON_WALL, "--json", "--series"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdout.read(10)
        running.stdout.close()
        err = running.stderr.read()
        assert running.wait(30) == cli.PIPE
    assert "Error" not in err
    assert "Traceback" not in err


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_is_one_line(tmp_path):
    command = [sys.executable, "-m", "coxa.cli", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 30
        while not (tmp_path / "coxa-demo" / "coxa.sqlite").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert err == "coxa: stopped; nothing was left half done.\n"


def test_a_terminal_without_the_characters_gets_a_readable_page(recording):
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "coxa.cli", "analyze", recording / "set.csv", *ON_WALL, "--no-store"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert "Right hip" in done.stdout


# demo


def test_the_demo_makes_what_it_says_runs_again_and_spares_what_is_not_its_own(coxa, recording):
    code, out, _ = coxa("demo", "--out", "tour")
    assert code == 0
    for name in ("coxa.sqlite", "set.csv", "session.html", "session.png", "trend.png"):
        assert Path("tour", name).stat().st_size > 1000
        assert str(Path("tour", name)) in out
    assert not Path("coxa.sqlite").exists()  # the user's store
    listed = json.loads(coxa("sessions", "--store", "tour/coxa.sqlite", "--json")[1])["sessions"]
    assert {one["side"] for one in listed} == {"left", "right"}
    assert 36 <= len(listed) <= 50
    arcs = [one["result"]["arc_mean_deg"] for one in listed if one["source_format"] == "simulated"]
    assert sum(arcs[-8:]) > sum(arcs[:8])  # the range grew
    Path("tour", "mine.txt").write_text("keep")
    assert json.loads(coxa("demo", "--out", "tour", "--json")[1])["format"] == "coxa.demo/1"
    again = json.loads(coxa("sessions", "--store", "tour/coxa.sqlite", "--json")[1])["sessions"]
    assert [one["result"]["arc_mean_deg"] for one in again] == [one["result"]["arc_mean_deg"] for one in listed]
    assert Path("tour", "mine.txt").read_text() == "keep"
    coxa("analyze", recording / "set.csv", *ON_WALL, "--person", "Kim", "--store", "tour/coxa.sqlite")
    shutil.copy(recording / "set.csv", "own.csv")
    coxa("analyze", "own.csv", *ON_WALL, "--person", "Kim", "--store", "own/coxa.sqlite")
    Path("plain").mkdir()
    Path("plain", "set.csv").write_text("mine")
    code, _, err = coxa("demo", "--out", "plain")
    assert code == 2
    assert "no demo made it" in err
    coxa("analyze", "own.csv", *ON_WALL, "--store", "tour/coxa.sqlite")
    code, _, err = coxa("demo", "--out", "tour")
    assert code == 2
    assert "sessions of your own" in err
