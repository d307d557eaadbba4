"""A stranger before the whole program of the board: nothing that is guarded is done. Argument: name of the test.

The program runs as on a board, with its settings, flash, button and sessions; the stranger comes by radio.
"""

import os
import sys

import virtual_board
import asyncio
import time

import central
import machine
import virtual_loop
from coxa_wire import command, gatt, proof
from coxa_wire.command import BAD_ARG, NEED_BUTTON, OK

SECRET = bytes(range(0xE0, 0xF0))
NEW_SECRET = "00112233445566778899aabbccddeeff"
SECTORS = 400
STEP_MS = 20

board = virtual_board.VirtualBoard(
    "lsm6dsox", 104.17, None, None, {"token": SECRET.hex(), "watchdog_s": 0, "idle_sleep_s": 0}, sectors=SECTORS
)
app, device, recorder = board.app, board.app.device, board.app.recorder
uid = machine.uid
guarded = [
    (op, command.encode_request(op, 100 + op, *values))
    for op, values in (
        (command.START, (0, 1, 1_790_000_000_000, 0)),
        (command.STOP, ()),
        (command.MARK, (1,)),
        (command.SET_TIME, (1_790_000_000_000,)),
        (command.REBOOT, (0,)),
        (command.REBOOT, (1,)),
        (command.REBOOT, (2,)),
        (command.LOG, (0, 0)),
        (command.LOG, (1, 0)),
    )
] + [
    (command.SET_CFG, command.encode_set_config(120, key, value))
    for key, value in (("token", b'""'), ("token", b'"' + b"00" * 16 + b'"'), ("name", b'"mine"'), ("quiet", b"true"))
]


class Host:
    """By radio; every packet gets through at once. `heard`: what was written, by whoever."""

    def __init__(self):
        self.air = central.Central()
        self.heard = []
        self._id = 0
        self._frames = command.Frames()
        time.hooks.append(lambda now_us: self.air.take())

    async def connect(self, mtu=247):
        while self.air.advertising is None:
            await asyncio.sleep_ms(STEP_MS)
        self.air.connect()
        self._frames = command.Frames()
        if mtu > 23:
            self.air.exchange_mtu(mtu)
        await asyncio.sleep_ms(3 * STEP_MS)

    async def lose(self):
        if self.air.connection is not None:
            self.air.lose()
        await asyncio.sleep_ms(3 * STEP_MS)

    async def write(self, frame):
        size = self.air.mtu - 3
        for at in range(0, len(frame), size):
            self.heard.append(frame[at : at + size])
            self.air.write(gatt.CONTROL, frame[at : at + size])
        await asyncio.sleep_ms(STEP_MS)

    async def exchange(self, frame):
        await self.write(frame)
        for _ in range(100):
            handle = self.air.handle(gatt.CONTROL)
            received, self.air.received = self.air.received, []
            for which, data in received:
                for found in self._frames.feed(data) if which == handle else ():
                    answer = command.decode_answer(found)
                    if (answer.op, answer.request_id) == (frame[1], frame[2]):
                        return answer
            await asyncio.sleep_ms(STEP_MS)
        raise AssertionError(f"no answer to {frame!r}")

    async def ask(self, op, *values):
        self._id = self._id % 99 + 1
        return await self.exchange(command.encode_request(op, self._id, *values))

    async def hello(self, nonce=3):
        return (await self.ask(command.HELLO, 1, 0, nonce)).values()[3]

    async def trusted(self, secret=SECRET, nonce=3):
        board_nonce = await self.hello(nonce)
        answer = await self.ask(command.PROVE, proof.tag(secret, proof.HOST, uid, nonce, board_nonce))
        if answer.status != OK:
            return False
        assert answer.values() == (proof.tag(secret, proof.BOARD, uid, nonce, board_nonce),)
        return True


