"""A board at MicroPython's prompt: runs code there, reads and writes its files. By mpremote, as a library."""

from __future__ import annotations

import ast
import contextlib
import errno
import hashlib
import io
import struct
from collections.abc import Callable, Generator
from importlib import resources
from types import TracebackType
from typing import Any

from coxa.errors import CoxaError
from coxa.flash.failures import BoardFullError, BoardGoneError, NoPromptError, OnBoardError, no_prompt, on_board
from coxa.flash.interrupt import interrupted
from coxa.flash.missing import extra
from coxa.link.port_advice import GONE, port_explained
from coxa.link.serial import BAUD, WRITE_S

Progress = Callable[[int], None]
"""Is told of so many bytes more."""

READ_S = 1.0
"""A board at its prompt that says nothing for so long in the middle of an answer has stopped."""
ENTER_S = 8.0
"""For the restart of the interpreter that follows, in which boot.py runs."""
RUN_S = 20.0
"""Wait for the next word of code that runs: hashing one file takes far less; formatting a flash is not done here."""
PIECE = 512
"""Bytes written by one command. The board compiles each: more would take it more memory than it may have in one."""


class Repl:
    """The prompt of the board at a port; use it in a `with`. Its program is interrupted, and restarted at the end.

    Attributes:
        path: the port.
    """

    def __init__(self, path: str, *, fresh: bool = True) -> None:
        """Interrupts what runs there and takes the prompt.

        Args:
            path: of the port.
            fresh: restart the interpreter first (main.py does not run), so that no program is left in its memory.

        Raises:
            PortError: the port cannot be used.
            NoPromptError: no prompt came.
            MissingExtraError: mpremote is not installed.
        """
        self.path = path
        transport_error: type[Exception] = extra("mpremote.transport").TransportError
        self._failures = (transport_error, struct.error, ValueError, SyntaxError)
        try:
            self._transport = extra("mpremote.transport_serial").SerialTransport(path, baudrate=BAUD, timeout=READ_S)
        except transport_error:
            with port_explained(path):
                _open_for_the_reason(path)
            raise NoPromptError(f"the port {path} opened only at the second time", "Try again.") from None
        self._transport.serial.write_timeout = WRITE_S
        self._left = False
        try:
            self._enter(fresh)
            self.run(resources.files("coxa.flash.device").joinpath("at_prompt.py").read_text())
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Repl:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Restarts the board, whatever came of it, and lets the port go."""
        if not self._left and not isinstance(error, (BoardGoneError, NoPromptError)):
            with contextlib.suppress(CoxaError):
                self.restart()
        self._close()

    def run(self, code: str, heard: Callable[[str], None] | None = None) -> str:
        """What the code printed.

        Args:
            code: Python.
            heard: is given each line as it comes.

        Raises:
            OnBoardError: it failed there. BoardGoneError: the board is gone. NoPromptError: it answers no more.
        """
        lines = _Lines(heard)
        with self._explained():
            output, failure = self._transport.exec_raw(code, timeout=RUN_S, data_consumer=lines.take if heard else None)
        if failure:
            raise on_board(bytes(failure).decode(errors="replace"))
        return bytes(output).decode(errors="replace")

    def value(self, expression: str) -> Any:
        """The value of an expression there, of plain types. Raises as `run`."""
        text = self.run(f"print(repr({expression}))").strip()
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            raise NoPromptError(f"the board answered {text[:60]!r}, which makes no sense", "Try again.") from None

    def digests(self, *paths: str, told: Progress | None = None) -> dict[str, str]:
        """SHA-256, in hex, of the files at or below these paths, by path; `told` gets 1 for each. Raises as `run`."""
        found: dict[str, str] = {}

        def heard(line: str) -> None:
            path, _, digest = ast.literal_eval(line.rstrip(","))
            found[path] = digest
            if told:
                told(1)

        for path in paths:
            try:
                self.run(f"walk({path!r})", heard)
            except (ValueError, SyntaxError):
                raise NoPromptError("the board's list of files makes no sense", "Try again.") from None
        return found

    def read(self, path: str) -> bytes | None:
        """A file, or None where there is none. Raises as `run`."""
        data = bytearray()
        try:
            with self._explained():
                self._transport.exec(f"f=open({path!r},'rb')")
                while piece := self._transport.eval(f"f.read({PIECE})"):
                    data += piece
                self._transport.exec("f.close()")
        except OnBoardError as error:
            if error.number == errno.ENOENT:
                return None
            raise
        return bytes(data)

    def write(self, path: str, data: bytes, told: Progress | None = None) -> None:
        """Writes a file so that it is there whole or not at all: beside its place, checked, then put there.

        Raises:
            BoardFullError: there is no room; what was there stays. Else as `run`.
        """
        beside = f"{path}.new"
        try:
            with self._explained():
                self._write(beside, data, told)
        except CoxaError as error:
            if isinstance(error, BoardFullError):
                self.run(f"f.close()\nremove({beside!r})")
            raise
        if self.value(f"digest({beside!r})") != hashlib.sha256(data).hexdigest():
            raise OnBoardError(f"{path} came out wrong on the board", "Run it again; if it stays, try another cable.")
        self.run(f"os.rename({beside!r}, {path!r})")

    def restart(self, how: str = "machine.reset()") -> None:
        """Restarts the board, which takes the port with it, or sends it elsewhere. Raises as `run`."""
        self._left = True
        with contextlib.suppress(BoardGoneError), self._explained():
            self._transport.exec_raw_no_follow(f"import machine\n{how}")

    def _write(self, path: str, data: bytes, told: Progress | None) -> None:
        self._transport.exec(f"f=open({path!r},'wb')\nw=f.write")
        for at in range(0, len(data), PIECE):
            piece = data[at : at + PIECE]
            self._transport.exec(f"w({piece!r})")
            if told:
                told(len(piece))
        self._transport.exec("f.close()")

    def _enter(self, fresh: bool) -> None:
        with self._explained():
            came = interrupted(self._transport.serial)
        if not came:
            raise no_prompt(self.path)
        with self._explained(), contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it did not expect
            self._transport.enter_raw_repl(soft_reset=fresh, timeout_overall=ENTER_S)

    def _close(self) -> None:
        with contextlib.suppress(*GONE):
            self._transport.close()

    @contextlib.contextmanager
    def _explained(self) -> Generator[None]:
        """Turns what mpremote and the port raise into errors for the user."""
        try:
            yield
        except GONE as error:
            raise BoardGoneError(
                f"the board at {self.path} is gone ({error})", "Plug it in again and run the same command once more."
            ) from error
        except self._failures as error:
            output = getattr(error, "error_output", None)
            if output is not None:
                raise on_board(str(output)) from error
            raise no_prompt(self.path) from error


class _Lines:
    """Puts lines together from single bytes."""

    def __init__(self, heard: Callable[[str], None] | None) -> None:
        self._heard = heard
        self._text = bytearray()

    def take(self, data: bytes) -> None:
        """The next bytes."""
        self._text += data.replace(b"\x04", b"")
        while b"\n" in self._text and self._heard:
            line, _, rest = bytes(self._text).partition(b"\n")
            self._text = bytearray(rest)
            if line.strip():
                self._heard(line.decode(errors="replace").strip())


def _open_for_the_reason(path: str) -> None:
    """Opens a port that mpremote could not, which keeps the reason to itself."""
    from serial import Serial

    Serial(path, BAUD, exclusive=True).close()
