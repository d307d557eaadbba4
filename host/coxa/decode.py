"""Blocks → samples: every block checked, duplicates dropped, losses counted, nothing filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

import coxa_wire
from coxa.quaternion import normalized
from coxa.received import BlockCounts, sort_out
from coxa.sampleclock import Bools, Ints, SampleClock, fit
from coxa.samples import GRAVITY_M_S2, Floats, Samples
from coxa_wire import Block, Info

FLAGS = {
    "overrun": coxa_wire.OVERRUN,
    "clipped": coxa_wire.CLIPPED,
    "marker": coxa_wire.MARKER,
    "battery_low": coxa_wire.BATTERY_LOW,
    "time_jump": coxa_wire.TIME_JUMP,
    "last": coxa_wire.LAST,
    "restarted": coxa_wire.RESTARTED,
    "charging": coxa_wire.CHARGING,
}


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing samples: `start_s` is the last sample before, `end_s` the first after (s, as in `Samples.t_s`).

    `where` says whether the board lost them (its buffer ran over; they are gone) or whether blocks are missing
    here that the board may still have.
    """

    start_s: float
    end_s: float
    samples: int
    where: Literal["board", "transfer"]


@dataclass(frozen=True, slots=True)
class DecodedStream:
    """The samples of one session, and what is known of how complete they are.

    Attributes:
        samples: as measured; `quat` is None, since the board's orientations have half the rate. The temperature is in
            whole degrees.
        index: (n,) sample index in the session; a step above 1 is a gap.
        quat: (m, 4) orientation by the board, sensor → earth, scalar first, earth z up; only those it gave.
        quat_t_s: (m,) their times, s.
        temperature_c: (b, 2) time, s, and sensor temperature, °C, of each block that has one.
        events: times, s, of the blocks that carry a flag, by the names of `FLAGS`.
        missing_samples: between index 0 and the last sample; those before the first one are in no `gaps`.
        complete: the board closed the session and no block is missing.
    """

    samples: Samples
    index: Ints
    quat: Floats
    quat_t_s: Floats
    temperature_c: Floats
    session: int
    clock: SampleClock
    gaps: tuple[Gap, ...]
    events: dict[str, tuple[float, ...]]
    counts: BlockCounts
    missing_samples: int
    complete: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the reader of a result; empty where all went well."""
        c = self.counts
        told = [
            (self.missing_samples, f"{self.missing_samples} samples are missing, in {len(self.gaps)} gaps"),
            (c.missing, f"{c.missing} blocks are missing"),
            (sum(c.rejected.values()), f"{sum(c.rejected.values())} damaged blocks were left out"),
            (c.conflicting, f"{c.conflicting} blocks came in versions that contradict each other and were left out"),
            (c.overlapping, f"{c.overlapping} blocks repeat samples of others and were left out"),
            (self.clock.clock_jumps, f"the board clock jumped {self.clock.clock_jumps} times"),
            (self.clock.source == "nominal", "the sampling rate is the nominal one, not measured (up to 3 % off)"),
            (len(self.events.get("clipped", ())), "the sensor reached the end of its range"),
        ]
        return tuple(f"{text[0].upper()}{text[1:]}." for happened, text in told if happened)


def decode(blocks: Iterable[bytes], info: Info) -> DecodedStream:
    """The samples in the blocks of one session, received in any order and any number of times.

    Args:
        blocks: as received; damaged ones are counted and left out.
        info: what the board said of itself (scales, nominal sampling rate).

    Raises:
        InputError: no block can be used, or blocks of several sessions are mixed.
    """
    used, counts = sort_out(blocks, info.session, info.next_seq)
    filled = [block for block in used if block.n]
    first = np.array([block.first_index for block in filled], dtype=np.int64)
    n = np.array([block.n for block in filled], dtype=np.int64)
    index: Ints = np.repeat(first - np.cumsum(n) + n, n) + np.arange(int(n.sum()), dtype=np.int64)
    clock = fit(
        first,
        n,
        np.array([block.t_us for block in filled], dtype=np.int64),
        clock_break=_flagged(filled, coxa_wire.TIME_JUMP),
        count_break=_flagged(filled, coxa_wire.OVERRUN | coxa_wire.RESTARTED),
        nominal_hz=info.odr_hz,
    )
    quat, quat_index = _quaternions(filled)
    start_s = clock.time_s(np.array([block.first_index for block in used], dtype=np.int64)).tolist()
    return DecodedStream(
        samples=_samples(filled, n, clock.time_s(index), info),
        index=index,
        quat=quat,
        quat_t_s=clock.time_s(quat_index),
        temperature_c=_temperatures(used, start_s),
        session=used[0].session,
        clock=clock,
        gaps=_gaps(filled, clock),
        events=_events(used, start_s),
        counts=counts,
        missing_samples=int(index[-1] + 1 - len(index)),
        complete=counts.missing == 0 and bool(used[-1].flags & coxa_wire.LAST),
    )


def _samples(blocks: list[Block], n: Ints, t_s: Floats, info: Info) -> Samples:
    raw = np.frombuffer(b"".join([block.raw for block in blocks]), dtype="<i2").reshape(-1, 6).astype(np.float64)
    return Samples(
        t_s=t_s,
        gyr_rad_s=np.deg2rad(raw[:, :3] * info.gyro_dps_per_lsb),
        acc_m_s2=raw[:, 3:] * (info.acc_g_per_lsb * GRAVITY_M_S2),
        temperature_c=_of_samples(blocks, n),
    )


def _of_samples(blocks: list[Block], n: Ints) -> Floats | None:
    """Temperature of each sample, °C: that of its block, where a block has none that of its neighbours; or None."""
    told = np.array([block.temperature_c for block in blocks], dtype=np.float64)
    known = np.flatnonzero(told != coxa_wire.TEMPERATURE_UNKNOWN)
    if not len(known):
        return None
    return np.repeat(np.round(np.interp(np.arange(len(told)), known, told[known])), n)


def _quaternions(blocks: list[Block]) -> tuple[Floats, Ints]:
    """Unit quaternions (m, 4) and the sample indices (m,) they belong to; zeros mean that the board had none."""
    quat = np.frombuffer(b"".join([block.quats for block in blocks]), dtype="<i2").reshape(-1, 4).astype(np.float64)
    index: Ints = np.array(
        [block.first_index + 2 * k + 1 for block in blocks for k in range(len(block.quats) // 8)], dtype=np.int64
    )
    given = np.flatnonzero(quat.any(axis=1))
    return normalized(quat[given]), index[given]


def _temperatures(blocks: list[Block], start_s: list[float]) -> Floats:
    measured = [
        (t, block.temperature_c)
        for t, block in zip(start_s, blocks, strict=True)
        if block.temperature_c != coxa_wire.TEMPERATURE_UNKNOWN
    ]
    return np.array(measured, dtype=np.float64).reshape(-1, 2)


def _events(blocks: list[Block], start_s: list[float]) -> dict[str, tuple[float, ...]]:
    events = {
        name: tuple(t for t, block in zip(start_s, blocks, strict=True) if block.flags & flag)
        for name, flag in FLAGS.items()
    }
    return {name: times for name, times in events.items() if times}


def _flagged(blocks: list[Block], flags: int) -> Bools:
    return np.array([bool(block.flags & flags) for block in blocks])


def _gaps(blocks: list[Block], clock: SampleClock) -> tuple[Gap, ...]:
    gaps: list[Gap] = []
    for before, after in pairwise(blocks):
        free = before.first_index + before.n
        if after.first_index > free:
            start_s, end_s = clock.time_s(np.array([free - 1, after.first_index], dtype=np.int64)).tolist()
            where: Literal["board", "transfer"] = "board" if after.seq == before.seq + 1 else "transfer"
            gaps.append(Gap(start_s, end_s, after.first_index - free, where))
    return tuple(gaps)
