"""Guided calibrations run to their end by simulated people, and what was decided on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from coxa.calibration.guide.body import BodyProcedure
from coxa.calibration.guide.course import Guide, Stand
from coxa.calibration.guide.sensor import SensorProcedure
from coxa.calibration.guide.skin import SkinInTurn, SkinTogether
from coxa.calibration.guide.step import Accepted, Finished, Refused
from coxa.calibration.kept import Kept
from coxa.simulate.follower import BodyFollower, SensorFollower, SkinFollower, follow
from coxa.simulate.sensor import SENSORS
from coxa_calibration.body import BodyCalibration
from coxa_calibration.gain import PersonalGain

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
CHIPS = ("LSM6DSOX", "MPU6886", "ICM-42688-P")
SIDES = ("left", "right")
CHUNK_S = 0.4
"""Twice what a view does: half the looks."""


@dataclass
class Course:
    """One calibration that was followed to its end."""

    guide: Guide
    follower: object
    decided: list[tuple[str, Accepted | Refused]] = field(default_factory=list)
    stands: list[Stand] = field(default_factory=list)
    finished: Finished | None = None

    @property
    def refused(self) -> list[tuple[str, str, str]]:
        """Step, reason, and the step it sent back to."""
        return [(key, o.reason, o.back_to) for key, o in self.decided if isinstance(o, Refused)]

    @property
    def kept(self) -> Kept:
        new = self.finished.kept
        return Kept(1, new.kind, new.uid, new.person, new.side, new.made_at, new.data, new.source, "1", "")

    @property
    def words(self) -> set[str]:
        return {stand.look.words for stand in self.stands if stand.look}


def followed(procedure, follower, *, without=(), at=AT, source="simulated", altered=None) -> Course:
    """Run to the end. altered: what becomes of the samples of an act on their way, by (step, attempt, samples)."""
    course = Course(Guide(procedure, frozenset(without)), follower)
    course.guide.listeners.append(lambda step, outcome: course.decided.append((step.key, outcome)))
    for stand in follow(course.guide, Altered(follower, altered) if altered else follower, CHUNK_S):
        course.stands.append(stand)
    if "check" not in dir(procedure):
        course.finished = course.guide.finish(at, source)
    return course


@dataclass
class Altered:
    follower: object
    altered: object

    def act(self, step_key, attempt):
        done = self.follower.act(step_key, attempt)
        return {place: self.altered(step_key, attempt, samples) for place, samples in done.items()}


def body(seed, *, side=None, chip=None, clumsy=None, known_case=True, without=(), altered=None, **options) -> Course:
    side, chip = side or SIDES[seed % 2], chip or CHIPS[seed % 3]
    person = BodyFollower(side, SENSORS[chip], seed, clumsy or {})
    procedure = BodyProcedure("a1b2", side, "anna", "hole 3", case=person.case if known_case else None, **options)
    return followed(procedure, person, without=without, altered=altered)


def body_of(course) -> BodyCalibration:
    return BodyCalibration.from_dict(json.loads(course.finished.kept.data))


def sensor(seed, *, chip=None, clumsy=None, without=(), known=None, at=AT, source="simulated", altered=None, **changes):
    chip = chip or CHIPS[seed % 3]
    person = SensorFollower(replace(SENSORS[chip], **changes), seed, clumsy or {})
    procedure = SensorProcedure("a1b2", chip, "1.2", known)
    return followed(procedure, person, without=without, at=at, source=source, altered=altered)


def skin(seed, *, together=True, at_stops=True, clumsy=None, side=None, position="supine", altered=None) -> Course:
    side = side or SIDES[seed % 2]
    person = SkinFollower(
        side, SENSORS[CHIPS[seed % 3]], seed, clumsy or {}, together=together, at_stops=at_stops, position=position
    )
    if together:
        return followed(SkinTogether("a1b2", side, "anna", "hole 3", position=position), person, altered=altered)
    procedure = SkinInTurn("a1b2", side, "anna", "hole 3", at_stops, position)
    return followed(procedure, person, altered=altered)


def gain_of(course) -> PersonalGain:
    return PersonalGain.from_dict(json.loads(course.finished.kept.data))
