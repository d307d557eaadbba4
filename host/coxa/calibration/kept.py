"""A calibration as the store keeps it."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from coxa.errors import InputError
from coxa.results import Side

if TYPE_CHECKING:  # the store lists calibrations without computing with them
    from coxa_calibration.bias_history import BiasHistory
    from coxa_calibration.body import BodyCalibration
    from coxa_calibration.gain import PersonalGain
    from coxa_calibration.sensor import SensorCalibration

Kind = Literal["sensor", "body", "skin"]
KINDS: tuple[Kind, ...] = ("sensor", "body", "skin")


@dataclass(frozen=True, slots=True)
class NewCalibration:
    """What is to be kept.

    Attributes:
        uid: of the sensor that made it. `person`, `side`: None for a sensor's.
        made_at: with time zone.
        data: its text: TOML of `coxa_calibration.file` for a sensor, JSON of `to_dict` for body and skin.
        source: the raw data it was made from, such as `a1b2c3d4e5f6/17` (board and recording), `session 12`, a file's
            name or `simulated`; so that it can be made again.
    """

    kind: Kind
    uid: str
    person: str | None
    side: Side | None
    made_at: datetime
    data: str
    source: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A calibration in the store. `void`: why it does not hold any more; "" where it does."""

    id: int
    kind: Kind
    uid: str
    person: str | None
    side: Side | None
    made_at: datetime
    data: str
    source: str
    coxa_version: str
    void: str

    def sensor(self) -> tuple[SensorCalibration, BiasHistory]:
        """Of kind `sensor`; InputError where its text is damaged."""
        from coxa_calibration import file

        with _told(self):
            return file.loads(self.data)

    def body(self) -> BodyCalibration:
        """Of kind `body`; InputError where its text is damaged."""
        from coxa_calibration.body import BodyCalibration

        with _told(self):
            return BodyCalibration.from_dict(json.loads(self.data))

    def skin(self) -> PersonalGain:
        """Of kind `skin`; InputError where its text is damaged."""
        from coxa_calibration.gain import PersonalGain

        with _told(self):
            return PersonalGain.from_dict(json.loads(self.data))


def of_sensor(calibration: SensorCalibration, history: BiasHistory, source: str) -> NewCalibration:
    """To be kept."""
    from coxa_calibration import file

    data = file.dumps(calibration, history)
    return NewCalibration("sensor", calibration.uid, None, None, calibration.made_at, data, source)


def of_body(calibration: BodyCalibration, person: str, source: str) -> NewCalibration:
    """To be kept."""
    c = calibration
    return NewCalibration("body", c.uid, person, c.side, c.made_at, json.dumps(c.to_dict()), source)


def of_skin(gain: PersonalGain, uid: str, person: str, source: str) -> NewCalibration:
    """To be kept. uid: of the sensor on the thigh."""
    side: Side = "left" if gain.side == "left" else "right"
    # the sensor is no part of a gain, but a file of it should say which one measured it
    return NewCalibration("skin", uid, person, side, gain.made_at, json.dumps({**gain.to_dict(), "uid": uid}), source)


@contextmanager
def _told(kept: Kept) -> Generator[None]:
    """Errors of the calibration's text as one of ours, which says which one."""
    from coxa_calibration.readings import CalibrationError

    try:
        yield
    except CalibrationError as error:
        raise InputError(f"calibration {kept.id} cannot be used: {error.what}", error.advice) from error
    except ValueError as error:
        raise InputError(f"calibration {kept.id} cannot be used: {error}", "Calibrate again.") from error
