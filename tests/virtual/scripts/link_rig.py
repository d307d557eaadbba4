"""A board with a real recorder and the real link, and a host that talks to it by radio or by cable."""

import gc
import io
import os
import sys
import time

import bluetooth
import vfs
from central import Central
from coxa_board import crashlog
from coxa_board.link import Dispatcher
from coxa_board.link.ble import Ble
from coxa_board.link.usb import Usb
from coxa_board.recorder import Recorder, RecorderError
from coxa_wire import LAST, PROFILE_QUAT, Info, Reassembler, command, encode_info, gatt, line, proof
from coxa_wire.command import BAD_ARG, BAD_STATE, OK
from flash import Flash
from recorder_rig import fill

SECRET = bytes(range(0xE0, 0xF0))
UID = b"\xa1\xb2\xc3\xd4\xe5\xf6"
STEP_MS = 10
SECTORS = 96
_last = []  # the board before: its files are closed before its flash goes


def run(tests):
    """Runs the test named on the command line."""
    tests[sys.argv[1]]()
    print("passed")


class Board:
    """What the app is to the link: the device of docs, around the real recorder.

    `signals`, `marks`, `rebooted`: what was asked for. `pressed`: the button was, lately. `broken`: methods that raise.
    """

    def __init__(self):
        for board in _last:
            board.stop()
        _last[:] = [self]
        gc.collect()
        flash = Flash(SECTORS)
        device = flash.power_on()
        vfs.VfsLfs2.mkfs(device)
        if any(entry[0] == "flash" for entry in os.ilistdir("/")):
            vfs.umount("/flash")  # of the board before
        vfs.mount(vfs.VfsLfs2(device), "/flash")
        self.recorder = Recorder("/flash/sessions")
        self.recorder.recover()
        self.mtu = 23
        self.counts = {}
        self.pressed = False
        self.percent = 80
        self.starts = 0
        self.signals = []
        self.marks = []
        self.rebooted = None
        self.unix_ms = 0
        self.config = {"name": b'"thigh-L"', "profile": b"1"}
        self.broken = False
        self.uid = UID
        self.known = SECRET
        crashlog.FOLDER = "/flash/crash"

    def info(self):
        recorder = self.recorder
        return encode_info(
            Info(
                uid=UID, odr_hz=104.0, gyro_dps_per_lsb=0.0175, acc_g_per_lsb=0.000122, profile=1, mtu=self.mtu,
                state=int(recorder.recording), session=recorder.session, next_seq=recorder.next_seq,
                pending=len(recorder.sessions()), firmware=(1, 2, 3),
            )
        )  # fmt: skip

    def start(self, session, profile, unix_ms, flags):
        if self.recorder.recording:
            return OK, self.recorder.session
        try:
            number = self.recorder.start(session=session, unix_ms=unix_ms, profile=PROFILE_QUAT, info=self.info())
        except RecorderError as error:
            return error.status, 0
        self.starts += 1
        return OK, number

    def stop(self):
        if self.recorder.recording:
            self.record(1, LAST)
            self.recorder.stop()
        return OK

    def record(self, n, flags=0):
        recorder = self.recorder
        for _ in range(n):
            fill(recorder.slot, recorder.session, recorder.next_seq, flags)
            recorder.append()
            recorder.flush()

    def mark(self, code):
        self.marks.append(code)
        return OK if self.recorder.recording else BAD_STATE

    def signal(self, pattern):
        if self.broken:
            raise RuntimeError("broken on purpose")
        self.signals.append(pattern)
        return OK

    def selftest(self):
        return OK, b"\x01" * 20

    def still(self, ms):
        return OK, bytes(12)

    def get_config(self, key):
        return self.config.get(key)

    def set_config(self, key, value):
        if key not in self.config:
            return BAD_ARG
        self.config[key] = value
        return OK

    def set_time(self, unix_ms):
        self.unix_ms = unix_ms
        return OK

    def reboot(self, mode):
        self.rebooted = mode
        return OK

    def now_us(self):
        return time.now_us

    def battery_percent(self):
        return self.percent

    def button_recent(self):
        return self.pressed

    def secret(self):
        return self.known

    def log(self, name, offset, length):
        return crashlog.piece(name, offset, length)

    def touch(self):
        pass

    def count(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1


class Host:
    """What both hosts share: requests that wait for their answers, and the blocks that came.

    `live`, `bulk`: blocks in the order in which they came. `events`: answers nobody asked for.
    `answers`: all others, by request id, as often as they came.
    """

    def __init__(self):
        self.live = []
        self.bulk = []
        self.events = []
        self.answers = {}
        self.pongs = []
        self._id = 0

    def new_id(self):
        self._id = self._id % 255 + 1
        return self._id

    def ask(self, op, *values, steps=200):
        return self.exchange(command.encode_request(op, self.new_id(), *values), steps=steps)

    def exchange(self, frame, steps=200):
        """Sends a request and returns its answer, or None when none came."""
        before = len(self.answers.get(frame[2], ()))
        self.put(frame)
        for _ in range(steps):
            self.step()
            if len(self.answers.get(frame[2], ())) > before:
                return self.answers[frame[2]][-1]
        return None

    def hello(self, nonce=0):
        return self.ask(command.HELLO, 1, 0, nonce)

    def trusted(self, secret=SECRET, nonce=77):
        """HELLO and PROVE; whether the board trusts this host, and has shown that it knows the secret too."""
        hello = self.hello(nonce)
        if hello is None:
            return False
        assert hello.values()[:3] == (1, 0, 0)
        nonces = nonce, hello.values()[3]
        answer = self.ask(command.PROVE, proof.tag(secret, proof.HOST, UID, *nonces))
        if answer is None or answer.status != OK:
            return False
        assert answer.values() == (proof.tag(secret, proof.BOARD, UID, *nonces),)
        return True

    def start(self, session=0):
        return self.ask(command.START, session, 0, 1700000000000, 0)

    def acknowledge(self, session=0, next_seq=0):
        self.put(command.encode_request(command.ACK, 0, session, next_seq))

    def took(self, frame):
        answer = command.decode_answer(frame)
        if answer.op == command.RANGE_DONE:
            self.events.append(answer.values())
        else:
            self.answers.setdefault(answer.request_id, []).append(answer)

    def fetch(self, session, first, count, steps=2000):
        """Asks for a range and waits for its end; returns what the board says of it."""
        before = len(self.events)
        assert self.ask(command.RANGE, session, first, count).status == OK
        for k in range(steps):
            if k % 10 == 0:
                self.acknowledge()
            self.step()
            if len(self.events) > before:
                return self.events[-1]
        return None


class RadioHost(Host):
    """By radio: `packets` of each 10 ms get through."""

    def __init__(self, board, packets=4):
        super().__init__()
        self.board = board
        self.packets = packets
        bluetooth.BLE().power_on()
        self.central = Central()
        self.link = Ble(board, Dispatcher(board))
        self.link.poll()
        self.link.poll()
        self._reset()

    def _reset(self):
        self._frames = command.Frames()
        self._joined = {gatt.LIVE: Reassembler(), gatt.BULK: Reassembler()}
        self.fragments = 0

    def connect(self, mtu=247):
        self._reset()
        self.central.connect()
        if mtu > 23:
            self.central.exchange_mtu(mtu)
        self.step()

    def put(self, frame):
        size = self.central.mtu - 3
        for at in range(0, len(frame), size):
            self.central.write(gatt.CONTROL, frame[at : at + size])

    def step(self):
        time.advance_us(STEP_MS * 1000)
        self.link.poll()
        self.central.take(self.packets)
        for handle, data in self.central.received:
            self._deliver(self.central.board.values[handle].uuid.text, data)
        self.central.received = []

    def _deliver(self, uuid, data):
        if uuid == gatt.CONTROL:
            for frame in self._frames.feed(data):
                self.took(frame)
        elif uuid == gatt.SYNC:
            self.pongs.append((time.now_us, data))
        elif uuid in (gatt.LIVE, gatt.BULK):
            if len(data) < 180:
                self.fragments += 1
                data = self._joined[uuid].feed(data)
            if data is not None:
                (self.live if uuid == gatt.LIVE else self.bulk).append(data)


class Wire(io.IOBase):
    """One direction of a serial cable; `room`: bytes it takes at once."""

    def __init__(self, room=100000):
        self.data = bytearray()
        self.room = room

    def readinto(self, out):
        n = min(len(out), len(self.data))
        out[:n] = self.data[:n]
        self.data = self.data[n:]
        return n

    def write(self, data):
        n = min(len(data), max(0, self.room - len(self.data)))
        self.data += bytes(data)[:n]
        return n

    def ioctl(self, request, argument):
        if request != 3:
            return 0
        return argument & ((1 if self.data else 0) | (4 if len(self.data) < self.room else 0))


class CableHost(Host):
    """By cable. `strays`: lines that were no messages."""

    def __init__(self, board, room=100000):
        super().__init__()
        self.board = board
        self.to_board, self.to_host = Wire(), Wire(room)
        self.link = Usb(board, Dispatcher(board), self.to_board, self.to_host)
        self.strays = []
        self._text = bytearray()

    def put(self, frame):
        self.to_board.write(line.encode_line(line.CONTROL, frame))

    def step(self):
        time.advance_us(STEP_MS * 1000)
        self.link.poll()
        self._text += self.to_host.data
        self.to_host.data = bytearray()
        while b"\n" in self._text:
            end = self._text.find(b"\n") + 1
            text, self._text = self._text[:end], self._text[end:]
            message = line.decode_line(text)
            if message is None:
                self.strays.append(text)
            else:
                self._deliver(*message)

    def _deliver(self, channel, data):
        if channel == line.CONTROL:
            self.took(data)
        elif channel == line.SYNC:
            self.pongs.append((time.now_us, data))
        else:
            (self.live if channel == line.LIVE else self.bulk).append(data)
