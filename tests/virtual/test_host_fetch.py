"""The host fetches from the real firmware over a real pipe, with everything going wrong on the way."""

import asyncio
import os
import random
import sqlite3
import time
import zlib
from itertools import pairwise

import interpreters
import pytest

from coxa.errors import StoreError
from coxa.link import Client, LineChannel, LinkLostError, RefusedError, fetch, fit_clock
from coxa.link import client as client_module
from coxa.store import Inbox
from coxa_wire import command, decode

SCRIPT = interpreters.HERE / "scripts" / "link_sessions_script.py"
UID = "a1b2c3d4e5f6"
BLOCKS = 150
TIMEOUT_S = 60


class Board:
    """A board in a process of its own, behind a line that damages, drops and doubles what passes."""

    def __init__(self, seed=0, damage=0.0):
        self._random = random.Random(seed)
        self.damage = damage

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *interpreters.command(64), "-X", "heapsize=4M", str(SCRIPT), str(BLOCKS),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "MICROPYPATH": ":".join(map(str, interpreters.SOURCES)) + ":.frozen"},
        )  # fmt: skip
        return self

    async def __aexit__(self, *_):
        self.unplug()
        await self.process.wait()
        self.process._transport.close()

    def unplug(self):
        if self.process.returncode is None:
            self.process.kill()
        self.damage = 3.0  # whatever is still in the pipe is gone

    def channel(self):
        """The host's end. A second one is a host that comes back."""
        return LineChannel(_Damaging(self), _Damaging(self))

    def pass_on(self, text):
        fate = self._random.random()
        if fate < self.damage / 3:
            return b""
        if fate < self.damage * 2 / 3:
            at = self._random.randrange(len(text) - 1)
            return text[:at] + bytes([text[at] ^ 1 << self._random.randrange(6)]) + text[at + 1 :]
        return text * 2 if fate < self.damage else text


class _Damaging:
    """A stream reader and writer of the board's process, with the faults of its line."""

    def __init__(self, board):
        self._board = board

    async def readuntil(self, end):
        while True:
            text = await self._board.process.stdout.readuntil(end)
            kept = self._board.pass_on(text)
            if kept.endswith(end):
                return kept

    def write(self, text):
        self._board.process.stdin.write(self._board.pass_on(text))

    async def drain(self):
        await self._board.process.stdin.drain()

    def close(self):
        pass


def in_time(work):
    return asyncio.run(asyncio.wait_for(work, TIMEOUT_S))


async def fetched(board, path, **options):
    with Inbox(path, UID) as inbox:
        async with Client(board.channel(), inbox.keep) as client:
            await client.hello()
            return await fetch(client, inbox, **options)


