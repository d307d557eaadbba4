"""What came of a skin calibration, in lines and in sentences."""

from __future__ import annotations

import numpy as np

from coxa_calibration.gain import POPULATION, PersonalGain
from coxa_calibration.readings import Estimate

READING_DEG = 20.0
"""Turn at the strap that the gain is told with: about 35 to 40° of the femur."""

UNUSUAL = 3.0
"""So many sd from the mean share over people it is likelier that something was mixed up: a set with the sensor on the
thigh both times shows all of the turn."""


def lines(gain: PersonalGain) -> tuple[tuple[str, str], ...]:
    """Names and values."""
    ranges = [np.degrees(one) for one in (gain.range_ir_rad, gain.range_er_rad)]
    how = "two sensors at once" if gain.method == "together" else "one sensor, moved"
    return (
        ("Share shown inward", _percent(gain.k_ir)),
        ("Share shown outward", _percent(gain.k_er)),
        ("Fit", f"R² {gain.r_squared:.3f}, {np.degrees(gain.residual_sd_rad):.1f}° about it, from {gain.n_reps} turns "
                f"each way ({how})"),
        ("Measured up to", f"{ranges[0]:.0f}° inward, {ranges[1]:.0f}° outward"),
        ("Change that can be told", f"{gain.mdc_scaled(1.0):.1f} times that of the strap, as what it shows is divided"),
    )  # fmt: skip


def changes(gain: PersonalGain) -> tuple[str, ...]:
    """Plain sentences: what it does to a reading."""
    out: list[str] = []
    for word, sign in (("inward", 1.0), ("outward", -1.0)):
        value, sd = gain.bone_angle(np.radians(sign * READING_DEG), 0.0)
        out.append(
            f"{READING_DEG:.0f}° {word} at the strap is {abs(float(np.degrees(value))):.0f}° ± "
            f"{float(np.degrees(sd)):.1f}° of the thigh bone."
        )
    if max(abs(k.value - POPULATION.value) for k in (gain.k_ir, gain.k_er)) > UNUSUAL * POPULATION.sd:
        out.append("That is far from what most people show: see that one sensor was on the shank, below the knee.")
    usual = READING_DEG / POPULATION.value
    out.append(
        f"Without it, only the {READING_DEG:.0f}° would be known: by what most people show, something like "
        f"{usual:.0f}° ± {usual * POPULATION.sd / POPULATION.value:.0f}°."
    )
    out.append("It holds while the strap sits at this place; put on again at its mark it is a little less certain.")
    return tuple(out)


def _percent(share: Estimate) -> str:
    return f"{100 * share.value:.0f} % ± {100 * share.sd:.1f} %"
