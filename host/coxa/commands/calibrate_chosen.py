"""Which boards are meant, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coxa.calibration.cases import case_of, chip_of, firmware_of
from coxa.commands.calibrate_means import Wish, Worn
from coxa.errors import UsageError
from coxa.link.known import KnownBoard, Role, meant
from coxa_wire import Info


def boards_for(wish: Wish, names: Sequence[str], known: Sequence[KnownBoard]) -> list[KnownBoard]:
    """The boards that are meant, in the order of the procedure's places.

    Raises:
        UsageError: not as many as are needed, or it is not clear which.
    """
    if len(names) > len(wish.roles):
        raise UsageError(f"{len(names)} boards are named", f"This takes {'two' if len(wish.roles) > 1 else 'one'}.")
    named = [meant(known, name) for name in names]
    if len({one.uid for one in named}) < len(named):
        raise UsageError(f"{named[0].label} is named twice", "Name two boards.")
    by_role = {one.role: one for one in named if one.role in wish.roles}
    others = [one for one in named if one not in by_role.values()]
    left = [one for one in known if one not in named]
    return [by_role.get(role) or (others.pop(0) if others else _board(role, left)) for role in wish.roles]


def _board(role: Role | None, known: Sequence[KnownBoard]) -> KnownBoard:
    """The one with the role; without a role, or where none has one, the only one."""
    fitting = [one for one in known if role in (None, one.role)]
    if len(fitting) == 1:
        return fitting[0]
    if not known:
        raise UsageError(
            "no board is known yet",
            "Pair one first: coxa board trust (see coxa scan). Without a board: --simulated.",
        )
    if not fitting:
        raise UsageError(
            f"no known board is worn at the {str(role).replace('-', ' ')}",
            f"Name one with --board: {', '.join(one.label for one in known)}.",
        )
    raise UsageError(f"which board? There are {', '.join(one.label for one in fitting)}", "Name it: --board NAME.")


def worn_of(infos: Mapping[str, Info], places: Sequence[str], mounting: str) -> list[Worn]:
    """What the boards say of themselves, in the order of the places. mounting: that of boards built by hand."""
    told = [infos[place] for place in places]
    return [Worn(one.uid.hex(), chip_of(one), firmware_of(one), case_of(one, mounting)) for one in told]
