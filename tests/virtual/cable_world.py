"""A virtual board in real time whose USB port is a pseudo terminal of this computer; prints its path, ends with stdin.

Argument: a folder for the board's flash.
"""

import asyncio
import logging
import os
import pty
import sys
import tty
from pathlib import Path

from coxa.virtual.board import Build
from coxa.virtual.world import World

UID = "246f28abcdef"


async def main(folder):
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    async with World(folder) as world:
        board = world.board(Build("thigh-L", UID, settings={"idle_sleep_s": 0}))
        from_board = board.serial()._reader
        loop.add_reader(ours, lambda: board.to_serial(os.read(ours, 4096)))
        loop.add_reader(sys.stdin, lambda: None if sys.stdin.read(1) else ended.set())

        async def forward():
            while data := await from_board.read(4096):
                os.write(ours, data)

        forwarding = asyncio.create_task(forward())
        print(os.ttyname(theirs), flush=True)
        await ended.wait()
        forwarding.cancel()
        loop.remove_reader(ours)


logging.getLogger("bumble").setLevel(logging.ERROR)
asyncio.run(main(Path(sys.argv[1])))
