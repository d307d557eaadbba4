"""Somebody who calibrates a wearing: stands, sits, puts the legs up the wall, and turns the leg."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.transform import Rotation

from coxa import quaternion as quat
from coxa.results import Position, Side
from coxa.samples import Floats, Samples
from coxa.simulate import motion, poses
from coxa.simulate.path import Path
from coxa.simulate.powered import Powered
from coxa.simulate.sensor import Sensor, drawn
from coxa.simulate.wearer import Wearer, plan
from coxa_calibration.mounting import Case

SKEW_SD_DEG, AROUND_SD_DEG = 8.0, 15.0
"""How the case is put on by eye: off the line from hip to knee, and around from the outer side of the thigh."""

SHARE_LEAST, SHARE_MOST = 0.43, 0.63
"""Share of the femur's turn that the strap follows: 53 ± 10 % (Wren 2008, doi 10.1016/j.gaitpost.2007.07.006)."""

SWING_SD = 0.04
"""Swing in phase over the femur's turn, one sd of each direction."""

SWAY_HZ = 0.5

TURNED_ROUND = Rotation.from_euler("z", 180, degrees=True).as_matrix()
"""The case with its arrow to the knee; it still looks outward."""

MIRRORED = Rotation.from_euler("y", 180, degrees=True).as_matrix()
"""The same case on the outer side of the other leg."""


