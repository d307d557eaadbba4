"""A calibration without hardware: a simulated person does what each step says, well or badly."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from coxa.calibration.kept import Kind
from coxa.commands.calibrate_means import Making, Worn
from coxa.commands.calibrate_result import Result
from coxa.results import Side
from coxa.simulate.follower import BodyFollower, Follower, SensorFollower, SkinFollower, follow
from coxa.simulate.poses import slid
from coxa.simulate.sensor import SENSORS

THIGH_UID, SHANK_UID = "51{seed:010x}", "52{seed:010x}"
"""Of simulated sensors: each wearer has some of their own, and calibrates, wears and turns the same one."""

CHIP = "LSM6DSOX"

SEED = 2
"""Where none is given: the same wearer each time, with the same sensor."""

SLID_CM = 3.0
"""How far the strap of a clumsy wearer slides around the thigh during the sets."""

LOOK_EVERY_S = 0.2
"""Of the simulated time."""

SPEEDS: Mapping[tuple[Kind, int], float] = {
    ("sensor", 1): 7.0,
    ("body", 1): 3.5,
    ("skin", 2): 3.5,
    ("skin", 1): 10.0,
}
"""How many times as fast as in life, at a terminal, by kind and number of sensors: each takes some 25 s, and its words
can still be read."""

CLUMSY: Mapping[Kind, Mapping[str, str]] = {
    "sensor": {"pose-3": "same", "turns": "nine"},
    "body": {"standing": "upside_down", "seated": "slouched", "turns": "small"},
    "skin": {"reps": "slips", "thigh": "slips", "move": "forgets"},
}
"""What goes wrong at first, by step."""


def followed(making: Making) -> Result:
    """Guides a simulated wearer; the calibration.

    Raises:
        InputError: as `Guide.advance` and `Making.conclude`.
    """
    means, view = making.means, making.view
    seed = SEED if means.seed is None else means.seed
    worn, follower = _person(making, seed)
    guide = making.guide(worn)
    speed = means.speed or (SPEEDS[making.wish.kind, len(worn)] if view.draws else math.inf)
    with view:
        view.show(guide.advance())
        for stand in follow(guide, follower, LOOK_EVERY_S):
            view.show(stand)
            time.sleep(LOOK_EVERY_S / speed)
    return making.conclude(guide, f"simulated, seed {seed}")


def _person(making: Making, seed: int) -> tuple[list[Worn], Follower]:
    """The sensors as the procedure takes them, and who wears them."""
    wish, sensor = making.wish, SENSORS[CHIP]
    clumsy: Mapping[str, str] = CLUMSY[wish.kind] if making.means.clumsy else {}
    thigh, shank = (Worn(uid.format(seed=seed), CHIP) for uid in (THIGH_UID, SHANK_UID))
    if wish.kind == "sensor":
        return [thigh], SensorFollower(sensor, seed, clumsy)
    side: Side = "left" if wish.roles[0] == "left-thigh" else "right"
    wearer = BodyFollower(side, sensor, seed, {} if wish.afterwards else clumsy)
    if wish.afterwards:  # the same person, an hour later
        wearer.rng = wearer.powered.rng = np.random.default_rng([seed, 1])
        wearer.slide(slid(around_cm=SLID_CM if making.means.clumsy else 0.0))
    if wish.kind == "body":
        return [replace(thigh, case=wearer.case)], wearer
    turning = SkinFollower(side, sensor, seed, clumsy, together=len(wish.roles) > 1)
    turning.powered["thigh"].chip = wearer.powered.chip
    return [thigh, shank][: len(wish.roles)], turning
