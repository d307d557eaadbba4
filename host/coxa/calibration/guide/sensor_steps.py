"""The steps of a sensor's calibration: lying on a table, held in twelve poses, turned on the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from coxa.calibration.guide.course import ENOUGH, joined
from coxa.calibration.guide.ends import decimated
from coxa.calibration.guide.step import Accepted, Look
from coxa.calibration.guide.watch import Attempt, lately, part, refused
from coxa.samples import Floats, Samples
from coxa_calibration.accelerometer import AccelerometerCalibration, calibrate_accelerometer
from coxa_calibration.datasheet import Datasheet
from coxa_calibration.held import between
from coxa_calibration.poses import FEWEST, SAME_RAD
from coxa_calibration.readings import CalibrationError, Recording, check_gyroscope_range
from coxa_calibration.stillness import AT_REST, HELD, WINDOW_S, Limits, StillSpan, still_spans
from coxa_calibration.turns import Turn, measure_turns

SENSOR = "sensor"
"""The one place of this calibration."""

REST_S = 20.0
"""Mean over this: the bias' own walk comes near what noise leaves of the mean (0.001 deg/s)."""

POSE_S = 2.5
"""Long enough for a hand's drift to average to some tenths of a mg."""

POSES = 12
"""Six give offsets and scales; from nine on the cross-axis terms show, and the moves between show the gyroscope's."""

TURNS = 10
"""At half a degree of laying it against an edge, ten turns show the scale to 0.02 %."""

LET_GO_S = 2.0
"""Still for so long after the turns: half a second at each edge is not used."""

LEFT_S = 8.0
"""Still for so long without all turns made: whoever turns it has counted otherwise."""

TIPPED_RAD = np.radians(30.0)
"""On a table the sensor keeps its side up, and no hand that turns it there tips it this far."""

ENDS_S = WINDOW_S
"""A still span that ends this close to the last sample goes on."""


@dataclass(frozen=True, slots=True)
class Pose:
    """One pose, and the samples of its step, so that the move into it is known; the span counts in these samples."""

    samples: Samples
    span: StillSpan


def _last_span(samples: Samples, limits: Limits, seconds: float) -> StillSpan | None:
    """The still span that lasts until now, looking back over `seconds`; None where it moves."""
    recent = lately(samples, seconds)
    spans = still_spans(recent, limits, temperature_c=recent.temperature_c)
    if not spans or recent.t_s[-1] - spans[-1].end_s > ENDS_S:
        return None
    before = len(samples) - len(recent)
    return replace(spans[-1], begin=spans[-1].begin + before, end=spans[-1].end + before)


@dataclass(frozen=True, slots=True)
class Rest(Attempt):
    """Lying on a table: the gyroscope's bias. Its value is a StillSpan."""

    def _look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:  # noqa: ARG002
        whole = replace(AT_REST, longest_s=2 * REST_S)
        span = _last_span(heard[SENSOR], whole, REST_S + 2 * WINDOW_S + 1.0)
        if span is None:
            return Look("moving", "let go of it")
        left = REST_S - span.duration_s
        if left > 0:
            return Look("still", "leave it", span.duration_s / REST_S, left)
        rates = ", ".join(f"{rate:+.2f}" for rate in np.degrees(span.gyr_rad_s))
        return Look("still", "done", 1.0, 0.0, Accepted(span, f"It read {rates} deg/s at rest."))


@dataclass(frozen=True, slots=True)
class Turned(Attempt):
    """One pose in a hand against furniture. Its value is a Pose.

    Attributes:
        sheet, gravity_m_s2: for the fit of all poses. `last`: with this pose they are complete.
    """

    sheet: Datasheet | None = None
    gravity_m_s2: float = 0.0
    last: bool = False

    def _look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:
        samples = heard[SENSOR]
        span = _last_span(samples, HELD, POSE_S + 2 * WINDOW_S + 1.0)
        if span is None:
            return Look("moving", "press it against something solid")
        before = {key: value.span.acc_m_s2 for key, value in values.items() if isinstance(value, Pose)}
        like = next((key for key, force in before.items() if between(force, span.acc_m_s2) < SAME_RAD), None)
        if like is not None:
            return Look("waiting", f"like {like.replace('-', ' ')}: turn it to another side")
        left = POSE_S - span.duration_s
        if left > 0:
            return Look("still", "hold it", span.duration_s / POSE_S, left)
        pose = Pose(samples, span)
        if self.last:
            try:
                fitted([*before_poses(values), pose], self.sheet, self.gravity_m_s2)
            except CalibrationError as error:
                return refused(error, _from(error.reason))
        return Look("still", "done", 1.0, 0.0, Accepted(pose, f"Held for {span.duration_s:.1f} s."))


