"""`coxa flash`: from a new board to a working sensor."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from coxa import console
from coxa.commands.common import DEFAULTS, Common, Flag
from coxa.errors import CoxaError, InputError, UsageError
from coxa.link.known import KnownBoards, Role

if TYPE_CHECKING:
    from rich.progress import Progress

    from coxa.flash.ports import Listed
    from coxa.flash.selftest import SelfTest
    from coxa.flash.wish import Flashed, Wish

FORMAT = "coxa.flash/1"


def flash(
    *,
    port: Annotated[str | None, Parameter(help="Serial port of the board; not needed where there is but one.")] = None,
    board: str | None = None,
    role: Role | None = None,
    name: str | None = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative="", show_default=False)] = (),
    settings: Path | None = None,
    image: Path | None = None,
    image_sha256: str | None = None,
    erase: Flag = False,
    text: Flag = False,
    downgrade: Flag = False,
    yes: Flag = False,
    common: Common = DEFAULTS,
) -> int:
    """Make a board a sensor: MicroPython where it needs it, the program, its settings, a test. Safe to run again.

    Parameters
    ----------
    board
        What it is, where that is not clear: xiao-esp32s3, m5stickc-plus2, generic-esp32s3 (any with that chip) ...
    role
        Where it is worn.
    name
        At most 8 characters; by the role otherwise, thigh-L for left-thigh.
    set_
        A setting of the board, KEY=VALUE; may be given more than once: --set idle_sleep_s=0
    settings
        File of settings to start from, such as the config.json of a backup, in place of those on the board.
    image
        File of MicroPython to write, in place of the one from micropython.org.
    image_sha256
        The SHA-256 that the image must have.
    erase
        Erase everything on it first, recordings too.
    text
        Copy the program as text, not compiled.
    downgrade
        Also where the board's program is newer than this installation's.
    yes
        Do it without asking, also where another program is overwritten.
    """
    from coxa.flash.settings import parsed
    from coxa.flash.wish import Wish

    wish = Wish(
        port=port, board=board, image=image, image_sha256=image_sha256, role=role, name=name,
        settings=None if settings is None else _read(settings), changes=parsed(set_),
        erase=erase, downgrade=downgrade, compiled=not text,
    )  # fmt: skip
    return flashed(wish, common, yes=yes)


def flashed(wish: Wish, common: Common, *, yes: bool, listed: Listed | None = None) -> int:
    """Does it, shows what came of it, and gives the exit code."""
    from coxa.flash.flow import flash as run
    from coxa.link.serial import ports

    teller = Terminal(yes=yes, quiet=common.json == console.STDOUT)
    with KnownBoards(common.store_path) as known:
        done = run(wish, known, teller, _cache(), listed or ports)
    if common.json:
        console.emit(_as_json(done), common.json)
    else:
        _show(done)
    return CoxaError.exit_code if done.test.troubles else 0


class Terminal:
    """A `Teller` for people at a terminal; what is said goes to stderr where stdout is for JSON."""

    def __init__(self, *, yes: bool, quiet: bool) -> None:
        """Whether all is agreed to; whether stdout is taken."""
        self._yes = yes
        self._progress: Progress | None = None
        self._out = console.err() if quiet else console.out()

    def say(self, text: str) -> None:
        """One line."""
        self._out.print(text, soft_wrap=True)  # a command that is broken across lines cannot be copied

    @contextmanager
    def bar(self, text: str) -> Generator[Callable[[int, int], None]]:
        """A bar on stderr, to a terminal only."""
        with self._bars() as progress:
            task = progress.add_task(text, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)
            progress.remove_task(task)

    @contextmanager
    def _bars(self) -> Generator[Progress]:
        """All bars at this moment: a terminal shows them together or not at all."""
        import sys

        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        if self._progress is not None:
            yield self._progress
            return
        err = Console(file=sys.stderr)  # of now: what the tools say is kept away from it
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
            self._progress = progress
            try:
                yield progress
            finally:
                self._progress = None

    def agree(self, what: str) -> None:
        """Asks at a terminal.

        Raises:
            UsageError: no, or there is nobody to ask.
        """
        import sys

        if self._yes:
            return
        if not sys.stdin.isatty():
            raise UsageError(f"{what}: nobody is there to agree to it", "Add --yes if that is what you want.")
        if input(f"{what}. Go on? [y/N] ").strip().lower() not in ("y", "yes"):
            raise UsageError("nothing was changed", "")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}", "Check its name.") from error


def _cache() -> Path:
    """Folder that keeps images of MicroPython."""
    from platformdirs import user_cache_path

    return user_cache_path("coxa", appauthor=False) / "micropython"


def _show(done: Flashed) -> None:
    out = console.out()
    lines = [_measured(done.test), *(f"! {trouble}" for trouble in done.test.troubles), _led(done)]
    board = done.known
    if done.test.troubles:
        lines.append(f"{board.label} answers, and something above wants mending.")
    elif board.role is None:
        lines.append(f"{board.name} is ready. Say where it is worn: coxa flash --role left-thigh")
    else:
        lines.append(f"{board.label} is ready. Unplug it and try: coxa record --board {board.role} --for 1m")
    for line in filter(None, lines):
        out.print(line, soft_wrap=True)


def _measured(test: SelfTest) -> str:
    """The test in one line."""
    parts = [f"sensor {test.sensor or 'silent'}"]
    if test.noise_dps is not None and test.offset_dps is not None and test.gravity_g is not None:
        parts.append(f"noise {test.noise_dps:.2f} deg/s, offset {test.offset_dps:.2f} deg/s, {test.gravity_g:.3f} g")
    parts.append("battery not measured" if test.battery_mv is None else f"battery {test.battery_mv / 1000:.2f} V")
    if test.minutes is not None:
        parts.append(f"room for {test.minutes} min")
    return f"Self-test: {'; '.join(parts)}."


def _led(done: Flashed) -> str:
    """What is to be seen now, where the board has an LED (hardware.md)."""
    from coxa_board import boards

    if boards.find(done.settings.values).led is None:
        return ""
    if not done.test.sensor:
        return "LED: fast, five times a second, as long as the sensor does not answer."
    return "LED: two flashes each 2.8 s while connected to this computer; by itself one flash each 5 s."


def _as_json(done: Flashed) -> dict[str, Any]:
    installed = done.installed
    return {
        "format": FORMAT,
        "port": done.port,
        "uid": done.known.uid,
        "name": done.known.name,
        "role": done.known.role,
        "board": done.kind.name,
        "machine": done.about.machine,
        "micropython_written": done.image_written,
        "firmware": done.known.firmware,
        "files_written": installed.written,
        "files_kept": installed.kept,
        "slot": installed.slot,
        "on_trial": installed.on_trial,
        "settings_written": done.settings_written,
        "selftest": done.test.as_json(),
    }
