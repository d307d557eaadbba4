"""A computer's Bluetooth when things go wrong in the middle: out of range, without power, cancelled, switched off."""

import asyncio

import pytest
from bleak import BleakClient
from bleak.exc import BleakBluetoothNotAvailableError, BleakError
from on_air import CONTROL, INFO, LEFT, RIGHT, Board, connect, find, listen, now, numbers, on_air, run

from coxa_wire import gatt

SUPERVISION_S = 4.0
LIMIT_S = SUPERVISION_S + 1.0


async def usable(board, central):
    """The board can be connected and talks: nothing is left of what went wrong before."""
    board.advertise()
    client = await connect(central)
    board.radio.store(INFO, b"usable")
    assert await client.read_gatt_char(gatt.INFO) == b"usable"
    await client.disconnect()
    board.advertise()


def test_connecting_out_of_range_ends_in_time():
    async def work():
        async with on_air() as (air, board, central):
            device = await find(central)
            air.conditions("left").in_range = False
            client = BleakClient(device, timeout=7.0, backend=central.client)
            start_s = now()
            with pytest.raises(TimeoutError):
                await client.connect()
            assert now() - start_s == pytest.approx(7.0)
            assert not client.is_connected
            air.conditions("left").in_range = True
            await asyncio.sleep(2)
            assert board.count("connected") == 0  # nothing goes on behind the user's back
            await client.connect()
            assert client.is_connected

    run(work())


async def initiating(central):
    """An advertisement has been heard, and the controller waits for the next one to answer."""
    while not central.device.is_le_connecting:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("heard_once", [False, True])
def test_a_board_out_of_reach_does_not_keep_from_another(heard_once):
    async def work():
        async with on_air() as (air, left, central):
            right = Board(air, "right", RIGHT)
            devices = [await find(central, address) for address in (LEFT, RIGHT)]
            air.conditions("left").in_range = heard_once
            clients = [BleakClient(device, timeout=30, backend=central.client) for device in devices]
            waiting = asyncio.create_task(clients[0].connect())
            if heard_once:
                await initiating(central)
                air.conditions("left").in_range = False
            await asyncio.sleep(0.5)
            start_s = now()
            await clients[1].connect()
            assert now() - start_s < (5 if heard_once else 3)
            air.conditions("left").in_range = True
            await waiting
            assert all(client.is_connected for client in clients)
            assert (left.count("connected"), right.count("connected")) == (1, 1)
            assert not central.device.is_scanning
            right.radio.power_off()

    run(work())


@pytest.mark.parametrize("error_rate", [0.0, 0.4])
def test_connecting_can_be_cancelled_at_any_moment(error_rate):
    async def work():
        async with on_air() as (air, board, central):
            device = await find(central)
            air.conditions("left").error_rate = error_rate
            connected = 0
            for step in range(100):
                client = BleakClient(device, backend=central.client)
                task = asyncio.create_task(client.connect())
                await asyncio.sleep(step * 0.0173)
                start_s = now()
                task.cancel()
                await asyncio.wait([task], timeout=1.0)
                assert task.cancelled() or (task.done() and client.is_connected)
                assert now() - start_s < 0.01
                assert client.is_connected == (not task.cancelled())
                connected += client.is_connected
                await client.disconnect()
                await asyncio.sleep(3)
                assert board.count("connected") == board.count("disconnected")
                if board.noted and board.noted[-1][0] == "disconnected":
                    board.advertise()
            assert connected < 100
            assert board.count("connected") > 5
            await usable(board, central)

    run(work())


def test_who_gives_up_connecting_does_not_connect_later():
    async def work():
        async with on_air() as (_, board, central):
            device = await find(central)
            task = asyncio.create_task(BleakClient(device, backend=central.client).connect())
            await initiating(central)
            task.cancel()
            await asyncio.sleep(5)
            assert board.count("connected") == 0
            assert not central.device.is_le_connecting
            assert not central.device.is_scanning
            await usable(board, central)

    run(work())


def test_connecting_can_be_cancelled_as_it_succeeds():
    async def work():
        async with on_air() as (_, board, central):
            device = await find(central)
            for spins in range(40):
                told = board.count("connected")
                task = asyncio.create_task(BleakClient(device, backend=central.client).connect())
                while board.count("connected") == told:
                    await asyncio.sleep(0)
                    if board.count("connected") == told and not central.device.is_le_connecting:
                        await asyncio.sleep(0.001)
                    elif board.count("connected") == told:
                        await asyncio.sleep(0.0001)
                for _ in range(spins):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.sleep(1)
                assert task.cancelled()
                assert not central.device.connections
                assert board.count("disconnected") == told + 1
                board.advertise()
            await usable(board, central)

    run(work())


@pytest.mark.parametrize("what", ["start", "stop"])
def test_scanning_can_be_cancelled(what, caplog):
    async def work():
        async with on_air() as (_, _, central):
            for spins in range(30):
                scanner = central.scanner()
                if what == "stop":
                    await scanner.start()
                task = asyncio.create_task(getattr(scanner, what)())
                for _ in range(spins):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                assert await find(central) is not None
                await scanner.stop()
                assert not central.device.is_scanning

    run(work())
    assert caplog.records == []


