"""A chip in its boot loader: what it is, and MicroPython's image written to it. By esptool, as a library."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
from collections.abc import Callable, Generator
from functools import cache
from types import TracebackType
from typing import Any

from coxa.errors import CoxaError
from coxa.flash.boards import VFS_AT
from coxa.flash.missing import extra
from coxa.link.channel import NoAnswerError
from coxa.link.port_advice import GONE, PortMissingError, port_explained
from coxa.link.serial import BAUD

CONNECT_TRIES = 5
"""Of esptool, about a second each, with other timings of the reset lines."""
FAST_BAUD = 460_800
"""Bit/s while the image is written: as fast as all bridge chips go; native USB does not look at it."""
_PROGRAM_AT = 0x10000
"""Behind the boot loader, which many programs have alike. All images here have theirs at this place."""
_LOOKED_AT = 256
"""Bytes: a program begins with a digest of its own, among others."""
_ERASED = 0xFF
_LITTLEFS = b"littlefs"
"""In the first block of such a file system."""
_SUPERBLOCKS = 2 * 4096
"""Bytes, which formatting writes; files of more than some hundred bytes are behind them."""


class NoLoaderError(NoAnswerError):
    """No chip answers as its boot loader does."""


class ChipError(CoxaError):
    """The chip refused, or what was written is not what was sent."""


class Loader:
    """Use it in a `with`, which leaves the chip to restart.

    Attributes:
        chip: as esptool names them in options: "esp32s3".
        title: as esptool names them for people: "ESP32-S3".
        flash_bytes: size of its flash; 0 where it does not say.
        uid: 12 hex digits, its MAC address: what MicroPython calls its unique id.
        log: what esptool said.
    """

    def __init__(self, path: str, advice: str, told: Callable[[int, int], None] | None = None) -> None:
        """Brings the chip at a port into its boot loader, as far as the cable can, and asks what it is.

        Args:
            path: of the port.
            advice: how a person brings it there by hand.
            told: is told the progress of what takes long: done and of how much.

        Raises:
            PortError: the port cannot be used.
            NoLoaderError: no chip answers.
            MissingExtraError: esptool is not installed.
        """
        cmds = self._cmds = extra("esptool.cmds")
        self._failure: type[Exception] = extra("esptool.util").FatalError
        self._log = io.StringIO()
        _listener().text, _listener().told = self._log, told
        self._esp: Any = None
        try:
            with self._explained(path, advice):
                self._esp = cmds.detect_chip(path, connect_attempts=CONNECT_TRIES)
                self._esp = cmds.run_stub(self._esp)
                cmds.attach_flash(self._esp)
                self.title = str(self._esp.CHIP_NAME)
                self.chip = re.sub(r"[^a-z0-9]", "", self.title.lower())
                self.uid = "".join(f"{byte:02x}" for byte in self._esp.read_mac())
                self.flash_bytes = _bytes(cmds.detect_flash_size(self._esp))
        except BaseException:
            self._close()
            raise
        self._path = path

    @property
    def log(self) -> str:
        """What esptool said."""
        return self._log.getvalue()

    def __enter__(self) -> Loader:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Restarts the chip and lets the port go."""
        with contextlib.suppress(self._failure, *GONE), self._heard():
            self._cmds.reset_chip(self._esp, "hard-reset")
        self._close()

    def has_another(self, offset: int, image: bytes) -> bool:
        """Whether there is a program at this place of the flash, and not (part of) this image.

        Raises:
            ChipError: it does not let itself be read. PortMissingError: it is gone.
        """
        for at in (offset, _PROGRAM_AT):
            wanted = image[at - offset :][:_LOOKED_AT]
            with self._explained(self._path, ""):
                found = bytes(self._cmds.read_flash(self._esp, at, len(wanted), no_progress=True) or b"")
            if found != wanted and any(byte != _ERASED for byte in found):
                return True
        return False

    def has_files(self) -> bool:
        """Whether MicroPython's file system is there, with what may be recordings. Raises as `has_another`.

        One whose formatting was broken off does not count: MicroPython would not start from it.
        """
        behind = VFS_AT + _SUPERBLOCKS
        with self._explained(self._path, ""):
            start = bytes(self._cmds.read_flash(self._esp, VFS_AT, _LOOKED_AT, no_progress=True) or b"")
            if _LITTLEFS not in start or self.flash_bytes <= behind:
                return False
            size = self.flash_bytes - behind
            blank = hashlib.md5(bytes([_ERASED]) * size, usedforsecurity=False).hexdigest()
            return str(self._esp.flash_md5sum(behind, size)) != blank

    def write(self, offset: int, image: bytes, *, erase: bool) -> None:
        """Writes an image and has the chip check it.

        Args:
            offset: in the flash.
            image: its bytes.
            erase: all of the flash first: files that were on it are gone.

        Raises:
            ChipError: it is not there as it was sent. PortMissingError: the board is gone.
        """
        with self._explained(self._path, "Run the same command again: it begins anew."):
            with contextlib.suppress(self._failure):  # as fast as it goes: a bridge that cannot stays as it is
                self._esp.change_baud(FAST_BAUD)
            if erase:
                self._cmds.erase_flash(self._esp)
            self._cmds.write_flash(self._esp, [(offset, image)], skip_flashed=not erase)
            self._cmds.verify_flash(self._esp, [(offset, image)])

    def _close(self) -> None:
        port = getattr(self._esp, "_port", None)
        if port is not None:
            with contextlib.suppress(*GONE):
                port.close()

    @contextlib.contextmanager
    def _heard(self) -> Generator[None]:
        """Some warnings of esptool go past its logger."""
        with contextlib.redirect_stdout(self._log), contextlib.redirect_stderr(self._log):
            yield

    @contextlib.contextmanager
    def _explained(self, path: str, advice: str) -> Generator[None]:
        """Turns what esptool and the port raise into errors for the user."""
        try:
            with self._heard():
                yield
        except self._failure as error:
            text = str(error).splitlines()[0]
            if "ould not open" in text:
                with port_explained(path):
                    _open_for_the_reason(path)
            if self._esp is None:
                raise NoLoaderError(f"no ESP32 answers at {path} ({text})", advice) from error
            raise ChipError(f"the chip at {path}: {text}", advice) from error
        except GONE as error:
            raise PortMissingError(
                f"the board at {path} is gone ({error})", "Plug it in again and run the same command once more."
            ) from error


