"""The link by radio under faults: nothing lost that cannot be fetched, nothing dies. Argument: name of the test."""

import random
import time

import link_rig
from coxa_board.checksum import crc16
from coxa_wire import advert, command, decode_info, gatt, sync
from coxa_wire.command import NEED_BUTTON, OK
from link_rig import Board, RadioHost

block = bytearray(180)


def connected(mtu=247, packets=4, board=None):
    board = board or Board()
    host = RadioHost(board, packets)
    host.connect(mtu)
    assert host.trusted()
    return board, host


def recorded(board, session, first, count):
    """The blocks as the recorder has them."""
    found = []
    for seq in range(first, first + count):
        assert board.recorder.read(session, seq, block), seq
        found.append(bytes(block))
    return found


def record(board, host, n, acknowledge=True):
    """So many blocks at 10 a second."""
    for k in range(n):
        board.record(1)
        if acknowledge and k % 8 == 0:
            host.acknowledge()
        for _ in range(10):
            host.step()


def sequence(blocks):
    return [data[4] | data[5] << 8 for data in blocks]


def sound(board, host):
    """Nothing went wrong that the board did not notice; nothing was cut off; the handler lives."""
    radio = host.central.board
    assert radio.cut_off == 0 and radio.printed == [] and radio._handler is not None
    assert all(crc16(data, 178) == data[178] | data[179] << 8 for data in host.live + host.bulk if len(data) == 180)


def test_live_and_bulk_at_every_mtu():
    for mtu in (23, 24, 50, 100, 182, 183, 185, 247, 512):
        board, host = connected(mtu, packets=20 if mtu < 50 else 4)
        host.start()
        record(board, host, 40)
        assert host.ask(command.STOP).status == OK
        for _ in range(20):
            host.step()
        assert host.fetch(1, 0, 1000) == (1, 0, 41, 0), mtu
        assert host.live == host.bulk == recorded(board, 1, 0, 41), mtu
        assert (host.fragments > 0) == (mtu < 183)
        info = decode_info(host.central.read(gatt.INFO))
        assert info.mtu == min(mtu, gatt.MTU_WANTED)
        sound(board, host)
        assert board.counts == {}


def test_answers_longer_than_an_indication_come_in_pieces():
    _, host = connected(23)
    answer = host.ask(command.SESSION_INFO, 0)
    assert decode_info(answer.payload).uid == link_rig.UID
    assert host.exchange(command.encode_set_config(77, "name", b'"a name of many letters"')).status == OK
    assert host.exchange(command.encode_get_config(78, "name")).payload == b'"a name of many letters"'


def test_a_link_that_takes_nothing_for_a_while_loses_nothing():
    board, host = connected()
    host.start()
    record(board, host, 5)
    host.packets = 0
    record(board, host, 40)  # 4 s
    host.packets = 4
    record(board, host, 5)
    missing = sorted(set(range(50)) - set(sequence(host.live)))
    assert 20 < len(missing) < 45 and host.link.sender.skipped == len(missing), (missing, host.link.sender.skipped)
    assert sequence(host.live)[-1] == 49, "live goes on with the newest"
    for _ in range(3):  # three times over: a pool that is exhausted all the time
        host.packets = 1
        host.bulk = []
        assert host.fetch(1, missing[0], len(missing)) == (1, missing[0], len(missing), 0)
        assert host.bulk == recorded(board, 1, missing[0], len(missing))
    assert sequence(host.live) == sorted(set(sequence(host.live))), "no block twice, none out of order"
    sound(board, host)
    assert board.counts == {}


def test_blocks_damaged_in_the_flash_are_reported_not_sent():
    board, host = connected()
    host.start()
    record(board, host, 60)
    host.ask(command.STOP)
    damaged = (7, 8, 30)
    board.recorder.commit(9, 0, 0)  # no such session; but it closes the file, or the old one would still be read
    with open("/flash/sessions/00001.blk", "r+b") as file:
        for seq in damaged:
            file.seek(180 * seq + 50)
            file.write(b"\x77\x77")
    assert host.fetch(1, 0, 61) == (1, 0, 61, 3)
    assert sequence(host.bulk) == [seq for seq in range(61) if seq not in damaged]
    assert [seq for seq in range(5, 10) if host.fetch(1, seq, 1)[3]] == [7, 8]


