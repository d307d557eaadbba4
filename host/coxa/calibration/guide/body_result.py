"""What came of a body calibration, in lines and in sentences."""

from __future__ import annotations

import numpy as np

from coxa.calibration.guide.body_steps import Turns
from coxa.fusion.axis import TURN_SD_RAD
from coxa_calibration.body import BodyCalibration
from coxa_calibration.held import between
from coxa_calibration.mounting import (
    TURNED_RAD,
    Case,
    Recognised,
    leg_from_turns,
    since_last_time,
    which_end,
    which_leg,
)

SWING_DEG = 10.0
"""A thigh that swings by this while it turns: what an axis that is off takes in of it is told with."""


def lines(
    body: BodyCalibration, case: Case | None, turns: Turns | None, then: Recognised | None
) -> tuple[tuple[str, str], ...]:
    """Names and values."""
    axis = body.axis
    pointing = ", ".join(f"{value:+.2f}" for value in axis.u)
    out = [("Femoral axis", f"{pointing} ± {np.degrees(axis.sd_rad):.1f}° (from {_words(axis.source)})")]
    if axis.turn_apart_rad is not None:
        out.append(("Checked by turns", f"{np.degrees(axis.turn_apart_rad):.0f}° apart"))
    if body.frame is None:
        out.append(("Front of the thigh", "not known: no pose with the thigh level"))
    else:
        out.append(("Front of the thigh", f"± {np.degrees(body.frame.forward_sd_rad):.0f}° about the axis"))
    if case is not None:
        out.append(("Case", which_end(axis.u, case, two_poses="standing+wall" in axis.source).sentence))
        if body.frame is not None:
            out.append(("Leg", which_leg(body.frame, case, body.side).sentence))
    if turns is not None:
        out.append(("Leg, by the turns", leg_from_turns(turns.ways, body.side).sentence))
    if then is not None:
        out.append(("Since the last time", then.sentence))
    return tuple(out)


def changes(body: BodyCalibration, then: Recognised | None) -> tuple[str, ...]:
    """Plain sentences: what it does to the sets of this wearing."""
    with_it, without = (np.sin(sd) * SWING_DEG for sd in (body.axis.sd_rad, TURN_SD_RAD))
    out = [
        f"Until the strap comes off, turns are read about this axis (± {np.degrees(body.axis.sd_rad):.1f}°) instead of "
        f"one found in each set (± {np.degrees(TURN_SD_RAD):.0f}°): a thigh that swings by {SWING_DEG:.0f}° then adds "
        f"{with_it:.1f}° to a turn instead of {without:.1f}°.",
        "Inward and outward are known from it, whichever end a set begins with.",
    ]
    if then is not None and then.answer == "turned":
        out.append("A personal gain that was measured before does not hold any more: calibrate the skin again.")
    return tuple(out)


def since(before: BodyCalibration, now: BodyCalibration) -> Recognised:
    """`same` or `turned` since the calibration before; by the axis alone where one of the two has no front."""
    if before.frame is not None and now.frame is not None:
        return since_last_time(before.frame, now.frame)
    apart = between(before.axis.u, now.axis.u)
    how = f"its axis {np.degrees(apart):.0f}° from then; about it nothing is known"
    # without the fronts there is nothing to weigh: the plain limit stands
    if apart > TURNED_RAD:
        return Recognised("turned", 1.0, apart, f"The sensor sits otherwise than last time ({how}): calibrate anew.")
    return Recognised("same", 0.5, apart, f"The sensor may sit as it did last time ({how}).")


def _words(source: str) -> str:
    parts = {"standing": "standing", "wall": "legs up the wall", "turn": "turns"}
    return ", ".join(parts.get(one, one) for one in source.split("+"))
