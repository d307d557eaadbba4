"""A sensor's calibration written to its board, so that the board's own orientation profits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coxa.calibration.board import describe, settings_of
from coxa.commands.nearby import Nearby, reached
from coxa.errors import CoxaError
from coxa.link.channel import RefusedError
from coxa.link.known import KnownBoard
from coxa.link.pairing import set_config
from coxa_calibration import file as sensor_file
from coxa_wire import command

if TYPE_CHECKING:
    from pathlib import Path

    from coxa.calibration.guide.step import Finished
    from coxa.link.client import Client


async def written(place: Nearby, board: KnownBoard, finished: Finished, store: Path) -> str:
    """Writes it, and restarts the board, which takes it up then; what came of it, in one sentence.

    The calibration is kept here whatever happens: what goes wrong is told, not raised.
    """
    assert finished.kept is not None  # a check is of no sensor
    calibration, _ = sensor_file.loads(finished.kept.data)
    try:
        values = settings_of(calibration)
        if not values:
            return f"There is nothing in it for {board.name} itself: neither offset is known well enough."
        await reached(place, board, store, lambda client: _write(client, values))
    except RefusedError as refused:
        if refused.status != command.BAD_ARG:
            return _not_written(board, str(refused))
        return _not_written(board, "its program is older than this. Update it: coxa board update")
    except CoxaError as error:
        return _not_written(board, str(error))
    return f"Written to {board.name}, for its own orientation: {describe(values)}. What it records stays raw."


async def _write(client: Client, values: dict[str, list[int]]) -> None:
    for key, value in values.items():
        await set_config(client, key, value)
    await client.ask(command.REBOOT, 0)


def _not_written(board: KnownBoard, why: str) -> str:
    return f"Not written to {board.name}: {why.rstrip('.')}. On this computer the calibration holds all the same."
