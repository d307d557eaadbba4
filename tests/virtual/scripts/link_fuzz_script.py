"""Fuzzes what the board takes in, by the real program of the board; prints the figures as JSON.

Commands (as the dispatcher gets them, as the radio's stream, as lines by cable), the settings' file, and the files of
the sessions. Arguments: inputs for each, seed.
"""

import binascii
import gc
import json
import os
import sys

import virtual_board
import time

import vfs
import utime  # the PC's clock, as `time` is the virtual one

board = virtual_board.VirtualBoard("lsm6dsox", 104.17, None, None, {"token": "5a" * 16, "watchdog_s": 0}, sectors=128)

import fuzz_parsers
import fuzz_rig
from coxa_board import boards, config, sessions
from coxa_board.link import Dispatcher
from coxa_board.link.control import Control
from coxa_board.link.usb import Usb
from coxa_board.recorder import Recorder
from coxa_board.smallfile import save
from coxa_wire import command, line
from fuzz_rig import Parser
from link_rig import Wire

inputs, seed = int(sys.argv[1]), int(sys.argv[2])
folder = "/ram"

device, recorder = board.app.device, board.app.recorder
recorder.recover()
board.app.sampler.start()
config.save(device.settings)


def memory():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


class Ram:
    """A block device in memory that is quick, for files that are written again for each input."""

    SIZE = 512

    def __init__(self, blocks):
        self.data = bytearray(blocks * self.SIZE)

    def readblocks(self, block, buffer, offset=0):
        at = block * self.SIZE + offset
        buffer[:] = memoryview(self.data)[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = block * self.SIZE + offset
        self.data[at : at + len(buffer)] = buffer

    def ioctl(self, request, argument):
        return {4: len(self.data) // self.SIZE, 5: self.SIZE}.get(request, 0)


ram = Ram(128)
vfs.VfsLfs2.mkfs(ram)
vfs.mount(vfs.VfsLfs2(ram), folder)


class Clock:
    """Microseconds that only go on."""

    def __init__(self):
        self.last = utime.ticks_us()
        self.us = 0

    def __call__(self):
        now = utime.ticks_us()
        self.us += utime.ticks_diff(now, self.last)
        self.last = now
        return self.us


class FaultError(Exception):
    """The board counted a failure of its own."""


class Commands:
    """All ways for commands, to one device. Now and then it is tidied up, so that it can start sessions again."""

    def __init__(self):
        self.dispatcher = Dispatcher(device)
        self.control = Control(device, Dispatcher(device))
        self.to_board, self.to_host = Wire(), Wire()
        self.usb = Usb(device, Dispatcher(device), self.to_board, self.to_host)
        self.n = 0

    def tidied(self):
        self.n += 1
        board.app.sampler.poll()
        time.advance_us(1000)
        if recorder.recording and self.n % 7 == 0:
            buffer = recorder.slot
            buffer[:] = fuzz_parsers.blocks()[0]
            recorder.append()
            recorder.flush()
        if self.n % 300 == 0:
            device.stop()
            for number in list(recorder.sessions()):
                recorder.commit(number, *recorder.describe(number)[:2])
            recorder._catalogue.last = 0
            device.restart = None
            if recorder.sessions():
                raise FaultError("sessions are left")

    def checked(self, accepted):
        self.tidied()
        failures = device.counts.pop("command", 0)
        if failures:
            raise FaultError("INTERNAL")
        return accepted

    def understand_frame(self, data):
        answer = self.dispatcher.handle(data, tethered=self.n % 2 == 0)
        if answer:
            found = command.decode_answer(answer)
            assert (found.op, found.request_id) == (data[1] & 0x7F, data[2]), answer
            if self.n % 50 == 0:
                self.dispatcher.reset()
            return self.checked(found.status == command.OK)
        return self.checked(False)

    def understand_stream(self, data):
        """As written at an MTU of 23 or 247; answers are taken in pieces."""
        size = (20, 244)[self.n % 2]
        inbox = [data[at : at + size] for at in range(0, len(data), size)]
        took = False
        self.control._dispatcher._guard.trusted = self.n % 3 == 0
        for _ in range(400):
            if not self.control.execute(inbox) and not inbox:
                break
            piece = self.control.piece(size)
            while piece:
                took = True
                self.control.sent(len(piece))
                piece = self.control.piece(size)
        else:
            raise FaultError("the stream does not end")
        time.advance_us((0, 1_200_000)[self.n % 10 == 0])  # so that the rest of a frame is given up
        if self.n % 40 == 0:
            self.control.reset()
        return self.checked(took)

    def understand_line(self, data):
        self.to_board.write(data)
        self.to_board.write(b"\n")
        for _ in range(8):
            self.usb.poll()
            if not self.to_board.data:
                break
        else:
            raise FaultError("the port is not read")
        assert len(self.usb._line) <= line.LONGEST
        sent, self.to_host.data = bytes(self.to_host.data), bytearray()
        for text in sent.split(b"\n"):
            assert not text or line.decode_line(text), text
        if self.n % 60 == 0:
            self.usb._dispatcher.reset()
        return self.checked(bool(sent))


def configs():
    inner = json.dumps(device.settings)
    whole = '{"crc32": "%08x", "config": %s}' % (binascii.crc32(inner.encode()), inner)  # noqa: UP031
    pins = '{"board": "generic-esp32c3", "pins": {"sda": 6, "scl": 7, "button": 3, "led": null}, "i2c_id": 0}'
    return [whole.encode(), inner.encode(), pins.encode(), b'{"name": "hip", "battery_divider": 2.5, "quiet": true}']


def repaired_config(data):
    """The checksum right, for whatever the inner object has become."""
    at = data.find(b'"config": ')
    if at < 0:
        return data
    inner = data[at + 10 : -1]
    return b'{"crc32": "' + ("%08x" % binascii.crc32(inner)).encode() + b'", "config": ' + inner + b"}"  # noqa: UP031


def understand_config(data):
    with open(folder + "/config.json", "wb") as file:
        file.write(data)
    complaints = []
    found = config.load(folder + "/config.json", complaints)
    assert len(found) == len(config.DEFAULTS)
    for key, value in found.items():
        config.check(key, value)
    for complaint in complaints:
        assert isinstance(complaint, str) and "\n" not in complaint, complaint
    try:
        boards.find(found)
    except config.ConfigError as error:
        assert str(error)
    return not complaints


def records():
    """Of an open, a closed and an unlike session, and `last.bin`, each with the letter of its file before it."""
    out = []
    catalogue = sessions.Catalogue(folder + "/seeds")
    catalogue.load()
    for flags, n_blocks in ((sessions.OPEN, 0), (0, 3), (sessions.CORRUPT, 2)):
        record = sessions.Record(1)
        record.flags, record.n_blocks, record.profile, record.unix_ms = flags, n_blocks, 1, 1_700_000_000_000
        record.info = fuzz_parsers.info()
        catalogue.write(record)
        with open(folder + "/seeds/00001.ses", "rb") as file:
            out.append(b"s" + file.read())
    catalogue.write(record)
    record.flags = 0
    catalogue.write(record)
    catalogue.commit(1, record.n_blocks, record.crc32)
    with open(folder + "/seeds/last.bin", "rb") as file:
        out.append(b"l" + file.read())
    return out


def repaired_record(data):
    return data[:-4] + binascii.crc32(data[1:-4]).to_bytes(4, "little") if len(data) > 5 else data


class Files:
    """The folder of the sessions, with one file in it that is not as it was."""

    def __init__(self):
        self.folder = folder + "/sessions"
        sessions.Catalogue(self.folder).load()
        self.block = bytearray(180)
        self.blocks = b"".join(fuzz_parsers.blocks()[:3])

    def understand(self, data):
        for entry in list(os.ilistdir(self.folder)):
            os.remove(self.folder + "/" + entry[0])
        last = data[:1] == b"l"
        with open(self.folder + ("/last.bin" if last else "/00001.ses"), "wb") as file:
            file.write(data[1:])
        with open(self.folder + "/00001.blk", "wb") as file:
            file.write(self.blocks)
        if not last and data[-1:] < b"\x20":
            save(self.folder + "/last.bin", b"\x01\x00\x00\x00")
        found = Recorder(self.folder)
        notes = found.recover()
        for number in list(found.sessions()):
            described = found.describe(number)
            assert described is not None and len(found.info(number)) == 48
            for seq in (0, 2, described[0] - 1, 2**32 - 1):
                found.read(number, seq, self.block)
            found.describe(number)  # with the damage that was met
            assert found.commit(number, 7, 7) != command.OK or described[:2] == (7, 7)
        found._archive.release()
        return not notes


commands = Commands()
cable = [line.encode_line(line.CONTROL, frame) for frame in fuzz_parsers.requests()] + fuzz_parsers.lines()[-7:]
save_seeds = fuzz_parsers.requests()
targets = [
    Parser("board: commands", save_seeds, commands.understand_frame, fuzz_rig.with_length, longest=256),
    Parser("board: radio", save_seeds, commands.understand_stream, fuzz_rig.with_length),
    Parser("board: cable", cable, commands.understand_line, fuzz_parsers.repaired_line, longest=400),
    Parser("board: settings", configs(), understand_config, repaired_config, longest=500),
    Parser("board: sessions", records(), Files().understand, repaired_record, longest=140),
]
rows = [fuzz_rig.fuzz(target, inputs, seed, Clock(), memory) for target in targets]
print(json.dumps(rows))
