"""The calibration of a sensor, step by step: what the chip adds to rate and force, whoever wears it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coxa.calibration import kept
from coxa.calibration.guide.sensor_result import Measured, changes, lines
from coxa.calibration.guide.sensor_steps import (
    POSES,
    SENSOR,
    Rest,
    TenTurns,
    Turned,
    before_poses,
    fitted,
    one_recording,
)
from coxa.calibration.guide.step import Finished, Step
from coxa.calibration.kept import Kind
from coxa_calibration.bias_history import BiasHistory
from coxa_calibration.datasheet import Datasheet, datasheet_or_wide
from coxa_calibration.moves import calibrate_by_moves, moves_between
from coxa_calibration.poses import FEWEST
from coxa_calibration.readings import GRAVITY_M_S2, CalibrationError
from coxa_calibration.sensor import SensorCalibration
from coxa_calibration.turns import calibrate_gyroscope

Known = tuple[SensorCalibration, BiasHistory]


@dataclass(frozen=True, slots=True)
class SensorProcedure:
    """A rest, twelve poses, and ten turns that may be left out.

    Attributes:
        uid, chip, firmware: of the board. `known`: its calibration so far, which is gone on with.
        gravity_m_s2: local, where it is known (`coxa_calibration.gravity`).
    """

    uid: str
    chip: str
    firmware: str
    known: Known | None = None
    gravity_m_s2: float = GRAVITY_M_S2

    @property
    def kind(self) -> Kind:
        """What it calibrates."""
        return "sensor"

    @property
    def places(self) -> tuple[str, ...]:
        """One sensor, not worn."""
        return (SENSOR,)

    @property
    def sheet(self) -> Datasheet:
        """The data sheet of the chip, or wide tolerances where it has none here."""
        return datasheet_or_wide(self.chip)

    @property
    def steps(self) -> tuple[Step, ...]:
        """`rest`, `pose-1` to `pose-12`, `turns`."""
        rest = Rest("rest", "Lay it down", "Lay the sensor on a table that nobody touches, any side up, and let go.")
        poses = [
            Turned(f"pose-{k}", f"Pose {k} of {POSES}", _say(k), sheet=self.sheet, gravity_m_s2=self.gravity_m_s2,
                   last=k == POSES)
            for k in range(1, POSES + 1)
        ]  # fmt: skip
        turns = TenTurns(
            "turns", "Ten turns",
            "Lay the sensor on a table against a straight edge, on its end if it stands, and let go for three seconds. "
            "Turn it ten times without lifting it, back against the edge, and let go again.",
            optional=True, sheet=self.sheet, gravity_m_s2=self.gravity_m_s2,
        )  # fmt: skip
        return (rest, *poses, turns)

    def finish(self, values: Mapping[str, Any], at: datetime, source: str) -> Finished:
        """The calibration, gone on from what was known. Raises CalibrationError as the fits of it."""
        sheet, rest = self.sheet, values["rest"]
        calibration, history = self.known or (
            SensorCalibration.ideal(self.uid, self.chip, self.firmware, at, sheet), BiasHistory.empty(),
        )  # fmt: skip
        before = calibration
        poses = before_poses(values)
        accelerometer = fitted(poses, sheet, self.gravity_m_s2)
        recording, spans = one_recording(poses)
        scale, not_scaled = None, ""
        try:
            by_turns = calibrate_gyroscope([values["turns"]], sheet) if "turns" in values else None
            scale = calibrate_by_moves(moves_between(recording, spans, accelerometer), sheet, by_turns)
        except CalibrationError as error:
            not_scaled = error.what
            scale = calibrate_gyroscope([values["turns"]], sheet) if "turns" in values else None
        bias = None
        if rest.temperature_c is not None:
            history = history.with_session([rest], source, at, sheet)
            bias = history.model(sheet)
        calibration = calibration.with_parts(at, bias=bias, scale=scale, accelerometer=accelerometer)
        measured = Measured(before, calibration, accelerometer, rest, scale, not_scaled, self.known is not None)
        return Finished(lines(measured, sheet), changes(measured), kept.of_sensor(calibration, history, source))


def _say(k: int) -> str:
    if k == 1:
        return "Press the sensor flat against a table or a wall, any side up, and hold it still for three seconds."
    if k <= FEWEST:
        return "Turn it to a side that was not up before, press it on, and hold it still."
    if k == FEWEST + 1:
        return "Now on a corner or an edge, leaned against something solid, and hold it still."
    return "Turn it to another corner or edge, leaned on, and hold it still."
