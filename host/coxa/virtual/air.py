"""The air between virtual boards and computers: who hears whom, how often a packet is lost, when a link is given up.

Bumble gives controllers that talk to each other at once and never lose anything; here they do so as radios do. A lost
packet is sent again at the next connection event, so nothing is missing and nothing overtakes: loss is delay, delay
fills the buffers, and silence for the supervision timeout ends the link, at each side by its own clock.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from bumble import core, hci, ll
from bumble.controller import Connection, Controller
from bumble.link import LocalLink

from coxa.virtual.controller import AirController, Heard
from coxa.virtual.linklayer import Link


@dataclass
class Radio:
    """Conditions of the links of one board; may be changed at any time.

    Attributes:
        interval_s: from one connection event to the next.
        per_event: packets that each side may send in an event.
        error_rate: share of the packets, each way, that are not received; 1 is as out of range.
        in_range: whether anything is received at all.
        supervision_s: after so long a silence a side gives up the link.
        rssi: strength at which the board is heard, dBm.
    """

    interval_s: float = 0.030
    per_event: int = 6
    error_rate: float = 0.0
    in_range: bool = True
    supervision_s: float = 4.0
    rssi: int = -60
    changed: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    """Called after each change; set by the air."""

    def __setattr__(self, name: str, value: object) -> None:
        """Sets an attribute and tells the air."""
        super().__setattr__(name, value)
        changed = self.__dict__.get("changed")
        if changed is not None and name != "changed":
            changed()

    @property
    def audible(self) -> bool:
        """Whether anything gets through."""
        return self.in_range and self.error_rate < 1


@dataclass
class Stats:
    """What has happened on the air.

    Attributes:
        events: connection events with something to send; the others are not acted out.
        packets: packets received, those without content not counted.
        repeats: packets that were lost and had to be sent again.
        timeouts: sides that gave up a link after silence.
    """

    events: int = 0
    packets: int = 0
    repeats: int = 0
    timeouts: int = 0


class Air(LocalLink):
    """Give it to the controllers as their link. Nothing is heard before `start`.

    Attributes:
        radio: conditions of all boards without conditions of their own.
        stats: what has happened so far.
    """

    def __init__(self, seed: int = 0) -> None:
        """`seed` decides which packets are lost."""
        super().__init__()  # type: ignore[no-untyped-call]  # Bumble's has no types
        self.radio = Radio(changed=self._conditions_changed)
        self.stats = Stats()
        self._own: dict[str, Radio] = {}
        self._members: list[AirController] = []
        self._links: list[Link] = []
        self._random = random.Random(seed)
        self._on = False

    def conditions(self, name: str) -> Radio:
        """The conditions of one board, its own from now on: at first as those of `radio`."""
        if name not in self._own:
            self._own[name] = replace(self.radio)
        return self._own[name]

    def conditions_of(self, controller: Controller) -> Radio:
        """The conditions that hold for a controller: its own, else the common ones."""
        return self._own.get(controller.name, self.radio)

    def start(self) -> None:
        """From now on advertisements are heard."""
        self._on = True

    def stop(self) -> None:
        """Ends all links, as after a timeout; nothing is heard any more, and no timer is left."""
        self._on = False
        for link in list(self._links):
            link.break_off()

    def lost(self, radio: Radio) -> bool:
        """Draws whether a packet is lost."""
        return not radio.in_range or (radio.error_rate > 0 and self._random.random() < radio.error_rate)

    def reaches(self, controller: Controller) -> bool:
        """Whether a controller is on the air."""
        return controller in self.controllers

    def silence(self, controller: Controller) -> None:
        """A controller loses its power: it says nothing more, and others find out by its silence."""
        for link in list(self._links):
            link.silence(controller)
        for advertising in controller.advertising_sets.values():
            advertising.stop()

    def forget(self, link: Link) -> None:
        """Called by a link that is over at both sides."""
        if link in self._links:
            self._links.remove(link)

    def send(self, connection: Connection, packet: hci.HCI_AclDataPacket) -> None:
        """Queues a packet of a host; its buffer is free, and the host told so, when it has been received."""
        for link in self._links:
            if link.send(connection, partial(connection.on_hci_acl_data_packet, packet)):
                return

    def end(self, connection: Connection, reason: int) -> bool:
        """Queues a controller's wish to end a link; False: there is none."""
        return any(link.end(connection, reason) for link in self._links)

    def takes(self, initiator: Controller, initiator_address: hci.Address, address: hci.Address) -> bool:
        """Whether a request to connect reaches somebody who advertises under this address and takes it."""
        advertiser = self._advertiser(address)
        if advertiser is None or advertiser is initiator or initiator_address in advertiser.le_connections:
            return False
        return not self.lost(self.conditions_of(advertiser))

    # What Bumble's controllers call.

    def add_controller(self, controller: Controller) -> None:
        """A controller comes on the air."""
        super().add_controller(controller)
        if isinstance(controller, AirController):
            self._members.append(controller)  # in an order, other than in Bumble's set: chance must be repeatable

    def remove_controller(self, controller: Controller) -> None:
        """A controller leaves, without a word to those it is connected with; it serves its host, without effect."""
        self._members = [member for member in self._members if member is not controller]
        self.controllers.discard(controller)
        self.silence(controller)

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """An advertisement, to everybody who hears it; or a request to connect, to whom it is for."""
        if isinstance(packet, ll.ConnectInd):
            self._connect(sender_controller, packet)
        elif isinstance(packet, ll.AdvInd | ll.AdvExtInd) and self._on:
            radio = self.conditions_of(sender_controller)
            heard = Heard.of(sender_controller, packet, radio.rssi)
            for member in self._members:
                if member is not sender_controller and member.listens and not self.lost(radio):
                    asyncio.get_running_loop().call_soon(member.hear, heard)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """What controllers say to each other over a link, in turn with what their hosts say."""
        for link in self._links:
            if link.send_control(sender_address, receiver_address, packet):
                return

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """A message whose last packet has just been received, to the host there."""
        for link in self._links:
            receiver = link.peer_of(sender_controller, destination_address)
            if receiver is not None:
                receiver.controller.on_link_acl_data(receiver.peer_address, transport, data)
                return

    def _connect(self, initiator: Controller, packet: ll.ConnectInd) -> None:
        advertiser = self._advertiser(packet.advertiser_address)
        if advertiser is None:
            return
        advertiser.on_ll_advertising_pdu(packet)  # at once, so that nobody else is taken as well
        peripheral = advertiser.le_connections[packet.initiator_address]
        self._links.append(Link(self, initiator.le_connections[packet.advertiser_address], peripheral))

    def _advertiser(self, address: hci.Address) -> AirController | None:
        """Who can be connected to under this address now."""
        return next((member for member in self._members if self._on and member.connectable_as(address)), None)

    def _conditions_changed(self) -> None:
        for link in list(self._links):
            link.conditions_changed()
