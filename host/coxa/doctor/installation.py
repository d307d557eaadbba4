"""Python and Coxa itself: where they are, and the command that installs something beside them."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from coxa import __version__
from coxa.doctor.findings import Finding, good, note, trouble
from coxa.doctor.place import Place

OLDEST_PYTHON = (3, 11)
"""As pyproject.toml says: tomllib and asyncio.timeout came with it."""


@dataclass(frozen=True, slots=True)
class Installation:
    """How Coxa came here.

    Attributes:
        python: the interpreter, as it is to be called in a terminal of this computer.
        prefix: its folder.
        installer: what installed Coxa, such as pip or uv; "" where that is not known.
        folder: the checkout or folder it was installed from; "" where it came from a package index.
        editable: whether it runs from that folder.
        system: as `sys.platform`.
    """

    python: str
    prefix: str
    installer: str = "pip"
    folder: str = ""
    editable: bool = False
    system: str = "linux"


def of_this() -> Installation:
    """The installation that is running."""
    try:
        coxa = importlib.metadata.distribution("coxa")
    except importlib.metadata.PackageNotFoundError:
        return Installation(sys.executable, sys.prefix, installer="", system=sys.platform)
    origin: dict[str, Any] = json.loads(coxa.read_text("direct_url.json") or "{}")
    url = urlsplit(str(origin.get("url", "")))
    return Installation(
        python="python" if os.environ.get("VIRTUAL_ENV") == sys.prefix else sys.executable,
        prefix=sys.prefix,
        installer=(coxa.read_text("INSTALLER") or "").strip(),
        folder=url2pathname(url.path) if url.scheme == "file" else "",
        editable=bool(origin.get("dir_info", {}).get("editable")),
        system=sys.platform,
    )


def install_line(here: Installation, extra: str = "", *wanted: str) -> str:
    """The command that installs Coxa with an extra, or the requirements `wanted`, into this installation."""
    quoted = [_quoted(one, here.system) for one in wanted]
    coxa = _quoted(f"{here.folder or 'coxa'}{f'[{extra}]' if extra else ''}", here.system)
    places = PurePath(here.prefix.replace("\\", "/")).parts
    if "pipx" in places:
        return f"pipx inject coxa {' '.join(quoted)}" if wanted else f"pipx install --force {coxa}"
    if "uv" in places and "tools" in places:
        more = " ".join(f"--with {one}" for one in quoted)
        return f"uv tool install --force {f'{more} ' if more else ''}{coxa}"
    python = _quoted(here.python, here.system, program=True)
    pip = f"uv pip install --python {python}" if here.installer == "uv" else f"{python} -m pip install"
    if wanted:
        return f"{pip} -U {' '.join(quoted)}"
    return f"{pip} {'-e ' if here.editable else '' if extra else '-U '}{coxa}"


def update_line(here: Installation) -> str:
    """The command that brings a newer Coxa."""
    if not here.editable:
        return install_line(here)
    return f"git -C {_quoted(here.folder, here.system)} pull; {install_line(here)}"  # PowerShell 5 has no &&


def look(_place: Place) -> Iterator[Finding]:
    """Python, and which Coxa this is."""
    here = of_this()
    yield python_version(sys.version_info[:3], here)
    yield from coxa_version(__version__, here, _metadata_version(), shutil.which("coxa"))


def python_version(version: tuple[int, ...], here: Installation) -> Finding:
    """Whether this Python will do."""
    text = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        what = f"this is Python {text}; Coxa needs {wanted} or newer"
        return trouble("installation.python", what, f"{_newer_python(here.system)} Then install Coxa there.")
    return good("installation.python", f"Python {text} in {here.prefix}", version=text, prefix=here.prefix)


def coxa_version(running: str, here: Installation, installed: str | None, on_path: str | None) -> Iterator[Finding]:
    """Whether what runs is what is installed, and what the shell calls.

    Args:
        running: the version that runs.
        here: how it came here.
        installed: the version that the package index of this Python has noted; None for none.
        on_path: the program that `coxa` in a shell is, or None.
    """
    check, folder = "installation.coxa", f" from {here.folder}" if here.folder else ""
    if installed is None:
        yield note(check, f"Coxa {running} runs without being installed", f"Run `{install_line(here)}`.")
    elif installed != running:
        what = f"Coxa {running} runs, but {installed} is noted as installed"
        yield note(check, what, f"Run `{install_line(here)}`.", version=running, installed=installed)
    else:
        yield good(check, f"Coxa {running}{folder}", version=running, folder=here.folder, editable=here.editable)
    if on_path is not None and not _within(on_path, here.prefix):
        what = f"the `coxa` that your shell finds, {on_path}, belongs to another Python"
        mend = "Call the one that you mean by its full path, or uninstall the other."
        yield note("installation.path", what, mend, program=on_path)


def _within(program: str, prefix: str) -> bool:
    """Whether a program belongs to the Python at `prefix`: beside it, or linked to from elsewhere."""
    home = os.path.realpath(prefix)
    return any(Path(one).is_relative_to(root) for one, root in ((program, prefix), (os.path.realpath(program), home)))


def _metadata_version() -> str | None:
    try:
        return importlib.metadata.version("coxa")
    except importlib.metadata.PackageNotFoundError:
        return None


def _newer_python(system: str) -> str:
    if system == "linux":
        return "Install a newer one with your package manager, or with `uv python install`."
    return "Install a newer one from python.org."


def _quoted(word: str, system: str, *, program: bool = False) -> str:
    """As one word for the shell: of POSIX, or PowerShell of Windows, which calls a quoted program by `&`."""
    if not set(word) - set("-_./\\:=" if system == "win32" else "-_./:=") - _PLAIN:
        return word
    return f'{"& " if program else ""}"{word}"' if system == "win32" else "'" + word.replace("'", "'\\''") + "'"


_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
