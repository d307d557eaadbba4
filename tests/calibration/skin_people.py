"""Simulated people whose thigh and shank turn, as angles: no sensor and no analysis in between, so that it is fast."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from coxa.simulate import Wearer
from coxa.simulate.skin import Knee, Tissue, draw
from coxa.simulate.wearer import plan, unsteadiness
from coxa_calibration.gain_fit import SHANK, Ends, gain_together

MADE = datetime(2026, 10, 5, tzinfo=UTC)
DT_S = 0.02
SLOW = Wearer(reps=5, ramp_s=2.5, hold_s=1.5, neutral_pause_s=1.0)
KEPT = {"side": "right", "strap": "hole 3", "made_at": MADE}


@dataclass(frozen=True)
class Turned:
    """One set: times (n,), angles (n,) of femur, thigh and shank, rad, and the swing of the shank."""

    t_s: np.ndarray
    femur: np.ndarray
    thigh: np.ndarray
    shank: np.ndarray
    swing: np.ndarray


def person(rng: np.random.Generator, share_sd: float = SHANK.sd) -> tuple[Tissue, Knee]:
    """Somebody: published shares, play and lag of the skin, play of the knee."""
    tissue = replace(draw(rng), play_deg=float(rng.uniform(0, 1.0)), lag_s=float(rng.uniform(0, 0.2)))
    return tissue, Knee(share=float(rng.normal(SHANK.value, share_sd)), play_deg=float(rng.uniform(0, 0.5)))


def turned(tissue: Tissue, knee: Knee, wearer: Wearer = SLOW, drift_deg: float = 0.5, *, rng) -> Turned:
    """A set of `wearer`, each angle with its own slow drift (rms, degrees) as an analysis leaves it."""
    planned = plan(wearer, rng)
    t = np.arange(0.0, planned.duration_s, DT_S)
    femur = planned.rotation(t) + unsteadiness(len(t), DT_S, np.radians(wearer.wander_deg), 0.5, rng)
    shank, swing = knee.turn(femur)
    drifts = [unsteadiness(len(t), DT_S, np.radians(drift_deg), 0.05, rng) for _ in range(2)]
    return Turned(t, femur, tissue.turn(femur, DT_S) + drifts[0], shank + drifts[1], swing)


def gain_of(one: Turned, **options):
    return gain_together(one.t_s, one.thigh, one.shank, **{**KEPT, **options})


def ends(rng, ir, er, reps, scatter):
    """A set as its repetitions about the given ends, rad."""
    return Ends(ir + scatter * rng.normal(size=reps), er + scatter * rng.normal(size=reps),
                scatter * rng.normal(size=reps))  # fmt: skip