def test_a_larger_mtu_in_the_middle_of_a_block():
    for wanted in (60, 247):
        board, host = connected(23)
        host.start()
        board.record(3)
        host.packets = 1
        host.step()  # some pieces of the first block are in the radio's buffers
        assert 0 < host.link.sender._piece < 10
        host.central.exchange_mtu(wanted)
        host.packets = 4
        record(board, host, 3)
        whole = [data for data in host.live if crc16(data, 178) == data[178] | data[179] << 8]
        assert sequence(whole) == list(range(6)), (wanted, sequence(whole))


def test_live_never_waits_for_bulk():
    board, host = connected(packets=1)
    host.packets = 4
    host.start()
    board.record(600)
    host.link.sender.begin()
    host.acknowledge()
    host.packets = 1  # 18 kB/s, less than BULK would take
    assert host.ask(command.RANGE, 1, 0, 600).status == OK
    delays = []
    for seq in range(600, 660):
        board.record(1)
        for k in range(10):
            host.step()
            if host.live and sequence(host.live)[-1] == seq:
                delays.append(10 * (k + 1))
                break
        for _ in range(9 - k):
            host.step()
        host.acknowledge()
    assert sequence(host.live) == list(range(600, 660)) and len(delays) == 60, delays
    assert max(delays) <= 90, delays  # no more than what the radio's buffers hold
    assert len(host.bulk) > 300


def test_without_acknowledgement_the_board_stops():
    board, host = connected()
    host.start()
    record(board, host, 60, acknowledge=False)
    assert sequence(host.live) == list(range(32))
    host.acknowledge(1, 32)
    record(board, host, 10, acknowledge=False)
    assert sequence(host.live)[32:] == list(range(60, 70))
    assert host.ask(command.RANGE, 1, 0, 50).status == OK
    for _ in range(100):
        host.step()
    assert len(host.live) + len(host.bulk) - 32 == 24, "BULK leaves room for LIVE"


def test_a_disconnect_in_the_middle_of_everything():
    board, host = connected(23, packets=2)
    host.start()
    record(board, host, 30)
    have = set(sequence(host.live))
    for mtu in (247, 23, 100):
        assert host.ask(command.RANGE, 1, 0, 30).status == OK
        for _ in range(7):
            host.step()
        host.put(command.encode_request(command.SESSION_INFO, 99, 0)[:2])  # half a frame
        host.link.poll()
        have |= set(sequence(host.bulk))
        host.central.lose()
        record(board, host, 3)  # the session goes on
        assert board.recorder.recording and host.central.advertising is not None
        host.connect(mtu)
        assert board.counts.get("frame", 0) == 0
        before = len(host.bulk), len(host.live)
        for _ in range(50):
            host.step()
        assert (len(host.bulk), len(host.live)) == before, "a range of a former connection, or LIVE before HELLO"
        assert host.trusted()
        host.packets = 20
    host.bulk = []
    count = board.recorder.next_seq
    assert host.fetch(1, 0, count) == (1, 0, count, 0)
    assert host.bulk == recorded(board, 1, 0, count)
    sound(board, host)


def test_trust_ends_with_the_connection():
    board, host = connected()
    assert host.start().status == OK
    host.put(command.encode_request(command.STOP, 50))  # written just before the end
    host.central.lose()
    host.step()
    host.connect()
    for _ in range(20):
        host.step()
    assert 50 not in host.answers, "an answer to the host before"
    assert host.ask(command.STOP).status == NEED_BUTTON
    host.put(command.encode_request(command.STOP, 51))  # a stranger's, just before the host is there
    host.central.lose()
    host.step()
    host.connect()
    assert host.trusted()
    assert board.recorder.recording and 51 not in host.answers


def test_answers_go_to_the_host_that_asked():
    _, host = connected(23)
    host.central.confirms = False
    for request_id in (90, 91, 92):
        host.put(command.encode_request(command.SESSION_INFO, request_id, 0))
        host.step()
    host.central.lose()
    host.step()
    host.central.confirms = True
    host.connect(23)
    assert host.trusted()
    assert not {90, 91, 92} & set(host.answers)


