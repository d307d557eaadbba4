"""A pose that the wearer holds still with the sensor strapped on: where up is in the sensor, and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from coxa_calibration.readings import CalibrationError, Floats, Readings, Recording, checked, rate_hz
from coxa_calibration.stillness import covariance_of_mean

Pose = Literal["standing", "wall", "seated", "supine", "prone"]
POSES: tuple[Pose, ...] = ("standing", "wall", "seated", "supine", "prone")
VERTICAL: tuple[Pose, ...] = ("standing", "wall")
"""Poses in which the thigh is vertical; in the others it is horizontal."""

LEAST_S = 2.0
"""Shorter is no hold: breathing and the tremor of a muscle that is still tense have not averaged out."""

SMOOTH_S = 0.25
"""Mean over this takes out tremor (8 to 12 Hz): 0.05° of it alone turns at 3 deg/s."""

STILL_RAD_S, STILL_M_S2 = np.sqrt(3.0) * np.radians(2.0), 0.25
"""Largest spread (sd, three axes together) of the smoothed rate and force over LEAST_S. Rate: 2 deg/s on each axis,
where 0.35° of wander turns at about 0.8. Force: 1.5° of tilt, or a steady tipping at 2.5 deg/s."""

SURELY_RAD_S = np.radians(5.0)
"""Farther from the usual rate of a hold than this is a turn: wander comes so far once in some minutes."""

GAP_S, BLOCK_S = 0.1, 0.5
"""A longer step in time hides a move. Means over the second are taken as independent: wander is below 0.5 Hz."""

TURNING_RAD_S = np.radians(2.0)
"""With the bias known: a mean rate above this is a slow turn and no hold. At the ends of a hold: the turn has begun."""

SAME_POSE_RAD = np.radians(20.0)
"""Still spans whose vertical differs by more than this are different poses. The ends of a turn stay within it, even
where the thigh swings along."""

WANDER_RAD = np.radians(0.35)
"""How far a held thigh wanders, one sd: what the mean rate of a hold owes to the person instead of to the sensor."""


@dataclass(frozen=True, slots=True)
class Held:
    """A held pose.

    Attributes:
        pose: what the wearer was asked to do.
        up: (3,) unit vector, sensor frame, pointing up (the direction of the specific force).
        force_m_s2: (3,) mean specific force; its length is g but for the accelerometer's errors.
        sd_rad: sd of `up` in each of the two directions across it, from the scatter during the hold alone.
        rate_rad_s: (3,) mean rate, that is the gyroscope's bias, to `rate_sd_rad_s` on each axis.
        start_s, end_s: when.
    """

    pose: Pose
    up: Floats
    force_m_s2: Floats
    sd_rad: float
    rate_rad_s: Floats
    rate_sd_rad_s: float
    start_s: float
    end_s: float


def between(a: Floats, b: Floats) -> float:
    """Angle between two directions (3,), rad, 0 to π; exact for small ones, where the cosine is not."""
    return float(np.arctan2(np.linalg.norm(np.cross(a, b)), np.dot(a, b)))


def held(readings: Readings, pose: Pose, *, bias_rad_s: Floats | None = None) -> Held:
    """The longest hold of a recording of one pose.

    Args:
        bias_rad_s: (3,) bias of the gyroscope where it is known; with it a slow steady turn about the vertical is
            noticed too.

    Raises:
        CalibrationError: `too_short` (under 2 s), `moving` (never still for 2 s), `several_poses`, or what
            `readings.checked` refuses (`saturated`, `units`, `not_a_number`, …).
    """
    if pose not in POSES:
        raise CalibrationError(f"The pose '{pose}' is not known.", f"Use one of {', '.join(POSES)}.", "wrong_pose")
    r = checked(readings)
    length = float(r.t_s[-1] - r.t_s[0])
    if length < LEAST_S:
        raise CalibrationError(
            f"The recording lasts {length:.1f} s, less than {LEAST_S:g} s.", "Hold the pose for 5 s.", "too_short"
        )
    smooth = smoothed(r)
    spans = holds(smooth)
    if bias_rad_s is not None:
        spans = [s for s in spans if float(np.linalg.norm(_mean(smooth.gyr_rad_s, s) - bias_rad_s)) < TURNING_RAD_S]
    if not spans:
        raise CalibrationError(
            f"The thigh did not keep still for {LEAST_S:g} s ({_pace(smooth):.0f} deg/s at its usual).",
            "Take the pose first, then start, and hold it for 5 s.", "moving",
        )  # fmt: skip
    longest = max(spans, key=lambda span: span[1] - span[0])
    forces = [_mean(smooth.acc_m_s2, span) for span in spans]
    apart = max(between(force, _mean(smooth.acc_m_s2, longest)) for force in forces)
    if apart > SAME_POSE_RAD:
        raise CalibrationError(
            f"The recording holds more than one pose, {np.degrees(apart):.0f}° apart.",
            "Make one recording for each pose.", "several_poses",
        )  # fmt: skip
    return _held(smooth, longest, pose)


def holds(smooth: Recording) -> list[tuple[int, int]]:
    """Holds of LEAST_S or more in a `smoothed` recording, in order: first sample and one past the last.

    The bias does not matter: judged is the spread of the rate. A slow turn changes its rate little within half a
    second, so it is the spread over LEAST_S.
    """
    size = max(2, round(LEAST_S * rate_hz(smooth)))
    rate = smooth.gyr_rad_s - np.median(smooth.gyr_rad_s, axis=0)
    calm = (_spread(rate, size) < STILL_RAD_S) & (_spread(smooth.acc_m_s2, size) < STILL_M_S2)
    calm[1:] &= np.diff(smooth.t_s) <= GAP_S
    found: list[tuple[int, int]] = []
    for begin, end in _runs(calm):
        off = np.linalg.norm(rate[begin:end] - np.median(rate[begin:end], axis=0), axis=1)
        for first, last in _runs(off < SURELY_RAD_S):
            # a turn that has begun softly is not yet fast: what counts as its beginning is left out
            slow = first + np.flatnonzero(off[first:last] < TURNING_RAD_S)
            if len(slow) and slow[-1] - slow[0] + 1 >= size:
                found.append((begin + int(slow[0]), begin + int(slow[-1]) + 1))
    return found


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, one past last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _spread(values: Floats, size: int) -> Floats:
    """(n,) sd of values (n, 3), axes together, in the calmest window of `size` samples near each."""
    values = values - values.mean(axis=0)
    mean, square = (uniform_filter1d(x, size, axis=0, mode="nearest") for x in (values, values**2))
    spread = np.sqrt(np.maximum(square - mean**2, 0.0).sum(axis=1))
    return np.asarray(minimum_filter1d(spread, size), dtype=np.float64)


def _mean(values: Floats, span: tuple[int, int]) -> Floats:
    return np.asarray(values[slice(*span)].mean(axis=0), dtype=np.float64)


def smoothed(r: Recording) -> Recording:
    """The same with rate and force averaged over SMOOTH_S around each sample."""
    size = max(1, round(SMOOTH_S * rate_hz(r)))
    gyr, acc = (np.asarray(uniform_filter1d(x, size, axis=0, mode="nearest")) for x in (r.gyr_rad_s, r.acc_m_s2))
    return Recording(r.t_s, gyr, acc)


def _pace(r: Recording) -> float:
    """Usual speed of turning, deg/s, the middle rate taken for the bias."""
    return float(np.degrees(np.median(np.linalg.norm(r.gyr_rad_s - np.median(r.gyr_rad_s, axis=0), axis=1))))


def _held(smooth: Recording, span: tuple[int, int], pose: Pose) -> Held:
    force = _mean(smooth.acc_m_s2, span)
    size = float(np.linalg.norm(force))
    up = force / size
    covariance = covariance_of_mean(smooth.acc_m_s2[slice(*span)], max(1, round(BLOCK_S * rate_hz(smooth))))
    across = float(np.trace(covariance) - up @ covariance @ up)
    start, end = float(smooth.t_s[span[0]]), float(smooth.t_s[span[1] - 1])
    # the mean rate is the way from one end of the hold to the other over its length
    rate_sd = float(np.sqrt(2.0) * WANDER_RAD / (end - start))
    sd = float(np.sqrt(max(across, 0.0) / 2)) / size
    return Held(pose, up, force, sd, _mean(smooth.gyr_rad_s, span), rate_sd, start, end)
