"""Bluetooth, by really listening for boards.

It is done in a process of its own: macOS ends a program that may not use Bluetooth at once (SIGABRT), and no radio that
hangs may hold this up. What is said of macOS and Windows was never seen there.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from coxa.doctor.findings import Finding, good, note, trouble
from coxa.doctor.place import Place
from coxa.doctor.sysfs import Kernel, kernel

SCAN_S = 3.0
"""Boards advertise every 0.15 s."""
LIMIT_S = 25.0
"""For all of it: bleak's own waits for a system that does not answer are up to 10 s long."""
OLDEST_WINDOWS = 16_299
"""Build of Windows 10, version 1709, the first that bleak works with."""

INSTALLS = {
    "debian": "sudo apt install bluez",
    "fedora": "sudo dnf install bluez",
    "rhel": "sudo dnf install bluez",
    "arch": "sudo pacman -S bluez bluez-utils",
    "suse": "sudo zypper install bluez",
    "alpine": "sudo apk add bluez",
}
"""What installs BlueZ, by distribution."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of listening.

    Attributes:
        boards: in range: `name`, `uid16`, `rssi_dbm`, `pending`, and whether what it says of itself is `unreadable`.
        what, advice: the error instead, as the user is told it; "" for none.
        reason: name of bleak's reason, such as "POWERED_OFF", or "".
        ended: how the process ended: 0 well, −n by signal n; None where it did not and was stopped.
        said: its last words, where it did not end well.
    """

    boards: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    what: str = ""
    advice: str = ""
    reason: str = ""
    ended: int | None = 0
    said: str = ""


def look(place: Place) -> Iterator[Finding]:
    """What the system says of its adapters, then what is heard."""
    if sys.platform == "win32":
        yield from windows(sys.getwindowsversion().build)
    linux = kernel() if sys.platform == "linux" else None
    yield from judged(sys.platform, listened() if place.scan else None, linux)


def listened(seconds: float = SCAN_S, limit_s: float = LIMIT_S) -> Heard:
    """Listens in a process of its own.

    Args:
        seconds: to listen.
        limit_s: until it is ended.
    """
    command = [sys.executable, "-P", "-m", "coxa.doctor.listen", str(seconds)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return Heard(ended=None)
    try:
        return Heard(**json.loads(done.stdout))
    except (ValueError, TypeError):
        last = done.stderr.strip().splitlines()[-1:]
        return Heard(ended=done.returncode, said=" ".join(last))


def judged(system: str, heard: Heard | None, linux: Kernel | None = None) -> Iterator[Finding]:
    """Whether Bluetooth works, and why not.

    Args:
        system: as `sys.platform`.
        heard: what came of listening; None where nobody listened.
        linux: what Linux says of its adapters.
    """
    of_linux = list(_of_linux(linux)) if linux is not None else []
    if heard is None:  # who does not want Bluetooth has no trouble with it
        yield from (replace(one, level="note") if one.level == "trouble" else one for one in of_linux)
        yield note("bluetooth.scan", "nobody listened for boards, as --no-scan says")
        return
    yield from of_linux
    if heard.ended != 0:
        yield _broken(system, heard)
    elif not heard.what:
        yield from _in_range(heard)
    elif not (of_linux and _is_known_already(heard, of_linux)):
        mend = _for_distribution(heard.advice, linux) if linux else heard.advice
        yield trouble("bluetooth.scan", heard.what, mend, reason=heard.reason)


def windows(build: int) -> Iterator[Finding]:
    """Whether this Windows is new enough."""
    if build < OLDEST_WINDOWS:
        what = f"this Windows (build {build}) is too old for Bluetooth Low Energy from programs"
        mend = "Update it to Windows 10 version 1709 or later: Settings > Windows Update. Or use the USB cable."
        yield trouble("bluetooth.windows", what, mend, build=build)


def _of_linux(linux: Kernel) -> Iterator[Finding]:
    from coxa.link import advice

    data: dict[str, Any] = {"adapters": list(linux.adapters), "soft_blocked": linux.soft, "hard_blocked": linux.hard}
    if linux.wsl:
        mend = "Install Python and Coxa in Windows itself and run it in PowerShell; the store can be copied there."
        yield trouble("bluetooth.adapter", "the Linux inside Windows (WSL) has no Bluetooth", mend, **data)
    elif not linux.adapters:
        usual = advice.of_reason("NO_BLUETOOTH", "linux")[1]
        mend = (
            f"{usual} If one is built in, `sudo dmesg | grep -i bluetooth` tells "
            "what it lacks, often its firmware; a virtual machine must be given one."
        )
        yield trouble("bluetooth.adapter", "Linux sees no Bluetooth adapter", mend, **data)
    elif linux.hard:
        mend = (
            "Use that switch (a key with an aeroplane or a radio mast, often with Fn), or allow Bluetooth in the "
            "firmware setup (BIOS); `rfkill list bluetooth` shows whether it worked."
        )
        yield trouble("bluetooth.adapter", "a switch of this computer has Bluetooth off", mend, **data)
    elif linux.soft:
        yield trouble(
            "bluetooth.adapter",
            "Bluetooth is switched off (rfkill)",
            advice.of_reason("POWERED_OFF", "linux")[1],
            **data,
        )
    else:
        yield good("bluetooth.adapter", f"Linux sees {', '.join(linux.adapters)}, not blocked", **data)


def _is_known_already(heard: Heard, of_linux: list[Finding]) -> bool:
    """Whether the error only repeats what Linux itself has told; a bus that is missing is another thing."""
    return of_linux[0].level == "trouble" and heard.reason in ("NO_BLUETOOTH", "POWERED_OFF", "NO_BLE_CENTRAL_ROLE")


def _broken(system: str, heard: Heard) -> Finding:
    from coxa.link import advice

    data: dict[str, Any] = {"ended": heard.ended, "said": heard.said}
    if system == "darwin" and heard.ended == -signal.SIGABRT:
        what, mend = advice.of_reason("DENIED_BY_USER", system)
        return trouble("bluetooth.scan", f"{what}: macOS ended it", mend, **data)
    what = f"listening ended with code {heard.ended}{f': {heard.said}' if heard.said else ''}"
    if heard.ended is None:
        what = f"Bluetooth gave no answer within {LIMIT_S:.0f} s"
    return trouble("bluetooth.scan", what, advice.of_reason("UNKNOWN", system)[1], **data)


def _in_range(heard: Heard) -> Iterator[Finding]:
    names = [one["name"] or one["uid16"] or "one without a name" for one in heard.boards]
    told = [f"{name} at {one['rssi_dbm']} dBm" for name, one in zip(names, heard.boards, strict=True)]
    text = f"in range: {', '.join(told)}" if told else f"no board is in range within {SCAN_S:.0f} s"
    mend = "" if told else "A board sleeps until its button is pressed; while connected it is not seen."
    yield good("bluetooth.scan", f"Bluetooth works; {text}", mend, boards=heard.boards)
    foreign = [name for name, one in zip(names, heard.boards, strict=True) if one["unreadable"]]
    if foreign:
        what = f"what {', '.join(foreign)} says of itself cannot be read: board and Coxa differ in version"
        mend = "Update the older of the two: the board (plug it in, `coxa board update`), or Coxa."
        yield note("bluetooth.foreign", what, mend, boards=foreign)


def _for_distribution(advice: str, linux: Kernel) -> str:
    """The command that installs BlueZ, as this distribution has it."""
    command = next((INSTALLS[one] for one in linux.likes if one in INSTALLS), None)
    return advice.replace(INSTALLS["debian"], command) if command else advice
