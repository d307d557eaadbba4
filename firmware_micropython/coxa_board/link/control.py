"""The streams of requests and answers of a link whose messages are short."""

import time

from micropython import const

from coxa_wire.command import Frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coxa_board.device import Device
    from coxa_board.link.dispatch import Dispatcher

_ANSWERS = const(8)  # that wait; further requests wait until there is room
_PART_MS = const(1000)  # the rest of a frame comes within two connection intervals, or never


class Control:
    """Joins what was written to requests, and cuts the answers into pieces."""

    def __init__(self, device: Device, dispatcher: Dispatcher) -> None:
        """Takes what counts faults and what answers."""
        self._device = device
        self._dispatcher = dispatcher
        self._frames = Frames()
        self._part_ms = time.ticks_ms()
        self.reset()

    def reset(self) -> None:
        """Another host, or none."""
        self._dispatcher.reset()
        self._frames.reset()
        self._requests: list[bytes] = []
        self._answers: list[bytes] = []
        self._offset = 0  # in the first answer

    def execute(self, inbox: list[bytes]) -> bool:
        """Takes one write from the inbox, or one request of an earlier one; False when there is nothing to do."""
        if len(self._answers) >= _ANSWERS:
            return False
        if self._requests:
            answer = self._dispatcher.handle(self._requests.pop(0), tethered=False)
            if answer:
                self._answers.append(answer)
            return True
        now_ms = time.ticks_ms()
        if self._frames.waiting and time.ticks_diff(now_ms, self._part_ms) > _PART_MS:
            self._frames.reset()
            self._device.count("frame")
        if not inbox:
            return False
        self._part_ms = now_ms
        dropped = self._frames.dropped
        self._requests = self._frames.feed(inbox.pop(0))
        if self._frames.dropped != dropped:
            self._device.count("frame")
        return True

    def answer(self, frame: bytes) -> bool:
        """Takes a frame to send; False: no room now."""
        if len(self._answers) >= _ANSWERS:
            return False
        self._answers.append(frame)
        return True

    def piece(self, size: int) -> bytes:
        """The next bytes to send, at most `size` and of one answer; empty when there are none."""
        return self._answers[0][self._offset : self._offset + size] if self._answers else b""

    def sent(self, length: int) -> None:
        """So many bytes of the latest `piece` are on their way."""
        self._offset += length
        if self._offset >= len(self._answers[0]):
            self._answers.pop(0)
            self._offset = 0
