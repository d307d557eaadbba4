"""Somebody who calibrates a sensor: lays it down, presses it against furniture in twelve poses, turns it on a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

from coxa import quaternion as quat
from coxa.samples import GRAVITY_M_S2, Floats, Samples
from coxa.simulate.path import Path
from coxa.simulate.powered import Powered
from coxa.simulate.sensor import Chip, Sensor, drawn
from coxa.simulate.wearer import unsteadiness

UPS = np.array(
    [[0, 0, 1], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, -1],
     [1, 1, 1], [-1, 1, 1], [-1, -1, 1], [1, -1, -1], [1, 1, -1], [-1, -1, -1]], dtype=float,
)  # fmt: skip
"""What is up in each pose: six faces, six corners."""

TILT_SD_DEG = 5.0
"""How far a hand is from the pose it means, each axis."""

WOBBLE_DEG, WOBBLE_HZ, TREMOR_M_S2, TREMOR_HZ, SWAY_M_S = 0.35, 0.6, 0.06, 9.0, 0.004
"""A hand against furniture, rms: turning, trembling, swaying."""

TABLE_SD_DEG, EDGE_SD_DEG, OFF_CENTRE_M = 2.0, 0.5, 0.02
"""A table off level, a sensor against its edge, and how far it is from the point it is turned about."""

HAND_M_S2 = 1.5
"""Acceleration of a hand on its way, rms."""


@dataclass(slots=True)
class SensorFollower:
    """One chip in somebody's hands; it stays on from step to step.

    Attributes:
        clumsy: step → what goes wrong in its first attempt: `moves` (a pose not held), `same` (the pose before again),
            `nine` (turns), `lifted` (turned in the air), `at_once` (turned without a rest before).
        chip: the truth. Its frame is that of the case: it is not mounted on anything.
    """

    sensor: Sensor
    seed: int = 0
    clumsy: Mapping[str, str] = field(default_factory=dict[str, str])
    rng: np.random.Generator = field(init=False)
    powered: Powered = field(init=False)
    at: Floats = field(init=False)
    _told: set[str] = field(default_factory=set[str], init=False)

    def __post_init__(self) -> None:
        """Draw the chip."""
        self.rng = np.random.default_rng(self.seed)
        chip = drawn(self.sensor, self.rng)
        own = Chip(
            self.sensor, np.eye(3), chip.gyro_matrix, chip.acc_matrix, chip.gyro_bias_dps, chip.gyro_tempco_dps_c,
            chip.acc_bias_mg,
        )  # fmt: skip
        self.powered = Powered(own, self.rng)
        self.at = _up(UPS[0], self.rng)

    @property
    def chip(self) -> Chip:
        """The truth."""
        return self.powered.chip

    def act(self, step_key: str, attempt: int) -> dict[str, Samples]:
        """What this person does when told this step: samples by place, going on from before."""
        mode = self.clumsy.get(step_key, "") if attempt == 1 and step_key not in self._told else ""
        self._told.add(step_key)
        if step_key == "rest":
            samples = self._read(self._path().move(_up(UPS[0], self.rng), 1.5).stay(22.5), held_from_s=1.5)
        elif step_key == "turns":
            samples = self._turned(mode)
        else:
            samples = self._held(int(step_key.rpartition("-")[2]) - 1, mode)
        return {"sensor": samples}

    def _path(self) -> Path:
        return Path(self.at, self.powered.dt_s)

    def _held(self, k: int, mode: str) -> Samples:
        up = UPS[k % len(UPS)] if mode != "same" else UPS[(k - 1) % len(UPS)]
        off = Rotation.from_rotvec(self.rng.normal(0, np.radians(TILT_SD_DEG), 3))
        path = self._path().move(_up(off.apply(up), self.rng), self.rng.uniform(1.0, 2.0)).stay(4.2)
        return self._read(path, wobble_deg=WOBBLE_DEG if mode != "moves" else 12.0, in_hand=True)

    def _turned(self, mode: str) -> Samples:
        """Laid against an edge, turned, and laid against it again."""
        face = UPS[int(self.rng.integers(6))]
        table = Rotation.from_euler("xy", self.rng.normal(0, TABLE_SD_DEG, 2), degrees=True)
        lying = quat.multiply(_scalar_first(table), _up(face, self.rng))
        path = self._path().move(lying, 2.0).stay(0.1 if mode == "at_once" else 3.5)
        turns = 9 if mode == "nine" else 10
        full = 2 * np.pi * turns + float(np.radians(EDGE_SD_DEG * self.rng.standard_normal())) * 2**0.5
        seconds = turns * self.rng.uniform(2.0, 3.0)
        share = path.times(seconds) / seconds
        # hands let go and take hold again in each turn
        angle = full * (share - 0.8 * np.sin(2 * np.pi * share * turns) / (2 * np.pi * turns))
        normal: Floats = table.apply([0.0, 0.0, 1.0])
        course = quat.multiply(quat.about(normal, angle), lying)
        if mode == "lifted":
            tip = np.radians(15.0) * np.sin(2 * np.pi * share * turns * 1.7) * np.sin(np.pi * share)
            course = quat.multiply(quat.about(np.array([1.0, 0.0, 0.0]), tip), course)
        path.along(course).stay(9.5 if mode == "nine" else 3.5)
        return self._read(path, held_from_s=2.0)

    def _read(self, path: Path, wobble_deg: float = 0.0, *, in_hand: bool = False, held_from_s: float = 0.0) -> Samples:
        """The sensor's own frame is the segment. held_from_s: from then on it is on a table, and no hand shakes it."""
        dt, self.at = path.dt_s, path.at
        q = path.course(np.radians(wobble_deg), WOBBLE_HZ, self.rng)
        n = len(q) // 2
        rate = quat.to_rotation_vector(quat.multiply(quat.conjugate(q[:-1:2]), q[2::2])) / dt
        hand = np.zeros((n, 3))
        if in_hand:
            tremor, sway = (
                np.column_stack([unsteadiness(n, dt, rms, hz, self.rng) for _ in range(3)])
                for rms, hz in ((TREMOR_M_S2, TREMOR_HZ), (SWAY_M_S, 0.4))
            )  # fmt: skip
            hand = tremor + np.gradient(sway, dt, axis=0)
        fast = np.linalg.norm(rate, axis=1) > np.radians(20.0)
        moving = fast & (in_hand | (np.arange(n) * dt < held_from_s))
        pushes = np.column_stack([unsteadiness(n, dt, HAND_M_S2, 1.2, self.rng) for _ in range(3)])
        centre = OFF_CENTRE_M * (rate**2).sum(axis=1, keepdims=True) * np.array([1.0, 0.0, 0.0])
        force = quat.rotate(quat.conjugate(q[1::2]), hand + moving[:, None] * pushes + [0.0, 0.0, GRAVITY_M_S2])
        return self.powered.read(rate, force - (0.0 if in_hand else 1.0) * centre)


def _up(up: Floats, rng: np.random.Generator) -> Floats:
    """(4,) an orientation sensor → earth with the sensor's direction `up` up, and any heading."""
    turn, _ = Rotation.align_vectors([[0.0, 0.0, 1.0]], [up])
    return _scalar_first(Rotation.from_euler("z", rng.uniform(0, 2 * np.pi)) * turn)


def _scalar_first(turn: Rotation) -> Floats:
    return np.asarray(np.roll(turn.as_quat(), 1), dtype=np.float64)
