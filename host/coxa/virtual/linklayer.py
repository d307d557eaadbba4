"""One link between two controllers: its connection events, its queues, and the silence that ends it."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bumble import hci, ll
from bumble.controller import Connection, Controller

from coxa.virtual.controller import AirController

if TYPE_CHECKING:
    from coxa.virtual.air import Air, Radio

Packet = Callable[[], None]
"""What happens when a packet is received."""

_SAME_S = 1e-6
"""Times closer than this are the same: a loop's timers may fire early by the resolution of its clock."""


class _End:
    """One side of a link.

    Attributes:
        connection: as its controller knows it.
        queue: packets not yet received by the other side, oldest first.
        heard_s: when this side last received anything, in the loop's time.
        open: whether this side still holds the link.
    """

    def __init__(self, connection: Connection, now_s: float) -> None:
        self.connection = connection
        self.queue: deque[Packet] = deque()
        self.heard_s = now_s
        self.open = True

    def close(self, reason: int | None) -> None:
        """Lets go of the link; `reason` is what the host is told, None: nothing."""
        self.open = False
        controller = self.connection.controller
        if reason is not None and isinstance(controller, AirController):
            controller.ended(self.connection, reason)


class Link:
    """Events are only acted out while something is queued: at other times both sides are heard as they should be."""

    def __init__(self, air: Air, central: Connection, peripheral: Connection) -> None:
        """The first event is one interval from now."""
        self._air = air
        self._begin_s = asyncio.get_running_loop().time()
        self._central = _End(central, self._begin_s)
        self._peripheral = _End(peripheral, self._begin_s)
        self._ends = (self._central, self._peripheral)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def _radio(self) -> Radio:
        return self._air.conditions_of(self._peripheral.connection.controller)

    @property
    def _audible(self) -> bool:
        return self._radio.audible and self._central.open and self._peripheral.open

    def send(self, connection: Connection, packet: Packet) -> bool:
        """Queues a packet at the side with this connection; False: it is not of this link."""
        end = next((end for end in self._ends if end.open and end.connection is connection), None)
        if end is None:
            return False
        if self._timer is None:
            self._hear()
        end.queue.append(packet)
        if self._timer is None:
            self._plan()
        return True

    def send_control(self, sender: hci.Address, receiver: hci.Address, packet: ll.ControlPdu) -> bool:
        """Queues what one controller says to the other; False: they are not those of this link."""
        for end, peer in (self._ends, self._ends[::-1]):
            if end.connection.self_address == sender and end.connection.peer_address == receiver:
                return self.send(end.connection, partial(peer.connection.controller.on_ll_control_pdu, sender, packet))
        return False

    def end(self, connection: Connection, reason: int) -> bool:
        """Queues the wish of one side to end the link, behind what it has said before."""

        def received() -> None:
            for end in self._ends:
                end.close(hci.HCI_CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR if end.connection is connection else reason)

        return self.send(connection, received)

    def peer_of(self, sender: Controller, receiver: hci.Address) -> Connection | None:
        """The other side's connection, if this is the link from that controller to that address."""
        for end, peer in (self._ends, self._ends[::-1]):
            if end.connection.controller is sender and end.connection.peer_address == receiver and peer.open:
                return peer.connection
        return None

    def silence(self, controller: Controller) -> None:
        """If it is one of the two, that side is gone without a word."""
        for end in self._ends:
            if end.open and end.connection.controller is controller:
                if self._timer is None:
                    self._hear()
                end.close(None)
                if controller.le_connections.get(end.connection.peer_address) is end.connection:
                    del controller.le_connections[end.connection.peer_address]
                self._plan()

    def break_off(self) -> None:
        """Ends the link at once, at both sides."""
        for end in self._ends:
            if end.open:
                end.close(hci.HCI_CONNECTION_TIMEOUT_ERROR)
        self._plan()

    def conditions_changed(self) -> None:
        """Plans anew: there may be nothing to wait for any more, or silence to watch."""
        if self._timer is None:
            self._hear()  # up to now all was well
        self._plan()

    def _hear(self) -> None:
        """Nothing was acted out, so both sides have heard each other until now."""
        for end in self._ends:
            end.heard_s = asyncio.get_running_loop().time()

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        ends = [end for end in self._ends if end.open]
        if not ends:
            self._air.forget(self)
        elif not self._audible:
            at_s = min(end.heard_s for end in ends) + self._radio.supervision_s
            self._timer = loop.call_at(max(at_s, loop.time()), self._watch)
        elif any(end.queue for end in ends):
            interval_s = self._radio.interval_s
            events = math.floor((loop.time() - self._begin_s + _SAME_S) / interval_s) + 1
            self._timer = loop.call_at(self._begin_s + events * interval_s, self._event)

    def _event(self) -> None:
        """The central sends, the peripheral answers, in turn; the first loss ends the event."""
        self._air.stats.events += 1
        for _ in range(self._radio.per_event):
            if not self._pass(self._central, self._peripheral) or not self._pass(self._peripheral, self._central):
                break
            if not any(end.queue for end in self._ends):
                break
        self._watch()

    def _pass(self, sender: _End, receiver: _End) -> bool:
        """One packet, with or without content; whether it is received."""
        if not sender.open or not receiver.open:
            return False
        stats = self._air.stats
        if self._air.lost(self._radio):
            stats.repeats += bool(sender.queue)
            return False
        receiver.heard_s = asyncio.get_running_loop().time()
        if sender.queue:
            stats.packets += 1
            sender.queue.popleft()()
        return True

    def _watch(self) -> None:
        """Whoever has heard nothing for too long gives up."""
        now_s = asyncio.get_running_loop().time()
        for end in self._ends:
            if end.open and now_s - end.heard_s >= self._radio.supervision_s - _SAME_S:
                self._air.stats.timeouts += 1
                end.close(hci.HCI_CONNECTION_TIMEOUT_ERROR)
        self._plan()
