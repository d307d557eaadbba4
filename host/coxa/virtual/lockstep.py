"""A program in a process of its own, in step with this one over a socket: mostly a board's, in MicroPython.

The other end, and what goes over the socket, is `device/in_world.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from coxa.errors import CoxaError

REGISTER, STORE, ADVERTISE, TRANSMIT, DISCONNECT, SERIAL, ENDED, LOOKED = range(1, 9)
"""What a board does."""
CONNECTED, DISCONNECTED, WRITTEN, MTU, CONFIRMED, TRANSMITTED, TO_SERIAL, PRESS, CUT, LOOK = range(1, 11)
"""What happens to it."""

DEVICE = Path(__file__).parent / "device"
START = "import sys, micropython_unix; sys.exit(micropython_unix.main())"
"""Not by -m, which ends with 0 also after an uncaught exception."""
HEAP = "4M"
"""More than a board has: the models of chips and flash are in it too."""
ANSWER_S = 30.0
"""Real time in which a program must come to rest; its slices take a millisecond, reading a session whole a second."""

_ITEM = struct.Struct("<BQH")
_HEAD = struct.Struct("<IQ")


class VirtualBoardError(CoxaError):
    """A virtual board cannot be started, or its program ended in a way that no board's does."""


Heard = Callable[[int, bytes], None]
"""Takes what a program did, in order and when the loop's time has come to it: kind and data."""


def available() -> bool:
    """Whether MicroPython for this computer is installed."""
    return importlib.util.find_spec("micropython_unix") is not None


class Program:
    """A program from its start to its end.

    Attributes:
        now_s: its clock in the world's time.
    """

    def __init__(
        self, launch: Callable[[int], subprocess.Popen[bytes]], heard: Heard, *, start_s: float, drift: float = 0.0
    ) -> None:
        """Starts it and waits until it rests for the first time.

        Args:
            launch: starts the process, which is to connect to this port on the loopback interface.
            heard: takes what it does.
            start_s: the world's time at its start.
            drift: its clock is slow by this share.

        Raises:
            VirtualBoardError: it did not start.
        """
        self._heard = heard
        self._start_s = start_s
        self._rate = 1.0 + drift
        self.now_s = start_s
        self._waiting: list[bytes] = []
        self._did: deque[tuple[int, bytes]] = deque()
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(ANSWER_S)
            self._process = launch(server.getsockname()[1])
            try:
                self._socket, _ = server.accept()
                self._socket.settimeout(ANSWER_S)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                self.kill()
                raise VirtualBoardError("the virtual board's program did not start", "See its log.") from error
        self._file = self._socket.makefile("rb")
        self._listen()

    def run(self, until_s: float) -> bool:
        """See `clock.Participant`.

        Raises:
            VirtualBoardError: the program did not come to rest in time, or ended without a word.
        """
        items = b"".join(self._waiting)
        self._waiting = []
        try:
            self._socket.sendall(_HEAD.pack(8 + len(items), self._board_us(until_s)) + items)
        except OSError as error:
            raise VirtualBoardError("the virtual board's program is gone", "See its log.") from error
        return self._listen()

    def happen(self, kind: int, at_s: float, data: bytes) -> None:
        """Something happens to the board."""
        self._waiting.append(_ITEM.pack(kind, self._board_us(at_s), len(data)) + data)

    def kill(self) -> None:
        """Ends the program at once, as a power cut does: nothing is written, and nothing heard any more."""
        self._did.clear()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(ANSWER_S)
        for one in ("_file", "_socket"):
            if hasattr(self, one):
                with contextlib.suppress(OSError):
                    getattr(self, one).close()

    def _board_us(self, at_s: float) -> int:
        return max(0, round((at_s - self._start_s) / self._rate * 1e6))

    def _world_s(self, board_us: int) -> float:
        return self._start_s + board_us * 1e-6 * self._rate

    def _listen(self) -> bool:
        """What the board did until it came to rest; whether there was anything."""
        try:
            length, now_us = _HEAD.unpack(self._read(_HEAD.size))
            data = self._read(length - 8)
        except (OSError, EOFError) as error:
            raise VirtualBoardError("the virtual board's program stopped without a word", "See its log.") from error
        self.now_s = self._world_s(now_us)
        at = 0
        while at < len(data):
            kind, at_us, size = _ITEM.unpack_from(data, at)
            at += _ITEM.size + size
            self._did.append((kind, data[at - size : at]))
            # Timers for the same moment come in any order, so each takes the oldest.
            asyncio.get_running_loop().call_at(self._world_s(at_us), self._tell)
        return bool(data)

    def _tell(self) -> None:
        if self._did:
            self._heard(*self._did.popleft())

    def _read(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) < length:
            raise EOFError
        return data


def board_program(settings: dict[str, Any], log: IO[bytes]) -> Callable[[int], subprocess.Popen[bytes]]:
    """Launches a board's program.

    Args:
        settings: as `device/in_world.py` takes them, without `port`.
        log: takes what the interpreter prints.

    Raises:
        VirtualBoardError: MicroPython is not installed.
    """
    if not available():
        raise VirtualBoardError(
            "MicroPython is not installed here",
            "Run pip install 'coxa[virtual]' (on Linux on x86-64, or macOS on Apple silicon).",
        )
    path = [*(str(DEVICE / name) for name in ("shims", "chips")), str(DEVICE), *_firmware(), ".frozen"]

    def launch(port: int) -> subprocess.Popen[bytes]:
        arguments = ["-X", f"heapsize={HEAP}", str(DEVICE / "in_world.py")]
        told = json.dumps({**settings, "port": port})  # not as an argument: the interpreter takes 255 bytes of those
        return subprocess.Popen(
            [sys.executable, "-c", START, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the host, not for its boards
            env={**os.environ, "MICROPYPATH": ":".join(path), "COXA_BOARD": told},
        )

    return launch


def _firmware() -> list[str]:
    """Folders of the board's own packages, wherever they are installed."""
    found: list[str] = []
    for name in ("coxa_board", "coxa_wire"):
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.submodule_search_locations, name
        folder = str(Path(next(iter(spec.submodule_search_locations))).parent)
        if folder not in found:
            found.append(folder)
    return found
