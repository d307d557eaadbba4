"""Did the strap move? The poses of a body calibration once more, after the sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from coxa.calibration.guide.body import SAYS, posing
from coxa.calibration.guide.body_steps import THIGH, Wearing, poses
from coxa.calibration.guide.step import Finished, Step
from coxa.calibration.kept import Kind
from coxa_calibration.body import BodyCalibration
from coxa_calibration.slip import Slip, same_pose, strap_slip


@dataclass(slots=True)
class SlipProcedure:
    """The poses of `before` again. Nothing is kept of it; `check` has the verdict.

    Attributes:
        found: the verdict, once it is finished.
    """

    before: BodyCalibration
    found: Slip | None = field(default=None, init=False)

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
        """The verdict; nothing is to be kept of it. Raises CalibrationError as `check`."""
        slip = self.found = self.check(values)
        return Finished(_lines(slip), tuple(text for text in (slip.sentence, slip.advice) if text), None)


def _lines(slip: Slip) -> tuple[tuple[str, str], ...]:
    """Names and values: what was seen of each way to move, and from where on it counts."""
    out: list[tuple[str, str]] = []
    for name, seen, angle, limit_rad in (
        ("Turned around the thigh", slip.around_seen, slip.around_rad, slip.around_limit_rad),
        ("Tipped on the skin", slip.tilt_seen, slip.tilt_rad, slip.tilt_limit_rad),
    ):
        size, sd, limit = (np.degrees(x) for x in (angle.value, angle.sd, limit_rad))
        value = f"{size:+.1f}° ± {sd:.1f}°, counts from {limit:.0f}° on"
        out.append((name, value if seen else "does not show in these poses"))
    return (*out, ("Slid along the thigh", "never shows; look at its mark on the skin"))
