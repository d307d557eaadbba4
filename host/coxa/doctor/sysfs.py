"""What Linux itself says of Bluetooth adapters and USB devices, from its files below /sys; and where it runs."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

_ADAPTER = re.compile(r"hci\d+")
_ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Kernel:
    """What Linux knows of Bluetooth.

    Attributes:
        adapters: their names, such as hci0.
        soft, hard: Bluetooth is blocked by a program, by a switch of the computer.
        wsl: it is the Linux inside Windows. `container`: it is one (Docker, Podman).
        likes: the distribution and those it is like, such as ("ubuntu", "debian").
    """

    adapters: tuple[str, ...] = ()
    soft: bool = False
    hard: bool = False
    wsl: bool = False
    container: bool = False
    likes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A USB device: its identifiers, and its serial ports (names below /dev)."""

    vid: int
    pid: int
    ports: tuple[str, ...]


def kernel(root: Path = _ROOT, release: str = "") -> Kernel:
    """Reads it.

    Args:
        root: folder that stands for /.
        release: of the kernel, in place of that of this computer.
    """
    switches = [one for one in (root / "sys/class/rfkill").glob("*") if _read(one / "type") == "bluetooth"]
    return Kernel(
        adapters=tuple(sorted(one.name for one in (root / "sys/class/bluetooth").glob("*") if _is_adapter(one))),
        soft=any(_read(one / "soft") == "1" for one in switches),
        hard=any(_read(one / "hard") == "1" for one in switches),
        wsl="microsoft" in (release or platform.release()).lower(),
        container=(root / ".dockerenv").exists() or (root / "run/.containerenv").exists(),
        likes=distribution(_read(root / "etc/os-release")),
    )


def distribution(os_release: str) -> tuple[str, ...]:
    """The distribution and those it is like, from the text of /etc/os-release."""
    pairs = [line.partition("=") for line in os_release.splitlines()]
    told = {name: value.strip("\"'") for name, _, value in pairs}
    return tuple(f"{told.get('ID', '')} {told.get('ID_LIKE', '')}".split())


def usb_devices(root: Path = _ROOT) -> list[UsbDevice]:
    """What is plugged in."""
    found: list[UsbDevice] = []
    for place in sorted((root / "sys/bus/usb/devices").glob("*")):
        vid, pid = _read(place / "idVendor"), _read(place / "idProduct")
        if vid and pid:
            # Beside the interface on bridge chips (1-1:1.0/ttyUSB0), a folder deeper on others (1-1:1.0/tty/ttyACM0).
            ports = {one.name for pattern in ("*:*/ttyUSB*", "*:*/tty/tty*") for one in place.glob(pattern)}
            found.append(UsbDevice(int(vid, 16), int(pid, 16), tuple(sorted(ports))))
    return found


def programs(root: Path = _ROOT) -> set[str]:
    """Names of the programs that run, as far as this user can see."""
    return {name for one in (root / "proc").glob("[0-9]*/comm") if (name := _read(one))}


def holders(port: str, root: Path = _ROOT) -> list[tuple[int, str]]:
    """Programs of this user that have a port open: process number and name."""
    found: list[tuple[int, str]] = []
    for process in (root / "proc").glob("[0-9]*"):
        try:
            held = any(str(one.readlink()) == port for one in (process / "fd").iterdir())
        except OSError:  # of somebody else, or just ended
            continue
        if held:
            found.append((int(process.name), _read(process / "comm")))
    return found


def _is_adapter(path: Path) -> bool:
    return _ADAPTER.fullmatch(path.name) is not None  # beside them stand connections, such as hci0:256


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
