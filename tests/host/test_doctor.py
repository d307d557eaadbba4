"""`coxa doctor` on real damage: stores, ports, settings, packages; and its judgement for systems that are not here."""

import errno
import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import coxa_board
from coxa import cli
from coxa.analysis import analyze_samples
from coxa.doctor import boards as versions
from coxa.doctor import clock, disk, installation, packages, ports, radio, raw, show, sysfs
from coxa.doctor import linux as of_linux
from coxa.doctor import store as store_check
from coxa.doctor.examine import CHECKS, Check, examined
from coxa.doctor.findings import Finding
from coxa.doctor.installation import Installation
from coxa.doctor.linux import Linux, User
from coxa.doctor.place import Place
from coxa.doctor.radio import Heard
from coxa.doctor.requirements import wanted
from coxa.doctor.rescue import rescue
from coxa.doctor.sysfs import Kernel, UsbDevice
from coxa.errors import StoreError
from coxa.link import words
from coxa.link.known import KnownBoard, KnownBoards
from coxa.simulate import Wearer, simulate
from coxa.store import Inbox, Origin, Store, schema

TIMEOUT_S = 60
UID = "246f28abcdef"
HERE = Installation("/venv/bin/python", "/venv")

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and pseudo terminals of POSIX")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    """Nothing of the user's: no settings, no store, no Bluetooth, 80 columns."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("COXA_CONFIG", "COXA_STORE", "COXA_DEBUG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def recorded():
    samples = simulate(Wearer(reps=2), seed=5).samples
    return samples, analyze_samples(samples, position="wall", side="right")


def origin(name="one"):
    return Origin(
        person="me",
        side="right",
        position="wall",
        protocol="wall",
        started_at=datetime(2026, 3, 1, 10, tzinfo=UTC),
        source_format="coxa",
        source_name=name,
        source_sha256=name,
    )


@pytest.fixture
def path(tmp_path, recorded):
    """A store with two sessions."""
    path = tmp_path / "coxa.sqlite"
    with Store(path) as store:
        for name in ("one", "two"):
            store.save(origin(name), *recorded)
    return path


def found(name, **place):
    """What the check of this name finds, by its findings' names."""
    (check,) = [one for one in CHECKS if one.name == name]
    return {one.check: one for one in examined(check, Place(**place))}


def bytes_of(folder):
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}


# the store


def test_a_whole_store_is_good_and_left_as_it_was(path):
    before = bytes_of(path.parent)
    at = found("store.file", store=path)
    assert at["store.file"].level == "good"
    assert at["store.file"].data["sessions"] == 2
    assert set(at) == {"store.file"}
    read = found("store.raw", store=path)["store.raw"]
    assert (read.level, read.data["read"]) == ("good", 2)
    assert bytes_of(path.parent) == before


def test_where_there_is_no_store_none_is_made(tmp_path):
    at = found("store.file", store=tmp_path / "none.sqlite")
    assert at["store.file"].level == "note"
    assert "coxa analyze" in at["store.file"].mend
    assert found("store.raw", store=tmp_path / "none.sqlite") == {}
    assert found("boards.firmware", store=tmp_path / "none.sqlite")["boards.firmware"].level == "good"
    assert list(tmp_path.iterdir()) == []
    (no_folder,) = found("store.file", store=tmp_path / "no" / "coxa.sqlite").values()
    assert no_folder.level == "trouble"
    assert f"mkdir -p {tmp_path / 'no'}" in no_folder.mend


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_cut_store_is_damaged_and_the_command_given_saves_what_it_can(path, share):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    at = found("store.file", store=path)["store.file"]
    assert at.level == "trouble"
    assert "damaged" in at.what
    assert f"`coxa doctor --store {path} --rescue {path.with_suffix('.rescued.sqlite')}`" in at.mend
    (raw_data,) = found("store.raw", store=path).values() or [None]
    assert raw_data.level in ("note", "trouble")


