"""The personal gain, step by step: what this person's thigh sensor shows of the femur's turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from coxa.calibration import kept
from coxa.calibration.guide.skin_result import changes, lines
from coxa.calibration.guide.skin_steps import SHANK, THIGH, Moved, OneSet, Together, Worn
from coxa.calibration.guide.step import Finished, Step
from coxa.calibration.kept import Kind
from coxa.results import Position, Side
from coxa_calibration.gain import PersonalGain
from coxa_calibration.gain_fit import SCALE_SD

TURN = (
    "with the knee straight and the toes up, rest for three seconds. Then turn the foot slowly outward and inward as "
    "far as is comfortable, {times} times, with a second's stop at each end and at the neutral; and rest."
)


@dataclass(frozen=True, slots=True)
class SkinTogether:
    """Two sensors at once, one on the thigh and one on the shank.

    Attributes:
        uid: of the sensor on the thigh. `side`, `person`, `strap`: of it, the strap in the user's words.
        scale_sd: of each gyroscope's scale, a share (`SensorCalibration.scale_sd`).
        position: of the body.
    """

    uid: str
    side: Side
    person: str
    strap: str
    scale_sd: float = SCALE_SD
    position: Position = "supine"

    @property
    def kind(self) -> Kind:
        """What it calibrates."""
        return "skin"

    @property
    def places(self) -> tuple[str, ...]:
        """One sensor on the thigh, one on the shank."""
        return (THIGH, SHANK)

    @property
    def steps(self) -> tuple[Step, ...]:
        """`reps`."""
        worn = Worn(self.side, self.strap, self.position)
        return (Together("reps", "Turn the leg", _say(self.position, "five"), worn=worn, scale_sd=self.scale_sd),)

    def finish(self, values: Mapping[str, Any], at: datetime, source: str) -> Finished:
        """The gain."""
        return _finished(values["reps"], self.uid, self.person, at, source)


@dataclass(frozen=True, slots=True)
class SkinInTurn:
    """One sensor: a set with it on the thigh, then one on the shank.

    Attributes:
        at_stops: the foot turns until it touches something that stays for both sets, which makes them more alike.
    """

    uid: str
    side: Side
    person: str
    strap: str
    at_stops: bool = False
    position: Position = "supine"

    @property
    def kind(self) -> Kind:
        """What it calibrates."""
        return "skin"

    @property
    def places(self) -> tuple[str, ...]:
        """The one sensor, by where it is worn first."""
        return (THIGH,)

    @property
    def steps(self) -> tuple[Step, ...]:
        """`thigh`, `move`, `shank`."""
        worn = Worn(self.side, self.strap, self.position)
        again = "With the sensor on the shank, turn the foot as before: as far, as slowly, eight times, outward first."
        return (
            OneSet(THIGH, "Turn the leg", _say(self.position, "eight"), worn=worn, at_stops=self.at_stops),
            Moved("move", "Move the strap", "Move the strap to the outer side of the shank, below the knee, its arrow "
                  "to the hip. Then lie as before and keep still."),
            OneSet(SHANK, "Turn it again", again, worn=worn, at_stops=self.at_stops),
        )  # fmt: skip

    def finish(self, values: Mapping[str, Any], at: datetime, source: str) -> Finished:
        """The gain."""
        return _finished(values[SHANK], self.uid, self.person, at, source)


def _finished(measured: PersonalGain, uid: str, person: str, at: datetime, source: str) -> Finished:
    gain = replace(measured, made_at=at)
    return Finished(lines(gain), changes(gain), kept.of_skin(gain, uid, person, source))


def _say(position: Position, times: str) -> str:
    down = {"supine": "Lie on your back", "wall": "Lie with the legs up the wall"}.get(position, "Take the position")
    return f"{down}; {TURN.format(times=times)}"
