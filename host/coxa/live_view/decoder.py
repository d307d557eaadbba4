"""LIVE blocks of one board → samples with times → the angle and the repetitions, whatever the board sends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import coxa_wire
from coxa.checks import MAX_GAP_S, MAX_RATE_HZ, MIN_RATE_HZ
from coxa.errors import CoxaError
from coxa.live import LiveRotation, LiveState
from coxa.live_view.order import InOrder
from coxa.live_view.pace import Pace
from coxa.protocols import Protocol
from coxa.results import Position, Rep, Side
from coxa.samples import GRAVITY_M_S2, Floats
from coxa_wire import Block, Info, WireError

STALE_IN_A_ROW = 20
"""That many blocks in a row (2 s) with numbers gone by are no stragglers: the board counts from the start again."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of the thigh now.

    Attributes:
        session: its number on the board; None before the first block.
        t_s: time of the latest sample since the session began, s.
        rotation_deg, rotation_sd_deg: IR positive, and its sd; None as long as it is not known.
        reps: all that are complete, those before a break of the recording first.
        lost_samples: of the session, since the first block that came; they may still be fetched.
        refused: blocks that were damaged or of another version.
        note: why there is no angle, or "".
    """

    session: int | None = None
    t_s: float = 0.0
    rotation_deg: float | None = None
    rotation_sd_deg: float | None = None
    reps: tuple[Rep, ...] = ()
    lost_samples: int = 0
    refused: int = 0
    note: str = ""


class LiveDecoder:
    """Tell it what the board says of itself (`begin`), push its blocks, read `reading`. It never raises for a block.

    A pause above `MAX_GAP_S` or another session begins another set; the repetitions counted so far stay.
    """

    def __init__(self, position: Position, side: Side, *, protocol: Protocol | None = None) -> None:
        """Takes the pose and the leg.

        Raises:
            UsageError: an unknown position or side.
        """
        self._position: Position = position
        self._side: Side = side
        self._protocol = protocol
        self._live = self._fresh()
        self._info: Info | None = None
        self._session: int | None = None
        self._left: set[int] = set()
        self._order = InOrder()
        self._pace = Pace(MIN_RATE_HZ)
        self._stale = 0
        self._t_s = 0.0
        self._state: LiveState | None = None
        self._kept: tuple[Rep, ...] = ()
        self._lost = 0
        self._refused = 0

    def begin(self, info: Info) -> None:
        """What the board says of itself: the scales of its blocks. Blocks that come before are not shown."""
        self._info = info

    def push(self, data: bytes) -> None:
        """One block as received."""
        try:
            block = coxa_wire.decode(data)
        except WireError:
            self._refused += 1
            return
        if self._info is None or _unusable(self._info) or not self._is_new(block):
            return
        if block.session != self._session:
            self._enter(block, self._info)
        if block.n:
            self._take(self._order.add(block), self._info)
        if block.flags & coxa_wire.LAST:
            self._take(self._order.rest(), self._info)

    @property
    def reading(self) -> Reading:
        """As of the latest block."""
        state = self._state
        return Reading(
            session=self._session,
            t_s=self._t_s,
            rotation_deg=state.rotation_deg if state else None,
            rotation_sd_deg=state.rotation_sd_deg if state else None,
            reps=self._kept + (state.reps if state else ()),
            lost_samples=self._lost,
            refused=self._refused,
            note=_unusable(self._info) if self._info else "",
        )

    def _is_new(self, block: Block) -> bool:
        """False for what was there before, such as a straggler of a session that is over."""
        same = block.session == self._session
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
        if self._session is not None:
            self._take(self._order.rest(), info)
            self._left.add(self._session)
            self._leave()
        self._session = block.session
        self._pace = Pace(info.odr_hz)
        self._t_s = (block.first_index - 1) * self._pace.period_s

    def _leave(self) -> None:
        self._another_set()
        self._session = None
        self._order = InOrder()
        self._lost = 0

    def _fresh(self) -> LiveRotation:
        return LiveRotation(self._position, self._side, protocol=self._protocol)

    def _another_set(self) -> None:
        self._kept += self._state.reps if self._state else ()
        self._state = None
        self._live = self._fresh()

    def _take(self, blocks: list[tuple[Block, int]], info: Info) -> None:
        for block, lost in blocks:
            self._lost += lost
            self._pace.add(block)
            period_s = self._pace.period_s
            if (lost + 1) * period_s > MAX_GAP_S:
                self._another_set()
            t_s: Floats = self._t_s + np.arange(lost + 1, lost + 1 + block.n, dtype=np.float64) * period_s
            self._t_s = float(t_s[-1])
            self._show(t_s, *_in_units(block, info))

    def _show(self, t_s: Floats, gyr_rad_s: Floats, acc_m_s2: Floats) -> None:
        alive = acc_m_s2.any(axis=1)  # a bus fault reads as zeros, gravity is never zero
        if not alive.any():
            return
        try:
            with np.errstate(all="ignore"):
                self._state = self._live.push(t_s[alive], gyr_rad_s[alive], acc_m_s2[alive])
        except (CoxaError, ArithmeticError, ValueError, IndexError):
            # A set that has become too long, or readings no thigh can give (LinAlgError is a ValueError). The picture
            # begins anew; what is recorded does not depend on it.
            self._another_set()


def _in_units(block: Block, info: Info) -> tuple[Floats, Floats]:
    """Rate (n, 3), rad/s, and force (n, 3), m/s²."""
    raw = np.frombuffer(block.raw, dtype="<i2").reshape(-1, 6).astype(np.float64)
    return np.deg2rad(raw[:, :3] * info.gyro_dps_per_lsb), raw[:, 3:] * (info.acc_g_per_lsb * GRAVITY_M_S2)


def _unusable(info: Info) -> str:
    """Why the blocks of this board cannot be shown live, or ""."""
    if MIN_RATE_HZ <= info.odr_hz <= MAX_RATE_HZ:
        return ""
    return f"at {info.odr_hz:.0f} samples per second no angle can be shown"
