"""A GATT server of Bumble on the air: what a board's radio is from one start of the board to the next."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal

from bumble import att, core, gatt, hci
from bumble.device import Connection, Device
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from coxa.virtual.air import Air
from coxa.virtual.controller import AirController

Event = (
    tuple[Literal["connected", "disconnected"], int, bytes]
    | tuple[Literal["written"], int, int, bytes]
    | tuple[Literal["mtu"], int, int]
    | tuple[Literal["confirmed"], int, int, int]
    | tuple[Literal["transmitted"], int]
)
"""What the radio tells its board: kind, connection, then address (6 bytes), handle and data, MTU, or handle and status;
`transmitted` has the length of a notification whose buffer is free again."""
Services = Sequence[Sequence[Any]]
"""[uuid, [[uuid of a characteristic, flags, handle], …]] each; UUIDs as text of 4 or 36 characters."""
Job = Callable[[], Coroutine[Any, Any, None]]

NOT_CONNECTED = 7
TIMED_OUT = 13
"""Status of an indication that was not confirmed (BLE_HS_ENOTCONN, BLE_HS_ETIMEOUT of NimBLE)."""

_FLAGS_KNOWN = 0x3F  # read, write, notify, indicate: MicroPython's flags are those of GATT, more bits mean encryption
_FLAG_READ = 0x02
_FLAGS_WRITE = 0x0C  # with and without response


class Server:
    """Handles are those of the board. Methods that wait for the controller are jobs for `do`.

    Attributes:
        values: what is read from the characteristics, by handle.
    """

    def __init__(self, air: Air, name: str, address: str, gap_name: str, emit: Callable[[Event], None]) -> None:
        """Comes on the air, silent; `name` is that of the board, `gap_name` what it calls itself to hosts."""
        self.values: dict[int, bytes] = {}
        self._air = air
        self._emit = emit
        self._controller = AirController(air, name, address)
        self._device = Device(name=gap_name, host=Host(self._controller, AsyncPipeSink(self._controller)))
        self._characteristics: dict[int, gatt.Characteristic[bytes]] = {}
        self._connections: dict[int, Connection] = {}
        self._leaving: deque[tuple[int, int, int]] = deque()  # packets sent until then, connection, length
        self._unconfirmed: set[tuple[int, int]] = set()  # connection and handle
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False

    def begin(self, services: Services, mtu: int) -> None:
        """Takes the services and switches the controller on."""
        self._device.gatt_server.max_mtu = mtu
        for uuid, characteristics in services:
            made = [self._make(*each) for each in characteristics]
            self._device.add_service(gatt.Service(core.UUID(uuid), made))
        self._device.on(self._device.EVENT_CONNECTION, self._connected)
        self.do(self._power_on)
        self._spawn(self._work())

    def end(self) -> None:
        """Is off the air at once, and tells nothing more.

        A command under way is let finish, without effect: cancelled, it would disturb Bumble.
        """
        self._ended = True
        self._air.remove_controller(self._controller)
        self.do(_nothing)

    def do(self, job: Job) -> None:
        """Does something after all that was asked for before."""
        self._jobs.put_nowait(job)

    async def advertise(self, interval_us: int | None, data: bytes, response: bytes) -> None:
        """Starts or stops to advertise."""
        if interval_us is None:
            await self._device.stop_advertising()
            return
        interval_ms = interval_us / 1000
        await self._device.start_advertising(
            own_address_type=hci.OwnAddressType.PUBLIC,
            advertising_data=data,
            scan_response_data=response,
            advertising_interval_min=interval_ms,
            advertising_interval_max=interval_ms,
        )

    async def transmit(self, handle: int, value_handle: int, data: bytes, indicate: bool) -> None:
        """Queues a notification or indication on the connection `handle`."""
        connection, characteristic = self._connections.get(handle), self._characteristics.get(value_handle)
        if connection is None or characteristic is None:
            self._tell(("transmitted", len(data)))  # as all buffers of a lost connection are free
            return
        if indicate:
            self._spawn(self._indicate(connection, characteristic, value_handle, data))
            await asyncio.sleep(0)  # it goes out before what comes next
        else:
            await self._device.gatt_server.notify_subscriber(connection, characteristic, data, force=True)
        queue = self._device.host.le_acl_packet_queue
        self._leaving.append((queue.queued if queue is not None else 0, handle, len(data)))

    async def disconnect(self, handle: int) -> None:
        """Asks the controller to end a connection."""
        reason = hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR
        with contextlib.suppress(hci.HCI_Error):  # there is none, or not any more
            await self._device.host.send_async_command(
                hci.HCI_Disconnect_Command(connection_handle=handle, reason=reason)
            )

    def _tell(self, event: Event) -> None:
        if not self._ended:
            self._emit(event)

    def _make(self, uuid: str, flags: int, handle: int) -> gatt.Characteristic[bytes]:
        def read(_connection: Connection) -> bytes:
            if not flags & _FLAG_READ:
                raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED)
            return self.values.get(handle, b"")

        def write(connection: Connection, data: bytes) -> None:
            if not flags & _FLAGS_WRITE:
                raise att.ATT_Error(att.ErrorCode.WRITE_NOT_PERMITTED)
            self.values[handle] = bytes(data)
            self._tell(("written", connection.handle, handle, bytes(data)))

        made: gatt.Characteristic[bytes] = gatt.Characteristic(
            core.UUID(uuid),
            gatt.Characteristic.Properties(flags & _FLAGS_KNOWN),
            gatt.Characteristic.Permissions.READABLE | gatt.Characteristic.Permissions.WRITEABLE,
            gatt.CharacteristicValue(read=read, write=write),
        )
        self._characteristics[handle] = made
        return made

    async def _power_on(self) -> None:
        await self._device.power_on()
        queue = self._device.host.le_acl_packet_queue
        if queue is not None:
            queue.on("flow", self._packets_left)

    async def _indicate(
        self, connection: Connection, characteristic: gatt.Characteristic[bytes], handle: int, data: bytes
    ) -> None:
        indication = (connection.handle, handle)
        self._unconfirmed.add(indication)
        status = 0
        try:
            await self._device.gatt_server.indicate_subscriber(connection, characteristic, data, force=True)
        except TimeoutError:  # ATT allows 30 s; after that nothing more may be said on this connection
            status = TIMED_OUT
        if self._connections.get(connection.handle) is connection and indication in self._unconfirmed:
            self._unconfirmed.discard(indication)
            self._tell(("confirmed", *indication, status))
            if status:
                await self.disconnect(connection.handle)

    def _connected(self, connection: Connection) -> None:
        handle, address = connection.handle, bytes(connection.peer_address)[::-1]
        self._connections[handle] = connection
        self._tell(("connected", handle, address))

        def mtu_agreed() -> None:
            self._tell(("mtu", handle, connection.att_mtu))

        def disconnected(_reason: int) -> None:
            self._connections.pop(handle, None)
            self._forget(handle)
            self._tell(("disconnected", handle, address))

        connection.on(connection.EVENT_CONNECTION_ATT_MTU_UPDATE, mtu_agreed)
        connection.on(connection.EVENT_DISCONNECTION, disconnected)

    def _packets_left(self) -> None:
        queue = self._device.host.le_acl_packet_queue
        while queue is not None and self._leaving and self._leaving[0][0] <= queue.completed:
            self._tell(("transmitted", self._leaving.popleft()[2]))

    def _forget(self, handle: int) -> None:
        """What was still to be sent on a connection never will be; its buffers are free, nothing is confirmed."""
        leaving, self._leaving = self._leaving, deque(each for each in self._leaving if each[1] != handle)
        for _, connection, length in leaving:
            if connection == handle:
                self._tell(("transmitted", length))
        for indication in [each for each in self._unconfirmed if each[0] == handle]:
            self._unconfirmed.discard(indication)
            self._tell(("confirmed", *indication, NOT_CONNECTED))

    async def _work(self) -> None:
        while not self._ended:
            job = await self._jobs.get()
            await job()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _nothing() -> None:
    """Wakes who waits for a job."""
