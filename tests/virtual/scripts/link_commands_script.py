"""Commands: each is done once and answered, and not for everybody. Argument: name of the test."""

import link_rig
from coxa_board.link import Dispatcher, guard
from coxa_wire import WireError, command, decode_info, proof
from coxa_wire.command import (
    BAD_ARG,
    BAD_LEN,
    BAD_STATE,
    CRC_MISMATCH,
    INTERNAL,
    NEED_BUTTON,
    NO_SESSION,
    OK,
    RANGE_GONE,
    UNKNOWN_OP,
    VERSION,
)

GUARDED = (
    command.encode_request(command.START, 1, 0, 1, 0, 0),
    command.encode_request(command.STOP, 2),
    command.encode_request(command.COMMIT, 3, 1, 6, 0),
    command.encode_request(command.MARK, 4, 1),
    command.encode_set_config(5, "name", b'"mine"'),
    command.encode_request(command.SET_TIME, 6, 5),
    command.encode_request(command.REBOOT, 7, 1),
    command.encode_request(command.LOG, 8, 1, 0),
)


def status(dispatcher, frame, tethered=True):
    answer = dispatcher.handle(frame, tethered=tethered)
    decoded = command.decode_answer(answer)
    assert (decoded.op, decoded.request_id) == (frame[1], frame[2]), (frame, answer)
    return decoded.status


def ask(dispatcher, op, request_id, *values, tethered=True):
    return command.decode_answer(dispatcher.handle(command.encode_request(op, request_id, *values), tethered=tethered))


def recorded(board, n=5):
    """A closed session of n + 1 blocks; returns its figures."""
    board.start(0, 0, 0, 0)
    board.record(n)
    board.stop()
    number = board.recorder.sessions()[-1]
    return number, board.recorder.describe(number)


def state(board):
    recorder = board.recorder
    return recorder.recording, recorder.sessions(), board.marks, dict(board.config), board.unix_ms, board.rebooted


def hello(dispatcher, nonce=0):
    """The board's nonce."""
    answer = ask(dispatcher, command.HELLO, 9, 1, 0, nonce, tethered=False)
    assert answer.status == OK and answer.values()[:3] == (1, 0, 0)
    return answer.values()[3]


def host_tag(nonce, board_nonce, secret=link_rig.SECRET, side=proof.HOST, uid=link_rig.UID):
    return proof.tag(secret, side, uid, nonce, board_nonce)


def prove(dispatcher, tag):
    return ask(dispatcher, command.PROVE, 10, tag, tethered=False)


def test_a_stranger_changes_nothing():
    board = link_rig.Board()
    number, described = recorded(board)
    board.start(0, 0, 0, 0)
    dispatcher = Dispatcher(board)
    before = repr(state(board))
    right = command.encode_request(command.COMMIT, 8, number, described[0], described[1])
    for tag in (None, 0, 1, 2**64 - 1):
        if tag is not None:
            hello(dispatcher)
            assert prove(dispatcher, tag).status == NEED_BUTTON
        for frame in GUARDED:
            assert status(dispatcher, frame, tethered=False) == NEED_BUTTON, frame
        assert status(dispatcher, right, tethered=False) == NEED_BUTTON
        assert repr(state(board)) == before


def test_no_secret_on_the_board_trusts_nobody():
    board = link_rig.Board()
    board.known = b""
    dispatcher = Dispatcher(board)
    assert hello(dispatcher) == 0
    assert prove(dispatcher, host_tag(0, 0, secret=b"")).status == NEED_BUTTON
    assert status(dispatcher, GUARDED[0], tethered=False) == NEED_BUTTON


def test_a_port_without_its_parts_trusts_nobody_and_goes_on():
    for name, broken in (("_sha256", lambda: None), ("os", None)):
        module = proof if name == "_sha256" else guard
        right = getattr(module, name)
        setattr(module, name, broken)
        board = link_rig.Board()
        dispatcher = Dispatcher(board)
        hello(dispatcher)
        assert prove(dispatcher, 0).status == NEED_BUTTON
        setattr(module, name, right)
        board.pressed = True
        assert status(dispatcher, GUARDED[0], tethered=False) == OK
        assert board.counts == {}


