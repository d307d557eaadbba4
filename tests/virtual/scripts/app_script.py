"""The whole program in the situations a board gets into; each is one run, named by the first argument.

Arguments: situation, file of motion samples, folder for the flash. Prints what happened as JSON.
"""

import binascii
import json
import os
import sys

import virtual_board
import time

import central
import machine

import coxa_wire
from coxa_wire import command, gatt

situation, motion, folder = sys.argv[1:4]
settings = {"watchdog_s": 4}
if situation == "sleep":
    settings["idle_sleep_s"] = 30
board = virtual_board.VirtualBoard(
    "lsm6dsox",
    104.17 * 1.01,
    motion,
    folder + "/flash.bin",
    settings,
    sectors=60 if situation == "flash full" else virtual_board.FLASH_SECTORS,
    wired=situation != "no sensor",
)
app, device, recorder = board.app, board.app.device, board.app.recorder
host = central.Central()
happened = {}
machine.record = []
time.hooks.append(lambda now_us: host.take())  # the air is never busy


def note(name):
    def look():
        happened[name] = [recorder.recording, recorder.next_seq, app.sampler.fault]

    return look


def request(op, *values):
    def send():
        host.write(gatt.CONTROL, command.encode_request(op, next(identifiers), *values))

    return send


def stall():
    while True:
        time.sleep_ms(100)


def fail():
    def broken(*_):
        raise ValueError("broken on purpose")

    app.writer.take = broken


class Host:
    """What a host keeps: the blocks, by number; acknowledges them now and then."""

    def __init__(self):
        self.blocks = {}
        self.answers = []
        self.live = 0
        self.seen = 0
        time.hooks.append(self.listen)

    def meet(self):
        host.connect()
        host.exchange_mtu(247)
        request(command.HELLO, 1, 0, 0)()

    def listen(self, now_us):
        if self.seen == len(host.received):
            return
        live, bulk, control = host.handle(gatt.LIVE), host.handle(gatt.BULK), host.handle(gatt.CONTROL)
        for handle, data in host.received[self.seen :]:
            self.seen += 1
            if handle == control:
                self.answers.append(data)
            elif handle in (live, bulk):
                block = coxa_wire.decode(data)
                self.live += handle == live
                self.blocks[block.seq] = data
                if self.seen % 8 == 0:
                    request(command.ACK, block.session, block.seq + 1)()

    def fetch_missing(self):
        self.at_fetch = len(self.blocks)
        for first in range(0, recorder.next_seq, 64):
            request(command.RANGE, 1, first, min(64, recorder.next_seq - first))()

    def commit(self):
        data = b"".join([self.blocks[seq] for seq in sorted(self.blocks)])
        happened["same"] = binascii.crc32(data) == recorder.describe(1)[1]
        happened["host"] = [self.live, self.at_fetch, len(self.blocks)]
        request(command.COMMIT, 1, len(self.blocks), binascii.crc32(data))()


identifiers = iter(range(1, 256))
seconds = 60
ended = "time"
if situation == "radio":
    # A recording that the host starts, loses sight of, finds again, and fetches what it missed.
    host_side = Host()
    board.at(1, host_side.meet)
    board.press(2, 0.2)
    board.at(3, request(command.START, 0, 1, 1_790_000_000_000, 0))
    board.at(15, host.lose)
    board.at(30, host_side.meet)
    board.at(31, note("while away"))
    board.at(40, request(command.STOP))
    board.at(41, host_side.fetch_missing)
    board.at(59, host_side.commit)
elif situation == "no sensor":
    board.at(1, host.connect)
    board.at(1.5, request(command.SELFTEST))
    board.press(2, 1.2)
    board.at(5, note("after button"))
elif situation == "sensor lost":
    board.press(2, 1.2)
    board.at(20, lambda: happened.update(devices=0) or setattr(board.bus, "stuck", 10**9))
    board.at(30, note("while lost"))
    board.at(30.1, lambda: setattr(board.bus, "stuck", 0))
    board.press(50, 1.2)
elif situation == "battery":
    board.press(2, 1.2)
    board.at(10, lambda: machine.microvolts.update({virtual_board.BATTERY: 1_710_000}))
    board.at(59, note("after"))
    seconds = 62
elif situation == "battery low":
    machine.microvolts[virtual_board.BATTERY] = 1_760_000
    board.press(2, 1.2)
    board.at(10, note("after button"))
elif situation == "flash full":
    board.press(2, 1.2)
    seconds = 130
    board.at(60, note("a minute fits"))
    board.at(129, note("after"))
elif situation == "hang":
    board.press(2, 1.2)
    board.at(20, stall)
elif situation == "crash":
    board.press(2, 1.2)
    board.at(20, fail)
elif situation == "sleep":
    board.press(2, 1.2)
    board.press(50, 1.2)  # a recording that is longer than the time until sleep
    seconds = 120
elif situation == "reboot":
    board.at(1, host.connect)
    board.press(2, 0.2)
    board.at(5, request(command.REBOOT, 0))

try:
    board.run(seconds)
except machine.Reset as reset:
    ended = type(reset).__name__
except Exception as error:
    ended = repr(error)

try:
    sessions = {number: list(recorder.describe(number)) for number in recorder.sessions()}
except OSError as error:
    sessions = repr(error)
try:
    crash = os.listdir("/crash")
except OSError:
    crash = []
infos = [coxa_wire.decode_info(recorder.info(number)) for number in recorder.sessions()]
signals = [[round(us / 1e6, 2), level] for us, pin, level in machine.record if pin == app.board.vibration]
print(
    json.dumps(
        {
            "ended": ended,
            "at_s": time.now_us / 1e6,
            "happened": happened,
            "sessions": sessions,
            "crash": crash,
            "motor": signals,
            "counts": device.counts,
            "received": len(host.received),
            "infos": [[info.session, info.next_seq] for info in infos],
            "statuses": [data[3] for handle, data in host.received if handle == host.handle(gatt.CONTROL)],
            "advertised": host.advertised,
            "next_seq": recorder.next_seq,
            "lost": app.sampler.lost,
            "restarts": app.sampler.restarts,
            "chip_asleep": board.model.registers[0x10] == 0,
        }
    )
)