def test_connecting_fails_wherever_the_power_does():
    async def work():
        async with on_air() as (_, board, central):
            device = await find(central)
            for step in range(60):
                gone = []
                client = BleakClient(device, gone.append, timeout=6.0, backend=central.client)
                task = asyncio.create_task(client.connect())
                await asyncio.sleep(step * 0.025)
                board.radio.power_off()
                start_s = now()
                await asyncio.wait([task])
                assert now() - start_s < 6.1
                error = task.exception()
                if error is None:
                    with pytest.raises(BleakError):
                        await client.read_gatt_char(gatt.INFO)
                    assert len(gone) == 1
                else:
                    assert isinstance(error, BleakError | TimeoutError)
                    assert not gone
                assert not client.is_connected
                board.begin()
            await usable(board, central)

    run(work())


@pytest.mark.parametrize("end", ["host", "board", "silence", "power"])
def test_the_end_of_a_connection_is_told_once(end):
    async def work():
        async with on_air() as (air, board, central):
            gone = []
            client = await connect(central, gone=gone)
            if end == "host":
                await asyncio.gather(client.disconnect(), client.disconnect())
            elif end == "board":
                board.radio.disconnect(1)
            elif end == "silence":
                air.conditions("left").in_range = False
            else:
                board.radio.power_off()
            await asyncio.sleep(LIMIT_S)
            assert gone == [client]
            assert not client.is_connected
            await client.disconnect()
            with pytest.raises(BleakError):
                await client.write_gatt_char(CONTROL, b"x", response=True)
            await asyncio.sleep(LIMIT_S)
            assert gone == [client]

    run(work())


def test_all_that_waits_for_a_dead_link_ends_with_it():
    async def work():
        async with on_air() as (_, board, central):
            client = await connect(central)
            board.radio.power_off()
            operations = [
                client.read_gatt_char(gatt.INFO),
                client.write_gatt_char(gatt.CONTROL, b"x", response=True),
                client.start_notify(gatt.LIVE, lambda *_: None),
                client.read_gatt_char(gatt.INFO),
                client.disconnect(),
            ]
            start_s = now()
            results = await asyncio.gather(*operations, return_exceptions=True)
            assert now() - start_s < LIMIT_S
            assert [type(result) for result in results] == [BleakError] * 4 + [type(None)]

    run(work())


def test_disconnecting_out_of_range_takes_the_supervision_timeout():
    async def work():
        async with on_air() as (air, board, central):
            client = await connect(central)
            air.conditions("left").in_range = False
            start_s = now()
            await client.disconnect()
            assert now() - start_s == pytest.approx(SUPERVISION_S, abs=0.05)
            assert not client.is_connected
            await asyncio.sleep(0.1)
            assert board.count("disconnected") == 1

    run(work())


def test_an_answer_never_becomes_another_ones():
    async def work():
        async with on_air() as (_, board, central):
            client = await connect(central)
            for step in range(40):
                board.radio.store(INFO, b"first")
                task = asyncio.create_task(client.read_gatt_char(gatt.INFO))
                await asyncio.sleep(step * 0.003)
                task.cancel()
                await asyncio.wait([task])
                await asyncio.sleep(0.2 if step % 2 else 0)
                board.radio.store(INFO, b"second")
                assert await client.read_gatt_char(gatt.full(gatt.BATTERY_LEVEL)) == b""
                assert await client.read_gatt_char(gatt.INFO) == b"second"

    run(work())


@pytest.mark.parametrize("operation", ["start_notify", "stop_notify", "write", "disconnect"])
def test_operations_can_be_cancelled(operation):
    async def work():
        async with on_air() as (_, board, central):
            for step in range(12):
                client = await connect(central)
                await listen(client, gatt.BULK)
                calls = {
                    "start_notify": lambda client=client: client.start_notify(gatt.LIVE, lambda *_: None),
                    "stop_notify": lambda client=client: client.stop_notify(gatt.BULK),
                    "write": lambda client=client: client.write_gatt_char(gatt.CONTROL, b"x", response=True),
                    "disconnect": client.disconnect,
                }
                task = asyncio.create_task(calls[operation]())
                await asyncio.sleep(step * 0.008)
                task.cancel()
                await asyncio.wait([task], timeout=1)
                assert task.done()
                if operation != "disconnect":
                    got = await listen(client)
                    board.send(0, 5)
                    await asyncio.sleep(0.2)
                    assert numbers(got) == list(range(5))
                await client.disconnect()
                assert not client.is_connected
                await usable(board, central)

    run(work())


def test_stopping_a_central_ends_what_it_does():
    async def work():
        async with on_air() as (_, board, central):
            gone = []
            client = await connect(central, gone=gone)
            await central.stop()
            await asyncio.sleep(0)
            assert not client.is_connected
            assert gone == [client]
            assert board.count("disconnected") == 0
            await asyncio.sleep(LIMIT_S)
            assert board.count("disconnected") == 1
            await central.start()
            await usable(board, central)

    run(work())


@pytest.mark.parametrize("step", range(0, 60, 7))
def test_switching_a_central_off_ends_what_waits(step):
    async def work():
        async with on_air() as (_, board, central):
            device = await find(central)
            client = BleakClient(device, timeout=20, backend=central.client)
            waits = [asyncio.create_task(work) for work in (client.connect(), find(central, RIGHT, 10))]
            await asyncio.sleep(step * 0.03)
            start_s = now()
            await central.stop()
            await asyncio.wait(waits)
            assert now() - start_s <= 20
            assert isinstance(waits[0].exception(), BleakError | TimeoutError | None)
            assert isinstance(waits[1].exception(), BleakError | None)
            assert not client.is_connected
            with pytest.raises(BleakBluetoothNotAvailableError):
                await find(central)
            await central.start()
            board.advertise()
            await client.connect()
            assert client.is_connected

    run(work())
