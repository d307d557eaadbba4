"""Whatever order commands, losses of the link, resets and power cuts come in, the promises of the wire format hold.

The board is the real program in MicroPython, the host its real client, over the virtual radio.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import tempfile
import zlib
from pathlib import Path

import interpreters
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from coxa.errors import CoxaError
from coxa.link import Client, RefusedError
from coxa.link.discovery import Bluetooth, scan
from coxa.link.radio import open_ble
from coxa.virtual import clock
from coxa.virtual.board import HARD_RESET, Build
from coxa.virtual.world import World
from coxa_wire import command, decode

EXAMPLES = int(os.environ.get("COXA_EXAMPLES", "15"))
STEPS = 40
LIMIT_S = 600.0
GUARDED = {
    command.START: (0, 0, 0, 0),
    command.STOP: (),
    command.MARK: (1,),
    command.SET_TIME: (1_800_000_000_000,),
    command.REBOOT: (0,),
}
OPEN, END_UNKNOWN = 1, 2


class Conversation(RuleBasedStateMachine):
    """`sessions`: what must be on the board: number → (blocks, CRC-32) once it is closed and listed, else None."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=clock.VirtualLoop)
        self.loop = self.runner.get_loop()
        self.client = None
        self.trusted = False
        self.sessions = {}
        self.highest = 0
        self.recording = None
        self.blocks = {}
        self.pressed_at = None
        self.doubtful = set()  # a COMMIT without an answer: done or not
        self.stopping = False  # a STOP likewise

    def do(self, work):
        return self.runner.run(asyncio.wait_for(work, LIMIT_S))

    def act(self, what, *arguments, then_s=0.0):
        """Something that happens at once, and what it takes until it shows."""

        async def work():
            what(*arguments)
            await asyncio.sleep(then_s)

        self.do(work())

    @initialize(error_rate=st.sampled_from((0.0, 0.2)))
    def switch_on(self, error_rate):
        async def begin():
            self.secret = secrets.token_bytes(16)
            self.world = await World(Path(self.folder.name), 1).__aenter__()
            self.world.air.radio.error_rate = error_rate
            self.board = self.world.board(
                Build("coxa", "246f28abcdef", settings={"token": self.secret.hex(), "idle_sleep_s": 0})
            )
            central = await self.world.central()
            self.bluetooth = Bluetooth(central.scanner, central.client)

        self.folder = tempfile.TemporaryDirectory()
        self.do(begin())

    def teardown(self):
        try:
            if hasattr(self, "world"):
                if self.client is not None:
                    self.do(self._let_go())
                self.do(self.world.__aexit__())
        finally:
            self.runner.close()
            self.folder.cleanup()

    async def _let_go(self):
        client, self.client = self.client, None
        self.trusted = False
        with contextlib.suppress(CoxaError):
            await client.__aexit__(None, None, None)

    def keep(self, session, blocks):
        for seq, data in blocks:
            decode(data)
            assert self.blocks.setdefault((session, seq), data) == data, "a block has changed"
        return 0

    # Links.

    @precondition(lambda self: self.client is None and self.board.on)
    @rule(proof=st.sampled_from(("right", "right", "right", "none", "wrong")))
    def connect(self, proof):
        async def begin():
            (seen,) = await scan(self.bluetooth, 10.0, until=lambda _: True)
            client = await Client(await open_ble(self.bluetooth, seen), self.keep).__aenter__()
            self.client = client
            self.trusted = await client.hello({"right": self.secret, "none": b"", "wrong": bytes(16)}[proof])
            assert self.trusted == (proof == "right")

        self._survive(begin())

    @precondition(lambda self: self.client is not None)
    @rule()
    def disconnect(self):
        self.do(self._let_go())

    @precondition(lambda self: self.client is not None)
    @rule(seconds=st.sampled_from((1.0, 6.0, 20.0)))
    def out_of_range(self, seconds):
        radio = self.world.air.radio
        self.act(setattr, radio, "in_range", False, then_s=seconds)
        self.act(setattr, radio, "in_range", True)
        if seconds > radio.supervision_s and self.client is not None:
            self.do(self._let_go())

    @precondition(lambda self: self.client is not None)
    @rule(seconds=st.sampled_from((0.05, 1.0, 15.0, 70.0)))
    def wait(self, seconds):
        self.do(asyncio.sleep(seconds))
        if seconds > 60 and self.client is not None:
            self.do(self._let_go())  # a silent host is disconnected

    # The board.

    @precondition(lambda self: self.client is not None)
    @rule(cause=st.sampled_from((HARD_RESET, 1)), off_s=st.sampled_from((0.2, 3.0)))
    def reset(self, cause, off_s):
        self.act(self.board.power_off, then_s=off_s)
        self.act(self.board.power_on, cause)
        self._lost()

    @precondition(lambda self: self.board.on and self.recording is not None)
    @rule(operations=st.integers(1, 6))
    def power_cut_in_a_write(self, operations):
        self.act(self.board.cut_power_in, operations, then_s=20)
        if not self.board.on:
            self.act(self.board.power_on)
            self._lost()

    @precondition(lambda self: self.client is not None and not self.trusted)
    @rule()
    def press(self):
        self.act(self.board.press, 0.2, then_s=0.5)
        self.pressed_at = self.loop.time()

    def _lost(self):
        self.recording = None
        self.pressed_at = None
        if self.client is not None:
            self.do(self._let_go())
        self.do(asyncio.sleep(2))

    # Commands.

    @precondition(lambda self: self.client is not None)
    @rule(op=st.sampled_from(sorted(GUARDED)))
    def guarded(self, op):
        async def work():
            self.stopping |= op == command.STOP
            status = await self._status(op, *GUARDED[op])
            self.stopping = False
            pressed = self.pressed_at is not None and self.loop.time() - self.pressed_at < 58
            if not self.trusted and not pressed:
                unsure = self.pressed_at is not None and self.loop.time() - self.pressed_at < 62
                assert status == command.NEED_BUTTON or unsure, status
            if status != command.OK:
                return
            if op == command.START:
                await self._note_start()
            elif op == command.STOP:
                self.recording = None
            elif op == command.REBOOT:
                await self._let_go()
                self.pressed_at = None
                await asyncio.sleep(3)

        self._survive(work())

    @precondition(lambda self: self.client is not None and self.trusted)
    @rule()
    def start(self):
        self.guarded(command.START)

    @precondition(lambda self: self.client is not None and self.trusted and self.recording is None)
    @rule(seconds=st.sampled_from((0.5, 4.0)))
    def record(self, seconds):
        async def work():
            if await self._status(command.START, 0, 0, 0, 0) == command.OK:
                await self._note_start()
                await asyncio.sleep(seconds)
                self.stopping = True
                await self.client.ask(command.STOP)
                self.stopping, self.recording = False, None

        self._survive(work())

    async def _status(self, op, *values):
        try:
            await self.client.ask(op, *values)
        except RefusedError as refused:
            return refused.status
        return command.OK

    async def _note_start(self):
        info = await self.client.info()
        assert info.state == 1
        if self.recording is None:
            assert info.session > self.highest, "a number was given twice"
        else:
            assert info.session == self.recording, "START began another session beside the running one"
        self.recording = self.highest = info.session
        self.sessions.setdefault(info.session, None)

    @precondition(lambda self: self.client is not None and any(self.sessions.values()))
    @rule(data=st.data(), right=st.booleans())
    def commit(self, data, right):
        session = data.draw(st.sampled_from(sorted(n for n, figures in self.sessions.items() if figures)))
        n_blocks, crc32 = self.sessions[session]

        async def work():
            try:
                status = await self._status(command.COMMIT, session, n_blocks, crc32 if right else crc32 ^ 1)
            except CoxaError:
                self.sessions[session] = None  # heard or not: LIST will tell
                self.doubtful.add(session)
                raise
            if status == command.OK:
                assert right, "deleted in spite of a wrong checksum"
                del self.sessions[session]
            elif right and self.trusted:
                raise AssertionError(f"a right COMMIT was refused: {status}")

        self._survive(work())

    @precondition(lambda self: self.client is not None and any(self.sessions.values()))
    @rule(data=st.data())
    def read(self, data):
        session = data.draw(st.sampled_from(sorted(n for n, figures in self.sessions.items() if figures)))
        n_blocks, crc32 = self.sessions[session]
        if not n_blocks:
            return

        async def work():
            for first in range(0, n_blocks, 256):
                await self.client.download(session, first, min(256, n_blocks - first))
            whole = b"".join(self.blocks[session, seq] for seq in range(n_blocks) if (session, seq) in self.blocks)
            if len(whole) == 180 * n_blocks:
                assert zlib.crc32(whole) == crc32

        self._survive(work())

    def _survive(self, work):
        """Whatever the link does meanwhile is no fault of the board."""
        try:
            self.do(work)
        except (CoxaError, TimeoutError) as error:
            assert not isinstance(error, AssertionError)
            if self.client is not None:
                self.do(self._let_go())

    # What must hold.

    @precondition(lambda self: self.client is not None)
    @invariant()
    def nothing_is_gone_and_nothing_changes(self):
        async def look():
            listed = {one.session: one for one in await self.client.sessions()}
            info = await self.client.info()
            for session in self.doubtful & set(self.sessions):
                if session not in listed:
                    del self.sessions[session]
            self.doubtful.clear()
            if info.state == 1 and info.session not in self.sessions:
                assert info.session > self.highest
                self.sessions[info.session] = None  # a START whose answer was lost
                self.highest = self.recording = info.session
            assert set(listed) >= set(self.sessions), "a session is gone that nobody deleted"
            for session, one in listed.items():
                self.highest = max(self.highest, session)
                figures = (one.n_blocks, one.crc32)
                if one.flags & OPEN:
                    assert session == info.session and info.state == 1
                    continue
                if self.recording == session:
                    assert self.stopping, "the recording has ended by itself"
                    self.recording = None
                known = self.sessions.get(session)
                assert known in (None, figures), "a closed session has changed"
                self.sessions[session] = figures
            if self.recording is not None:
                assert info.state == 1 and info.session == self.recording, "the recording did not go on"

        self._survive(look())


@pytest.mark.skipif(interpreters.command(64) is None, reason=interpreters.MISSING_64)
def test_the_promises_hold_in_any_order(caplog):
    caplog.set_level(logging.ERROR, "bumble")

    run_state_machine_as_test(
        Conversation,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink), database=None,
        ),
    )  # fmt: skip
