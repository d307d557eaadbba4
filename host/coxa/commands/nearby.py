"""Where commands meet boards: this computer's Bluetooth or the virtual one, a known board or one in range."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from coxa.commands.common import Common
from coxa.errors import ConfigError, CoxaError, UsageError
from coxa.link.known import KnownBoard, KnownBoards, meant
from coxa.link.status import BoardStatus
from coxa.results import Position

if TYPE_CHECKING:
    from coxa.link.client import Client
    from coxa.link.discovery import Bluetooth
    from coxa.link.keeper import Way

T = TypeVar("T")

REACH_S = 30.0
"""A command gives up a board that it has not reached for so long; boards advertise several times a second."""


@dataclass(slots=True)
class Nearby:
    """Boards and the way to them.

    Attributes:
        bluetooth: of this computer.
        known: boards that may be meant.
        turn: of the adapter, which does one thing at a time.
        port: of a cable; the board at it is meant.
    """

    bluetooth: Bluetooth
    known: list[KnownBoard]
    port: str | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def way(self, board: KnownBoard, status: BoardStatus) -> Way:
        """To a known board."""
        from coxa.link.ways import ByAir, ByCable

        return ByCable(board, self.port) if self.port else ByAir(board, self.bluetooth, self.turn, status)

    def chosen(self, names: Sequence[str]) -> list[KnownBoard]:
        """The boards that are meant: those named; else all that are known.

        Raises:
            UsageError: none, or not all that were named.
        """
        found = [meant(self.known, name) for name in names] or self.known
        if not found:
            raise UsageError("no board is known yet", "Pair one first: coxa board trust (see coxa scan).")
        return list({one.uid: one for one in found}.values())


def virtual_folder() -> Path:
    """Where virtual boards keep their flash."""
    from platformdirs import user_data_path

    return user_data_path("coxa", appauthor=False) / "virtual"


def with_own_store(common: Common) -> Common:
    """For virtual boards: their recordings are kept apart, unless a store was named."""
    if common.store is not None:
        return common
    folder = virtual_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the data folder cannot be made: {error}", "Use --store FILE.") from error
    return replace(common, store=folder / "virtual.sqlite")


@asynccontextmanager
async def nearby(
    common: Common, *, virtual: bool = False, port: str | None = None, position: Position = "wall"
) -> AsyncGenerator[Nearby]:
    """The boards there are.

    Args:
        common: whose store knows the boards.
        virtual: boards without hardware, which are on as long as this lasts.
        port: of a cable.
        position: of the wearer of virtual boards.
    """
    if virtual:
        from coxa.virtual.home import at_home

        async with at_home(virtual_folder(), position) as home:
            yield Nearby(home.bluetooth, home.boards)
        return
    from coxa.link.discovery import Bluetooth

    with KnownBoards(common.store_path) as boards:
        known = boards.all()
    if port is not None:
        known = [await _at_cable(port, known)]
    yield Nearby(Bluetooth(), known, port)


async def _at_cable(port: str, known: Sequence[KnownBoard]) -> KnownBoard:
    """The board at a port, by its own word; it proves it when it is greeted.

    Raises:
        UsageError: it is not known.
        PortError, NoAnswerError: there is no board.
    """
    from coxa.link.client import Client, not_kept
    from coxa.link.serial import open_serial

    async with Client(await open_serial(port), not_kept) as client:
        uid = (await client.info()).uid.hex()
    for board in known:
        if board.uid == uid:
            return board
    raise UsageError(f"the board at {port} ({uid}) is not known yet", f"Pair it: coxa board trust --port {port}.")


def only(boards: Sequence[KnownBoard], name: str | None) -> KnownBoard:
    """One board: the one named, or the only one.

    Raises:
        UsageError: there is not exactly one.
    """
    if name is not None:
        return meant(boards, name)
    if len(boards) == 1:
        return boards[0]
    if not boards:
        raise UsageError("no board is known yet", "Pair one first: coxa board trust (see coxa scan).")
    raise UsageError(f"which board? There are {', '.join(one.label for one in boards)}", "Give its name.")


async def reached(
    place: Nearby, board: KnownBoard, store: Path, work: Callable[[Client], Awaitable[T]], limit_s: float = REACH_S
) -> T:
    """Connects to a known board and does something there, again where the link breaks.

    Raises:
        CoxaError: it was not reached in time. Else as `work`.
    """
    from coxa.link.greeting import greet
    from coxa.link.keeper import Keeper
    from coxa.store import Inbox

    status = BoardStatus(name=board.name, role=board.role or "", uid=board.uid)

    async def greeting(client: Client) -> None:
        await greet(client, board, store)

    with Inbox(store, board.uid) as inbox:
        keeper = Keeper(place.way(board, status), greeting, inbox.keep, status)
        try:
            return await asyncio.wait_for(keeper.run(work), limit_s)
        except TimeoutError:
            why = status.note or "it is not in range"
            raise CoxaError(
                f"{board.name} was not reached within {limit_s:.0f} s: {why}",
                "Switch it on or press its button, bring it closer, and end what else is connected to it.",
            ) from None
