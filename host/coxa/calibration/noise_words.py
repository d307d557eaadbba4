"""The noise of a lying sensor in numbers and sentences, beside what its data sheet says."""

from __future__ import annotations

import math
from dataclasses import dataclass

from coxa.calibration.noise import (
    KINDS,
    WALK_S,
    AxisNoise,
    Kind,
    RestNoise,
)
from coxa.samples import GRAVITY_M_S2
from coxa_calibration.comparison import FAR
from coxa_calibration.datasheet import Datasheet, Figure

COVERAGE_95 = 1.96
AS_STATED = 1.3
"""Times a typical figure that still counts as it: half of all chips lie above it, and the board's supply adds some."""

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Units:
    """In which units a kind is told, and how many of each one SI unit makes."""

    density: str
    density_per_si: float
    instability: str
    instability_per_si: float
    walk: str
    walk_per_si: float
    step: str
    step_per_si: float


_DEG, _G = math.degrees(1.0), 1 / GRAVITY_M_S2
UNITS: dict[Kind, Units] = {
    "gyroscope": Units(
        "mdps/√Hz", _DEG * 1e3, "deg/h", _DEG * HOUR_S, "deg/h/√h", _DEG * HOUR_S * math.sqrt(HOUR_S), "deg/s", _DEG
    ),
    "accelerometer": Units("µg/√Hz", _G * 1e6, "µg", _G * 1e6, "µg/√h", _G * 1e6 * math.sqrt(HOUR_S), "mg", _G * 1e3),
}


def typical(sheet: Datasheet, kind: Kind) -> Figure:
    """The data sheet's noise density, in the unit of `UNITS`."""
    return sheet.gyro_noise_mdps_rthz if kind == "gyroscope" else sheet.acc_noise_ug_rthz


def with_half(value: float, sd: float) -> str:
    """`3.81 ± 0.02`: the half width that holds 95 %, to one digit (two where it begins with 1), the value as far."""
    half = COVERAGE_95 * sd
    if not half > 0.0:
        return f"{value:.3g}"
    place = math.floor(math.log10(half))
    digits = max(0, -place + (half / 10**place < 2))
    return f"{value:.{digits}f} ± {half:.{digits}f}"


def cells(one: AxisNoise, duration_s: float) -> tuple[str, str, str, str]:
    """Of an axis: density, bias instability, where on the curve, random walk; in the units of `UNITS`."""
    units, found = UNITS[one.kind], one.noise
    scale = units.instability_per_si
    lowest, begin, end = one.lowest_s
    if found.instability_seen:
        instability = with_half(found.instability.value * scale, found.instability.sd * scale)
        where = f"{rounded(lowest)} s" + f" ({rounded(begin)}–{rounded(end)})" * (begin < end)
    else:
        instability = f"below {(found.instability.value + COVERAGE_95 * found.instability.sd) * scale:.2g}"
        where = "not reached"
    walk = one.walk
    unseen = "not seen" if duration_s >= WALK_S else "too short"
    walked = unseen if walk is None else with_half(walk.value * units.walk_per_si, walk.sd * units.walk_per_si)
    density = with_half(one.density.value * units.density_per_si, one.density.sd * units.density_per_si)
    return density, instability, where, walked


def compared(result: RestNoise, sheet: Datasheet) -> tuple[str, ...]:
    """A sentence for each kind: its noisiest axis against the data sheet."""
    out: list[str] = []
    for kind in KINDS:
        figure, units = typical(sheet, kind), UNITS[kind]
        ratio = max(one.density.value for one in result.of(kind)) * units.density_per_si / figure.value
        word = "as stated" if ratio <= AS_STATED else f"{ratio:.2g} times that"
        if ratio > FAR:
            word += "; did it really lie still, and is it this chip?"
        source = f"{figure.source}{', from memory' if figure.recalled else ''}"
        end = "" if word.endswith("?") else "."
        out.append(
            f"{kind.capitalize()}: {sheet.chip} typically {figure.value:g} {units.density} ({source}); {word}{end}"
        )
    return tuple(out)


def rounded(seconds: float) -> str:
    """An averaging time to two digits."""
    return f"{float(f'{seconds:.2g}'):g}"
