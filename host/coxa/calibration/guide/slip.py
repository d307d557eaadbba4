"""Did the strap move? The poses of a body calibration once more, after the sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coxa.calibration.guide.body import SAYS, posing
from coxa.calibration.guide.body_steps import THIGH, Wearing, poses
from coxa.calibration.guide.course import Finished, Step
from coxa.calibration.kept import Kind
from coxa_calibration.body import BodyCalibration
from coxa_calibration.readings import CalibrationError
from coxa_calibration.slip import Slip, same_pose, strap_slip


@dataclass(frozen=True, slots=True)
class SlipProcedure:
    """The poses of `before` again. It makes no calibration: ask for `check` instead of `finish`."""

    before: BodyCalibration

    @property
    def kind(self) -> Kind:
        """What it checks."""
        return "body"

    @property
    def places(self) -> tuple[str, ...]:
        """One sensor on the thigh."""
        return (THIGH,)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The poses that were held before and are known here, in the same order."""
        wearing = Wearing(self.before.side)
        return tuple(posing(one.pose, wearing, one) for one in self.before.poses if one.pose in SAYS)

    def check(self, values: Mapping[str, Any]) -> Slip:
        """What became of the strap. Raises CalibrationError (`wrong_pose`, `same_pose`, `too_few`)."""
        pairs = [(self.before.pose(after.pose), after) for after in poses(values)]
        seen = [same_pose(before, after) for before, after in pairs if before is not None]
        return strap_slip(self.before.axis.u, seen)

    def finish(self, values: Mapping[str, Any], at: datetime, source: str) -> Finished:  # noqa: ARG002
        """Refuses (CalibrationError): nothing is to be kept of a check."""
        raise CalibrationError(
            "Whether the strap moved is a check, and makes no calibration.", "Ask for `check`.", "no_calibration"
        )
