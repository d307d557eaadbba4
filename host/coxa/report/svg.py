"""Small SVG plots for a page: widths in percent, heights and text in CSS pixels, so that text never shrinks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape as _escape

from coxa.samples import Floats

VIEW_WIDTH = 1000
"""Units across of the stretched view that holds the curves; lines keep their width (`non-scaling-stroke`)."""


def escape(text: object) -> str:
    """Text for HTML or an attribute; control characters, which XML forbids, become spaces."""
    return _escape("".join(c if c.isprintable() else " " for c in str(text)))


@dataclass(frozen=True, slots=True)
class Frame:
    """Maps data to the plot: x to percent of the width, y to pixels from the top."""

    x0: float
    x1: float
    y0: float
    y1: float
    height: int

    def across(self, x: float) -> float:
        """Percent of the width."""
        return 100 * (x - self.x0) / (self.x1 - self.x0)

    def down(self, y: float) -> float:
        """Pixels from the top."""
        return self.height * (self.y1 - y) / (self.y1 - self.y0)

    def x(self, x: float) -> str:
        """Percent of the width, as SVG writes it."""
        return f"{self.across(x):.2f}%"

    def points(self, xs: Floats, ys: Floats) -> str:
        """The points of a curve in the stretched view."""
        view = VIEW_WIDTH / 100
        return " ".join(f"{self.across(x) * view:.1f},{self.down(y):.1f}" for x, y in zip(xs, ys, strict=True))

    def line(self, xs: Floats, ys: Floats, css: str, **style: float) -> str:
        """A curve, for use inside `stretched`."""
        extra = "".join(f' {name}="{value:.2f}"' for name, value in style.items())
        return f'<polyline class="{css}" points="{self.points(xs, ys)}"{extra}/>'

    def band(self, xs: Floats, low: Floats, high: Floats, css: str) -> str:
        """The area between two curves, for use inside `stretched`."""
        return f'<polygon class="{css}" points="{self.points(xs, high)} {self.points(xs[::-1], low[::-1])}"/>'

    def stretched(self, parts: Iterable[str]) -> str:
        """Curves, stretched to the width of the plot."""
        view = f'viewBox="0 0 {VIEW_WIDTH} {self.height}" preserveAspectRatio="none"'
        return f'<svg {view} width="100%" height="{self.height}">{"".join(parts)}</svg>'

    def area(self, a: float, b: float, y_a: float, y_b: float, css: str) -> str:
        """The rectangle from (a, y_a) to (b, y_b)."""
        width = max(self.across(b) - self.across(a), 0.0)
        top, bottom = sorted((self.down(y_a), self.down(y_b)))
        place = f'x="{self.x(a)}" width="{width:.2f}%" y="{top:.1f}" height="{bottom - top:.1f}"'
        return f'<rect class="{css}" {place}/>'

    def whisker(self, x: float, low: float, high: float) -> str:
        """A vertical error bar."""
        at = self.x(x)
        return f'<line class="whisker" x1="{at}" x2="{at}" y1="{self.down(high):.1f}" y2="{self.down(low):.1f}"/>'

    def label(self, x: float, top: float, text: str, css: str) -> str:
        """Text at x, its baseline `top` pixels from the top."""
        return f'<text class="{css}" x="{self.x(x)}" y="{top:.1f}">{escape(text)}</text>'

    def below(self, x: float, text: str) -> str:
        """A tick label of the x axis; the one at the left edge stays clear of the y axis."""
        return self.label(x, self.height + 16, text, "tick mid" if self.across(x) > 2 else "tick")

    def y_ticks(self, at: Sequence[float]) -> str:
        """Grid lines and labels of an angle axis whose both directions read as magnitudes."""
        out: list[str] = []
        for y in at:
            top = self.down(y)
            css = "zero" if y == 0 else "grid"
            out.append(f'<line class="{css}" x1="0" x2="100%" y1="{top:.1f}" y2="{top:.1f}"/>')
            out.append(f'<text class="tick end" x="-6" y="{top + 4:.1f}">{abs(y):.0f}°</text>')
        return "".join(out)

    def drawing(self, description: str, parts: Iterable[str], below: int = 0, above: int = 0) -> str:
        """The finished plot; `above` and `below` are the pixels that labels need outside the frame."""
        return (
            f'<div class="plot" style="padding-top:{above}px;padding-bottom:{below}px">'
            f'<svg role="img" aria-label="{escape(description)}" width="100%" height="{self.height}">'
            f"{''.join(parts)}</svg></div>"
        )
