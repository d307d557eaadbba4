"""The pictures of docs/flash.md: what `coxa flash`, `coxa board update` and `coxa doctor` print, on virtual boards.

    python benchmarks/flash_pictures.py [docs/img]

Each picture is what the command printed, run as a user runs it, in a home of its own. Changed are only paths: the port
(a pseudoterminal here) reads as a port of Linux, the home as ~, the checkout as ~/coxa.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.text import Text

from coxa.flash.repl import Repl
from coxa.virtual.usb.board import UsbBoard, UsbBuild
from coxa.virtual.usb.image import make_image

ROOT = Path(__file__).parent.parent
COLUMNS = 88
LIMIT_S = 180.0
PORT = "/dev/ttyACM0"
MACHINE = "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3"
"""What the image for the XIAO says of itself."""
IMAGE_BYTES = 1_700_000
STILL = ([20, -15, 5, 0, 0, 8197], [3, 3, 3, 8, 8, 8])
"""Mean and noise of a board on a table, in counts: gyroscope, acceleration."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What bars of progress are drawn and taken away with."""

SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px; \
line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""
"""As rich writes it, without fonts from the network."""


class Desk:
    """A computer with a home of its own.

    Attributes:
        home: its folder. `target`: the folder of the pictures.
    """

    def __init__(self, home: Path, target: Path) -> None:
        """Makes what boards need."""
        self.home, self.target = home, target
        self.image = home / "image.bin"
        self.image.write_bytes(make_image("esp32s3", machine=MACHINE, version="v1.28.0", size=IMAGE_BYTES))
        self.motion = home / "still.motion"
        still = np.random.default_rng(1).normal(*STILL, (1000, 6))
        self.motion.write_bytes(np.round(still).astype("<i2").tobytes())

    def board(self, name: str, **build: str) -> UsbBoard:
        """A new one, with nothing on it."""
        return UsbBoard(self.home / name, UsbBuild(motion=self.motion, **build))

    def printed(self, *arguments: str) -> str:
        """What `coxa` prints at a terminal, without its bars; errors last."""
        of_coxa = {"XDG_CACHE_HOME": ".cache", "XDG_DATA_HOME": ".local/share", "XDG_CONFIG_HOME": ".config"}
        env = {name: value for name, value in os.environ.items() if not name.startswith(("COXA_", "XDG_", "NO_COLOR"))}
        env |= {name: str(self.home / folder) for name, folder in of_coxa.items()}
        env |= {"HOME": str(self.home), "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "coxa", *arguments],
            capture_output=True, text=True, env=env, cwd=self.home, timeout=LIMIT_S, check=False,
        )  # fmt: skip
        errors = re.findall(r"^coxa: .*", _CONTROL.sub("", done.stderr).replace("\r", "\n"), re.MULTILINE)
        return done.stdout + "\n".join(errors)

    def picture(self, name: str, board: UsbBoard | None, *arguments: str) -> None:
        """Runs a command and draws what it printed."""
        text = self.printed(*arguments, *(["--port", board.port] if board else []))
        typed = " ".join(["$ coxa", *arguments, *([f"--port {PORT}"] if board else [])])
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False, force_terminal=True)
        console.print(Text(self._neutral(typed, board), style="bold"))
        console.print(Text.from_ansi(f"{self._neutral(text, board).rstrip()}\n"))
        title = " ".join(["coxa", *arguments[: 2 if arguments[0] == "board" else 1]])
        svg = console.export_svg(title=title, code_format=SVG, unique_id=name)
        path = self.target / f"{name}.svg"
        path.write_text(svg, "utf-8")
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB\n{text}")

    def _neutral(self, text: str, board: UsbBoard | None) -> str:
        """Other names for the folders and the port of this computer."""
        home, root, prefix = (re.escape(str(one)) for one in (self.home, ROOT, sys.prefix))
        for folder, name in ((home, "~"), (prefix, "~/coxa/.venv"), (root, "~/coxa")):
            text = re.sub(folder, name, text)
        return text.replace(board.port, PORT) if board else text


def older(board: UsbBoard) -> None:
    """Lets the program on a board say that it is of an older version."""
    with Repl(board.port) as repl:
        repl.run("remove('/app_a/coxa_board/__init__.mpy')")
        repl.write("/app_a/coxa_board/__init__.py", b"VERSION = (0, 0, 9)\n")
        repl.restart()
    time.sleep(2)


def main() -> None:
    """Draws all of them."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "img"
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), target)
        image = ("--image", desk.image.name)
        with desk.board("first") as board:
            desk.picture("flash-blank", board, "flash", "--board", "xiao-esp32s3", "--role", "left-thigh", *image)
            desk.picture("flash-again", board, "flash")
            older(board)
            desk.picture("flash-update", board, "board", "update")
        desk.picture("flash-doctor", None, "doctor")
        with desk.board("other", chip="esp32c3", uid="246f28abc001") as board:
            desk.picture("flash-refused", board, "flash", "--board", "xiao-esp32s3", "--role", "right-thigh", *image)


if __name__ == "__main__":
    main()
