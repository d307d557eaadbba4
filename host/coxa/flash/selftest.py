"""Is the board well? Its sensor answers, measures gravity and little else while it lies still, and there is room."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coxa.link.channel import RefusedError
from coxa_wire import WireError, command, decode

if TYPE_CHECKING:
    from coxa.link.client import Client
    from coxa_wire import Info

STILL_S = 4.0
"""Of samples: some 400, so that a standard deviation is good for 4 %."""
NOISE_DPS = 0.3
"""Highest standard deviation of the gyroscope at rest, deg/s: data sheets give 0.03-0.08 at this bandwidth
(facts of the chips: LSM6DSOX 3.8, ICM-42688-P 2.8, MPU6886 4 mdps/√Hz); a hand that holds the board makes 0.5 and more.
"""
OFFSET_DPS = 5.0
"""Highest mean rate at rest, deg/s: data sheets give ±1 and less; more is no rest, or a broken chip."""
GRAVITY_G = (0.9, 1.1)
"""Of the mean acceleration at rest, g: offsets of up to 40 mg on each axis and 1 % of scale are within data sheets."""
ROOM_BLOCKS = 12_500
"""Free blocks for a session of 20 minutes."""
START_MV = 3550
"""Below this a board does not begin to record (docs/firmware.md)."""

CHIPS = {0x6C: "LSM6DSOX", 0x19: "MPU6886", 0x47: "ICM-42688-P"}
"""Motion sensors by what they say of themselves (WHO_AM_I)."""

_REPORT = struct.Struct("<BBHIHHHIH")
"""Answer to SELFTEST, docs/wire.md."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What came of it.

    Attributes:
        sensor: its name, or "" where none answered.
        battery_mv: None where it is not measured.
        free_blocks: of 180 bytes in the flash; None where it was not told.
        noise_dps, offset_dps: standard deviation and mean of the gyroscope, of the worst axis, deg/s; None: no samples.
        gravity_g: mean acceleration, g.
        troubles: what is not as it should be, one sentence each.
    """

    sensor: str
    battery_mv: int | None
    free_blocks: int | None
    noise_dps: float | None
    offset_dps: float | None
    gravity_g: float | None
    troubles: tuple[str, ...]

    @property
    def minutes(self) -> int | None:
        """Of recording for which there is room."""
        return None if self.free_blocks is None else self.free_blocks * 20 // ROOM_BLOCKS

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {name: getattr(self, name) for name in self.__slots__} | {"troubles": list(self.troubles)}


async def selftest(client: Client, arrived: list[bytes]) -> SelfTest:
    """Has the board test itself, and looks at some seconds of its samples; they are not kept.

    Args:
        client: a trusted one.
        arrived: takes the LIVE blocks that `client` hears (its `on_live`).

    Raises:
        RefusedError: the board does not let itself be tested now. Else as `Client.ask`.
    """
    info = await client.info()
    troubles: list[str] = []
    free = await _report(client, troubles)
    gyr, acc = await _still(client, arrived, info, troubles)
    battery_mv = info.battery_mv or None
    if battery_mv is not None and battery_mv < START_MV:
        troubles.append(f"The battery has {battery_mv / 1000:.2f} V, too little to record: charge it, off the body.")
    if free is not None and free < ROOM_BLOCKS:
        minutes = free * 20 // ROOM_BLOCKS
        troubles.append(f"There is room for {minutes} minutes only: fetch its recordings (coxa fetch).")
    noise = offset = gravity = None
    if len(gyr):
        noise, offset = float(gyr.std(axis=0).max()), float(np.abs(gyr.mean(axis=0)).max())
        gravity = float(np.linalg.norm(acc.mean(axis=0)))
        troubles += _judged(noise, offset, gravity)
    chip = CHIPS.get(info.imu, f"sensor 0x{info.imu:02x}")
    return SelfTest(
        chip if free is not None else "", battery_mv, free, noise, offset, gravity, tuple(dict.fromkeys(troubles))
    )


async def _report(client: Client, troubles: list[str]) -> int | None:
    """The board's own test: free blocks; None where the sensor does not answer."""
    try:
        payload = (await client.ask(command.SELFTEST)).payload
        return int(_REPORT.unpack_from(payload)[7])
    except RefusedError as refused:
        if refused.status != command.IMU_FAULT:
            raise
        notes = (await client.log()).get("notes", "").strip().splitlines()
        said = next((f" ({line})" for line in reversed(notes) if line.startswith("sensor:")), "")
        troubles.append(f"The motion sensor does not answer{said}: check its four wires and 3.3 V (hardware.md).")
    except struct.error:
        troubles.append("The board's answer to the test is too short: update it.")
    return None


async def _still(client: Client, arrived: list[bytes], info: Info, troubles: list[str]) -> Any:
    """Records for a moment and deletes that again; gyroscope in deg/s and acceleration in g, (n, 3) each."""
    arrived.clear()
    try:
        session = int((await client.ask(command.START, 0, 0, 0, 0)).values()[0])
    except RefusedError as refused:
        troubles.append(f"It does not record: {refused}")
        return np.zeros((0, 3)), np.zeros((0, 3))
    await asyncio.sleep(STILL_S)
    await client.ask(command.STOP)
    for one in await client.sessions():
        if one.session == session:
            await client.ask(command.COMMIT, session, one.n_blocks, one.crc32)
    counts = [np.frombuffer(raw, "<i2").reshape(-1, 6) for raw in _raw(arrived)]
    if not counts:
        troubles.append("It records, but no samples came.")
        return np.zeros((0, 3)), np.zeros((0, 3))
    samples = np.concatenate(counts)
    return samples[:, :3] * info.gyro_dps_per_lsb, samples[:, 3:] * info.acc_g_per_lsb


def _raw(blocks: list[bytes]) -> list[bytes]:
    """The samples of the blocks that are whole."""
    found: list[bytes] = []
    for data in blocks:
        try:
            found.append(decode(data).raw)
        except WireError:
            continue
    return found


def _judged(noise_dps: float, offset_dps: float, gravity_g: float) -> list[str]:
    if noise_dps > NOISE_DPS:
        return [
            f"It was moved during the test, or the sensor is noisy ({noise_dps:.2f} deg/s, at rest at most "
            f"{NOISE_DPS}): lay it on a table and run coxa flash again."
        ]
    troubles: list[str] = []
    if offset_dps > OFFSET_DPS:
        troubles.append(f"At rest the gyroscope shows {offset_dps:.1f} deg/s; it should be under {OFFSET_DPS:.0f}.")
    if not GRAVITY_G[0] <= gravity_g <= GRAVITY_G[1]:
        troubles.append(f"At rest the accelerometer shows {gravity_g:.2f} g in place of 1: the chip may be damaged.")
    return troubles
