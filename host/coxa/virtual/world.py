"""A world of boards, computers and the air between them."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from coxa.virtual import clock
from coxa.virtual.air import Air
from coxa.virtual.board import Build, VirtualBoard
from coxa.virtual.central import Central

PACE_S = 0.005
"""In real time boards follow the clock in steps of this: finer than any of their own tasks."""


class World:
    """Use it in an `async with`, on virtual time (`clock.run`) or on real time.

    Attributes:
        air: conditions of the links.
        boards: all of them.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        """Empty; `folder` takes the files of the boards, `seed` decides what the air does."""
        self.folder = folder
        self.air = Air(seed)
        self.boards: list[VirtualBoard] = []
        self._centrals: list[Central] = []
        self._pace: asyncio.Task[None] | None = None

    async def __aenter__(self) -> World:
        """Time begins."""
        self.air.start()
        if not isinstance(asyncio.get_running_loop(), clock.VirtualLoop):
            self._pace = asyncio.create_task(self._keep_pace())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Everything is switched off."""
        if self._pace is not None:
            self._pace.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pace
        for board in self.boards:
            await board.__aexit__()
        for central in self._centrals:
            await central.stop()
        self.air.stop()

    def board(self, build: Build) -> VirtualBoard:
        """A new board, switched on."""
        board = VirtualBoard(self.air, build, self.folder)
        self.boards.append(board)
        board.power_on()
        return board

    async def central(self, name: str = "host", address: str = "C0:C1:C2:C3:C4:C5") -> Central:
        """A computer with Bluetooth: give its `scanner` and `client` to bleak."""
        central = Central(self.air, name, address)
        await central.start()
        self._centrals.append(central)
        return central

    async def _keep_pace(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for board in self.boards:
                board.run(loop.time())
            await asyncio.sleep(PACE_S)
