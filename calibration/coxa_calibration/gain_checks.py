"""What a calibration of the gain must not be made from, each with its sentence."""

from __future__ import annotations

import math

import numpy as np

from coxa_calibration.deming import Fit
from coxa_calibration.paired import MIN_TURN_RAD, Points
from coxa_calibration.readings import CalibrationError, Floats

MIN_REPS, MIN_NEUTRALS = 3, 2
"""With fewer stops their scatter is not known."""

MAX_SHARE = 1.15
"""Skin cannot turn further than the bone; errors of a short turn make it seem to."""

MAX_SWING_RAD = np.radians(10.0)
"""A shank that swings by this while it turns by 35° has its knee bent by 16°, and shows 4 % less than the femur."""

MAX_SLIP_RAD = np.radians(3.0)
MAX_NEUTRAL_CHANGE_RAD = np.radians(4.0)
"""How far the thigh may come off what the shank says; and how far its neutral may creep where no shank is there to say.
A strap that moved by 2 cm on a thigh of 45-60 cm has turned by 12-16°."""


def check_reps(points: Points, shank_rad: Floats) -> None:
    """Refuse too small a turn of the shank (n,), from its neutral (`small_range`), and too few stops (`too_few`)."""
    for sign, word in ((1, "inwards"), (-1, "outwards")):
        furthest = float((sign * shank_rad).max(initial=0.0))
        if furthest < MIN_TURN_RAD:
            raise CalibrationError(
                f"The shank turned {word} by no more than {math.degrees(furthest):.0f}°.",
                f"Turn by at least {math.degrees(MIN_TURN_RAD):.0f}° in both directions, five times.", "small_range",
            )  # fmt: skip
    neutrals = int(np.count_nonzero(points.family == 0))
    if points.reps < MIN_REPS or neutrals < MIN_NEUTRALS:
        raise CalibrationError(
            f"The leg stopped {points.reps} times at both ends, and {neutrals} times at the neutral.",
            "Do five slow repetitions, and stop for a second at both ends and at the neutral.", "too_few",
        )  # fmt: skip


def check_slopes(fit: Fit) -> None:
    """Refuse a thigh that turns against the shank (`opposite`) or further than it (`exchanged`)."""
    if min(fit.slopes) <= 0:
        raise CalibrationError(
            "The thigh and the shank turn opposite ways.",
            "Check the stated side and which way up the sensors are.", "opposite",
        )  # fmt: skip
    if max(fit.slopes) > MAX_SHARE:
        raise CalibrationError(
            f"The sensor on the thigh turns {max(fit.slopes):.1f} times as far as that on the shank.",
            "Check that the two are not exchanged, and that the knee is straight.", "exchanged",
        )  # fmt: skip


def check_slip(residuals: Floats) -> None:
    """Refuse (`moved`) residuals (n,), rad, in order of time, that have a step, as a strap leaves that has moved."""
    n = len(residuals)
    steps = [float(residuals[i:].mean() - residuals[:i].mean()) for i in range(2, n - 1)]
    step = max(map(abs, steps), default=0.0)
    if step > MAX_SLIP_RAD:
        raise CalibrationError(
            f"The strap moved: the thigh came off the shank by {math.degrees(step):.0f}° on the way.",
            "Tighten the strap, and repeat.", "moved",
        )  # fmt: skip


def check_creep(neutral: Floats) -> None:
    """Refuse (`moved`) returns of the thigh (m,), rad, in order of time, that end elsewhere than they began."""
    creep = abs(float(neutral[-2:].mean() - neutral[:2].mean())) if len(neutral) >= 4 else 0.0
    if creep > MAX_NEUTRAL_CHANGE_RAD:
        raise CalibrationError(
            f"The neutral of the thigh changed by {math.degrees(creep):.0f}° in its set.",
            "Check that the strap sits fast, and repeat the set.", "moved",
        )  # fmt: skip


def check_swing(swing_rad: Floats, n: int) -> None:
    """Refuse a shank that swings (`swing`), or a swing (n,) that is not one (`shape`, `not_a_number`)."""
    if swing_rad.shape != (n,):
        raise CalibrationError(
            f"The swing has the shape {swing_rad.shape}, not ({n},).", "Give one for each time.", "shape"
        )
    if not np.isfinite(swing_rad).all():
        raise CalibrationError("The swing has values that are not numbers.", "Leave such samples out.", "not_a_number")
    most = float(np.quantile(np.abs(swing_rad), 0.95))
    if most > MAX_SWING_RAD:
        raise CalibrationError(
            f"The shank swung by {math.degrees(most):.0f}° as it turned.",
            "Keep the knee straight and the heel in its place, and repeat.", "swing",
        )  # fmt: skip
