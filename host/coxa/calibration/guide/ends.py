"""Turns of the leg counted while they are made, without knowing the bias: where the turning turns back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coxa.calibration.guide.watch import part
from coxa.samples import Floats, Samples
from coxa_calibration.held import between, holds, smoothed
from coxa_calibration.readings import CalibrationError, Recording

DECIMATED_S = 0.05
"""Rates are averaged over this: a turn takes seconds."""

BACK_RAD = np.radians(4.0)
"""An end is counted once the strap has turned back by this: more than wander and drift between two ends (1.2° and less
than 3°), and so little that turns which are too small are counted, and then refused with a word on it."""

SAME_POSE_RAD = np.radians(45.0)
"""A rest before and a rest after turns of the leg see gravity at least so near to one another."""

FASTER_SHARE = 0.2
"""Moments that turn faster than this share of the fastest tenth show the axis."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Ends that the turning came back from, each way: `forth` positive about the axis, `back` negative."""

    forth: int
    back: int

    @property
    def both(self) -> int:
        """How often both were visited."""
        return min(self.forth, self.back)


def ends(samples: Samples, axis: Floats | None = None, bias_rad_s: Floats | None = None) -> Ends:
    """Of the samples so far; about their own main axis where none (3,) is given.

    Drift does not matter: an end counts by the way from it, which takes a second or two.
    """
    t, rate, _ = decimated(samples)
    if len(t) < 4:
        return Ends(0, 0)
    rate = rate - (np.median(rate, axis=0) if bias_rad_s is None else bias_rad_s)
    if axis is None:
        speed = np.linalg.norm(rate, axis=1)
        fast = rate[speed > FASTER_SHARE * float(np.quantile(speed, 0.9))]
        axis = np.linalg.eigh(fast.T @ fast)[1][:, -1] if len(fast) else np.array([0.0, 0.0, 1.0])
    about = rate @ axis
    angle = np.concatenate([[0.0], np.cumsum((about[1:] + about[:-1]) / 2 * np.diff(t))])
    return _turned_back(angle.tolist())


def from_rest(samples: Samples, turns: int, axis: Floats | None = None, bias_rad_s: Floats | None = None) -> Samples:
    """From the last rest on that all the turns come after: what comes before is no turn of the leg, such as lying down.

    Raises:
        CalibrationError: `too_few`, where there is no such rest.
    """
    smooth = smoothed(Recording(samples.t_s, samples.gyr_rad_s, samples.acc_m_s2))
    found = holds(smooth)
    ups = [smooth.acc_m_s2[begin:end].mean(axis=0) for begin, end in found]
    for (begin, _), up in zip(reversed(found), reversed(ups), strict=True):
        after = part(samples, begin, len(samples))
        if between(up, ups[-1]) < SAME_POSE_RAD and ends(after, axis, bias_rad_s).both >= turns:
            return after
    raise CalibrationError(
        "There is no rest before the turns.",
        "Rest for three seconds with the toes up, and only then turn the foot, outward first.", "too_few",
    )  # fmt: skip


def decimated(samples: Samples) -> tuple[Floats, Floats, Floats]:
    """Times (m,), mean rates and forces (m, 3) of blocks of DECIMATED_S; what is left at the end is left out."""
    size = max(1, round(DECIMATED_S * samples.sampling_rate_hz))
    count = len(samples) // size
    used = slice(count * size)
    t = samples.t_s[used].reshape(count, size).mean(axis=1)
    rate, force = (x[used].reshape(count, size, 3).mean(axis=1) for x in (samples.gyr_rad_s, samples.acc_m_s2))
    return t, rate, force


def _turned_back(angle: list[float]) -> Ends:
    """Extremes from which the angle, rad, came back by BACK_RAD, after it had come to them by as much."""
    forth = back = 0
    low = high = angle[0]
    way = 0
    for value in angle:
        low, high = min(low, value), max(high, value)
        if way >= 0 and high - value > BACK_RAD:
            forth += way
            way, low = -1, value
        elif way <= 0 and value - low > BACK_RAD:
            back += -way
            way, high = 1, value
    return Ends(forth, back)