def test_an_exception_in_the_interrupt_is_survived_and_counted():
    board, host = connected()
    read = host.central.board.gatts_read

    def broken(handle):
        raise RuntimeError("broken on purpose")

    host.central.board.gatts_read = broken
    host.put(command.encode_request(command.LIST, 1, 0))
    host.central.write(gatt.SYNC, sync.encode_ping(1, 0))
    host.central.board.gatts_read = read
    host.step()
    assert board.counts == {"radio": 1}
    assert host.ask(command.SELFTEST).status == OK
    sound(board, host)


def test_a_handler_that_was_taken_away_comes_back():
    _, host = connected()
    host.central.board._handler = None
    host.put(command.encode_request(command.SELFTEST, 99))
    for _ in range(110):
        host.step()
    assert host.ask(command.SELFTEST).status == OK


def test_an_end_that_was_not_told_is_noticed():
    board, host = connected()
    host.start()
    del host.central.board.connections[host.central.connection]
    host.central.connection = None
    record(board, host, 3)
    assert host.central.advertising is not None and not host.link.connected
    host.connect()
    assert host.trusted()
    record(board, host, 3)
    assert sequence(host.live) == [3, 4, 5]


def test_an_end_that_was_not_told_to_an_idle_board():
    _, host = connected()
    del host.central.board.connections[host.central.connection]
    host.central.connection = None
    for _ in range(6200):  # nothing is sent, so nothing fails: the silence ends it
        host.step()
    assert host.central.advertising is not None and not host.link.connected


def test_live_goes_on_with_the_next_session():
    board, host = connected()
    for session in (1, 2, 3):
        assert host.start().values() == (session,)
        record(board, host, 12)
        assert host.ask(command.STOP).status == OK
        host.step()
    seen = [(data[2] | data[3] << 8, data[4]) for data in host.live]
    assert seen == [(session, seq) for session in (1, 2, 3) for seq in range(13)]


def test_a_second_host_is_sent_away():
    _, host = connected()
    host.central.board.connected(7, b"\x01\x02\x03\x04\x05\x06")
    for _ in range(110):
        host.step()
    assert list(host.central.board.connections) == [host.central.connection]
    assert host.ask(command.SELFTEST).status == OK


def test_silent_and_deaf_hosts_do_not_keep_the_board():
    board = Board()
    host = RadioHost(board)
    host.connect()
    for seconds, then in ((29, True), (33, False)):
        while time.now_us < seconds * 1_000_000:
            host.step()
        assert host.link.connected == then, seconds
    assert board.counts == {"silent host": 1}
    host.connect()
    host.hello()
    for _ in range(20):  # heard now and then
        host.central.write(gatt.SYNC, sync.encode_ping(1, 0))
        for _ in range(1000):
            host.step()
        assert host.link.connected
    host.central.confirms = False
    host.put(command.encode_request(command.SELFTEST, 99))
    for _ in range(3200):
        host.acknowledge()
        host.step()
    assert not host.link.connected and board.counts["deaf host"] == 1


def test_advertising_says_what_is():
    board = Board()
    host = RadioHost(board)
    air = host.central

    def status():
        return advert.decode_status(dict(advert.fields(air.advertising[2]))[advert.MANUFACTURER][2:])

    assert dict(advert.fields(air.advertising[1]))[advert.NAME] == b"thigh-L"
    assert (status().state, status().pending, status().battery_percent, status().uid16) == (0, 0, 80, b"\xe5\xf6")
    restarts = air.advertised
    for _ in range(500):
        host.step()
    assert air.advertised == restarts, "the same again is not told to the radio"
    board.start(0, 0, 0, 0)
    board.percent = 30
    for _ in range(110):
        host.step()
    assert (status().state, status().pending, status().battery_percent) == (1, 1, 30)
    host.connect()
    assert air.advertising is None
    for _ in range(300):
        host.step()
    assert air.advertising is None, "not while a host is connected"
    air.lose()
    host.step()
    assert air.advertising is not None


