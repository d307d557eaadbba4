"""A stored result as an `Analysis` again."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from coxa.errors import StoreError
from coxa.results import FORMAT, Analysis, Means, Rep, SetSummary, UsedCalibration

_SERIES = ("t_s", "rotation_deg", "rotation_sd_deg", "swing_deg")


def analysis_of(result: dict[str, Any]) -> Analysis:
    """The analysis in a JSON object of format `coxa.analysis/1`; without series in it, its arrays are empty.

    Raises:
        StoreError: another format, or keys that this version does not know.
    """
    if result.get("format") != FORMAT:
        raise StoreError(
            f"a stored result has format {result.get('format')}; this Coxa reads {FORMAT}",
            "Run `coxa reanalyze --all`, which makes results of this version.",
        )
    plain = {name: value for name, value in result.items() if name not in ("format", "coxa_version")}
    plain |= {name: np.asarray(result.get(name, ()), dtype=np.float64) for name in _SERIES}
    try:
        plain["reps"] = msgspec.convert(result["reps"], tuple[Rep, ...])
        plain["set"] = msgspec.convert(result["set"], SetSummary)
        for name, kind in (("warnings", tuple[str, ...]), ("axis", tuple[float, float, float])):
            plain[name] = msgspec.convert(result[name], kind)
        # results from before there were calibrations have neither
        plain["calibrations"] = msgspec.convert(result.get("calibrations", ()), tuple[UsedCalibration, ...])
        plain["thigh"] = msgspec.convert(result.get("thigh"), Means | None)
        plain["gap_spans_s"] = msgspec.convert(result["gap_spans_s"], tuple[tuple[float, float], ...])
        return Analysis(**plain)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise StoreError(
            f"a stored result of version {result.get('coxa_version')} cannot be read: {error}",
            "Run `coxa reanalyze --all`, which makes results of this version.",
        ) from error
