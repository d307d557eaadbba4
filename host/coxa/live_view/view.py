"""Keeps the picture of the boards up to date while they record."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live

from coxa import console
from coxa.live_view import words
from coxa.live_view.panel import Watched, picture

DRAW_EVERY_S = 0.2
"""Five times a second: blocks come twice as often, but each drawing takes some 3 ms."""

LINE_EVERY_S = 10.0
"""Where there is no terminal: often enough to see that it goes on, seldom enough for a log."""


class LiveView:
    """Use it in an `async with`: a picture on the terminal, or else a plain line now and then on stderr.

    Changes of `boards` and of what it holds are seen at the next drawing.
    """

    def __init__(self, boards: Sequence[Watched], *, terminal: Console | None = None, quiet: bool = False) -> None:
        """Takes what is to be shown.

        Args:
            boards: in the order of their panels.
            terminal: to draw on; by default standard output.
            quiet: draw nothing there even if it is a terminal: standard output is for JSON.
        """
        self._boards = boards
        self._terminal = terminal or console.out()
        self._draws = self._terminal.is_terminal and not (quiet or self._terminal.is_dumb_terminal)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LiveView:
        """Begins to draw."""
        self._task = asyncio.create_task(self._draw() if self._draws else self._tell())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Ends it; the picture goes, the last line stays."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if not self._draws:
            console.remark(self.line())

    def line(self) -> str:
        """All boards in one line."""
        return "; ".join(words.plain(one.status, one.reading) for one in self._boards)

    async def _draw(self) -> None:
        with Live(console=self._terminal, auto_refresh=False, transient=True) as live:
            while True:
                size = self._terminal.size
                live.update(picture(self._boards, size.width, size.height), refresh=True)
                await asyncio.sleep(DRAW_EVERY_S)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(LINE_EVERY_S)
            console.remark(self.line())
