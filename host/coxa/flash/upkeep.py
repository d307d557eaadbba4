"""Looking after a board at its prompt, whether its program runs or not: settings, logs, copies of its files."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coxa.errors import CoxaError
from coxa.flash.about import about, answers
from coxa.flash.ports import choose, retried
from coxa.flash.repl import Progress, Repl
from coxa.flash.settings import PATH, Settings, check_pins, decoded
from coxa.link.channel import NoAnswerError
from coxa_wire import command

BACKUP_FORMAT = "coxa.board-backup/1"
ENDS_S = 1.5
"""For a program that was told to restart to say goodbye: half a second, and until it looks again."""
_NOT_COPIED = ("app_a", "app_b", "app_new", "sessions")
"""The program comes from the package, and recordings by `coxa fetch`, which checks every block."""
_CRASHES = "/crash"
_PRIVATE_MODE = 0o600


def logs_at_prompt(path: str) -> dict[str, str]:
    """The board's logs by their names on the wire. The board restarts afterwards.

    Raises:
        CoxaError: see `Repl`.
    """
    found: dict[str, str] = {}
    with Repl(path) as repl:
        for name in command.LOGS[1:]:  # the counts live in the memory of the program that does not run
            data = repl.read(f"{_CRASHES}/{name.replace('crash ', '')}.txt")
            if data:
                found[name] = data.decode(errors="replace")
    return found


def settings_at_prompt(path: str, changes: Mapping[str, Any]) -> Settings:
    """The board's settings, with changes written to it. The board restarts afterwards.

    Raises:
        UsageError: a setting that there is not, or pins with which it could not start. Else see `Repl`.
    """
    with Repl(path) as repl:
        found = decoded(repl.read(PATH))
        if changes:
            found = found.changed(changes)
            if "board" in changes or "pins" in changes:
                check_pins(found)
            repl.write(PATH, found.encoded())
    return found


def comes_back(path: str) -> bool:
    """Waits for the board's program after a restart; whether it came."""

    def answered(path: str) -> None:
        if answers(path) is None:
            raise NoAnswerError("the board's program does not answer")

    time.sleep(ENDS_S)
    try:
        retried(choose(path), answered)
    except CoxaError:
        return False
    return True


def backup(path: str, folder: Path, told: Progress | None = None) -> dict[str, str]:
    """Copies the board's own files into a folder, with a list of them. The board restarts afterwards.

    Args:
        path: of the port.
        folder: must not be there yet.
        told: gets 1 for each file.

    Returns:
        SHA-256 of each file, in hex, by its path on the board.

    Raises:
        CoxaError: the folder is there or cannot be written; see `Repl`.
    """
    with Repl(path) as repl:
        here = about(repl)
        roots = [f"/{name}" for name in repl.value("os.listdir('/')") if name not in _NOT_COPIED]
        digests = repl.digests(*roots, told=told)
        try:
            folder.mkdir(parents=True)
            for name, digest in digests.items():
                _copy(repl, name, digest, folder)
            told_of = {
                "format": BACKUP_FORMAT, "uid": here.uid, "machine": here.machine,
                "micropython": list(here.version), "program": here.program and list(here.program), "files": digests,
            }  # fmt: skip
            (folder / "backup.json").write_text(json.dumps(told_of, indent=2) + "\n")
        except OSError as error:
            raise CoxaError(f"{folder} cannot be written: {error.strerror or error}", "Choose another one.") from error
    return digests


def _copy(repl: Repl, name: str, digest: str, folder: Path) -> None:
    data = repl.read(name)
    if data is None or hashlib.sha256(data).hexdigest() != digest:
        raise CoxaError(f"{name} came differently at the second reading", "Try again, with another cable.")
    target = folder / name.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(_PRIVATE_MODE)  # the settings hold the secret
    target.write_bytes(data)
