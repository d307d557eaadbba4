"""Executes the commands of a host, each once, and answers every one."""

from micropython import const

from coxa_board.link.guard import Guard
from coxa_wire import VERSION_MAJOR, VERSION_MINOR, WireError, command
from coxa_wire.command import BAD_ARG, BAD_LEN, BUSY, INTERNAL, NEED_BUTTON, NO_SESSION, OK, RANGE_GONE, UNKNOWN_OP
from coxa_wire.errors import LENGTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coxa_board.device import Device
    from coxa_board.link.sender import Sender
    from coxa_wire.command import Request

_FRESH = (command.HELLO, command.PROVE)  # an answer of before would be one to another nonce
_REMEMBERED = const(4)  # answers kept for requests that come again; a host has one under way, or a few


class Dispatcher:
    """The commands of one link.

    Attributes:
        sender: what RANGE, ACK and ABORT_BULK are for; set by the link.
        greeted: a HELLO came on this connection.
    """

    def __init__(self, device: Device) -> None:
        """Takes what is to be commanded."""
        self._device = device
        self.sender: Sender | None = None
        self.greeted = False
        self._guard = Guard(device)
        self._answered: list[tuple[bytes, bytes]] = []
        self._handlers: dict[int, Callable[[Request], bytes]] = {
            command.HELLO: self._hello,
            command.START: self._start,
            command.STOP: self._stop,
            command.ACK: self._ack,
            command.RANGE: self._range,
            command.ABORT_BULK: self._abort_bulk,
            command.LIST: self._list,
            command.COMMIT: self._commit,
            command.MARK: self._mark,
            command.IDENTIFY: self._identify,
            command.SELFTEST: self._selftest,
            command.GYRO_STILL: self._gyro_still,
            command.GET_CFG: self._get_config,
            command.SET_CFG: self._set_config,
            command.SET_TIME: self._set_time,
            command.REBOOT: self._reboot,
            command.SESSION_INFO: self._session_info,
            command.PROVE: self._prove,
            command.LOG: self._log,
        }

    def reset(self) -> None:
        """A connection begins or ends: nothing is known of the host."""
        self.greeted = False
        self._guard.reset()
        self._answered = []
        if self.sender is not None:
            self.sender.reset()

    def handle(self, frame: bytes, *, tethered: bool) -> bytes:
        """Executes a request and returns the frame of its answer; empty where none is due.

        A request that was done and comes again, the same to the byte, gets the answer of the first time. One that was
        refused is tried again.

        Args:
            frame: one whole frame.
            tethered: it came by cable: whoever sent it has the board in their hands.
        """
        for known, answer in self._answered:
            if known == frame:
                return answer
        try:
            request = command.decode_request(frame)
        except WireError:
            self._device.count("frame")
            return b""
        answer = self._execute(request, tethered)
        if request.op == command.ACK:
            return b""
        if answer[3] == OK and request.op not in _FRESH:
            self._answered = (self._answered + [(frame, answer)])[-_REMEMBERED:]
        return answer

    def _execute(self, request: Request, tethered: bool) -> bytes:
        handler = self._handlers.get(request.op)
        if handler is None:
            return _answer(request, UNKNOWN_OP)
        if not self._guard.lets(request.op, tethered):
            return _answer(request, NEED_BUTTON)
        try:
            return handler(request)
        except WireError as error:
            return _answer(request, BAD_LEN if error.reason == LENGTH else BAD_ARG)
        except Exception:
            self._device.count("command")
            return _answer(request, INTERNAL)

    def _hello(self, request: Request) -> bytes:
        other = request.payload[:1] not in (b"", bytes([VERSION_MAJOR]))  # whose HELLO may have any length
        nonce = 0 if other else request.values()[2]
        self.reset()
        self.greeted = True
        if other:
            return _answer(request, command.VERSION, VERSION_MAJOR, VERSION_MINOR, 0, 0)
        if self.sender is not None:
            self.sender.begin()
        return _answer(request, OK, VERSION_MAJOR, VERSION_MINOR, 0, self._guard.challenge(nonce))

    def _prove(self, request: Request) -> bytes:
        tag = self._guard.prove(request.values()[0])
        return _answer(request, NEED_BUTTON) if tag is None else _answer(request, OK, tag)

    def _start(self, request: Request) -> bytes:
        session, profile, unix_ms, flags = request.values()
        status, number = self._device.start(session, profile, unix_ms, flags)
        return _answer(request, status, number)

    def _stop(self, request: Request) -> bytes:
        request.values()
        return _answer(request, self._device.stop())

    def _ack(self, request: Request) -> bytes:
        session, next_seq = request.values()
        if self.sender is not None:
            self.sender.acknowledged(session, next_seq)
        return b""

    def _range(self, request: Request) -> bytes:
        session, first, count = request.values()
        if not count:
            return _answer(request, BAD_ARG)
        described = self._device.recorder.describe(session)
        if described is None:
            return _answer(request, NO_SESSION)
        count = min(count, described[0] - first)
        if count <= 0:
            return _answer(request, RANGE_GONE)
        taken = self.sender is not None and self.sender.request(request.request_id, session, first, count)
        return _answer(request, OK if taken else BUSY)

    def _abort_bulk(self, request: Request) -> bytes:
        request.values()
        if self.sender is not None:
            self.sender.abort()
        return _answer(request, OK)

    def _list(self, request: Request) -> bytes:
        (i,) = request.values()
        sessions = self._device.recorder.sessions()
        described = self._device.recorder.describe(sessions[i]) if i < len(sessions) else None
        return _answer(request, NO_SESSION) if described is None else _answer(request, OK, sessions[i], *described)

    def _commit(self, request: Request) -> bytes:
        session, n_blocks, crc32 = request.values()
        return _answer(request, self._device.recorder.commit(session, n_blocks, crc32))

    def _mark(self, request: Request) -> bytes:
        return _answer(request, self._device.mark(request.values()[0]))

    def _identify(self, request: Request) -> bytes:
        return _answer(request, self._device.signal(request.values()[0]))

    def _selftest(self, request: Request) -> bytes:
        request.values()
        status, report = self._device.selftest()
        return _answer_bytes(request, status, report)

    def _gyro_still(self, request: Request) -> bytes:
        status, bias = self._device.still(request.values()[0])
        return _answer_bytes(request, status, bias)

    def _get_config(self, request: Request) -> bytes:
        value = self._device.get_config(command.text(request.payload))
        return _answer(request, BAD_ARG) if value is None else _answer_bytes(request, OK, value)

    def _set_config(self, request: Request) -> bytes:
        key, value = command.split_set_config(request.payload)
        return _answer(request, self._device.set_config(key, value))

    def _set_time(self, request: Request) -> bytes:
        return _answer(request, self._device.set_time(request.values()[0]))

    def _reboot(self, request: Request) -> bytes:
        return _answer(request, self._device.reboot(request.values()[0]))

    def _log(self, request: Request) -> bytes:
        number, offset = request.values()
        if number >= len(command.LOGS):
            return _answer(request, BAD_ARG)
        piece, more = self._device.log(command.LOGS[number], offset, command.MAX_PAYLOAD - 1)
        return _answer_bytes(request, OK, bytes([more]) + piece)

    def _session_info(self, request: Request) -> bytes:
        (session,) = request.values()
        info = self._device.recorder.info(session) if session else self._device.info()
        return _answer_bytes(request, OK, info) if info else _answer(request, NO_SESSION)


def _answer(request: Request, status: int, *values: int) -> bytes:
    return command.encode_answer(request.op, request.request_id, status, *values)


def _answer_bytes(request: Request, status: int, payload: bytes) -> bytes:
    return command.encode_answer_bytes(request.op, request.request_id, status, payload)
