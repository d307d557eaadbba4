"""The shape of a guided calibration: steps that look at samples, and a procedure that they add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from coxa.calibration.kept import Kind, NewCalibration
from coxa.samples import Samples

State = Literal["waiting", "moving", "still", "turning"]
"""What the wearer does, as far as this step cares: not yet what is asked, moving, keeping still, turning."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A step was done well: its value for later steps and for the result, and one line that says what was seen."""

    value: Any
    words: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A step has to be done again: why, what to do, a stable word; from which step on, where not from this one."""

    what: str
    advice: str
    reason: str
    back_to: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """How a step stands.

    Attributes:
        state, words: what the wearer does, and a few words on it (`hold still`, `turn out again`).
        share: of what is needed, 0 to 1. `remaining_s`: how much longer, where that is known.
        outcome: once it is over.
    """

    state: State
    words: str
    share: float = 0.0
    remaining_s: float | None = None
    outcome: Accepted | Refused | None = None


class Step(Protocol):
    """One thing to do. `key` is a stable word; `title` and `say` tell the wearer; `optional` ones may be left out."""

    @property
    def key(self) -> str:
        """A stable word, such as `standing`."""
        ...

    @property
    def title(self) -> str:
        """Two or three words."""
        ...

    @property
    def say(self) -> str:
        """What to do, one or two short sentences."""
        ...

    @property
    def optional(self) -> bool:
        """Whether it may be left out."""
        ...

    def look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:
        """How it stands, from the samples by place since it began, and the values of earlier steps by key.

        Every place of the procedure is in `heard`, with 10 samples or more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a calibration: names and values as shown, what it changes, and what is to be kept; None: nothing,
    as of a check."""

    lines: tuple[tuple[str, str], ...]
    changes: tuple[str, ...]
    kept: NewCalibration | None


class Procedure(Protocol):
    """The steps of one calibration, and what they add up to."""

    @property
    def kind(self) -> Kind:
        """What it calibrates."""
        ...

    @property
    def places(self) -> tuple[str, ...]:
        """Where sensors are worn, in words: one stream of samples each."""
        ...

    @property
    def steps(self) -> Sequence[Step]:
        """In order."""
        ...

    def finish(self, values: Mapping[str, Any], at: datetime, source: str) -> Finished:
        """The result of the accepted steps. Raises CalibrationError where they do not make one."""
        ...
