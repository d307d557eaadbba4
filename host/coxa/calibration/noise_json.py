"""The noise of a lying sensor as a JSON object."""

from __future__ import annotations

import math
from typing import Any

from coxa.calibration.noise import KINDS, AxisNoise, Kind, RestNoise
from coxa.calibration.noise_remarks import remarks
from coxa.calibration.noise_words import UNITS, typical
from coxa_calibration.datasheet import Datasheet


def as_json(result: RestNoise, sheet: Datasheet | None, source: str) -> dict[str, Any]:
    """The JSON object `coxa.noise/1`; standard deviations (sd), not half widths."""
    heat = result.temperature_c
    return {
        "format": "coxa.noise/1",
        "source": source,
        "chip": sheet.chip if sheet else None,
        "start_s": result.start_s,
        "duration_s": result.duration_s,
        "recording_s": result.whole_s,
        "samples": result.samples,
        "missing_samples": result.missing,
        "rate_hz": result.rate_hz,
        "temperature_c": None if heat is None else dict(zip(("first", "last", "lowest", "highest"), heat, strict=True)),
        **{kind: [_axis_json(one) for one in result.of(kind)] for kind in KINDS},
        "datasheet": None if sheet is None else {kind: _sheet_json(sheet, kind) for kind in KINDS},
        "remarks": list(remarks(result)),
    }


def _axis_json(one: AxisNoise) -> dict[str, Any]:
    units, found, walk = UNITS[one.kind], one.noise, one.walk
    density, instability, per_walk = (
        ("mdps_rthz", "deg_h", "deg_h_rth") if one.kind == "gyroscope" else ("ug_rthz", "ug", "ug_rth")
    )
    curve = found.curve
    return {
        "axis": one.axis,
        f"noise_{density}": one.density.value * units.density_per_si,
        f"noise_sd_{density}": one.density.sd * units.density_per_si,
        f"instability_{instability}": found.instability.value * units.instability_per_si,
        f"instability_sd_{instability}": found.instability.sd * units.instability_per_si,
        "instability_seen": found.instability_seen,
        "instability_at_s": list(one.lowest_s),
        f"walk_{per_walk}": None if walk is None else walk.value * units.walk_per_si,
        f"walk_sd_{per_walk}": None if walk is None else walk.sd * units.walk_per_si,
        f"drift_{'deg_s' if one.kind == 'gyroscope' else 'mg'}": one.drift * units.step_per_si,
        "rounding_share": one.rounding if math.isfinite(one.rounding) else None,
        "tau_s": curve.tau_s.tolist(),
        f"deviation_{'deg_s' if one.kind == 'gyroscope' else 'mg'}": (curve.deviation * units.step_per_si).tolist(),
        "freedom": curve.freedom.tolist(),
    }


def _sheet_json(sheet: Datasheet, kind: Kind) -> dict[str, Any]:
    figure = typical(sheet, kind)
    return {
        "noise": figure.value, "unit": UNITS[kind].density, "source": figure.source, "from_memory": figure.recalled
    }  # fmt: skip
