"""The whole program of the board on virtual hardware, in one MicroPython process: chip, pins, flash, radio, time.

For scripts that run in MicroPython. Importing it puts the virtual clock in place, so import it first.
"""

import gc
import sys

import virtual_loop
import time

import machine
import vfs
from bus import VirtualBus
from flash import Flash
from motion import Counting, FileMotion

BUTTON = 7  # of the XIAO ESP32S3
BATTERY = 1
FLASH_SECTORS = 1536  # 6 MB: what an image of 2 MB leaves of 8 MB
ADDRESSES = {"lsm6dsox": 0x6A, "mpu6886": 0x68, "icm42688p": 0x68}


class VirtualBoard:
    """A XIAO ESP32S3 with one sensor, which counts its samples where no file of motion is given.

    `model`, `bus`, `flash`: the virtual hardware; `rig_bytes`: heap that it takes. `app`: the program.
    `at(seconds, what)`: does something at that moment.
    """

    def __init__(
        self, chip, rate_hz, motion, flash_file, settings=None, erase_us=45_000, sectors=FLASH_SECTORS, wired=True,
        keep=False,
    ):  # fmt: skip
        measured = FileMotion(motion, wrap=True) if motion else Counting()
        self.model = __import__(chip + "_model").Model(measured, rate_hz)
        self.bus = machine.buses[0] = VirtualBus({ADDRESSES[chip]: self.model} if wired else {})
        machine.microvolts[BATTERY] = 1_950_000  # 3.9 V behind the divider
        self._events = []
        time.hooks.append(self._happen)
        self.flash = Flash(sectors, flash_file, erase_us, keep)
        self.device = self.flash.power_on()
        _mount(self.device, keep)
        gc.collect()
        self.rig_bytes = gc.mem_alloc()
        from coxa_board import app, config

        self.settings = config.load() if keep else config.defaults()
        self.settings.update({"board": "xiao-esp32s3"})
        self.settings.update(settings or {})
        self.app = app.App(self.settings)

    def at(self, seconds, what):
        self._events.append((int(seconds * 1_000_000), what))
        self._events.sort(key=lambda event: event[0])

    def press(self, seconds, held_s):
        """The button, from then on for so long."""
        self.at(seconds, lambda: machine.drive(BUTTON, 0))
        self.at(seconds + held_s, lambda: machine.drive(BUTTON, 1))

    def run(self, seconds):
        virtual_loop.run(self.app.run(), seconds)

    def _happen(self, now_us):
        while self._events and self._events[0][0] <= now_us:
            self._events.pop(0)[1]()


def _mount(device, keep):
    """Puts the board's flash, formatted unless it is kept, where the PC's files were; these are under /pc then."""
    if not keep:
        vfs.VfsLfs2.mkfs(device)
    pc = vfs.VfsPosix("/")
    vfs.umount("/")
    vfs.mount(device, "/")
    vfs.mount(pc, "/pc")
    sys.path[:] = ["/pc" + folder if folder.startswith("/") else folder for folder in sys.path]


def copy_out(path, to):
    """Copies a file of the board to the PC."""
    piece = bytearray(4096)
    with open(path, "rb") as source, open("/pc" + to, "wb") as copy:
        while True:
            n = source.readinto(piece)
            if not n:
                return
            copy.write(memoryview(piece)[:n])
