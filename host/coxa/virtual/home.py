"""Virtual boards for a user without hardware: one on each thigh of a simulated wearer, kept from run to run."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coxa.link.discovery import Bluetooth
from coxa.link.known import KnownBoard, Role

if TYPE_CHECKING:
    from coxa.results import Position, Side
    from coxa.virtual.world import World

LEGS: tuple[tuple[str, str, Role, Side], ...] = (
    ("thigh-L", "c0a0c0a00001", "left-thigh", "left"),
    ("thigh-R", "c0a0c0a00002", "right-thigh", "right"),
)
REPS = 60
"""Of the simulated set, some eight minutes; then it begins anew."""
START_STILL_S = 8.0
"""The wearer waits so long: a recording begins some seconds after the board is switched on."""
CHIP = "LSM6DSOX"
_MOTION = "{side}-{position}.motion"


@dataclass(frozen=True, slots=True)
class Home:
    """What `at_home` gives.

    Attributes:
        bluetooth: of this computer, on the virtual air.
        boards: known and trusted.
        world: they are in it.
    """

    bluetooth: Bluetooth
    boards: list[KnownBoard]
    world: World


@asynccontextmanager
async def at_home(folder: Path, position: Position = "wall", legs: int = len(LEGS)) -> AsyncGenerator[Home]:
    """Switches the virtual boards on; when it ends their power is cut, and their flash stays.

    Args:
        folder: keeps their flash, secrets and motion; made where there is none.
        position: pose of the wearer.
        legs: how many boards.

    Raises:
        VirtualBoardError: MicroPython or Bumble is not installed here.
    """
    from coxa.virtual.lockstep import VirtualBoardError

    try:
        from coxa.virtual.board import Build
        from coxa.virtual.world import World
    except ImportError as error:
        raise VirtualBoardError(f"virtual boards need {error.name}", "Run pip install 'coxa[virtual]'.") from error

    logging.getLogger("bumble").setLevel(logging.CRITICAL)  # it complains of what a virtual link is made to do
    folder.mkdir(parents=True, exist_ok=True)
    known: list[KnownBoard] = []
    async with World(folder, seed=secrets.randbits(32)) as world:
        for name, uid, role, side in LEGS[:legs]:
            board = KnownBoard(uid, name, role, _secret(folder / f"{uid}.json"))
            known.append(board)
            motion, rate_hz = _motion(folder, side, position)
            settings = {"token": board.secret.hex(), "role": role, "idle_sleep_s": 0}
            world.board(Build(name, uid, "lsm6dsox", rate_hz, motion=motion, settings=settings))
        central = await world.central()
        await asyncio.sleep(0)
        yield Home(Bluetooth(central.scanner, central.client), known, world)


def _secret(path: Path) -> bytes:
    """Kept beside the flash that holds the board's copy."""
    if not path.exists():
        path.write_text(json.dumps({"secret": secrets.token_hex(16)}))
    return bytes.fromhex(json.loads(path.read_text())["secret"])


def _motion(folder: Path, side: Side, position: Position) -> tuple[Path, float]:
    """What the chip measures: a file of samples, and its true rate, Hz."""
    from coxa.simulate import SENSORS, Wearer, simulate

    sensor = SENSORS[CHIP]
    rate_hz = sensor.rate_hz * (1 + sensor.odr_error)
    path = folder / _MOTION.format(side=side, position=position)
    if not path.exists():
        made = simulate(
            Wearer(position=position, side=side, reps=REPS, start_still_s=START_STILL_S),
            sensor,
            seed=1 if side == "left" else 2,
        )
        counts = np.column_stack([made.readings.gyr_counts, made.readings.acc_counts])
        path.write_bytes(np.clip(counts, -32768, 32767).astype("<i2").tobytes())
    return path, rate_hz
