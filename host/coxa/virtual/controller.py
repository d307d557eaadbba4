"""A Bluetooth controller on the virtual air: Bumble's, put right where a radio link shows the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from bumble import hci, ll
from bumble.controller import Connection, Controller

if TYPE_CHECKING:
    from bumble.transport.common import TransportSink, TransportSource

    from coxa.virtual.air import Air

_Report = hci.HCI_LE_Extended_Advertising_Report_Event.Report
_Kind = hci.HCI_LE_Extended_Advertising_Report_Event.EventType
_KINDS = _Kind.CONNECTABLE_ADVERTISING | _Kind.SCANNABLE_ADVERTISING | _Kind.LEGACY_ADVERTISING_PDU_USED

_DONE = hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)
_REFUSED = hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)

LONGEST_PACKET = 251
"""Bytes of one packet of the link layer with data length extension (Bluetooth Core 6.0, vol. 6, part B, 2.4)."""
BUFFERS = 8
"""Packets that the controller takes from its host before one has been received."""


@dataclass(frozen=True)
class Heard:
    """An advertisement, with the scan response that whoever asks gets with it.

    Attributes:
        address: of the advertiser.
        kind: what the advertiser takes: connections, scan requests.
        data, response: advertising data and scan response.
        rssi: strength, dBm.
    """

    address: hci.Address
    kind: int
    data: bytes
    response: bytes
    rssi: int

    @classmethod
    def of(cls, sender: Controller, packet: ll.AdvInd | ll.AdvExtInd, rssi: int) -> Heard:
        """What a packet says, together with what its sender would answer to a scan request."""
        kind, response = 0, b""
        for advertising in sender.advertising_sets.values():
            if advertising.address == packet.advertiser_address:
                kind, response = _kind(advertising), bytes(advertising.scan_response_data)
        return cls(packet.advertiser_address, kind, packet.data, response, rssi)


class AirController(Controller):
    """One radio. Its name is that of the board, by which the air knows its conditions."""

    le_acl_data_packet_length = LONGEST_PACKET
    total_num_le_acl_data_packets = BUFFERS
    supported_max_tx_octets = LONGEST_PACKET
    supported_max_rx_octets = LONGEST_PACKET

    def __init__(
        self,
        air: Air,
        name: str,
        address: str,
        source: TransportSource | None = None,
        sink: TransportSink | None = None,
    ) -> None:
        """Comes on the air at once; `source` and `sink` are the way to its host, where that is another process."""
        self._air = air
        self._asks = False
        super().__init__(name, source, sink, air, address)  # pyright: ignore[reportUnknownMemberType]  # Bumble's

    @property
    def listens(self) -> bool:
        """Whether it wants advertisements: it scans, or waits for somebody it is to connect to."""
        return self.le_scan_enable or self.pending_le_connection is not None

    def connectable_as(self, address: hci.Address) -> bool:
        """Whether it can be connected to under this address now."""
        return any(
            advertising.enabled
            and advertising.address == address
            and _kind(advertising) & _Kind.CONNECTABLE_ADVERTISING
            for advertising in self.advertising_sets.values()
        )

    def hear(self, heard: Heard) -> None:
        """Reports an advertisement to the host, with its scan response if asked for, and connects if told to."""
        if self.le_scan_enable:
            self._report(heard, heard.kind, heard.data)
            if self._asks and heard.kind & _Kind.SCANNABLE_ADVERTISING:
                self._report(heard, heard.kind | _Kind.SCAN_RESPONSE, heard.response)
        pending = self.pending_le_connection
        if pending is not None and pending.peer_address == heard.address:
            self.create_le_connection(heard.address)

    def create_le_connection(self, peer_address: hci.Address) -> None:
        """Connects, unless the other side is not there any more: then it goes on waiting."""
        pending = self.pending_le_connection
        if pending is None or peer_address in self.le_connections:
            return
        public = pending.own_address_type == hci.OwnAddressType.PUBLIC
        if self._air.takes(self, self.public_address if public else self.random_address, peer_address):
            super().create_le_connection(peer_address)

    def ended(self, connection: Connection, reason: int) -> None:
        """Tells the host that a link is over."""
        if self.le_connections.get(connection.peer_address) is connection:
            self.on_le_disconnected(connection, reason)

    # What the host sends.

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """A packet for the other side."""
        connection = self.find_le_connection_by_handle(packet.connection_handle)
        if connection is not None:
            self._air.send(connection, packet)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """Ends a link once the other side has heard so, or its silence has lasted too long."""
        connection = self.find_le_connection_by_handle(command.connection_handle)
        known = connection is not None and self._air.end(connection, command.reason)
        status = hci.HCI_COMMAND_STATUS_PENDING if known else hci.HCI_UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        self.send_hci_packet(
            hci.HCI_Command_Status_Event(status=status, num_hci_command_packets=1, command_opcode=command.op_code)
        )

    def on_hci_le_create_connection_cancel_command(self, _command: Any) -> hci.HCI_StatusReturnParameters:
        """Gives up connecting, and says so: without that the host of Bumble 0.0.236 waits for ever."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return _REFUSED
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )
        return _DONE

    def on_hci_le_set_extended_advertising_enable_command(self, command: Any) -> hci.HCI_StatusReturnParameters:
        """Starts or stops to advertise; off the air, it would only keep a timer busy."""
        on_air = self._air.reaches(self)
        return cast(Any, super()).on_hci_le_set_extended_advertising_enable_command(command) if on_air else _DONE

    def on_hci_le_set_extended_scan_parameters_command(self, command: Any) -> hci.HCI_StatusReturnParameters:
        """Notes whether scan responses are wanted, which Bumble does not."""
        self._asks = command.ACTIVE_SCANNING in command.scan_types
        return _DONE

    def on_hci_reset_command(self, _command: Any) -> hci.HCI_StatusReturnParameters:
        """Forgets all links without a word, as when a host starts anew."""
        self._air.silence(self)
        self.pending_le_connection = None
        self.le_scan_enable = False
        return _DONE

    def _report(self, heard: Heard, kind: int, data: bytes) -> None:
        values: dict[str, Any] = {
            "event_type": kind,
            "address_type": heard.address.address_type,
            "address": heard.address,
            "primary_phy": hci.Phy.LE_1M,
            "secondary_phy": 0,
            "advertising_sid": 0,
            "tx_power": hci.HCI_LE_Extended_Advertising_Report_Event.TX_POWER_INFORMATION_NOT_AVAILABLE,
            "rssi": heard.rssi,
            "periodic_advertising_interval": 0,
            "direct_address_type": 0,
            "direct_address": hci.Address.ANY,
            "data": data,
        }
        self.send_hci_packet(hci.HCI_LE_Extended_Advertising_Report_Event([_Report(**values)]))


def _kind(advertising: Any) -> int:
    """What an advertiser takes, of the bits of an advertising report. Any: Bumble's parameters have no types."""
    parameters = advertising.parameters
    return 0 if parameters is None else int(parameters.advertising_event_properties & _KINDS)
