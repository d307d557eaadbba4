"""The virtual board on a USB port, as unmodified mpremote, esptool and coxa find it."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time

import interpreters
import pytest

if sys.platform == "win32":
    pytest.skip("pseudo terminals are of POSIX", allow_module_level=True)
if interpreters.command(64) is None:
    pytest.skip(interpreters.MISSING_64, allow_module_level=True)

import resource

import numpy as np
import serial

from coxa.store import Store
from coxa.virtual.lockstep import VirtualBoardError
from coxa.virtual.usb.board import UsbBoard, UsbBuild
from coxa.virtual.usb.console import MARK, Console
from coxa.virtual.usb.image import FLASH_OFFSET, make_image

MACHINE = "Seeed Studio XIAO ESP32S3 with ESP32S3"
SETTINGS = {"board": "xiao-esp32s3", "name": "thigh-L", "idle_sleep_s": 0, "watchdog_s": 8}
TIMEOUT_S = 18
BANNER = b"MicroPython v1 on today; Board\r\nHelp.\r\n"
OTHER = b"MicroPython abc; linux\r\nHelp!\r\n"
BLOCK = 180

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("mpremote") is None, reason="mpremote is not installed here"),
]
needs_esptool = pytest.mark.skipif(importlib.util.find_spec("esptool") is None, reason="esptool is not installed here")


def program(name, *words, cwd=None, env=None):
    """Runs a tool as a user does."""
    return subprocess.run(
        [sys.executable, "-m", name, *map(str, words)],
        capture_output=True, text=True, timeout=TIMEOUT_S, check=False, cwd=cwd, env=env,
    )  # fmt: skip


def mpremote(board, *words, cwd=None, fails=False):
    done = program("mpremote", "connect", board.port, *words, cwd=cwd)
    assert bool(done.returncode) == fails, done.stdout + done.stderr
    return done.stdout


def wait(what, seconds=8.0):
    """Until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path):
    """Of a board with MicroPython on it."""
    UsbBoard(tmp_path / "board").flash.put(0, make_image("esp32s3", MACHINE))
    return tmp_path / "board"


@pytest.fixture
def board(folder):
    with UsbBoard(folder, UsbBuild(erase_us=2000)) as board:
        yield board


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """The flash of a board that mpremote has put the real firmware on."""
    folder = tmp_path_factory.mktemp("delivered")
    firmware, stage = interpreters.FIRMWARE, folder / "stage"
    for package in ("coxa_board", "coxa_wire"):
        leave = shutil.ignore_patterns("__pycache__", "root", "py.typed")
        shutil.copytree(firmware / package, stage / "app_a" / package, ignore=leave)
    roots = [
        *(firmware / "coxa_board" / "root").glob("*.py"),
        *(firmware / "coxa_board" / n for n in ("crashlog.py", "slots.py")),
    ]
    for path in roots:
        shutil.copy(path, stage)
    (stage / "config.json").write_text(json.dumps(SETTINGS))
    board = UsbBoard(folder, UsbBuild(erase_us=0))
    board.flash.put(0, make_image("esp32s3", MACHINE))
    with board:
        mpremote(board, "fs", "cp", "-r", *sorted(path.name for path in stage.iterdir()), ":/", cwd=stage)
    return folder / "flash.bin"


@pytest.fixture
def app(delivered, tmp_path):
    """A board whose program runs."""
    (tmp_path / "board").mkdir()
    shutil.copy(delivered, tmp_path / "board")
    with UsbBoard(tmp_path / "board") as board:
        yield board


def test_it_is_the_board_that_its_image_says(board):
    told = json.loads(
        mpremote(
            board,
            "exec",
            "import sys, os, json, machine, gc\n"
            "print(json.dumps([sys.implementation._machine, list(sys.implementation.version), sys.platform, sys.path,"
            " os.listdir('/'), machine.unique_id().hex(), machine.reset_cause(), list(os.statvfs('/'))[:3],"
            " hasattr(os, 'system'), gc.mem_alloc() + gc.mem_free()]))",
        )
    )
    machine, version, platform, path, files, uid, cause, sizes, reaches_out, heap = told
    assert (machine, version[:3], platform, path) == (MACHINE, [1, 28, 0], "esp32", ["", ".frozen", "/lib"])
    assert (files, uid, cause) == (["boot.py"], "246f28abcdef", 5), "nothing but the stock boot.py, after a soft reset"
    assert sizes == [4096, 4096, 1536] and not reaches_out and heap < 4.2e6
    assert "ENOENT" in program("mpremote", "connect", board.port, "exec", "open('/etc/passwd')").stdout
    assert mpremote(board, "eval", "1 + 1") == "2\n"


