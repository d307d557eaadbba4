"""What goes wrong between board and host: each fault is a story on a stage; `FAULTS` names them all."""

import asyncio

import joined
import stage as stage_module

from coxa.link import fit_clock
from coxa.virtual.board import HARD_RESET
from coxa.virtual.world import World
from coxa_wire import gatt

OUTAGE_LEAST_S, OUTAGE_MOST_S = 0.5, 120.0


def outage_s(chance):
    """Short ones as likely as long ones."""
    return OUTAGE_LEAST_S * (OUTAGE_MOST_S / OUTAGE_LEAST_S) ** chance.random()


async def caught_up(stage, limit_s=3000.0):
    """What was missed is here, while the board still records."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + limit_s
    while stage.tasks[0].status.state != "connected" or stage.tasks[0].status.missing > 10:
        assert loop.time() < until_s, stage.tasks[0].status
        await asyncio.sleep(1)
    assert not stage.tasks[0].fetched, "the recording has ended"


async def packet_errors(stage):
    await stage.recording()
    stage.radio().error_rate = stage.chance.uniform(0.05, 0.6)
    await asyncio.sleep(20)


async def out_of_range(stage):
    for _ in range(stage.chance.randint(1, 3)):
        await stage.recording()
        await asyncio.sleep(stage.chance.uniform(0, 5))
        stage.radio().in_range = False
        await asyncio.sleep(outage_s(stage.chance))
        stage.radio().in_range = True
    await asyncio.sleep(5)
    await caught_up(stage)


async def out_of_range_at_the_end(stage):
    """Gone just when the recording is to end; back later."""
    await stage.recording()
    stage.radio().in_range = False
    asyncio.get_running_loop().call_later(stage.chance.uniform(5, 40), setattr, stage.radio(), "in_range", True)


async def board_reset(stage):
    for part in range(1, 1 + stage.chance.randint(1, 2)):
        await stage.recording()
        await asyncio.sleep(stage.chance.uniform(0, 15))
        stage.boards[0].power_off()
        await asyncio.sleep(stage.chance.uniform(0.3, 1.5))
        stage.boards[0].power_on(HARD_RESET)
        await asyncio.sleep(stage.chance.uniform(15, 25))
        assert stage.tasks[0].status.session == part + 1, "the board does not go on"


async def power_cut(stage):
    """In the middle of a write to flash, wherever that is."""
    await stage.recording()
    board = stage.boards[0]
    board.cut_power_in(stage.chance.randint(1, 12))
    for _ in range(600):
        if not board.on:
            break
        await asyncio.sleep(0.1)
    assert not board.on, "nothing was written"
    await asyncio.sleep(stage.chance.uniform(0.5, 20))
    board.power_on()
    await asyncio.sleep(10)


async def buffers_exhausted(stage):
    """A link so slow that the board's radio has no buffer free for seconds."""
    await stage.recording()
    radio = stage.radio()
    radio.interval_s, radio.per_event, radio.error_rate = 0.4, 1, stage.chance.uniform(0, 0.3)
    await asyncio.sleep(stage.chance.uniform(10, 30))
    radio.interval_s, radio.per_event, radio.error_rate = 0.03, 6, 0.0


async def doubled_and_reordered(stage):
    """As operating systems should not, but a host must not rely on it."""
    held = []

    def mangle(uuid, data):
        if uuid.lower() not in (gatt.LIVE, gatt.BULK) or len(data) < 180:
            return [data]
        out = [data] * stage.chance.choice((1, 1, 2, 3))
        if stage.chance.random() < 0.2:
            held.append(data)
            return []
        if held and stage.chance.random() < 0.5:
            out.insert(stage.chance.randint(0, 1), held.pop(stage.chance.randrange(len(held))))
        return out

    await stage.recording()
    stage.central.mangle = mangle
    await asyncio.sleep(20)
    stage.central.mangle = None  # what is still held is lost, and asked for again


async def host_clock_jumps(stage):
    """Somebody sets it, or a time server does: the board's clock is reckoned right all the same."""
    await stage.recording()
    for _ in range(3):
        stage.jumped_s += stage.chance.uniform(-7200, 7200)
        await asyncio.sleep(15)
    stage.boards[0].look()
    await asyncio.sleep(1)
    at_s, _, board_us = stage.boards[0].seen
    fit = fit_clock(stage.tasks[0].inbox.pings(1))
    off_us = abs(fit.host_us(board_us) - (stage_module.EPOCH_S + at_s) * 1e6)
    assert off_us < fit.error_us + at_s * 100, (off_us, fit)  # 40 millionths of each crystal at most


