"""Serial ports: which may be boards, may this user use them, has another program taken one?

Ports are not opened: that would take one from another program, and resets some boards.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coxa.doctor.access import may_use
from coxa.doctor.findings import Finding, good, note, trouble
from coxa.doctor.linux import Linux, User, of_this
from coxa.doctor.place import Place
from coxa.doctor.sysfs import holders

DRIVERS = {(0x1A86, 0x7523): "ch341", (0x10C4, 0xEA60): "cp210x"}
"""Of Linux, by USB vendor and product; boards with USB of their own have cdc_acm."""
PICO_LOADERS = ((0x2E8A, 0x0003), (0x2E8A, 0x000F))
"""USB identifiers of a Pico, and a Pico 2, that waits for a file of firmware."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A port that may be a board.

    Attributes:
        path, description: of the port.
        usable: whether this user may read and write it; None where the system does not tell without opening it.
        group: that may use it.
        held_by: programs that have it open, as far as they can be seen.
    """

    path: str
    description: str
    usable: bool | None = True
    group: str = ""
    held_by: tuple[str, ...] = ()


def look(_place: Place) -> Iterator[Finding]:
    """Every port that may be a board."""
    from coxa.link import serial

    found = [seen(one.device, one.description) for one in serial.ports()]
    yield from judged(found, sys.platform, of_this() if sys.platform == "linux" else None)


def seen(path: str, description: str = "") -> Seen:
    """The facts of a port."""
    from coxa.link.port_advice import group_of

    if sys.platform == "win32":
        return Seen(path, description, usable=None)
    held = holders(os.path.realpath(path)) if sys.platform == "linux" else []
    ours = [f"{name} (process {number})" for number, name in held if number != os.getpid()]
    return Seen(path, description, may_use(path), group_of(path), tuple(ours))


def judged(ports: Sequence[Seen], system: str, linux: Linux | None = None) -> Iterator[Finding]:
    """What is to be said of the ports.

    Args:
        ports: that may be boards.
        system: as `sys.platform`.
        linux: what Linux says beside them.
    """
    for port in ports:
        yield judged_port(port, system, linux.user if linux else User())
    if linux is not None:
        yield from _without_port(linux)
        yield from _modem_manager(ports, linux)
        if not ports:
            yield from _later(linux)
    if not ports:
        mend = "For a board on a cable: one that carries data and not only power. Over Bluetooth none is needed."
        yield good("ports.found", "no serial port that may be a board", mend)


def judged_port(port: Seen, system: str, user: User) -> Finding:
    """One port."""
    check = "ports.port"
    data: dict[str, Any] = {"port": port.path, "description": port.description, "held_by": list(port.held_by)}
    named = f"{port.path} ({port.description})" if port.description else port.path
    if port.usable is False:
        return trouble(check, f"you may not use {named}", _allowed(port, system, user), group=port.group, **data)
    if port.held_by:
        what = f"{named} is in use by {', '.join(port.held_by)}"
        return note(check, what, "While it is, nothing else can use the board: close it when you want to.", **data)
    if port.usable is None:
        what = f"{named} may be a board; whether another program has it shows when it is used"
        return good(check, what, **data)
    return good(check, f"{named} may be a board, and you may use it", **data)


def _allowed(port: Seen, system: str, user: User) -> str:
    from coxa.link.port_advice import permission

    if system == "linux" and port.group in user.account - user.groups:
        return (
            f"Your account is in the group {port.group} already, but this login is older: log out and in again, or for "
            f"this terminal only `newgrp {port.group}`."
        )
    return permission(port.path, system, port.group or None)


def _without_port(linux: Linux) -> Iterator[Finding]:
    """Devices that Linux sees on USB, but not as a serial port."""
    from coxa.link.port_advice import VENDORS

    for one in linux.usb:
        if one.vid not in VENDORS or one.ports:
            continue
        ids = f"{one.vid:04x}:{one.pid:04x}"
        if (one.vid, one.pid) in PICO_LOADERS:
            what = f"a Pico ({ids}) waits for firmware: it shows itself as a disk"
            mend = "Copy the MicroPython file (.uf2) onto that disk; it restarts by itself."
            yield note("ports.usb", what, mend, usb=ids)
        elif "brltty" in linux.programs and (one.vid, one.pid) in DRIVERS:
            what = f"a board may be plugged in (USB {ids}), but brltty took its port, for a Braille display"
            yield trouble("ports.usb", what, "If you use no Braille display: `sudo apt remove brltty`.", usb=ids)
        else:
            driver = DRIVERS.get((one.vid, one.pid), "cdc_acm")
            what = f"what is plugged in as USB {ids} may be a board, but has no serial port"
            yield note("ports.usb", what, f"Plug it in again; else load its driver: `sudo modprobe {driver}`.", usb=ids)


def _modem_manager(ports: Sequence[Seen], linux: Linux) -> Iterator[Finding]:
    from coxa.link.port_advice import MAKE_RULE

    if ports and "ModemManager" in linux.programs and not linux.rule:
        what = "ModemManager runs: it may hold a board for some seconds after it is plugged in"
        yield note("ports.modemmanager", what, f"Wait, or keep it away: `{MAKE_RULE}`")


def _later(linux: Linux) -> Iterator[Finding]:
    """Whether a board could be used, were it plugged in."""
    from coxa.link.port_advice import permission

    if linux.user.root or linux.rule or linux.serial_group in linux.user.account:
        return
    what = f"a board that you plug in may be refused to you: you are not in the group {linux.serial_group}"
    mend = permission("", "linux", linux.serial_group)
    yield note("ports.later", what, mend, groups=sorted(linux.user.account))