def check_whole(path, found):
    assert [one.state for one in found] == ["whole", "whole"]
    with Inbox(path, UID) as inbox:
        for one in found:
            blocks = inbox.blocks(one.listed.session)
            assert [decode(block).seq for block in blocks] == list(range(one.listed.n_blocks))
            assert zlib.crc32(b"".join(blocks)) == one.listed.crc32
        assert inbox.whole() == [one.listed.session for one in found]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Over a pipe an answer takes milliseconds: what is lost need not be waited for as long as over the air."""
    if interpreters.command(64) is None:
        pytest.skip(interpreters.MISSING_64)
    monkeypatch.setattr(client_module, "ANSWER_S", 0.1)
    monkeypatch.setattr(client_module, "ACK_S", 0.05)
    monkeypatch.setattr(client_module, "STALLED_S", 0.3)
    monkeypatch.setattr(client_module, "TRIES", 30)


def test_everything_is_fetched_checked_and_only_then_deleted(tmp_path):
    async def work():
        async with Board() as board:
            found = await fetched(board, tmp_path / "store")
            assert [one.deleted for one in found] == [True, True]
            assert await fetched(board, tmp_path / "store") == [], "nothing is left on the board"
            return found

    check_whole(tmp_path / "store", in_time(work()))


@pytest.mark.parametrize(("damage", "seed"), [(0.1, 0), (0.1, 1), (0.1, 2), (0.3, 3), (0.3, 4)])
def test_lines_that_are_damaged_lost_or_doubled_lose_nothing(tmp_path, seed, damage):
    async def work():
        async with Board(seed, damage) as board:
            for _ in range(20):  # where nothing comes through at all, the user tries again
                try:
                    return await fetched(board, tmp_path / "store", delete=False)
                except client_module.NoAnswerError:
                    continue
            raise AssertionError("not done after 20 attempts")

    check_whole(tmp_path / "store", in_time(work()))


async def interrupted(board, path, blocks, interrupt):
    """Fetches until so many blocks are stored, and then `interrupt` is called."""
    with Inbox(path, UID) as inbox:

        def keep(session, arrived):
            stored = inbox.keep(session, arrived)
            if stored >= blocks:
                interrupt()
            return stored

        async with Client(board.channel(), keep) as client:
            await client.hello()
            await fetch(client, inbox)


def check_part(path, blocks):
    with Inbox(path, UID) as inbox:
        assert blocks <= len(inbox.numbers(1)) < BLOCKS
        assert inbox.whole() == []


def test_a_host_that_was_ended_goes_on_where_it_stopped(tmp_path):
    async def host(board):
        await interrupted(board, tmp_path / "store", 40, asyncio.current_task().cancel)

    async def work():
        async with Board() as board:
            with pytest.raises(asyncio.CancelledError):
                await asyncio.create_task(host(board))
            check_part(tmp_path / "store", 40)
            return await fetched(board, tmp_path / "store")

    check_whole(tmp_path / "store", in_time(work()))


def test_a_board_that_is_unplugged_leaves_what_came(tmp_path):
    async def work():
        async with Board() as board:
            with pytest.raises(LinkLostError, match="port is gone"):
                await interrupted(board, tmp_path / "store", 20, board.unplug)
            check_part(tmp_path / "store", 20)

    in_time(work())


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_acknowledged_or_deleted(tmp_path, monkeypatch):
    def full(*_):
        raise StoreError("the disk is full", "Make room.")

    async def work():
        async with Board() as board:
            with Inbox(tmp_path / "store", UID) as inbox:
                monkeypatch.setattr(inbox, "keep", full)
                with pytest.raises(StoreError, match="disk is full"):
                    async with Client(board.channel(), inbox.keep) as client:
                        await client.hello()
                        await fetch(client, inbox)
            monkeypatch.undo()
            return await fetched(board, tmp_path / "store")

    check_whole(tmp_path / "store", in_time(work()))


def test_what_does_not_match_the_boards_checksum_is_not_deleted(tmp_path):
    with Inbox(tmp_path / "store", UID) as inbox:
        inbox.keep(1, [(3, bytes(180))])  # of another recording under the same number

    async def work():
        async with Board() as board:
            found = await fetched(board, tmp_path / "store")
            assert [(one.state, one.deleted) for one in found] == [("differs", False), ("whole", True)]
            left = await fetched(board, tmp_path / "store")
            assert [one.listed.session for one in left] == [1]

    in_time(work())


def test_what_the_board_refuses_is_told_with_advice():
    async def work():
        async with Board() as board, Client(board.channel(), lambda *_: 0) as client:
            await client.hello()
            with pytest.raises(RefusedError, match="no such session"):
                await client.ask(command.COMMIT, 9, 1, 1)

    in_time(work())


def test_the_board_tells_its_time():
    async def work():
        async with Board() as board, Client(board.channel(), lambda *_: 0) as client:
            await client.hello()  # the board's process has started: a ping is not sent again
            return [await client.ping(lambda: time.monotonic_ns() // 1000) for _ in range(8)]

    pings = in_time(work())
    assert all(ping.t4_us >= ping.t1_us and ping.held_us >= 0 for ping in pings)
    # The board's virtual clock stands still while it reads its port, so two pings may come at the same time.
    assert all(b.t2_us >= a.t2_us for a, b in pairwise(pings))
    assert fit_clock(pings).used == 2


def test_other_content_under_a_known_number_is_refused(tmp_path):
    with Inbox(tmp_path / "store", UID) as inbox:
        assert inbox.keep(1, [(0, b"a" * 180), (2, b"c" * 180)]) == 1
        assert inbox.keep(1, [(0, b"a" * 180), (1, b"b" * 180)]) == 3
        with pytest.raises(StoreError, match="block 1 of session 1"):
            inbox.keep(1, [(3, b"d" * 180), (1, b"x" * 180)])
        assert inbox.numbers(1) == [0, 1, 2], "nothing of a refused call is kept"
    with sqlite3.connect(tmp_path / "store") as db:
        assert db.execute("SELECT count(*) FROM inbox_blocks").fetchone()[0] == 3
