"""One board to talk to: every request answered or an error, every block kept before it is acknowledged."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from coxa.errors import CoxaError, StoreError
from coxa.link.channel import Channel, NoAnswerError, RefusedError
from coxa.link.clock import Ping
from coxa_wire import VERSION_MAJOR, VERSION_MINOR, Info, WireError, command, decode, decode_info, proof, sync
from coxa_wire.line import BULK, CONTROL, LIVE, SYNC

ANSWER_S = 2.0
"""Wait for an answer before the same request is sent again: far above any connection interval."""
TRIES = 4
"""The board answers a repeated request without doing it twice, so trying again is safe."""
ACK_BLOCKS = 8
ACK_S = 1.0
"""The board sends 24 blocks ahead of an acknowledgement (docs/wire.md); a third of that keeps it going."""
STALLED_S = 10.0
"""A range in which nothing has come for so long has failed."""
_LOG_PIECES = 1 + 0xFFFF // (command.MAX_PAYLOAD - 1)
"""Of one log: LOG counts 65535 bytes, and what lies behind is not to be had."""

Keep = Callable[[int, Sequence[tuple[int, bytes]]], int]
"""Stores blocks (number, bytes) of a session for good; returns the number before which all are stored."""


def not_kept(_session: int, _blocks: Sequence[tuple[int, bytes]]) -> int:
    """A `Keep` for clients that want no blocks: what a board might send is still in its flash."""
    return 0


class ImpostorError(CoxaError):
    """A board that took the host's proof and could not give its own.

    Attributes:
        uid: what it says it is, 6 bytes.
    """

    def __init__(self, uid: bytes) -> None:
        """Takes the uid."""
        super().__init__(
            f"the board that says it is {uid.hex()} does not know the secret of that board",
            "Another device may pretend to be yours: move away from it. Is it yours, give it a new secret by cable.",
        )
        self.uid = uid


class UnreadableError(CoxaError):
    """A board's answer is not valid in this format: it is another version, or no board of ours."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A session on the board, as LIST tells it."""

    session: int
    n_blocks: int
    crc32: int
    unix_ms: int
    flags: int


