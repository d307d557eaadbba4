"""The parsers of the wire format, each with valid messages to mutate, on MicroPython and CPython alike."""

import binascii

from fuzz_rig import Parser, with_crc, with_length

import coxa_wire
from coxa_wire import advert, command, gatt, line, proof, sync


def blocks():
    out = []
    for profile, n in ((1, 10), (2, 13), (3, 5), (1, 3), (1, 0)):
        buffer = bytearray(coxa_wire.BLOCK_LENGTH)
        for i in range(n):
            coxa_wire.put_sample(buffer, i, 100 * i, -100 * i, 7, 32767, -32768, 8190)
        coxa_wire.seal(
            buffer, profile, flags=0 if n else coxa_wire.LAST, session=7, seq=3, first_index=30, t_us=288461, n=n,
            temperature_c=31,
        )  # fmt: skip
        out.append(bytes(buffer))
    return out


def info():
    return coxa_wire.encode_info(
        coxa_wire.Info(uid=b"\xa1\xb2\xc3\xd4\xe5\xf6", odr_hz=104.0, gyro_dps_per_lsb=0.0175, acc_g_per_lsb=0.000122,
                       profile=1, mtu=247, session=7, next_seq=99)
    )  # fmt: skip


def requests():
    tag = proof.tag(bytes(16), proof.HOST, bytes(6), 1, 2) or 0
    numbers = (
        (command.HELLO, (1, 0, 2**64 - 1)), (command.START, (0, 1, 1_700_000_000_123, 0)), (command.STOP, ()),
        (command.ACK, (7, 12480)), (command.RANGE, (1, 0, 64)), (command.ABORT_BULK, ()), (command.LIST, (0,)),
        (command.COMMIT, (1, 61, 0xDEADBEEF)), (command.MARK, (1,)), (command.IDENTIFY, (3,)),
        (command.SELFTEST, ()), (command.GYRO_STILL, (2000,)), (command.SET_TIME, (1_700_000_000_123,)),
        (command.REBOOT, (0,)), (command.SESSION_INFO, (0,)), (command.PROVE, (tag,)), (command.LOG, (1, 0)),
    )  # fmt: skip
    out = [command.encode_request(op, k + 1, *values) for k, (op, values) in enumerate(numbers)]
    out += [command.encode_get_config(40, key) for key in ("name", "token", "pins")]
    settings = (
        ("name", b'"hip"'), ("token", b'"' + b"5a" * 16 + b'"'), ("pins", b'{"led": 4, "sda": null}'),
        ("battery_divider", b"2.5"), ("watchdog_s", b"8"), ("quiet", b"true"), ("role", b'"left-thigh"'),
    )  # fmt: skip
    return out + [command.encode_set_config(50, key, value) for key, value in settings]


def answers():
    numbers = (
        (command.HELLO, (1, 0, 0, 2**64 - 1)), (command.START, (8,)), (command.STOP, ()), (command.RANGE, ()),
        (command.LIST, (7, 12480, 0xDEADBEEF, 1_700_000_000_123, 5)), (command.RANGE_DONE, (7, 100, 64, 3)),
        (command.PROVE, (2**64 - 1,)),
    )  # fmt: skip
    out = [command.encode_answer(op, k + 1, command.OK, *values) for k, (op, values) in enumerate(numbers)]
    out.append(command.encode_answer(command.COMMIT, 9, command.NEED_BUTTON))
    out.append(command.encode_answer_bytes(command.SESSION_INFO, 10, command.OK, info()))
    out.append(command.encode_answer_bytes(command.LOG, 11, command.OK, b"\x01a line\n"))
    return out


def adverts():
    status = advert.Status(1, 80, 3, b"\xe5\xf6")
    return [advert.advertising_data("thigh-L"), advert.scan_response(status)]


def statuses():
    return [advert.scan_response(advert.Status(1, 80, 3, b"\xe5\xf6"))[4:]]


def lines():
    out = [line.encode_line(line.CONTROL, frame) for frame in requests()[:6] + answers()[:4]]
    out += [line.encode_line(line.LIVE, block) for block in blocks()]
    out += [line.encode_line(line.SYNC, sync.encode_ping(3, 5)), b"Traceback (most recent call last):\r\n"]
    return out