async def disk_full(stage):
    """The host's disk takes no more for a while; the board goes on."""
    await stage.recording()
    db = stage.tasks[0].inbox._db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    said = set()
    for _ in range(stage.chance.randint(50, 600)):
        await asyncio.sleep(0.1)
        said.add(stage.tasks[0].status.note)
    assert any("disk is full" in note for note in said), said
    db.execute("PRAGMA max_page_count = 1073741823")
    await asyncio.sleep(20)


async def cable_pulled(stage):
    for _ in range(stage.chance.randint(1, 4)):
        await stage.recording()
        await asyncio.sleep(stage.chance.uniform(0, 8))
        stage.cable.pull()
        await asyncio.sleep(outage_s(stage.chance))
        stage.cable.plugged = True


async def everything(stage):
    """On several boards, each for itself."""
    await stage.recording()
    await asyncio.gather(*(_trouble(stage, i) for i in range(len(stage.boards))))


async def _trouble(stage, i):
    for _ in range(3):
        kind = stage.chance.choice(("range", "errors", "reset", "slow"))
        radio = stage.radio(i)
        if kind == "range":
            radio.in_range = False
            await asyncio.sleep(stage.chance.uniform(0.5, 20))
            radio.in_range = True
        elif kind == "errors":
            radio.error_rate = stage.chance.uniform(0.1, 0.5)
            await asyncio.sleep(10)
            radio.error_rate = 0.0
        elif kind == "reset":
            stage.boards[i].power_off()
            await asyncio.sleep(1)
            stage.boards[i].power_on(HARD_RESET)
        else:
            radio.interval_s, radio.per_event = 0.06, 1
            await asyncio.sleep(10)
        await asyncio.sleep(stage.chance.uniform(1, 10))


async def nothing(stage):
    await stage.recording(6.0)


# By name: the fault, and what else is so.
FAULTS = {
    "packet errors to 0.6": (packet_errors, {}),
    "out of range 0.5-120 s": (out_of_range, {}),
    "out of range at the end": (out_of_range_at_the_end, {}),
    "board reset": (board_reset, {}),
    "power cut in a write": (power_cut, {}),
    "MTU 23": (nothing, {"mtu": 23, "interval_s": 0.015, "error_rate": 0.05}),
    "MTU 185": (nothing, {"mtu": 185, "error_rate": 0.2}),
    "MTU 247": (nothing, {"mtu": 247, "error_rate": 0.2}),
    "60 ms interval": (out_of_range, {"interval_s": 0.06, "per_event": 1}),
    "buffers exhausted": (buffers_exhausted, {}),
    "doubled and reordered": (doubled_and_reordered, {}),
    "clock jump of the host": (host_clock_jumps, {}),
    "disk full on the host": (disk_full, {}),
    "cable pulled": (cable_pulled, {"cable": True}),
    "two boards": (everything, {"boards": 2}),
    "three boards": (everything, {"boards": 3}),
}


async def play(name, seed, folder):
    """Plays one; blocks at the host, blocks reported missing."""
    if name in HOST_FAULTS:
        return await _play_host(HOST_FAULTS[name], seed, folder)
    fault, settings = FAULTS[name]
    played, recorded = await stage_module.play(folder, seed, fault, **settings)
    return stage_module.check(played, recorded)


# The host itself, in a process of its own.


async def killed(stage, host):
    for _ in range(stage.chance.randint(1, 3)):
        await asyncio.sleep(stage.chance.uniform(1, 15))
        host.kill()
        await asyncio.sleep(stage.chance.uniform(0.1, 10))
        host.start()


async def asleep(stage, host):
    await asyncio.sleep(stage.chance.uniform(5, 12))
    stage.radio().in_range = False  # its radio sleeps with it
    host.sleep()
    await asyncio.sleep(30)
    stage.radio().in_range = True
    host.wake()


HOST_FAULTS = {"host killed and restarted": killed, "host asleep 30 s": asleep}
NAMES = (*FAULTS, *HOST_FAULTS)


async def _play_host(fault, seed, folder):
    async with World(folder, seed) as world:
        stage = stage_module.Stage(world, seed, 1)
        with (folder / "host.log").open("ab") as log:
            host = joined.HostProcess(world, stage.host_settings(), log)
            host.start()
            try:
                await fault(stage, host)
                await asyncio.sleep(15)
                host.happen(joined.STOP, b"")
                (told,) = await host.done()
            finally:
                host.kill()
        assert told["problem"] is None, told
        assert all(state == "whole" and deleted for *_, state, _, deleted in told["fetched"]), told
        blocks = stage.blocks(stage.known[0])
        for session, n_blocks, *_ in told["fetched"]:
            assert len(blocks[session]) >= n_blocks
        for one in blocks.values():
            stage_module.check_measured(one)
        return sum(map(len, blocks.values())), 0
