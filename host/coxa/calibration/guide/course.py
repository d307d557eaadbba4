"""The course of a guided calibration: one step after the other, each repeated until it was done well.

Samples are pushed as they come and `advance` is called a few times a second. Nothing here knows of a terminal, a page
or a clock: time is that of the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from coxa.calibration.applied import Calibration, corrected
from coxa.calibration.guide.step import Accepted, Finished, Look, Procedure, Refused, Step
from coxa.errors import InputError
from coxa.samples import Samples
from coxa_calibration.sensor import SensorCalibration

PATIENCE_S = 180.0
"""A step that is not done within this is given up: whoever does it has left, or cannot do it."""

ATTEMPTS = 6
"""How often a step is begun again after a refusal."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How a guided calibration stands: which step of how many, how it looks, and what became of the one before.

    Attributes:
        step: the one to do; None once all are done.
        number, total: of the step, from 1.
        look: at the step; None as long as there are too few samples of it.
        last: what was decided last, None at first. `attempt`: 1 unless the step was refused.
    """

    step: Step | None
    number: int
    total: int
    look: Look | None
    last: Accepted | Refused | None
    attempt: int

    @property
    def done(self) -> bool:
        """Whether all steps are accepted."""
        return self.step is None


ENOUGH = 10
"""Samples of each place from which on a step is looked at."""


@dataclass(slots=True)
class Guide:
    """One calibration on its way. `without`: keys of optional steps that are left out.

    Attributes:
        sensors: by place, the calibration of the sensor worn there, which is applied to what is pushed.
        values: of the accepted steps, by key.
        listeners: called at each decision with the step and what was decided.
    """

    procedure: Procedure
    without: frozenset[str] = frozenset()
    patience_s: float = PATIENCE_S
    sensors: Mapping[str, SensorCalibration] = field(default_factory=dict[str, SensorCalibration])
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    listeners: list[Callable[[Step, Accepted | Refused], None]] = field(
        default_factory=list[Callable[[Step, "Accepted | Refused"], None]]
    )
    _heard: dict[str, list[Samples]] = field(default_factory=dict[str, list[Samples]])
    _at: int = 0
    _attempt: int = 1
    _last: Accepted | Refused | None = None
    _refusals: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        """Begin with the first step that is not left out."""
        self._at = self._next(0)

    def push(self, place: str, samples: Samples) -> None:
        """Samples of a place, later than all before."""
        exact, _ = corrected(samples, Calibration(sensor=self.sensors.get(place)))
        self._heard.setdefault(place, []).append(exact)

    def advance(self) -> Stand:
        """Look at the step; go on where it is done, begin it again where it was refused.

        Raises:
            InputError: the step was refused too often, or nobody did it in time.
        """
        if self.done:
            return self._stand(None)
        step = self._step
        heard = {place: joined(self._heard.get(place, [])) for place in self.procedure.places}
        if any(one is None or len(one) < ENOUGH for one in heard.values()):
            return self._stand(None)
        ready = {place: one for place, one in heard.items() if one is not None}
        look = step.look(ready, self.values)
        if look.outcome is not None:
            self._decide(step, look.outcome)
        elif max(one.duration_s for one in ready.values()) > self.patience_s:
            raise InputError(
                f"the step '{step.title}' was not done within {self.patience_s:.0f} s ({look.words})",
                "Begin again when you are ready; what was measured before this calibration still holds.",
            )
        return replace(self._stand(look), last=self._last)

    @property
    def done(self) -> bool:
        """Whether all steps are accepted."""
        return self._at >= len(self.procedure.steps)

    def finish(self, at: datetime, source: str) -> Finished:
        """The result; `at` with time zone. Raises CalibrationError where the steps do not make one."""
        return self.procedure.finish(self.values, at, source)

    @property
    def _step(self) -> Step:
        return self.procedure.steps[self._at]

    def _decide(self, step: Step, outcome: Accepted | Refused) -> None:
        self._last = outcome
        self._heard.clear()
        if isinstance(outcome, Accepted):
            self.values[step.key] = outcome.value
            self._at, self._attempt = self._next(self._at + 1), 1
        else:
            self._attempt += 1
            # counted for each step: one that sends back to another would else never be given up
            self._refusals[step.key] = self._refusals.get(step.key, 0) + 1
            if self._refusals[step.key] >= ATTEMPTS:
                raise InputError(
                    f"the step '{step.title}' was not done in {ATTEMPTS} attempts: {outcome.what}", outcome.advice
                )
            if outcome.back_to:
                keys = [one.key for one in self.procedure.steps]
                self._at = keys.index(outcome.back_to)
                for key in keys[self._at :]:
                    self.values.pop(key, None)
        for listener in self.listeners:
            listener(step, outcome)

    def _next(self, at: int) -> int:
        steps = self.procedure.steps
        while at < len(steps) and steps[at].optional and steps[at].key in self.without:
            at += 1
        return at

    def _stand(self, look: Look | None) -> Stand:
        step = None if self.done else self._step
        return Stand(step, self._at + 1, len(self.procedure.steps), look, self._last, self._attempt)


def joined(parts: list[Samples]) -> Samples | None:
    """The parts as one; None where there are none. Afterwards `parts` holds it alone."""
    if not parts:
        return None
    if len(parts) > 1:
        temperatures = [p.temperature_c for p in parts]
        known = [t for t in temperatures if t is not None]
        whole = Samples(
            np.concatenate([p.t_s for p in parts]),
            np.concatenate([p.gyr_rad_s for p in parts]),
            np.concatenate([p.acc_m_s2 for p in parts]),
            temperature_c=np.concatenate(known) if len(known) == len(parts) else None,
        )
        parts[:] = [whole]
    return parts[0]
