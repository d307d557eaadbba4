"""Reference filters of the `ahrs` package, 6-axis, with their own settings, in this project's convention.

What each returns was found out with a known motion (the tests repeat it): Madgwick, Mahony and AngularRate give
sensor → earth, z up; so does EKF, in the frame it calls NED (in the one it calls ENU, resting acceleration points
down); AQUA gives the inverse. Left out, because they are no 6-axis filters one could compare with: Tilt and
Complementary hold the heading at 0, UKF loses it on noise-free data.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from coxa import quaternion
from coxa.samples import Floats


def _upright(acc: Floats) -> Floats:
    """(4,) the shortest turn that brings the specific force (3,) up."""
    up = acc / np.linalg.norm(acc)
    axis = np.cross(up, [0.0, 0.0, 1.0])
    sine = float(np.linalg.norm(axis))
    direction = axis / sine if sine > 1e-9 else np.array([1.0, 0.0, 0.0])  # any axis turns the opposite up
    return quaternion.about(direction, np.arctan2(sine, up[2]))


def _filter(name: str, gyr: Floats, rate_hz: float, **options: Any) -> Floats:
    found: Any = getattr(import_module("ahrs.filters"), name)  # untyped, and slow to import
    return np.asarray(found(gyr=gyr, frequency=rate_hz, **options).Q, dtype=float)


def _angular_rate(gyr: Floats, acc: Floats, rate_hz: float) -> Floats:
    return _filter("AngularRate", gyr, rate_hz, q0=_upright(acc[0]))


AHRS_FILTERS: dict[str, Callable[[Floats, Floats, float], Floats]] = {
    "madgwick": lambda gyr, acc, rate_hz: _filter("Madgwick", gyr, rate_hz, acc=acc),
    "mahony": lambda gyr, acc, rate_hz: _filter("Mahony", gyr, rate_hz, acc=acc),
    "ekf": lambda gyr, acc, rate_hz: _filter("EKF", gyr, rate_hz, acc=acc, frame="NED"),
    "aqua": lambda gyr, acc, rate_hz: quaternion.conjugate(_filter("AQUA", gyr, rate_hz, acc=acc)),
    "angular-rate": _angular_rate,
}
"""Name → function of (n, 3) rad/s, (n, 3) m/s² and Hz, giving (n, 4) sensor → earth, z up."""
