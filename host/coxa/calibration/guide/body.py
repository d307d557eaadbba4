"""The calibration of a wearing, step by step: where the femur is in the sensor while the strap stays on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coxa.calibration import kept
from coxa.calibration.guide.body_result import changes, lines, since
from coxa.calibration.guide.body_steps import THIGH, Posing, Turning, Turns, Wearing, axis_of, poses
from coxa.calibration.guide.step import Finished, Step
from coxa.calibration.kept import Kind
from coxa.errors import UsageError
from coxa.results import Side
from coxa_calibration.body import BodyCalibration
from coxa_calibration.femur import UNCALIBRATED_OFFSET_SD_M_S2
from coxa_calibration.held import VERTICAL, Held, Pose
from coxa_calibration.mounting import Case, frame

SAYS: dict[Pose, tuple[str, str]] = {
    "standing": ("Stand upright", "Stand upright with the knees straight and the weight on both feet. Keep still."),
    "seated": ("Sit down", "Sit with the thigh level and the foot flat under the knee. Keep still."),
    "wall": (
        "Legs up the wall",
        "Lie on your back with the seat at the wall and the legs straight up, toes up. Keep still.",
    ),
}
"""Title and words of each pose."""


@dataclass(slots=True)
class BodyProcedure:
    """Standing, seated, legs up the wall, and slow turns of the leg; each may be left out, but see `check_without`.

    Attributes:
        uid, side, person, strap: whose it is, on which leg, and where the strap sits, in the user's words.
        before: the calibration of the wearing before, for what has changed since.
        case: the case in the frame of the chip, where its build is known.
        acc_offset_sd_m_s2: what is left of the accelerometer's offset, one sd of each axis.
        turned: after `finish`: the sensor sits otherwise than before, so that a personal gain does not hold any more.
    """

    uid: str
    side: Side
    person: str
    strap: str
    before: BodyCalibration | None = None
    case: Case | None = None
    acc_offset_sd_m_s2: float = UNCALIBRATED_OFFSET_SD_M_S2
    turned: bool = field(default=False, init=False)

    @property
    def kind(self) -> Kind:
        """What it calibrates."""
        return "body"

    @property
    def places(self) -> tuple[str, ...]:
        """One sensor on the thigh."""
        return (THIGH,)

    @property
    def steps(self) -> tuple[Step, ...]:
        """`standing`, `seated`, `wall`, `turns`."""
        say = (
            "With the leg straight and the toes up, rest for three seconds. Then turn the foot slowly outward, inward "
            "and back, three times, with a rest each time; and rest."
        )
        held = [posing(pose, self._wearing) for pose in SAYS]
        return (*held, Turning("turns", "Turn the leg", say, optional=True, wearing=self._wearing))

    def finish(self, values: Mapping[str, Any], at: datetime, source: str) -> Finished:
        """The calibration. Raises CalibrationError as the steps do."""
        turns: Turns | None = values.get("turns")
        held = poses(values)
        axis = axis_of(held, self._wearing, turns)
        level = next((pose for pose in held if pose.pose not in VERTICAL), None)
        thigh = None if level is None else frame(axis, level)
        body = BodyCalibration(self.uid, self.side, self.strap, at, axis, thigh, tuple(held))
        then = None if self.before is None or self.before.side != self.side else since(self.before, body)
        self.turned = then is not None and then.answer == "turned"
        return Finished(
            lines(body, self.case, turns, then), changes(body, then), kept.of_body(body, self.person, source)
        )

    @property
    def _wearing(self) -> Wearing:
        return Wearing(self.side, self.case, self.acc_offset_sd_m_s2)


def posing(pose: Pose, wearing: Wearing, again: Held | None = None) -> Posing:
    """The step of a pose; `again`: as it was held before."""
    title, say = SAYS[pose]
    return Posing(pose, title, say, optional=True, pose=pose, wearing=wearing, again=again)


def check_without(without: Iterable[str]) -> frozenset[str]:
    """The steps that may be left out together.

    Raises:
        UsageError: an unknown step, or none is left with the thigh vertical, which alone shows the axis.
    """
    out = frozenset(without)
    known = {*SAYS, "turns"}
    if out - known:
        raise UsageError(f"there is no step '{min(out - known)}' to leave out", f"Use {', '.join(sorted(known))}.")
    if set(VERTICAL) <= out:
        raise UsageError(
            "standing and wall cannot both be left out", "One of them is needed: only there gravity shows the femur."
        )
    return out
