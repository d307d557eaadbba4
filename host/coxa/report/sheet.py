"""A matplotlib figure filled from the top like a page."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from coxa.report.palette import LIGHT
from coxa.report.panel import Panel, families
from coxa.report.writing import writing

LINE = 1.32
"""Line height in multiples of the font size."""

POINTS_PER_INCH = 72.0


@contextmanager
def boxes_for_missing_glyphs() -> Generator[None]:
    """A name in a script without an installed font is drawn as boxes; that is no reason to warn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        yield


class Sheet:
    """A figure filled from the top downwards, in inches; `finish` cuts it to the height that was used."""

    def __init__(self, width: float, margin: float) -> None:
        """An empty sheet; both in inches."""
        self._figure: Any = Figure(figsize=(width, 1.0), facecolor=LIGHT.paper)  # stubs leave keywords untyped
        self._canvas: Any = FigureCanvasAgg(self._figure)
        self._width = width
        self._margin = margin
        self._down = margin
        self._texts: list[tuple[Any, float]] = []
        self._axes: list[tuple[Any, tuple[float, float, float, float]]] = []

    @property
    def inner(self) -> float:
        """Width between the margins, inches."""
        return self._width - 2 * self._margin

    def gap(self, inches: float) -> None:
        """Leave room."""
        self._down += inches

    def text(
        self,
        text: str,
        size: float,
        *,
        bold: bool = False,
        quiet: bool = False,
        at: float = 0.0,
        width: float | None = None,
    ) -> None:
        """Text as it is (no mathematics), wrapped to `width` inches, `at` inches from the left margin."""
        lines = self._wrapped(" ".join(text.split()), size, bold, width or self.inner)
        for line in lines:
            self._put(line, size, at, bold=bold, quiet=quiet)
            self._down += size * LINE / POINTS_PER_INCH

    def columns(self, texts: Sequence[str], size: float, *, at: Sequence[float], bold: bool, quiet: bool) -> None:
        """Short texts side by side on one line."""
        for text, left in zip(texts, at, strict=True):
            self._put(text, size, left, bold=bold, quiet=quiet)
        self._down += size * LINE / POINTS_PER_INCH

    def rule(
        self, at: float = 0.0, width: float | None = None, *, colour: str = LIGHT.rule, thick: float = 0.01
    ) -> None:
        """A horizontal bar of colour that takes no room."""
        axes = self._box(at, self._down, width or self.inner, thick)
        axes.set_facecolor(colour)
        axes.spines[:].set_visible(False)
        axes.set_xticks([])
        axes.set_yticks([])

    def panel(self, height: float, *, at: float = 0.0, width: float | None = None) -> Panel:
        """Axes at the cursor, which stays; call `gap` after the last one of a row."""
        return Panel(self._box(at, self._down, width or self.inner, height))

    @property
    def cursor(self) -> float:
        """Inches from the top."""
        return self._down

    @cursor.setter
    def cursor(self, inches: float) -> None:
        self._down = inches

    def finish(self) -> Figure:
        """Cut the figure to its height and put everything in place."""
        height = self._down + self._margin
        self._figure.set_size_inches(self._width, height)
        for text, top in self._texts:
            text.set_y(1 - top / height)
        for axes, (left, top, width, tall) in self._axes:
            axes.set_position((left / self._width, 1 - (top + tall) / height, width / self._width, tall / height))
        figure: Figure = self._figure
        return figure

    def _box(self, left: float, top: float, width: float, height: float) -> Any:
        axes = self._figure.add_axes((0.0, 0.0, 1.0, 1.0), facecolor="none")
        self._axes.append((axes, (self._margin + left, top, width, height)))
        return axes

    def _put(self, line: str, size: float, left: float, *, bold: bool, quiet: bool) -> None:
        text = self._figure.text(
            (self._margin + left) / self._width,
            1.0,
            line,
            va="top",
            fontsize=size,
            fontfamily=families(),
            fontweight="bold" if bold else "normal",
            color=LIGHT.quiet if quiet else LIGHT.ink,
            parse_math=False,
        )
        self._texts.append((text, self._down))

    def _wrapped(self, text: str, size: float, bold: bool, width: float) -> list[str]:
        probe: Any = Text(0, 0, text, fontsize=size, fontfamily=families(), fontweight="bold" if bold else "normal")
        probe.set_parse_math(False)
        probe.set_figure(self._figure)
        with boxes_for_missing_glyphs():
            across = probe.get_window_extent(self._canvas.get_renderer()).width / self._figure.dpi
        if across <= width:
            return [text]
        return wrap(text, max(int(0.93 * len(text) * width / across), 10))


def save(figure: Any, path: Path | str, suffix: str, dpi: float) -> None:
    """Write a figure.

    Raises:
        UsageError: the file cannot be written.
    """
    with writing(path) as target, boxes_for_missing_glyphs():
        figure.savefig(target, format=suffix, dpi=dpi)