def test_a_radio_that_starts_late():
    board = Board()
    active = link_rig.bluetooth.BLE.active

    def broken(self, on=None):
        raise OSError(5)

    link_rig.bluetooth.BLE.active = broken
    host = RadioHost(board)
    link_rig.bluetooth.BLE.active = active
    assert not host.link.connected and board.counts == {"radio": 1}
    for _ in range(510):
        host.step()
    host.connect()
    assert host.hello().status == OK


def test_errors_of_the_radio_are_survived():
    for code in (12, 5, 107, 16):
        _, host = connected()
        host.start()
        radio = host.central.board

        def broken(*arguments, code=code, **named):
            raise OSError(code)

        for name in ("gatts_notify", "gatts_indicate", "gatts_write", "gap_advertise", "gap_disconnect"):
            right = getattr(radio, name)
            setattr(radio, name, broken)
            if host.central.connection is not None:
                host.put(command.encode_request(command.SELFTEST, 99))
            for _ in range(150):
                host.step()
            setattr(radio, name, right)
        if host.central.connection is not None:
            host.central.lose()
        for _ in range(110):
            host.step()
        host.connect()
        assert host.trusted(), code


def test_services_of_every_host():
    board, host = connected()
    for _ in range(110):
        host.step()
    central = host.central
    assert central.read(gatt.BATTERY_LEVEL) == b"\x50"
    assert central.read(gatt.MODEL) == b"Coxa" and central.read(gatt.SERIAL) == b"a1b2c3d4e5f6"
    assert central.read(gatt.FIRMWARE) == b"1.2.3"
    board.percent = 79
    host.step = lambda: None
    for _ in range(110):
        time.advance_us(10000)
        host.link.poll()
        central.take()
    assert (central.handle(gatt.BATTERY_LEVEL), b"\x4f") in central.received


def test_info_follows_what_happens():
    board, host = connected()
    assert decode_info(host.central.read(gatt.INFO)).state == 0
    host.start()
    assert decode_info(host.central.read(gatt.INFO)).state == 1
    record(board, host, 12)
    assert decode_info(host.central.read(gatt.INFO)).next_seq >= 2


def test_pings_are_stamped_when_they_come():
    _, host = connected()
    for late_us in (0, 3000, 70000):
        time.advance_us(12345)
        came_us = time.now_us
        host.central.write(gatt.SYNC, sync.encode_ping(5, 0))
        time.advance_us(late_us)  # the board is busy
        host.link.poll()
        host.central.take()
        ping_id, t2_us, held_us = sync.decode_pong(host.central.received.pop()[1])
        assert (ping_id, t2_us, held_us) == (5, came_us, late_us)
    for wrong in (b"", b"\x01", bytes(10), bytes(20)):
        host.central.write(gatt.SYNC, wrong)
        host.step()
    assert host.pongs == []
    host.central.write(gatt.SYNC, sync.encode_ping(7, 0))
    host.step()
    assert len(host.pongs) == 1


def test_a_ping_across_the_wrap_of_the_counter():
    time.now_us = (1 << 30) - 1_000_000
    _, host = connected()
    time.advance_us((1 << 30) - 100 - time.now_us)
    host.central.write(gatt.SYNC, sync.encode_ping(6, 0))
    time.advance_us(500)
    host.link.poll()
    host.central.take()
    assert sync.decode_pong(host.central.received.pop()[1]) == (6, (1 << 30) - 100, 500)


def test_half_a_frame_is_dropped_after_a_second():
    board, host = connected()
    host.put(b"\x0a\x08")
    for _ in range(120):
        host.step()
    assert host.ask(command.SELFTEST).status == OK
    assert board.counts == {"frame": 1}


def test_a_flood_of_writes_is_bounded():
    board, host = connected()
    for _ in range(200):
        host.put(command.encode_request(command.SELFTEST, 1))
    assert len(host.link._events.inbox) == 16
    host.central.confirms = False
    for _ in range(20):
        host.step()
    assert len(host.link._control._answers) == 8
    host.central.confirms = True
    host.central.board.confirmed(host.central.connection, host.link._events.control, 0)
    host.central.write(gatt.CONTROL, bytes([2, command.SELFTEST, 2]) * 81)
    for _ in range(200):
        host.step()
    assert host.ask(command.SELFTEST).status == OK
    assert board.counts == {"radio": 1}


