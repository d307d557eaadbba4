"""LIVE blocks of one board → samples with times → the angle and the repetitions, whatever the board sends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coxa.calibration.applied import NONE, Calibration
from coxa.errors import CoxaError
from coxa.live import LiveRotation, LiveState
from coxa.live_view.samples import LiveSamples
from coxa.protocols import Protocol
from coxa.results import Position, Rep, Side
from coxa.samples import Samples
from coxa_wire import Info


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

    def __init__(
        self, position: Position, side: Side, *, protocol: Protocol | None = None, calibration: Calibration = NONE
    ) -> None:
        """Takes the pose and the leg, and what is known of sensor, body and skin.

        Raises:
            UsageError: an unknown position or side.
        """
        self._position: Position = position
        self._side: Side = side
        self._protocol = protocol
        self._calibration = calibration
        self._live = self._fresh()
        self._blocks = LiveSamples()
        self._state: LiveState | None = None
        self._kept: tuple[Rep, ...] = ()

    def begin(self, info: Info) -> None:
        """What the board says of itself: the scales of its blocks. Blocks that come before are not shown."""
        self._blocks.begin(info)

    def push(self, data: bytes) -> None:
        """One block as received."""
        for samples in self._blocks.push(data):
            if samples is None:
                self._another_set()
            else:
                self._show(samples)

    @property
    def reading(self) -> Reading:
        """As of the latest block."""
        state = self._state
        return Reading(
            session=self._blocks.session,
            t_s=self._blocks.t_s,
            rotation_deg=state.rotation_deg if state else None,
            rotation_sd_deg=state.rotation_sd_deg if state else None,
            reps=self._kept + (state.reps if state else ()),
            lost_samples=self._blocks.lost,
            refused=self._blocks.refused,
            note=self._blocks.unusable,
        )

    def _fresh(self) -> LiveRotation:
        return LiveRotation(self._position, self._side, protocol=self._protocol, calibration=self._calibration)

    def _another_set(self) -> None:
        self._kept += self._state.reps if self._state else ()
        self._state = None
        self._live = self._fresh()

    def _show(self, samples: Samples) -> None:
        try:
            with np.errstate(all="ignore"):
                self._state = self._live.push(
                    samples.t_s, samples.gyr_rad_s, samples.acc_m_s2, temperature_c=samples.temperature_c
                )
        except (CoxaError, ArithmeticError, ValueError, IndexError):
            # A set that has become too long, or readings no thigh can give (LinAlgError is a ValueError). The picture
            # begins anew; what is recorded does not depend on it.
            self._another_set()