def damage(path, table, pages):
    """Overwrites pages of a table's B-tree, other than its root."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        page = file.read(size)
        assert page[0] == 5, "an inner page of a table"
        number = int.from_bytes(page[3:5], "big")
        cells = [int.from_bytes(page[12 + 2 * i : 14 + 2 * i], "big") for i in range(number)]
        for leaf in [int.from_bytes(page[at : at + 4], "big") for at in cells][pages]:
            file.seek((leaf - 1) * size)
            file.write(b"\xff" * size)
    return number + 1


def test_the_command_given_saves_what_can_be_read(path, capsys):
    many = 5000
    with Store(path) as store:
        for number in range(3):
            store.add_person(f"person {number}")
    with Inbox(path, UID) as inbox:
        inbox.keep(7, [(seq, seq.to_bytes(2, "big") * 90) for seq in range(many)])
    leaves = damage(path, "inbox_blocks", slice(50, 53))
    damaged = path.read_bytes()
    mend = found("store.file", store=path)["store.file"].mend
    words_ = shlex.split(next(part for part in mend.split("`") if "--rescue" in part))
    assert words_[0] == "coxa"
    assert cli.run([*words_[1:], "--no-scan"]) == 0, capsys.readouterr().out
    saved = path.with_suffix(".rescued.sqlite")
    assert path.read_bytes() == damaged
    assert "2 sessions" in capsys.readouterr().err
    with Store(saved, write=False) as store, Store(path, write=False) as before:
        assert [one.name for one in store.people()] == [one.name for one in before.people()]
        assert store.sessions() == before.sessions()
        assert store.result(1) == before.result(1)
        assert [store.samples(1).t_s.tobytes()] == [before.samples(1).t_s.tobytes()]
    with Inbox(saved, UID) as inbox:
        kept = inbox.blocks(7)
    assert len(kept) == pytest.approx(many * (1 - 3 / leaves), abs=many / leaves)
    assert kept[0] == bytes(180) and kept[-1] == (many - 1).to_bytes(2, "big") * 90
    assert cli.run([*words_[1:], "--no-scan"]) == 2, "never over a file that is there"


@pytest.mark.parametrize("pages", [0, 1, 10, 30, 60, 90])
def test_a_rescue_of_a_cut_store_is_a_store_or_an_error(path, tmp_path, pages):
    size, whole = 4096, path.read_bytes()
    path.write_bytes(whole[: 200 + pages * size])
    new = tmp_path / "new.sqlite"
    try:
        rescue(path, new)
    except StoreError as error:
        assert pages < 30, "without its schema there is nothing"
        assert "\n" not in str(error)
        assert not new.exists()
    else:
        assert found("store.file", store=new)["store.file"].level == "good"


def test_sessions_of_a_person_who_cannot_be_read_are_kept_apart(path, tmp_path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'people'").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    told = rescue(path, tmp_path / "new.sqlite")
    assert told.kept["sessions"] == 2
    with Store(tmp_path / "new.sqlite", write=False) as store:
        assert [(one.name, one.sessions) for one in store.people()] == [("rescued 1", 2)]


def test_flipped_bits_in_raw_data_are_found_in_their_session(path):
    with closing(sqlite3.connect(path)) as db, db:
        data = bytearray(db.execute("SELECT data FROM blocks WHERE session_id = 2 AND seq = 0").fetchone()[0])
        data[len(data) // 2] ^= 0x40
        db.execute("UPDATE blocks SET data = ? WHERE session_id = 2 AND seq = 0", (bytes(data),))
    assert found("store.file", store=path)["store.file"].level == "good", "SQLite itself sees nothing"
    at = found("store.raw", store=path)["store.raw"]
    assert (at.level, at.data["damaged"]) == ("trouble", [2])
    assert "coxa show 2" in at.mend


def test_flipped_bytes_in_the_file_are_found(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'sessions_in_time'").fetchone()[0]
    assert root <= page
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * 64)
    assert found("store.file", store=path)["store.file"].level == "trouble"


def test_rows_that_belong_to_nothing_are_found(path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM sessions WHERE id = 1")  # without the cascade, which is off in this connection
    at = found("store.file", store=path)["store.file"]
    assert at.level == "trouble"
    assert "no longer there" in at.what


def test_a_newer_format_is_told_with_the_update(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    at = found("store.file", store=path)["store.file"]
    assert at.level == "trouble"
    assert "pip install --upgrade coxa" in at.mend
    assert "cannot be read" in found("boards.firmware", store=path)["boards.firmware"].what


def test_an_older_format_is_told_and_not_brought_up_to_date(tmp_path, monkeypatch):
    path = tmp_path / "coxa.sqlite"
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        Store(path).close()
    at = found("store.file", store=path)
    assert (at["store.file"].level, at["store.format"].level) == ("good", "note")
    assert found("store.raw", store=path)["store.raw"].level == "note"
    assert found("boards.firmware", store=path)["boards.firmware"].level == "good"
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 2


def test_no_store_and_a_folder_are_told(tmp_path):
    file = tmp_path / "recording.csv"
    file.write_bytes(b"t_s,gx_rad_s\n0,1\n" * 100)
    assert "is not a Coxa store" in found("store.file", store=file)["store.file"].what
    assert found("store.file", store=tmp_path)["store.file"].level == "trouble"
    assert all(one.level != "good" for one in found("boards.firmware", store=file).values() if "firmware" in one.check)


def test_recordings_that_changed_since_they_came_are_found(path):
    blocks = [(seq, bytes([seq]) * 180) for seq in range(5)]
    crc32 = zlib.crc32(b"".join(data for _, data in blocks))
    with Inbox(path, UID) as inbox:
        inbox.begin(7, b"", unix_ms=1, n_blocks=5, crc32=crc32)
        inbox.keep(7, blocks)
        inbox.complete(7)
    assert found("store.raw", store=path)["store.received"].level == "good"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM inbox_blocks WHERE seq = 3")
    at = found("store.raw", store=path)["store.received"]
    assert (at.level, at.data["changed"]) == ("trouble", [f"7 of board {UID}"])


def test_what_was_not_read_in_time_is_counted(path, monkeypatch):
    monkeypatch.setattr(raw, "BUDGET_S", 0.0)
    (check,) = [one for one in CHECKS if one.name == "store.raw"]
    read, left = examined(check, Place(store=path))
    assert (read.data["read"], left.data["left"], left.level) == (1, 1, "note")
    assert "coxa doctor --all" in left.mend
    assert [one.level for one in examined(check, Place(store=path, every=True))] == ["good"]


@contextmanager
def unprivileged():
    """Permissions do not bind root: act as nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@posix