class Client:
    """Use it in an `async with`; `keep` stores what comes."""

    def __init__(self, channel: Channel, keep: Keep, on_live: Callable[[bytes], None] | None = None) -> None:
        """Takes the way to the board, what stores blocks, and who wants to see LIVE blocks at once."""
        self._channel = channel
        self._keep = keep
        self._on_live = on_live
        self._request_id = 0
        self._answers: dict[tuple[int, int], asyncio.Future[command.Answer]] = {}
        self._done: dict[int, asyncio.Future[command.Answer]] = {}
        self._pongs: dict[int, tuple[asyncio.Future[tuple[int, int, int]], Callable[[], int]]] = {}
        self._arrived: dict[int, list[tuple[int, bytes]]] = {}
        self._moved = asyncio.Event()
        self._arrivals = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: CoxaError | None = None
        self.refused_blocks = 0
        """Blocks that came damaged, of another version, or on no session."""

    async def __aenter__(self) -> Client:
        """Starts to listen."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._acknowledge_in_time())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Stores what came last and lets go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            if not isinstance(self._failure, StoreError):
                self._store()
        finally:
            await self._channel.close()

    @property
    def mtu(self) -> int | None:
        """See `Channel`."""
        return self._channel.mtu

    async def ask(self, op: int, *values: int) -> command.Answer:
        """Sends a request of numbers and waits for its answer.

        Raises:
            RefusedError: the board refused it.
            NoAnswerError: it did not answer, though asked `TRIES` times.
            LinkLostError: the connection is gone.
        """
        return await self._ask(self._next_id(), op, values)

    async def request(self, frame: Callable[[int], bytes]) -> command.Answer:
        """The same for requests of bytes: `frame` makes one from a request id (`coxa_wire.command.encode_…`)."""
        request_id = self._next_id()
        return await self._exchange(request_id, frame(request_id), TRIES)

    async def _ask(self, request_id: int, op: int, values: Sequence[int], tries: int = TRIES) -> command.Answer:
        return await self._exchange(request_id, command.encode_request(op, request_id, *values), tries)

    async def _exchange(self, request_id: int, frame: bytes, tries: int) -> command.Answer:
        answer: asyncio.Future[command.Answer] = asyncio.get_running_loop().create_future()
        op = frame[1]
        self._answers[op, request_id] = answer
        try:
            for _ in range(tries):
                await self._send(CONTROL, frame)
                done, _ = await asyncio.wait([answer], timeout=ANSWER_S)
                if done:
                    found = answer.result()
                    if found.status != command.OK:
                        raise RefusedError(found.status)
                    return found
        finally:
            del self._answers[op, request_id]
        raise NoAnswerError(f"the board does not answer (command {op:#04x})", "Bring it closer, or restart it.")

    async def hello(self, secret: bytes = b"") -> bool:
        """Greets the board; whether it trusts this host, and is the one that knows the secret.

        Args:
            secret: of this board, 16 bytes; empty for a host without one, which is not trusted.

        Raises:
            ValueError: a secret of another length.
            ImpostorError: the board took the proof without knowing the secret itself. Else as `info`.
        """
        if len(secret) not in (0, proof.SECRET_LENGTH):
            raise ValueError(f"a secret has {proof.SECRET_LENGTH} bytes, not {len(secret)}")
        uid = (await self.info()).uid if secret else b""
        refused = False
        for _ in range(TRIES):  # an attempt whose answer is lost cannot be repeated: each has nonces of its own
            nonce = secrets.randbits(64)
            *_, board_nonce = (await self.ask(command.HELLO, VERSION_MAJOR, VERSION_MINOR, nonce)).values()
            if not secret:
                return False
            mine, theirs = [proof.tag(secret, side, uid, nonce, board_nonce) for side in (proof.HOST, proof.BOARD)]
            assert mine is not None and theirs is not None  # CPython has SHA-256
            try:
                answer = await self._ask(self._next_id(), command.PROVE, (mine,), tries=1)
            except NoAnswerError:
                continue
            except RefusedError as error:
                if error.status != command.NEED_BUTTON:
                    raise
                if refused:
                    return False
                refused = True  # or an answer to HELLO came so late that the board had the next one already: once more
                continue
            if answer.values() != (theirs,):
                raise ImpostorError(uid)
            return True
        raise NoAnswerError("the board does not answer when it is to prove itself", "Bring it closer, or restart it.")

    async def log(self) -> dict[str, str]:
        """What the board has kept of its crashes, notes and counts, by name; only what there is.

        Control characters are replaced: a log is for a person's terminal, and any board can write it.

        Raises:
            RefusedError: NEED_BUTTON: the board does not trust this host. Else as `ask`, and WireError.
        """
        found: dict[str, str] = {}
        for number, name in enumerate(command.LOGS):
            data = bytearray()
            for _ in range(_LOG_PIECES):
                payload = (await self.ask(command.LOG, number, len(data))).payload
                data += payload[1:]
                if len(payload) <= 1 or payload[0] == 0:  # an empty piece is the end, whatever it says
                    break
            if data:
                text = data.decode(errors="replace").replace("\r\n", "\n")
                found[name] = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
        return found

    async def info(self, session: int = 0) -> Info:
        """INFO of now, or of when a session started.

        Raises:
            UnreadableError: it is not valid in this format. Else as `ask`.
        """
        payload = (await self.ask(command.SESSION_INFO, session)).payload
        try:
            return decode_info(payload)
        except WireError as error:
            raise UnreadableError(error.what, error.advice or "Update the board, or coxa.") from error

    async def sessions(self) -> list[Listed]:
        """What is on the board, oldest first. Raises as `ask`."""
        found: list[Listed] = []
        for i in range(256):
            try:
                found.append(Listed(*(await self.ask(command.LIST, i)).values()))
            except RefusedError as refused:
                if refused.status == command.NO_SESSION:
                    break
                raise
        return found

    async def ping(self, now_us: Callable[[], int]) -> Ping:
        """Asks the board's clock, `now_us` being the host's.

        Raises:
            NoAnswerError: no answer came; a ping is not sent again, as it would measure the wait. Else LinkLostError.
        """
        ping_id = self._next_id()
        pong: asyncio.Future[tuple[int, int, int]] = asyncio.get_running_loop().create_future()
        self._pongs[ping_id] = (pong, now_us)
        try:
            t1_us = now_us()
            await self._send(SYNC, sync.encode_ping(ping_id, t1_us))
            done, _ = await asyncio.wait([pong], timeout=ANSWER_S)
            if not done:
                raise NoAnswerError("the board does not tell its time", "Bring it closer.")
            t2_us, held_us, t4_us = pong.result()
            return Ping(t1_us, t2_us, held_us, t4_us)
        finally:
            del self._pongs[ping_id]

    async def download(self, session: int, first: int, count: int) -> int:
        """Asks for blocks and waits until the board has sent them; returns how many it could not read.

        Blocks may still be missing afterwards, lost on the way, as may the board's word that it is done: look, and
        ask again.

        Raises:
            NoAnswerError: nothing came at all. Else as `ask`.
        """
        request_id = self._next_id()
        done: asyncio.Future[command.Answer] = asyncio.get_running_loop().create_future()
        self._done[request_id] = done
        try:
            arrivals = self._arrivals
            await self._ask(request_id, command.RANGE, (session, first, count))
            while not done.done():
                self._moved.clear()
                moved = asyncio.ensure_future(self._moved.wait())
                waiting: list[asyncio.Future[Any]] = [done, moved]
                ended, _ = await asyncio.wait(waiting, timeout=STALLED_S, return_when=asyncio.FIRST_COMPLETED)
                moved.cancel()
                if not ended:
                    if self._arrivals == arrivals:
                        raise NoAnswerError("the board sends nothing", "Bring it closer; what came is stored.")
                    break
            await self._acknowledge()
            return done.result().values()[3] if done.done() else 0
        finally:
            del self._done[request_id]

    def _next_id(self) -> int:
        self._request_id = self._request_id % 255 + 1
        return self._request_id

    async def _send(self, channel: str, message: bytes) -> None:
        if self._failure is not None:
            raise self._failure
        await self._channel.send(channel, message)

    async def _listen(self) -> None:
        try:
            while True:
                channel, message = await self._channel.receive()
                if channel == CONTROL:
                    self._take_answer(message)
                elif channel in (LIVE, BULK):
                    await self._take_block(channel, message)
                elif channel == SYNC:
                    self._take_pong(message, self._channel.received_at)
        except CoxaError as failure:  # the link is gone, or the store takes no more
            self._fail(failure)

    def _fail(self, failure: CoxaError) -> None:
        """Nothing more can be done; whoever waits is told."""
        self._failure = failure
        pongs = [pong for pong, _ in self._pongs.values()]
        waiting: list[asyncio.Future[Any]] = [*self._answers.values(), *self._done.values(), *pongs]
        for one in waiting:
            if not one.done():
                one.set_exception(failure)
                one.exception()  # who asked may have failed to send, and will never look

    def _take_answer(self, frame: bytes) -> None:
        try:
            answer = command.decode_answer(frame)
            answer.values()  # too short for its command: as good as none
        except WireError:
            return  # what was asked will be asked again
        if answer.op == command.RANGE_DONE:
            future = self._done.get(answer.request_id)
        else:  # of another command under the same number, it would have other fields
            future = self._answers.get((answer.op, answer.request_id))
        if future is not None and not future.done():
            future.set_result(answer)

    def _take_pong(self, data: bytes, at_s: float) -> None:
        try:
            ping_id, t2_us, held_us = sync.decode_pong(data)
        except WireError:
            return
        pong, now_us = self._pongs.get(ping_id, (None, None))
        if pong is not None and now_us is not None and not pong.done():
            waited_s = asyncio.get_running_loop().time() - at_s  # since it came, while blocks were being acknowledged
            pong.set_result((t2_us, held_us, now_us() - round(waited_s * 1e6)))

    async def _take_block(self, channel: str, data: bytes) -> None:
        try:
            block = decode(data)
        except WireError:
            self.refused_blocks += 1
            return
        self._arrivals += 1
        self._moved.set()
        if channel == LIVE and self._on_live is not None:
            self._on_live(data)
        self._arrived.setdefault(block.session, []).append((block.seq, data))
        if sum(map(len, self._arrived.values())) >= ACK_BLOCKS:
            await self._acknowledge()

    def _store(self) -> list[tuple[int, int]]:
        """Stores what has arrived; for each session, the number before which all is stored."""
        arrived, self._arrived = self._arrived, {}
        return [(session, self._keep(session, blocks)) for session, blocks in arrived.items()]

    async def _acknowledge(self) -> None:
        for session, stored in self._store():
            await self._send(CONTROL, command.encode_request(command.ACK, self._next_id(), session, stored))

    async def _acknowledge_in_time(self) -> None:
        while True:
            await asyncio.sleep(ACK_S)
            try:
                await self._acknowledge()
            except CoxaError as failure:
                self._fail(failure)
