"""What the noise of a lying sensor means, and what may have spoiled its figures, in sentences."""

from __future__ import annotations

import math

import numpy as np

from coxa.calibration.noise import INSTABILITY_S, KINDS, WALK_S, Kind, RestNoise, deviation_at, spoken
from coxa.calibration.noise_words import UNITS

SET_S = 60.0
"""A set of the exercise, for which the noise is told as an angle."""

ROUNDING_TOLD = 0.006
"""Share of rounding in the noise's variance from which it is said: 0.3 % of the figure, as much as it may be off."""

WARM_C = 2.0
"""Change of temperature that is told: below it the chip's own report, in whole degrees, says nothing."""


def remarks(result: RestNoise) -> tuple[str, ...]:
    """What the figures mean and what may have spoiled them, one sentence or two each."""
    found = (
        _angle(result), _short(result), _left_out(result), _gaps(result), _temperature(result),
        *(_rounding(result, kind) for kind in KINDS),
    )  # fmt: skip
    return tuple(text for text in found if text)


def _angle(result: RestNoise) -> str:
    """Two means that follow each other differ by √2 times the Allan deviation: that is what it is."""
    found = [deviation_at(one.noise.curve, SET_S) for one in result.of("gyroscope")]
    known = [value for value in found if value is not None]
    if not known:
        return ""
    off = np.degrees(math.sqrt(2) * max(known) * SET_S)
    return (
        f"For an angle: with the offset taken from 60 s of rest, the next 60 s are off by {off:.1g}° (one sd, noisiest "
        "axis)."
    )


def _short(result: RestNoise) -> str:
    if result.duration_s < INSTABILITY_S:
        return (
            f"{spoken(result.duration_s)} is enough for the noise. The bias instability, for which it has to lie for "
            "an hour or more, is a first look, and a random walk is told from three hours on."
        )
    if result.duration_s < WALK_S:
        return "A random walk is told from three hours on."
    return ""


def _left_out(result: RestNoise) -> str:
    rest = result.whole_s - result.duration_s
    if rest < 0.02 * result.whole_s:
        return ""
    return (
        f"The longest still part was used, from {spoken(result.start_s)} on; in the other {spoken(rest)} it moved, or "
        "more than 0.1 s of samples are missing."
    )


def _gaps(result: RestNoise) -> str:
    if not result.missing:
        return ""
    share = result.missing / (result.samples + result.missing)
    return (
        f"{result.missing} samples are missing inside it and were left out: averaging times are up to "
        f"{100 * share:.1g} % off, the noise density half of that."
    )


def _temperature(result: RestNoise) -> str:
    gyr = max((one.drift for one in result.of("gyroscope")), key=abs)
    drift = f"its offset moved by {np.degrees(gyr):+.2g} deg/s from the first to the last tenth"
    heat = result.temperature_c
    if heat is None:
        return (
            f"The recording has no temperature ({drift}). An offset that follows the room lifts the curve at long "
            "averaging times; instability and walk are then too large, the noise density is not."
        )
    first, last, low, high = heat
    if high - low < WARM_C:
        return f"The chip stayed at {(low + high) / 2:.0f} °C, to a degree or so: temperature hardly counts."
    return (
        f"The chip was between {low:.0f} and {high:.0f} °C ({first:.0f} first, {last:.0f} last), and {drift}. That "
        "lifts the curve at long averaging times: take instability and walk for upper bounds, or begin once it is "
        "warm. The noise density is not touched."
    )


def _rounding(result: RestNoise, kind: Kind) -> str:
    axes = result.of(kind)
    units = UNITS[kind]
    worst = max(axes, key=lambda one: one.rounding)
    if worst.coarse:
        stuck = "does not change at all" if worst.step == 0.0 else (
            f"comes in steps of {worst.step * units.step_per_si:.3g} {units.step}, coarser than its noise"
        )  # fmt: skip
        return (
            f"The {kind}'s {worst.axis} {stuck}: its figures are those of the rounding. Set a smaller range, or "
            "record the raw values."
        )
    if worst.rounding < ROUNDING_TOLD:
        return ""
    return (
        f"The {kind} comes in steps of {worst.step * units.step_per_si:.3g} {units.step}: rounding adds "
        f"{50 * worst.rounding:.2g} % to its noise."
    )
