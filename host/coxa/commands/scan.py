"""`coxa scan`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from coxa import console
from coxa.commands.common import DEFAULTS, Common, Flag
from coxa.commands.nearby import nearby, with_own_store
from coxa.durations import seconds
from coxa.errors import CoxaError

if TYPE_CHECKING:
    from coxa.link.discovery import Sighting
    from coxa.link.known import KnownBoard
    from coxa.link.serial import Port

FOR = "5s"
"""Boards advertise every 0.15 s; some computers listen only a tenth of the time."""
STATES = {0: "idle", 1: "recording", 2: "has recordings"}
STRONG_DBM, FAIR_DBM = -65, -80
"""Of the signal: what is weaker than the second is lost now and then (usual receivers fail at −90 to −95)."""


def scan(
    *,
    for_: Annotated[str, Parameter(name="--for")] = FOR,
    virtual: Flag = False,
    common: Common = DEFAULTS,
) -> None:
    """List the boards in range, and the serial ports that may be boards.

    Parameters
    ----------
    for_
        How long to listen.
    virtual
        Boards without hardware, simulated in this computer.
    """
    common = with_own_store(common) if virtual else common
    found, known, problem = asyncio.run(_scanned(seconds(for_, "--for"), common, virtual))
    ports = _ports()
    if problem is not None and not ports:
        raise problem
    if common.json:
        boards = [as_json(one, _known(one, known)) for one in found]
        cables = [{"port": one.device, "description": one.description} for one in ports]
        console.emit({"format": "coxa.scan/1", "boards": boards, "ports": cables}, common.json)
        return
    if problem is not None:
        console.remark(str(problem))
    if found:
        console.out().print(_table(found, known))
    elif problem is None:
        print("No board is in range. A board sleeps until its button is pressed; while connected it is not seen.")
    for port in ports:
        print(f"{port.device}: {port.description}, may be a board.")
    strangers = [one for one in found if _known(one, known) is None]
    if strangers:
        print(f"New: pair a board with `coxa board trust {strangers[0].name or ''}`.".replace(" `.", "`."))


async def _scanned(
    for_s: float, common: Common, virtual: bool
) -> tuple[list[Sighting], list[KnownBoard], CoxaError | None]:
    from coxa.link.advice import BluetoothError
    from coxa.link.discovery import scan as listen

    async with nearby(common, virtual=virtual) as place:
        try:
            return await listen(place.bluetooth, for_s), place.known, None
        except BluetoothError as error:
            return [], place.known, error


def _ports() -> list[Port]:
    from coxa.link.serial import ports

    return ports()


def _known(sighting: Sighting, known: list[KnownBoard]) -> KnownBoard | None:
    """By the end of the uid, which only a connection proves."""
    return next((one for one in known if sighting.uid16 and one.uid.endswith(sighting.uid16)), None)


def as_json(sighting: Sighting, known: KnownBoard | None) -> dict[str, Any]:
    """A board in range, as the advertisement has it; `uid` and `role` of the known board it seems to be."""
    return {
        "name": sighting.name,
        "uid16": sighting.uid16,
        "uid": known.uid if known else None,
        "role": known.role if known else None,
        "state": STATES.get(-1 if sighting.state is None else sighting.state),
        "battery_percent": sighting.battery_percent or None,
        "pending": sighting.pending,
        "rssi_dbm": sighting.rssi,
    }


def _table(found: list[Sighting], known: list[KnownBoard]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for name in ("board", "uid", "worn", "state", "battery", "recordings", "signal"):
        table.add_column(name, justify="right" if name in ("battery", "recordings") else "left", no_wrap=True)
    for one in found:
        board = _known(one, known)
        signal = "strong" if one.rssi > STRONG_DBM else "fair" if one.rssi > FAIR_DBM else "weak"
        table.add_row(
            one.name or "–",
            f"…{one.uid16}" if one.uid16 else "–",
            (board.role or "not said") if board else "new",
            STATES.get(-1 if one.state is None else one.state, "–"),
            f"{one.battery_percent} %" if one.battery_percent else "–",
            "–" if one.pending is None else str(one.pending),
            f"{signal}, {one.rssi} dBm",
        )
    return table
