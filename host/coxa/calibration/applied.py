"""The calibrations of one set: what they correct before it is solved, and what they say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from coxa.fusion.batch import SCALE_SD
from coxa.results import CalibrationKind, UsedCalibration
from coxa.samples import Floats, Samples
from coxa_calibration.body import BodyCalibration
from coxa_calibration.gain import PersonalGain
from coxa_calibration.sensor import SensorCalibration


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of sensor, body and skin before a set is looked at; `NONE` where nothing is.

    `used` names them for the result; `notes` are sentences on those that were there and were not used.
    """

    sensor: SensorCalibration | None = None
    body: BodyCalibration | None = None
    skin: PersonalGain | None = None
    used: tuple[UsedCalibration, ...] = ()
    notes: tuple[str, ...] = ()

    def scale_sd(self, u: Floats) -> float:
        """Sd of the gyroscope's scale, a share, for turns about the unit vector u (3,)."""
        return self.sensor.scale_sd(u) if self.sensor else SCALE_SD

    def without(self, kind: CalibrationKind, note: str = "") -> Calibration:
        """The same without that of one kind, and a sentence that says why."""
        used = tuple(one for one in self.used if one.kind != kind)
        notes = (*self.notes, note) if note else self.notes
        return replace(self, **{kind: None}, used=used, notes=notes)


NONE = Calibration()


def corrected(samples: Samples, calibration: Calibration) -> tuple[Samples, Calibration]:
    """The samples with the sensor's errors taken out, and the calibrations that hold for them.

    Rate and force that were derived from an orientation have the errors of that orientation's filter instead.
    """
    if calibration.sensor is None:
        return samples, calibration
    if samples.gyr_derived or samples.acc_derived:
        note = "The sensor calibration was not used: the recording has no rate or no force of the sensor itself."
        return samples, calibration.without("sensor", note)
    gyr, acc = calibration.sensor.apply(samples, samples.temperature_c)
    return replace(samples, gyr_rad_s=gyr, acc_m_s2=acc), calibration
