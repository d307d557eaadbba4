"""What a serial port complains of, in plain words with what to do about it."""

from __future__ import annotations

import errno
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from coxa.errors import CoxaError
from coxa.link.channel import LinkLostError

VENDORS = (0x303A, 0x2E8A, 0x1A86, 0x10C4, 0x2341, 0x1B4F)
"""USB vendors of boards and of the bridge chips on them."""
RULE_FILE = "/etc/udev/rules.d/70-coxa.rules"
"""Sorts before 73-seat-late.rules, which acts on the tag, and ModemManager's 80-mm-candidate.rules."""
_IDS = "|".join(f"{vendor:04x}" for vendor in VENDORS)
RULE = f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{_IDS}", TAG+="uaccess", ENV{{ID_MM_DEVICE_IGNORE}}="1"'
"""Of udev: gives serial ports of boards to whoever sits at the computer, and keeps ModemManager away from them."""
MAKE_RULE = f"sudo tee {RULE_FILE} <<< '{RULE}'"
"""The command that makes it; for bash and zsh."""
_GROUP_AS_A_RULE = "dialout"
_CABLE = "Plug the board in, with a cable that carries data and not only power; `coxa scan` lists the ports."


def _gone() -> tuple[type[Exception], ...]:
    if sys.platform == "win32":
        return (OSError,)
    import termios

    return OSError, termios.error


GONE = _gone()
"""What a port raises that is gone; pyserial passes on those of the terminal."""

_NOT_THERE = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO)
_IN_USE = (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK)


class PortError(CoxaError):
    """A serial port cannot be used as it is now."""


class PortMissingError(PortError, LinkLostError):
    """There is no such port now; it may come back."""


@contextmanager
def port_explained(path: str, system: str = sys.platform) -> Generator[None]:
    """Turns errors of the serial port at `path` into a `PortError` of one line; `system` as `sys.platform`."""
    try:
        yield
    except (OSError, ValueError) as error:  # SerialException is an OSError; a port that cannot be is a ValueError
        raise port_explanation(error, path, system) from error


def port_explanation(error: Exception, path: str, system: str = sys.platform) -> PortError:
    """The same error for the user."""
    number = getattr(error, "errno", None)
    text = str(error)  # on Windows, pyserial tells the reason in words only
    if number in _NOT_THERE or "FileNotFoundError" in text:
        return PortMissingError(f"there is no port {path}", _CABLE)
    if number in _IN_USE or (system == "win32" and "PermissionError" in text):
        return PortError(f"the port {path} is in use by another program", end_the_other(path, system))
    if number in (errno.EACCES, errno.EPERM):
        return PortError(f"this program may not use the port {path}", permission(path, system))
    if "configure port" in text or isinstance(error, ValueError):
        return PortError(f"{path} is no serial port that works ({text})", _CABLE)
    return PortError(f"the port {path} does not work ({text})", "Unplug the board and plug it in again.")


def end_the_other(path: str, system: str = sys.platform) -> str:
    """What to do where another program has the port."""
    others = "Close it: another coxa, mpremote, Thonny, a serial monitor"
    if system == "linux":
        return f"{others}; `fuser -v {path}` shows which. Just plugged in, ModemManager may hold it for some seconds."
    return f"{others}."


def permission(path: str, system: str = sys.platform, group: str | None = None) -> str:
    """What to do where this user may not use the port.

    Args:
        path: of the port.
        system: as `sys.platform`.
        group: that may use it; by default what the port itself says.
    """
    if system != "linux":
        return f"Check its permissions with `ls -l {path}`."
    return (
        f"Run `sudo usermod -aG {group or group_of(path)} $USER`, log out and in again. Or give boards to whoever sits "
        f"at this computer, and plug the board in again: `{MAKE_RULE}`"
    )


def group_of(path: str) -> str:
    """The group that may use the port: named differently from one Linux to the next."""
    try:
        group = Path(path).group()
    except (OSError, KeyError, NotImplementedError):
        return _GROUP_AS_A_RULE
    return _GROUP_AS_A_RULE if group == "root" else group
