"""Colours of the figures: colour-blind safe, and told apart in grey by lightness alone.

Blue and orange are after Okabe and Ito (2008, "Color Universal Design"), darkened or lightened so that each keeps a
contrast of 3:1 to the paper (WCAG 2.1, 1.4.11) and its own lightness. Red is not used: no result is "bad".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Hex colours `#rrggbb` for one theme: text, structure, and the three quantities."""

    paper: str
    ink: str
    quiet: str
    rule: str
    wash: str
    ir: str
    er: str
    arc: str


LIGHT = Palette(
    paper="#ffffff",
    ink="#14202b",
    quiet="#56626d",
    rule="#d5dbe1",
    wash="#f3f5f7",
    ir="#00558f",
    er="#d17f00",
    arc="#14202b",
)
DARK = Palette(
    paper="#12171c",
    ink="#eef2f5",
    quiet="#a9b4be",
    rule="#36414b",
    wash="#1b2229",
    ir="#2f86c9",
    er="#f2b84b",
    arc="#eef2f5",
)


def luminance(colour: str) -> float:
    """Relative luminance, 0-1, of `#rrggbb` (WCAG 2.1)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def lightness(colour: str) -> float:
    """Lightness L*, 0-100, of `#rrggbb`: what is left of the colour in grey (CIE 1976)."""
    y = luminance(colour)
    return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else y * 24389 / 27


def contrast(a: str, b: str) -> float:
    """Contrast ratio, 1-21, of two colours `#rrggbb` (WCAG 2.1)."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)
