"""Random simulated sessions: people, chips and mountings as different as the product must take them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from coxa.analysis import analyze_samples
from coxa.calibration.applied import Calibration
from coxa.results import POSITIONS, Analysis, UsedCalibration
from coxa.simulate import SENSORS, Simulation, Stream, Wearer, simulate
from coxa_calibration.body import BodyCalibration
from coxa_calibration.femur import FemurAxis

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)

HORIZONTAL = tuple(p for p in POSITIONS if p not in ("wall", "standing"))


def raw(sensor: str = "LSM6DSOX", bias_dps: float = 3.0, **changes):
    """A chip straight after power-on: the bias of each axis has this sd, deg/s."""
    return replace(SENSORS[sensor], gyro_bias_dps=bias_dps, **changes)


def perfect(**changes):
    return replace(SENSORS["perfect"], **changes)


def steady(**changes) -> Wearer:
    """A wearer who does exactly what was asked: no wander, no tremor, the same angles and times each time."""
    exact = {
        "range_sd_deg": 0.0,
        "hold_sd_s": 0.0,
        "ramp_sd_s": 0.0,
        "neutral_sd_deg": 0.0,
        "wander_deg": 0.0,
        "tremor_deg": 0.0,
        "swing_wander_deg": 0.0,
    }
    return Wearer(**{**exact, **changes})


def analysed(sim: Simulation, axis=None, **options) -> Analysis:
    if axis is not None:
        options["calibration"] = body(axis, sim.wearer.side)
    return analyze_samples(sim.samples, position=sim.wearer.position, side=sim.wearer.side, **options)


def body(axis, side: str, sd_deg: float = 3.0) -> Calibration:
    """A body calibration that knows the femoral axis (3,)."""
    known = FemurAxis(np.asarray(axis, dtype=float), np.radians(sd_deg), "standing")
    used = UsedCalibration("body", 1, AT.isoformat(), 0.0, "femoral axis")
    return Calibration(body=BodyCalibration("a1b2c3d4e5f6", side, "at its mark", AT, known, None, ()), used=(used,))


def session(seed: int, *, sensor=None, stream: Stream | None = None, **wearer) -> tuple[Simulation, Analysis]:
    """The session of that seed, either side by turns, and what the analysis says of it."""
    wearer.setdefault("side", ("right", "left")[seed % 2])
    sim = simulate(Wearer(**wearer), sensor or raw(), stream, seed=seed)
    return sim, analysed(sim)


@dataclass(frozen=True)
class Matched:
    """Found repetitions beside the true ones that they overlap most."""

    pairs: list
    missed: int
    invented: int


def matched(sim: Simulation, found: Analysis) -> Matched:
    truths = list(sim.truth.reps)
    pairs = []
    for rep in found.reps:
        middle = 0.5 * (rep.start_s + rep.end_s)
        mine = [t for t in truths if t.start_s < middle < t.end_s]
        if mine:
            truths.remove(mine[0])
            pairs.append((rep, mine[0]))
    return Matched(pairs, len(truths), len(found.reps) - len(pairs))


def rmse(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def errors(sessions, what: str) -> np.ndarray:
    """Found minus true `what` (`ir_deg`, …) of all matched whole repetitions."""
    return np.array(
        [
            getattr(rep, what) - getattr(true, what)
            for sim, found in sessions
            for rep, true in matched(sim, found).pairs
            if true.ir_deg and true.er_deg
        ]
    )