def flash(folder="/"):
    """The content of every file on the board but the blocks of a session that runs, which grow by themselves."""
    found = {}
    for entry in os.ilistdir(folder):
        path = folder + entry[0]
        if path == "/pc" or (recorder.recording and path == f"/sessions/{recorder.session:05d}.blk"):
            continue
        if entry[1] == 0x4000:
            found.update(flash(path + "/"))
        else:
            with open(path, "rb") as file:
                found[path] = file.read()
    return found


def state():
    return repr(
        (sorted(flash().items()), sorted(device.settings.items()), device.restart, device._epoch_ms, app.writer._flags,
         recorder.recording, recorder.session, recorder.sessions())
    )  # fmt: skip


async def press(held_ms=200):
    machine.drive(virtual_board.BUTTON, 0)
    await asyncio.sleep_ms(held_ms)
    machine.drive(virtual_board.BUTTON, 1)
    await asyncio.sleep_ms(300)


async def refused():
    """Every guarded command, and the COMMIT that would be right, is refused, and nothing has changed."""
    before = state()
    frames = [frame for _, frame in guarded]
    for number in recorder.sessions():
        n_blocks, crc32 = recorder.describe(number)[:2]
        frames.append(command.encode_request(command.COMMIT, 130, number, n_blocks, crc32))
    for frame in frames:
        assert (await host.exchange(frame)).status == NEED_BUTTON, frame
    assert state() == before


async def attempts():
    """What somebody without the secret can try, each on a new connection."""
    heard, host.heard = host.heard, []
    for mtu in (23, 247):
        await host.connect(mtu)
        await refused()  # not a word before
        await host.hello()
        await refused()
        await host.lose()
        await host.connect(mtu)
        for secret in (bytes(16), b"", SECRET[:15], SECRET[1:] + SECRET[:1]):
            assert not await host.trusted(secret)
        board_nonce = await host.hello(3)
        reflected = proof.tag(SECRET, proof.BOARD, uid, 3, board_nonce)
        assert (await host.ask(command.PROVE, reflected)).status == NEED_BUTTON
        await refused()
        await host.lose()
        await host.connect(mtu)
        before = state()
        for data in heard:  # of a host that was trusted
            host.air.write(gatt.CONTROL, data[: host.air.mtu - 3])
            await asyncio.sleep_ms(STEP_MS)
        await asyncio.sleep_ms(1500)  # for the rest of a frame that was cut off to be dropped
        assert state() == before
        await refused()
        await host.lose()
    host.heard = heard


async def test_in_every_state():
    await host.connect()
    assert await host.trusted()
    assert (await host.ask(command.MARK, 1)).status != NEED_BUTTON  # for the stranger to hear
    heard = list(host.heard)
    await host.lose()
    host.heard = heard
    await attempts()  # idle
    await host.connect()
    assert await host.trusted()
    assert (await host.ask(command.START, 0, 1, 0, 0)).status == OK
    await host.lose()
    host.heard = list(heard)
    host.heard.append(command.encode_request(command.START, 9, 0, 1, 0, 0))
    assert recorder.recording
    await attempts()
    assert recorder.recording
    await host.connect()
    assert await host.trusted() and (await host.ask(command.STOP)).status == OK
    await host.lose()
    assert recorder.sessions() == [1] and not recorder.recording
    host.heard = heard
    await attempts()  # closed, not yet fetched
    assert device.counts.get("command", 0) == 0


async def test_after_the_button_for_a_minute():
    await host.connect()
    await host.hello()
    await refused()
    await press()
    pressed_us = time.now_us
    while time.now_us - pressed_us < 58_000_000:
        assert (await host.ask(command.SET_TIME, 5)).status == OK
        await asyncio.sleep_ms(1000)
    await asyncio.sleep_ms(2500)
    await refused()
    await press()
    await host.lose()
    await host.connect()
    assert (await host.ask(command.SET_TIME, 5)).status == OK, "the button counts for whoever is near"


