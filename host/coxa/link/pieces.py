"""Notifications and indications joined to messages: frames on CONTROL, blocks on LIVE and BULK (docs/wire.md)."""

from __future__ import annotations

from coxa_wire import BLOCK_LENGTH, Reassembler, command
from coxa_wire.line import BULK, CONTROL, LIVE, SYNC

FRAME_S = 1.0
"""A frame whose rest does not come within it is dropped."""


class Pieces:
    """What has come in pieces on one connection.

    Attributes:
        longest: bytes of the longest piece so far.
    """

    def __init__(self) -> None:
        """Nothing has come."""
        self.longest = 0
        self._frames = command.Frames()
        self._frame_at_s = 0.0
        self._blocks = {LIVE: Reassembler(), BULK: Reassembler()}

    @property
    def dropped(self) -> int:
        """Bytes of frames and fragments of blocks that could not be joined."""
        return self._frames.dropped + sum(one.dropped for one in self._blocks.values())

    def joined(self, channel: str, data: bytes, now_s: float) -> list[bytes]:
        """The messages that the next piece on a channel completes; `now_s` by any clock that never jumps."""
        self.longest = max(self.longest, len(data))
        if channel == CONTROL:
            if self._frames.waiting and now_s - self._frame_at_s > FRAME_S:
                self._frames.reset()
            self._frame_at_s = now_s
            return self._frames.feed(data)
        if channel == SYNC or len(data) >= BLOCK_LENGTH:
            return [data]
        whole = self._blocks[channel].feed(data)
        return [] if whole is None else [whole]
