"""The temperature between the whole degrees that a board reports."""

from __future__ import annotations

import numpy as np

from coxa_calibration.readings import Floats


def unrounded(temperature_c: Floats, t_s: Floats) -> Floats:
    """(n,) smooth temperature, °C, of one reported in whole degrees at times t_s (n,); others are returned unchanged.

    Where the report steps from 24 to 25 the temperature was 24.5: the steps are joined by straight lines, and before
    the first and after the last one the line goes on as far as half a degree from the report. Taken as reported, a
    warm-up of five degrees would give less than half of the bias's slope: neighbouring spans differ by less than the
    rounding.
    """
    steps = np.flatnonzero(np.diff(temperature_c))
    if len(steps) < 2 or not np.array_equal(temperature_c, np.round(temperature_c)):
        return temperature_c
    at = (t_s[steps] + t_s[steps + 1]) / 2
    value = (temperature_c[steps] + temperature_c[steps + 1]) / 2
    joined = np.interp(t_s, at, value)
    for side, (a, b) in ((t_s < at[0], (0, 1)), (t_s > at[-1], (-2, -1))):
        slope = (value[b] - value[a]) / (at[b] - at[a])
        near = 0 if a == 0 else -1
        joined[side] = value[near] + slope * (t_s[side] - at[near])
    return np.asarray(np.clip(joined, temperature_c - 0.5, temperature_c + 0.5))
