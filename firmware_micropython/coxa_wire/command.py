"""Commands: what a host asks of a board, and the answers. Specified in docs/wire.md.

A frame is `length, op, request id, payload`; an answer is `length, op | 0x80, request id, status, payload`, where
`length` counts the bytes after itself. Both directions are streams of frames: pieces of any size joined by `Frames`.
"""

import struct

from .errors import FIELD, LENGTH, WireError

HELLO = 0x01
START = 0x02
STOP = 0x03
ACK = 0x04  # the only one without an answer
RANGE = 0x05
ABORT_BULK = 0x06
LIST = 0x07
COMMIT = 0x08
MARK = 0x09
IDENTIFY = 0x0A
SELFTEST = 0x0B
GYRO_STILL = 0x0C
GET_CFG = 0x0D
SET_CFG = 0x0E
SET_TIME = 0x0F
REBOOT = 0x10
SESSION_INFO = 0x11
RANGE_DONE = 0x12  # never asked for: the board reports the end of a RANGE under its request id
PROVE = 0x13
LOG = 0x14

SIGNALS = ("identify", "end_range", "start", "stop", "marker", "error")
"""What IDENTIFY can ask for, by its number."""

LOGS = ("counts", "notes", "crash 0", "crash 1", "crash 2", "crash 3")
"""What LOG can ask for, by its number."""

OK = 0x00
BAD_LEN = 0x01
UNKNOWN_OP = 0x02
BAD_STATE = 0x03
BAD_ARG = 0x04
NO_SESSION = 0x05
RANGE_GONE = 0x06
FLASH_FULL = 0x07
IMU_FAULT = 0x08
LOW_BATT = 0x09
BUSY = 0x0A
CRC_MISMATCH = 0x0B
VERSION = 0x0C
NEED_BUTTON = 0x0D
INTERNAL = 0x0E

MAX_PAYLOAD = 252  # of an answer; its length byte counts three bytes more

# Payloads of numbers; ops that are missing carry bytes, see docs/wire.md.
_REQUESTS = {
    HELLO: "<BBQ",  # major, minor version of the host; its nonce
    START: "<HBQB",  # session, 0 for the next; profile, 0 as configured; Unix time in ms, 0 unknown; flags, none yet
    STOP: "<",
    ACK: "<HI",  # session; all blocks before this one are stored by the host
    RANGE: "<HIH",  # session, first block, how many
    ABORT_BULK: "<",
    LIST: "<B",  # number in the list, from 0
    COMMIT: "<HII",  # session, blocks, CRC-32 over their bytes
    MARK: "<B",  # code
    IDENTIFY: "<B",  # pattern
    SELFTEST: "<",
    GYRO_STILL: "<H",  # ms
    SET_TIME: "<Q",  # Unix time, ms
    REBOOT: "<B",  # 0 as usual, 1 bootloader, 2 safe mode
    SESSION_INFO: "<H",  # session, 0 for the board as it is now
    PROVE: "<Q",  # tag of the host, see `proof`
    LOG: "<BH",  # number in LOGS, offset in bytes
}
_ANSWERS = {
    HELLO: "<BBBQ",  # major, minor version of the board; 1 if it trusts the host already; its nonce
    START: "<H",  # session
    LIST: "<HIIQB",  # session, blocks, CRC-32 over their bytes, Unix time at the start in ms, flags
    RANGE_DONE: "<HIHH",  # session, first block, how many; of these, how many the board could not read
    PROVE: "<Q",  # tag of the board
}
_BITS = {"B": 8, "H": 16, "I": 32, "Q": 64}
_ANSWER = 0x80


class Request:
    """One received request.

    Attributes:
        op: HELLO … LOG, or one this version does not know.
        request_id: chosen by the host; the answer carries the same.
        payload: bytes after it.
    """

    def __init__(self, op: int, request_id: int, payload: bytes) -> None:
        """Takes the attributes."""
        self.op = op
        self.request_id = request_id
        self.payload = payload

    def values(self) -> tuple[int, ...]:
        """The numbers of the payload.

        Raises:
            WireError: reason `length`: too few or too many bytes for this op; `field`: its payload is no numbers.
        """
        layout = _REQUESTS.get(self.op)
        if layout is None:
            raise WireError(FIELD, f"the payload of command {self.op:#04x} is no numbers")
        if len(self.payload) != struct.calcsize(layout):
            raise WireError(LENGTH, f"command {self.op:#04x} takes {struct.calcsize(layout)} bytes")
        return struct.unpack(layout, self.payload)


class Answer:
    """One received answer.

    Attributes:
        op: of the request, or RANGE_DONE.
        request_id: of the request.
        status: OK … INTERNAL.
        payload: bytes after it; empty in a refusal, as a rule.
    """

    def __init__(self, op: int, request_id: int, status: int, payload: bytes) -> None:
        """Takes the attributes."""
        self.op = op
        self.request_id = request_id
        self.status = status
        self.payload = payload

    def values(self) -> tuple[int, ...]:
        """The numbers of the payload; none in a refusal without them. What a newer minor version adds is ignored.

        Raises:
            WireError: reason `length`: too few bytes.
        """
        layout = _ANSWERS.get(self.op, "<")
        if self.status != OK and not self.payload:
            return ()
        if len(self.payload) < struct.calcsize(layout):
            raise WireError(LENGTH, f"the answer to command {self.op:#04x} has only {len(self.payload)} bytes")
        return struct.unpack(layout, self.payload[: struct.calcsize(layout)])


