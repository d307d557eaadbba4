"""What is asked of `coxa flash`, what comes of it, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from coxa.link.known import KnownBoard, Role

if TYPE_CHECKING:
    from coxa.flash.about import About
    from coxa.flash.boards import BoardKind
    from coxa.flash.install import Installed
    from coxa.flash.selftest import SelfTest
    from coxa.flash.settings import Settings


class Teller(Protocol):
    """What the user sees, and is asked."""

    def say(self, text: str) -> None:
        """One line."""
        ...

    def bar(self, text: str) -> AbstractContextManager[Callable[[int, int], None]]:
        """A bar of progress; give it done and total."""
        ...

    def agree(self, what: str) -> None:
        """Asks whether this may be done; raises `UsageError` where not."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for.

    Attributes:
        port: serial port; None: the only one.
        board: name of the kind of board; None: as the board says.
        image: file of MicroPython; None: the official one, where the board needs one.
        image_sha256: its digest, hex; None: as it is known.
        role, name: None: as the board has it already.
        settings: bytes of a file of settings, in place of those on the board.
        changes: other settings.
        erase: everything on it, recordings too.
        downgrade: also where the board's program is newer.
        compiled: copy compiled files where the board takes them.
        program_only: leave settings, name and secret as they are.
    """

    port: str | None = None
    board: str | None = None
    image: Path | None = None
    image_sha256: str | None = None
    role: Role | None = None
    name: str | None = None
    settings: bytes | None = None
    changes: dict[str, Any] = field(default_factory=dict[str, Any])
    erase: bool = False
    downgrade: bool = False
    compiled: bool = True
    program_only: bool = False


@dataclass(frozen=True, slots=True)
class Flashed:
    """What came of it.

    Attributes:
        known: the board, as this computer knows it from now on.
        kind: of board. `port`: where it is now.
        about: what it said at its prompt, before the program was installed.
        image_written: whether MicroPython was written.
        installed: the program. `settings_written`: whether they had to be.
        settings: all of them.
        test: the self-test.
    """

    known: KnownBoard
    kind: BoardKind
    port: str
    about: About
    image_written: bool
    installed: Installed
    settings: Settings
    settings_written: bool
    test: SelfTest