def test_cable_button_and_secret_each_prove_presence():
    for way in ("cable", "button", "secret"):
        board = link_rig.Board()
        dispatcher = Dispatcher(board)
        board.pressed = way == "button"
        if way == "secret":
            board_nonce = hello(dispatcher, 5)
            answer = prove(dispatcher, host_tag(5, board_nonce))
            assert answer.status == OK and answer.values() == (host_tag(5, board_nonce, side=proof.BOARD),)
        for frame in GUARDED:
            assert status(dispatcher, frame, tethered=way == "cable") != NEED_BUTTON, (way, frame)
        assert board.starts == 1 and board.rebooted == 1 and board.config["name"] == b'"mine"'
        dispatcher.reset()
        board.pressed = False
        assert status(dispatcher, GUARDED[1], tethered=False) == NEED_BUTTON, way


def test_a_refused_request_works_after_the_button_was_pressed():
    board = link_rig.Board()
    dispatcher = Dispatcher(board)
    assert status(dispatcher, GUARDED[0], tethered=False) == NEED_BUTTON
    board.pressed = True
    assert status(dispatcher, GUARDED[0], tethered=False) == OK


def test_the_same_request_is_done_once():
    board = link_rig.Board()
    dispatcher = Dispatcher(board)
    identify = command.encode_request(command.IDENTIFY, 1, 3)
    first = dispatcher.handle(identify, tethered=True)
    for _ in range(5):
        assert dispatcher.handle(identify, tethered=True) == first
    assert board.signals == [3]
    assert status(dispatcher, command.encode_request(command.IDENTIFY, 2, 3)) == OK
    assert board.signals == [3, 3]
    dispatcher.reset()  # another connection: its request 1 is another one
    assert dispatcher.handle(identify, tethered=True) == first
    assert board.signals == [3, 3, 3]


def test_a_start_that_comes_again_after_its_stop_starts_nothing():
    board = link_rig.Board()
    dispatcher = Dispatcher(board)
    start, stop = command.encode_request(command.START, 1, 0, 1, 0, 0), command.encode_request(command.STOP, 2)
    answer = dispatcher.handle(start, tethered=True)
    board.record(3)
    assert status(dispatcher, stop) == OK
    assert dispatcher.handle(start, tethered=True) == answer
    assert board.starts == 1 and not board.recorder.recording


def test_start_and_stop_are_done_once_by_what_they_mean():
    board = link_rig.Board()
    for _ in range(3):
        dispatcher = Dispatcher(board)
        assert ask(dispatcher, command.START, 1, 0, 1, 0, 0).values() == (1,)
    board.record(3)
    for _ in range(3):
        dispatcher = Dispatcher(board)
        assert ask(dispatcher, command.STOP, 1).status == OK
    assert board.starts == 1 and board.recorder.sessions() == [1]


def test_commit_deletes_on_an_exact_match_only():
    board = link_rig.Board()
    number, described = recorded(board)
    dispatcher = Dispatcher(board)
    blocks, crc32 = described[:2]
    assert ask(dispatcher, command.COMMIT, 1, number, blocks, crc32 ^ 1).status == CRC_MISMATCH
    assert ask(dispatcher, command.COMMIT, 2, number, blocks - 1, crc32).status == CRC_MISMATCH
    assert ask(dispatcher, command.COMMIT, 3, number + 1, blocks, crc32).status == NO_SESSION
    assert board.recorder.sessions() == [number]
    assert ask(dispatcher, command.COMMIT, 4, number, blocks, crc32).status == OK
    assert board.recorder.sessions() == []
    assert ask(dispatcher, command.COMMIT, 5, number, blocks, crc32).status == OK  # its answer was lost, say
    assert ask(dispatcher, command.START, 6, 0, 1, 0, 0).values() == (number + 1,)
    board.record(1)
    assert ask(dispatcher, command.COMMIT, 7, number + 1, 1, 0).status == BAD_STATE


def test_list_and_session_info():
    board = link_rig.Board()
    dispatcher = Dispatcher(board)
    assert ask(dispatcher, command.LIST, 1, 0).status == NO_SESSION
    one, two = recorded(board, 3), recorded(board, 4)
    for i, (number, described) in enumerate((one, two)):
        listed = ask(dispatcher, command.LIST, 2 + i, i).values()
        assert listed[0] == number and listed[1:] == described
    assert ask(dispatcher, command.LIST, 4, 2).status == NO_SESSION
    assert ask(dispatcher, command.LIST, 5, 255).status == NO_SESSION
    now = decode_info(ask(dispatcher, command.SESSION_INFO, 6, 0).payload)
    assert (now.uid, now.pending, now.session) == (link_rig.UID, 2, 2)
    assert ask(dispatcher, command.SESSION_INFO, 7, 1).payload == board.recorder.info(1)
    assert decode_info(board.recorder.info(1)).pending == 0
    assert ask(dispatcher, command.SESSION_INFO, 8, 9).status == NO_SESSION


