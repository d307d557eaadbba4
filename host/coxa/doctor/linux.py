"""What Linux says beside the serial ports: groups of the user, udev's rules, USB devices, programs that run."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coxa.doctor.sysfs import UsbDevice, programs, usb_devices

RULES = ("/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d")
"""Where udev reads its rules."""
GROUPS = ("dialout", "uucp")
"""That may use serial ports: of Debian, Fedora and their like; of Arch."""
_SEAT = "73-seat-late.rules"
"""Gives what is tagged `uaccess` to users; a tag that is set in a later file is too late."""


@dataclass(frozen=True, slots=True)
class User:
    """Who runs this: groups of this login, and those of the account, which a newer login has. `root` may anything."""

    groups: frozenset[str] = frozenset()
    account: frozenset[str] = frozenset()
    root: bool = False


@dataclass(frozen=True, slots=True)
class Linux:
    """What Linux says beside the ports.

    Attributes:
        user: who runs this.
        serial_group: that may use serial ports here.
        usb: what is plugged in.
        programs: that run.
        rule: the file of the rule that gives ports of boards to users, or "".
    """

    user: User
    serial_group: str = "dialout"
    usb: tuple[UsbDevice, ...] = ()
    programs: frozenset[str] = frozenset()
    rule: str = ""


def of_this() -> Linux:
    """The facts of this computer."""
    if sys.platform == "win32":
        raise OSError("there are no groups and rules of Linux here")
    import grp
    import pwd

    def name(number: int) -> str:
        try:
            return grp.getgrgid(number).gr_name
        except KeyError:
            return str(number)

    try:
        account = pwd.getpwuid(os.geteuid())
        listed = frozenset(name(one) for one in os.getgrouplist(account.pw_name, account.pw_gid))
    except KeyError:  # a container may run as a number without a name
        listed = frozenset[str]()
    now = frozenset(map(name, [*os.getgroups(), os.getegid()]))
    there = {one.gr_name for one in grp.getgrall()}
    return Linux(
        user=User(now, listed, os.geteuid() == 0),
        serial_group=next((one for one in GROUPS if one in there), GROUPS[0]),
        usb=tuple(usb_devices()),
        programs=frozenset(programs()),
        rule=rule_of(RULES),
    )


def rule_of(folders: Sequence[str]) -> str:
    """The file of rules that gives ports of boards to users, or ""."""
    for folder in folders:
        for file in sorted(Path(folder).glob("*.rules")):
            try:
                lines = file.read_text("utf-8", "replace").lower().splitlines()
            except OSError:
                continue
            if any(_gives(line, file.name) for line in lines):
                return str(file)
    return ""


def _gives(line: str, file: str) -> bool:
    """Whether a rule lets users have what one of our vendors made."""
    from coxa.link.port_advice import VENDORS

    vendors = re.findall(r'^[^#]*idvendor}=="([^"]*)"', line)
    ours = any(f"{one:04x}" in vendor for vendor in vendors for one in VENDORS)
    return ours and (("uaccess" in line and file < _SEAT) or re.search('mode:?="0?666"', line) is not None)
