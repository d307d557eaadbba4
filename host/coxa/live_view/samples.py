"""LIVE blocks of one board → samples with times: in order, each once, with what was lost counted."""

from __future__ import annotations

import numpy as np

import coxa_wire
from coxa.checks import MAX_GAP_S, MAX_RATE_HZ, MIN_RATE_HZ
from coxa.live_view.order import InOrder
from coxa.live_view.pace import Pace
from coxa.samples import GRAVITY_M_S2, Floats, Samples
from coxa_wire import TEMPERATURE_UNKNOWN, Block, Info, WireError

STALE_IN_A_ROW = 20
"""That many blocks in a row (2 s) with numbers gone by are no stragglers: the board counts from the start again."""


class LiveSamples:
    """Tell it what the board says of itself (`begin`) and push its blocks. It never raises for a block.

    Attributes:
        session: its number on the board; None before the first block.
        t_s: time of the latest sample since the session began, s.
        lost: samples of the session that did not come, since the first block that did; they may still be fetched.
        refused: blocks that were damaged or of another version.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.session: int | None = None
        self.t_s = 0.0
        self.lost = 0
        self.refused = 0
        self._info: Info | None = None
        self._left: set[int] = set()
        self._order = InOrder()
        self._pace = Pace(MIN_RATE_HZ)
        self._stale = 0
        self._out: list[Samples | None] = []

    def begin(self, info: Info) -> None:
        """What the board says of itself: the scales of its blocks. Blocks that come before are left out."""
        self._info = info

    @property
    def unusable(self) -> str:
        """Why the blocks of this board cannot be used live, or ""."""
        if self._info is None or MIN_RATE_HZ <= self._info.odr_hz <= MAX_RATE_HZ:
            return ""
        return f"at {self._info.odr_hz:.0f} samples per second no angle can be shown"

    def push(self, data: bytes) -> list[Samples | None]:
        """One block as received; the samples that are due now, their t_s since the session began.

        None among them: what follows is of another session, or comes after a pause above `MAX_GAP_S`. Samples in which
        the chip did not answer are left out.
        """
        try:
            block = coxa_wire.decode(data)
        except WireError:
            self.refused += 1
            return []
        if self._info is None or self.unusable:
            return []
        self._out = []
        if not self._is_new(block):
            return []
        if block.session != self.session:
            self._enter(block, self._info)
        if block.n:
            self._take(self._order.add(block), self._info)
        if block.flags & coxa_wire.LAST:
            self._take(self._order.rest(), self._info)
        return self._out

    def _is_new(self, block: Block) -> bool:
        """False for what was there before, such as a straggler of a session that is over."""
        same = block.session == self.session
        new = self._order.is_new(block) if same else block.session not in self._left
        self._stale = 0 if new else self._stale + 1
        if self._stale < STALE_IN_A_ROW:
            return new
        self._stale = 0
        self._left.clear()
        self._leave()
        return True

    def _enter(self, block: Block, info: Info) -> None:
        """Goes over to the session of a block."""
        if self.session is not None:
            self._take(self._order.rest(), info)
            self._left.add(self.session)
            self._leave()
        self.session = block.session
        self._pace = Pace(info.odr_hz)
        self.t_s = (block.first_index - 1) * self._pace.period_s

    def _leave(self) -> None:
        self._out.append(None)
        self.session = None
        self._order = InOrder()
        self.lost = 0

    def _take(self, blocks: list[tuple[Block, int]], info: Info) -> None:
        for block, lost in blocks:
            self.lost += lost
            self._pace.add(block)
            period_s = self._pace.period_s
            if (lost + 1) * period_s > MAX_GAP_S:
                self._out.append(None)
            t_s: Floats = self.t_s + np.arange(lost + 1, lost + 1 + block.n, dtype=np.float64) * period_s
            self.t_s = float(t_s[-1])
            samples = _samples(block, t_s, info)
            if len(samples):
                self._out.append(samples)


def _samples(block: Block, t_s: Floats, info: Info) -> Samples:
    """Of one block, in SI units; without those in which the chip did not answer."""
    raw = np.frombuffer(block.raw, dtype="<i2").reshape(-1, 6).astype(np.float64)
    alive = raw[:, 3:].any(axis=1)  # a bus fault reads as zeros, gravity is never zero
    known = block.temperature_c != TEMPERATURE_UNKNOWN
    return Samples(
        t_s[alive],
        np.deg2rad(raw[alive, :3] * info.gyro_dps_per_lsb),
        raw[alive, 3:] * (info.acc_g_per_lsb * GRAVITY_M_S2),
        temperature_c=np.full(int(alive.sum()), float(block.temperature_c)) if known else None,
    )
