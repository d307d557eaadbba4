"""What the user is shown of the connection to one board."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK_S = 0.1
"""Length of a block in seconds as long as the board has not said its sampling rate (docs/wire.md: some 0.1 s)."""


@dataclass(slots=True, kw_only=True)
class BoardStatus:
    """One board as things stand; whoever keeps the connection keeps this up to date.

    Attributes:
        name, role, uid: who it is, and where it is worn; the uid as 12 hex digits. "" where it is not known.
        state: where the connection stands, in a word for the user.
        session: number of the session on the board; None while none is known.
        stored, expected: blocks of it that are in the store, and that there are on the board so far.
        unreadable: blocks of it that the board itself cannot read any more: they are lost.
        rssi: strength of the signal, dBm; None where it is not known.
        battery_percent: None where it is not measured.
        rtt_ms: round trip of the latest ping.
        clock_error_ms: what the board's clock beside the host's can be wrong by.
        reconnects: how often the connection was lost.
        note: one sentence beside all this, such as why the connection failed.
        block_s: length of one block in seconds.
    """

    name: str
    role: str
    uid: str = ""
    state: str = ""
    session: int | None = None
    stored: int = 0
    expected: int = 0
    unreadable: int = 0
    rssi: int | None = None
    battery_percent: int | None = None
    rtt_ms: float | None = None
    clock_error_ms: float | None = None
    reconnects: int = 0
    note: str = ""
    block_s: float = BLOCK_S

    @property
    def missing(self) -> int:
        """Blocks that are on the board and not yet in the store."""
        return max(self.expected - self.stored - self.unreadable, 0)

    @property
    def backlog_s(self) -> float:
        """The same in seconds of recording."""
        return self.missing * self.block_s
