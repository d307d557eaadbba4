"""The board's files: only what differs is written, all is read back, and the version that runs stays until the end.

A new version is built in /app_new, checked and tried there, and then takes the place of the slot that does not run
(docs/board-config.md, "Two slots"). Wherever it is interrupted, the board starts from the old version or comes to its
prompt, and the next run goes on from what it finds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from coxa.errors import CoxaError
from coxa.flash.failures import BoardFullError, OnBoardError
from coxa.flash.files import BoardFile
from coxa.flash.repl import Progress, Repl

NEW = "/app_new"
_SLOTS = {"a": "/app_a", "b": "/app_b"}
_BLOCKS_OF_A_FOLDER = 2
"""That littlefs keeps for each, so that one of them is always whole."""


class WrongVersionError(CoxaError):
    """What was copied does not run on this board's MicroPython."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What `install` came to.

    Attributes:
        slot: "a" or "b", which runs from the next start on.
        written, kept: files that were sent, and that were there already (also in the other slot).
        on_trial: the board gives it up for the old one if it does not run for a minute.
    """

    slot: str
    written: int
    kept: int
    on_trial: bool


class Installer:
    """Puts the files of one version on one board."""

    def __init__(self, repl: Repl, app: Sequence[BoardFile], root: Sequence[BoardFile], told: Progress) -> None:
        """Takes the board and the files.

        Args:
            repl: the board's prompt.
            app: of a slot, with paths relative to it.
            root: with absolute paths, in the order in which they are to be written.
            told: is told of each byte that is sent or need not be; see `size`.
        """
        self._repl = repl
        self._app = app
        self._root = root
        self._told = told
        self._found: dict[str, str] = {}
        self._written = 0

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(file.data) for file in (*self._app, *self._root))

    def run(self) -> Installed:
        """Installs what is not there yet.

        Raises:
            BoardFullError: there is no room; the old version stays.
            WrongVersionError: the new version does not start on this MicroPython; the old one stays.
            OnBoardError: a file cannot be written, or is not what was sent. Else as `Repl.run`.
        """
        self._look()
        active = self._active()
        slot = active
        if active is None or not self._is_in(_SLOTS[active]):
            slot = "b" if active == "a" else "a"
            if not self._is_in(_SLOTS[slot]):
                self._build()
                self._repl.run(f"remove({_SLOTS[slot]!r})\nos.rename({NEW!r}, {_SLOTS[slot]!r})")
        assert slot is not None
        self._repl.run(f"remove({NEW!r})")
        for file in self._root:
            self._write_root(file)
        if active not in (None, slot):
            self._repl.run(f"activate({slot!r})")
        self._check(slot)
        total = len(self._app) + len(self._root)
        return Installed(slot, self._written, total - self._written, on_trial=active not in (None, slot))

    def _look(self) -> None:
        self._found = self._repl.digests(*_SLOTS.values(), NEW, *(file.path for file in self._root))

    def _active(self) -> str | None:
        """The slot that the board starts from, None where there is none."""
        present = [
            slot for slot, folder in _SLOTS.items()
            if any(path.startswith(f"{folder}/coxa_board/") for path in self._found)
        ]  # fmt: skip
        if not present:
            return None
        if "/slots.py" not in self._found:  # the first installation was broken off
            return present[0]
        try:
            kept = self._repl.value("__import__('slots').active()")
        except OnBoardError:  # damaged, as every file can be
            return present[0]
        return str(kept) if kept in present else present[0]

    def _is_in(self, folder: str) -> bool:
        wanted = {f"{folder}/{file.path}": _digest(file) for file in self._app}
        return wanted == {path: digest for path, digest in self._found.items() if path.startswith(f"{folder}/")}

    def _build(self) -> None:
        """The new version in a folder of its own; what is left of an earlier try is used."""
        wanted = {f"{NEW}/{file.path}": file for file in self._app}
        for path in self._found:
            if path.startswith(f"{NEW}/") and path not in wanted:
                self._repl.run(f"remove({path!r})")
        folders = sorted({path.rpartition("/")[0] for path in wanted})
        self._make_room([file for path, file in wanted.items() if self._found.get(path) != _digest(file)], len(folders))
        for folder in folders:
            self._repl.run(f"make({folder!r})")
        sources = {digest: path for path, digest in self._found.items()}
        for path, file in wanted.items():
            digest = _digest(file)
            if self._found.get(path) == digest:
                self._told(len(file.data))
            elif digest in sources:
                self._repl.run(f"copy({sources[digest]!r}, {path!r})")
                self._told(len(file.data))
            else:
                self._repl.write(path, file.data, self._told)
                self._written += 1
        self._look()
        if not self._is_in(NEW):
            raise OnBoardError("the board's flash does not keep what is written to it", "Erase it: coxa flash --erase.")
        self._try_it()

    def _make_room(self, missing: Sequence[BoardFile], folders: int) -> None:
        """Lets the slot that does not run go where there is no room for three versions."""
        free, block = self._repl.value("free()")
        need = block * (sum(-(-len(file.data) // block) for file in missing) + _BLOCKS_OF_A_FOLDER * folders)
        if need <= free:
            return
        active = self._active()
        for slot, folder in _SLOTS.items():
            if active is not None and slot != active:
                self._repl.run(f"remove({folder!r})")
        self._look()
        free, block = self._repl.value("free()")
        if need > free:
            raise BoardFullError(
                f"the board's flash has {free // 1024} kB free, and its program needs {need // 1024} kB",
                "Fetch its recordings first (coxa fetch), or erase all of it: coxa flash --erase.",
            )

    def _try_it(self) -> None:
        """Imports all of the new version on the board: compiled files must be of its MicroPython and processor."""
        try:
            self._repl.run(f"try_out({NEW!r})")
        except OnBoardError as error:
            raise WrongVersionError(
                f"this version does not run on the board's MicroPython ({error.what})",
                "Give the board a newer MicroPython: coxa flash --image FILE; what was on it stays until then.",
            ) from error

    def _write_root(self, file: BoardFile) -> None:
        if self._found.get(file.path) == _digest(file):
            self._told(len(file.data))
            return
        self._repl.write(file.path, file.data, self._told)
        self._written += 1

    def _check(self, slot: str) -> None:
        """Reads everything back once more, at its place.

        Raises:
            OnBoardError: something is not what was sent.
        """
        self._look()
        wrong = [file.path for file in self._root if self._found.get(file.path) != _digest(file)]
        if not self._is_in(_SLOTS[slot]):
            wrong.append(_SLOTS[slot])
        if wrong:
            raise OnBoardError(f"on the board {', '.join(wrong)} is not what was sent", "Run it again.")


def _digest(file: BoardFile) -> str:
    return hashlib.sha256(file.data).hexdigest()
