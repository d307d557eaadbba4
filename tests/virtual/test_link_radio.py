"""The host's end of the radio link against boards that do what they should and what they should not."""

import asyncio
import random

import pytest
import scripted_board
from bleak.exc import BleakError, BleakGATTProtocolError
from scripted_board import BULK, CONTROL, INFO, LIVE, SYNC, Board, computer, connected, until

from coxa.link import Client, LinkLostError
from coxa.link import client as client_module
from coxa.link.advice import ForeignBoardError, NotReachedError
from coxa.link.arrivals import MOST
from coxa.link.discovery import Bluetooth, scan
from coxa.link.pieces import FRAME_S
from coxa.link.radio import CLOSE_S, CONNECT_S, open_ble
from coxa.virtual import clock
from coxa_wire import BLOCK_LENGTH, PROFILE_RAW, command, line, seal, sync

LIMIT_S = 300  # of virtual time


def run(work):
    return clock.run(work, LIMIT_S)


def block(seq, session=1):
    data = bytearray(BLOCK_LENGTH)
    seal(data, PROFILE_RAW, flags=0, session=session, seq=seq, first_index=13 * seq, t_us=seq, n=13, temperature_c=20)
    return bytes(data)


async def received(channel, count):
    return [await asyncio.wait_for(channel.receive(), 10) for _ in range(count)]


async def drained(channel):
    """What has come so far."""
    found = []
    while True:
        try:
            found.append(await asyncio.wait_for(channel.receive(), 0.5))
        except TimeoutError:
            return found


@pytest.mark.parametrize("mtu", [23, 64, 182, 183, 247, 517])
def test_messages_pass_whole_both_ways_at_every_mtu(mtu):
    request = command.encode_set_config(1, "thresholds", b"7" * 240)
    answer = command.encode_answer_bytes(command.GET_CFG, 2, command.OK, bytes(range(200)))
    pong = sync.encode_pong(3, 2**40, 17)

    async def work():
        async with connected(mtu, mtu=517) as (board, channel):
            await channel.send(line.CONTROL, request)
            assert board.frames == [request]
            assert max(map(len, board.pieces)) <= min(mtu, 247) - 3
            assert board.mtu == channel.mtu == mtu
            await channel.send(line.SYNC, sync.encode_ping(3, 5))
            await until(lambda: board.pings)
            assert board.pings == [sync.encode_ping(3, 5)]
            board.block(LIVE, block(0))
            board.answer(answer)
            board.block(BULK, block(1))
            board.send(SYNC, pong)
            board.block(LIVE, block(2))
            sent = {(line.LIVE, block(0)), (line.CONTROL, answer), (line.BULK, block(1)), (line.SYNC, pong)}
            sent.add((line.LIVE, block(2)))
            assert set(await received(channel, 5)) == sent
            assert (channel.damaged, channel.dropped) == (0, 0)

    run(work())


def test_a_whole_block_is_one_whatever_the_mtu_was_said_to_be():
    """The computer asks for 23 and gets it; a notification of 180 bytes cannot be a fragment all the same."""

    async def work():
        async with computer() as (air, bluetooth, central):
            board = Board(air)
            central.mangle = lambda uuid, data: [block(7), *([data] if uuid == scripted_board.UUIDS[LIVE] else [])]
            channel = await open_ble(bluetooth, (await scan(bluetooth, 1.0))[0])
            board.send(LIVE, b"\x80begin")
            assert await received(channel, 1) == [(line.LIVE, block(7))]
            assert channel.mtu == 247
            await channel.close()

    run(work())


def test_where_the_system_tells_no_mtu_writes_stay_short_and_what_comes_shows_it():
    """As BlueZ before 5.62 does."""

    async def work():
        async with computer() as (air, bluetooth, central):

            class Old(central.client):
                async def connect(self, *values, **options):
                    await super().connect(*values, **options)
                    for one in self.services.characteristics.values():
                        one._max_write_without_response_size = lambda: 0

            board = Board(air)
            channel = await open_ble(Bluetooth(bluetooth.scanner, Old), (await scan(bluetooth, 1.0))[0])
            assert channel.mtu == 23
            await channel.send(line.CONTROL, command.encode_set_config(1, "key", bytes(100)))
            assert board.frames and max(map(len, board.pieces)) == 20
            board.block(LIVE, block(0))
            assert await received(channel, 1) == [(line.LIVE, block(0))]
            assert channel.mtu == BLOCK_LENGTH + 3
            await channel.close()

    run(work())