def test_a_store_that_cannot_be_written_is_told_with_the_command(recorded):
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        path = Path(name) / "coxa.sqlite"
        with Store(path) as store:
            store.save(origin(), *recorded)
        assert found("store.raw", store=path)["store.raw"].level == "good"  # and what it imports is imported
        path.chmod(0o644)
        path.parent.chmod(0o555)
        with unprivileged():
            at = found("store.file", store=path)
            read = found("store.raw", store=path)["store.raw"]
        path.parent.chmod(0o755)
        assert [one.name for one in path.parent.iterdir()] == ["coxa.sqlite"]
    assert (at["store.file"].level, read.level) == ("good", "good")
    assert at["store.write"].level == "trouble"
    assert f"sudo chown -R $USER {path}" in at["store.write"].mend


@posix
def test_a_store_that_others_can_read_is_noted(path):
    path.chmod(0o644)
    at = found("store.file", store=path)["store.private"]
    assert (at.level, at.data["mode"]) == ("note", "644")
    assert f"chmod 600 {path}" in at.mend
    assert list(store_check.kept(path, 0o100644, "win32")) == []


def test_a_store_in_a_synced_folder_is_noted():
    (at,) = store_check.kept(Path("/home/kim/Dropbox (Personal)/coxa.sqlite"), 0o100600, "linux")
    assert (at.check, at.level) == ("store.synced", "note")


# free space


@pytest.mark.parametrize(
    ("free", "level"), [(10**12, "good"), (200_000_000, "good"), (199_000_000, "note"), (20_000_000, "trouble")]
)
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_little_room_is_told_before_it_is_too_late(free, level, system):
    at = disk.judged(free, Path("/data"), system)
    assert at.level == level
    assert (at.mend == "") == (level == "good")


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small file system: root on Linux")
def test_a_full_disk_is_trouble(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "none", small], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        Store(small / "coxa.sqlite").close()
        with pytest.raises(OSError) as full:
            (small / "rest").write_bytes(bytes(2_000_000))
        assert full.value.errno == errno.ENOSPC
        assert found("disk.free", store=small / "coxa.sqlite")["disk.free"].level == "trouble"
        opened = found("store.file", store=small / "coxa.sqlite")["store.file"]
        assert (opened.level, "free space" in opened.mend) == ("trouble", True), "SQLite cannot even read it"
    finally:
        subprocess.run(["umount", small], check=True)


# settings and clock


@pytest.mark.parametrize(
    ("text", "words_"),
    [
        ('persn = "Kim"', "Did you mean person"),
        ("person = Kim", "not valid TOML"),
        ('[protocols]\nwall = "seated"', "is for seated"),
        ('[protocols]\nwall = "none.toml"', "none.toml"),
    ],
)
def test_wrong_settings_are_told_and_what_depends_on_them_is_not_guessed(tmp_path, text, words_):
    file = tmp_path / "config.toml"
    file.write_text(text)
    at = [one for one in found("settings.file", config=file).values() if one.level == "trouble"]
    assert words_ in f"{at[0].what} {at[0].mend}"
    if "protocols" not in text:
        store = found("store.file", config=file)["store.file"]
        assert (store.level, "which may name the store" in store.what) == ("note", True)
        assert found("store.file", config=file, store=tmp_path / "x.sqlite")["store.file"].what.startswith(
            "there is no"
        )


