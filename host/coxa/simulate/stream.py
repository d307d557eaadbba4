"""What the way from the chip to the host does to the samples: lost, late, doubled, out of order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import coxa_wire
from coxa.simulate.sensor import Readings, Sensor

STAMP_LATE_S = 0.005
"""Mean delay of a block's time stamp: the board drains the chip's buffer some milliseconds after the sample."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The way of the samples.

    Attributes:
        loss: share of blocks that never arrive; `block`: samples in a block.
        gaps: (at s, length s) outages.
        duplicates: share of wire blocks that arrive twice.
        reorder: share of wire blocks that change places with the next one.
    """

    loss: float = 0.0
    block: int = coxa_wire.CAPACITY[coxa_wire.PROFILE_RAW]
    gaps: tuple[tuple[float, float], ...] = ()
    duplicates: float = 0.0
    reorder: float = 0.0


def received(stream: Stream, t_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n,) which samples arrive; the first and the last block always do."""
    blocks = np.arange(len(t_s)) // stream.block
    lost = rng.random(int(blocks[-1]) + 1) < stream.loss
    lost[[0, -1]] = False
    keep = ~lost[blocks]
    for at, length in stream.gaps:
        keep &= ~((t_s >= at) & (t_s < at + length))
    return keep


def wire_blocks(
    readings: Readings, sensor: Sensor, stream: Stream | None = None, *, seed: int = 0, session: int = 1,
    temperature_c: NDArray[np.float64] | None = None, imu: int = 0,
) -> tuple[coxa_wire.Info, list[bytes]]:  # fmt: skip
    """What a board would send of these readings over `stream`: its INFO and its blocks, in order of arrival.

    temperature_c: (n,) of the chip, °C; None for 25 throughout. imu: its WHO_AM_I; 0: not told.
    """
    stream, rng = stream or Stream(), np.random.default_rng(seed)
    counts = np.column_stack([readings.gyr_counts, readings.acc_counts]).astype(int)
    step_s = 1.0 / (sensor.rate_hz * (1.0 + sensor.odr_error))
    size = coxa_wire.CAPACITY[coxa_wire.PROFILE_RAW]
    blocks: list[bytes] = []
    for seq, first in enumerate(range(0, len(counts), size)):
        buffer = bytearray(coxa_wire.BLOCK_LENGTH)
        part = counts[first : first + size]
        for i, row in enumerate(part.tolist()):
            coxa_wire.put_sample(buffer, i, *row)
        t_us = round((first * step_s + rng.exponential(STAMP_LATE_S)) * 1e6) & 0xFFFFFFFF
        last = coxa_wire.LAST if first + size >= len(counts) else 0
        coxa_wire.seal(
            buffer, coxa_wire.PROFILE_RAW, flags=last, session=session, seq=seq, first_index=first, t_us=t_us,
            n=len(part), temperature_c=25 if temperature_c is None else round(float(temperature_c[first])),
        )  # fmt: skip
        blocks.append(bytes(buffer))
    info = coxa_wire.Info(
        uid=b"simul8", odr_hz=sensor.rate_hz, gyro_dps_per_lsb=sensor.gyro_lsb_mdps * 1e-3,
        acc_g_per_lsb=sensor.acc_lsb_mg * 1e-3, profile=coxa_wire.PROFILE_RAW, session=session, next_seq=len(blocks),
        imu=imu,
    )  # fmt: skip
    return info, _arriving(blocks, stream, step_s * size, rng)


def _arriving(blocks: list[bytes], stream: Stream, block_s: float, rng: np.random.Generator) -> list[bytes]:
    """The blocks as they arrive: some not, some twice, some after the next."""
    keep = received(
        Stream(loss=stream.loss, block=1, gaps=stream.gaps), np.arange(len(blocks), dtype=float) * block_s, rng
    )
    out = [block for block, kept in zip(blocks, keep, strict=True) if kept]
    out = [copy for block in out for copy in [block] * (1 + int(rng.random() < stream.duplicates))]
    for i in np.flatnonzero(rng.random(max(len(out) - 1, 0)) < stream.reorder).tolist():
        out[i], out[i + 1] = out[i + 1], out[i]
    return out