def test_garbage_changes_nothing_and_kills_nothing():
    """A stranger who writes whatever, also whole commands; the session that runs stays as it is."""
    for seed in range(8):
        random.seed(seed)
        board = Board()
        board.start(0, 0, 0, 0)
        board.record(10)
        before = repr((board.config, board.recorder.sessions(), board.recorder.recording, board.unix_ms, board.marks))
        host = RadioHost(board)
        host.took = lambda frame: None
        host._deliver = lambda uuid, data: None
        for _ in range(40):
            if host.central.connection is None:
                host.connect(random.choice((23, 100, 247)))
            for _ in range(random.randint(1, 20)):
                _write_something(host)
            for _ in range(random.randint(1, 20)):
                host.step()
            if random.random() < 0.3:
                host.central.lose()
                host.step()
        after = repr((board.config, board.recorder.sessions(), board.recorder.recording, board.unix_ms, board.marks))
        assert after == before and board.rebooted is None, seed
        if host.central.connection is not None:
            host.central.lose()
        for _ in range(120):
            host.step()
        del host.took, host._deliver
        host.connect()
        assert host.trusted() and host.ask(command.STOP).status == OK, seed
        assert host.fetch(1, 0, 100) == (1, 0, 11, 0), seed
        sound(board, host)


def _write_something(host):
    room = host.central.mtu - 3
    if random.random() < 0.5:
        length = random.randint(0, min(room - 3, 16))
        data = bytes([2 + length, random.randint(0, 20), random.randint(0, 255)])
        data += bytes([random.choice((0, 1, 5, 255)) for _ in range(length)])
    else:
        data = bytes([random.randint(0, 255) for _ in range(random.randint(0, room))])
    host.central.write(random.choice((gatt.CONTROL, gatt.CONTROL, gatt.SYNC)), data)


def test_everything_at_random_ends_complete():
    """Connections of any length and MTU, links of any speed: in the end the host has what there is."""
    for seed in range(12):
        random.seed(1000 + seed)
        board = Board()
        host = RadioHost(board)
        board.start(0, 0, 0, 0)
        have = {}
        for _ in range(15):
            _one_connection(board, host, have)
        board.stop()
        count = board.recorder.describe(1)[0]
        host.connect()
        host.packets = 4
        assert host.trusted()
        for first, length in _missing(have, count):
            assert host.fetch(1, first, length) == (1, first, length, 0), seed
        _collect(host, have)
        assert [have.get(seq) for seq in range(count)] == recorded(board, 1, 0, count), seed
        _, blocks, crc32, _, _ = host.ask(command.LIST, 0).values()
        assert host.ask(command.COMMIT, 1, blocks, crc32).status == OK and board.recorder.sessions() == []
        sound(board, host)


def _one_connection(board, host, have):
    host.connect(random.choice((23, 60, 185, 247)))
    host.packets = random.choice((1, 2, 4, 8))
    if not host.trusted() if random.random() < 0.5 else host.hello() is None:
        return
    for first, length in _missing(have, board.recorder.next_seq)[:3]:
        host.put(command.encode_request(command.RANGE, host.new_id(), 1, first, length))
    for _ in range(random.randint(0, 200)):
        if random.random() < 0.1:
            board.record(1)
        if random.random() < 0.1:
            host.packets = random.choice((0, 1, 2, 4, 8))
        if random.random() < 0.2:
            host.acknowledge()
        host.step()
    host.central.lose()
    _collect(host, have)
    host.step()


def _collect(host, have):
    for data in host.live + host.bulk:
        if crc16(data, 178) == data[178] | data[179] << 8:
            seq = data[4] | data[5] << 8
            assert have.setdefault(seq, data) == data, "another block under the same number"
    host.live, host.bulk = [], []


def _missing(have, count):
    runs = []
    for seq in range(count):
        if seq not in have:
            if runs and sum(runs[-1]) == seq:
                runs[-1][1] += 1
            else:
                runs.append([seq, 1])
    return runs


link_rig.run(globals())
