"""Whatever goes wrong, the host ends with what the chips measured, or says exactly what is missing.

Two seeds of each here; COXA_SEEDS=25 plays the full matrix (docs/link.md has its figures).
"""

import asyncio
import logging
import os
import struct

import faults
import interpreters
import pytest
import stage

from coxa.store import Inbox
from coxa.virtual import clock
from coxa.virtual.world import World

SEEDS = int(os.environ.get("COXA_SEEDS", "2"))
LIMIT_S = 7200.0
"""Virtual time: whoever has not ended by then hangs."""


pytestmark = pytest.mark.skipif(interpreters.command(64) is None, reason=interpreters.MISSING_64)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", faults.NAMES)
def test_nothing_is_lost(name, seed, tmp_path, caplog):
    caplog.set_level(logging.ERROR, "bumble")
    count, lost = clock.run(faults.play(name, seed, tmp_path), LIMIT_S)
    assert count > 50
    assert lost == 0
    assert not [record for record in caplog.records if record.name == "asyncio"], "something failed unheard"


async def a_block_ages(stage):
    """While the host is away a bit of a block flips in the board's flash."""
    await stage.recording()
    stage.radio().in_range = False
    await asyncio.sleep(20)
    flash = stage.world.folder / f"{stage.known[0].uid}.flash"
    content = bytearray(flash.read_bytes())
    seq = stage.tasks[0].status.expected + 60
    at = content.index(struct.pack("<HI", 1, seq)) - 2  # session and number stand behind version and flags
    content[at + 30] ^= 1
    flash.write_bytes(content)
    stage.radio().in_range = True
    await faults.caught_up(stage)
    assert stage.tasks[0].status.unreadable == 1
    stage.lost = (seq, 1)


def test_what_the_board_cannot_read_is_reported_exactly_and_stays_there(tmp_path, caplog):
    caplog.set_level(logging.ERROR, "bumble")
    played, (one,) = clock.run(stage.play(tmp_path, 0, a_block_ages), LIMIT_S)
    (fetched,) = one.fetched
    assert (fetched.state, fetched.missing, fetched.deleted) == ("incomplete", (played.lost,), False)
    assert stage.check(played, [one])[1] == 1
    with Inbox(played.store, played.known[0].uid) as inbox:
        assert [one.unreadable for one in inbox.sessions()] == [1]
    seq, _ = played.lost
    assert fetched.lack.startswith(f"of {fetched.listed.n_blocks} blocks these are missing: {seq};")


def test_a_finished_session_is_fetched_as_fast_as_the_board_sends(tmp_path, caplog):
    caplog.set_level(logging.ERROR, "bumble")

    async def play():
        loop = asyncio.get_running_loop()
        async with World(tmp_path, 0) as world:
            at = stage.Stage(world, 0, 1)
            await at.begin()
            at.boards[0].press(1.5)
            await asyncio.sleep(62)
            at.boards[0].press(1.5)
            await asyncio.sleep(3)
            came = []
            at.on_block = lambda: came.append(loop.time())
            await at.fetch()
            return len(came) * 180 / (came[-1] - came[0])

    assert clock.run(play(), LIMIT_S) > 0.75 * 4 * 180 / 0.030, "a board sends 4 blocks in 30 ms"


@pytest.mark.parametrize(("mtu", "said"), [(23, "of 23 bytes a packet"), (185, "")])
def test_a_slow_link_says_so(tmp_path, caplog, mtu, said):
    caplog.set_level(logging.ERROR, "bumble")

    async def look(at):
        await at.recording()
        assert said in at.tasks[0].status.note
        assert bool(said) == bool(at.tasks[0].status.note)

    clock.run(stage.play(tmp_path, 0, look, mtu=mtu, interval_s=0.015), LIMIT_S)


def test_a_board_that_sends_slowly_is_not_given_up(tmp_path, caplog):
    """While the end is fetched 30 seconds and more pass before a piece of 256 blocks is whole."""
    caplog.set_level(logging.ERROR, "bumble")

    async def play():
        async with World(tmp_path, 0) as world:
            at = stage.Stage(world, 0, 1)
            await at.begin(mtu=23)
            at.boards[0].press(1.5)
            await asyncio.sleep(62)
            at.boards[0].press(1.5)
            await asyncio.sleep(3)
            world.air.radio.interval_s = 0.12
            (one,) = await at.fetch(give_up_s=20.0)
            return one

    one = clock.run(play(), LIMIT_S)
    assert one.problem is None
    assert [part.state for part in one.fetched] == ["whole"]