def test_frames_that_are_sent_at_once_are_not_mixed():
    frames = [command.encode_set_config(i, "key", bytes([i]) * 150) for i in range(1, 6)]

    async def work():
        async with connected(23) as (board, channel):
            await asyncio.gather(*(channel.send(line.CONTROL, frame) for frame in frames))
            assert board.frames == frames

    run(work())


def test_fragments_that_are_lost_or_doubled_cost_their_block_only():
    async def work():
        async with computer(23) as (air, bluetooth, central):
            board = Board(air)
            channel = await open_ble(bluetooth, (await scan(bluetooth, 1.0))[0])
            count = 0

            def mangle(_, data):
                nonlocal count
                count += 1
                return {14: [], 27: [data, data]}.get(count, [data])  # of the second block, and of the third

            central.mangle = mangle
            for seq in range(5):
                board.block(BULK, block(seq))
            assert await drained(channel) == [(line.BULK, block(seq)) for seq in (0, 3, 4)]
            assert channel.damaged > 0
            await channel.close()

    run(work())


@pytest.mark.parametrize(("wait_s", "joined"), [(FRAME_S * 0.8, True), (FRAME_S * 1.5, False)])
def test_a_frame_whose_rest_does_not_come_in_time_is_dropped(wait_s, joined):
    answer = command.encode_answer_bytes(command.GET_CFG, 2, command.OK, bytes(100))
    next_answer = command.encode_answer(command.STOP, 3, command.OK)

    async def work():
        async with connected() as (board, channel):
            board.send(CONTROL, answer[:60])
            await asyncio.sleep(wait_s)
            if joined:
                board.send(CONTROL, answer[60:])
            board.send(CONTROL, next_answer)
            found = await drained(channel)
            assert found == [(line.CONTROL, one) for one in ([answer, next_answer] if joined else [next_answer])]
            assert channel.damaged == (0 if joined else 60)

    run(work())


@pytest.mark.parametrize("how", ["power", "range", "hang up"])
def test_a_link_lost_in_the_middle_of_a_request_is_told_once_to_all(how):
    lost = []

    async def work():
        async with connected(23, on_lost=lambda: lost.append(1)) as (board, channel):
            board.block(LIVE, block(1))
            await asyncio.sleep(1)
            listening = asyncio.create_task(received(channel, 2))
            sending = asyncio.create_task(channel.send(line.CONTROL, command.encode_set_config(1, "k", bytes(240))))
            await until(lambda: len(board.pieces) == 3)
            if how == "power":
                board.radio.power_off()
            elif how == "range":
                board.conditions.in_range = False
            else:
                board.radio.disconnect(board.connection)
            with pytest.raises(LinkLostError, match="connection to thigh is gone"):
                await asyncio.wait_for(sending, 10)
            with pytest.raises(LinkLostError):  # after the block, which came before
                await asyncio.wait_for(listening, 1)
            assert len(board.pieces) < 12
            for channel_name in (line.CONTROL, line.SYNC):
                with pytest.raises(LinkLostError):
                    await asyncio.wait_for(channel.send(channel_name, bytes(10)), 0.1)
            with pytest.raises(LinkLostError):
                await asyncio.wait_for(channel.receive(), 0.1)
            assert lost == [1]

    run(work())


