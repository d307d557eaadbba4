"""`coxa calibrate`: of sensor, body and skin, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import App, Parameter

from coxa.commands.calibrate_means import ANY_MEANS, Means, Wish, Worn, made
from coxa.commands.catalogue import COMMANDS
from coxa.commands.common import DEFAULTS, Common, Flag
from coxa.commands.nearby import with_own_store
from coxa.commands.outcome import THIGHS, operated
from coxa.commands.people import HIP_SURGERY_NOTE
from coxa.errors import UsageError
from coxa.link.known import KnownBoards, Role, meant
from coxa.results import Side

if TYPE_CHECKING:
    from coxa.calibration.guide.step import Procedure

STRAP = "outer side, a hand above the knee, arrow to the hip"
"""Where hardware.md puts it."""

SIMULATED_SIDE: Side = "right"

app = App(name="calibrate", help_epilogue=next(command.examples for command in COMMANDS if command.name == "calibrate"))
_OTHERS = {
    "noise": ("coxa.commands.calibrate_noise:noise", "Noise of a sensor that lies still: Allan deviation."),
    "bias": ("coxa.commands.calibrate_bias:bias", "Learn the gyroscope's offset from all rest that was recorded."),
    "list": ("coxa.commands.calibrate_kept:list_", "List the calibrations that are kept."),
    "show": ("coxa.commands.calibrate_kept:show", "Show one of them."),
    "void": ("coxa.commands.calibrate_kept:void", "Note that one does not hold any more."),
    "export": ("coxa.commands.calibrate_kept:export", "Write one to a file."),
    "import": ("coxa.commands.calibrate_kept:import_", "Keep one from a file."),
}
for _name, (_where, _help) in _OTHERS.items():
    app.command(_where, name=_name, help=_help)


@Parameter(name="*")
@dataclass(frozen=True)
class Wearer:
    """Whose leg it is."""

    side: Annotated[Side | None, Parameter(help="Leg; not needed where the board's role says it.")] = None
    person: Annotated[str | None, Parameter(help='Whose it is; "me" unless the settings say otherwise.')] = None
    strap: Annotated[str, Parameter(help="Where and how the strap sits, in your words.")] = STRAP
    cleared: Annotated[
        Flag, Parameter(help="With a replaced or operated hip: surgeon or physiotherapist have agreed to this.")
    ] = False


NOBODY_SAID = Wearer()


@app.command
def sensor(*, to_board: bool = True, means: Means = ANY_MEANS, common: Common = DEFAULTS) -> None:
    """What the chip adds to rate and force: a rest, twelve poses in the hand, ten turns on a table. Not worn.

    Parameters
    ----------
    to_board
        Also write it to the board, for its own orientation.
    """
    from coxa.calibration.guide.sensor import SensorProcedure
    from coxa.commands.calibrate_result import newest, show

    common = with_own_store(common) if means.simulated else common

    def make(worn: Sequence[Worn]) -> Procedure:
        one = worn[0]
        known = newest(common, "sensor", one.uid)
        return SensorProcedure(one.uid, one.chip, one.firmware, known.sensor() if known else None)

    wish = Wish("sensor", "sensor", (None,), make)
    show(made(wish, means, common, to_board=to_board and not means.simulated), common)


@app.command
def body(*, wearer: Wearer = NOBODY_SAID, means: Means = ANY_MEANS, common: Common = DEFAULTS) -> None:
    """Where the femur is in the sensor, as long as the strap stays on: standing, sitting, legs up the wall, turns."""
    from coxa.calibration.guide.body import BodyProcedure, check_without
    from coxa.commands.calibrate_result import show

    common = with_own_store(common) if means.simulated else common
    side, person = side_of(wearer, means, common), wearer.person or common.settings.person
    if "wall" not in check_without(means.without):
        check_surgery(wearer, person, common, "or leave the wall out: --without wall")

    def make(worn: Sequence[Worn]) -> Procedure:
        return _body(worn[0], side, person, wearer.strap, common)

    def turned(procedure: Procedure) -> bool:
        return isinstance(procedure, BodyProcedure) and procedure.turned

    wish = Wish("body", f"body · {side} thigh", (thigh(side),), make, turned)
    show(made(wish, means, common), common)


def _body(worn: Worn, side: Side, person: str, strap: str, common: Common) -> Procedure:
    """With what the store knows of the wearing before, and of the sensor."""
    from coxa.calibration.guide.body import BodyProcedure
    from coxa.commands.calibrate_result import newest

    before, known = newest(common, "body", worn.uid, person, side), newest(common, "sensor", worn.uid)
    procedure = BodyProcedure(worn.uid, side, person, strap, before.body() if before else None, worn.case)
    if known is not None and "accelerometer" in (calibration := known.sensor()[0]).parts:
        procedure.acc_offset_sd_m_s2 = float(calibration.acc_offset_sd_m_s2.max())
    return procedure


@app.command
def skin(
    *,
    in_turn: Flag = False,
    at_stops: Flag = False,
    wearer: Wearer = NOBODY_SAID,
    means: Means = ANY_MEANS,
    common: Common = DEFAULTS,
) -> None:
    """The personal gain: what your strapped thigh shows of the bone's turn. Two boards at once, on thigh and shank.

    Parameters
    ----------
    in_turn
        With one board, moved from the thigh to the shank; less certain.
    at_stops
        With --in-turn: the foot turns until it touches something, the same for both sets.
    """
    from coxa.calibration.guide.skin import SkinInTurn, SkinTogether
    from coxa.commands.calibrate_result import show

    if at_stops and not in_turn:
        raise UsageError("--at-stops belongs to --in-turn", "Add --in-turn, or leave --at-stops out.")
    common = with_own_store(common) if means.simulated else common
    side, person = side_of(wearer, means, common), wearer.person or common.settings.person
    check_surgery(wearer, person, common)

    def make(worn: Sequence[Worn]) -> Procedure:
        if in_turn:
            return SkinInTurn(worn[0].uid, side, person, wearer.strap, at_stops)
        return SkinTogether(worn[0].uid, side, person, wearer.strap, _scale_sd(worn, common))

    roles = (thigh(side),) if in_turn else (thigh(side), _shank(side))
    show(made(Wish("skin", f"skin · {side} leg", roles, make), means, common), common)


@app.command
def check(*, wearer: Wearer = NOBODY_SAID, means: Means = ANY_MEANS, common: Common = DEFAULTS) -> None:
    """Did the strap move? The poses of the body calibration once more, after the sets."""
    from coxa.commands.calibrate_check import checked_strap

    checked_strap(wearer, means, common)


def _scale_sd(worn: Sequence[Worn], common: Common) -> float:
    """Sd of the gyroscopes' scales, a share, whatever axis is turned about; the wider of the two."""
    from coxa.commands.calibrate_result import newest
    from coxa_calibration.gain_fit import SCALE_SD

    known = [newest(common, "sensor", one.uid) for one in worn]
    sds = [max(map(one.sensor()[0].scale_sd, np.eye(3))) for one in known if one is not None]
    return max(sds) if len(sds) == len(worn) else max([SCALE_SD, *sds])