async def test_a_secret_is_given_and_changed():
    """In several writes at the smallest MTU; and the old one is worth nothing on the next connection."""
    await host.connect(23)
    assert await host.trusted()
    frame = command.encode_set_config(101, "token", ('"' + NEW_SECRET + '"').encode())
    assert len(frame) > 40, "more than two writes"
    assert (await host.exchange(frame)).status == OK
    short = command.encode_set_config(102, "token", b'"' + NEW_SECRET[1:].encode() + b'"')
    assert (await host.exchange(short)).status == BAD_ARG
    get = command.encode_get_config(103, "token")
    assert (await host.exchange(get)).status == BAD_ARG, "not to be read back"
    await host.lose()
    await host.connect(23)
    assert not await host.trusted(SECRET)
    await refused()
    assert await host.trusted(bytes.fromhex(NEW_SECRET))
    kept = flash()
    assert NEW_SECRET.encode() in kept["/config.json"]
    told = b"".join(content for path, content in kept.items() if path != "/config.json")
    assert NEW_SECRET[:8].encode() not in told


async def test_after_a_restart():
    await press()
    await host.connect()
    assert await host.trusted()
    heard = list(host.heard)
    await host.lose()
    await asyncio.sleep_ms(10)
    fresh = type(device)(
        device.settings, device.board, device.parts, device.sampler, device.orientation, recorder, device.writer,
        device.clock,
    )  # fmt: skip
    radio = app._radio
    radio._dispatcher.__init__(fresh)  # as a start does, while the flash and the settings stay
    radio._dispatcher.sender = radio.sender
    host.heard = heard
    await attempts()


async def test_the_log_of_a_real_board():
    from coxa_board import config, crashlog

    complaints = []
    with open("/config.json", "w") as file:
        file.write('{"token": "' + NEW_SECRET[1:] + '", "name": "far too long"}')
    config.load(complaints=complaints)
    for complaint in complaints:
        crashlog.note(complaint)
    device.count("radio")
    try:
        raise ValueError("broken on purpose")
    except ValueError as error:
        crashlog.write(error, device.counts)
    await host.connect(23)
    assert (await host.ask(command.LOG, 0, 0)).status == NEED_BUTTON
    assert await host.trusted()
    logs = {}
    for number, name in enumerate(command.LOGS):
        text, more = b"", 1
        while more:
            payload = (await host.ask(command.LOG, number, len(text))).payload
            text, more = text + payload[1:], payload[0]
        logs[name] = text.decode()
    assert logs["counts"] == "crashes in a row: 1\nradio: 1\n", logs
    assert "ValueError: broken on purpose" in logs["crash 1"]
    assert logs["crash 0"] == logs["crash 2"] == ""
    assert "32 hex digits" in logs["notes"] and "far too long" in logs["notes"]
    assert NEW_SECRET[1:9] not in "".join(logs.values()), "no part of the secret in any log"


host = Host()  # in range before the board starts to advertise


async def test_a_time_that_cannot_be_is_refused():
    """Or the session that starts then could not be listed: its start would not fit the answer."""
    await host.connect()
    assert await host.trusted()
    for wrong in (2**48, 2**64 - 1):
        assert (await host.ask(command.SET_TIME, wrong)).status == BAD_ARG
        assert (await host.ask(command.START, 0, 1, wrong, 0)).status == BAD_ARG
    assert (await host.ask(command.SET_TIME, 2**48 - 1)).status == OK
    assert (await host.ask(command.START, 0, 1, 0, 0)).status == OK
    await asyncio.sleep_ms(2000)
    assert (await host.ask(command.LIST, 0)).values()[3] >= 2**48 - 1
    assert (await host.ask(command.STOP)).status == OK


async def scenario(test):
    running = asyncio.create_task(app.run())
    await asyncio.sleep_ms(1500)
    await test()
    assert not running.done() and app.failure is None and device.restart is None
    return "done"


assert virtual_loop.run(scenario(globals()[sys.argv[1]]), 3600) == "done", "not done in an hour"
sys.stdout.write("passed\n")
