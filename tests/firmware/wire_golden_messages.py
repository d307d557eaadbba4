"""Golden vectors of commands, answers, advertising, lines and pings, put together from docs/wire.md."""

import binascii
import hmac

from wire_golden import bad, block, fields, quats, raw, u


def frame(op, request_id, payload, status=None):
    body = bytes([op, request_id]) + (b"" if status is None else bytes([status])) + payload
    return u(len(body), 1) + body


def numbers(*values_and_sizes):
    return b"".join(u(value, size) for value, size in values_and_sizes)


def tag(side):
    """Of PROVE, by the standard library's HMAC."""
    message = side + bytes.fromhex(UID) + u(NONCE, 8) + u(BOARD_NONCE, 8)
    return hmac.digest(SECRET, message, "sha256")[:8]


U64 = 2**64 - 1
SECRET = bytes(range(16))
UID = "a1b2c3d4e5f6"
NONCE, BOARD_NONCE = 0x0123456789ABCDEF, 0xFEDCBA9876543210
REQUESTS = [  # op, name, (value, size) …
    (0x01, "HELLO", (1, 1), (0, 1), (NONCE, 8)),
    (0x01, "HELLO, largest", (255, 1), (255, 1), (U64, 8)),
    (0x02, "START", (0, 2), (1, 1), (1_700_000_000_123, 8), (0, 1)),
    (0x02, "START, largest", (65535, 2), (255, 1), (U64, 8), (255, 1)),
    (0x03, "STOP"),
    (0x04, "ACK", (7, 2), (12_480, 4)),
    (0x05, "RANGE", (7, 2), (100, 4), (64, 2)),
    (0x06, "ABORT_BULK"),
    (0x07, "LIST", (3, 1)),
    (0x08, "COMMIT", (7, 2), (12_480, 4), (0xDEADBEEF, 4)),
    (0x09, "MARK", (2, 1)),
    (0x0A, "IDENTIFY", (1, 1)),
    (0x0B, "SELFTEST"),
    (0x0C, "GYRO_STILL", (2000, 2)),
    (0x0F, "SET_TIME", (1_700_000_000_123, 8)),
    (0x10, "REBOOT", (1, 1)),
    (0x11, "SESSION_INFO", (0, 2)),
    (0x13, "PROVE", (int.from_bytes(tag(b"host"), "little"), 8)),
    (0x14, "LOG", (5, 1), (65535, 2)),
]
ANSWERS = [  # op, name, (value, size) …; status OK
    (0x01, "HELLO", (1, 1), (0, 1), (0, 1), (BOARD_NONCE, 8)),
    (0x02, "START", (8, 2)),
    (0x03, "STOP"),
    (0x05, "RANGE"),
    (0x07, "LIST", (7, 2), (12_480, 4), (0xDEADBEEF, 4), (1_700_000_000_123, 8), (5, 1)),
    (0x12, "RANGE_DONE", (7, 2), (100, 4), (64, 2), (3, 2)),
    (0x13, "PROVE", (int.from_bytes(tag(b"board"), "little"), 8)),
]


def requests():
    rows = []
    for k, (op, name, *pairs) in enumerate(REQUESTS):
        data = frame(op, k + 1, numbers(*pairs))
        rows.append({"name": name, "hex": data.hex(), "op": op, "id": k + 1, "values": [v for v, _ in pairs]})
    for op, name, payload, values in (
        (0x0D, "GET_CFG", b"name", ["name"]),
        (0x0E, "SET_CFG", b'\x04name"hip"', ["name", '"hip"']),
        (0x0E, "SET_CFG, empty value", b"\x04name", ["name", ""]),
    ):
        rows.append({"name": name, "hex": frame(op, 255, payload).hex(), "op": op, "id": 255, "values": values})
    rows += [
        bad("nothing", b"", "length"),
        bad("no request id", b"\x01\x03", "length"),
        bad("shorter than it says", b"\x03\x03\x01", "length"),
        bad("longer than it says", b"\x02\x03\x01\x00", "length"),
        bad("STOP with a payload", frame(0x03, 1, b"\x00"), "length"),
        bad("PROVE one byte short", frame(0x13, 1, bytes(7)), "length"),
        bad("COMMIT one byte short", frame(0x08, 1, bytes(9)), "length"),
        bad("COMMIT one byte long", frame(0x08, 1, bytes(11)), "length"),
        bad("SET_CFG without a key", frame(0x0E, 1, b""), "length"),
        bad("SET_CFG shorter than its key", frame(0x0E, 1, b"\x05name"), "length"),
        bad("GET_CFG whose key is no text", frame(0x0D, 1, b"\xff\xfe"), "field"),
        bad("SET_CFG whose key is no text", frame(0x0E, 1, b"\x02\xff\xfe1"), "field"),
    ]
    return rows


