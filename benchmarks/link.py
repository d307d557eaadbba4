"""What the link does on the virtual radio: latency, throughput, the backlog of a long outage, two hours on end.

    python benchmarks/link.py [latency] [throughput] [outage] [soak] [faults] [--seeds N]

All in virtual time, with the board's own program in MicroPython and the host's own code; the radio is a model (events,
retransmission, buffers), so these are its figures and no board's. Tables are printed as Markdown for docs/link.md.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "virtual"))

import faults
import stage as stages

from coxa.link import fit_clock
from coxa.virtual import clock
from coxa.virtual.world import World
from coxa_wire import decode

LIMIT_S = 20_000.0
RATE_HZ = 105.3


def run(work):
    """A coroutine that takes a folder, on virtual time."""
    with tempfile.TemporaryDirectory() as folder:
        return clock.run(work(Path(folder)), LIMIT_S)


async def recorded(folder, seconds, *, live=True, during=None, **conditions):
    """A recording of one LSM6DSOX board; the stage after it, and (loop time, block) of what came LIVE."""
    came: list[tuple[float, bytes]] = []
    loop = asyncio.get_running_loop()
    async with World(folder, 0) as world:
        for name, value in conditions.items():
            setattr(world.air.radio, name, value)
        stage = stages.Stage(world, 0, 1)
        await stage.begin()
        if live:
            stage.on_live = lambda data: came.append((loop.time(), data))
        recording = asyncio.create_task(stage.record())
        await stage.recording()
        if during is not None:
            happening = asyncio.create_task(during(stage))
            await asyncio.wait([happening, recording], return_when=asyncio.FIRST_COMPLETED)
            if not happening.done():
                raise RuntimeError(f"the recording ended early: {recording.result()}")
            happening.result()
        else:
            await asyncio.sleep(seconds)
        stage.stop.set()
        found = await recording
        stages.check(stage, found)
        return stage, came


def row(*cells: object) -> None:
    """Of a table in Markdown."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def head(*cells: str) -> None:
    row(*cells)
    row(*["---"] * len(cells))


def latency() -> None:
    head(
        "connection interval",
        "packets an event",
        "packet errors",
        "motion → callback, p50",
        "p95",
        "newest sample, p50",
        "p95",
    )
    for interval_ms, per_event, errors in ((7.5, 6, 0), (15, 6, 0), (30, 6, 0), (60, 1, 0), (30, 6, 0.1), (30, 6, 0.3)):

        async def work(folder, interval_ms=interval_ms, per_event=per_event, errors=errors):
            stage, came = await recorded(
                folder, 120, interval_s=interval_ms / 1000, per_event=per_event, error_rate=errors
            )
            return delays(stage, came)

        every, newest = run(work)
        p = [np.percentile(x, q) * 1000 for x in (every, newest) for q in (50, 95)]
        row(f"{interval_ms} ms", per_event, f"{errors:.0%}", *(f"{one:.0f} ms" for one in p))


def delays(stage, came):
    """From the chip's sample to the host's callback, s: of every sample, and of the newest of each block."""
    board = stage.boards[0].build
    every, newest = [], []
    for at_s, data in came:
        block = decode(data)
        if not block.n:
            continue
        raw = np.frombuffer(block.raw, "<i2").reshape(-1, 6).astype(int)
        k = (raw[:, 0] + 30_000) * stages.BACK % stages.MODULUS
        k = k + stages.MODULUS * round((at_s * board.rate_hz - k[-1]) / stages.MODULUS)
        taken_s = k / board.rate_hz * (1 + board.drift)  # the board is switched on at 0
        every.extend(at_s - taken_s)
        newest.append(at_s - taken_s[-1])
    return every, newest


def throughput() -> None:
    head("connection interval", "packets an event", "MTU", "a finished session is fetched at", "20 minutes take")
    rows = ((7.5, 6, 247), (15, 6, 247), (30, 6, 247), (30, 4, 185), (60, 1, 247), (15, 6, 23), (30, 6, 23))
    for interval_ms, per_event, mtu in rows:

        async def work(folder, interval_ms=interval_ms, per_event=per_event, mtu=mtu):
            loop = asyncio.get_running_loop()
            async with World(folder, 0) as world:
                stage = stages.Stage(world, 0, 1)
                await stage.begin(mtu)
                stage.boards[0].press(1.5)
                await asyncio.sleep(62)
                stage.boards[0].press(1.5)
                await asyncio.sleep(3)
                world.air.radio.interval_s, world.air.radio.per_event = interval_ms / 1000, per_event
                first: list[float] = []
                stage.on_live = None
                stage.on_block = lambda: first.append(loop.time())
                await stage.fetch()
                return len(first) * 180 / (first[-1] - first[0])

        rate = run(work)
        minutes = 1200 * RATE_HZ / 10 * 180 / rate / 60
        row(f"{interval_ms} ms", per_event, mtu, f"{rate / 1000:.1f} kB/s", f"{minutes:.1f} min")


