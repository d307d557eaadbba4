"""The link by cable: the same commands and blocks as lines of text on the serial port of the interpreter."""

import select
import sys
import time

from micropython import const

from coxa_board.link.sender import Sender
from coxa_wire import WireError, line, sync

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coxa_board.device import Device
    from coxa_board.link.dispatch import Dispatcher

_BYTES = const(128)  # read in one poll: 12 kB/s; each costs some tens of microseconds on a board
_LINE_FEED = const(10)
_WHOLE = const(256)  # a line takes any message whole


class Usb:
    """Polled by the app. Whoever sends here has the board in their hands: no command asks for the button.

    Attributes:
        payload: bytes of one message.
        sender: of the blocks.
    """

    PACE: int = 16  # blocks in 30 ms: 96 kB/s, or 128 kB/s as base64

    def __init__(self, device: Device, dispatcher: Dispatcher, source: Any = None, sink: Any = None) -> None:
        """Takes what answers, and the streams of bytes; by default those of the interpreter."""
        self._device = device
        self._dispatcher = dispatcher
        # Any: the stubs know no `buffer` of these streams.
        self._source: Any = source or sys.stdin.buffer
        self._sink: Any = sink or sys.stdout.buffer
        self._readable = _poll(self._source, select.POLLIN)
        self._writable = _poll(self._sink, select.POLLOUT)
        self._byte = bytearray(1)
        self._line = bytearray()
        self._passing = False  # over the rest of a line that is too long
        self._rest = b""  # of a line that the port has not taken yet
        self.payload = _WHOLE
        self.sender = dispatcher.sender = Sender(device, self)

    @property
    def connected(self) -> bool:
        """A host has said HELLO; the port cannot tell when it is gone."""
        return self._dispatcher.greeted

    def poll(self) -> None:
        """Does what there is to do, for some milliseconds at most."""
        for _ in range(_BYTES):
            if self._rest and not self._flush():
                return  # what would answer cannot be sent: let requests wait in the port
            if not _ready(self._readable) or not self._source.readinto(self._byte):
                break
            if self._byte[0] != _LINE_FEED:
                self._line.append(self._byte[0])
                if len(self._line) > line.LONGEST:
                    self._passing = True
                    self._line = bytearray()
                continue
            text, self._line = self._line, bytearray()
            if self._passing:
                self._passing = False
            else:
                self._take(text)
        self.sender.tick()

    def send(self, channel: str, data: bytes | bytearray | memoryview) -> bool:
        """Takes a message; False: the port is busy, the same comes again."""
        if self._rest and not self._flush():
            return False
        self._rest = line.encode_line(channel, bytes(data))
        self._flush()
        return True

    def answer(self, frame: bytes) -> bool:
        """Takes a frame for CONTROL."""
        return self.send(line.CONTROL, frame)

    def _take(self, text: bytearray) -> None:
        ticks = time.ticks_us()
        try:
            message = line.decode_line(text)
            if message is None:
                return
            channel, data = message
            if channel == line.CONTROL:
                self._device.touch()
                answer = self._dispatcher.handle(data, tethered=True)
                if answer:
                    self.answer(answer)
            elif channel == line.SYNC:
                ping_id, _ = sync.decode_ping(data)
                held_us = time.ticks_diff(time.ticks_us(), ticks)
                self.send(line.SYNC, sync.encode_pong(ping_id, self._device.now_us() - held_us, held_us))
        except WireError:
            self._device.count("line")

    def _flush(self) -> bool:
        """Whether the port has taken everything."""
        try:
            if _ready(self._writable):
                taken = self._sink.write(self._rest)
                self._rest = self._rest[taken or 0 :]
        except OSError:
            self._device.count("serial")
            self._rest = b""
        return not self._rest


def _poll(stream: Any, event: int) -> Any:
    """Says at once whether a stream is ready (Any: the stubs know no types of `select`)."""
    poll: Any = select.poll()
    poll.register(stream, event)
    return poll


def _ready(poll: Any) -> bool:
    """Whether a stream is; unlike `poll.poll`, `ipoll` makes no list each time."""
    for _ in poll.ipoll(0):
        return True
    return False