def test_files_are_copied_read_and_survive(board, tmp_path):
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    (tmp_path / "lib" / "deep" / "a.py").write_text("x = 5\n")
    content = os.urandom(9000)
    (tmp_path / "lib" / "b.bin").write_bytes(content)
    mpremote(board, "fs", "cp", "-r", tmp_path / "lib", ":/")
    assert mpremote(board, "fs", "cat", ":/lib/deep/a.py") == "x = 5\n"
    assert mpremote(board, "exec", "from deep import a; print(a.x)") == "5\n", "/lib is where modules are looked for"
    with pytest.raises(VirtualBoardError, match="off"):
        board.files()
    old = board.port
    board.unplug()
    assert (board.mode, board.port) == ("off", "")
    assert board.files().keys() == {"/boot.py", "/lib/deep/a.py", "/lib/b.bin"}
    assert board.file("/lib/b.bin") == content and board.file("/none") is None
    board.plug_in()
    assert board.port != old
    mpremote(board, "fs", "cp", ":/lib/b.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == content


def test_main_runs_and_is_interrupted(board, tmp_path):
    main = tmp_path / "main.py"
    main.write_text(
        "import time, machine\nn = machine.reset_cause()\nprint('main', n)\nwhile True:\n    time.sleep(1)\n"
    )
    mpremote(board, "fs", "cp", main, ":/")
    assert "main" not in board.log
    mpremote(board, "reset")
    wait(lambda: "main 2" in board.log)
    assert mpremote(board, "resume", "eval", "n") == "2\n", "its names are those of the prompt"
    mpremote(board, "soft-reset")
    assert mpremote(board, "eval", "'n' in globals()") == "False\n", "main.py does not run after a raw prompt's reset"
    with serial.Serial(board.port) as port:
        port.write(b"\x02\x04")  # the friendly prompt, and a soft reset there
        wait(lambda: "main 5" in board.log)
        port.write(b"\x03print('on', 'top')\r")
        wait(lambda: "on top" in board.log)


@pytest.mark.parametrize("busy", ["while True: pass", "import time; time.sleep(60)", "import sys; sys.stdin.read(9)"])
def test_ctrl_c_ends_what_runs(board, busy):
    with serial.Serial(board.port) as port:
        wait(lambda: board.log.endswith(">>> "))
        port.write(b"begun = 1\r" + busy.encode() + b"\r\r")
        time.sleep(0.5)
        port.write(b"\x03")
        wait(lambda: "KeyboardInterrupt" in board.log and board.log.endswith(">>> "))
        port.write(b"print('still', begun)\r")
        wait(lambda: "still 1" in board.log)


def test_the_cable_is_pulled_in_the_middle_of_a_copy(board, tmp_path):
    (tmp_path / "old.txt").write_text("old")
    (tmp_path / "new.bin").write_bytes(os.urandom(60_000))
    mpremote(board, "fs", "cp", tmp_path / "old.txt", ":/")
    board.unplug_after(50_000)
    mpremote(board, "fs", "cp", tmp_path / "new.bin", ":/", fails=True)
    assert board.mode == "off"
    assert board.file("/old.txt") == b"old"
    assert board.file("/new.bin") in (None, b""), "not closed, so not there"
    board.plug_in()
    mpremote(board, "fs", "cp", tmp_path / "new.bin", ":/")
    board.unplug()
    assert board.file("/new.bin") == (tmp_path / "new.bin").read_bytes()


@pytest.mark.parametrize("operations", [1, 2, 5, 9])
def test_the_power_fails_in_a_write_to_the_flash(board, tmp_path, operations):
    (tmp_path / "a.bin").write_bytes(b"a" * 20_000)
    mpremote(board, "fs", "cp", tmp_path / "a.bin", ":/kept.bin")
    board.cut_flash_in(operations)
    mpremote(board, "fs", "cp", tmp_path / "a.bin", ":/cut.bin", fails=True)
    wait(lambda: board.mode == "off")
    assert board.file("/kept.bin") == b"a" * 20_000
    board.plug_in()
    assert "kept.bin" in mpremote(board, "fs", "ls", ":/"), "it mounts, and the power does not fail again"


def test_restarts_into_the_loader_and_sleep(board):
    mpremote(board, "bootloader")
    wait(lambda: board.mode == "rom")
    board.press_reset()
    assert board.mode == "micropython"
    with serial.Serial(board.port) as port:
        port.write(b"import machine; machine.deepsleep()\r")
        wait(lambda: board.mode == "off")
        port.write(b"anybody?\r")
        time.sleep(0.1)
        assert port.in_waiting == 0 or b">>>" not in port.read(port.in_waiting)[-6:]
    board.press_button(0.1)
    assert mpremote(board, "resume", "eval", "__import__('machine').reset_cause()") == "4\n"


def test_time_is_real(board):
    code = (
        "import time, asyncio\nasync def f():\n await asyncio.sleep_ms(700)\nt = time.ticks_us()\nasyncio.run(f())\n"
        "time.sleep(1.5)\nfor _ in range(100): time.sleep_ms(1)\nprint(time.ticks_diff(time.ticks_us(), t))"
    )
    begun = time.monotonic()
    took_us = int(mpremote(board, "exec", code))
    assert 2.295e6 < took_us < 2.6e6
    assert 2.29 < time.monotonic() - begun < 5


def test_a_damaged_file_system_is_not_formatted(board):
    board.unplug()
    board.flash.put(0x200000, b"\x55" * 0x2000)
    board.plug_in()
    wait(lambda: "damaged" in board.log)
    board.unplug()
    assert board.flash.read(0x200000, 4) == b"\x55" * 4
    with pytest.raises(VirtualBoardError, match="cannot be read"):
        board.files()


@needs_esptool
@pytest.mark.parametrize("chip", ["esp32s3", "esp32"])
def test_esptool_makes_a_blank_board_one_with_micropython(tmp_path, chip):
    image = tmp_path / "image.bin"
    image.write_bytes(make_image(chip, "A board with " + chip.upper(), "v1.27.1", size=300_000))
    with UsbBoard(tmp_path / "board", UsbBuild(chip)) as board:
        assert board.mode == "rom"
        done = program("esptool", "-p", board.port, "write-flash", hex(FLASH_OFFSET[chip]), image)
        assert "Hash of data verified" in done.stdout, done.stdout + done.stderr
        wait(lambda: board.mode == "micropython")
        told = mpremote(board, "exec", "import sys; i = sys.implementation; print(i._machine, i.version)")
        assert told == f"A board with {chip.upper()} (1, 27, 1, '')\n"
        program("esptool", "-p", board.port, "erase-flash")
        wait(lambda: board.mode == "rom")
    assert board.files() == {}


@needs_esptool
def test_without_reset_lines_only_the_buttons_help(folder):
    with UsbBoard(folder, UsbBuild(can_reset=False)) as board:
        assert program("esptool", "-p", board.port, "--connect-attempts", "1", "chip-id").returncode == 2
        assert board.mode == "micropython"
        board.press_boot()
        assert program("esptool", "-p", board.port, "chip-id").returncode == 0
        time.sleep(0.1)
        assert board.mode == "rom"
        board.press_reset()
        assert mpremote(board, "eval", "3") == "3\n"


def test_a_foreign_board_talks_and_does_not_listen(tmp_path):
    with (
        UsbBoard(tmp_path, UsbBuild(foreign=b"temperature 21\r\n")) as board,
        serial.Serial(board.port, timeout=3) as port,
    ):
        assert board.mode == "foreign"
        port.write(b"\r\x03\r\x01")
        said = port.read_until(b"21\r\n") + port.read_until(b"21\r\n")
        assert said.endswith(b"temperature 21\r\n") and b"raw REPL" not in said
        assert board.mode == "foreign"


def test_the_real_program_is_paired_and_recorded(app, tmp_path):
    store = tmp_path / "store.sqlite"
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}

    def coxa(*words):
        done = program("coxa", *words, "--store", store, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "trusts this computer" in coxa("board", "trust", "--port", app.port, "--role", "left-thigh")
    told = json.loads(coxa("record", "--port", app.port, "--for", "7s", "--yes", "--json"))
    assert told["boards"][0]["problem"] == ""
    with Store(store, write=False) as kept:
        samples = kept.samples(told["boards"][0]["session_id"])
    assert 6 < samples.duration_s < 12
    steps = np.diff(samples.t_s)
    assert steps.max() < 1.5 * steps.min(), "no sample is lost"
    assert abs(1 / steps.mean() - 105.3) < 0.5, "at the chip's true rate, by the computer's clock"


def test_its_button_records_to_its_flash_and_it_idles_cheaply(app):
    time.sleep(1)
    app.press_button(1.5)
    time.sleep(5)
    app.unplug()
    used_s = resource.getrusage(resource.RUSAGE_CHILDREN)
    recorded = app.files()["/sessions/00001.blk"]
    assert len(recorded) // BLOCK > 20
    app.plug_in()
    time.sleep(4)
    app.unplug()
    now_s = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = now_s.ru_utime + now_s.ru_stime - used_s.ru_utime - used_s.ru_stime
    assert spent_s < 2.0, "start-up and reading the files included"
    assert b"session 1 was not closed" in app.files()["/crash/notes.txt"]


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_the_console_says_what_the_board_would(piece):
    console = Console(BANNER, raw=False)
    said = b""

    def printed(data):
        return b"".join(console.take(data[at : at + piece]) for at in range(0, len(data), piece))

    said += printed(b"boot\n" + MARK + OTHER + b">>> ")
    assert said == b"boot\n" + BANNER + b">>> " and not console.raw
    assert printed(b"\r\nraw REPL; CTRL-B to exit\r\n>") == b"\r\nraw REPL; CTRL-B to exit\r\n>" and console.raw
    assert printed(b"\r\n" + OTHER + b">>> ") == b"\r\nMicroPython v1 on today; Board\r\nHelp!\r\n>>> "
    assert not console.raw
    assert printed(b"MicroPython ab") + console.rest() == b"MicroPython ab", "a beginning is not kept for ever"


def test_the_console_goes_straight_to_a_raw_prompt():
    console = Console(BANNER, raw=True)
    assert console.take(b"boot\n" + MARK + OTHER) == b"boot\n"
    assert not console.ready, "what the host sends would go to the other prompt"
    assert console.take(b">>> ") == b"" and console.answer == b"\x01"
    assert console.take(b"\r\nraw REPL; CTRL-B to exit\r\n>") == b"raw REPL; CTRL-B to exit\r\n>"
    assert console.raw and console.ready
