"""What the wearer does just now, judged from the last seconds of samples; cheap however long a step takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from coxa.calibration.guide.course import ENOUGH
from coxa.calibration.guide.step import Look, Refused
from coxa.errors import CoxaError
from coxa.samples import Floats, Samples
from coxa_calibration.held import STILL_M_S2, STILL_RAD_S, SURELY_RAD_S, holds, smoothed
from coxa_calibration.readings import CalibrationError, Recording, checked

LOOKED_S = 8.0
"""What live judgement looks back over: longer than any hold that is asked for, and its edges."""

BLOCK_S = 0.5
"""Calm is counted in blocks of this: several periods of tremor."""

EDGE_S = 0.3
"""A hold that ends this close to the last sample goes on: smoothing blurs its end by half of 0.25 s."""


@dataclass(frozen=True, slots=True)
class Attempt(ABC):
    """A step whose refusals by the calibration become those of the course.

    Attributes:
        key, title, say, optional: as in `course.Step`.
    """

    key: str
    title: str
    say: str
    optional: bool = False

    def look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:
        """How the step stands."""
        try:
            for samples in heard.values():
                # a knock on the way into a pose does no harm: clipping is judged in what is used
                checked(samples, clipping=False)
            return self._look(heard, values)
        except CalibrationError as error:
            return refused(error)
        except CoxaError as error:
            return Look("waiting", "again", outcome=Refused(error.what, error.advice, "unusable"))

    @abstractmethod
    def _look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:
        """The same; may raise CalibrationError."""


def refused(error: CalibrationError, back_to: str = "") -> Look:
    """The look of a step that has to be done again, from `back_to` on where that is not this one."""
    return Look("waiting", "again", outcome=Refused(error.what, error.advice, error.reason, back_to))


def part(samples: Samples, begin: int, end: int) -> Samples:
    """The samples [begin, end) alone."""
    s, inside = samples, slice(begin, end)
    temperature = None if s.temperature_c is None else s.temperature_c[inside]
    return Samples(s.t_s[inside], s.gyr_rad_s[inside], s.acc_m_s2[inside], temperature_c=temperature)


def lately(samples: Samples, seconds: float) -> Samples:
    """The last seconds, 10 samples or more."""
    first = int(np.count_nonzero(samples.t_s < samples.t_s[-1] - seconds))
    return part(samples, max(0, min(first, len(samples) - ENOUGH)), len(samples))


@dataclass(frozen=True, slots=True)
class Stillness:
    """How long the sensor has been still, up to now, s; `hold`: the samples of it, from 2 s on."""

    seconds: float
    hold: Samples | None

    @property
    def up(self) -> Floats | None:
        """(3,) mean force of the hold, m/s²."""
        return None if self.hold is None else np.asarray(self.hold.acc_m_s2.mean(axis=0), dtype=np.float64)


def stillness(samples: Samples) -> Stillness:
    """Of a thigh that is held, at the end of the samples; looks back over LOOKED_S."""
    recent = lately(samples, LOOKED_S)
    smooth = smoothed(Recording(recent.t_s, recent.gyr_rad_s, recent.acc_m_s2))
    found = holds(smooth)
    if found and recent.t_s[-1] - recent.t_s[found[-1][1] - 1] < EDGE_S:
        begin, end = found[-1]
        return Stillness(float(recent.t_s[end - 1] - recent.t_s[begin]), part(recent, begin, end))
    return Stillness(_calm_s(smooth), None)


def _calm_s(r: Recording) -> float:
    """Time at the end, in whole blocks, in which rate and force vary as little as in a hold."""
    size = max(2, round(BLOCK_S / float(np.median(np.diff(r.t_s)))))
    count = 0
    while (count + 1) * size <= len(r.t_s):
        block = slice(len(r.t_s) - (count + 1) * size, len(r.t_s) - count * size)
        spread = [float(np.linalg.norm(x[block].std(axis=0))) for x in (r.gyr_rad_s, r.acc_m_s2)]
        away = float(np.linalg.norm(r.gyr_rad_s[block].mean(axis=0) - r.gyr_rad_s[-size:].mean(axis=0)))
        if spread[0] > STILL_RAD_S or spread[1] > STILL_M_S2 or away > SURELY_RAD_S:
            break
        count += 1
    return count * BLOCK_S
