"""The host's serial port against the real firmware behind a pseudo terminal, which the system treats as a port."""

import asyncio
import os
import subprocess
import sys
import threading
import time
import zlib
from contextlib import asynccontextmanager

import interpreters
import pytest

if sys.platform == "win32":
    pytest.skip("pseudo terminals are of POSIX", allow_module_level=True)

import pty
import tty

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from coxa.link import Client, LinkLostError, fetch, threaded_port
from coxa.link import serial as serial_module
from coxa.link.port_advice import PortError, PortMissingError
from coxa.link.serial import open_serial, ports
from coxa.store import Inbox
from coxa_wire import command, line

SCRIPT = interpreters.HERE / "scripts" / "link_sessions_script.py"
UID = "a1b2c3d4e5f6"
BLOCKS = 150
TIMEOUT_S = 60


def in_time(work):
    return asyncio.run(asyncio.wait_for(work, TIMEOUT_S))


class Cable:
    """A pseudo terminal: `path` is the host's end, `ours` that of the board."""

    def __enter__(self):
        self.ours, theirs = pty.openpty()
        self.path = os.ttyname(theirs)
        tty.setraw(theirs)
        self._theirs = theirs  # held, or the terminal is gone when the host closes it
        return self

    def unplug(self):
        for end in (self._theirs, self.ours):
            os.close(end)
        self.ours = self._theirs = None

    def __exit__(self, *_):
        if self.ours is not None:
            self.unplug()

    def read(self, count, limit_s=5):
        os.set_blocking(self.ours, False)
        found, until = b"", time.monotonic() + limit_s
        while len(found) < count and time.monotonic() < until:
            try:
                found += os.read(self.ours, count - len(found))
            except BlockingIOError:
                time.sleep(0.005)
        return found


