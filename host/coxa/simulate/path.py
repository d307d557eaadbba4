"""Where a body or a sensor is over time, put together from moves and stays; unsteady all along."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from coxa import quaternion as quat
from coxa.samples import Floats
from coxa.simulate.wearer import unsteadiness

SETTLE_S = 0.5
"""Unsteadiness comes up from zero and goes back to zero over this, so that one path continues another."""


@dataclass(slots=True)
class Path:
    """Orientations (4,), to the earth, at half the sample interval: what `motion.rate_and_force` takes.

    at: where it begins, and then where it has come to. dt_s: of the samples.
    """

    at: Floats
    dt_s: float
    parts: list[Floats] = field(default_factory=list[Floats])

    def move(self, to: Floats, seconds: float) -> Path:
        """To the orientation (4,) with minimum jerk."""
        share = np.arange(self._count(seconds)) / self._count(seconds)
        eased = share**3 * (10 - 15 * share + 6 * share**2)
        way = quat.to_rotation_vector(quat.multiply(quat.conjugate(self.at), to))
        self.parts.append(quat.multiply(self.at, quat.from_rotation_vector(eased[:, None] * way)))
        self.at = to
        return self

    def stay(self, seconds: float) -> Path:
        """Where it is."""
        self.parts.append(np.tile(self.at, (self._count(seconds), 1)))
        return self

    def along(self, course: Floats) -> Path:
        """The orientations (2 n + 1, 4), the first of which is where it is."""
        self.parts.append(course[:-1])
        self.at = course[-1]
        return self

    def times(self, seconds: float) -> Floats:
        """(2 n + 1,) of a course for `along`, s."""
        return np.arange(self._count(seconds) + 1) * self.dt_s / 2

    def course(self, unsteady_rad: float, bandwidth_hz: float, rng: np.random.Generator) -> Floats:
        """(2 n + 1, 4) of all parts, unsteady by so much about each axis (rms)."""
        q = np.concatenate([*self.parts, self.at[None, :]])
        half = self.dt_s / 2
        wobble = np.column_stack([unsteadiness(len(q), half, unsteady_rad, bandwidth_hz, rng) for _ in range(3)])
        edge = np.minimum(np.arange(len(q)), np.arange(len(q))[::-1]) * half / SETTLE_S
        share = np.clip(edge, 0.0, 1.0) ** 2 * (3 - 2 * np.clip(edge, 0.0, 1.0))
        return quat.multiply(q, quat.from_rotation_vector(share[:, None] * wobble))

    def _count(self, seconds: float) -> int:
        return 2 * max(1, round(seconds / self.dt_s))
