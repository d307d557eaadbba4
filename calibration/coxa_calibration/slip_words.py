"""The sentences that say what became of a strap."""

from __future__ import annotations

import numpy as np

from coxa_calibration.readings import Estimate


def words(around: Estimate | None, tilt: Estimate | None, *, around_seen: bool, tilt_seen: bool) -> tuple[str, str]:
    """Sentence and advice. around, tilt: the parts that moved, rad; None for one that did not."""
    moved: list[str] = []
    if around is not None:
        moved.append(f"turned {_deg(around)} around the thigh")
    if tilt is not None:
        moved.append(f"tipped by {_deg(tilt)}")
    if moved:
        return (
            f"The strap {' and '.join(moved)}.",
            "Put it back to its mark, fasten it more firmly, and calibrate again; what was measured in between counts "
            "for the range from end to end, not for its share inward and outward."
            if tilt is None
            else "Put it back to its mark, fasten it more firmly, and calibrate again.",
        )
    if around_seen and tilt_seen:
        return "The strap did not turn on the thigh; whether it slid along it, only its mark shows.", ""
    if tilt_seen:
        return (
            "The strap did not tip; whether it slid around the thigh cannot be seen with the thigh vertical.",
            "Record the neutral also seated, feet flat under the knees, before and after.",
        )
    if around_seen:
        return (
            "The strap did not slide around the thigh; whether it tipped is only partly seen with the thigh level.",
            "Record standing as well, before and after.",
        )
    return (
        "This does not show whether the strap moved.",
        "Record standing and seated, feet flat under the knees, before and after.",
    )


def _deg(estimate: Estimate) -> str:
    return f"{abs(np.degrees(estimate.value)):.0f}° ± {np.degrees(estimate.sd):.0f}°"
