"""Quiet axes: the few marks that the figures need, without frames, tick marks or default colours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from matplotlib import font_manager
from matplotlib.axes import Axes

from coxa.report.palette import LIGHT
from coxa.samples import Floats

FAMILIES = ("Helvetica Neue", "Helvetica", "Arial", "Liberation Sans")
"""Preferred typefaces; DejaVu Sans, which comes with matplotlib, fills in."""

SMALL_PT = 8.5


@cache
def families() -> list[str]:
    """The typefaces that this computer has, best first."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    return [*(name for name in FAMILIES if name in there), "DejaVu Sans"]


class Panel:
    """Axes with the look of the reports. x and y are in data units; widths and offsets in points."""

    def __init__(self, axes: Axes) -> None:
        """Clear the axes of what is not data."""
        self._axes: Any = axes  # matplotlib's stubs leave their keywords untyped
        self._axes.tick_params(
            length=0, labelsize=SMALL_PT, labelcolor=LIGHT.quiet, labelfontfamily=families()[0], pad=5
        )
        self._axes.spines[:].set_visible(False)

    def limits(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """What is seen."""
        self._axes.set_xlim(*x)
        self._axes.set_ylim(*y)

    def x_ticks(self, at: Sequence[float], labels: Sequence[str], *, clear_of_left: bool = False) -> None:
        """Labels below; with `clear_of_left` the first, at the edge, does not reach under the angle labels."""
        self._axes.set_xticks(at, labels)
        if clear_of_left:
            for label in self._axes.get_xticklabels()[:1]:
                label.set_horizontalalignment("left")

    def angle_ticks(self, at: Sequence[float]) -> None:
        """Degrees at the left, both directions as magnitudes, with faint lines across."""
        self._axes.set_yticks(at, [f"{abs(y):.0f}°" for y in at])
        across = self._axes.get_yaxis_transform()
        self._axes.hlines(at, 0, 1, transform=across, color=LIGHT.rule, linewidth=0.7, zorder=0)

    def directions(self) -> None:
        """A line at neutral, inward above it and outward below."""
        self._axes.axhline(0, color=LIGHT.quiet, linewidth=0.8)
        self.note("In", (0.0, 1.0), (-6, 6), ha="right", va="bottom", bold=True)
        self.note("Out", (0.0, 0.0), (-6, -6), ha="right", va="top", bold=True)

    def line(
        self, x: Floats, y: Floats, colour: str, *, width: float = 1.1, alpha: float = 1.0, dashed: bool = False
    ) -> None:
        """A curve."""
        style = (0, (4, 3)) if dashed else "-"
        self._axes.plot(x, y, color=colour, linewidth=width, alpha=alpha, linestyle=style)

    def dots(self, x: Floats, y: Floats, colour: str) -> None:
        """A dot per point."""
        self._axes.plot(x, y, "o", color=colour, markersize=4.2, markeredgewidth=0)

    def band(
        self, x: Floats | tuple[float, float], low: Floats | float, high: Floats | float, colour: str, *, alpha: float
    ) -> None:
        """The area between two curves or levels."""
        self._axes.fill_between(x, low, high, color=colour, alpha=alpha, linewidth=0)

    def missing(self, span: tuple[float, float], low: float, high: float) -> None:
        """A stretch without data, hatched."""
        self._axes.fill_between(
            span, low, high, facecolor="none", edgecolor=LIGHT.rule, hatch="////", linewidth=0, zorder=0
        )

    def spread(
        self, x: Floats | float, low: Floats | float, high: Floats | float, colour: str, *, alpha: float = 1.0
    ) -> None:
        """Vertical error bars."""
        self._axes.vlines(x, low, high, color=colour, alpha=alpha, linewidth=1.2)

    def bar(self, x: float, y: float, colour: str, *, hatched: bool) -> None:
        """A bar from zero."""
        if hatched:
            self._axes.bar(x, y, width=0.62, facecolor=LIGHT.paper, edgecolor=colour, hatch="/////", linewidth=0.8)
        else:
            self._axes.bar(x, y, width=0.62, color=colour, linewidth=0)

    def note(
        self,
        text: str,
        at: tuple[float, float],
        offset: tuple[float, float] = (0, 0),
        *,
        data: str = "",
        ha: str = "left",
        va: str = "baseline",
        bold: bool = False,
        size: float = SMALL_PT,
        colour: str = LIGHT.quiet,
    ) -> None:
        """Text at a fraction of the axes, moved by `offset`; `data` = "x" or "y": that one is in data units."""
        frames = {"x": self._axes.get_xaxis_transform(), "y": self._axes.get_yaxis_transform()}
        self._axes.annotate(
            text,
            at,
            xycoords=frames.get(data, "axes fraction"),
            xytext=offset,
            textcoords="offset points",
            ha=ha,
            va=va,
            fontsize=size,
            fontfamily=families(),
            fontweight="bold" if bold else "normal",
            color=LIGHT.ink if bold else colour,
            annotation_clip=False,
            parse_math=False,
        )

    def empty(self, text: str) -> None:
        """A sentence where there is nothing to draw."""
        self._axes.set_axis_off()
        self.note(text, (0.0, 0.6))
