"""The board's `bluetooth`, peripheral side, as NimBLE on the ESP32 behaves, with a radio that tests provide.

What was seen on a real stack and holds here: nothing works before `active(True)` (OSError 19); a value takes 20 bytes
unless `gatts_set_buffer` says more, and longer writes are cut off; notifications are cut off to MTU − 3 without a word;
when no packet buffer is free, `gatts_notify` raises OSError 12 (after 8 packets of 200 bytes, or 14 of 20); a handler
that raises is never called again; what the handler is given is valid only while it runs; advertising ends with a
connection.

The radio is set with `BLE().radio = …` and has `register(services)`, `store(handle, data)` (what a host may read),
`advertise(interval_us, data, response)` (None: stop), `transmit(connection, handle, data, indicate)` and
`disconnect(connection)`: see `Silence`. It calls `connected`, `disconnected`,
`written`, `mtu_agreed`, `confirmed` and `transmitted` of `BLE`.
"""

FLAG_READ = 0x02
FLAG_WRITE_NO_RESPONSE = 0x04
FLAG_WRITE = 0x08
FLAG_NOTIFY = 0x10
FLAG_INDICATE = 0x20

_ENOMEM = 12
_ENODEV = 19
_EINVAL = 22
_ENOTCONN = 107
_ADVERTISING_TOO_LONG = -18
_LONGEST_ADVERTISING = 31
_DEFAULT_BUFFER = 20
_POOL = 56  # of packet buffers, in units of which
_SMALL = 4  # a packet of up to 64 bytes takes so many, a longer one
_LARGE = 7
_FIRST_HANDLE = 16

_IRQ_CONNECT = 1
_IRQ_DISCONNECT = 2
_IRQ_WRITE = 3
_IRQ_INDICATE_DONE = 20
_IRQ_MTU = 21


class UUID:
    """Of 16 bits (a number) or 128 (a string)."""

    def __init__(self, value):
        self.text = f"{value:04x}" if isinstance(value, int) else value.lower()
        if len(self.text) not in (4, 36):
            raise ValueError("invalid UUID")

    def __eq__(self, other):
        return isinstance(other, UUID) and other.text == self.text

    def __hash__(self):
        return hash(self.text)

    def __repr__(self):
        return "UUID('" + self.text + "')"


class Silence:
    """The radio when nobody is in range."""

    def register(self, services):
        pass

    def store(self, handle, data):
        pass

    def advertise(self, interval_us, data, response):
        pass

    def transmit(self, connection, handle, data, indicate):
        pass

    def disconnect(self, connection):
        pass


class _Value:
    def __init__(self, uuid, flags):
        self.uuid = uuid
        self.flags = flags
        self.data = b""
        self.size = _DEFAULT_BUFFER
        self.append = False


