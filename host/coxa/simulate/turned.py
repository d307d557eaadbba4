"""Somebody who calibrates the skin: turns the straight leg, with a sensor on thigh and shank, or on one and then the
other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.transform import Rotation

from coxa.calibration.guide.course import joined
from coxa.results import Position, Side
from coxa.samples import Floats, Samples
from coxa.simulate import motion
from coxa.simulate.path import SETTLE_S, Path
from coxa.simulate.powered import Powered
from coxa.simulate.sensor import Sensor, drawn
from coxa.simulate.skin import Knee, Tissue, draw
from coxa.simulate.wearer import Wearer, plan, unsteadiness
from coxa_calibration.gain_fit import AT_STOPS_SD_RAD, SET_CHANGE_SD_RAD, SHANK

ENDS_DEG = (25.0, 45.0)
"""Range of the femur each way, over people."""

OWN_DEG = 0.05
"""Unsteadiness of a strap by itself, rms."""

STOPS_SCATTER_DEG, SMALL_SCATTER_DEG = 0.5, 0.3
"""Of the ends of one set where the foot touches something, and of turns that are much too small, sd."""

SWINGS_DEG, LOOSE_DEG, LOOSE_HZ = 25.0, 7.0, 4.0
"""Amplitude of a heel that moves about; rms of a strap that is loose, and up to which frequency, as long as
the leg turns."""


@dataclass(slots=True)
class SkinFollower:
    """One person lying with a straight leg, and one chip, or with `together` two; they stay on from step to step.

    Attributes:
        clumsy: step → what goes wrong in its first attempt: `few` (two turns only), `small`, `no_stops`, `no_rest`
            (before), `swings` (the heel moves about), `slips` (the strap), `loose`, `opposite` (the shank turns against
            the thigh), `exchanged` (the two sensors, or the order of the sets); for the step `move`: `forgets`.
        ends_deg: (2,) how far this femur turns outward and inward.
        at_stops: with one sensor: the foot turns until it touches something, in both sets.
        tissue, knee: the truth.
    """

    side: Side
    sensor: Sensor
    seed: int = 0
    clumsy: Mapping[str, str] = field(default_factory=dict[str, str])
    together: bool = True
    at_stops: bool = False
    position: Position = "supine"
    rng: np.random.Generator = field(init=False)
    powered: dict[str, Powered] = field(init=False)
    tissue: Tissue = field(init=False)
    knee: Knee = field(init=False)
    worn_on: str = field(default="thigh", init=False)
    ends_deg: Floats = field(init=False)
    _pose: Floats = field(init=False)
    _at: dict[str, Floats] = field(init=False)
    _told: set[str] = field(default_factory=set[str], init=False)
    _asked: tuple[str, int] = field(default=("", 0), init=False)

    def __post_init__(self) -> None:
        """Draw the person and the chips."""
        rng = self.rng = np.random.default_rng(self.seed)
        self.tissue = replace(
            draw(rng), play_deg=rng.uniform(0, 1.0), lag_s=rng.uniform(0, 0.2), wobble_hz=rng.uniform(4, 9)
        )
        self.knee = Knee(share=float(rng.normal(SHANK.value, SHANK.sd)), play_deg=rng.uniform(0, 0.5))
        self.ends_deg = rng.uniform(*ENDS_DEG, 2)
        tilt = np.radians(rng.normal(0, 3.0, 2))
        self._pose = motion.neutral_pose(self.position, self.side, rng.uniform(0, 2 * np.pi), tilt[0], tilt[1])
        places = ("thigh", "shank") if self.together else ("thigh",)
        self.powered = {place: Powered(drawn(self.sensor, rng), rng) for place in places}
        self._at = dict.fromkeys(places, self._pose)

    def act(self, step_key: str, attempt: int) -> dict[str, Samples]:
        """What this person does when told this step: samples by place, going on from before.

        Asked once more after a set, the person rests first: something may only not have been seen yet.
        """
        mode = self.clumsy.get(step_key, "") if attempt == 1 and step_key not in self._told else ""
        self._told.add(step_key)
        asked, self._asked = self._asked, (step_key, attempt)
        if asked == self._asked and step_key != "move":
            self._asked = ("", 0)
            return self._rested()
        if self.together:
            return self._turned(mode, {"thigh": "thigh", "shank": "shank"})
        if step_key == "move":
            return self._moved("shank" if self.worn_on == "thigh" else "thigh", forgets=mode == "forgets")
        if mode == "exchanged":
            self.worn_on = "shank" if step_key == "thigh" else "thigh"
        elif step_key == "thigh" and self.worn_on != "thigh":
            back = self._moved("thigh", forgets=False)["thigh"]
            whole = joined([back, self._turned(mode, {"thigh": self.worn_on})["thigh"]])
            return {} if whole is None else {"thigh": whole}
        return self._turned(mode, {"thigh": self.worn_on})

    def _rested(self) -> dict[str, Samples]:
        return {
            place: self._read(powered, Path(self._at[place], powered.dt_s).stay(6.0), place)
            for place, powered in self.powered.items()
        }

    def _turned(self, mode: str, worn: dict[str, str]) -> dict[str, Samples]:
        """A set with the chips where `worn` says: chip → thigh or shank."""
        dt = next(iter(self.powered.values())).dt_s
        planned = plan(self._wearer(mode), self.rng)
        path = Path(self._pose, dt)
        t = path.times(planned.duration_s)
        share = np.clip(np.minimum(t, t[::-1]) / SETTLE_S, 0.0, 1.0)
        femur = planned.rotation(t) + share * unsteadiness(len(t), dt / 2, np.radians(0.35), 0.5, self.rng)
        femur = femur - femur[-1] * np.clip((t - planned.duration_s + 1.0) / 1.0, 0.0, 1.0)  # ends where it began
        middle = (planned.reps[0].end_s + planned.reps[-1].end_s) / 2
        tissue = replace(self.tissue, slip_deg=12.0, slip_at_s=middle) if mode == "slips" else self.tissue
        shank, aside = self.knee.turn(femur)
        swings = [share * unsteadiness(len(t), dt / 2, np.radians(0.3), 0.5, self.rng) for _ in range(2)]
        turning = np.clip(np.abs(np.gradient(femur, dt / 2)) / np.radians(10.0), 0.0, 1.0)
        loose_rad = np.radians(LOOSE_DEG if mode == "loose" else 0.0)
        loose = turning * unsteadiness(len(t), dt / 2, loose_rad, LOOSE_HZ, self.rng)
        between = np.clip(np.minimum(t, t[::-1]) - 4.5, 0.0, 1.0)
        heel = np.radians(SWINGS_DEG) * between * np.sin(2 * np.pi * t / 7.0) if mode == "swings" else 0.0
        turns = {"thigh": tissue.turn(femur, dt / 2) + loose, "shank": -shank if mode == "opposite" else shank}
        out: dict[str, Samples] = {}
        for place, powered in self.powered.items():
            on = worn[place]
            if mode == "exchanged" and self.together:
                on = "shank" if on == "thigh" else "thigh"
            sideways = swings[1] + heel + (aside if on == "shank" else 0.0)
            q = motion.thigh_orientation(self._pose, turns[on], swings[0], sideways, self.side)
            out[place] = self._read(powered, Path(q[0], dt).along(q), place)
        return out

    def _wearer(self, mode: str) -> Wearer:
        change_rad = 0.0 if self.together else AT_STOPS_SD_RAD if self.at_stops else SET_CHANGE_SD_RAD
        change = self.rng.normal(0, np.degrees(change_rad), 2)
        er, ir = (self.ends_deg + change).tolist() if mode != "small" else (7.0, 7.0)
        stops, reps = mode != "no_stops", 5 if self.together else 8
        scatter = SMALL_SCATTER_DEG if mode == "small" else STOPS_SCATTER_DEG if self.at_stops else 2.0
        return Wearer(
            position=self.position, side=self.side, reps=2 if mode == "few" else reps, er_deg=er, ir_deg=ir,
            ramp_s=2.5 if stops else 0.7, hold_s=1.5 if stops else 0.0, hold_sd_s=0.2 if stops else 0.0,
            neutral_pause_s=1.0 if stops else 0.0, start_still_s=0.0 if mode == "no_rest" else 4.0, end_still_s=4.5,
            range_sd_deg=scatter, neutral_sd_deg=2.0 if mode != "small" else SMALL_SCATTER_DEG,
        )  # fmt: skip

    def _moved(self, to: str, *, forgets: bool) -> dict[str, Samples]:
        """The strap comes off, is carried, and is tied again; or nothing is done for a while."""
        powered = self.powered["thigh"]
        path = Path(self._at["thigh"], powered.dt_s)
        if forgets:
            return {"thigh": self._read(powered, path.stay(6.0), "thigh")}
        self.worn_on = to
        for turn in Rotation.random(4, rng=self.rng):
            path.move(np.asarray(np.roll(turn.as_quat(), 1), dtype=np.float64), 2.0)
        return {"thigh": self._read(powered, path.move(self._pose, 2.0).stay(6.0), "thigh")}

    def _read(self, powered: Powered, path: Path, place: str) -> Samples:
        self._at[place] = path.at
        q = path.course(np.radians(OWN_DEG), 1.0, self.rng)
        return powered.read(*motion.rate_and_force(q[::2], q[1::2], path.dt_s, None))
