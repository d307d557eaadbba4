"""Calibrations as a person would have made them, for tests of what is done with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from coxa_calibration.body import BodyCalibration
from coxa_calibration.datasheet import datasheet
from coxa_calibration.femur import FemurAxis
from coxa_calibration.gain import PersonalGain
from coxa_calibration.held import Held
from coxa_calibration.mounting import Frame
from coxa_calibration.readings import Estimate
from coxa_calibration.sensor import SensorCalibration

UID = "a1b2c3d4e5f6"
AT = datetime(2026, 3, 1, 10, tzinfo=UTC)


def sensor(made_at=AT, uid=UID, **changes) -> SensorCalibration:
    from dataclasses import replace

    return replace(SensorCalibration.ideal(uid, "LSM6DSOX", "1.0.0", made_at, datasheet("LSM6DSOX")), **changes)


def gain(ir=0.5, er=0.6, sd=0.02, side="right", made_at=AT, **changes) -> PersonalGain:
    values = {
        "side": side,
        "strap": "at its mark",
        "k_ir": Estimate(ir, sd),
        "k_er": Estimate(er, sd),
        "correlation": 0.5,
        "r_squared": 0.99,
        "residual_sd_rad": 0.01,
        "n_reps": 5,
        "range_ir_rad": 1.0,
        "range_er_rad": 1.0,
        "made_at": made_at,
        "method": "together",
    }
    return PersonalGain(**{**values, **changes})


def body(axis=(0.0, 1.0, 0.0), side="right", made_at=AT, uid=UID, sd_deg=2.7) -> BodyCalibration:
    u = np.array(axis, dtype=float)
    across = np.linalg.svd(u[None, :])[2][1]
    held = Held("standing", u, 9.81 * u, 0.001, np.zeros(3), 0.001, 0.0, 5.0)
    frame = Frame(u, across, np.radians(sd_deg), np.radians(3.0))
    found = FemurAxis(u, float(np.radians(sd_deg)), "standing+wall", 0.05)
    return BodyCalibration(uid, side, "at its mark", made_at, found, frame, (held,))


def days(count: float) -> timedelta:
    return timedelta(days=count)
