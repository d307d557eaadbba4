"""The real program, from its slot on the board's own flash, started by the real boot.py and main.py; prints JSON.

First start: a recording, and the power fails in it. Second start: the recording is there, another is made, and the
board goes to sleep. Then the program in the slot is damaged: the board falls back to the one in the other slot.
"""

import json
import os

import virtual_loop
import time

import bluetooth  # noqa: F401 - loaded here, as the board finds it built in
import esp32  # noqa: F401
import machine
import vfs
from bus import VirtualBus
from lsm6dsox_model import Model
from motion import Constant
from boot_board import BUTTON, FIRMWARE, Board, PowerOff, copy, make  # last: the PC's files are elsewhere from here on

LEVEL = (0, 0, 0, 0, 0, 8197)
SETTINGS = {"board": "xiao-esp32s3", "idle_sleep_s": 30}


class RealBoard(Board):
    def install(self, slot, kind):
        folder = "/app_" + slot
        make(folder)
        for package in ("coxa_board", "coxa_wire"):
            self._copy_all(package, folder)

    def _mount(self, cut_at):
        self.device = super()._mount(cut_at)
        return self.device

    def _read_files(self):
        return {}  # the power is off

    def _copy_all(self, package, folder):
        make(folder + "/" + package)
        for name, kind, *_ in os.ilistdir("/pc" + FIRMWARE + "/" + package):
            if kind == 0x4000 and name != "__pycache__":
                self._copy_all(package + "/" + name, folder)
            elif name.endswith(".py"):
                copy(package + "/" + name, folder + "/" + package + "/" + name)


def plan(*events):
    """(seconds from now, what): one of these each time the clock passes it."""
    begun_us = time.now_us
    waiting = list(events)

    def look(now_us):
        while waiting and now_us - begun_us >= waiting[0][0] * 1e6:
            waiting.pop(0)[1]()

    time.hooks.append(look)
    return look


def press():
    machine.drive(BUTTON, 0)


def let_go():
    machine.drive(BUTTON, 1)


def power_off():
    board.device.switch_off()  # or files still open would be written when they are collected as garbage
    raise PowerOff


def start(*events):
    virtual_loop.forget()
    look = plan(*events)
    outcome = board.start()
    time.hooks.remove(look)
    board._mount(None)
    sessions = {name: os.stat("/sessions/" + name)[6] for name in os.listdir("/sessions")}
    notes = ""
    if "notes.txt" in os.listdir("/crash"):
        with open("/crash/notes.txt") as file:
            notes = file.read()
    return [outcome, board.log[-1][-1], sessions, notes]


def damage():
    with open("/app_a/coxa_board/orientation.py", "w") as file:
        file.write("this is no program")


machine.buses[0] = VirtualBus({0x6A: Model(Constant(*LEVEL), 105.0)})
machine.microvolts[1] = 1_950_000
machine.drive(BUTTON, 1)
board = RealBoard(a="real", b="real", settings=SETTINGS, sectors=768)
told = {}
told["cut"] = start((5, press), (6.5, let_go), (30, power_off))
vfs.umount("/")
told["again"] = start((5, press), (6.5, let_go), (20, press), (21.5, let_go), (100, power_off))
vfs.umount("/")
board.edit(damage)
for n in range(3):
    told[f"damaged {n}"] = start((30, power_off))
    vfs.umount("/")
told["other slot"] = start((5, press), (6.5, let_go), (70, press), (71.5, let_go), (90, power_off))
with open("/active.json") as file:
    told["active"] = json.load(file)
print(json.dumps(told))