def fragments():
    out = []
    for size in (20, 100, 182):
        piece = bytearray(size)
        for k in range(coxa_wire.fragment_count(coxa_wire.BLOCK_LENGTH, size)):
            length = coxa_wire.fragment_into(piece, blocks()[0], k, size)
            out.append(bytes(piece[:length]))
    return out


def understand_block(data):
    block = coxa_wire.decode(data)
    assert len(data) == 180 and len(block.raw) == 12 * block.n <= 156 and len(block.quats) <= 40
    return True


def understand_request(data):
    request = command.decode_request(data)
    if request.op == command.SET_CFG:
        key, value = command.split_set_config(request.payload)
        assert command.encode_set_config(request.request_id, key, value) == data
    elif request.op == command.GET_CFG:
        assert command.encode_get_config(request.request_id, command.text(request.payload)) == data
    else:
        assert command.encode_request(request.op, request.request_id, *request.values()) == data
    return True


def understand_answer(data):
    answer = command.decode_answer(data)
    values = answer.values()
    assert command.encode_answer_bytes(answer.op, answer.request_id, answer.status, answer.payload) == data
    assert len(values) <= 5
    return True


def understand_info(data):
    found = coxa_wire.decode_info(data)
    assert len(found.uid) == 6 and found.odr_hz > 0 and found.gyro_dps_per_lsb > 0 and found.acc_g_per_lsb > 0
    return True


def understand_advert(data):
    found = advert.fields(data)
    assert sum([2 + len(content) for _, content in found]) <= len(data) + 1
    for kind, content in found:
        if kind == advert.MANUFACTURER:
            advert.decode_status(content[2:])
    return True


def understand_status(data):
    assert len(advert.decode_status(data).uid16) == 2
    return True


def understand_line(data):
    found = line.decode_line(data)
    if found is None:
        return False
    channel, message = found
    assert channel in "CLBS" and len(message) <= len(data)
    assert line.decode_line(line.encode_line(channel, message)) == found
    return True


def understand_ping(data):
    return _one_of(data, sync.decode_ping, sync.decode_pong)


def _one_of(data, *decoders):
    refusal = None
    for decode in decoders:
        try:
            decode(data)
            return True
        except coxa_wire.WireError as error:
            refusal = error
    raise refusal


class Stream:
    """Frames and fragments keep what came before; they must never keep more than one whole."""

    def __init__(self):
        self.frames = command.Frames()
        self.joined = coxa_wire.Reassembler()
        self.fed = self.taken = 0

    def understand_frames(self, data):
        frames = self.frames.feed(data)
        self.fed += len(data)
        self.taken += sum([len(frame) for frame in frames])
        assert len(self.frames._rest) < 256
        assert self.taken + self.frames.dropped + len(self.frames._rest) == self.fed
        for frame in frames:
            _quietly(understand_request, frame)
            _quietly(understand_answer, frame)
        return bool(frames)

    def understand_fragment(self, data):
        whole = self.joined.feed(data)
        assert len(self.joined._parts) <= 64 * 300
        if whole is not None:
            _quietly(understand_block, whole)
        return whole is not None


def _quietly(understand, data):
    try:
        understand(data)
    except coxa_wire.WireError:
        return


def repaired_line(data):
    """Base64 and checksum right, whatever they carry."""
    body = data[1:2] + data[2:].rstrip()
    crc = coxa_wire.crc16(body, len(body))
    return b"~" + data[1:2] + binascii.b2a_base64(body[1:] + bytes([crc & 0xFF, crc >> 8]))


def parsers():
    stream = Stream()
    return [
        Parser("block", blocks(), understand_block, with_crc),
        Parser("request", requests(), understand_request, with_length, longest=256),
        Parser("answer", answers(), understand_answer, with_length, longest=256),
        Parser("frames", requests() + answers(), stream.understand_frames, with_length),
        Parser("INFO", [info()], understand_info),
        Parser("advertisement", adverts(), understand_advert, longest=62),
        Parser("status", statuses(), understand_status, longest=32),
        Parser("line", lines(), understand_line, repaired_line, longest=360),
        Parser("fragments", fragments(), stream.understand_fragment),
        Parser("ping, pong", [sync.encode_ping(7, 2**50), sync.encode_pong(7, 2**50, 9)], understand_ping, longest=32),
    ]


def chosen(names):
    """The parsers of these names, all for none."""
    return [parser for parser in parsers() if not names or parser.name in names]


assert gatt.MTU_WANTED - gatt.ATT_HEADER < 300  # what the radio can bring is within the lengths tried
