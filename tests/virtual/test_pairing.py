"""A board becomes a known one by its button or its cable, once; others under its name get nothing."""

import asyncio
import contextlib
import logging
from dataclasses import replace

import interpreters
import pytest
import stage as stages

from coxa.link import Client, RefusedError
from coxa.link.client import ImpostorError
from coxa.link.discovery import Bluetooth, scan
from coxa.link.greeting import NotTrustedError
from coxa.link.pairing import NotPressedError, get_config, pair, set_config
from coxa.link.radio import open_ble
from coxa.store import Inbox
from coxa.virtual import clock
from coxa.virtual.board import Build
from coxa.virtual.world import World
from coxa_wire import command

UID = "246f28abc000"

pytestmark = pytest.mark.skipif(interpreters.command(64) is None, reason=interpreters.MISSING_64)


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.ERROR, "bumble")


def on_stage(folder, work, **settings):
    """Runs `work(board, open)` beside a new board; `open()` is a client of it."""

    async def play():
        async with World(folder, 1) as world:
            board = world.board(Build("thigh-L", UID, settings={"idle_sleep_s": 0, **settings}))
            central = await world.central()
            bluetooth = Bluetooth(central.scanner, central.client)

            @contextlib.asynccontextmanager
            async def opened():
                (seen,) = await scan(bluetooth, 10.0, until=lambda _: True)
                async with Client(await open_ble(bluetooth, seen), lambda *_: 0) as client:
                    yield client

            return await work(board, opened)

    return clock.run(play(), 600.0)


def test_the_button_makes_a_board_a_known_one(tmp_path):
    async def work(board, opened):
        asked = []

        def waiting():
            asked.append(True)
            asyncio.get_running_loop().call_later(20, board.press)

        async with opened() as client:
            known = await pair(client, "left-thigh", waiting)
            assert await get_config(client, "role") == "left-thigh"
        async with opened() as client:
            assert await client.hello(known.secret)
            await client.ask(command.START, 0, 0, 0, 0)
            await client.ask(command.STOP)
        assert asked == [True]
        return known

    known = on_stage(tmp_path, work)
    assert (known.uid, known.name, known.role) == (UID, "thigh-L", "left-thigh")
    assert len(known.secret) == 16


def test_without_the_button_nothing_is_given(tmp_path):
    async def work(_, opened):
        async with opened() as client:
            with pytest.raises(NotPressedError, match="not pressed within 5 s"):
                await pair(client, "left-thigh", lambda: None, 5.0)
            with pytest.raises(RefusedError, match="does not know this host"):
                await client.ask(command.START, 0, 0, 0, 0)

    on_stage(tmp_path, work)


def test_by_cable_no_button_is_asked_for(tmp_path):
    async def work(board, _):
        async with Client(board.serial(), lambda *_: 0) as client:
            known = await pair(client, None, lambda: pytest.fail("the button was asked for"))
            assert known.role == "pelvis", "as the board says"
            with pytest.raises(RefusedError, match="does not take this value"):
                await set_config(client, "role", "x" * 17)

    on_stage(tmp_path, work, role="pelvis")


def recorded(folder, change):
    """A recording from one board, about which the host knows something else by now: its outcome."""

    async def play():
        async with World(folder, 1) as world:
            stage = stages.Stage(world, 1, 1)
            await stage.begin()
            await asyncio.sleep(2)
            stage.known = [change(stage)]
            asyncio.get_running_loop().call_later(60, stage.stop.set)
            (one,) = await stage.record(give_up_s=30.0)
            return one.problem

    return clock.run(play(), 600.0)


def test_a_board_with_another_secret_is_not_used(tmp_path):
    problem = recorded(tmp_path, lambda stage: replace(stage.known[0], secret=bytes(16)))
    assert isinstance(problem, NotTrustedError)
    assert "coxa board trust thigh-L" in str(problem)


def test_another_board_under_the_same_end_of_the_uid_is_passed_over(tmp_path):
    problem = recorded(tmp_path, lambda stage: replace(stage.known[0], uid="ffffffffc000"))
    assert not isinstance(problem, NotTrustedError | ImpostorError)
    assert "not reached" in str(problem), problem


@pytest.mark.parametrize("other", ["246f28ab0c00", "aaaaaaaac000"], ids=["another uid", "the same end of the uid"])
def test_of_two_boards_with_one_name_the_right_one_is_recorded(tmp_path, other):
    async def play():
        async with World(tmp_path, 1) as world:
            stage = stages.Stage(world, 0, 1)
            world.board(Build("thigh-L", other, settings={"idle_sleep_s": 0}))
            world.air.radio.rssi = -50
            world.air.conditions("thigh-L")
            await stage.begin()
            recording = asyncio.create_task(stage.record())
            await stage.recording()
            stage.stop.set()
            return stage, await recording

    stage, found = clock.run(play(), 600.0)
    assert stages.check(stage, found)[1] == 0
    assert found[0].fetched[0].state == "whole"


def test_a_board_that_counts_from_1_again_gets_a_number_that_is_free(tmp_path):
    async def play():
        async with World(tmp_path, 1) as world:
            stage = stages.Stage(world, 0, 1)
            await stage.begin()
            with Inbox(stage.store, UID) as inbox:
                for old in (1, 7):
                    inbox.begin(old, bytes(48), unix_ms=0, n_blocks=1, crc32=0)
                    inbox.keep(old, [(0, bytes(180))])
            recording = asyncio.create_task(stage.record())
            await stage.recording()
            stage.stop.set()
            (one,) = await recording
            return one

    one = clock.run(play(), 600.0)
    assert [(part.listed.session, part.state) for part in one.fetched] == [(8, "whole")]


def test_a_board_that_is_never_there_does_not_hold_up_the_end(tmp_path):
    async def play():
        async with World(tmp_path, 1) as world:
            stage = stages.Stage(world, 0, 1)
            stage.radio().in_range = False
            await stage.begin()
            asyncio.get_running_loop().call_later(20, stage.stop.set)
            (one,) = await stage.record()
            return one, asyncio.get_running_loop().time()

    one, took_s = clock.run(play(), 600.0)
    assert "was not reached" in str(one.problem)
    assert took_s < 22
