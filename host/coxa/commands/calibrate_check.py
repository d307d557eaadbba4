"""`coxa calibrate check`: did the strap move? The poses of the body calibration once more, after the sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from coxa import console
from coxa.commands.calibrate_means import ANY_MEANS, Means, Wish, Worn, made
from coxa.commands.calibrate_result import Result, newest, void_skin
from coxa.commands.common import DEFAULTS, Common
from coxa.commands.nearby import with_own_store
from coxa.errors import InputError, UsageError

if TYPE_CHECKING:
    from coxa.calibration.guide.step import Procedure
    from coxa.calibration.kept import Kept
    from coxa.commands.calibrate import Wearer
    from coxa_calibration.slip import Slip

FORMAT = "coxa.strap/1"

WORDS = {"moved": "The strap moved", "kept": "The strap stayed", "not_seen": "No move was seen"}


def checked_strap(wearer: Wearer, means: Means = ANY_MEANS, common: Common = DEFAULTS) -> None:
    """Guides through the poses of the newest body calibration, shows the verdict, marks what does not hold any more.

    Raises:
        InputError: there is no body calibration of this wearing, or the poses are not those.
        Else as `made`.
    """
    from coxa.calibration.guide.slip import SlipProcedure
    from coxa.commands.calibrate import check_surgery, side_of, thigh

    common = with_own_store(common) if means.simulated else common
    side, person = side_of(wearer, means, common), wearer.person or common.settings.person
    used: list[tuple[SlipProcedure, Kept]] = []

    def make(worn: Sequence[Worn]) -> Procedure:
        uid = worn[0].uid if worn[0] != Worn() else None
        before = newest(common, "body", uid, person, side)
        if before is None:
            raise UsageError(
                f"there is no body calibration of the {side} leg of {person} to compare with",
                "Make one when you put the strap on: coxa calibrate body.",
            )
        body = before.body()
        if body.pose("wall") and "wall" not in means.without:
            check_surgery(wearer, person, common, "or leave the wall out: --without wall")
        used.append((SlipProcedure(body), before))
        return used[-1][0]

    wish = Wish("body", f"strap · {side} thigh", (thigh(side),), make, afterwards=True)
    result = made(wish, means, common)
    procedure, before = used[-1]
    slip = procedure.found
    if slip is None:
        raise InputError("the poses give no verdict", "Repeat them: coxa calibrate check.")
    voided = _voided(slip, before, common) if slip.verdict == "moved" else ()
    _show(result, slip, before, voided, common)


def _voided(slip: Slip, before: Kept, common: Common) -> tuple[int, ...]:
    """The body calibration and the personal gains, which were made with the strap where it was."""
    why = f"{slip.sentence.rstrip('.')}, as `coxa calibrate check` found."
    with common.open_store(write=True) as store:
        store.void_calibration(before.id, why)
        return (before.id, *void_skin(store, before, why))


def _show(result: Result, slip: Slip, before: Kept, voided: tuple[int, ...], common: Common) -> None:
    if common.json:
        console.emit(
            {
                "format": FORMAT, "verdict": slip.verdict, "compared_with": before.id, "voided": list(voided),
                "lines": [{"name": name, "value": value} for name, value in result.finished.lines],
                "says": list(result.finished.changes),
            },
            common.json,
        )  # fmt: skip
        return
    out = console.out()
    out.print(f"{WORDS[slip.verdict]} (compared with calibration {before.id})", style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, show_edge=False)
    for name, value in result.finished.lines:
        table.add_row(name, value)
    out.print(table)
    for text in result.finished.changes:
        out.print(f"→ {text}")
    if voided:
        out.print(f"! Calibration {', '.join(map(str, voided))} does not hold any more.")
