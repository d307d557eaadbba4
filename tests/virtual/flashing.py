"""A virtual board at a port, `coxa flash` on it, and whether it is whole afterwards."""

import contextlib
import json

import interpreters
import numpy as np
import pytest

from coxa.errors import UsageError
from coxa.flash import files, flow, ports, selftest
from coxa.flash.wish import Wish
from coxa.link.known import KnownBoards
from coxa.link.serial import Port
from coxa.virtual.usb.board import UsbBoard, UsbBuild
from coxa.virtual.usb.image import FLASH_OFFSET, make_image
from coxa_board import config

XIAO = "XIAO ESP32S3 with ESP32S3"
UID = "246f28abcdef"
X64 = "x64"  # the processor that the boards' interpreter is compiled for

needed = pytest.mark.skipif(interpreters.command(64) is None, reason=interpreters.MISSING_64)


class Teller:
    """What a user would see, kept; asked, it agrees or not; `at` does something the first time a word comes up."""

    def __init__(self, agrees=False, at=None):
        self.said, self.asked = [], []
        self._agrees = agrees
        self._at = dict(at or {})

    def say(self, text):
        self.said.append(text)
        self._comes_up(text)

    @contextlib.contextmanager
    def bar(self, text):
        self._comes_up(text)
        past = 0

        def told(done, total):
            nonlocal past
            while past < 100 * done // total:
                past += 1
                self._comes_up(f"{text} {past} %")

        yield told

    def agree(self, what):
        self.asked.append(what)
        if not self._agrees:
            raise UsageError("nothing was changed", "")

    def _comes_up(self, text):
        for word in list(self._at):
            if word in text:
                self._at.pop(word)()


class Desk:
    """A computer with boards at its ports."""

    def __init__(self, folder):
        self.folder = folder
        self.image = folder / "image.bin"
        self.image.write_bytes(make_image("esp32s3", machine=XIAO, version="v1.29.0", size=300_000))
        self.motion = folder / "still.motion"
        still = np.random.default_rng(1).normal([20, -15, 5, 0, 0, 8197], [3, 3, 3, 8, 8, 8], (1000, 6))
        self.motion.write_bytes(np.round(still).astype("<i2").tobytes())

    def board(self, folder="board", *, micropython=True, image=None, **build):
        """Not plugged in yet; with MicroPython, or blank."""
        board = UsbBoard(self.folder / folder, UsbBuild(motion=self.motion, **build))
        if micropython and not build.get("foreign"):
            board.flash.put(FLASH_OFFSET[board.build.chip], image or self.image.read_bytes())
        return board

    def flash(self, at, teller=None, *, image=False, listed=None, **wish):
        """As the user would, at the port of this board (or of none: the only one that is listed)."""
        wish = {"board": "xiao-esp32s3", "port": at and at.port, **wish}
        if image:
            wish["image"] = self.image
        with KnownBoards(self.folder / "coxa.sqlite") as known:
            return flow.flash(Wish(**wish), known, teller or Teller(), self.folder / "cache", listed or (lambda: []))

    def known(self):
        with KnownBoards(self.folder / "coxa.sqlite") as known:
            return known.all()


def at_ports(*boards):
    """Lists their ports, as ports of native USB, each at a place of its own."""
    return lambda: [
        Port(one.port, "ESP32-S3", 0x303A, 0x4001, f"1-{n}:1.0") for n, one in enumerate(boards) if one.port
    ]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setattr(selftest, "STILL_S", 1.0)  # shorter: the virtual noise is known
    monkeypatch.setattr(ports, "BACK_S", 6.0)  # and virtual boards restart in a second
    monkeypatch.setattr(flow, "START_S", 10.0)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return Desk(tmp_path)


def check_whole(board, slot="a", compiled=True):
    """Unplugs it and compares every file of the program; its settings are whole, and nothing is left half done."""
    board.unplug()
    found = board.files()
    wanted = {f"/app_{slot}/{file.path}": file.data for file in files.app_files(X64 if compiled else None)}
    wanted |= {file.path: file.data for file in files.root_files()}
    assert {path: data for path, data in found.items() if path in wanted} == wanted
    others = [path for path in found if path.startswith(f"/app_{slot}/") and path not in wanted]
    assert not others
    assert not [path for path in found if path.startswith("/app_new") or path.endswith(".new")]
    kept = board.flash.path.parent / "config.json"
    kept.write_bytes(found["/config.json"])
    complaints = []
    settings = config.load(str(kept), complaints)
    assert not complaints
    assert json.loads(found["/config.json"])["config"] == settings
    return found, settings
