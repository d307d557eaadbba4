"""Proof of presence: only who knows the secret is trusted, and only here and now. Argument: name of the test."""

import gc
import os
import time

import link_rig
from coxa_board import crashlog
from coxa_board.link import Dispatcher
from coxa_wire import command, gatt, proof, sync
from coxa_wire.command import BAD_ARG, NEED_BUTTON, OK
from link_rig import SECRET, UID, Board, CableHost, RadioHost

STOP = command.encode_request(command.STOP, 200)


def handled(dispatcher, frame):
    return command.decode_answer(dispatcher.handle(frame, tethered=False))


def hello(dispatcher, nonce):
    return handled(dispatcher, command.encode_request(command.HELLO, 1, 1, 0, nonce)).values()[3]


def prove(dispatcher, tag):
    return handled(dispatcher, command.encode_request(command.PROVE, 2, tag))


def trusts(dispatcher):
    return handled(dispatcher, STOP).status == OK


def files(folder="/flash"):
    """Every file below the folder with its content."""
    found = {}
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            found.update(files(path))
        else:
            with open(path, "rb") as file:
                found[path] = file.read()
    return found


def test_a_wrong_proof_uses_the_nonces_up():
    dispatcher = Dispatcher(Board())
    nonce = hello(dispatcher, 5)
    right = proof.tag(SECRET, proof.HOST, UID, 5, nonce)
    assert prove(dispatcher, right ^ 1).status == NEED_BUTTON
    assert prove(dispatcher, right).status == NEED_BUTTON and not trusts(dispatcher)
    nonce = hello(dispatcher, 5)
    assert prove(dispatcher, right).status == NEED_BUTTON, "of the HELLO before"
    nonce = hello(dispatcher, 5)
    assert prove(dispatcher, proof.tag(SECRET, proof.HOST, UID, 5, nonce)).status == OK and trusts(dispatcher)


def test_without_hello_there_is_nothing_to_prove():
    dispatcher = Dispatcher(Board())
    assert prove(dispatcher, proof.tag(SECRET, proof.HOST, UID, 0, 0)).status == NEED_BUTTON
    hello(dispatcher, 0)
    dispatcher.reset()  # another connection
    assert prove(dispatcher, proof.tag(SECRET, proof.HOST, UID, 0, 0)).status == NEED_BUTTON
    assert not trusts(dispatcher)


def test_every_part_of_the_tag_counts():
    dispatcher = Dispatcher(Board())
    for wrong in range(48 + 128 + 64 + 64 + 4):
        nonce = hello(dispatcher, 2**63 + 5)
        secret, uid, nonces, side = SECRET, UID, (2**63 + 5, nonce), proof.HOST
        if wrong < 48:
            uid = flipped(UID, wrong)
        elif wrong < 176:
            secret = flipped(SECRET, wrong - 48)
        elif wrong < 240:
            nonces = 2**63 + 5 ^ 1 << wrong - 176, nonce
        elif wrong < 304:
            nonces = 2**63 + 5, nonce ^ 1 << wrong - 240
        elif wrong == 304:
            nonces = nonce, 2**63 + 5
        else:
            side = (proof.BOARD, b"", b"Host")[wrong - 305]
        assert prove(dispatcher, proof.tag(secret, side, uid, *nonces)).status == NEED_BUTTON, wrong
    assert not trusts(dispatcher)


def flipped(data, bit):
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


def test_a_tag_of_the_board_is_none_of_the_host():
    """Reflection: the board's own words on another connection, with the nonces turned about or not."""
    board = Board()
    one, other = Dispatcher(board), Dispatcher(board)
    theirs = hello(other, 9)
    mine = hello(one, theirs)  # the stranger gives the board its own nonce as that of a host
    answer = prove(one, proof.tag(SECRET, proof.HOST, UID, theirs, mine))
    assert answer.status == OK
    assert prove(other, answer.values()[0]).status == NEED_BUTTON and not trusts(other)


def test_the_board_tells_its_tag_to_those_alone_who_proved_theirs():
    dispatcher = Dispatcher(Board())
    for tag in (0, 1, 2**64 - 1):
        hello(dispatcher, 7)
        refused = dispatcher.handle(command.encode_request(command.PROVE, 2, tag), tethered=True)
        assert refused == bytes([3, command.PROVE | 0x80, 2, NEED_BUTTON]), "the cable is no proof of the secret"


def test_nonces_do_not_come_again():
    dispatcher = Dispatcher(Board())
    nonces = set()
    for k in range(2000):
        nonces.add(hello(dispatcher, 1))
        if k % 100 == 0:
            gc.collect()  # else what is kept is scattered all over the memory, with no room for the set to grow
    assert len(nonces) == 2000 and 0 not in nonces
    used = 0
    for nonce in nonces:
        used |= nonce
    assert used == 2**64 - 1, "every bit is in use"


def test_hello_and_prove_are_not_answered_from_memory():
    dispatcher = Dispatcher(Board())
    greeting = command.encode_request(command.HELLO, 1, 1, 0, 5)
    first, second = handled(dispatcher, greeting).values()[3], handled(dispatcher, greeting).values()[3]
    assert first != second
    proving = command.encode_request(command.PROVE, 2, proof.tag(SECRET, proof.HOST, UID, 5, second))
    assert handled(dispatcher, proving).status == OK
    assert handled(dispatcher, proving).status == NEED_BUTTON and trusts(dispatcher), "refused, but no less trusted"
    assert handled(dispatcher, STOP).status == OK
    hello(dispatcher, 5)
    assert handled(dispatcher, STOP).status == NEED_BUTTON, "neither trust nor answers outlive the next HELLO"