def encode_request(op: int, request_id: int, *values: int) -> bytes:
    """The frame of a request whose payload is numbers.

    Raises:
        WireError: reason `field`: another number of values than the op takes, or one that does not fit.
    """
    return _frame(op, request_id, _packed(_REQUESTS.get(op), values))


def encode_get_config(request_id: int, key: str) -> bytes:
    """The frame of GET_CFG.

    Raises:
        WireError: reason `field`: too long.
    """
    return _frame(GET_CFG, request_id, key.encode())


def encode_set_config(request_id: int, key: str, value: bytes) -> bytes:
    """The frame of SET_CFG; the value is JSON.

    Raises:
        WireError: reason `field`: too long.
    """
    name = key.encode()
    return _frame(SET_CFG, request_id, bytes([len(name) & 0xFF]) + name + value)


def split_set_config(payload: bytes) -> tuple[str, bytes]:
    """Key and value of a SET_CFG.

    Raises:
        WireError: reason `length`: shorter than it says; `field`: the key is no text.
    """
    if not payload or len(payload) < 1 + payload[0]:
        raise WireError(LENGTH, "SET_CFG is shorter than its key")
    return text(payload[1 : 1 + payload[0]]), payload[1 + payload[0] :]


def text(data: bytes) -> str:
    """Bytes as text.

    Raises:
        WireError: reason `field`: not UTF-8.
    """
    try:
        return data.decode()
    except ValueError:  # UnicodeError is one, on both interpreters
        raise WireError(FIELD, "a name in a command is not UTF-8") from None


def encode_answer(op: int, request_id: int, status: int, *values: int) -> bytes:
    """The frame of an answer whose payload is numbers; a refusal may go without them.

    Raises:
        WireError: reason `field`: another number of values than the op gives, or one that does not fit.
    """
    payload = _packed(_ANSWERS.get(op, "<"), values) if values or status == OK else b""
    return encode_answer_bytes(op, request_id, status, payload)


def encode_answer_bytes(op: int, request_id: int, status: int, payload: bytes) -> bytes:
    """The frame of an answer whose payload is bytes.

    Raises:
        WireError: reason `field`: more than MAX_PAYLOAD bytes.
    """
    return _frame(op | _ANSWER, request_id, bytes([status]) + payload)


def decode_request(frame: bytes) -> Request:
    """A frame as a request; its payload is not yet looked at.

    Raises:
        WireError: reason `length`.
    """
    _check(frame, 3)
    return Request(frame[1], frame[2], frame[3:])


def decode_answer(frame: bytes) -> Answer:
    """A frame as an answer; its payload is not yet looked at.

    Raises:
        WireError: reason `length`; `field` if it is a request.
    """
    _check(frame, 4)
    if not frame[1] & _ANSWER:
        raise WireError(FIELD, f"{frame[1]:#04x} is the op of a request, not of an answer")
    return Answer(frame[1] & ~_ANSWER, frame[2], frame[3], frame[4:])


class Frames:
    """Cuts a stream of bytes into frames, whatever the pieces it comes in.

    Attributes:
        dropped: bytes that could not be part of a frame.
    """

    def __init__(self) -> None:
        """Starts with nothing received."""
        self.dropped = 0
        self._rest = b""

    @property
    def waiting(self) -> bool:
        """Whether a frame has begun and not ended; when that lasts, something was lost: `reset`."""
        return bool(self._rest)

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """Takes the next bytes; returns the frames they complete. A length too short for a frame drops the rest."""
        rest = self._rest + bytes(data)
        frames: list[bytes] = []
        while rest:
            end = 1 + rest[0]
            if end < 3:
                self.dropped += len(rest)
                rest = b""
            elif len(rest) < end:
                break
            else:
                frames.append(rest[:end])
                rest = rest[end:]
        self._rest = rest
        return frames

    def reset(self) -> None:
        """Forgets a frame that has begun: on a new connection, or when its end does not come."""
        self.dropped += len(self._rest)
        self._rest = b""


def _packed(layout: str | None, values: tuple[int, ...]) -> bytes:
    codes = "" if layout is None else layout[1:]
    if layout is None or len(codes) != len(values):
        raise WireError(FIELD, f"{len(values)} values for a command that takes {len(codes)}")
    # By shifts, as MicroPython packs what does not fit cut off.
    for i in range(len(codes)):
        if values[i] >> _BITS[codes[i]]:
            raise WireError(FIELD, f"{values[i]} does not fit value {i} of the command")
    return struct.pack(layout, *values)


def _frame(op: int, request_id: int, payload: bytes) -> bytes:
    if len(payload) > 253 or request_id >> 8 or op >> 8:
        raise WireError(FIELD, f"command {op:#04x} does not fit a frame: {len(payload)} bytes, request {request_id}")
    return bytes([2 + len(payload), op, request_id]) + payload


def _check(frame: bytes, shortest: int) -> None:
    if len(frame) < shortest or len(frame) != 1 + frame[0]:
        raise WireError(LENGTH, f"a frame of {len(frame)} bytes does not have the length it says")
