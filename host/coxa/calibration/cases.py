"""What is known of a board's build: its chip by name, and which way the chip sits in the case."""

from __future__ import annotations

import numpy as np

from coxa.config import MOUNTING, UNKNOWN
from coxa.flash.selftest import CHIPS
from coxa.samples import Floats
from coxa_calibration.mounting import Case
from coxa_wire import Info

AS_BOUGHT = (2,)
"""Kinds of board (in INFO) whose chip sits in a case of its maker's: M5StickC Plus2. Which way is not known here, so
what the case would show (upside down, the other leg) is left out."""


def chip_of(info: Info) -> str:
    """The name of the sensor chip; `unknown` where this version does not know it."""
    return CHIPS.get(info.imu, "unknown")


def case_of(info: Info, mounting: str = MOUNTING) -> Case | None:
    """Which way the chip sits in the case, where that is known. mounting: the setting of this name (`coxa.config`)."""
    if info.board in AS_BOUGHT or mounting == UNKNOWN:
        return None
    to_hip, outward = (_axis(name) for name in mounting.split())
    return Case(to_hip, outward)


def _axis(name: str) -> Floats:
    """(3,) unit vector of an axis such as `-x`."""
    axis: Floats = np.zeros(3)
    axis["xyz".index(name[1])] = -1.0 if name[0] == "-" else 1.0
    return axis


def firmware_of(info: Info) -> str:
    """The version of the board's program, such as 1.2.3."""
    return ".".join(map(str, info.firmware))
