"""How a sensor is worn on one thigh: what a body calibration found, kept for the sets of this wearing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from coxa_calibration.femur import FemurAxis
from coxa_calibration.held import POSES, Held, Pose, between
from coxa_calibration.mounting import Frame, Side
from coxa_calibration.readings import CalibrationError, Floats

FORMAT, MAJOR = "coxa.body", 1

UNIT, SQUARE = 1e-3, 1e-2
"""How far a stored direction may be from length 1, and the front from a right angle to the axis: its rounding."""


@dataclass(frozen=True, slots=True)
class BodyCalibration:
    """The thigh in the sensor frame, while the strap stays on.

    Attributes:
        uid: of the sensor. `side`: leg. `strap`: where and how it sits, in the user's words.
        made_at: when, with its time zone.
        axis: femoral long axis.
        frame: axis and front; None where no pose with the thigh level was taken.
        poses: the poses held, for the check whether the strap moved.
    """

    uid: str
    side: Side
    strap: str
    made_at: datetime
    axis: FemurAxis
    frame: Frame | None
    poses: tuple[Held, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be: CalibrationError, reason `side`, `times` or `not_a_number`."""
        if self.side not in ("left", "right"):
            raise CalibrationError(f"The body calibration is for side {self.side!r}.", "Use left or right.", "side")
        if self.made_at.tzinfo is None:
            raise CalibrationError("The body calibration has a time without a zone.", "Give it in UTC.", "times")
        units = [self.axis.u, *(pose.up for pose in self.poses)]
        units += [self.frame.u, self.frame.forward] if self.frame else []
        sds = [self.axis.sd_rad, *(pose.sd_rad for pose in self.poses)]
        sds += [self.frame.axis_sd_rad, self.frame.forward_sd_rad] if self.frame else []
        good = all(u.shape == (3,) and abs(float(np.linalg.norm(u)) - 1.0) < UNIT for u in units)
        square = self.frame is None or abs(float(self.frame.u @ self.frame.forward)) < SQUARE
        if not (good and square and all(np.isfinite(sd) and sd >= 0 for sd in sds)):
            raise CalibrationError(
                "The body calibration has a direction that is none.", "Calibrate again.", "not_a_number"
            )

    def pose(self, name: Pose) -> Held | None:
        """The pose as it was held, if it was."""
        return next((one for one in self.poses if one.pose == name), None)

    def away_rad(self, up: Floats, to_hip_is_up: bool) -> float:
        """Angle between the axis and the vertical `up` (3,) of a set in which the thigh is vertical, rad."""
        return between(self.axis.u, up if to_hip_is_up else -up)

    def to_dict(self) -> dict[str, Any]:
        """Plain Python of format `coxa.body/1`; `from_dict` gives back an equal calibration."""
        axis = {"u": self.axis.u.tolist(), "sd_rad": self.axis.sd_rad, "source": self.axis.source,
                "turn_apart_rad": self.axis.turn_apart_rad}  # fmt: skip
        frame = None if self.frame is None else {
            "u": self.frame.u.tolist(), "forward": self.frame.forward.tolist(), "axis_sd_rad": self.frame.axis_sd_rad,
            "forward_sd_rad": self.frame.forward_sd_rad,
        }  # fmt: skip
        poses = [
            {"pose": p.pose, "up": p.up.tolist(), "force_m_s2": p.force_m_s2.tolist(), "sd_rad": p.sd_rad,
             "rate_rad_s": p.rate_rad_s.tolist(), "rate_sd_rad_s": p.rate_sd_rad_s, "start_s": p.start_s,
             "end_s": p.end_s}
            for p in self.poses
        ]  # fmt: skip
        return {
            "format": f"{FORMAT}/{MAJOR}", "uid": self.uid, "side": self.side, "strap": self.strap,
            "made_at": self.made_at.isoformat(), "axis": axis, "frame": frame, "poses": poses,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> BodyCalibration:
        """The calibration that `to_dict` wrote; CalibrationError `format` where it is another format, or damaged."""
        name, _, version = str(stored.get("format", "")).partition("/")
        if name != FORMAT or version.partition(".")[0] != str(MAJOR):
            raise CalibrationError(
                f"The body calibration has the format {stored.get('format')!r}, not '{FORMAT}/{MAJOR}'.",
                "Update Coxa, or calibrate again.", "format",
            )  # fmt: skip
        try:
            axis, frame = stored["axis"], stored["frame"]
            apart = axis["turn_apart_rad"]
            sides: dict[str, Side] = {"left": "left", "right": "right"}
            return cls(
                str(stored["uid"]), sides[stored["side"]], str(stored["strap"]),
                datetime.fromisoformat(stored["made_at"]),
                FemurAxis(_vector(axis["u"]), float(axis["sd_rad"]), str(axis["source"]),
                          None if apart is None else float(apart)),
                None if frame is None else Frame(_vector(frame["u"]), _vector(frame["forward"]),
                                                 float(frame["axis_sd_rad"]), float(frame["forward_sd_rad"])),
                tuple(_held(one) for one in stored["poses"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise CalibrationError(
                f"The stored body calibration is damaged ({error!r}).", "Calibrate again.", "format"
            ) from None


def _held(stored: Mapping[str, Any]) -> Held:
    pose: Pose = next(one for one in POSES if one == stored["pose"])
    return Held(
        pose, _vector(stored["up"]), _vector(stored["force_m_s2"]), float(stored["sd_rad"]),
        _vector(stored["rate_rad_s"]), float(stored["rate_sd_rad_s"]), float(stored["start_s"]), float(stored["end_s"]),
    )  # fmt: skip


def _vector(values: Any) -> Floats:
    vector = np.array(values, dtype=np.float64)
    if vector.shape != (3,):
        raise ValueError(f"a vector of shape {vector.shape}")
    return vector
