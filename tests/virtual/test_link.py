"""The link of the board, run by MicroPython against a radio and a serial port in the same process."""

import os
import re
import subprocess
import zlib

import interpreters
import pytest

from coxa_wire import command, decode, decode_info, line

SCRIPTS = interpreters.HERE / "scripts"


def names(script):
    return re.findall(r"^(?:async )?def (test_\w+)\(\)", (SCRIPTS / script).read_text(), re.MULTILINE)


CASES = [
    (script, name)
    for script in (
        "link_commands_script.py",
        "link_guard_script.py",
        "link_stranger_script.py",
        "link_radio_script.py",
        "link_cable_script.py",
        "link_files_script.py",
    )
    for name in names(script)
]


@pytest.mark.parametrize(("script", "name"), CASES, ids=[name.removeprefix("test_") for _, name in CASES])
def test_in_micropython(script, name, bits):
    assert interpreters.run(SCRIPTS / script, name, bits=bits).endswith("passed\n")


class Port:
    """A board in a process of its own, and the host's end of its serial port, on CPython."""

    def __init__(self, bits):
        self.process = subprocess.Popen(
            [*interpreters.command(bits), "-X", "heapsize=4M", str(SCRIPTS / "link_port_script.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "MICROPYPATH": ":".join(map(str, interpreters.SOURCES)) + ":.frozen"},
        )
        self.strays = []

    def read(self, channel):
        """The next message on that channel; text that is no message goes to `strays`."""
        while True:
            text = self.process.stdout.readline()
            assert text, self.process.stderr.read().decode()
            message = line.decode_line(text)
            if message is None:
                self.strays.append(text)
            elif message[0] == channel:
                return message[1]

    def write(self, frame):
        self.process.stdin.write(line.encode_line(line.CONTROL, frame))
        self.process.stdin.flush()

    def ask(self, op, request_id, *values):
        self.write(command.encode_request(op, request_id, *values))
        answer = command.decode_answer(self.read(line.CONTROL))
        assert (answer.op, answer.request_id, answer.status) == (op, request_id, command.OK)
        return answer


def test_a_host_in_cpython_fetches_over_the_real_port(bits):
    """Both ends of the wire format, each in its own interpreter."""
    port = Port(bits)
    try:
        assert port.ask(command.HELLO, 1, 1, 0, 0).values()[:3] == (1, 0, 0)
        assert port.strays == [b"an ordinary line of output\n"]
        session, count, crc32, unix_ms, flags = port.ask(command.LIST, 2, 0).values()
        assert (session, count, unix_ms, flags) == (1, 101, 1_700_000_000_000, 0)
        blocks = []
        for first in range(0, count, 20):  # within the window of one acknowledgement
            port.ask(command.RANGE, 3 + first, session, first, 20)
            blocks += [port.read(line.BULK) for _ in range(min(20, count - first))]
            done = command.decode_answer(port.read(line.CONTROL))
            assert done.op == command.RANGE_DONE and done.values() == (1, first, min(20, count - first), 0)
            port.write(command.encode_request(command.ACK, 0, session, first + 20))
        assert [decode(block).seq for block in blocks] == list(range(count))
        assert zlib.crc32(b"".join(blocks)) == crc32
        assert decode_info(port.ask(command.SESSION_INFO, 200, 1).payload).odr_hz == 104.0
        port.ask(command.COMMIT, 201, session, count, crc32)
        port.ask(command.REBOOT, 202, 0)
        assert port.process.wait(timeout=10) == 0
    finally:
        port.process.kill()
        port.process.communicate()
