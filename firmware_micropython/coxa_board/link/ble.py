"""The link by radio: one host at a time, over the GATT table of docs/wire.md."""

import json
import time
from errno import ENOMEM, ENOTCONN

import bluetooth
from micropython import const

from coxa_board.link import table
from coxa_board.link.control import Control
from coxa_board.link.events import Events
from coxa_board.link.sender import Sender
from coxa_wire import WireError, advert, decode_info, gatt, sync
from coxa_wire.line import LIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from coxa_board.device import Device
    from coxa_board.link.dispatch import Dispatcher

_LONGEST = gatt.MTU_WANTED - gatt.ATT_HEADER
_ADVERTISE_US = const(152500)  # found within a second or two; one of the intervals of Apple's accessory guidelines
_KEEP_MS = const(1000)
_BEGIN_MS = const(5000)  # between attempts to start a radio that refuses
_REQUESTS = const(8)  # in one poll
_CONFIRM_MS = const(30000)  # of ATT (Bluetooth Core 6.0, vol. 3, part F, 3.3.3)
# A host that is silent must not keep out another: ours says HELLO at once and then is heard every ten seconds or more.
_GREET_MS = const(30000)
_SILENT_MS = const(60000)


class Ble:
    """Polled by the app.

    Attributes:
        payload: bytes of one notification.
        sender: of the blocks.
    """

    PACE: int = 4  # blocks in 30 ms: 24 kB/s, a quarter of what the radio of an ESP32 can do

    def __init__(self, device: Device, dispatcher: Dispatcher) -> None:
        """Takes what answers; the radio starts at the first `poll`."""
        self._device = device
        self._dispatcher = dispatcher
        # Any: the stubs take handles for memoryviews.
        self._radio: Any = bluetooth.BLE()
        self._events = Events(self._radio)
        self._handles: table.Handles | None = None
        self._advertised = b""
        self._battery = -1
        self._stale = True  # INFO
        now_ms = time.ticks_ms()
        self._begin_ms = time.ticks_add(now_ms, -_BEGIN_MS)
        self._kept_ms = self._indicated_ms = self._heard_ms = self._met_ms = now_ms
        self.payload = gatt.MTU_LEAST - gatt.ATT_HEADER
        self.sender = dispatcher.sender = Sender(device, self)
        self._control = Control(device, dispatcher)

    @property
    def connected(self) -> bool:
        """A host is there."""
        return self._events.connection is not None

    def poll(self) -> None:
        """Does what there is to do, for some milliseconds at most."""
        try:
            self._poll()
        except OSError:  # the radio's: a restart of the board would lose more than one round
            self._device.count("radio")

    def _poll(self) -> None:
        events = self._events
        now_ms = time.ticks_ms()
        if self._handles is None:
            if time.ticks_diff(now_ms, self._begin_ms) >= _BEGIN_MS:
                self._begin_ms = now_ms
                self._begin()
            return
        if events.faults:
            events.faults = 0
            self._device.count("radio")
        if events.changed:
            events.changed = False
            self._renew()
        if time.ticks_diff(now_ms, self._kept_ms) >= _KEEP_MS:
            self._kept_ms = now_ms
            self._keep()
        if events.connection is None:
            if not self._advertised:
                self._advertise()
        else:
            self._serve(self._handles)

    def send(self, channel: str, data: bytearray | memoryview) -> bool:
        """Takes a block or fragment; False: the same comes again."""
        handles = self._handles
        return handles is not None and self._notify(handles.live if channel == LIVE else handles.bulk, data)

    def answer(self, frame: bytes) -> bool:
        """Takes a frame for CONTROL."""
        return self._control.answer(frame)

    def _begin(self) -> None:
        radio = self._radio
        try:
            radio.active(True)
            radio.config(mtu=gatt.MTU_WANTED, gap_name=self._name())
            radio.irq(self._events.interrupt)
            handles = table.register(radio)
            table.describe(radio, handles, decode_info(self._device.info()))
        except OSError:
            self._device.count("radio")
            return
        self._events.control, self._events.sync = handles.control, handles.sync
        self._handles = handles

    def _renew(self) -> None:
        """Another host, or none: whatever was under way with the last one is over."""
        self._control.reset()
        self._advertised = b""
        self._stale = True
        self._heard_ms = self._met_ms = time.ticks_ms()
        self._device.touch()

    def _keep(self) -> None:
        """Once a second."""
        events = self._events
        self._radio.irq(events.interrupt)  # should it ever have been taken away
        if events.surplus is not None:
            self._radio.gap_disconnect(events.surplus)
            events.surplus = None
        self._stale = True
        self._show_battery()
        if events.connection is None:
            self._advertise()
        elif self._keeps_others_out():
            self._hang_up("silent host")

    def _keeps_others_out(self) -> bool:
        """Whether the host is silent, or has not greeted: writing something else does not count."""
        if time.ticks_diff(self._kept_ms, self._heard_ms) > _SILENT_MS:
            return True
        return not self._dispatcher.greeted and time.ticks_diff(self._kept_ms, self._met_ms) > _GREET_MS

    def _serve(self, handles: table.Handles) -> None:
        events = self._events
        if events.mtu != self._device.mtu:
            self._device.mtu = events.mtu
            self._stale = True
        self.payload = min(events.mtu - gatt.ATT_HEADER, _LONGEST)
        if events.ping or events.inbox:
            self._heard_ms = time.ticks_ms()
            self._device.touch()
        if events.ping:
            self._answer_ping(handles)
        for _ in range(_REQUESTS):
            if events.changed or not self._control.execute(events.inbox):
                break
            self._stale = True
        if self._stale:
            self._stale = False
            self._radio.gatts_write(handles.info, self._device.info())
        self._indicate(handles)
        self.sender.tick()

    def _advertise(self) -> None:
        info = decode_info(self._device.info())
        status = advert.Status(info.state, self._device.battery_percent(), info.pending, info.uid[4:])
        data, response = advert.advertising_data(self._name()), advert.scan_response(status)
        if data + response == self._advertised:
            return
        try:
            self._radio.gap_advertise(_ADVERTISE_US, data, resp_data=response)
            self._advertised = data + response
        except OSError:
            self._device.count("advertise")

    def _name(self) -> str:
        return str(json.loads(self._device.get_config("name") or b'"coxa"'))

    def _answer_ping(self, handles: table.Handles) -> None:
        events = self._events
        data, events.ping = events.ping, b""
        try:
            ping_id, _ = sync.decode_ping(data)
        except WireError:
            self._device.count("ping")
            return
        held_us = time.ticks_diff(time.ticks_us(), events.ping_ticks)
        self._notify(handles.sync, sync.encode_pong(ping_id, self._device.now_us() - held_us, held_us))

    def _show_battery(self) -> None:
        percent = self._device.battery_percent()
        if percent != self._battery and self._handles is not None:
            self._battery = percent
            self._radio.gatts_write(self._handles.battery, bytes([percent]))
            self._notify(self._handles.battery, bytes([percent]))

    def _indicate(self, handles: table.Handles) -> None:
        """One piece of an answer; the next after the host has confirmed it."""
        events = self._events
        now_ms = time.ticks_ms()
        if events.confirming:
            if time.ticks_diff(now_ms, self._indicated_ms) > _CONFIRM_MS:
                self._hang_up("deaf host")
            return
        piece = self._control.piece(self.payload)
        connection = events.connection
        if not piece or connection is None:
            return
        self._indicated_ms = now_ms
        events.confirming = True  # first: the confirmation may come before the call returns
        try:
            self._radio.gatts_indicate(connection, handles.control, piece)
        except OSError as error:
            events.confirming = False
            self._refused(connection, error)
            return
        self._control.sent(len(piece))

    def _notify(self, handle: int, data: bytes | bytearray | memoryview) -> bool:
        connection = self._events.connection  # the interrupt may set it to None at any moment
        if connection is None:
            return False
        try:
            self._radio.gatts_notify(connection, handle, data)
        except OSError as error:
            self._refused(connection, error)
            return False
        return True

    def _refused(self, connection: int, error: OSError) -> None:
        if error.errno == ENOTCONN:
            self._events.lost(connection)
        elif error.errno != ENOMEM:  # no buffer free is nothing to report
            self._device.count("notify")

    def _hang_up(self, reason: str) -> None:
        self._device.count(reason)
        self._indicated_ms = self._heard_ms = self._met_ms = time.ticks_ms()
        connection = self._events.connection
        if connection is not None and not self._radio.gap_disconnect(connection):
            self._events.lost(connection)
