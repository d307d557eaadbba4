"""Local gravity: it varies by 0.5 % over the earth, which an accelerometer's scale takes over one to one.

Directions, and so all angles, do not depend on it; a wearer who does not know their latitude loses nothing there.
"""

from __future__ import annotations

import math


def gravity_at(latitude_deg: float, height_m: float = 0.0) -> float:
    """Gravity, m/s², at a geographic latitude and a height above the sea; good to about 0.001 m/s² (0.1 mg).

    Normal gravity of the Geodetic Reference System 1980 in its series form (Moritz 2000, Journal of Geodesy 74:128,
    doi 10.1007/s001900050278) with the free-air gradient of 3.086e-6 1/s².
    """
    if not (-90.0 <= latitude_deg <= 90.0 and -500.0 <= height_m <= 9000.0):
        raise ValueError(f"latitude {latitude_deg}° or height {height_m} m is not on this earth")
    s = math.sin(math.radians(latitude_deg)) ** 2
    s2 = math.sin(2 * math.radians(latitude_deg)) ** 2
    return 9.780327 * (1 + 0.0053024 * s - 0.0000058 * s2) - 3.086e-6 * height_m