def _open_for_the_reason(path: str) -> None:
    """Opens a port that esptool could not, for an error with its number."""
    from serial import Serial

    Serial(path, BAUD, exclusive=True).close()


def _bytes(size: str | None) -> int:
    """As esptool says it: "8MB"."""
    found = re.fullmatch(r"(\d+)(KB|MB)", size or "")
    return int(found[1]) << (20 if found[2] == "MB" else 10) if found else 0


class _Listener:
    """Who hears what esptool says: the chip that is being worked on."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.told: Callable[[int, int], None] | None = None

    def keep(self, *words: object, **how: object) -> None:
        """Words for a person."""
        self.text.write(" ".join(map(str, words)) + str(how.get("end", "\n")))

    def advance(self, done: int, of: int, **_: object) -> None:
        """Progress."""
        if self.told:
            self.told(done, of)


@cache
def _listener() -> _Listener:
    """The one of this process: esptool takes a logger once."""
    listener = _Listener()

    def keep(_: object, *words: object, **how: object) -> None:
        listener.keep(*words, **how)

    def advance(_: object, done: int, of: int, **how: object) -> None:
        listener.advance(done, of, **how)

    def nothing(*_: object, **__: object) -> None:
        pass

    methods = {"print": keep, "note": keep, "warning": keep, "error": keep, "progress_bar": advance}
    logger = extra("esptool.logger")
    kept = type("Kept", (logger.TemplateLogger,), {**methods, "stage": nothing, "set_verbosity": nothing})
    logger.log.set_logger(kept())
    return listener
