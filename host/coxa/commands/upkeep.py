"""`coxa board update | backup | repl`: what a cable is for."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from coxa import console
from coxa.commands.common import DEFAULTS, Common, Flag
from coxa.errors import CoxaError

CablePort = Annotated[str | None, Parameter(help="Serial port of the board; not needed where there is but one.")]


def update(
    *, port: CablePort = None, text: Flag = False, downgrade: Flag = False, yes: Flag = False, common: Common = DEFAULTS
) -> int:
    """Give a board on a cable the program of this installation; settings, secret and recordings stay.

    Parameters
    ----------
    text
        Copy it as text, not compiled.
    downgrade
        Also where the board's is newer.
    yes
        Do it without asking.
    """
    from coxa.commands.flash import flashed
    from coxa.flash.wish import Wish

    return flashed(Wish(port=port, downgrade=downgrade, compiled=not text, program_only=True), common, yes=yes)


def backup(*, port: CablePort = None, out: Path | None = None, common: Common = DEFAULTS) -> None:
    """Copy a board's settings, logs and own files into a folder; recordings come by `coxa fetch`.

    Parameters
    ----------
    out
        Folder to make; board-DATE otherwise. `coxa flash --settings FOLDER/config.json` puts its settings on a board.
    """
    from coxa.flash.upkeep import backup as copied

    path = _idle(port)
    folder = out or Path(f"board-{datetime.now():%Y-%m-%dT%H-%M-%S}")
    if folder.exists():
        raise CoxaError(f"{folder} is there already", "Choose another folder: --out.")
    with console.working("Copying"):
        files = copied(path, folder)
    if common.json:
        console.emit({"format": "coxa.board/1", "folder": str(folder), "files": files}, common.json)
        return
    print(f"{len(files)} files of the board are in {folder}. config.json holds its secret: keep it to yourself.")


def repl(*, port: CablePort = None, common: Common = DEFAULTS) -> None:  # noqa: ARG001 - options of every command
    """Talk to a board at MicroPython's prompt (by mpremote); Ctrl-] ends it and restarts the board."""
    from coxa.flash.missing import extra
    from coxa.flash.repl import Repl

    path = _idle(port)
    extra("mpremote")
    print(f"MicroPython on {path}. Its program is interrupted by Ctrl-C; Ctrl-] ends this.")
    subprocess.run([sys.executable, "-m", "mpremote", "connect", path, "resume", "repl"], check=False)
    with Repl(path):
        pass  # it restarts when it is left
    print("The board restarts.")


def _idle(port: str | None) -> str:
    """The port that is meant, with a board that does not record.

    Raises:
        BusyError: it records. UsageError: more than one port may be meant.
    """
    from coxa.flash.about import answers
    from coxa.flash.flow import refuse_while_recording
    from coxa.flash.ports import choose

    path = choose(port).device
    refuse_while_recording(path, answers(path))
    return path
