"""MicroPython on a board: there already, or written by way of the chip's boot loader; then its prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coxa.errors import CoxaError, UsageError
from coxa.flash import boards, ports
from coxa.flash.about import About, about
from coxa.flash.download import image_for, offer
from coxa.flash.failures import NoPromptError
from coxa.flash.image import Image, read_image
from coxa.flash.image_part import ImageError
from coxa.flash.loader import ChipError, Loader
from coxa.flash.repl import Repl
from coxa.flash.settings import PATH, decoded

if TYPE_CHECKING:
    from coxa.flash.wish import Teller, Wish
    from coxa.link.serial import Port
    from coxa_wire import Info

_AUTO = "auto"
"""In the settings: the board is to find out itself."""
_BOOT = "Get it into its boot loader by hand: hold BOOT, tap RESET, let go of BOOT. Then run the same command again."

_FLASH = "Run coxa flash, which gives it a newer one; its files stay."


class WrongBoardError(CoxaError):
    """What is at the port is another board than the one that was named."""


class MicroPython:
    """Sees to it that MicroPython runs on the board at a port.

    Attributes:
        written: whether it had to be written.
    """

    def __init__(self, wish: Wish, port: Port, teller: Teller, cache: Path, listed: ports.Listed) -> None:
        """Takes what is asked for, and where images are kept."""
        self._wish = wish
        self._port = port
        self._teller = teller
        self._cache = cache
        self._listed = listed
        self.written = False
        self._agreed = False

    def prompt(self, said: Info | None) -> Repl:
        """The board's prompt; use it in a `with`.

        Args:
            said: what Coxa's program on the board said, if there is one.

        Raises:
            UsageError: it is not clear which board it is. WrongBoardError: another one than was named.
            NoLoaderError: neither MicroPython nor a boot loader answers. Else as `Loader`, `Repl`, `image_for`.
        """
        if self._wish.erase and said is not None and said.pending:
            self._teller.agree(f"{said.pending} recordings on the board are erased with everything else")
            self._agreed = True
        try:
            with self._teller.bar("Looking at the board"):
                repl = Repl(self._port.device)
        except NoPromptError:
            if self._wish.program_only:
                raise
            repl = None
        if repl is None:
            self._write(None)
        else:
            try:
                here = about(repl)
                if not self._needs_image(here):
                    return repl
                kind = self.kind_of(here, repl)
                self._to_loader(repl)
            except BaseException:
                repl.__exit__(None, None, None)
                raise
            repl.__exit__(None, None, None)
            self._write(kind)
        with self._teller.bar("Starting MicroPython"):
            return ports.retried(self._port, Repl, ports.BACK_S, self._listed)

    def kind_of(self, here: About, repl: Repl) -> boards.BoardKind:
        """Which kind of board it is: as named, as its settings say, or as MicroPython says.

        Raises:
            UsageError: none of these tells. WrongBoardError: they contradict each other.
        """
        candidates = boards.by_machine(here.machine)
        named = self._wish.board
        if named is None:
            kept = str(decoded(repl.read(PATH)).values["board"])
            found = boards.surely(here.machine) if kept == _AUTO else boards.kind(kept)
            if found is None:
                names = " or ".join(one.name for one in candidates) or ", ".join(one.name for one in boards.KINDS)
                raise UsageError(f"the board calls itself {here.machine!r}", f"Say which it is: --board {names}.")
        else:
            found = boards.kind(named)
        if candidates and found.chip not in {one.chip for one in candidates}:
            names = " or ".join(one.name for one in candidates)
            raise WrongBoardError(
                f"the board at {self._port.device} calls itself {here.machine!r}, and is no {found.title}",
                f"Plug in the right one, or say what it is: --board {names}.",
            )
        return found

    def _needs_image(self, here: About) -> bool:
        if here.version < boards.OLDEST_MICROPYTHON:
            oldest = _dotted(boards.OLDEST_MICROPYTHON)
            if self._wish.program_only:
                raise ChipError(f"the board's MicroPython {_dotted(here.version)} is older than {oldest}", _FLASH)
            self._teller.say(f"MicroPython {_dotted(here.version)} is on it, older than {oldest}.")
            return True
        if self._wish.image is not None or self._wish.erase:
            return True
        self._teller.say(f"{self._port.device}: {here.machine}, MicroPython {_dotted(here.version)}.")
        return False

    def _to_loader(self, repl: Repl) -> None:
        """Boards whose USB is the chip's own go there at a command; a bridge's lines do it for the others."""
        if repl.value("hasattr(machine, 'bootloader')"):
            repl.restart("machine.bootloader()")

    def _write(self, kind: boards.BoardKind | None) -> None:
        """Writes the image; `kind` where MicroPython has told it already."""
        was_micropython = kind is not None
        named = kind or (boards.kind(self._wish.board) if self._wish.board else None)
        if named is not None and named.chip is None:
            raise UsageError(f"a {named.title} takes MicroPython another way", named.boot_advice)
        advice = _BOOT if named is None else named.boot_advice
        image = named and self._image(named)  # refused before the board is touched
        with (
            self._teller.bar("MicroPython") as bar,
            ports.retried(self._port, lambda path: Loader(path, advice, bar), ports.BACK_S, self._listed) as chip,
        ):
            self._teller.say(f"{self._port.device}: {chip.title}, {chip.flash_bytes >> 20} MB flash.")
            kind = self._checked(chip, named)
            image = image or self._image(kind)
            data = image.path.read_bytes()
            kept = not self._wish.erase and (was_micropython or chip.has_files())
            if self._wish.erase and not self._agreed and chip.has_files():
                self._teller.agree("Files are on the board, perhaps recordings. They are erased for good")
            elif not was_micropython and not kept and chip.has_another(kind.offset, data):
                self._teller.agree("There is another program on the chip. MicroPython takes its place for good")
            chip.write(kind.offset, data, erase=not kept)
        self.written = True
        self._teller.say(f"MicroPython {image.version.removeprefix('v')} is on it now, checked.")

    def _checked(self, chip: Loader, named: boards.BoardKind | None) -> boards.BoardKind:
        """The kind of board with this chip."""
        candidates = boards.by_chip(chip.chip)
        names = " or ".join(one.name for one in candidates)
        if named is not None:
            found = named
        elif len(candidates) == 1:
            found = candidates[0]
        else:
            advice = f"Say which board it is: --board {names}." if names else "Coxa has no board with this chip."
            raise UsageError(f"the chip at {self._port.device} is {chip.title}, which several boards have", advice)
        if found not in candidates:
            raise WrongBoardError(
                f"the chip at {self._port.device} is {chip.title}, and a {found.title} has another ({found.chip})",
                f"Plug in the right one, or say what it is: --board {names}. Nothing was changed.",
            )
        if 0 < chip.flash_bytes < found.flash_mb << 20:
            what = f"the board at {self._port.device} has {chip.flash_bytes >> 20} MB of flash, a {found.title} "
            raise ChipError(f"{what}has {found.flash_mb}", f"Say what it is: --board {names}.")
        return found

    def _image(self, kind: boards.BoardKind) -> Image:
        pinned = self._wish.image_sha256
        if self._wish.image is not None:
            image = read_image(self._wish.image, kind)
            if pinned is not None and pinned.lower() != image.sha256:
                raise ImageError(f"{image.path} has the SHA-256 {image.sha256}, not {pinned}", "Fetch it again.")
            return image
        with self._teller.bar("Fetching MicroPython") as bar:
            image = image_for(kind, self._cache, progress=bar, sha256=pinned)
        if pinned is None and offer(kind).sha256 is None:
            self._teller.say(f"Nobody has stated a digest of {image.path.name}; this one's SHA-256 is {image.sha256}.")
        return image


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
