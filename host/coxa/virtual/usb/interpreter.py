"""MicroPython as the program of a board: a process on a pseudoterminal of its own."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

from coxa.virtual.lockstep import DEVICE, HEAP, START, VirtualBoardError, available
from coxa.virtual.usb.port import terminal

PRESS, CUT, INTERRUPT, CALM = 1, 2, 3, 4
"""What happens to the board; see `device/hand.py`."""
STARTED, INTERRUPTED, RESET, BOOTLOADER, ASLEEP, CUT_OFF = 11, 12, 13, 14, 15, 16
"""What it tells."""

_MESSAGE = struct.Struct("<BI")
_PIECE = 4096
_LOOK_S = 0.005
"""So often it is looked whether a Ctrl-C has had its effect; what follows it waits."""
_PATIENCE_S = 1.0
"""So long a program may take to notice it; one that does nothing but compute is then ended the hard way."""
_CTRL_C, _CTRL_D = b"\x03", b"\x04"
_EXIT_S = 0.05
"""So long what follows a Ctrl-D waits, unless an answer shows that it was not the interpreter's end."""
_END_S = 10.0


class Interpreter:
    """One start of the interpreter, to its end.

    Attributes:
        master: our end of its terminal. control: of the socket beside it; both for `poll`.
    """

    def __init__(self, settings: dict[str, Any], flash: Path, motion: Path | None) -> None:
        """Starts it.

        Args:
            settings: as `device/on_usb.py` takes them, without the numbers of files.
            flash: the file with the whole flash.
            motion: of samples, or None.

        Raises:
            VirtualBoardError: MicroPython is not installed.
        """
        if not available():
            raise VirtualBoardError(
                "MicroPython is not installed here",
                "Run pip install 'coxa[virtual]' (on Linux on x86-64, or macOS on Apple silicon).",
            )
        self.master, slave = terminal()
        _as_serial(slave)
        os.set_blocking(self.master, False)
        self.control, theirs = socket.socketpair()
        self._waiting = bytearray()
        self._interrupt_s: float | None = None
        self._ctrl_d_s: float | None = None
        self._started = False
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, slave)
            stack.enter_context(theirs)
            chip = stack.enter_context(flash.open("r+b", buffering=0)).fileno()
            samples = stack.enter_context(motion.open("rb")).fileno() if motion else None
            files = {"hand": theirs.fileno(), "flash": chip, "motion": samples}
            self._process = _launch({**settings, **files}, slave)

    @property
    def started(self) -> bool:
        """Whether its own program has begun; before, nothing of the host reaches it."""
        return self._started

    @property
    def has_room(self) -> bool:
        """Whether it takes more from the host for now."""
        return len(self._waiting) < _PIECE

    @property
    def untyped(self) -> bytes:
        """What the host sent and has not reached it."""
        return bytes(self._waiting)

    @property
    def ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process.poll() is not None

    @property
    def tells(self) -> bool:
        """Whether `heard` has something to give at once."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        return bool(poll.poll(0))

    def type(self, data: bytes) -> None:
        """At its prompt, before what waits."""
        self._push(data)

    def send(self, data: bytes) -> None:
        """From the host, now or when `work` finds it ready."""
        self._waiting += data

    def work(self, ready: bool = True) -> float | None:
        """Passes on what waits, unless it is not `ready` for that; how soon there is more to do, s."""
        if not self._started or not ready:
            return None
        if self._interrupt_s is not None and not self._settled(time.monotonic() - self._interrupt_s):
            return _LOOK_S
        if self._ctrl_d_s is not None and time.monotonic() - self._ctrl_d_s < _EXIT_S:
            return _LOOK_S
        before, found, after = bytes(self._waiting).partition(_CTRL_C)
        if found and self._computes():
            self._push(before)
            self._waiting = bytearray(after)
            self.happen(INTERRUPT)
            self._interrupt_s = time.monotonic()
            return _LOOK_S
        before, found, _ = bytes(self._waiting).partition(_CTRL_D)
        sent = self._push(before + found)
        del self._waiting[:sent]
        self._ctrl_d_s = time.monotonic() if found and sent > len(before) else None
        return _LOOK_S if self._waiting else None

    def read(self) -> bytes:
        """What it printed since, in pieces; b"" for nothing."""
        try:
            printed = os.read(self.master, _PIECE)
        except OSError:  # nothing, or it has ended
            return b""
        if _CTRL_D in printed:
            self._ctrl_d_s = None
        return printed

    def heard(self) -> tuple[int, int] | None:
        """What it tells of itself: kind and value; None at its end."""
        try:
            message = self.control.recv(_MESSAGE.size, socket.MSG_WAITALL)
        except OSError:
            return None
        if len(message) < _MESSAGE.size:
            return None
        kind, value = _MESSAGE.unpack(message)
        self._started |= kind == STARTED
        if kind == INTERRUPTED:
            self._interrupt_s = None
        return kind, value

    def happen(self, kind: int, value: int = 0) -> None:
        """Something happens to the board; nothing where it has ended."""
        with contextlib.suppress(OSError):
            self.control.sendall(_MESSAGE.pack(kind, value))

    def kill(self) -> bytes:
        """Ends it at once, as a power cut does; what it had printed before."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_END_S)
        printed = b""
        while piece := self.read():
            printed += piece
        os.close(self.master)
        self.control.close()
        return printed

    def _settled(self, since_s: float) -> bool:
        """Whether a Ctrl-C needs no more waiting: the program has ended by itself, or must be ended by force."""
        if self._computes() and since_s < _PATIENCE_S:
            return False
        self.happen(CALM)
        self._interrupt_s = None
        if self._computes():
            self._process.send_signal(signal.SIGINT)
        return True

    def _computes(self) -> bool:
        """Whether it runs a program rather than reads one at its prompt: only then does it catch SIGINT.

        Where that cannot be seen, the mode of its terminal tells, except of programs that came by raw paste.
        """
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return bool(termios.tcgetattr(self.master)[3])
        caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
        return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)

    def _push(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self.master, data) if data else 0
        except OSError:  # full, or it has ended
            return 0


def _launch(settings: dict[str, Any], slave: int) -> subprocess.Popen[bytes]:
    path = [*(str(DEVICE / name) for name in ("shims", "chips")), str(DEVICE), ".frozen"]
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}  # it would keep a history there
    return subprocess.Popen(
        [sys.executable, "-c", START, "-X", f"heapsize={HEAP}", "-i", "-c", "__import__('on_usb')"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        pass_fds=[settings[name] for name in ("hand", "flash", "motion") if settings[name] is not None],
        start_new_session=True,  # Ctrl-C is for the host, not for its boards
        env={**environment, "MICROPYPATH": ":".join(path), "COXA_USB_BOARD": json.dumps(settings)},
    )


def _as_serial(slave: int) -> None:
    """Bytes as they are, and no signals. The flag without effect is the one that is gone while the prompt waits."""
    attributes = termios.tcgetattr(slave)
    attributes[0] = attributes[1] = 0
    attributes[3] = termios.NOFLSH
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