def test_ranges_that_cannot_be_are_refused():
    board = link_rig.Board()
    number, described = recorded(board)
    host = link_rig.CableHost(board)
    assert host.ask(command.RANGE, number, 0, 0).status == BAD_ARG
    assert host.ask(command.RANGE, number, described[0], 1).status == RANGE_GONE
    assert host.ask(command.RANGE, number, 2**32 - 1, 65535).status == RANGE_GONE
    assert host.ask(command.RANGE, number + 1, 0, 1).status == NO_SESSION
    assert host.fetch(number, 4, 65535) == (number, 4, 2, 0)


def test_settings():
    board = link_rig.Board()
    dispatcher = Dispatcher(board)
    get = command.encode_get_config(1, "name")
    assert command.decode_answer(dispatcher.handle(get, tethered=False)).payload == b'"thigh-L"'
    assert status(dispatcher, command.encode_set_config(2, "name", b'"hip"')) == OK
    assert status(dispatcher, command.encode_set_config(3, "no such", b"1")) == BAD_ARG
    assert status(dispatcher, command.encode_get_config(4, "no such")) == BAD_ARG
    assert board.config["name"] == b'"hip"'
    board.config["name"] = b"x" * 300  # fits no answer
    assert status(dispatcher, command.encode_get_config(5, "name")) == BAD_ARG
    assert status(dispatcher, bytes([5, command.GET_CFG, 6, 0xFF, 0xFE, 0xFD])) == BAD_ARG


def test_every_op_with_every_length_is_answered():
    """Also the ops there are not. The right length is tried last, as it may do something."""
    board = link_rig.Board()
    recorded(board)
    dispatcher = Dispatcher(board)
    numbers = set(command._REQUESTS)
    for op in range(128):
        if op == command.ACK:
            continue
        for length in range(40):
            found = status(dispatcher, bytes([2 + length, op, length]) + bytes(length))
            if op in numbers:
                right = length == len(command.encode_request(op, 1, *[0] * (len(command._REQUESTS[op]) - 1))) - 3
                if op == command.HELLO and length:  # of version 0, which may have any length
                    assert found == VERSION
                else:
                    assert (found == BAD_LEN) == (not right), (op, length, found)
            elif op not in (command.GET_CFG, command.SET_CFG):
                assert found == UNKNOWN_OP, (op, found)
    assert board.counts == {}, board.counts


def test_ack_has_no_answer_however_it_is():
    board = link_rig.Board()
    dispatcher = Dispatcher(board)
    for length in (0, 5, 6, 7):
        assert dispatcher.handle(bytes([2 + length, command.ACK, 1]) + bytes(length), tethered=True) == b""


def test_what_is_no_frame_is_counted():
    board = link_rig.Board()
    dispatcher = Dispatcher(board)
    for frame in (b"", b"\x02", b"\x02\x03", b"\x09\x03\x01", b"\x02\x03\x01\x00"):
        assert dispatcher.handle(frame, tethered=True) == b""
    assert board.counts == {"frame": 5}


def test_a_failing_device_is_answered_and_counted():
    board = link_rig.Board()
    board.broken = True
    dispatcher = Dispatcher(board)
    identify = command.encode_request(command.IDENTIFY, 1, 3)
    assert status(dispatcher, identify) == INTERNAL and board.counts == {"command": 1}
    board.broken = False
    assert status(dispatcher, identify) == OK  # the same again: a failure is tried again


def test_another_major_version_may_fetch_only():
    board = link_rig.Board()
    number, described = recorded(board)
    host = link_rig.CableHost(board)
    for length in (2, 6, 10, 20):  # whatever HELLO is like in that version
        answer = host.exchange(bytes([2 + length, command.HELLO, length, 2]) + bytes(length - 1))
        assert answer.status == VERSION and answer.values() == (1, 0, 0, 0)
    listed = host.ask(command.LIST, 0).values()
    assert listed[0] == number and listed[1:] == described
    assert host.fetch(number, 0, 100) == (number, 0, described[0], 0)
    board.start(0, 0, 0, 0)
    board.record(5)
    for _ in range(20):
        host.step()
    assert host.live == []


def test_wire_errors_of_the_device_are_no_internal_failures():
    board = link_rig.Board()

    def refuse(unix_ms):
        raise WireError("field", "not so")

    board.set_time = refuse
    assert ask(Dispatcher(board), command.SET_TIME, 1, 5).status == BAD_ARG


link_rig.run(globals())
