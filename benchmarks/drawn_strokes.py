"""Strokes of the procedures' drawings, as SVG: lines, shapes, arrows, a clock, ground and walls. Units are pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

Point = tuple[float, float]

PAPER, FRAME, INK, GROUND, WHITE = "#fbfaf7", "#d5dbe1", "#14202b", "#59656f", "#ffffff"
SKIN, FAR, BAND, SENSOR, MOTION, FINGER = "#cdd8e2", "#e4e9ee", "#7d93a6", "#d17f00", "#00558f", "#f3e3d3"
"""Light paper of its own, so that a dark viewer does not swallow the lines; all told apart in grey."""


def at(p: Point) -> str:
    return f"{p[0]:.1f} {p[1]:.1f}"


def along(a: Point, angle_deg: float, length: float) -> Point:
    """From a, in a direction clockwise from the right."""
    return a[0] + length * math.cos(math.radians(angle_deg)), a[1] + length * math.sin(math.radians(angle_deg))


def path(d: str, stroke: str = INK, width: float = 1.8, fill: str = "none", extra: str = "") -> str:
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{d}" fill="{fill}" stroke="{stroke}" stroke-width="{width:g}" {ends}{extra}/>'


def line(a: Point, b: Point, colour: str = INK, width: float = 2.0, dash: str = "") -> str:
    return path(f"M{at(a)} L{at(b)}", colour, width, extra=f' stroke-dasharray="{dash}"' if dash else "")


def polygon(points: Iterable[Point], fill: str, stroke: str = INK, width: float = 1.6, opacity: float = 1.0) -> str:
    seen = f' opacity="{opacity:g}"' if opacity < 1 else ""
    return path(f"M{' L'.join(at(p) for p in points)} Z", stroke, width, fill, seen)


def rect(centre: Point, across: float, down: float, round_: float, fill: str, *, width: float = 1.6) -> str:
    (x, y), ink = centre, f'fill="{fill}" stroke="{INK}" stroke-width="{width:g}"'
    place = f'x="{x - across / 2:.1f}" y="{y - down / 2:.1f}" width="{across:.1f}" height="{down:.1f}"'
    return f'<rect {place} rx="{round_:g}" {ink}/>'


def circle(centre: Point, radius: float, fill: str, width: float = 1.6) -> str:
    place = f'cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="{radius:.1f}"'
    return f'<circle {place} fill="{fill}" stroke="{INK}" stroke-width="{width:g}"/>'


def moved(inside: str, to: Point = (0, 0), turn_deg: float = 0.0, opacity: float = 1.0) -> str:
    seen = f' opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<g transform="translate({at(to)}) rotate({turn_deg:g})"{seen}>{inside}</g>'


def text(p: Point, words: str, size: float = 17, anchor: str = "middle") -> str:
    place = f'x="{p[0]:.1f}" y="{p[1]:.1f}" font-size="{size:g}" text-anchor="{anchor}"'
    return f'<text {place} fill="{INK}" font-weight="600">{escape(words)}</text>'


def arrow(points: Sequence[Point], colour: str = MOTION, width: float = 4.0, size: float = 11.0) -> str:
    """Through the points, its head at the last."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    a = math.atan2(y1 - y0, x1 - x0)
    back = (x1 - 0.8 * size * math.cos(a), y1 - 0.8 * size * math.sin(a))
    wings = [(x1 - size * math.cos(a + s), y1 - size * math.sin(a + s)) for s in (0.5, -0.5)]
    shaft = " ".join([f"M{at(points[0])}", *(f"L{at(p)}" for p in [*points[1:-1], back])])
    return path(shaft, colour, width) + polygon([points[-1], *wings], colour, colour, 1)


def arc(centre: Point, radius: float, begin_deg: float, end_deg: float, flat: float = 1.0) -> list[Point]:
    """Points of an arc, degrees clockwise from the right; `flat` squeezes it upright."""
    angles = np.radians(np.linspace(begin_deg, end_deg, 28)).tolist()
    return [(centre[0] + radius * math.cos(a), centre[1] + flat * radius * math.sin(a)) for a in angles]


def clock(p: Point, words: str, radius: float = 15.0) -> str:
    """A clock, and how long."""
    x, y = p
    hands = line(p, (x, y - 0.65 * radius)) + line(p, (x + 0.45 * radius, y + 0.25 * radius))
    return circle(p, radius, WHITE, 2) + hands + text((x, y + radius + 20), words)


def eye(p: Point, look_deg: float) -> str:
    """An eye, and which way it looks."""
    x, y = p
    lids = (
        f"M{x - 13:.1f} {y:.1f} Q{x:.1f} {y - 13:.1f} {x + 13:.1f} {y:.1f} Q{x:.1f} {y + 13:.1f} {x - 13:.1f} {y:.1f} Z"
    )
    look = arrow([along(p, look_deg, 17), along(p, look_deg, 36)], INK, 2, 8)
    return path(lids, fill=WHITE) + circle(p, 4.5, INK) + look


def ground(y: float, left: float, right: float) -> str:
    ticks = [line((x, y + 2), (x - 7, y + 9), GROUND, 1.2) for x in np.arange(left + 12, right, 14).tolist()]
    return line((left, y), (right, y), GROUND, 3) + "".join(ticks)


def wall(x: float, top: float, bottom: float) -> str:
    ticks = [line((x + 2, y), (x + 9, y + 7), GROUND, 1.2) for y in np.arange(top + 4, bottom - 8, 14).tolist()]
    return line((x, top), (x, bottom), GROUND, 3) + "".join(ticks)