def outage() -> None:
    head(
        "connection interval",
        "packets an event",
        "out of range",
        "backlog",
        "drained in",
        "at",
        "radio allows",
        "longest wait for LIVE",
    )
    for interval_ms, per_event, minutes in ((15, 6, 20), (30, 6, 20), (60, 1, 5)):

        async def work(folder, interval_ms=interval_ms, per_event=per_event, minutes=minutes):
            loop = asyncio.get_running_loop()
            times = {}

            async def during(stage):
                stage.radio().in_range = False
                await asyncio.sleep(minutes * 60)
                stage.radio().in_range = True
                status = stage.tasks[0].status
                while status.state != "connected":
                    await asyncio.sleep(0.1)
                times["back"] = loop.time()
                await asyncio.sleep(3)
                times["backlog"] = status.missing
                while status.missing > 10:
                    await asyncio.sleep(0.25)
                times["drained"] = loop.time()
                await asyncio.sleep(5)

            _, came = await recorded(folder, 0, during=during, interval_s=interval_ms / 1000, per_event=per_event)
            live = [at for at, _ in came if times["back"] <= at <= times["drained"]]
            return times, max(np.diff(live))

        times, longest = run(work)
        took = times["drained"] - times["back"]
        rate = times["backlog"] * 180 / took / 1000
        backlog = f"{times['backlog']} blocks"
        # The board's pace of 4 blocks in 30 ms, or what the radio has left beside the live blocks.
        most = min(4 / 0.030, per_event / (interval_ms / 1000) - RATE_HZ / 10) * 180 / 1000
        told = (f"{took / 60:.1f} min", f"{rate:.1f} kB/s", f"{most:.1f} kB/s", f"{longest:.2f} s")
        row(f"{interval_ms} ms", per_event, f"{minutes} min", backlog, *told)


def soak(hours: float) -> None:
    head("virtual time", "recording", "blocks", "host memory", "board heap", "board's clock reckoned, off by", "stated")

    async def half_an_hour(stage) -> None:
        """5 % of the packets lost, out of range for some seconds each minute."""
        await stage.recording()
        for _ in range(29):
            stage.radio().in_range = False
            await asyncio.sleep(stage.chance.uniform(0.5, 6))
            stage.radio().in_range = True
            await asyncio.sleep(56)
        stage.boards[0].look()
        await asyncio.sleep(1)

    async def work(folder):
        begun = time.time()
        async with World(folder, 0) as world:
            world.air.radio.error_rate = 0.05
            stage = stages.Stage(world, 0, 1)
            await stage.begin()
            for number in range(1, 1 + round(2 * hours)):
                stage.stop = asyncio.Event()
                recording = asyncio.create_task(stage.record())
                await half_an_hour(stage)
                fit = fit_clock(stage.tasks[0].inbox.pings(number))
                stage.stop.set()
                ((one,),) = [recorded.fetched for recorded in await recording]
                assert (one.listed.session, one.state, one.deleted) == (number, "whole", True), one
                gc.collect()
                at_s, heap, board_us = stage.boards[0].seen
                off_us = fit.host_us(board_us) - (stages.EPOCH_S + at_s) * 1e6
                told = (f"{rss_mb():.1f} MB", f"{heap / 1000:.0f} kB", f"{off_us / 1000:+.2f} ms")
                row(f"{at_s / 60:.0f} min", number, one.listed.n_blocks, *told, f"± {fit.error_us / 1000:.1f} ms")
            for blocks in stage.blocks(stage.known[0]).values():
                stages.check_measured(blocks)
        print(f"\n{hours:g} h in {time.time() - begun:.0f} s of real time", file=sys.stderr)

    run(work)


def rss_mb() -> float:
    """Memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def fault_matrix(seeds: int) -> None:
    head("fault", "seeds", "blocks at the host", "missing", "problems")

    def one(name: str) -> str:
        script = (
            "import sys, logging, tempfile, pathlib; sys.path[:0] = [sys.argv[1]]; import faults\n"
            "from coxa.virtual import clock\n"
            "logging.getLogger('bumble').setLevel(logging.ERROR)\n"
            "count = lost = 0\n"
            "for seed in range(int(sys.argv[3])):\n"
            "    with tempfile.TemporaryDirectory() as folder:\n"
            f"        a, b = clock.run(faults.play(sys.argv[2], seed, pathlib.Path(folder)), {LIMIT_S})\n"
            "    count += a; lost += b\n"
            "print(count, lost)\n"
        )
        here = str(Path(__file__).parent.parent / "tests" / "virtual")
        done = subprocess.run(
            [sys.executable, "-c", script, here, name, str(seeds)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"| {name} | {seeds} | | | {done.stderr.strip().splitlines()[-1]} |"
        count, lost = done.stdout.split()
        return f"| {name} | {seeds} | {count} | {lost} | 0 |"

    with ThreadPoolExecutor(2) as pool:
        for row in pool.map(one, faults.NAMES):
            print(row, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["latency", "throughput", "outage"])
    parser.add_argument("--seeds", type=int, default=25, help="of each fault")
    parser.add_argument("--hours", type=float, default=2.0, help="of the soak")
    arguments = parser.parse_args()
    logging.getLogger("bumble").setLevel(logging.ERROR)
    for what in arguments.what:
        print(f"\n### {what}\n")
        if what == "faults":
            fault_matrix(arguments.seeds)
        elif what == "soak":
            soak(arguments.hours)
        else:
            {"latency": latency, "throughput": throughput, "outage": outage}[what]()


if __name__ == "__main__":
    main()
