"""Allan deviation of a lying sensor as a figure: gyroscope and accelerometer side by side, three axes each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from coxa.calibration.noise import KINDS, AxisNoise, RestNoise, interval, spoken
from coxa.calibration.noise_remarks import remarks
from coxa.calibration.noise_words import UNITS, cells, compared, typical
from coxa.errors import UsageError
from coxa.report.palette import LIGHT
from coxa.report.panel import Panel
from coxa.report.sheet import Sheet, save
from coxa.samples import Floats
from coxa_calibration.allan import FLICKER
from coxa_calibration.datasheet import Datasheet

SUFFIXES = (".png", ".svg", ".pdf")
DPI = 150
WIDTH_IN, MARGIN_IN, GAP_IN, HEIGHT_IN = 11.0, 0.55, 0.6, 4.0
INDENT_IN, ROOM_RIGHT_IN = 0.55, 0.2
"""Left of an axis for its labels; right of it for the names of the curves."""

COLUMNS_IN = (0.0, 0.25, 1.4, 2.6, 3.75)
"""Where the columns of the table begin: axis, noise, instability, where, walk."""

SHARE = 0.95
"""The bands hold this share of what the deviation could be."""

COLOURS = {"x": LIGHT.ink, "y": LIGHT.ir, "z": LIGHT.er}
"""Told apart in grey by lightness, and by the letter at the end of each curve."""

NAMES_APART, HEADROOM = 0.045, 0.15
"""Least distance of the letters at the ends of the curves, as a share of the height; room above and below, decades."""

FEW_BELOW = 100.0
"""Range of the deviation below which also 2 and 5 of each decade are labelled."""

TIMES = {0.01: "0.01 s", 0.1: "0.1 s", 1.0: "1 s", 10.0: "10 s", 100.0: "100 s", 1000.0: "1000 s", 1e4: "10 000 s"}


@dataclass(frozen=True, slots=True)
class _Log:
    """Axes of logarithms, which `Panel` draws as straight ones; x and y are seconds and the unit shown."""

    panel: Panel
    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Fractions of the axes."""
        (x0, x1), (y0, y1) = np.log10(self.x), np.log10(self.y)
        return float((np.log10(x) - x0) / (x1 - x0)), float((np.log10(y) - y0) / (y1 - y0))

    def line(self, x: Floats, y: Floats, colour: str, width: float, *, dashed: bool = False) -> None:
        """A curve."""
        self.panel.line(np.log10(x), np.log10(y), colour, width=width, dashed=dashed)

    def grid(self) -> None:
        """Limits, labels, faint lines at each decade, fainter ones at 2 and 5, with labels where there are few."""
        self.panel.limits((float(np.log10(self.x[0])), float(np.log10(self.x[1]))), tuple(np.log10(self.y).tolist()))
        times = [t for t in TIMES if self.x[0] <= t * 1.001 and t <= self.x[1]]
        self.panel.x_ticks([float(np.log10(t)) for t in times], [TIMES[t] for t in times])
        self.panel.angle_ticks([])
        for t in times:
            self.line(np.array([t, t]), np.array(self.y), LIGHT.rule, 0.4)
        few = self.y[1] / self.y[0] < FEW_BELOW
        for power in range(int(np.floor(np.log10(self.y[0]))), int(np.ceil(np.log10(self.y[1])))):
            for digit in (1, 2, 5):
                y = digit * 10.0**power
                if not self.y[0] <= y <= self.y[1]:
                    continue
                self.line(np.array(self.x), np.array([y, y]), LIGHT.rule, 0.9 if digit == 1 else 0.4)
                if digit == 1 or few:
                    self.panel.note(f"{y:.{max(0, -power)}f}", (0.0, self.place(1.0, y)[1]), (-6, -3), ha="right")