@asynccontextmanager
async def board(cable):
    """The firmware at the end of the cable."""
    process = await asyncio.create_subprocess_exec(
        *interpreters.command(64), "-X", "heapsize=4M", str(SCRIPT), str(BLOCKS),
        stdin=cable.ours, stdout=cable.ours, stderr=subprocess.DEVNULL,
        env={**os.environ, "MICROPYPATH": ":".join(map(str, interpreters.SOURCES)) + ":.frozen"},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def threads_left():
    """Those of ports; they end a moment after the port was let go."""
    found = [one for one in threading.enumerate() if one.name.startswith("coxa port")]
    for one in found:
        one.join(5)
    return [one.name for one in found if one.is_alive()]


@pytest.mark.skipif(interpreters.command(64) is None, reason=interpreters.MISSING_64)
def test_sessions_are_fetched_from_the_firmware_over_a_port(tmp_path):
    async def work(path):
        with Inbox(tmp_path / "store", UID) as inbox:
            async with Client(await open_serial(path), inbox.keep) as client:
                await client.hello()
                return await fetch(client, inbox, delete=False)

    async def twice():
        with Cable() as cable:
            async with board(cable):
                found = await work(cable.path)
                assert [one.state for one in found] == ["whole", "whole"]
                assert [one.state for one in await work(cable.path)] == ["whole", "whole"], "closed, and opened again"
                return found

    found = in_time(twice())
    with Inbox(tmp_path / "store", UID) as inbox:
        for one in found:
            assert zlib.crc32(b"".join(inbox.blocks(one.listed.session))) == one.listed.crc32
    assert threads_left() == []


@pytest.mark.skipif(interpreters.command(64) is None, reason=interpreters.MISSING_64)
def test_a_board_that_is_unplugged_while_it_sends_is_a_lost_link_and_what_came_is_kept(tmp_path):
    async def work():
        with Cable() as cable, Inbox(tmp_path / "store", UID) as inbox:
            async with board(cable) as process:

                def keep(session, blocks):
                    stored = inbox.keep(session, blocks)
                    if stored >= 40 and process.returncode is None and cable.ours is not None:
                        process.kill()
                        cable.unplug()
                    return stored

                with pytest.raises(LinkLostError, match="port is gone"):
                    async with Client(await open_serial(cable.path), keep) as client:
                        await client.hello()
                        await fetch(client, inbox)
            assert 40 <= len(inbox.numbers(1)) < BLOCKS

    in_time(work())
    assert threads_left() == []


def test_a_port_belongs_to_one_program_until_it_is_closed():
    async def work():
        with Cable() as cable:
            channel = await open_serial(cable.path)
            with pytest.raises(PortError, match="in use"):
                await open_serial(cable.path)
            await channel.close()
            await channel.close()
            await (await open_serial(cable.path)).close()
            with pytest.raises(LinkLostError):
                await channel.send(line.CONTROL, b"x")
            with pytest.raises(LinkLostError):
                await channel.receive()

    in_time(work())
    assert threads_left() == []


def test_a_port_that_is_not_there_is_told(tmp_path):
    async def work():
        with pytest.raises(PortMissingError, match="no port"):
            await open_serial(str(tmp_path / "none"))

    in_time(work())


def test_what_is_sent_before_closing_is_still_written():
    async def work():
        with Cable() as cable:
            channel = await open_serial(cable.path)
            frame = command.encode_request(command.STOP, 1)
            await channel.send(line.CONTROL, frame)
            await channel.close()
            expected = line.encode_line(line.CONTROL, frame)
            assert cable.read(len(expected)) == expected

    in_time(work())


def test_more_than_a_port_takes_at_once_goes_out_as_it_takes_it():
    async def work():
        with Cable() as cable:
            channel = await open_serial(cable.path)
            expected = line.encode_line(line.CONTROL, bytes(200)) * 500
            reading = asyncio.create_task(asyncio.to_thread(cable.read, len(expected), 30))
            for _ in range(500):
                await asyncio.wait_for(channel.send(line.CONTROL, bytes(200)), 10)
            assert await reading == expected
            await channel.close()

    in_time(work())


def test_closing_wakes_the_thread_that_waits_for_the_port(monkeypatch):
    monkeypatch.setattr(threaded_port, "LOOK_S", 60.0)

    async def work():
        with Cable() as cable:
            channel = await open_serial(cable.path)
            await asyncio.sleep(0.1)
            await channel.close()
            assert threads_left() == []

    in_time(work())


def test_a_board_that_takes_nothing_is_a_lost_link_and_the_loop_goes_on(monkeypatch):
    monkeypatch.setattr(serial_module, "WRITE_S", 1.0)

    async def work():
        with Cable() as cable:
            channel = await open_serial(cable.path)
            longest = 0.0

            async def watch():
                nonlocal longest
                while True:
                    began = time.monotonic()
                    await asyncio.sleep(0.01)
                    longest = max(longest, time.monotonic() - began)

            watching = asyncio.create_task(watch())
            with pytest.raises(LinkLostError):
                for _ in range(1000):  # more than the system and this program hold back
                    await channel.send(line.CONTROL, bytes(200))
            watching.cancel()
            assert longest < 0.9 * serial_module.WRITE_S, "the loop stood still while the port was waited for"
            await channel.close()

    in_time(work())
    assert threads_left() == []


def test_rubbish_before_between_and_after_messages_harms_nothing():
    message = line.encode_line(line.BULK, bytes(180))

    async def work():
        with Cable() as cable:
            channel = await open_serial(cable.path)
            for text in (
                b"MPY: soft reboot\r\n",
                message,
                b"x" * 20_000 + b"\n",
                message,
                b"~Bdamaged\n",
                b"\xff\x00\n",
            ):
                await asyncio.to_thread(os.write, cable.ours, text)
            await asyncio.to_thread(os.write, cable.ours, message)
            for _ in range(3):
                assert await asyncio.wait_for(channel.receive(), 5) == (line.BULK, bytes(180))
            assert channel.damaged >= 2
            assert "MPY: soft reboot" in channel.strays
            await channel.close()

    in_time(work())


def test_a_reader_that_stalls_holds_the_board_up_and_not_the_memory():
    """What does not fit is left in the system's buffer, so that the board waits; nothing is lost."""
    count = 2000
    lines = b"".join(line.encode_line(line.BULK, bytes([i % 256]) * 180) for i in range(count))

    async def work():
        with Cable() as cable:
            channel = await open_serial(cable.path)
            writing = asyncio.create_task(asyncio.to_thread(_write, cable.ours, lines))
            await asyncio.sleep(0)
            time.sleep(0.5)  # the loop is busy: nothing may pile up before it
            await asyncio.sleep(0.5)
            assert not writing.done()
            ahead = len(channel._reader._buffer)
            for i in range(count):
                assert await asyncio.wait_for(channel.receive(), 5) == (line.BULK, bytes([i % 256]) * 180)
            await writing
            await channel.close()
            assert ahead < 4 * serial_module.LINE_BUFFER

    in_time(work())


def _write(end, data):
    while data:
        data = data[os.write(end, data) :]


def test_a_loop_that_ends_while_the_port_is_closing_leaves_no_thread_behind():
    async def work(path):
        (await open_serial(path))._writer.close()

    with Cable() as cable:
        in_time(work(cable.path))
        assert threads_left() == []


def test_ports_that_may_be_boards_are_listed_by_their_identifiers(monkeypatch):
    def info(device, vid, pid):
        one = ListPortInfo(device)
        one.vid, one.pid = vid, pid
        return one

    there = [
        info("/dev/ttyACM10", 0x303A, 0x4001),
        info("/dev/ttyACM2", 0x2E8A, 0x0005),
        info("/dev/ttyUSB0", 0x1A86, 0x55D4),
        info("/dev/ttyS0", None, None),
        info("/dev/ttyACM3", 0x046D, 0xC52B),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: there)
    found = ports()
    assert [one.device for one in found] == ["/dev/ttyACM2", "/dev/ttyACM10", "/dev/ttyUSB0"]
    assert (found[1].vid, found[1].pid, found[1].description) == (0x303A, 0x4001, "ESP32-S2/S3 with MicroPython")
