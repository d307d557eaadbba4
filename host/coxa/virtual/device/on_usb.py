"""A board on a USB port, from power-on to its prompt: the real interpreter, with a board's modules, files and time.

To be run with `-i -c "__import__('on_usb')"`, so that the interpreter's own prompt follows; the line MARK comes before
it. In the environment, as COXA_USB_BOARD: JSON with `hand`, `flash` and `motion` (numbers of open files; motion may be
null), `base` (first byte of the file system in the flash), `sectors`, `erase_us`, `imu`, `rate_hz`, `uid` (hex),
`button` and `battery` (pins), `cause` (of the reset), `raw` (the prompt is to be a raw one: then main.py does not
run), `cut_in` (see `hand`), `machine`, `version`, `date`.
"""

import builtins
import json
import os
import sys

import time
import real_time
import virtual_loop  # noqa: F401 - before asyncio
from asyncio import core

import __main__ as main
import bluetooth  # noqa: F401 - loaded here, as the board finds it built in
import esp32  # noqa: F401
import hand
import machine
import vfs
from board_modules import Os, Sys
from bus import VirtualBus
from flash import BLANK, SECTOR, Flash
from micropython import const
from motion import Counting, FileMotion
from virtual_board import ADDRESSES

MARK = "\0coxa: the prompt\0\n"

_BUILT_IN = ("__main__", "machine", "bluetooth", "esp32", "time", "asyncio", "_asyncio")
_BOOT = "# Runs at every start, before main.py.\n"
_BATTERY_UV = const(1_950_000)  # 3.9 V behind the divider
_COMPLAIN_S = const(3)


class WaitingIO(core.IOQueue):
    """Where asyncio waits, the clock goes on."""

    def wait_io_event(self, duration_ms):
        super().wait_io_event(real_time.piece_ms(duration_ms))  # the loop comes again for the rest
        real_time.catch_up()


def power_on():
    """The hardware."""
    machine.uid = bytes.fromhex(settings["uid"])
    machine.power_on(settings["cause"])
    machine.microvolts[settings["battery"]] = _BATTERY_UV
    imu, motion = settings["imu"], settings["motion"]
    measured = Counting() if motion is None else FileMotion(motion, wrap=True)
    machine.buses[0] = VirtualBus({ADDRESSES[imu]: __import__(imu + "_model").Model(measured, settings["rate_hz"])})
    core.IOQueue = WaitingIO
    core._io_queue = WaitingIO()
    flash = Flash(settings["sectors"], settings["flash"], settings["erase_us"], keep=True, base=settings["base"])
    return hand.HeldFlash(flash, held_by)


def noticing(import_one):
    """A program that loads its modules has no other moment at which Ctrl-C can come."""

    def load(*arguments):
        held_by.feel(time.now_us)
        return import_one(*arguments)

    return load


def become(device):
    """From here on nothing of the PC is in reach."""
    builtins.__import__ = noticing(__import__)
    for name in list(sys.modules):
        if name not in _BUILT_IN and not name.startswith("asyncio."):
            del sys.modules[name]
    who = settings["machine"], settings["version"], settings["date"]
    sys.modules["sys"], sys.modules["os"] = Sys(*who), Os(*who)
    vfs.umount("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    mount(device)
    os.chdir("/")


def mount(device):
    """As the ESP32 does: only a blank flash is formatted."""
    try:
        return vfs.mount(vfs.VfsLfs2(device), "/")
    except OSError:
        pass
    sector = bytearray(SECTOR)
    device.readblocks(0, sector)
    while sector != bytes([BLANK]) * SECTOR:
        print("The file system on the flash is damaged. Erase the flash and write MicroPython anew.")
        time.sleep(_COMPLAIN_S)
    vfs.VfsLfs2.mkfs(device)
    vfs.mount(vfs.VfsLfs2(device), "/")
    with open("/boot.py", "w") as file:
        file.write(_BOOT)


def run(name):
    """Runs a file of the board, if it is there; whether it came to its end."""
    try:
        with open("/" + name) as file:
            exec(compile(file.read(), name, "exec"), main.__dict__)
    except SystemExit:
        held_by.last_word(hand.RESET, machine.SOFT_RESET)
    except BaseException as error:
        if isinstance(error, OSError) and not exists(name):
            return True
        sys.print_exception(error)
        return False
    return True


def exists(name):
    try:
        os.stat("/" + name)
    except OSError:
        return False
    return True


def mark():
    while True:
        try:
            sys.stdout.write(MARK)
            return
        except KeyboardInterrupt:
            continue


settings = json.loads(os.getenv("COXA_USB_BOARD"))
held_by = hand.Hand(settings["hand"], settings["button"], settings["cut_in"])
become(power_on())
try:
    held_by.tell(hand.STARTED)  # from here on Ctrl-C may come at any place
    if run("boot.py") and not settings["raw"]:
        run("main.py")
finally:
    mark()
