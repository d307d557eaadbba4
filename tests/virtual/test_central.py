"""A computer's Bluetooth: bleak on the virtual air."""

import asyncio

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
from on_air import CONTROL, LEFT, RIGHT, Board, connect, listen, numbers, on_air, run

from coxa_wire import advert, gatt


def test_the_scan_response_comes_with_the_advertisement():
    async def work():
        async with on_air() as (air, _, central):
            air.conditions("left").rssi = -77
            found = await BleakScanner.discover(1.0, return_adv=True, backend=central.scanner)
            device, data = found[LEFT]
            assert (device.name, data.local_name, data.rssi) == ("left", "left", -77)
            assert data.service_uuids == [gatt.SERVICE]
            status = advert.decode_status(data.manufacturer_data[advert.COMPANY])
            assert (status.state, status.battery_percent, status.pending, status.uid16) == (1, 80, 3, b"\x00\x01")
            quiet = await BleakScanner.discover(1.0, return_adv=True, scanning_mode="passive", backend=central.scanner)
            assert quiet[LEFT][1].manufacturer_data == {}
            assert quiet[LEFT][1].service_uuids == [gatt.SERVICE]
            other = [gatt.full(gatt.DEVICE_SERVICE)]
            assert await BleakScanner.discover(1.0, service_uuids=other, backend=central.scanner) == []

    run(work())


def test_scanners_do_not_disturb_each_other_or_a_connection():
    async def work():
        async with on_air() as (air, left, central):
            right = Board(air, "right", RIGHT)
            seen = [[], []]
            active = central.scanner(lambda _, data: seen[0].append(data), None)
            passive = central.scanner(lambda _, data: seen[1].append(data), None, "passive")
            await active.start()
            await passive.start()
            client = await connect(central)
            got = await listen(client)
            left.send(0, 50)
            await asyncio.sleep(1)
            await active.stop()
            counts = [len(each) for each in seen]
            await asyncio.sleep(1)
            await passive.stop()
            assert numbers(got) == list(range(50))
            assert len(seen[0]) == counts[0]
            assert len(seen[1]) > counts[1] > 0
            await passive.stop()  # twice does no harm
            right.radio.power_off()

    run(work())


def test_an_address_is_enough():
    async def work():
        async with on_air() as (_, _, central):
            async with BleakClient(LEFT, services=["180f"], backend=central.client) as client:
                assert [service.uuid for service in client.services] == [gatt.full(gatt.BATTERY_SERVICE)]
            absent = BleakClient(RIGHT, timeout=3, backend=central.client)
            with pytest.raises((BleakDeviceNotFoundError, TimeoutError)):
                await absent.connect()

    run(work())


def test_what_comes_before_the_answer_to_a_subscription_is_delivered():
    async def work():
        async with on_air() as (_, board, central):
            client = await connect(central)
            board.send(0, 3)
            got = await listen(client)
            assert numbers(got) == [0, 1, 2]
            await client.stop_notify(gatt.LIVE)
            board.send(3, 3)
            await asyncio.sleep(0.5)
            assert numbers(got) == [0, 1, 2]
            again = await listen(client)
            board.send(6, 3)
            await asyncio.sleep(0.5)
            instead = await listen(client)
            board.send(9, 1)
            await asyncio.sleep(0.5)
            assert [numbers(each) for each in (got, again, instead)] == [[0, 1, 2], [6, 7, 8], [9]]

    run(work())


def test_a_failing_callback_harms_nobody():
    async def work():
        async with on_air() as (_, board, central):
            client = await connect(central)
            await client.start_notify(gatt.CONTROL, lambda *_: 1 // 0)
            got = await listen(client)
            asyncio.get_running_loop().set_exception_handler(lambda _, context: caught.append(context["exception"]))
            board.radio.transmit(1, CONTROL, b"answer", True)
            board.send(0, 3)
            await asyncio.sleep(0.5)
            assert numbers(got) == [0, 1, 2]
            assert board.noted[-1] == ("confirmed", 1, CONTROL, 0)
            assert [type(error) for error in caught] == [ZeroDivisionError]

    caught = []
    run(work())


def test_changes_of_the_services_are_asked_for_as_operating_systems_do():
    async def work():
        async with on_air() as (_, _, central):
            client = await connect(central)
            changed = client.services.get_characteristic("2a05")
            assert await client.read_gatt_descriptor(changed.descriptors[0]) == b"\x02\x00"

    run(work())


def test_a_refusal_has_its_code():
    async def work():
        async with on_air() as (_, _, central):
            client = await connect(central)
            with pytest.raises(BleakGATTProtocolError) as refused:
                await client.read_gatt_char(gatt.CONTROL)
            assert refused.value.code == BleakGATTProtocolErrorCode.READ_NOT_PERMITTED
            with pytest.raises(BleakGATTProtocolError) as refused:
                await client.write_gatt_char(gatt.INFO, b"x", response=True)
            assert refused.value.code == BleakGATTProtocolErrorCode.WRITE_NOT_PERMITTED
            with pytest.raises(BleakError):
                await client.start_notify(gatt.INFO, lambda *_: None)

    run(work())


def test_notifications_can_be_doubled_and_swapped():
    async def work():
        async with on_air() as (_, board, central):
            held = []

            def mangle(uuid, data):
                assert uuid == gatt.LIVE
                held.append(data)
                return [held.pop(), held.pop(), data] if len(held) == 2 else []

            central.mangle = mangle
            got = await listen(await connect(central))
            board.send(0, 4)
            await asyncio.sleep(0.5)
            assert numbers(got) == [1, 0, 1, 3, 2, 3]

    run(work())


async def told(board, kind, count):
    while board.count(kind) < count:
        await asyncio.sleep(0.01)
