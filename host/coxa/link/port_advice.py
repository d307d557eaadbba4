"""What a serial port complains of, in plain words with what to do about it."""

from __future__ import annotations

import errno
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from coxa.errors import CoxaError
from coxa.link.channel import LinkLostError

_UDEV = 'SUBSYSTEM=="tty", ATTRS{idVendor}=="303a|2e8a|1a86|10c4|2341|1b4f", TAG+="uaccess"'
"""A rule that gives serial ports of boards (their USB vendors) to whoever sits at the computer."""
_GROUP_AS_A_RULE = "dialout"
_CABLE = "Plug the board in, with a cable that carries data and not only power; `coxa scan` lists the ports."
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
        return PortError(f"the port {path} is in use by another program", _end_the_other(path, system))
    if number in (errno.EACCES, errno.EPERM):
        return PortError(f"this program may not use the port {path}", _permission(path, system))
    if "configure port" in text or isinstance(error, ValueError):
        return PortError(f"{path} is no serial port that works ({text})", _CABLE)
    return PortError(f"the port {path} does not work ({text})", "Unplug the board and plug it in again.")


def _end_the_other(path: str, system: str) -> str:
    others = "Close it: another coxa, mpremote, Thonny, a serial monitor"
    if system == "linux":
        return f"{others}; `fuser -v {path}` shows which. Just plugged in, ModemManager may hold it for some seconds."
    return f"{others}."


def _permission(path: str, system: str) -> str:
    if system != "linux":
        return f"Check its permissions with `ls -l {path}`."
    return (
        f"Run `sudo usermod -aG {_group(path)} $USER`, log out and in again; or put this line into "
        f"/etc/udev/rules.d/70-coxa.rules and plug the board in again: {_UDEV}"
    )


def _group(path: str) -> str:
    """The group that may use the port: named differently from one Linux to the next."""
    try:
        group = Path(path).group()
    except (OSError, KeyError, NotImplementedError):
        return _GROUP_AS_A_RULE
    return _GROUP_AS_A_RULE if group == "root" else group
