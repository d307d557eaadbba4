"""A host that records from virtual boards on virtual time, with everything at hand that can go wrong, and the check.

The boards' sensors count their samples, so the host can tell from a block alone whether it is what the chip measured.
"""

import asyncio
import random
import secrets
import zlib
from pathlib import Path

import numpy as np

from coxa.link.boards import BoardTask, together
from coxa.link.clock import HostClock
from coxa.link.discovery import Bluetooth
from coxa.link.fetch import Fetching
from coxa.link.known import KnownBoard
from coxa.link.recording import Recording
from coxa.link.ways import ByAir
from coxa.store import Inbox
from coxa.virtual.board import Build
from coxa.virtual.world import World
from coxa_wire import BLOCK_LENGTH, decode

EPOCH_S = 1.8e9
ROLES = ("left-thigh", "right-thigh", "pelvis")
NAMES = ("thigh-L", "thigh-R", "pelvis")
CHIPS = (("lsm6dsox", 105.3), ("icm42688p", 100.7), ("mpu6886", 98.1))
# How the chip models count: sample k has (7 k + 4099 i) mod 60000 − 30000 on axis i.
STEP, AXIS, MODULUS = 7, 4099, 60_000
BACK = pow(STEP, -1, MODULUS)


def tasks_of(settings, central, unix_s):
    """What a host in a process of its own does: `settings` has what `Stage.host_settings` gives."""
    bluetooth, turn = Bluetooth(central.scanner, central.client), asyncio.Lock()
    host_clock = HostClock(asyncio.get_running_loop().time, unix_s)
    central.mtu = settings["mtu"]

    def task(told):
        known = KnownBoard(told["uid"], told["name"], told["role"], bytes.fromhex(told["secret"]))
        return BoardTask(
            known,
            lambda status: ByAir(known, bluetooth, turn, status),
            Path(settings["store"]),
            lambda inbox, status: Recording(inbox, status, host_clock),
        )

    return [task(told) for told in settings["boards"]]


class Cable:
    """The way to a board by its cable; `plugged` in or not."""

    def __init__(self, board):
        self.board = board
        self.plugged = True

    async def find(self):
        if not (self.board.on and self.plugged):
            await asyncio.sleep(1)
        return self.board.on and self.plugged

    async def open(self):
        return self.board.serial()

    def not_meant(self):
        raise AssertionError("there is but one board at a cable")

    def pull(self):
        self.plugged = False
        self.board.unplug()