def _from(reason: str) -> str:
    """The pose to begin again with: one that is missing is made up for by the later half, else all are repeated."""
    return f"pose-{FEWEST + 1}" if reason == "one_half" else "pose-1"


def before_poses(values: Mapping[str, Any]) -> list[Pose]:
    """The poses so far, in order."""
    return [value for value in values.values() if isinstance(value, Pose)]


def fitted(poses: Sequence[Pose], sheet: Datasheet | None, gravity_m_s2: float) -> AccelerometerCalibration:
    """The accelerometer from all poses. Raises as `calibrate_accelerometer`."""
    spans = [pose.span for pose in poses]
    if sheet is None:
        return calibrate_accelerometer(spans, gravity_m_s2=gravity_m_s2)
    return calibrate_accelerometer(spans, sheet, gravity_m_s2=gravity_m_s2)


def one_recording(poses: Sequence[Pose]) -> tuple[Samples, list[StillSpan]]:
    """The samples of all poses with the moves between, and the spans in them."""
    offsets = np.cumsum([0, *(len(pose.samples) for pose in poses)]).tolist()
    spans = [
        replace(pose.span, begin=pose.span.begin + offset, end=pose.span.end + offset)
        for pose, offset in zip(poses, offsets, strict=False)
    ]
    whole = joined([pose.samples for pose in poses])
    if whole is None:
        raise CalibrationError("There is no pose.", "Hold the sensor in twelve poses.", "too_few")
    return whole, spans


@dataclass(frozen=True, slots=True)
class TenTurns(Attempt):
    """Ten turns on a table about one axis: the gyroscope's scale. Its value is a Turn."""

    sheet: Datasheet | None = None
    gravity_m_s2: float = 0.0

    def _look(self, heard: Mapping[str, Samples], values: Mapping[str, Any]) -> Look:
        samples = heard[SENSOR]
        resting = _last_span(samples, AT_REST, LEFT_S + 2 * WINDOW_S)
        if resting is not None:
            samples = as_it_lies(samples, resting.acc_m_s2)
        made = turns_made(samples, np.zeros(3) if resting is None else resting.gyr_rad_s)
        if resting is None:
            return Look("turning" if made > 0.1 else "moving", f"{made:.0f} of {TURNS} turns", min(made / TURNS, 1.0))
        check_gyroscope_range(Recording(samples.t_s, samples.gyr_rad_s, samples.acc_m_s2))  # it would count too few
        enough = made > TURNS - 0.5
        needed = LET_GO_S if enough else LEFT_S
        if made < 0.5 or resting.duration_s < needed - WINDOW_S:
            words = "leave it" if enough else f"turn it, {made:.0f} of {TURNS} turns" if made >= 0.5 else "turn it now"
            return Look("still" if enough else "waiting", words, min(made / TURNS, 1.0))
        turn = self._measured(samples, values)
        share = abs(float(turn.reading_rad @ turn.axis) / turn.angle_rad)
        return Look("still", "done", 1.0, 0.0, Accepted(turn, f"{TURNS} turns read {share * TURNS:.3f}."))

    def _measured(self, samples: Samples, values: Mapping[str, Any]) -> Turn:
        poses = before_poses(values)
        accelerometer = fitted(poses, self.sheet, self.gravity_m_s2) if poses else None
        if self.sheet is None:
            return measure_turns(samples, TURNS, accelerometer)
        return measure_turns(samples, TURNS, accelerometer, self.sheet)


def as_it_lies(samples: Samples, force_m_s2: Floats) -> Samples:
    """Those since the sensor was last put on another side than where the force (3,) has it now: how it came onto the
    table is no turn on it."""
    t, _, force = decimated(samples)
    cosine = force @ force_m_s2 / (np.linalg.norm(force, axis=1) * np.linalg.norm(force_m_s2))
    away = np.flatnonzero(cosine < np.cos(TIPPED_RAD))
    begin = int(np.searchsorted(samples.t_s, t[away[-1]], side="right")) if len(away) else 0
    return part(samples, begin, len(samples)) if len(samples) - begin >= ENOUGH else samples


def turns_made(samples: Samples, bias_rad_s: Floats) -> float:
    """Whole and part turns so far about the vertical, either way round, less the bias (3,) where that is known."""
    t, rate, force = decimated(samples)
    about = ((rate - bias_rad_s) * force).sum(axis=1) / np.linalg.norm(force, axis=1)
    return abs(float(np.trapezoid(about, t))) / (2 * np.pi)