def test_trust_is_of_one_link_alone():
    board = Board()
    radio, cable = RadioHost(board), CableHost(board)
    radio.connect()
    assert radio.trusted()
    assert cable.trusted()
    radio.central.lose()
    radio.step()
    radio.connect()
    assert radio.hello().status == OK and radio.ask(command.STOP).status == NEED_BUTTON
    assert cable.ask(command.STOP).status == OK


def test_an_exchange_that_was_overheard_is_worth_nothing():
    """Everything the host wrote is written again: on the same connection, on the next one, after a restart."""
    for mtu in (23, 247):
        board = Board()
        board.start(0, 0, 0, 0)
        board.record(20)
        host = RadioHost(board)
        heard = []
        write = host.central.write

        def overheard(uuid, data, heard=heard, write=write):
            heard.append((uuid, bytes(data)))
            write(uuid, data)

        host.central.write = overheard
        host.connect(mtu)
        assert host.trusted(nonce=12345)
        assert host.exchange(command.encode_set_config(90, "name", b'"another"')).status == OK
        assert host.ask(command.MARK, 1).status == OK
        host.central.write = write
        board.config["name"] = b'"thigh-L"'
        host.central.lose()
        host.step()
        before = repr((files(), board.config, board.marks, board.recorder.recording, board.unix_ms, board.rebooted))
        for attempt in range(3):
            stranger = RadioHost(board) if attempt == 2 else host  # the board has restarted
            if stranger.central.connection is None:
                stranger.connect(mtu)
            stranger.answers = {}
            for uuid, data in heard:
                stranger.central.write(uuid, data)
                for _ in range(5):
                    stranger.step()
            for frame in (STOP, command.encode_request(command.REBOOT, 201, 0)):
                assert stranger.exchange(frame).status == NEED_BUTTON
            statuses = [answer.status for answers in stranger.answers.values() for answer in answers]
            assert statuses.count(NEED_BUTTON) == 5, statuses  # PROVE, SET_CFG, MARK; STOP, REBOOT
        after = repr((files(), board.config, board.marks, board.recorder.recording, board.unix_ms, board.rebooted))
        assert after == before


def test_a_stranger_who_keeps_talking_keeps_the_connection_but_nothing_else():
    """What docs/security.md admits: only jamming and holding; the recording and the button go on."""
    board = Board()
    board.start(0, 0, 0, 0)
    host = RadioHost(board)
    host.connect()
    host.hello()
    for minute in range(10):
        for _ in range(5900):
            host.step()
        host.central.write(gatt.SYNC, sync.encode_ping(1, 0))
        board.record(1)
        assert host.link.connected, minute
    assert board.recorder.recording and board.stop() == OK and board.recorder.sessions() == [1]
    for _ in range(6300):
        host.step()
    assert not host.link.connected and board.counts == {"silent host": 1}
    host.connect()
    assert host.trusted()


def test_writing_anything_but_hello_does_not_hold_the_board():
    board = Board()
    host = RadioHost(board)
    host.connect()
    began_us = time.now_us
    while host.link.connected:
        assert time.now_us - began_us < 32_000_000
        host.central.write(gatt.SYNC, sync.encode_ping(1, 0))
        host.put(command.encode_request(command.LIST, 1, 0))
        for _ in range(10):
            host.step()
            if not host.link.connected:
                break
    assert time.now_us - began_us > 29_000_000
    assert board.counts == {"silent host": 1}


def test_the_log_is_for_the_trusted():
    board = Board()
    text = b"a line of the log\n" * 200
    crashlog.note("a note")
    with open("/flash/crash/3.txt", "wb") as file:
        file.write(text)
    for mtu in (23, 247):
        host = RadioHost(board)
        host.connect(mtu)
        for number in range(len(command.LOGS)):
            assert host.ask(command.LOG, number, 0).status == NEED_BUTTON
        assert host.trusted()
        found, more = b"", 1
        while more:
            payload = host.ask(command.LOG, command.LOGS.index("crash 3"), len(found)).payload
            more = payload[0]
            found += payload[1:]
        assert found == text
        assert host.ask(command.LOG, command.LOGS.index("notes"), 0).payload == b"\x00a note\n"
        assert host.ask(command.LOG, command.LOGS.index("crash 0"), 0).payload == b"\x00"
        assert host.ask(command.LOG, command.LOGS.index("crash 3"), 65535).payload == b"\x00"
        assert host.ask(command.LOG, len(command.LOGS), 0).status == BAD_ARG
        host.central.lose()
        host.step()
    board.pressed = True
    host.connect()
    assert host.ask(command.LOG, 1, 0).status == OK


def test_a_piece_that_ends_with_the_file_is_the_last():
    Board()
    for length in (250, 251, 252):
        crashlog.note("x" * (length - 1))
        assert crashlog.piece("notes", 0, 251) == ((b"x" * (length - 1) + b"\n")[:251], length > 251)
        os.remove("/flash/crash/notes.txt")


link_rig.run(globals())