def test_settings_that_are_right_are_good(tmp_path, monkeypatch):
    assert found("settings.file")["settings.file"].level == "good"
    file = tmp_path / "config.toml"
    file.write_text('person = "Kim"\nstore = "mine.sqlite"\n[protocols]\nwall = "wall"')
    monkeypatch.setenv("COXA_CONFIG", str(file))
    assert [one.level for one in found("settings.file").values()] == ["good"]
    assert str(tmp_path / "mine.sqlite") in found("store.file")["store.file"].what


@pytest.mark.parametrize(("system", "command"), [("linux", "timedatectl"), ("darwin", "sntp"), ("win32", "Sync now")])
def test_a_clock_that_cannot_be_right_is_told(system, command):
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert clock.judged(now, None, system).level == "good"
    assert clock.judged(now, now + timedelta(seconds=30), system).level == "good"
    for at in (
        clock.judged(datetime(1970, 1, 1, tzinfo=UTC), None, system),
        clock.judged(now, now.replace(year=2027), system),
    ):
        assert at.level == "trouble"
        assert command in at.mend


def test_the_clock_is_held_against_what_was_stored(path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE sessions SET stored_at = ? WHERE id = 1", ("2999-01-01T00:00:00.000000+00:00",))
    assert found("clock.time", store=path)["clock.time"].level == "trouble"


# boards


def test_firmware_that_is_older_or_newer_is_told_which_side_to_update(path):
    major, minor, patch = coxa_board.VERSION
    shipped = f"{major}.{minor}.{patch}"
    told = {
        "same": shipped,
        "older": "0.0.9",
        "newer": f"{major}.{minor}.{patch + 1}",
        "odd": "banana",
        "silent": "",
    }
    with KnownBoards(path) as boards:
        for number, (name, firmware) in enumerate(told.items()):
            boards.save(KnownBoard(f"{number:012x}", name, secret=bytes(range(16)), firmware=firmware))
    (check,) = [one for one in CHECKS if one.name == "boards.firmware"]
    at = {one.data["name"]: one for one in examined(check, Place(store=path)) if "name" in one.data}
    assert {name: one.level for name, one in at.items()} == {
        "same": "good",
        "older": "note",
        "newer": "note",
        "odd": "note",
        "silent": "note",
    }
    assert "`coxa board update`" in at["older"].mend
    assert installation.update_line(installation.of_this()) in at["newer"].mend
    assert "coxa board info silent" in at["silent"].mend
    assert bytes(range(16)).hex() not in json.dumps([one.as_json() for one in at.values()])


def test_versions_are_compared_as_numbers():
    assert versions.judged(versions.Seen(UID, "a", None, "0.9.0"), (0, 10, 0), HERE).mend.startswith("Plug it in")
    assert "pip install -U coxa" in versions.judged(versions.Seen(UID, "a", None, "0.10.1"), (0, 9, 0), HERE).mend
    assert versions.parsed("1.2") is None
    assert versions.parsed("1.2.²") is None


# packages

BLOCKER = """
import importlib.abc, runpy, sys
names = sys.argv.pop(1).split(",")
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
runpy.run_module("coxa.doctor", run_name="__main__", alter_sys=True)
"""


def without(*names):
    """`python -m coxa.doctor` where these packages cannot be imported: exit code, findings by name."""
    command = [sys.executable, "-c", BLOCKER, ",".join(names), "--no-scan", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert not done.stderr, done.stderr
    told = json.loads(done.stdout)
    return done.returncode, {one["check"]: one for one in told["findings"]}


def test_a_missing_extra_is_a_note_with_the_line_that_brings_it():
    code, at = without("bumble", "micropython_unix")
    assert at["installation.virtual"]["level"] == "note"
    assert "bumble" in at["installation.virtual"]["what"]
    assert installation.install_line(installation.of_this(), "virtual") in at["installation.virtual"]["mend"]
    assert at["installation.packages"]["level"] == "good"
    assert code == 0, at


def test_with_everything_missing_it_still_says_what_to_install():
    everything = {packages._module(one.name) for one in wanted(_requirements())[0]} | {"packaging"}
    code, at = without(*everything)
    assert code == 3
    assert at["installation.packages"]["level"] == "trouble"
    assert all(f"'{one}" in at["installation.packages"]["mend"] for one in ("numpy>=", "bleak>=", "pyserial>="))
    assert sum(one["level"] == "trouble" for one in at.values()) == 1, "what only follows from it is a note"
    assert at["store.file"]["level"] == "note"


def _requirements():
    import importlib.metadata

    return importlib.metadata.requires("coxa")


def test_packages_that_are_too_old_or_do_not_start_are_told():
    (needed,) = wanted(["numpy>=1.26", "bumble>=1; extra == 'virtual'"])[0]
    old = packages.judged([packages.Had(needed, "1.9.3")], HERE)
    assert (old.level, "numpy is 1.9.3" in old.what) == ("trouble", True)
    assert old.mend == "Run `/venv/bin/python -m pip install -U 'numpy>=1.26'`."
    broken = packages.judged([packages.Had(needed, "2.0", "DLL load failed")], HERE)
    assert "DLL load failed" in broken.what
    assert packages.judged([packages.Had(needed, "1.26.0rc1")], HERE).level == "trouble"
    assert packages.judged([packages.Had(needed, "2.0")], HERE).level == "good"
    half = packages.judged_extra("flash", "it", [packages.Had(needed, "1.0")], [], HERE)
    assert half.level == "trouble"


def test_an_extra_that_there_is_not_for_this_system_is_told():
    marked = "micro-x>=1; sys_platform == 'sunos5' and extra == 'virtual'"
    added, lacking = wanted([marked, "bumble>=0.0.1; extra == 'virtual'"], "virtual")
    assert ([one.name for one in added], lacking) == (["bumble"], ["micro-x"])
    assert "no micro-x" in packages.judged_extra("virtual", "it", [], lacking, HERE).what


@pytest.mark.parametrize(
    ("here", "line"),
    [
        (HERE, "/venv/bin/python -m pip install 'coxa[flash]'"),
        (replace(HERE, folder="/a b", editable=True), "/venv/bin/python -m pip install -e '/a b[flash]'"),
        (replace(HERE, installer="uv"), "uv pip install --python /venv/bin/python 'coxa[flash]'"),
        (replace(HERE, prefix="/home/kim/.local/pipx/venvs/coxa"), "pipx install --force 'coxa[flash]'"),
        (replace(HERE, prefix="/home/kim/.local/share/uv/tools/coxa"), "uv tool install --force 'coxa[flash]'"),
        (
            Installation(r"C:\Kim Lee\venv\Scripts\python.exe", r"C:\Kim Lee\venv", system="win32"),
            r'& "C:\Kim Lee\venv\Scripts\python.exe" -m pip install "coxa[flash]"',
        ),
    ],
)
def test_the_line_that_installs_fits_how_coxa_came_here(here, line):
    assert installation.install_line(here, "flash") == line


def test_an_old_python_and_another_coxa_on_the_path_are_told():
    assert installation.python_version((3, 10, 12), HERE).level == "trouble"
    (good,) = installation.coxa_version("1.0", HERE, "1.0", "/venv/bin/coxa")
    assert good.level == "good"
    _, other = installation.coxa_version("1.0", HERE, "1.0", "/usr/bin/coxa")
    assert (other.check, other.level) == ("installation.path", "note")
    (stale,) = installation.coxa_version("1.1", HERE, "1.0", None)
    assert "pip install" in stale.mend


# Bluetooth


@pytest.mark.skipif(sys.platform != "linux", reason="what is said without Bluetooth differs by system")
def test_without_a_bus_it_is_told_as_scan_tells_it():
    heard = radio.listened(0.2)
    assert ("system bus" in heard.what, heard.advice) == (True, words.SERVICE)
    _, at = radio.judged("linux", heard, Kernel(("hci0",), likes=("arch",)))
    assert "sudo pacman -S bluez bluez-utils" in at.mend
    assert "apt" not in at.mend


@contextmanager
def bluez(how):
    """A bus of its own with something that answers as BlueZ does; `how` "" for a bus with nothing."""
    options = ("--session", "--print-address", "--nofork", "--nopidfile")
    bus = subprocess.Popen(["dbus-daemon", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    service = None
    try:
        env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus.stdout.readline().strip()}
        if how:
            script = [sys.executable, str(Path(__file__).with_name("bluez_service.py")), how]
            service = subprocess.Popen(script, env=env, stdout=subprocess.PIPE, text=True)
            assert service.stdout.readline() == "ready\n"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", env["DBUS_SYSTEM_BUS_ADDRESS"])
            yield
    finally:
        for process in filter(None, (service, bus)):
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs a D-Bus of its own: apt install dbus")
@pytest.mark.parametrize(
    ("how", "told", "reason"),
    [
        ("", "does not run", ""),
        ("none", "no Bluetooth adapter", "NO_BLUETOOTH"),
        ("off", "switched off", "POWERED_OFF"),
        ("on", "", ""),
    ],
)
def test_what_linux_answers_on_its_bus_is_understood(how, told, reason):
    with bluez(how):
        heard = radio.listened(1.0)
    assert heard.ended == 0
    assert (told in heard.what, heard.reason) == (True, reason)
    assert (heard.what == "") == (how == "on")
    at = {one.check: one for one in radio.judged("linux", heard, Kernel(("hci0",)))}
    assert at["bluetooth.scan"].level == ("good" if how == "on" else "trouble")
    if how == "on":
        assert {one["name"]: one["uid16"] for one in heard.boards} == {"thigh-L": "cdef", "thigh-R": None}
        assert at["bluetooth.foreign"].data["boards"] == ["thigh-R"]


def levels(system, heard, linux=None):
    return {one.check: one.level for one in radio.judged(system, heard, linux)}


OFF = Heard(what="Bluetooth is switched off", advice="a", reason="POWERED_OFF")
NONE = Heard(what="this computer has no Bluetooth adapter", advice="a", reason="NO_BLUETOOTH")
BUS = Heard(what="there is no system bus", advice="a")
FINE = Heard(boards=[{"name": "thigh-L", "uid16": "cdef", "rssi_dbm": -60, "pending": 0, "unreadable": False}])


@pytest.mark.parametrize(
    ("heard", "linux", "expected"),
    [
        (FINE, Kernel(("hci0",)), {"bluetooth.adapter": "good", "bluetooth.scan": "good"}),
        (NONE, Kernel(), {"bluetooth.adapter": "trouble"}),
        (BUS, Kernel(), {"bluetooth.adapter": "trouble", "bluetooth.scan": "trouble"}),
        (OFF, Kernel(("hci0",), soft=True), {"bluetooth.adapter": "trouble"}),
        (OFF, Kernel(("hci0",)), {"bluetooth.adapter": "good", "bluetooth.scan": "trouble"}),
        (None, Kernel(), {"bluetooth.adapter": "note", "bluetooth.scan": "note"}),
    ],
)
def test_each_cause_is_told_once(heard, linux, expected):
    assert levels("linux", heard, linux) == expected


def test_what_blocks_the_radio_is_told_with_what_unblocks_it():
    def mend(linux):
        return next(one.mend for one in radio.judged("linux", OFF, linux))

    assert "rfkill unblock bluetooth" in mend(Kernel(("hci0",), soft=True))
    assert "aeroplane" in mend(Kernel(("hci0",), soft=True, hard=True))
    assert "PowerShell" in mend(Kernel(wsl=True))


def test_macos_ending_the_process_is_its_missing_permission():
    (at,) = radio.judged("darwin", Heard(ended=-signal.SIGABRT))
    assert at.level == "trouble"
    assert "Privacy & Security > Bluetooth" in at.mend
    (other,) = radio.judged("linux", Heard(ended=-signal.SIGSEGV, said="Segmentation fault"))
    assert "Segmentation fault" in other.what


@pytest.mark.parametrize(
    ("system", "command"), [("linux", "systemctl restart"), ("darwin", "off and on"), ("win32", "off and on")]
)
def test_a_radio_that_hangs_is_told(system, command):
    (at,) = radio.judged(system, Heard(ended=None))
    assert (at.level, command in at.mend) == ("trouble", True)


def test_listening_that_hangs_is_ended():
    began = time.monotonic()
    assert radio.listened(30.0, limit_s=0.2).ended is None
    assert time.monotonic() - began < 10


def test_an_old_windows_is_told():
    (at,) = radio.windows(15_063)
    assert (at.level, "1709" in at.mend) == ("trouble", True)
    assert list(radio.windows(22_631)) == []


def test_the_commands_that_install_bluez_stand_in_for_the_one_in_the_advice():
    assert f"`{radio.INSTALLS['debian']}`" in words.SERVICE
    (at,) = radio.judged("linux", Heard(what="x", advice=words.SERVICE), None)
    assert radio.INSTALLS["debian"] in at.mend


def tree(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_linux_files_are_read(tmp_path):
    tree(
        tmp_path,
        {
            "sys/class/bluetooth/hci0/x": "",
            "sys/class/bluetooth/hci0:256/x": "",
            "sys/class/rfkill/rfkill0/type": "wlan\n",
            "sys/class/rfkill/rfkill0/hard": "1\n",
            "sys/class/rfkill/rfkill1/type": "bluetooth\n",
            "sys/class/rfkill/rfkill1/soft": "1\n",
            "sys/class/rfkill/rfkill1/hard": "0\n",
            "etc/os-release": 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
            "run/.containerenv": "",
        },
    )
    expected = Kernel(("hci0",), soft=True, container=True, likes=("linuxmint", "ubuntu", "debian"))
    assert sysfs.kernel(tmp_path, "6.1.0-generic") == expected
    assert sysfs.kernel(tmp_path / "none", "5.15.90.1-microsoft-standard-WSL2") == Kernel(wsl=True)


# ports


@posix
def test_a_port_that_may_not_be_used_is_told_with_the_command_and_its_group():
    import pty

    ours, theirs = pty.openpty()
    try:
        path = os.ttyname(theirs)
        assert ports.seen(path).usable
        Path(path).chmod(0)
        with unprivileged():
            port = ports.seen(path, "a board")
            assert port.usable is False
    finally:
        os.close(ours)
        os.close(theirs)
    at = ports.judged_port(port, "linux", User())
    assert at.level == "trouble"
    assert f"`sudo usermod -aG {port.group} $USER`" in at.mend
    assert "sudo tee /etc/udev/rules.d/70-coxa.rules <<< 'SUBSYSTEM==" in at.mend
    assert "ls -l" in ports.judged_port(port, "darwin", User()).mend
    member = User(account=frozenset({port.group}))
    assert "log out" in ports.judged_port(port, "linux", member).mend
    assert "usermod" not in ports.judged_port(port, "linux", member).mend


@pytest.mark.skipif(sys.platform != "linux", reason="who holds a port is seen in /proc")
def test_who_has_a_port_is_told():
    import pty

    ours, theirs = pty.openpty()
    path = os.ttyname(theirs)
    other = subprocess.Popen(["sleep", str(TIMEOUT_S)], stdin=theirs)
    try:
        at = ports.judged_port(ports.seen(path), "linux", User())
        assert (at.level, at.data["held_by"]) == ("note", [f"sleep (process {other.pid})"])
    finally:
        other.kill()
        other.wait()
        os.close(ours)
        os.close(theirs)


def test_what_cannot_be_known_of_a_port_is_not_claimed():
    at = ports.judged_port(ports.Seen("COM3", "board", usable=None), "win32", User())
    assert (at.level, "shows when it is used" in at.what) == ("good", True)


def names(system="linux", found=(), **linux):
    judged = ports.judged(found, system, Linux(**{"user": User(root=True), **linux}))
    return {one.check: one for one in judged}


def test_a_board_without_a_port_is_told_with_its_driver():
    ch340, pico, mouse = UsbDevice(0x1A86, 0x7523, ()), UsbDevice(0x2E8A, 3, ()), UsbDevice(0x046D, 0xC077, ())
    at = names(usb=(ch340, mouse))["ports.usb"]
    assert (at.level, "sudo modprobe ch341" in at.mend) == ("note", True)
    assert "apt remove brltty" in names(usb=(ch340,), programs=frozenset({"brltty"}))["ports.usb"].mend
    assert ".uf2" in names(usb=(pico,))["ports.usb"].mend
    assert "ports.usb" not in names(usb=(replace(ch340, ports=("ttyUSB0",)), mouse))


def test_who_could_not_use_a_board_is_told_before_one_is_plugged_in():
    stranger, member = User(account=frozenset({"kim"})), User(account=frozenset({"kim", "uucp"}))
    at = names(user=stranger, serial_group="uucp")["ports.later"]
    assert (at.level, "usermod -aG uucp $USER" in at.mend) == ("note", True)
    assert "ports.later" not in names(user=member, serial_group="uucp")
    assert "ports.later" not in names(user=stranger, rule="/etc/udev/rules.d/70-coxa.rules")
    assert "ports.later" not in names(user=stranger, found=[ports.Seen("/dev/ttyACM0", "")])


def test_modem_manager_is_noted_where_no_rule_keeps_it_away():
    busy = {"programs": frozenset({"ModemManager"}), "found": [ports.Seen("/dev/ttyACM0", "")]}
    assert names(**busy)["ports.modemmanager"].level == "note"
    assert "ports.modemmanager" not in names(**busy, rule="/etc/udev/rules.d/70-coxa.rules")


@pytest.mark.parametrize(
    ("file", "rule", "counts"),
    [
        ("70-coxa.rules", None, True),
        ("99-late.rules", None, False),
        ("99-platformio.rules", 'ATTRS{idVendor}=="1a86", ATTRS{idProduct}=="7523", MODE:="0666"', True),
        ("70-other.rules", '# ATTRS{idVendor}=="1a86", MODE="0666"', False),
        ("70-other.rules", 'ATTRS{idVendor}=="0483", ATTRS{idProduct}=="1a86", TAG+="uaccess"', False),
    ],
)
def test_a_rule_counts_where_it_gives_boards_to_users(tmp_path, file, rule, counts):
    from coxa.link.port_advice import RULE

    (tmp_path / file).write_text(f"{rule or RULE}\n")
    assert bool(of_linux.rule_of([str(tmp_path / "none"), str(tmp_path)])) is counts


def test_usb_devices_are_read_with_their_ports(tmp_path):
    tree(
        tmp_path / "sys/bus/usb/devices",
        {
            "1-1/idVendor": "303a\n", "1-1/idProduct": "4001\n", "1-1/1-1:1.0/tty/ttyACM0/dev": "",
            "1-2/idVendor": "1a86\n", "1-2/idProduct": "7523\n", "1-2/1-2:1.0/ttyUSB1/dev": "",
            "1-3/idVendor": "10c4\n", "1-3/idProduct": "ea60\n", "1-1:1.0/x": "",
        },
    )  # fmt: skip
    assert sysfs.usb_devices(tmp_path) == [
        UsbDevice(0x303A, 0x4001, ("ttyACM0",)),
        UsbDevice(0x1A86, 0x7523, ("ttyUSB1",)),
        UsbDevice(0x10C4, 0xEA60, ()),
    ]


# all of it


def test_a_check_that_fails_is_a_finding_and_keeps_what_it_found():
    def look(_place):
        yield Finding("x.one", "good", "fine")
        raise ZeroDivisionError("by\nzero")

    one, failed = examined(Check("x.check", "X", "the x", look), Place())
    assert (one.level, failed.level, failed.check) == ("good", "trouble", "x.check")
    assert "ZeroDivisionError: by zero" in failed.what
    assert "look" in "".join(failed.data["traceback"])


def test_the_command_prints_for_a_person_and_exits_by_what_it_found(path, capsys):
    path.chmod(0o600)
    code = cli.run(["doctor", "--no-scan", "--store", str(path)])
    out = capsys.readouterr().out
    assert code == 0, out
    assert out.splitlines()[-1].startswith("No trouble found")
    assert "\x1b" not in out
    assert [line for line in out.splitlines() if line and not line.startswith(" ")][:-1] == list(
        dict.fromkeys(one.group for one in CHECKS)
    )
    path.write_bytes(path.read_bytes()[:5000])
    assert cli.run(["doctor", "--no-scan", "--store", str(path)]) == 3
    out = capsys.readouterr().out
    assert "\n  !     " in out
    assert out.splitlines()[-1].startswith("1 trouble to be mended, marked !")


def test_json_holds_every_finding_and_nothing_else_is_printed(path, capsys):
    code = cli.run(["doctor", "--no-scan", "--json", "--store", str(path)])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["format"], told["trouble"]) == (0, "coxa.doctor/1", 0)
    assert {one["level"] for one in told["findings"]} <= {"good", "note", "trouble"}
    assert {one.split(".")[0] for one in (f["check"] for f in told["findings"])} == {
        one.name.split(".")[0] for one in CHECKS
    }
    assert cli.run(["doctor", "--no-scan", "--json", "out.json", "--store", str(path)]) == 0
    assert json.loads(Path("out.json").read_text())["format"] == "coxa.doctor/1"


def test_only_a_plain_word_begins_with_a_capital():
    for what, begins in (
        ("no board is here", "No board"),
        ("thigh-L ran it", "thigh-L ran"),
        ("my.toml: x", "my.toml"),
    ):
        assert next(show.lines(Finding("a.b", "good", what), 80)).startswith(f"  ok    {begins}")


def test_commands_stay_whole_so_that_they_can_be_copied():
    command = "`sudo tee /etc/udev/rules.d/70-coxa.rules <<< '" + "x" * 90 + " y'`"
    finding = Finding(
        "a.b", "trouble", "a board that you plugged in may not be used by you as you are now", f"Run {command}."
    )
    text = list(show.lines(finding, 60))
    assert any(command in line for line in text)
    assert all(len(line) <= 60 for line in text if "`" not in line)
    assert text[0].startswith("  !     A board")
