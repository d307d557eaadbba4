"""How a calibration is made: with which boards, or simulated; the options that all kinds of it share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from coxa import console
from coxa.calibration.kept import Kind
from coxa.commands.common import Common, Flag
from coxa.errors import UsageError
from coxa.link.known import Role

if TYPE_CHECKING:
    from coxa.calibration.guide.course import Guide
    from coxa.calibration.guide.step import Procedure
    from coxa.commands.calibrate_result import Result
    from coxa.commands.calibrate_view import CalibrationView
    from coxa_calibration.mounting import Case

SEED_MOST = 2**32 - 1

Several = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True)
class Means:
    """How it is made."""

    board: Annotated[
        Several, Parameter(help="Name, role or uid of the board; not needed where only one can be meant.")
    ] = ()
    port: Annotated[str | None, Parameter(help="Serial port of a board on a cable, instead of the radio.")] = None
    without: Annotated[
        Several, Parameter(help="Leave out a step that may be; more than once. A wrong name lists them.")
    ] = ()
    quiet: Annotated[Flag, Parameter(help="No bell of the terminal and no signals of the board.")] = False
    simulated: Annotated[Flag, Parameter(help="A simulated wearer follows; no hardware, and a store of its own.")] = (
        False
    )
    speed: Annotated[float | None, Parameter(help="With --simulated: how many times as fast as in life.")] = None
    clumsy: Annotated[Flag, Parameter(help="With --simulated: things go wrong at first.")] = False
    seed: Annotated[int | None, Parameter(help="With --simulated: another wearer.")] = None


ANY_MEANS = Means()


@dataclass(frozen=True, slots=True)
class Worn:
    """A sensor that is calibrated with: its uid, chip, firmware, and how the chip sits in its case, where known."""

    uid: str = "000000000000"
    chip: str = "unknown"
    firmware: str = ""
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be calibrated.

    Attributes:
        title: for the user, such as `body · right thigh`.
        roles: of the boards, in the order of the procedure's places; None: any board will do.
        make: the procedure, for the sensors in that order.
        turned: whether the sensor was found to sit otherwise than before, once the procedure is finished.
        afterwards: it is a check after the sets; a clumsy simulated wearer's strap has moved.
    """

    kind: Kind
    title: str
    roles: tuple[Role | None, ...]
    make: Callable[[Sequence[Worn]], Procedure]
    turned: Callable[[Procedure], bool] = lambda _: False
    afterwards: bool = False


def checked(wish: Wish, means: Means) -> frozenset[str]:
    """The steps to leave out.

    Raises:
        UsageError: there is no such step, it cannot be left out, or options do not go together.
    """
    only_simulated = {"--speed": means.speed is not None, "--clumsy": means.clumsy, "--seed": means.seed is not None}
    if not means.simulated:
        for name, given in only_simulated.items():
            if given:
                raise UsageError(f"{name} belongs to --simulated", f"Add --simulated, or leave {name} out.")
    elif means.board or means.port:
        raise UsageError("--simulated needs no board", "Leave --board and --port out.")
    if means.speed is not None and not (math.isfinite(means.speed) and means.speed > 0):
        raise UsageError(f"--speed is {means.speed}", "Give a number above 0, such as 10.")
    if means.seed is not None and not 0 <= means.seed <= SEED_MOST:
        raise UsageError(f"--seed is {means.seed}", f"Give a whole number from 0 to {SEED_MOST}.")
    if means.port is not None and len(wish.roles) > 1:
        raise UsageError("--port is the way to one board, and this takes two", "Use the radio, or --in-turn.")
    steps = wish.make([Worn()] * len(wish.roles)).steps
    optional = [step.key for step in steps if step.optional]
    for key in means.without:
        if key not in optional:
            what = "cannot be left out" if key in [step.key for step in steps] else "is no step of this"
            raise UsageError(f"{key!r} {what}", f"These can: {', '.join(optional)}." if optional else "None can.")
    return frozenset(means.without)


@dataclass(frozen=True, slots=True)
class Making:
    """A calibration that is about to be made: how it is guided, seen, and what becomes of it.

    Attributes:
        without: keys of the steps that are left out.
        to_board: it is also written to the board.
    """

    wish: Wish
    means: Means
    common: Common
    without: frozenset[str]
    view: CalibrationView
    to_board: bool = False

    def guide(self, worn: Sequence[Worn]) -> Guide:
        """The guide for these sensors, in the order of the places; what is known of them is used."""
        from coxa.calibration.guide.course import Guide
        from coxa.commands.calibrate_result import newest

        procedure = self.wish.make(worn)
        known = {
            place: newest(self.common, "sensor", one.uid) for place, one in zip(procedure.places, worn, strict=True)
        }
        sensors = {place: one.sensor()[0] for place, one in known.items() if one and self.wish.kind != "sensor"}
        guide = Guide(procedure, self.without, sensors=sensors)
        guide.listeners.append(self.view.decided)
        return guide

    def conclude(self, guide: Guide, source: str) -> Result:
        """The calibration of a guide that is done, kept. Raises InputError where the steps do not make one."""
        from coxa.commands.calibrate_result import concluded, keep

        finished = concluded(guide, source)
        return keep(finished, self.view.done, self.wish.turned(guide.procedure), self.common)


def made(wish: Wish, means: Means, common: Common, *, to_board: bool = False) -> Result:
    """Guides the wearer through it; the calibration, which is kept, and with `to_board` also written to the board.

    Raises:
        UsageError: the options do not fit. KeyboardInterrupt: stopped.
        CoxaError: it was given up, or a board or the store failed.
    """
    from coxa.commands.calibrate_view import CalibrationView

    without = checked(wish, means)
    common.open_store(write=True).close()  # what cannot be kept is not begun
    view = CalibrationView(wish.title, quiet=means.quiet, json_on_stdout=common.json == console.STDOUT)
    making = Making(wish, means, common, without, view, to_board)
    if means.simulated:
        from coxa.commands.calibrate_simulated import followed

        return followed(making)
    from coxa.commands.calibrate_boards import with_boards

    return with_boards(making)