@dataclass(slots=True)
class BodyFollower:
    """One person with one sensor on the thigh; it stays on from step to step.

    Attributes:
        side: leg that is meant.
        clumsy: step → what goes wrong in its first attempt: `moves`, `wrong` (sits, or stands where it should sit),
            `same` (the pose before), `slouched` (half way to level); for the first step also `upside_down` and
            `other_leg`, which last until somebody says so; `slips` (the strap, on the way into this pose); for the
            turns `quick`, `small`, `at_once` (without a rest before), `swings` (the knee goes along) and
            `inward`. `always_wrong`: whatever is said.
        case: the case in the frame of the chip: what `Case` the procedure has to be given.
    """

    side: Side
    sensor: Sensor
    seed: int = 0
    clumsy: Mapping[str, str] = field(default_factory=dict[str, str])
    rng: np.random.Generator = field(init=False)
    powered: Powered = field(init=False)
    case: Case = field(init=False)
    worn_on: Side = field(init=False)
    usual: dict[str, poses.Stay] = field(init=False)
    tip: Floats = field(init=False)
    at: Floats = field(init=False)
    position: Position = field(default="standing", init=False)
    _exact: float = field(init=False)
    _heading: float = field(init=False)
    _told: set[str] = field(default_factory=set[str], init=False)
    _worn: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Draw the person, the chip, and how it is put on."""
        rng = self.rng = np.random.default_rng(self.seed)
        self.powered = Powered(drawn(self.sensor, rng), rng)
        self.worn_on = self.side
        self.usual = {p: poses.habit(p, rng) for p in ("standing", "seated", "wall", "supine")}
        self._exact, self._heading = poses.exactness(rng), rng.uniform(0, 2 * np.pi)
        self.tip = np.radians(rng.normal(0, poses.TISSUE_SD_DEG, 2)) @ np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        around, skew = np.radians(rng.normal(0, [AROUND_SD_DEG, SKEW_SD_DEG]))
        face = np.array([np.sin(around), 0.0, np.cos(around) * (1.0 if self.side == "right" else -1.0)])
        arrow = np.cos(skew) * motion.FEMUR_AXIS + np.sin(skew) * np.cross(face, motion.FEMUR_AXIS)
        self.case = Case(self.powered.chip.to_sensor @ arrow, self.powered.chip.to_sensor @ face)
        self.at = self._pose("standing")
        self._worn = self.powered.chip.to_sensor

    def axis(self, position: Position = "wall") -> Floats:
        """(3,) the femoral axis in the sensor frame as it sits now; standing, the tense thigh tips it a little."""
        return self.powered.chip.to_sensor @ quat.rotate(quat.conjugate(self._strap(position)), motion.FEMUR_AXIS)

    def slide(self, vector: Floats) -> None:
        """The strap turns on the thigh by this rotation vector (3,), segment frame, rad (`poses.slid`)."""
        self.powered.remount(Rotation.from_rotvec(-np.asarray(vector)).as_matrix())

    def forget(self) -> None:
        """What was told is forgotten: what goes wrong goes wrong again."""
        self._told.clear()

    def act(self, step_key: str, attempt: int) -> dict[str, Samples]:
        """What this person does when told this step: samples by place, going on from before."""
        mode = self.clumsy.get(step_key, "")
        if mode == "always_wrong":
            mode = "wrong"
        elif attempt > 1 or step_key in self._told:
            mode = ""
        self._told.add(step_key)
        if attempt > 1 and not np.array_equal(self.powered.chip.to_sensor, self._worn):
            self.powered.chip = replace(self.powered.chip, to_sensor=self._worn)  # put right, as was said
        if attempt > 1:
            self.worn_on = self.side
        if mode == "upside_down":
            self.powered.remount(TURNED_ROUND)
        elif mode == "other_leg":
            self.powered.remount(MIRRORED)
            self.worn_on = "left" if self.side == "right" else "right"
        elif mode == "slips":
            self.slide(np.radians([0.0, 0.0, 30.0]))
        if step_key == "turns":
            return {"thigh": self._turned(mode)}
        return {"thigh": self._held(_POSITIONS[step_key], mode)}

    def _held(self, position: Position, mode: str) -> Samples:
        if mode == "wrong":
            position = "seated" if position != "seated" else "standing"
        elif mode == "same":
            position = "standing" if position == "wall" else self.position
        there = position == self.position
        self.position = position
        path = Path(self.at, self.powered.dt_s)
        target = self._pose(position, slope_deg=45.0 if mode == "slouched" else 0.0)
        path.move(target, 1.0 if there else self.rng.uniform(2.0, 3.5)).stay(9.0)
        return self._read(path, 5.0 if mode == "moves" else poses.SWAY_DEG)

    def _turned(self, mode: str) -> Samples:
        """Turns on the wall where the legs are up, else lying flat; the move there where it is another pose."""
        position: Position = "wall" if self.position == "wall" else "supine"
        path = Path(self.at, self.powered.dt_s)
        if position != self.position:
            path.move(self._pose(position), 3.0)
        self.position = position
        swing = self.rng.normal(0, SWING_SD, 2) if mode != "swings" else np.array([0.35, 0.1])
        turn_deg = {"small": 11.0, "quick": 55.0}.get(mode, 35.0)
        quick, small = mode == "quick", mode == "small"
        wearer = Wearer(
            reps=3, ir_deg=turn_deg, er_deg=turn_deg, range_sd_deg=0.5 if small else 2.0, hold_s=0.5,
            ramp_s=0.35 if quick else 2.5, ramp_sd_s=0.02 if quick else 0.15, neutral_pause_s=1.5, end_still_s=4.0,
            start_still_s=0.0 if mode == "at_once" else 3.5, order="ir-first" if mode == "inward" else "er-first",
        )  # fmt: skip
        planned = plan(wearer, self.rng)
        femur = planned.rotation(path.times(planned.duration_s))
        share = self.rng.uniform(SHARE_LEAST, SHARE_MOST) if mode != "small" else SHARE_LEAST
        still = np.array([1.0, 0.0, 0.0, 0.0])
        # in the strap's own frame: from where it is, about the femur, with the swing that goes along
        turned = motion.thigh_orientation(still, share * femur, swing[0] * femur, swing[1] * femur, self.worn_on)
        strap = self._strap(position)
        course = quat.multiply(quat.multiply(quat.conjugate(strap), turned), strap)
        path.along(quat.multiply(path.at, course))
        return self._read(path, poses.SWAY_DEG)

    def _pose(self, position: Position, slope_deg: float = 0.0) -> Floats:
        """(4,) strap → earth in the pose as it is taken this time."""
        usual = self.usual[position]
        stay = poses.again(usual, self.rng, None, self._exact) if position in poses.REPEAT_SD_DEG else usual
        flexion, abduction = np.radians(stay.flexion_deg + slope_deg), np.radians(stay.abduction_deg)
        pose = motion.neutral_pose(position, self.worn_on, self._heading, flexion, abduction)
        rotation = np.array(np.radians(stay.rotation_deg))
        thigh = motion.thigh_orientation(pose, rotation, np.zeros(()), np.zeros(()), self.worn_on)
        return quat.multiply(thigh, self._strap(position))

    def _strap(self, position: Position) -> Floats:
        """(4,) turn of the strap on the thigh: tipped where the thigh is tense."""
        return quat.from_rotation_vector(self.tip if position == "standing" else np.zeros(3))

    def _read(self, path: Path, sway_deg: float) -> Samples:
        self.at = path.at
        q = path.course(np.radians(sway_deg), SWAY_HZ, self.rng)
        t = np.arange(len(q)) * path.dt_s / 2
        tremor = np.radians(poses.TREMOR_DEG * np.sqrt(2)) * np.sin(2 * np.pi * poses.TREMOR_HZ * t)
        q = quat.multiply(q, quat.about(motion.FEMUR_AXIS, tremor))
        return self.powered.read(*motion.rate_and_force(q[::2], q[1::2], path.dt_s, None))


_POSITIONS: dict[str, Position] = {"standing": "standing", "seated": "seated", "wall": "wall"}