class BLE:
    """One for the whole board."""

    _only = None

    def __new__(cls):
        if BLE._only is None:
            BLE._only = object.__new__(cls)
            BLE._only.power_on()
        return BLE._only

    def power_on(self):
        """As after a reset of the board."""
        self.radio = Silence()
        self.values = {}
        self.services = ()
        self.connections = {}
        self.pool = _POOL
        self.cut_off = 0  # packets that were longer than the MTU allows
        self.printed = []  # what the board would have printed about exceptions
        self._active = False
        self._handler = None
        self._config = {"mtu": 256, "gap_name": b"MPY NIMBLE", "rxbuf": 256}

    # What the board's program calls.

    def active(self, on=None):
        if on is not None:
            self._active = bool(on)
            if not on:
                self.connections = {}
        return self._active

    def config(self, *names, **values):
        self._need_active()
        if names:
            if names[0] == "mac":
                return 0, b"\xf0\xf1\xf2\xf3\xf4\xf5"
            if names[0] == "rxbuf" or names[0] not in self._config:
                raise ValueError("unknown config param")
            return self._config[names[0]]
        for name, value in values.items():
            if name not in self._config:
                raise ValueError("unknown config param")
            self._config[name] = value.encode() if isinstance(value, str) else value
        return None

    def irq(self, handler):
        self._handler = handler

    def gatts_register_services(self, services):
        self._need_active()
        handle = _FIRST_HANDLE
        registered = []
        for _, characteristics in services:
            handles = []
            for characteristic in characteristics:
                handle += 3  # declaration, value, and the client's configuration
                self.values[handle] = _Value(characteristic[0], characteristic[1])
                handles.append(handle)
            registered.append(tuple(handles))
        self.services = services
        self.radio.register(
            [
                (service[0].text, [(c[0].text, c[1], handle) for c, handle in zip(service[1], handles)])  # noqa: B905
                for service, handles in zip(services, registered)  # noqa: B905
            ]
        )
        return tuple(registered)

    def gatts_set_buffer(self, handle, size, append=False):
        self.values[handle].size = size
        self.values[handle].append = append

    def gatts_read(self, handle):
        value = self.values.get(handle)
        if value is None:
            return b""
        data = value.data
        if value.append:
            value.data = b""
        return data

    def gatts_write(self, handle, data, send_update=False):
        if handle not in self.values:
            raise OSError(_EINVAL)
        self.values[handle].data = bytes(data)
        self.radio.store(handle, self.values[handle].data)
        return len(data)

    def gatts_notify(self, connection, handle, data=None):
        self._transmit(connection, handle, data, False)

    def gatts_indicate(self, connection, handle, data=None):
        self._transmit(connection, handle, data, True)

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        self._need_active()
        data, response = bytes(adv_data or b""), bytes(resp_data or b"")
        if max(len(data), len(response)) > _LONGEST_ADVERTISING:
            raise OSError(_ADVERTISING_TOO_LONG)
        self.radio.advertise(interval_us, data, response)

    def gap_disconnect(self, connection):
        if connection not in self.connections:
            return False
        self.radio.disconnect(connection)
        return True

    # What the radio calls.

    def connected(self, connection, address):
        self.connections[connection] = 23
        self.radio.advertise(None, b"", b"")
        self._interrupt_with_address(_IRQ_CONNECT, connection, address)

    def disconnected(self, connection, address):
        del self.connections[connection]
        self._interrupt_with_address(_IRQ_DISCONNECT, connection, address)

    def mtu_agreed(self, connection, wanted):
        self.connections[connection] = min(wanted, self._config["mtu"])
        self._interrupt(_IRQ_MTU, (connection, self.connections[connection]))
        return self.connections[connection]

    def written(self, connection, handle, data):
        value = self.values[handle]
        value.data = ((value.data if value.append else b"") + data)[: value.size]
        self._interrupt(_IRQ_WRITE, (connection, handle))

    def confirmed(self, connection, handle, status):
        self._interrupt(_IRQ_INDICATE_DONE, (connection, handle, status))

    def transmitted(self, length):
        """A packet has left, its buffer is free again."""
        self.pool += _cost(length)

    def _transmit(self, connection, handle, data, indicate):
        self._need_active()
        if connection not in self.connections:
            raise OSError(_ENOTCONN)
        if handle not in self.values:
            return
        data = self.values[handle].data if data is None else data
        room = self.connections[connection] - 3
        self.cut_off += len(data) > room
        data = bytes(data)[:room]
        if self.pool < _cost(len(data)):
            raise OSError(_ENOMEM)
        self.pool -= _cost(len(data))
        self.radio.transmit(connection, handle, data, indicate)

    def _interrupt_with_address(self, event, connection, address):
        buffer = bytearray(address)
        self._interrupt(event, (connection, 1, memoryview(buffer)))
        buffer[:] = b"\xde\xad\xde\xad\xde\xad"  # whoever kept it finds out

    def _interrupt(self, event, data):
        if self._handler is None:
            return
        try:
            self._handler(event, data)
        except Exception as error:
            self.printed.append(error)
            self._handler = None

    def _need_active(self):
        if not self._active:
            raise OSError(_ENODEV)


def _cost(length):
    return _SMALL if length <= 64 else _LARGE