class Stage:
    """Boards, a host and its store. `chance`: for whatever the fault draws."""

    def __init__(self, world, seed, boards, drift=20e-6):
        self.world = world
        self.chance = random.Random(seed)
        self.store = world.folder / "store.sqlite"
        self.stop = asyncio.Event()
        self.known, self.boards = [], []
        for i in range(boards):
            secret = secrets.token_bytes(16)
            uid = f"246f28abc{i:03x}"
            chip, rate_hz = CHIPS[(seed + i) % len(CHIPS)]
            self.known.append(KnownBoard(uid, NAMES[i], ROLES[i], secret))
            settings = {"token": secret.hex(), "idle_sleep_s": 0}
            drift = self.chance.uniform(-40e-6, 40e-6)
            build = Build(NAMES[i], uid, chip, rate_hz, drift=drift, settings=settings)
            self.boards.append(world.board(build))
        self.tasks = []
        self.on_live = None
        self.on_block = None
        self.jumped_s = 0.0  # of the host's time of day
        self.cable = None  # in place of the radio, for the first board

    async def begin(self, mtu=517):
        """The computer is switched on."""
        self.central = await self.world.central()
        self.central.mtu = mtu
        self.bluetooth = Bluetooth(self.central.scanner, self.central.client)
        now_s = asyncio.get_running_loop().time
        self.clock = HostClock(now_s, lambda: EPOCH_S + now_s() + self.jumped_s)

    def radio(self, i=0):
        """Conditions of a board's links."""
        return self.world.air.conditions(NAMES[i])

    def _task(self, known, turn, job):
        def seen(inbox, status):
            made = job(inbox, status)
            if self.on_block is not None:
                keep = inbox.keep

                def kept(session, blocks):
                    for _ in blocks:
                        self.on_block()
                    return keep(session, blocks)

                inbox.keep = kept
            return made

        def way(status):
            return self.cable or ByAir(known, self.bluetooth, turn, status)

        return BoardTask(known, way, self.store, seen, on_live=self.on_live)

    async def record(self, give_up_s=60.0, delete=True):
        """Records all boards until `stop`."""
        turn = asyncio.Lock()
        self.tasks = [
            self._task(one, turn, lambda inbox, status: Recording(inbox, status, self.clock, delete))
            for one in self.known
        ]
        return await together(self.tasks, self.stop, give_up_s)

    async def fetch(self, give_up_s=60.0):
        """Fetches what waits on the boards, as `coxa fetch` does."""
        turn = asyncio.Lock()
        tasks = [self._task(one, turn, lambda inbox, _: Fetching(inbox)) for one in self.known]
        at_once = asyncio.Event()
        at_once.set()
        return await together(tasks, at_once, give_up_s)

    def host_settings(self, mtu=517, give_up_s=60.0):
        """For `joined.HostProcess`."""
        told = [{"uid": one.uid, "name": one.name, "role": one.role, "secret": one.secret.hex()} for one in self.known]
        return {"boards": told, "store": str(self.store), "mtu": mtu, "give_up_s": give_up_s}

    async def recording(self, seconds=2.0, limit_s=200.0):
        """Waits until all boards have recorded for so long."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + limit_s
        while not (self.tasks and all(task.status.stored * 0.1 >= seconds for task in self.tasks)):
            assert loop.time() < until_s, [task.status for task in self.tasks]
            await asyncio.sleep(0.2)

    def blocks(self, known):
        """What the host has of a board: session → blocks in order."""
        with Inbox(self.store, known.uid) as inbox:
            return {one.session: inbox.blocks(one.session) for one in inbox.sessions()}


def check(stage, recorded):
    """Everything is there, is what the chips measured, and is gone from the boards; what is not is reported exactly.

    Returns the number of blocks and of blocks reported missing.
    """
    count = lost = 0
    for known, one in zip(stage.known, recorded, strict=True):
        stored = stage.blocks(known)
        assert one.problem is None, one.problem
        for fetched in one.fetched:
            blocks = stored[fetched.listed.session]
            here = [decode(block).seq for block in blocks]
            missing = [first + i for first, n in fetched.missing for i in range(n)]
            assert len(here) == len(set(here)), "a block is there twice"
            assert sorted([*(seq for seq in here if seq < fetched.listed.n_blocks), *missing]) == list(
                range(fetched.listed.n_blocks)
            ), "a block is missing and not reported"
            if not missing:
                assert (fetched.state, fetched.deleted) == ("whole", True), fetched
                assert zlib.crc32(b"".join(blocks[: fetched.listed.n_blocks])) == fetched.listed.crc32
            count += len(here)
            lost += len(missing)
        for blocks in stored.values():
            check_measured(blocks)
    return count, lost


def check_measured(blocks):
    """Each sample is the one that the chip measured at its index, none twice, none in another's place."""
    first = None
    for data in blocks:
        assert len(data) == BLOCK_LENGTH
        block = decode(data)
        if not block.n:
            continue
        raw = np.frombuffer(block.raw, "<i2").reshape(-1, 6).astype(int)
        k = (raw[:, 0] + 30_000) * BACK % MODULUS
        assert (np.diff(k) % MODULUS == 1).all(), f"block {block.seq} skips or repeats samples"
        assert (raw == (k[:, None] * STEP + np.arange(6) * AXIS) % MODULUS - 30_000).all(), block.seq
        start = (k[0] - block.first_index) % MODULUS
        first = start if first is None else first
        assert start == first, f"block {block.seq} is not where its index says"


async def play(folder, seed, fault, *, boards=1, mtu=517, cable=False, seconds=8.0, **conditions):
    """Records on a stage while `fault(stage)` happens, for at least `seconds` after it; checks and returns both."""
    async with World(folder, seed) as world:
        for name, value in conditions.items():
            setattr(world.air.radio, name, value)
        stage = Stage(world, seed, boards)
        await stage.begin(mtu)
        if cable:
            stage.cable = Cable(stage.boards[0])
        recording = asyncio.create_task(stage.record())
        try:
            await fault(stage)
            await asyncio.sleep(seconds)
            stage.stop.set()
            recorded = await recording
        finally:
            recording.cancel()
        return stage, recorded
