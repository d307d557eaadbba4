"""The picture of all boards for a terminal: as large as it has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from coxa.link.status import BoardStatus
from coxa.live_view import words
from coxa.live_view.decoder import LiveDecoder, Reading

WIDEST = 100
"""Columns: on a wider terminal the eye would have to wander."""

_MARGIN = 2
"""Columns left free at the right: a terminal writes `^C` there, and must not begin another line with it."""

_FRAME = 4
"""Columns that the frame of a panel takes."""

_BAR_ENDS = 7
"""Columns for `OUT ` and ` IN` beside the bar."""

_LARGE_ROWS, _SMALL_ROWS, _PLAIN_ROWS = 11, 7, 4
"""Rows of a board with large digits, with small ones, and of one that shows no angle; without its note."""

IN, OUT = "cyan", "magenta"


@dataclass(frozen=True, slots=True)
class Watched:
    """One board to be shown; `live` where it is worn on a thigh."""

    status: BoardStatus
    live: LiveDecoder | None = None

    @property
    def reading(self) -> Reading | None:
        """What is known of the thigh now."""
        return self.live.reading if self.live else None


def picture(boards: Sequence[Watched], width: int, height: int) -> RenderableType:
    """All boards, one below the other, in less than `width` columns and, if it can be, `height` rows."""
    width = min(width - _MARGIN, WIDEST)
    notes = sum(bool(_note(one)) for one in boards)
    need = sum(_LARGE_ROWS if one.live else _PLAIN_ROWS for one in boards) + notes
    return Group(*(_board(one, width, large=need <= height) for one in boards))


def _board(one: Watched, width: int, *, large: bool) -> Panel:
    reading = one.reading
    lines: list[RenderableType] = []
    if reading is not None:
        now = words.angle(reading)
        lines += [_large(now, len(reading.reps), width - _FRAME)] if large else [_small(now, len(reading.reps))]
        lines += [_bar(now, width - _FRAME), Text(words.last_rep(reading.reps))]
    first, second = words.facts(one.status)
    lines += [Text(first, "bold red" if one.status.unreadable else "", no_wrap=True), Text(second, no_wrap=True)]
    if note := _note(one):
        lines.append(Text(f"! {note}", "bold yellow", no_wrap=True, overflow="ellipsis"))
    return Panel(
        Group(*lines),
        title=Text(f" {words.title(one.status)} ", "bold"),
        title_align="left",
        subtitle=Text(f" {words.link(one.status)} · {words.elapsed(one.status, reading)} ", "bold"),
        subtitle_align="right",
        box=box.ROUNDED,
        width=width,
    )


def _note(one: Watched) -> str:
    return one.status.note or (one.live.reading.note if one.live else "")


def _large(rotation_deg: float | None, reps: int, width: int) -> Table:
    digits = "––" if rotation_deg is None else f"{min(abs(rotation_deg), 99):.0f}"
    left, right = words.big(digits), words.big(str(reps))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.width = width
    for ratio in (None, 1, None, None):
        grid.add_column(no_wrap=True, ratio=ratio, vertical="bottom")
    side = words.direction(rotation_deg)
    grid.add_row(
        Text("\n".join(left), _style(rotation_deg)),
        Text("" if rotation_deg is None else "°\n\n\n\n", "bold") + Text(side.upper(), f"bold {_style(rotation_deg)}"),
        Text("\n".join(right), "bold"),
        Text("REPS", "bold"),
    )
    return grid


def _small(rotation_deg: float | None, reps: int) -> Text:
    now = "–" if rotation_deg is None else f"{abs(rotation_deg):.0f}°"
    return Text(f"{now} {words.direction(rotation_deg)} · {reps} repetitions", f"bold {_style(rotation_deg)}")


def _bar(rotation_deg: float | None, width: int) -> Text:
    cells = width - _BAR_ENDS
    drawn = words.bar(rotation_deg, cells - 1 + cells % 2)
    return Text("OUT ", no_wrap=True) + Text(drawn, _style(rotation_deg)) + Text(" IN")


def _style(rotation_deg: float | None) -> str:
    side = words.direction(rotation_deg)
    return IN if side == "in" else OUT if side == "out" else ""
