"""`coxa flash` on virtual boards: unmodified esptool and mpremote, the real interpreter, the board's real flash."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import flashing
import pytest
from flashing import Teller, at_ports, check_whole

from coxa.errors import UsageError
from coxa.flash import files
from coxa.flash.failures import BoardFullError, NoPromptError
from coxa.flash.flow import BusyError, NewerError
from coxa.flash.loader import Loader, NoLoaderError
from coxa.flash.micropython import WrongBoardError
from coxa.flash.missing import extra
from coxa.flash.repl import Repl
from coxa.link.known import KnownBoard, KnownBoards
from coxa.link.port_advice import PortError
from coxa.store import Store
from coxa.virtual.usb.image import make_image

pytestmark = flashing.needed
desk = flashing.desk

TIMEOUT_S = 120


@pytest.fixture
def coxa(tmp_path):
    """Calls the program with folders of its own."""
    folders = {name: str(tmp_path / "home") for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}

    folders["COXA_STORE"] = str(tmp_path / "coxa.sqlite")

    def call(*words):
        command = [sys.executable, "-m", "coxa", *map(str, words)]
        done = subprocess.run(
            command, env={**os.environ, **folders}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done

    return call


def test_from_a_blank_board_to_a_recording_by_one_command(desk, coxa, tmp_path):
    with desk.board(micropython=False) as board:
        at = ("--port", board.port)
        done = coxa("flash", *at, "--board", "xiao-esp32s3", "--image", desk.image, "--role", "left-thigh")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "thigh-L (left-thigh) is ready" in done.stdout
        recorded = coxa("record", *at, "--for", "6s", "--yes", "--json")
        assert recorded.returncode == 0, recorded.stderr
        (one,) = json.loads(recorded.stdout)["boards"]
        assert (one["role"], one["problem"], one["lack"]) == ("left-thigh", "", "")
        with Store(tmp_path / "coxa.sqlite", write=False) as store:
            samples = store.samples(one["session_id"])
            assert 5 < samples.duration_s < 9
            assert samples.sampling_rate_hz == pytest.approx(105.3, rel=0.01)
        check_whole(board)


def test_a_second_run_finds_nothing_to_do(desk):
    with desk.board() as board:
        first = desk.flash(board, role="right-thigh")
        again = desk.flash(board)
        assert first.installed.written == len(files.app_files("x64")) + len(files.root_files())
        assert (again.installed.written, again.image_written, again.settings_written) == (0, False, False)
        assert again.installed.slot == first.installed.slot == "a"
        assert again.known.secret == first.known.secret
        assert (again.known.name, again.known.role) == ("thigh-R", "right-thigh")
        assert desk.known() == [again.known]
        _, settings = check_whole(board)
        assert (settings["name"], settings["role"], settings["board"]) == ("thigh-R", "right-thigh", "xiao-esp32s3")
        assert settings["token"] == again.known.secret.hex()


def test_another_computer_learns_the_secret_and_leaves_the_first_one_trusted(desk):
    with desk.board() as board:
        first = desk.flash(board)
        (desk.folder / "coxa.sqlite").unlink()
        assert desk.flash(board).known.secret == first.known.secret


def test_text_files_serve_as_well(desk):
    with desk.board() as board:
        assert not desk.flash(board, compiled=False).test.troubles
        check_whole(board, compiled=False)


def version_on(board, version):
    """The program in slot a of the board says it is of this version."""
    with Repl(board.port) as repl:
        repl.run("remove('/app_a/coxa_board/__init__.mpy')")
        repl.write("/app_a/coxa_board/__init__.py", f"VERSION = {version}\n".encode())
        repl.restart()
    time.sleep(1)


def test_an_older_program_stays_until_the_new_one_has_proved_itself(desk):
    with desk.board() as board:
        desk.flash(board, role="left-thigh")
        version_on(board, (0, 0, 9))
        done = desk.flash(board, board=None, program_only=True)
        assert done.about.program == (0, 0, 9)
        assert (done.installed.slot, done.installed.on_trial) == ("b", True)
        assert done.installed.written == 1, "all but one file are copied from the other slot"
        found, settings = check_whole(board, "b")
        assert json.loads(found["/active.json"]) == {
            "active": "b", "confirmed": False, "tried": 1, "fallen": False, "safe": False,
        }  # fmt: skip
        assert found["/app_a/coxa_board/__init__.py"] == b"VERSION = (0, 0, 9)\n"
        assert settings["role"] == "left-thigh"


def test_a_newer_program_is_not_replaced_unasked(desk):
    with desk.board() as board:
        desk.flash(board)
        version_on(board, (9, 0, 0))
        with pytest.raises(NewerError, match="pip install -U coxa"):
            desk.flash(board)
        assert desk.flash(board, downgrade=True).installed.slot == "b"


def test_an_older_micropython_is_replaced_and_the_files_stay(desk):
    old = make_image("esp32s3", machine=flashing.XIAO, version="v1.20.0", size=300_000)
    with desk.board(image=old) as board:
        with Repl(board.port) as repl:
            repl.write("/mine.txt", b"mine")
        done = desk.flash(board, board=None, image=True)
        assert done.image_written
        assert board.mode == "micropython"
        assert check_whole(board)[0]["/mine.txt"] == b"mine"
        board.plug_in()
        assert desk.flash(board).about.version == (1, 29, 0)


def test_a_micropython_newer_than_any_known_gets_text_files_if_it_must(desk):
    with desk.board(image=make_image("esp32s3", machine=flashing.XIAO, version="v2.1.0", size=300_000)) as board:
        done = desk.flash(board)
        assert done.about.version == (2, 1, 0)
        assert not done.test.troubles


@pytest.mark.parametrize("micropython", [False, True])
def test_another_chip_is_refused_before_anything_is_written(desk, micropython):
    image = make_image("esp32c3", machine="ESP32C3 module with ESP32C3", version="v1.29.0", size=300_000)
    with desk.board(chip="esp32c3", micropython=micropython, image=image) as board:
        before = board.flash.path.read_bytes()
        with pytest.raises(WrongBoardError, match=r"C3.*Seeed XIAO ESP32S3"):
            desk.flash(board, image=not micropython)
        board.unplug()
        assert board.flash.path.read_bytes()[:0x200000] == before[:0x200000]
        assert set(board.files()) <= {"/boot.py"}


def test_an_image_for_another_chip_is_refused(desk):
    with desk.board(micropython=False) as board:
        desk.image.write_bytes(make_image("esp32c3", version="v1.29.0", size=300_000))
        with pytest.raises(Exception, match=r"esp32c3, and the board .* has an esp32s3"):
            desk.flash(board, image=True)
        assert set(board.flash.path.read_bytes()) == {0xFF}


def test_a_chip_that_several_boards_have_must_be_named(desk):
    with desk.board(micropython=False) as board, pytest.raises(UsageError, match="xiao-esp32s3 or generic-esp32s3"):
        desk.flash(board, board=None, image=True)


def test_between_two_boards_it_does_not_guess(desk):
    with desk.board("one") as one, desk.board("two", uid="246f28abc002") as two:
        listed = at_ports(one, two)
        with pytest.raises(UsageError, match=f"{one.port} .*; {two.port}"):
            desk.flash(None, listed=listed)
        two.unplug()
        assert desk.flash(None, listed=listed).known.uid == flashing.UID
        two.plug_in()
        assert desk.flash(two, listed=listed).known.uid == "246f28abc002"
        one.unplug()
        two.unplug()
        assert "/main.py" in one.files()
        assert "/main.py" in two.files()


def test_two_boards_do_not_get_one_name(desk):
    other = KnownBoard("aabbccddeeff", "thigh-L", "left-thigh")
    with KnownBoards(desk.folder / "coxa.sqlite") as known:
        known.save(other)
    with desk.board() as board:
        with pytest.raises(UsageError, match="aabbccddeeff"):
            desk.flash(board, name="THIGH-L")
        done = desk.flash(board, teller := Teller(), role="left-thigh")
        assert done.known.name == "coxa-def"
        assert any("thigh-L (left-thigh) has this place" in line for line in teller.said)


def test_a_program_of_someone_else_is_asked_about_and_kept(desk, coxa, tmp_path):
    theirs = b"import time\nwhile True:\n    print('hello')\n    time.sleep(0.1)\n"
    with desk.board() as board:
        with Repl(board.port) as repl:
            repl.write("/main.py", theirs)
            repl.restart()
        time.sleep(1)
        refused = coxa("flash", "--port", board.port, "--board", "xiao-esp32s3")
        assert (refused.returncode, "Add --yes" in refused.stderr) == (2, True)
        board.unplug()
        assert board.files()["/main.py"] == theirs
        board.plug_in()
        teller = Teller(agrees=True)
        desk.flash(board, teller)
        assert ["main.py" in text for text in teller.asked] == [True]
        (copy,) = (tmp_path / "data").rglob("main.py")
        assert copy.read_bytes() == theirs
        check_whole(board)


def test_a_chip_with_another_program_is_asked_about(desk):
    with desk.board(foreign=b"demo of the factory\r\n") as board:
        before = board.flash.path.read_bytes()
        with pytest.raises(UsageError, match="nothing was changed"):
            desk.flash(board, image=True)
        assert board.flash.path.read_bytes() == before
        assert desk.flash(board, Teller(agrees=True), image=True).image_written
        check_whole(board)


def test_where_the_reset_lines_do_not_reach_the_chip_the_buttons_are_named(desk):
    with desk.board(foreign=b"demo\r\n", can_reset=False) as board:
        with pytest.raises(NoLoaderError, match="BOOT"):
            desk.flash(board, image=True)
        board.press_boot()
        with pytest.raises(UsageError):
            desk.flash(board, image=True)


def test_a_full_flash_keeps_the_old_program(desk):
    with desk.board(erase_us=0) as board:
        desk.flash(board)
        version_on(board, (0, 0, 9))
        with Repl(board.port) as repl:
            repl.run(
                "piece = bytes(4096)\n"
                "with open('/filler', 'wb') as file:\n"
                "    while free()[0] > 3 * 4096:\n"
                "        for _ in range(20): file.write(piece)\n"
                "        file.flush()\n"
                "        print('.')\n"
                "        if free()[0] < 30 * 4096: break\n"
            )
        with pytest.raises(BoardFullError, match="coxa fetch"):
            desk.flash(board)
        with Repl(board.port) as repl:
            assert repl.value("program()") == (0, 0, 9)
            repl.run("remove('/filler')")
        desk.flash(board)
        check_whole(board, "b")


def test_a_board_that_records_is_left_alone(desk, coxa):
    with desk.board() as board:
        desk.flash(board)
        coxa("board", "trust", "--port", board.port)
        assert coxa("board", "start", "--port", board.port).returncode == 0
        with pytest.raises(BusyError, match="coxa board stop"):
            desk.flash(board)
        assert coxa("board", "stop", "--port", board.port).returncode == 0
        desk.flash(board)


def test_wrong_pins_are_refused_and_wrong_settings_mended_by_cable(desk, coxa):
    with desk.board() as board:
        with pytest.raises(UsageError, match="sda on board generic-esp32s3"):
            desk.flash(board, board="generic-esp32s3")
        desk.flash(board)
        with Repl(board.port) as repl:
            repl.write("/config.json", b'{"board": "generic-esp32s3", "name": "thigh-L"}')
            repl.restart()
        at = ("--port", board.port)
        logs = coxa("board", "logs", *at)
        assert "safe mode: config: pins must name sda" in logs.stdout
        wrong = coxa("board", "config", "set", "pins", '{"sda": 5, "scl": 5}', *at)
        assert (wrong.returncode, "already used for sda" in wrong.stderr) == (2, True)
        done = coxa("board", "config", "set", "board", "xiao-esp32s3", *at)
        assert done.returncode == 0, done.stderr
        read = coxa("board", "config", "get", *at, "--json")
        assert read.returncode == 0, read.stderr
        told = json.loads(read.stdout)
        assert (told["settings"]["board"], told["settings"]["name"]) == ("xiao-esp32s3", "thigh-L")
        assert "token" not in told["settings"]


def test_a_backup_is_put_on_another_board(desk, coxa, tmp_path):
    with desk.board("one") as one:
        desk.flash(one, role="pelvis", changes={"idle_sleep_s": 0})
        done = coxa("board", "backup", "--port", one.port, "--out", tmp_path / "copy")
        assert done.returncode == 0, done.stderr
        assert coxa("board", "backup", "--port", one.port, "--out", tmp_path / "copy").returncode == 3
        found, settings = check_whole(one)
    copied = {f"/{p.relative_to(tmp_path / 'copy')}": p.read_bytes() for p in (tmp_path / "copy").rglob("*.*")}
    told = json.loads(copied.pop("/backup.json"))
    assert set(told["files"]) == {path for path in found if not path.startswith(("/app_", "/sessions/"))}
    assert copied["/config.json"] == found["/config.json"]
    assert (tmp_path / "copy" / "config.json").stat().st_mode & 0o077 == 0
    (desk.folder / "coxa.sqlite").unlink()
    with desk.board("two", uid="246f28abc002") as two:
        desk.flash(two, settings=copied["/config.json"])
        assert check_whole(two)[1] == settings


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions as on POSIX")
def test_a_port_that_may_not_be_used_is_explained(desk):
    extra("esptool.cmds")  # before the right to read it is gone
    with desk.board() as board:
        Path(board.port).chmod(0)
        if os.geteuid() == 0:  # root may open anything
            os.seteuid(65534)
        try:
            with pytest.raises(PortError, match=r"usermod|permissions"):
                Repl(board.port)
            with pytest.raises(PortError, match=r"usermod|permissions"):
                Loader(board.port, "")
        finally:
            if os.getuid() == 0:
                os.seteuid(0)


def test_a_port_in_use_is_explained(desk):
    with desk.board() as board, Repl(board.port), pytest.raises(PortError, match="in use by another program"):
        desk.flash(board)


def test_without_an_answer_at_the_prompt_it_says_so(desk):
    with desk.board(foreign=b"busy\r\n", can_reset=False) as board, pytest.raises(NoPromptError, match="RESET"):
        Repl(board.port)
