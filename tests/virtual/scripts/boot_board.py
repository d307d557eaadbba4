"""A board with its own flash, started again and again with the files of the root as they are."""

import json
import os
import sys
import time

import machine
import vfs
from flash import SECTOR, Flash, PowerCut

FIRMWARE = next(path for path in sys.path if path.endswith("firmware_micropython"))
BUTTON, LED, HOLD = 7, 21, 4
KEPT = ["/active.json", "/crash/state", "/crash/notes.txt"]
KEPT.extend(f"/crash/{n}.txt" for n in range(4))

APPS = {
    "good": "wait(61)\n    crashlog.healthy()\n    slots.confirm()\n    wait(600)\n    off()",
    "brief": "time.sleep(5)\n    off()",
    "crash": "time.sleep(5)\n    settings['name'].nonsense()",
    "memory": "bytearray(1 << 40 if sys.maxsize > 1 << 40 else 1 << 29)",
    "cancelled": "raise asyncio.CancelledError",
    "hang": "machine.WDT(timeout=settings['watchdog_s'] * 1000)\n    time.sleep(100)",
    "interrupted": "machine.WDT(timeout=8000)\n    raise KeyboardInterrupt",
    "sleeps": "Parts(boards.find(settings)).power.sleep()",
    "safe": "slots.ask_safe_mode()\n    crashlog.ended()\n    machine.reset()",
}
APP = """import asyncio, sys, time, machine
from coxa_board import boards, crashlog, slots
from coxa_board.parts import Parts

def off():
    from harness import PowerOff
    raise PowerOff

def wait(seconds):
    for _ in range(seconds):
        time.sleep(1)

def run(settings):
    {}
"""


_images = {}  # flashes as delivered, by what is on them: writing them anew takes long


class PowerOff(BaseException):
    """The wearer switches the board off."""


class Harness:
    PowerOff = PowerOff


sys.modules["harness"] = Harness
vfs.umount("/")
vfs.mount(vfs.VfsPosix("/"), "/pc")


class Board:
    """A board with applications in its slots; `log` has what each start came to."""

    def __init__(self, a="good", b=None, settings=None, sectors=256):
        self.flash = Flash(sectors)
        self.log = []
        key = (a, b, sectors, str(settings))
        if key in _images:
            self.flash._memory.put(0, _images[key])
            return
        vfs.VfsLfs2.mkfs(self.flash.power_on())
        self._mount(None)
        for name in ("root/boot.py", "root/main.py", "root/console.py", "crashlog.py", "slots.py"):
            copy("coxa_board/" + name, "/" + name.split("/")[-1])
        for slot, kind in (("a", a), ("b", b)):
            if kind:
                self.install(slot, kind)
        put("/config.json", json.dumps(settings or {"board": "xiao-esp32s3"}))
        vfs.umount("/")
        image = _images[key] = bytearray(sectors * SECTOR)
        self.flash._memory.get(0, image)

    def install(self, slot, kind):
        folder = "/app_" + slot
        for name in ("", "/coxa_board", "/coxa_board/parts"):
            make(folder + name)
        for name in os.listdir("/pc" + FIRMWARE + "/coxa_board/parts"):
            if name.endswith(".py"):
                copy("coxa_board/parts/" + name, folder + "/coxa_board/parts/" + name)
        for name in ("__init__", "boards", "config", "settings", "crashlog", "slots"):
            copy("coxa_board/" + name + ".py", folder + "/coxa_board/" + name + ".py")
        put(folder + "/coxa_board/app.py", APP.format(APPS[kind]))

    def edit(self, change):
        self._mount(None)
        change()
        vfs.umount("/")

    def start(self, cause=None, cut_at=None):
        """One power-on until the program is over: how it ended, and the slot. What restarts it is the next cause."""
        machine.power_on(self.next_cause() if cause is None else cause)
        device = self._mount(cut_at)
        for name in list(sys.modules):
            if name.startswith("coxa_") or name in ("crashlog", "slots", "console"):
                del sys.modules[name]
        sys.path[:] = ["", ".frozen", "/lib"]
        try:
            for name in ("/boot.py", "/main.py"):
                with open(name) as file:
                    exec(file.read(), {"__name__": "__main__"})
            outcome = "console"
        except machine.Reset as reset:
            outcome = type(reset).__name__
        except (PowerOff, PowerCut) as off:
            outcome = type(off).__name__
        if cut_at is not None and device.count > cut_at:
            outcome = "PowerCut"  # whatever else the dead flash led to
        self.log.append(outcome + " " + (sys.path[0][-1:] if sys.path[0] else "-"))
        if machine.watchdog and outcome not in ("console",):
            machine.watchdog.stop()
        if outcome != "PowerCut":
            self.files = self._read_files()
        vfs.umount("/")
        return outcome

    def next_cause(self):
        last = self.log[-1].split()[0] if self.log else "PowerOff"
        kinds = {"Reset": machine.Reset, "WatchdogReset": machine.WatchdogReset, "DeepSleep": machine.DeepSleep}
        return kinds[last].cause if last in kinds else machine.PWRON_RESET

    def starts(self, n):
        for _ in range(n):
            self.start()
        return self.log

    def _mount(self, cut_at):
        self.flash.cut_at = cut_at
        device = self.flash.power_on()
        vfs.mount(vfs.VfsLfs2(device), "/")
        os.chdir("/")
        return device

    def _read_files(self):
        kept = {}
        for path in KEPT:
            try:
                with open(path) as file:
                    kept[path] = file.read()
            except OSError:
                pass
        return kept


def make(folder):
    parent, name = folder.rsplit("/", 1)
    if name not in os.listdir(parent or "/"):
        os.mkdir(folder)


def put(path, text):
    with open(path, "w") as file:
        file.write(text)


def copy(name, to):
    with open("/pc" + FIRMWARE + "/" + name) as file:
        put(to, file.read())


def blinks(seconds=10):
    """How often the LED changes while the console waits."""
    machine.record = []
    time.sleep_ms(seconds * 1000)
    changes = [entry for entry in machine.record if entry[1] == LED]
    machine.record = None
    return len(changes)


def waits(seconds=120):
    """Whether the console survives the watchdog for so long."""
    try:
        for _ in range(seconds):
            time.sleep_ms(1000)
        return True
    except machine.WatchdogReset:
        return False
