"""What is seen while a calibration goes on: a picture on a terminal, or a line for each event on stderr."""

from __future__ import annotations

import math
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from coxa import console
from coxa.calibration.guide.course import Stand
from coxa.calibration.guide.step import Accepted, Look, Refused, Step
from coxa.commands.calibrate_result import Done
from coxa.live_view.words import BIG_ROWS, big

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDEST, MARGIN, FRAME = 100, 2, 4
"""Columns: on a wider terminal the eye would wander; left free at the right, where a terminal writes `^C`; of a
frame."""

ROWS_OF_STEP = 16
"""Rows that the present step takes at most, with what stands around it; the others are for steps that are done."""

DONE, AGAIN = "✓", "!"


class CalibrationView:
    """Use it in a `with`; give `show` to whatever watches, and `decided` to the guide's listeners.

    A terminal is drawn on, and its bell rings at each decision, as who lies there may not look. Elsewhere each event is
    a line on stderr.

    Attributes:
        draws: whether it draws.
    """

    def __init__(self, title: str, *, quiet: bool, json_on_stdout: bool, terminal: Console | None = None) -> None:
        """Takes what is calibrated.

        Args:
            title: such as `body · right thigh`.
            quiet: no bell.
            json_on_stdout: draw nothing there even if it is a terminal.
            terminal: to draw on; by default standard output.
        """
        self._title = title
        self._quiet = quiet
        self._terminal = terminal or console.out()
        self.draws = self._terminal.is_terminal and not (json_on_stdout or self._terminal.is_dumb_terminal)
        self._done: dict[str, Done] = {}
        self._told: tuple[str, int] | None = None
        self._note = ""
        self._live: Live | None = None
        self._stack = ExitStack()

    def __enter__(self) -> CalibrationView:
        """Begins to draw."""
        if self.draws:
            live = Live(console=self._terminal, auto_refresh=False, transient=True)
            self._live = self._stack.enter_context(live)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """The picture goes."""
        self._live = None
        self._stack.close()

    @property
    def done(self) -> list[Done]:
        """The steps that are accepted, in order."""
        return list(self._done.values())

    def show(self, stand: Stand | None, note: str = "") -> None:
        """How it stands now; a `coxa.calibration.live.Watcher`."""
        if self._live is not None:
            size = self._terminal.size
            self._live.update(self.picture(stand, note, size.width, size.height), refresh=True)
        else:
            self._tell(stand, note)

    def decided(self, step: Step, outcome: Accepted | Refused) -> None:
        """A step was decided; a listener of `Guide`."""
        if isinstance(outcome, Accepted):
            self._done[step.key] = Done(step.key, step.title, outcome.words.removeprefix(f"{step.title}: "))
            told = f"{DONE} {self._done[step.key].words}"
        else:
            self._forget_from(outcome.back_to)
            told = not_yet(outcome)
        self._told = None
        if self._live is None:
            console.remark(f"{step.title}: {told}")
        elif not self._quiet:
            self._terminal.bell()

    def _forget_from(self, key: str) -> None:
        """Steps from this one on have to be done again."""
        keys = list(self._done)
        for again in keys[keys.index(key) :] if key in keys else ():
            del self._done[again]

    def picture(self, stand: Stand | None, note: str, width: int, height: int) -> RenderableType:
        """All of it, in less than `width` columns and, if it can be, `height` rows."""
        width = min(width - MARGIN, WIDEST)
        parts: list[RenderableType] = [Text(f"Calibrate {self._title}", "bold", no_wrap=True), Text("")]
        done = self.done
        room = max(height - ROWS_OF_STEP, 1)
        if len(done) > room:
            parts.append(Text(f"{DONE} {len(done) - room} steps before"))
        parts += [_done_line(one) for one in done[-room:]]
        if stand is not None and stand.step is not None:
            parts.append(_step(stand, stand.step, width))
            if isinstance(stand.last, Refused):
                parts.append(Text(f"{AGAIN} {not_yet(stand.last)}", "bold yellow"))
        if note:
            parts.append(Text(note) if stand is None else Text(f"{AGAIN} {note}", "bold red"))
        grid = Table.grid()
        grid.add_column(width=width)
        grid.add_row(Group(*parts))
        return grid

    def _tell(self, stand: Stand | None, note: str) -> None:
        """A line for each thing that is new."""
        if note and note != self._note:
            console.remark(note)
        self._note = note
        if stand is None or stand.step is None:
            return
        now = (stand.step.key, stand.attempt)
        if now != self._told:
            again = f", attempt {stand.attempt}" if stand.attempt > 1 else ""
            console.remark(f"step {stand.number} of {stand.total}{again}, {stand.step.title}: {stand.step.say}")
            self._told = now


def not_yet(refused: Refused) -> str:
    """A refusal in one line."""
    return f"not yet: {refused.what.rstrip('.')} → {refused.advice}"


def _done_line(done: Done) -> RenderableType:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(DONE, "bold green"), Text(f"{done.title}:", "bold", no_wrap=True), Text(done.words))
    return grid


def _step(stand: Stand, step: Step, width: int) -> Panel:
    """The present step, as large as a terminal can."""
    inner = width - FRAME
    lines: list[RenderableType] = [Text(step.say, "bold"), Text("")]
    lines += list(_looks(stand.look, inner))
    attempt = f" attempt {stand.attempt} " if stand.attempt > 1 else ""
    return Panel(
        Group(*lines),
        title=Text(f" {stand.number} of {stand.total} · {step.title.upper()} ", "bold"),
        title_align="left",
        subtitle=Text(attempt, "bold") if attempt else None,
        subtitle_align="right",
        box=box.ROUNDED,
        width=width,
    )


def _looks(look: Look | None, width: int) -> Iterator[RenderableType]:
    """What the wearer does, how much longer, and how far it is."""
    grid = Table.grid()
    grid.width = width
    grid.add_column(ratio=1, vertical="middle")
    grid.add_column(no_wrap=True)
    left = "" if look is None or look.remaining_s is None else f"{min(math.ceil(look.remaining_s), 99)}"
    seconds = "\n".join(big(left) if left else BIG_ROWS * " ")
    grid.add_row(Text("WAIT" if look is None else look.words.upper(), "bold"), Text(seconds, "bold cyan"))
    yield grid
    full = round(width * min(max(look.share if look else 0.0, 0.0), 1.0))
    yield Text("█" * full + "·" * (width - full), "cyan", no_wrap=True)