def thigh(side: Side) -> Role:
    """The place of a board on the thigh of a leg."""
    return "left-thigh" if side == "left" else "right-thigh"


def _shank(side: Side) -> Role:
    return "left-shank" if side == "left" else "right-shank"


def side_of(wearer: Wearer, means: Means, common: Common) -> Side:
    """The leg: as stated, else by the role of the board.

    Raises:
        UsageError: it is not clear which.
    """
    if wearer.side is not None or means.simulated:
        return wearer.side or SIMULATED_SIDE
    with KnownBoards(common.store_path) as boards:
        known = boards.all()
    meant_ones = [meant(known, name) for name in means.board] or known
    legs: set[Side] = {THIGHS[one.role] for one in meant_ones if one.role is not None and one.role in THIGHS}
    if len(legs) == 1:
        return legs.pop()
    raise UsageError("which leg?", "Say it with --side left or --side right.")


def check_surgery(wearer: Wearer, person: str, common: Common, otherwise: str = "") -> None:
    """UsageError where a person with an operated hip has not said that it is cleared."""
    if not wearer.cleared and operated(common, person):
        raise UsageError(
            HIP_SURGERY_NOTE,
            f"If they have said that it is yours to do: --cleared{', ' if otherwise else ''}{otherwise}.",
        )
