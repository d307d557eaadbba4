"""One board to talk to: every request answered or an error, every block kept before it is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from coxa.errors import CoxaError
from coxa.link.channel import Channel, NoAnswerError, RefusedError
from coxa.link.clock import Ping
from coxa_wire import VERSION_MAJOR, VERSION_MINOR, Info, WireError, command, decode, decode_info, sync
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

Keep = Callable[[int, Sequence[tuple[int, bytes]]], int]
"""Stores blocks (number, bytes) of a session for good; returns the number before which all are stored."""


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
        self._answers: dict[int, asyncio.Future[command.Answer]] = {}
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
            if self._failure is None:
                self._store()
        finally:
            await self._channel.close()

    async def ask(self, op: int, *values: int) -> command.Answer:
        """Sends a request of numbers and waits for its answer.

        Raises:
            RefusedError: the board refused it.
            NoAnswerError: it did not answer, though asked `TRIES` times.
            LinkLostError: the connection is gone.
        """
        return await self._ask(self._next_id(), op, values)

    async def _ask(self, request_id: int, op: int, values: Sequence[int]) -> command.Answer:
        frame = command.encode_request(op, request_id, *values)
        answer: asyncio.Future[command.Answer] = asyncio.get_running_loop().create_future()
        self._answers[request_id] = answer
        try:
            for _ in range(TRIES):
                await self._send(CONTROL, frame)
                done, _ = await asyncio.wait([answer], timeout=ANSWER_S)
                if done:
                    found = answer.result()
                    if found.status != command.OK:
                        raise RefusedError(found.status)
                    return found
        finally:
            del self._answers[request_id]
        raise NoAnswerError(f"the board does not answer (command {op:#04x})", "Bring it closer, or restart it.")

    async def hello(self, token: int = 0) -> bool:
        """Greets the board; whether it trusts this host. Raises as `ask`."""
        return bool((await self.ask(command.HELLO, VERSION_MAJOR, VERSION_MINOR, token)).values()[2])

    async def info(self, session: int = 0) -> Info:
        """INFO of now, or of when a session started. Raises as `ask`, and WireError."""
        return decode_info((await self.ask(command.SESSION_INFO, session)).payload)

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
                    self._take_pong(message)
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

    def _take_answer(self, frame: bytes) -> None:
        try:
            answer = command.decode_answer(frame)
        except WireError:
            return  # what was asked will be asked again
        waiting = self._done if answer.op == command.RANGE_DONE else self._answers
        future = waiting.get(answer.request_id)
        if future is not None and not future.done():
            future.set_result(answer)

    def _take_pong(self, data: bytes) -> None:
        try:
            ping_id, t2_us, held_us = sync.decode_pong(data)
        except WireError:
            return
        pong, now_us = self._pongs.get(ping_id, (None, None))
        if pong is not None and now_us is not None and not pong.done():
            pong.set_result((t2_us, held_us, now_us()))

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
