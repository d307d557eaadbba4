"""The link by cable: messages among other text, on a port that takes what it can. Argument: name of the test."""

import random

import link_rig
from coxa_wire import command, line, sync
from coxa_wire.command import OK
from link_rig import Board, CableHost

block = bytearray(180)


def session(board, n):
    board.start(0, 0, 0, 0)
    board.record(n)
    board.stop()


def recorded(board, count):
    found = []
    for seq in range(count):
        assert board.recorder.read(1, seq, block)
        found.append(bytes(block))
    return found


def test_a_session_from_start_to_commit():
    board = Board()
    host = CableHost(board)
    assert host.hello().values()[:3] == (1, 0, 0)  # no proof, and none is needed
    assert host.start().values() == (1,)
    for k in range(60):
        board.record(1)
        if k % 8 == 0:
            host.acknowledge()
        for _ in range(10):
            host.step()
    assert host.ask(command.STOP).status == OK
    for _ in range(5):
        host.step()
    assert host.fetch(1, 0, 100) == (1, 0, 61, 0)
    assert host.live == host.bulk == recorded(board, 61)
    _, blocks, crc32, _, _ = host.ask(command.LIST, 0).values()
    assert host.ask(command.COMMIT, 1, blocks, crc32).status == OK
    assert board.recorder.sessions() == [] and board.counts == {} and host.strays == []


def test_nothing_is_sent_before_hello():
    board = Board()
    host = CableHost(board)
    session(board, 20)
    for _ in range(50):
        host.step()
    assert host.live == [] and not host.link.connected


def test_other_text_on_the_wire_is_passed_over():
    board = Board()
    session(board, 30)
    host = CableHost(board)
    for text in (b"import os\r\n", b">>> \x02\r\n", b"\n\n\n", b"\xff\xfe\x00\n", b"no end"):
        host.to_board.write(text)
    host.to_board.write(b"\n")
    assert host.hello().status == OK
    host.to_host.write(b"Traceback (most recent call last):\r\n")
    assert host.ask(command.SELFTEST).status == OK
    assert host.strays == [b"Traceback (most recent call last):\r\n"] and board.counts == {}


def test_damaged_lines_are_counted_and_the_rest_goes_on():
    board = Board()
    host = CableHost(board)
    right = line.encode_line(line.CONTROL, command.encode_request(command.IDENTIFY, 1, 3))
    for wrong in (right[:5] + b"Z" + right[6:], b"~L" + right[2:], b"~\n", b"~C!\n", right[:9] + b"\n"):
        host.to_board.write(wrong)
        host.step()
    assert board.counts == {"line": 5} and board.signals == []
    host.to_board.write(b"~C" + b"A" * 90000)  # far too long
    for _ in range(900):
        host.step()
        assert len(host.link._line) <= line.LONGEST
    host.to_board.write(b"\n")
    host.to_board.write(right)
    host.step()
    host.step()
    assert board.signals == [3]


def test_a_port_that_takes_little_loses_nothing():
    for room in (1, 7, 100, 300):
        board = Board()
        session(board, 5)
        host = CableHost(board, room)
        assert host.ask(command.LIST, 0, steps=2000).status == OK
        assert host.fetch(1, 0, 6, steps=5000) == (1, 0, 6, 0), room
        assert host.bulk == recorded(board, 6), room
        assert board.counts == {}


def test_a_port_that_fails_is_survived():
    board = Board()
    host = CableHost(board)
    right = host.to_host.write

    def broken(data):
        raise OSError(5)

    host.to_host.write = broken
    assert host.ask(command.SELFTEST, steps=5) is None
    host.to_host.write = right
    assert host.ask(command.SELFTEST).status == OK
    assert board.counts == {"serial": 1}


def test_pings():
    board = Board()
    host = CableHost(board)
    host.to_board.write(line.encode_line(line.SYNC, sync.encode_ping(9, 0)))
    host.step()
    assert sync.decode_pong(host.pongs[0][1]) == (9, host.pongs[0][0], 0)
    host.to_board.write(line.encode_line(line.SYNC, b"\x05"))
    host.step()
    assert len(host.pongs) == 1 and board.counts == {"line": 1}


def test_garbage_kills_nothing():
    for seed in range(5):
        random.seed(seed)
        board = Board()
        session(board, 10)
        host = CableHost(board)
        host._deliver = lambda channel, data: None
        for _ in range(60):
            data = bytes([random.randint(0, 255) for _ in range(random.randint(0, 120))])
            if random.random() < 0.5:
                op = random.randint(0, 127)
                if op not in (command.COMMIT, command.REBOOT, command.SET_CFG):  # by cable they are meant
                    data = line.encode_line(random.choice("CCLBS"), bytes([1 + len(data), op]) + data)
            host.to_board.write(data)
            host.step()
        host.to_board.write(b"\n")
        for _ in range(100):
            host.step()
        del host._deliver
        host.strays = []
        assert host.hello().status == OK, seed
        assert host.fetch(1, 0, 11) == (1, 0, 11, 0), seed


link_rig.run(globals())