def write_noise_figure(result: RestNoise, path: Path | str, *, title: str, sheet: Datasheet | None = None) -> None:
    """Write the figure as PNG, SVG or PDF, by the suffix of the path.

    Raises:
        UsageError: another suffix, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{path} is no picture that can be written", f"End its name in {', '.join(SUFFIXES)}.")
    save(noise_figure(result, title=title, sheet=sheet), path, suffix[1:], DPI)


def noise_figure(result: RestNoise, *, title: str, sheet: Datasheet | None = None) -> Figure:
    """The figure on its own Agg canvas; no global state is touched."""
    page = Sheet(WIDTH_IN, MARGIN_IN)
    page.text(title, 15, bold=True)
    heat = result.temperature_c
    warm = "" if heat is None else f" · {heat[2]:.0f} to {heat[3]:.0f} °C".replace(f"{heat[3]:.0f} to ", "")
    page.text(f"At rest for {spoken(result.duration_s)} · {result.rate_hz:.1f} Hz{warm}", 9.5, quiet=True)
    page.gap(0.2)
    width = (page.inner - GAP_IN) / 2
    lefts = (0.0, width + GAP_IN)
    page.columns([kind.capitalize() for kind in KINDS], 11, at=lefts, bold=True, quiet=False)
    titles = [f"Allan deviation in {UNITS[kind].step} over averaging time" for kind in KINDS]
    page.columns(titles, 9, at=lefts, bold=False, quiet=True)
    page.gap(0.14)
    for kind, left in zip(KINDS, lefts, strict=True):
        panel = page.panel(HEIGHT_IN, at=left + INDENT_IN, width=width - INDENT_IN - ROOM_RIGHT_IN)
        _draw(panel, result.of(kind), sheet)
    page.gap(HEIGHT_IN + 0.45)
    _table(page, result, lefts)
    page.gap(0.16)
    page.rule()
    page.gap(0.08)
    said = (*compared(result, sheet), *remarks(result)) if sheet else remarks(result)
    page.text("Bands and ± hold 95 %. " + " ".join(said), 8, quiet=True)
    return page.finish()


def _draw(panel: Panel, axes: tuple[AxisNoise, ...], sheet: Datasheet | None) -> None:
    shown = [one for one in axes if one.noise.curve.deviation.all()]
    if not shown:
        panel.empty("It does not vary at all: there is no noise to draw.")
        return
    units = UNITS[shown[0].kind]
    tau = shown[0].noise.curve.tau_s
    bands = {one.axis: tuple(side * units.step_per_si for side in interval(one.noise.curve, SHARE)) for one in shown}
    lines = _lines(shown, sheet, tau)
    low = min(*(float(below.min()) for below, _ in bands.values()), *(float(y.min()) for y in lines.values()))
    high = max(*(float(above.max()) for _, above in bands.values()), *(float(y.max()) for y in lines.values()))
    view = _Log(panel, (float(tau[0]), float(tau[-1])), (low * 10**-HEADROOM, high * 10**HEADROOM))
    view.grid()
    for name, y in lines.items():
        stated = name.startswith("data sheet")
        view.line(tau, y, LIGHT.quiet, 1.4 if stated else 0.9, dashed=stated)
    for one in shown:
        below, above = bands[one.axis]
        panel.band(np.log10(tau), np.log10(below), np.log10(above), COLOURS[one.axis], alpha=0.2)
        view.line(tau, one.noise.curve.deviation * units.step_per_si, COLOURS[one.axis], 1.7)
    _say(view, lines, tau)
    _letters(view, shown, units.step_per_si)


def _lines(shown: list[AxisNoise], sheet: Datasheet | None, tau: Floats) -> dict[str, Floats]:
    """By name: white noise (slope −½), bias instability (slope 0, where it is seen) and the data sheet's noise."""
    units = UNITS[shown[0].kind]
    white = float(np.median([one.density.value for one in shown])) * units.step_per_si
    lines = {"slope −½: white noise": white / np.sqrt(2 * tau)}
    seen = [one.noise.instability.value for one in shown if one.noise.instability_seen]
    if seen:
        flat = FLICKER * float(np.median(seen)) * units.step_per_si
        lines["slope 0: 0.664 × bias instability"] = np.full(len(tau), flat)
    if sheet is not None:
        stated = typical(sheet, shown[0].kind).value / units.density_per_si * units.step_per_si
        lines[f"data sheet, {sheet.chip}"] = stated / np.sqrt(2 * tau)
    return lines


def _say(view: _Log, lines: dict[str, Floats], tau: Floats) -> None:
    """The names of the straight lines, each where there is room: above the white and the flat one."""
    for name, y in lines.items():
        if name.startswith("slope 0"):
            view.panel.note(name, (0.0, view.place(1.0, float(y[0]))[1]), (4, 4))
        elif name.startswith("slope"):
            k = len(tau) // 4
            view.panel.note(name, view.place(float(tau[k]), float(y[k])), (8, 4))
        else:
            k = len(tau) - 1
            view.panel.note(name, view.place(float(tau[k]), float(y[k])), (-22, 0), ha="right", va="center")


def _letters(view: _Log, shown: list[AxisNoise], per_si: float) -> None:
    """The axis at the end of each curve, moved apart where they meet."""
    ends = sorted((view.place(1.0, float(one.noise.curve.deviation[-1] * per_si))[1], one.axis) for one in shown)
    at = -np.inf
    for y, axis in ends:
        at = max(y, at + NAMES_APART)
        view.panel.note(axis, (1.0, at), (6, 0), va="center", size=12, colour=COLOURS[axis])


def _table(page: Sheet, result: RestNoise, lefts: tuple[float, float]) -> None:
    at = [left + column for left in lefts for column in COLUMNS_IN]
    heads = [("", "Noise", "Bias instability", "Lowest at", "Random walk")] * len(KINDS)
    units = [("", UNITS[k].density, UNITS[k].instability, "", UNITS[k].walk) for k in KINDS]
    for heading, quiet in ((heads, False), (units, True)):
        page.columns([text for row in heading for text in row], 8.5, at=at, bold=not quiet, quiet=quiet)
    for rows in zip(*(result.of(kind) for kind in KINDS), strict=True):
        texts = [text for one in rows for text in (one.axis, *cells(one, result.duration_s))]
        page.columns(texts, 8.5, at=at, bold=False, quiet=False)