@pytest.mark.parametrize("lost", [True, False])
def test_a_write_that_is_never_answered_ends_with_the_link_or_when_att_gives_up(lost):
    async def work():
        async with computer() as (air, bluetooth, central):

            class Deaf(central.client):
                async def write_gatt_char(self, *_):
                    await asyncio.Event().wait()

            board = Board(air)
            channel = await open_ble(Bluetooth(bluetooth.scanner, Deaf), (await scan(bluetooth, 1.0))[0])
            loop = asyncio.get_running_loop()
            began = loop.time()
            if lost:
                loop.call_later(1, board.radio.power_off)
            with pytest.raises(LinkLostError, match="gone"):
                await channel.send(line.CONTROL, b"\2\3\1")
            assert (loop.time() - began < 10) is lost
            await channel.close()

    run(work())


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (BleakError("odd"), NotReachedError),
        (BleakGATTProtocolError(0x03), ForeignBoardError),
        (ZeroDivisionError(), ZeroDivisionError),
    ],
)
def test_what_fails_while_the_link_stands_is_not_called_a_lost_link(error, raised):
    async def work():
        async with computer() as (air, bluetooth, central):

            class Odd(central.client):
                async def write_gatt_char(self, *_):
                    raise error

            Board(air)
            channel = await open_ble(Bluetooth(bluetooth.scanner, Odd), (await scan(bluetooth, 1.0))[0])
            with pytest.raises(raised) as found:
                await channel.send(line.SYNC, b"\2\3\1")
            assert type(found.value) is raised
            await channel.close()

    run(work())


def test_what_came_before_the_link_went_is_given_out_first():
    async def work():
        async with connected() as (board, channel):
            for seq in range(20):
                board.block(BULK, block(seq))
            await asyncio.sleep(1)
            board.radio.power_off()
            await asyncio.sleep(10)
            assert [message for _, message in await received(channel, 20)] == [block(seq) for seq in range(20)]
            with pytest.raises(LinkLostError):
                await channel.receive()

    run(work())


def test_letting_go_oneself_is_no_loss_and_frees_the_board_for_the_next():
    lost = []

    async def work():
        async with computer() as (air, bluetooth, _):
            board = Board(air)
            for _ in range(3):
                (sighting,) = await scan(bluetooth, 1.0)
                channel = await open_ble(bluetooth, sighting, lambda: lost.append(1))
                await channel.close()
                await channel.close()
                with pytest.raises(LinkLostError):
                    await channel.receive()
            assert board.lost == 3 and lost == []

    run(work())


def test_letting_go_of_a_board_that_is_out_of_range_does_not_take_for_ever():
    async def work():
        async with connected() as (board, channel):
            board.conditions.supervision_s = 30.0
            board.conditions.in_range = False
            loop = asyncio.get_running_loop()
            began = loop.time()
            await channel.close()
            assert loop.time() - began <= CLOSE_S + 0.1

    run(work())