def answers():
    rows = []
    for k, (op, name, *pairs) in enumerate(ANSWERS):
        data = frame(op | 0x80, k + 1, numbers(*pairs), status=0)
        row = {"name": name, "hex": data.hex(), "op": op, "id": k + 1, "status": 0, "values": [v for v, _ in pairs]}
        rows.append(row)
    refused = frame(0x88, 9, b"", status=0x0D)
    rows.append({"name": "COMMIT refused", "hex": refused.hex(), "op": 8, "id": 9, "status": 13, "values": []})
    rows += [
        bad("nothing", b"", "length"),
        bad("no status", frame(0x83, 1, b""), "length"),
        bad("a request", frame(0x05, 1, bytes(8)), "field"),
        bad("LIST one byte short", frame(0x87, 1, bytes(18), status=0), "length"),
        bad("PROVE one byte short", frame(0x93, 1, bytes(7), status=0), "length"),
        bad("START without a session", frame(0x82, 1, b"\x01", status=0), "length"),
    ]
    return rows


def adverts():
    service = bytes.fromhex("578b0e6c1a4f219d6e4b3f5c01008e7a")
    head = b"\x02\x01\x06\x11\x07" + service
    rows = []
    for name, shown in (
        ("thigh-L", b"thigh-L"),
        ("longer name", b"longer n"),
        ("", b""),
        ("Hüftgelenk", b"H\xc3\xbcftgel"),
    ):
        data = head + bytes([1 + len(shown), 9]) + shown
        response = b"\x09\xff\xff\xff\x01" + bytes([1, 80, 3]) + b"\xe5\xf6"
        status = {"state": 1, "battery_percent": 80, "pending": 3, "uid16": "e5f6"}
        rows.append({"name": name, "hex": data.hex(), "response": response.hex(), "status": status})
    return rows


def line(channel, message):
    body = channel.encode() + message
    data = message + u(binascii.crc_hqx(body, 0xFFFF), 2)
    return b"~" + channel.encode() + binascii.b2a_base64(data)


def lines():
    whole = block(fields(1, 10), raw(10), quats(5))
    rows = [
        {"name": f"channel {c}", "hex": line(c, m).hex(), "channel": c, "message": m.hex()}
        for c, m in (("C", frame(0x03, 1, b"")), ("L", whole), ("B", whole), ("S", bytes(10)), ("C", bytes(256)))
    ]
    good_line = line("C", b"\x02\x03\x01")
    rows += [
        {"name": name, "hex": data.hex(), "channel": None, "message": None}
        for name, data in (("a prompt", b">>> \n"), ("nothing", b"\n"), ("a traceback", b"Traceback (most recent\r\n"))
    ]
    rows += [
        bad("another letter", b"~L" + good_line[2:], "crc"),
        bad("one character changed", good_line[:3] + b"Z" + good_line[4:], "crc"),
        bad("cut off", good_line[:-4], "crc"),
        bad("no base64", b"~C!!\n", "crc"),
        bad("the mark alone", b"~\n", "crc"),
        bad("unknown channel", line("X", b"abc"), "field"),
    ]
    return rows


def pings():
    ping = b"\x01\x2a" + u(1_700_000_000_123_456, 8)
    pong = b"\x81\x2a" + u(2**40 + 5, 8) + u(1234, 4)
    return [
        {"name": "ping", "hex": ping.hex(), "values": [42, 1_700_000_000_123_456]},
        {"name": "pong", "hex": pong.hex(), "values": [42, 2**40 + 5, 1234]},
        bad("ping, one byte short", ping[:-1], "length"),
        bad("pong, one byte long", pong + b"\0", "length"),
        bad("ping that starts otherwise", b"\x02" + ping[1:], "field"),
        bad("pong that starts otherwise", b"\x01" + pong[1:], "field"),
    ]


HMAC_SHA256 = [  # RFC 4231, section 4: key, data, digest of cases 1-4, 6 and 7 (5 is cut to 128 bits)
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
        b"hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]


def proofs():
    """HMAC by itself, then the tags of both sides."""
    rows = [{"key": key.hex(), "data": data.hex(), "digest": digest} for key, data, digest in HMAC_SHA256]
    shared = {"secret": SECRET.hex(), "uid": UID, "nonces": [u(NONCE, 8).hex(), u(BOARD_NONCE, 8).hex()]}
    return rows + [{**shared, "side": side, "tag": tag(side.encode()).hex()} for side in ("host", "board")]


def tables():
    return {
        "proofs": proofs(),
        "requests": requests(),
        "answers": answers(),
        "adverts": adverts(),
        "lines": lines(),
        "pings": pings(),
    }
