"""One board's part of a recording: from START until every block is on the host, whatever happens in between.

`Recording.talk` is given each connection in turn (`Keeper`) and goes on where the last one broke off. While the board
records, blocks come by themselves (LIVE) and what was missed is asked for; then the session is stopped, compared with
the board's checksum, and only then deleted there. A board that restarted goes on in a session of its own: a part.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from coxa.link.channel import NoAnswerError, RefusedError
from coxa.link.client import Client, Listed
from coxa.link.clock import HostClock, Ping, fit_clock
from coxa.link.fetch import BEING_RECORDED, END_UNKNOWN, Fetched, Inbox, commit, fetch_one
from coxa.link.ranges import Coverage
from coxa.link.status import BoardStatus
from coxa_wire import BLOCK_LENGTH, Info, command, gatt

PINGS_AT_ONCE = 8
"""At the start of a connection: the quickest of so few is near the quickest there can be."""
PING_EVERY_S = 10.0
LOOK_EVERY_S = 2.0
"""How often the board is asked how far it is: it tells of a restart, and of blocks when LIVE stands still."""
STEP_S = 0.25
"""Longest wait before the next look at what is missing."""
AT_ONCE_S = 3.0
"""What is missing is asked for in pieces that take about this long, so that pings and looks come in between."""
AT_ONCE_LEAST, AT_ONCE_MOST = 32, 256
"""Blocks in one piece: each costs three packets of its own."""
WHOLE_BLOCK = gatt.ATT_HEADER + BLOCK_LENGTH
"""Bytes a packet must have room for, or blocks come in pieces."""
RECORDING = 1
"""State in INFO."""
SESSIONS_MOST = 65535


@dataclass(slots=True)
class Part:
    """A session on the board that belongs to the recording.

    Attributes:
        coverage: blocks that are here. `settled`: these, and those that the board said it cannot read.
        fetched: what came of it in the end.
    """

    session: int
    coverage: Coverage
    settled: Coverage
    fetched: Fetched | None = None


@dataclass(slots=True)
class Recording:
    """What is recorded on one board; give `talk` to a `Keeper`, and `keep` to its clients.

    Attributes:
        inbox: of the board.
        status: is kept up to date.
        clock: of this computer.
        delete: let the board delete what is whole.
        stop: set it to end the recording; `talk` then returns when everything is fetched.
        parts: sessions on the board so far.
    """

    inbox: Inbox
    status: BoardStatus
    clock: HostClock
    delete: bool = True
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    parts: list[Part] = field(default_factory=list[Part])
    on_start: Callable[[Info], None] | None = None
    _ended: bool = False
    _at_once: int = AT_ONCE_LEAST

    def keep(self, session: int, blocks: Sequence[tuple[int, bytes]]) -> int:
        """Stores blocks of any session of the board; returns the number before which all of it are stored."""
        stored = self.inbox.keep(session, blocks)
        for part in self.parts:
            if part.session == session:
                for seq, _ in blocks:
                    part.coverage.add(seq)
                    part.settled.add(seq)
                self._tell()
                return part.coverage.prefix
        return stored

    @property
    def begun(self) -> bool:
        """Whether the board has been reached."""
        return bool(self.parts)

    @property
    def fetched(self) -> tuple[Fetched, ...]:
        """The parts as far as they are fetched."""
        return tuple(part.fetched for part in self.parts if part.fetched is not None)

    def finish(self) -> None:
        """Ends the recording."""
        self.stop.set()

    async def talk(self, client: Client) -> None:
        """Uses one connection; returns when the recording has ended and every part is fetched, as far as it can be.

        Raises:
            LinkLostError, NoAnswerError: the link; to be called again with the next connection.
            RefusedError: the board cannot record: flash full, battery low, sensor fault, host not trusted.
        """
        if not self.parts:
            await self._start(client)
        await self._ping(client, PINGS_AT_ONCE)
        if client.mtu is not None and client.mtu < WHOLE_BLOCK:
            self.status.note = f"a slow link, of {client.mtu} bytes a packet: blocks come in pieces, some later"
        await self._record(client)
        for part in self.parts:
            await self._finish(client, part)

    async def _start(self, client: Client) -> None:
        """Begins a session, or joins the one that runs: a host that was ended comes back to it."""
        info = await client.info()
        newest = max((one.session for one in self.inbox.sessions()), default=0)
        # A board whose flash was erased counts from 1 again: a number that is known here gets no second meaning.
        number = newest + 1 if newest > info.session and newest < SESSIONS_MOST else 0
        running = info.state == RECORDING
        answer = await client.ask(command.START, 0 if running else number, 0, self.clock.unix_ms(), 0)
        session = int(answer.values()[0])
        payload = (await client.ask(command.SESSION_INFO, session)).payload
        self.inbox.begin(session, payload, unix_ms=0, n_blocks=0, crc32=0)
        have = self.inbox.numbers(session)
        self.parts.append(Part(session, Coverage(have), Coverage(have)))
        self.status.session = session
        self.status.expected = info.next_seq if running else 0
        self._ended = False
        self._tell()
        if self.on_start is not None:
            self.on_start(await client.info(session))

    async def _record(self, client: Client) -> None:
        """Until the recording is to end, or has ended on the board."""
        now_s = asyncio.get_running_loop().time
        ping_s, look_s = now_s() + PING_EVERY_S, now_s()
        while not (self.stop.is_set() or self._ended):
            if now_s() >= look_s:
                look_s = now_s() + LOOK_EVERY_S
                await self._look(client)
            elif now_s() >= ping_s:
                ping_s = now_s() + PING_EVERY_S
                await self._ping(client, 1)
            elif not await self._backfill(client):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), STEP_S)
        if not self._ended:
            await client.ask(command.STOP)
            self._ended = True

    async def _look(self, client: Client) -> None:
        """How far the board is; a session that it does not record any more is over, or goes on in another one."""
        info = await client.info()
        part = self.parts[-1]
        if info.session == part.session and info.state == RECORDING:
            self.status.expected = info.next_seq
            self._tell()
            return
        self._ended = True
        listed = await _listed(client, part.session)
        if listed is None or not listed.flags & END_UNKNOWN:
            self.status.note = "it was ended on the board: by its button, a full flash or an empty battery"
            return
        self.status.note = "the board restarted"
        try:
            await self._start(client)
        except RefusedError as refused:  # what there is so far is fetched all the same
            self.status.note = f"the board restarted and did not go on: {refused.what}"

    async def _backfill(self, client: Client) -> bool:
        """Asks for the first blocks that are missing; whether there were any."""
        part = self.parts[-1]
        # What is not there below the highest that came will not come by itself: a link keeps the order.
        gaps = part.settled.gaps(max(part.coverage.end, self.status.expected - AT_ONCE_LEAST))
        if not gaps:
            return False
        first, count = gaps[0][0], min(gaps[0][1], self._at_once)
        begun_s = asyncio.get_running_loop().time()
        try:
            unreadable = await client.download(part.session, first, count)
        except RefusedError as refused:
            if refused.status in (command.RANGE_GONE, command.BUSY):
                return False
            raise
        if count == self._at_once:
            self._suit(asyncio.get_running_loop().time() - begun_s)
        left = [seq for seq in range(first, first + count) if not part.coverage.has(seq)]
        if len(left) == unreadable:  # then these are they, and not lost on the way; at the end they are asked for again
            for seq in left:
                part.settled.add(seq)
            self.status.unreadable += unreadable
        return True

    def _suit(self, took_s: float) -> None:
        """Makes the pieces larger or smaller, as the link is fast or slow."""
        if took_s < AT_ONCE_S / 2:
            self._at_once = min(2 * self._at_once, AT_ONCE_MOST)
        elif took_s > 2 * AT_ONCE_S:
            self._at_once = max(self._at_once // 2, AT_ONCE_LEAST)

    async def _finish(self, client: Client, part: Part) -> None:
        if part.fetched is not None and (part.fetched.deleted or not self.delete):
            return
        listed = await _listed(client, part.session)
        if listed is None:
            part.fetched = self._gone(part)
            return
        if listed.flags & BEING_RECORDED:
            raise NoAnswerError("the board still records", "It is asked again.")
        self.status.session, self.status.expected = part.session, listed.n_blocks
        part.fetched = await fetch_one(client, self.inbox, listed, self._progress)
        self.status.unreadable = sum(count for one in self.parts if one.fetched for _, count in one.fetched.missing)
        if self.delete and part.fetched.state == "whole":
            await commit(client, listed)
            self.inbox.deleted(part.session)
            part.fetched = replace(part.fetched, deleted=True)

    def _gone(self, part: Part) -> Fetched:
        """The board has the session no more: COMMIT was heard and its answer lost, or somebody else deleted it."""
        if part.fetched is not None and part.fetched.state == "whole":
            self.inbox.deleted(part.session)
            return replace(part.fetched, deleted=True)
        end = max(self.status.expected, part.coverage.end)
        return Fetched(Listed(part.session, end, 0, 0, 0), "gone", tuple(part.coverage.gaps(end)), deleted=True)

    def _progress(self, listed: Listed, stored: int) -> None:
        self.status.stored, self.status.expected = stored, listed.n_blocks

    def _tell(self) -> None:
        part = self.parts[-1]
        self.status.stored = part.coverage.count
        self.status.expected = max(self.status.expected, part.coverage.end)

    async def _ping(self, client: Client, count: int) -> None:
        """Compares the clocks; without an answer the next one will do."""
        pings: list[Ping] = []
        for _ in range(count):
            try:
                pings.append(await client.ping(self.clock.now_us))
            except NoAnswerError:
                break
        if not pings:
            return
        session = self.parts[-1].session if self.parts else 0
        self.inbox.note_pings(session, self.clock.run, pings)
        fit = fit_clock(pings)
        if fit is not None:
            self.status.rtt_ms = min(2 * ping.error_us for ping in pings) / 1000
            self.status.clock_error_ms = fit.error_us / 1000


async def _listed(client: Client, session: int) -> Listed | None:
    return next((one for one in await client.sessions() if one.session == session), None)