def test_a_reader_that_stalls_loses_live_first_and_no_answer():
    answers = [command.encode_answer(command.START, i, command.OK, i) for i in range(1, 6)]

    async def work():
        async with connected() as (board, channel):
            for seq in range(40):
                board.block(BULK, block(seq, session=2))
            for number in range(5):
                for seq in range(MOST // 4):
                    board.block(LIVE, block(number * 1000 + seq))
                board.answer(answers[number])
                await asyncio.sleep(30)
            found = await drained(channel)
            assert len(found) == MOST
            assert channel.dropped == 40 + 5 * (MOST // 4) + 5 - MOST
            assert [message for name, message in found if name == line.CONTROL] == answers
            assert [message for name, message in found if name == line.BULK] == [block(i, 2) for i in range(40)]
            live = [message for name, message in found if name == line.LIVE]
            assert live[-1] == block(4 * 1000 + MOST // 4 - 1), "the newest are kept"

    run(work())


def test_a_flood_of_anything_stays_bounded():
    async def work():
        async with connected() as (board, channel):
            for seq in range(MOST + 100):
                board.block(BULK, block(seq))
                board.send(SYNC, sync.encode_pong(seq % 256, seq, 0))
            await asyncio.sleep(60)
            found = await drained(channel)
            assert len(found) == MOST
            assert [name for name, _ in found].count(line.SYNC) >= MOST - 1, "blocks go first"

    run(work())


@pytest.mark.parametrize("seed", range(5))
def test_garbage_on_every_characteristic_leaves_the_link_usable(seed):
    chance = random.Random(seed)

    async def work():
        async with connected(chance.choice([23, 185, 517])) as (board, channel):
            for _ in range(300):
                size = chance.randrange(board.mtu - 2)
                board.send(chance.choice([CONTROL, LIVE, BULK, SYNC]), chance.randbytes(size))
            await asyncio.sleep(30)
            await drained(channel)
            assert channel.damaged > 0
            client = Client(channel, lambda *_: 0)
            board.on_frame = lambda frame: board.answer(command.encode_answer(command.START, frame[2], command.OK, 5))
            async with client:
                for _ in range(100):
                    board.send(chance.choice([LIVE, BULK, SYNC]), chance.randbytes(chance.randrange(20)))
                assert (await client.ask(command.START, 0, 0, 0, 0)).values() == (5,)

    run(work())


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"lacking": (BULK,)}, "no bulk"),
        ({"lacking": (CONTROL, SYNC)}, "no control, sync"),
        ({"service": "7a8e0001-0000-0000-0000-000000000000"}, "no control, sync, bulk, live"),
        ({"lacking": (INFO,)}, None),  # it is asked for by SESSION_INFO
    ],
)
def test_a_board_that_lacks_something_is_refused_with_one_line_and_let_go(table, words):
    async def work():
        async with computer() as (air, bluetooth, _):
            board = Board(air, **table)
            (sighting,) = await scan(bluetooth, 1.0)
            if words is None:
                await (await open_ble(bluetooth, sighting)).close()
            else:
                with pytest.raises(ForeignBoardError, match=f"thigh lacks .*{words}.*Update") as found:
                    await open_ble(bluetooth, sighting)
                assert "\n" not in str(found.value)
            await until(lambda: board.lost == 1)

    run(work())


@pytest.mark.parametrize("when", ["before", "while connecting"])
def test_a_board_that_goes_away_while_it_is_connected_is_not_reached(when):
    async def work():
        async with computer() as (air, bluetooth, _):
            board = Board(air)
            (sighting,) = await scan(bluetooth, 1.0)
            if when == "before":
                board.radio.power_off()
            else:
                board.on_connected = board.radio.power_off
            loop = asyncio.get_running_loop()
            began = loop.time()
            with pytest.raises(NotReachedError, match="thigh"):
                await open_ble(bluetooth, sighting)
            assert loop.time() - began <= CONNECT_S + CLOSE_S + 1

    run(work())


def test_giving_up_while_connecting_leaves_no_connection():
    async def work():
        async with computer() as (air, bluetooth, _):
            board = Board(air)
            (sighting,) = await scan(bluetooth, 1.0)
            opening = asyncio.create_task(open_ble(bluetooth, sighting))
            await until(lambda: board.connection is not None)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await until(lambda: board.lost == 1)

    run(work())


def test_a_pong_has_the_time_it_came_and_not_the_time_it_was_looked_at(monkeypatch):
    """The round trip of a ping is the same whether or not blocks that come with its answer are acknowledged first."""
    interval_s = 0.5
    monkeypatch.setattr(client_module, "ACK_BLOCKS", 4)  # a controller takes some 8 packets for one event

    async def work(blocks):
        async with connected() as (board, channel):
            board.conditions.interval_s = interval_s

            def answer(ping):
                for seq in range(blocks):
                    board.block(BULK, block(seq))
                board.send(SYNC, sync.encode_pong(ping[1], 1_000_000, 0))

            board.on_ping = answer
            loop = asyncio.get_running_loop()
            async with Client(channel, lambda *_: 0) as client:
                ping = await client.ping(lambda: round(loop.time() * 1e6))
                acknowledged = len(board.frames)
            return ping.t4_us - ping.t1_us, acknowledged

    alone, none = run(work(0))
    among, some = run(work(4))
    assert none == 0 and some > 0
    assert abs(among - alone) < interval_s * 1e5, "waiting for the acknowledgement would add an interval"
