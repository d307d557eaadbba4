"""A central in the same process as the board: what a host's Bluetooth stack does, one packet at a time."""

import bluetooth

ADDRESS = b"\xc0\xc1\xc2\xc3\xc4\xc5"


class Central(bluetooth.Silence):
    """Within range of one board.

    `advertising`: (interval in µs, data, response) or None. `received`: (handle, data) of notifications and
    indications, in order. `confirms`: whether indications are confirmed. `queue`: packets still in the board's buffers.
    """

    def __init__(self):
        self.board = bluetooth.BLE()
        self.board.radio = self
        self.advertising = None
        self.advertised = 0
        self.connection = None
        self.mtu = 23
        self.confirms = True
        self.queue = []
        self.received = []
        self._next = 0

    # What a host does.

    def connect(self):
        assert self.advertising is not None, "the board does not advertise"
        self.connection = self._next
        self._next = (self._next + 1) % 3
        self.board.connected(self.connection, ADDRESS)

    def exchange_mtu(self, wanted):
        self.mtu = self.board.mtu_agreed(self.connection, wanted)
        return self.mtu

    def handle(self, uuid):
        for handle, value in self.board.values.items():
            if value.uuid == bluetooth.UUID(uuid):
                return handle
        raise ValueError(uuid)

    def write(self, uuid, data):
        """One write; longer data than fit are the caller's mistake."""
        assert len(data) <= self.mtu - 3, (len(data), self.mtu)
        self.board.written(self.connection, self.handle(uuid), bytes(data))

    def read(self, uuid):
        return self.board.values[self.handle(uuid)].data

    def take(self, packets=1000):
        """Lets so many packets through the air."""
        for _ in range(min(packets, len(self.queue))):
            connection, handle, data, indicate = self.queue.pop(0)
            self.board.transmitted(len(data))
            if connection != self.connection:
                continue
            self.received.append((handle, data))
            if indicate and self.confirms:
                self.board.confirmed(connection, handle, 0)

    def lose(self):
        """The connection ends; what was not sent is gone."""
        for _, _, data, _ in self.queue:
            self.board.transmitted(len(data))
        self.queue = []
        connection, self.connection, self.mtu = self.connection, None, 23
        self.board.disconnected(connection, ADDRESS)

    # What the board's radio does.

    def advertise(self, interval_us, data, response):
        self.advertising = None if interval_us is None else (interval_us, data, response)
        self.advertised += interval_us is not None

    def transmit(self, connection, handle, data, indicate):
        self.queue.append((connection, handle, data, indicate))

    def disconnect(self, connection):
        if connection == self.connection:
            self.lose()
        else:
            self.board.disconnected(connection, ADDRESS)
