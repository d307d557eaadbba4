"""From whatever a board is to a working sensor: MicroPython, the program, its settings, a restart, a test.

Each step looks first at what is there already, so that a second run does little, and one after an interruption
goes on. Nothing is written before all that can be refused has been looked at.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from coxa.errors import CoxaError
from coxa.flash import boards, files, ports
from coxa.flash.about import ASK_S, About, about, answers
from coxa.flash.install import Installed, Installer
from coxa.flash.micropython import MicroPython
from coxa.flash.naming import free_name
from coxa.flash.repl import Repl
from coxa.flash.settings import PATH, Settings, check_pins, decoded
from coxa.flash.wish import Flashed, Teller, Wish
from coxa.link import serial
from coxa.link.channel import NoAnswerError
from coxa.link.known import KnownBoard, KnownBoards, checked_role

if TYPE_CHECKING:
    from coxa.flash.selftest import SelfTest
    from coxa.link.serial import Port
    from coxa_wire import Info

START_S = 25.0
"""For the program to answer after a restart: on a first start of MicroPython the flash is formatted, some 10 s."""
RECORDING = 1
"""State in INFO."""
_NOTES = "/crash/notes.txt"


class BusyError(CoxaError):
    """The board records."""


class NewerError(CoxaError):
    """The board has a newer program than this installation."""


class NotStartedError(CoxaError):
    """Everything is on the board, and its program does not run."""


def flash(wish: Wish, known: KnownBoards, teller: Teller, cache: Path, listed: ports.Listed = serial.ports) -> Flashed:
    """Does it.

    Args:
        wish: what is asked for.
        known: boards of this computer; the board is kept there.
        teller: the user.
        cache: folder that keeps images of MicroPython.
        listed: gives the serial ports.

    Raises:
        UsageError: more must be said: which port, which board; or something was not agreed to.
        CoxaError: one of many; the next run goes on from where this one ended.
    """
    return _Flash(wish, known, teller, cache, listed).run()


def refuse_while_recording(path: str, said: Info | None) -> None:
    """Looks at what the program of the board at a port said of itself, if there is one.

    Raises:
        BusyError: it records.
    """
    if said is not None and said.state == RECORDING:
        raise BusyError(
            f"the board at {path} records",
            f"End that first: coxa board stop --port {path}, or hold its button for a second.",
        )


class _Flash:
    def __init__(self, wish: Wish, known: KnownBoards, teller: Teller, cache: Path, listed: ports.Listed) -> None:
        self._wish = wish
        self._known = known
        self._teller = teller
        self._listed = listed
        self._port: Port = ports.choose(wish.port, listed)
        self._micropython = MicroPython(wish, self._port, teller, cache, listed)

    def run(self) -> Flashed:
        with self._teller.bar("Looking at the board"):
            said = answers(self._port.device)
        refuse_while_recording(self._port.device, said)
        with self._micropython.prompt(said) as repl:
            here = about(repl)
            kind = self._micropython.kind_of(here, repl)
            file = repl.read(PATH)
            old = decoded(file if self._wish.settings is None else self._wish.settings)
            for complaint in old.complaints:
                self._teller.say(f"! {complaint}")
            wanted = old if self._wish.program_only else self._wanted(old, here, kind)
            check_pins(wanted)
            self._newer(here)
            self._keep_strangers(here, repl)
            installed = self._install(repl, here)
            encoded = wanted.encoded()
            written = file != encoded and not self._wish.program_only
            if written:
                repl.write(PATH, encoded)
                self._teller.say(f"Settings: {wanted.values['name']}{_worn(wanted)}.")
        path, info, test = self._started(wanted)
        board = self._remembered(here, wanted, info)
        return Flashed(board, kind, path, here, self._micropython.written, installed, wanted, written, test)

    def _wanted(self, old: Settings, here: About, kind: boards.BoardKind) -> Settings:
        known = self._known.get(here.uid)
        changes = dict(self._wish.changes)
        role = changes.get("role", self._wish.role or old.values["role"])
        wished = changes.get("name", self._wish.name)
        changes |= {
            "board": kind.name,
            "role": str(checked_role(role)) if role else "",
            "name": free_name(wished, old.values["name"], role, here.uid, self._known.all()),
        }
        wanted = old.changed(changes)
        return wanted.with_secret(known.secret if known else b"")

    def _newer(self, here: About) -> None:
        mine = files.version()
        if here.program is None or here.program <= mine or self._wish.downgrade:
            return
        raise NewerError(
            f"the board has program {_dotted(here.program)}, this installation {_dotted(mine)}",
            "Update coxa (pip install -U coxa), or give the board the older one: --downgrade.",
        )

    def _keep_strangers(self, here: About, repl: Repl) -> None:
        """Copies of another program's files, before ours take their place."""
        if not here.strangers:
            return
        names = " and ".join(here.strangers)
        self._teller.agree(f"Another program is on the board ({names}). Coxa's takes its place")
        from platformdirs import user_data_path

        folder = user_data_path("coxa", appauthor=False) / "boards" / here.uid / f"{datetime.now():%Y-%m-%dT%H-%M-%S}"
        try:
            folder.mkdir(parents=True)
            for name in here.strangers:
                (folder / name).write_bytes(repl.read(f"/{name}") or b"")
        except OSError as error:
            raise CoxaError(f"{folder} cannot be written: {error.strerror or error}", "Free some space.") from error
        self._teller.say(f"Kept a copy of {names} in {folder}.")

    def _install(self, repl: Repl, here: About) -> Installed:
        march = files.march_of(here.mpy) if self._wish.compiled else None
        done = 0
        with self._teller.bar("Program") as bar:
            installer: Installer

            def told(count: int) -> None:
                nonlocal done
                done += count
                bar(done, installer.size)

            installer = Installer(repl, files.app_files(march), files.root_files(), told)
            installed = installer.run()
        form = f"compiled for {march}" if march else "as text"
        count = installed.written
        what = f"{count} file{'s' * (count != 1)} written" if count else "nothing to write"
        trial = "; on trial until it has run for a minute" if installed.on_trial else ""
        self._teller.say(f"Program {_dotted(files.version())}, {form}: {what}, all read back{trial}.")
        return installed

    def _started(self, wanted: Settings) -> tuple[str, Info, SelfTest]:
        """The board after its restart, greeted and tested; and where it is."""
        from coxa.flash.greeted import greeted

        def greet(path: str) -> tuple[str, Info, SelfTest]:
            return path, *asyncio.run(greeted(path, wanted.secret, ASK_S))

        self._teller.say("Restarting and testing; leave the board still on a table for some seconds.")
        try:
            with self._teller.bar("Testing"):
                return ports.retried(self._port, greet, START_S, self._listed)
        except NoAnswerError as error:
            raise self._not_started(error) from error

    def _not_started(self, error: NoAnswerError) -> CoxaError:
        path = ports.now_at(self._port, self._listed)
        if path is None:
            return error
        try:
            with Repl(path) as repl:
                notes = (repl.read(_NOTES) or b"").decode(errors="replace").strip().splitlines()
        except CoxaError:
            return error
        why = notes[-1] if notes else "it says nothing about why"
        return NotStartedError(
            f"all is on the board, and its program does not start: {why}",
            f"Mend that, e.g. with coxa board config set KEY VALUE --port {path}; coxa board logs has more.",
        )

    def _remembered(self, here: About, wanted: Settings, info: Info) -> KnownBoard:
        now = datetime.now(UTC)
        role = wanted.values["role"]
        board = KnownBoard(
            here.uid, wanted.values["name"], checked_role(role) if role else None, wanted.secret,
            _dotted(info.firmware), now, now,
        )  # fmt: skip
        for other in self._known.all():
            if board.role and other.role == board.role and other.uid != board.uid:
                self._teller.say(f"! {other.label} has this place on the body too: coxa board forget {other.uid}")
        if wanted.secret:
            self._known.save(board)
        return board


def _worn(wanted: Settings) -> str:
    return f", worn at the {wanted.values['role'].replace('-', ' ')}" if wanted.values["role"] else ""


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
