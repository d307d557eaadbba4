"""What Bluetooth can complain of, as the user is told it, with what to do about it on each operating system."""

from __future__ import annotations

from typing import Literal

from bleak.exc import BleakBluetoothNotAvailableReason, BleakGATTProtocolErrorCode

System = Literal["linux", "darwin", "win32"]

_Why = BleakBluetoothNotAvailableReason
_Code = BleakGATTProtocolErrorCode

CLOSER = "Bring it closer, switch it on, and end what else is connected to it; it sleeps until its button is pressed."
_CONTAINER = "in a container, share the host's bus with `-v /run/dbus:/run/dbus`"
SERVICE = f"Start it with `sudo systemctl start bluetooth` (install it with `sudo apt install bluez`); {_CONTAINER}."
GROUP = (
    "Run `sudo usermod -aG bluetooth $USER`, log out and in again; in a container, AppArmor must allow the bus too "
    "(`--security-opt apparmor=unconfined`)."
)
_PRIVACY = (
    "Allow your terminal program under System Settings > Privacy & Security > Bluetooth and start it again; without an "
    "entry there macOS ends the program at once (SIGABRT)."
)
_RADIOS = "Allow it under Settings > Privacy & security > Radios and Bluetooth."
_GUI_THREAD = (
    "Call coxa from the main thread of a program without windows, or call bleak's `uninitialize_sta()` before; the "
    "package pywin32 (pythoncom) brings this about when it is imported first."
)
UNPAIR = "Remove it from this computer's Bluetooth settings, where it needs no entry, and try again."
AGAIN = "Switch Bluetooth off and on again, then try once more."
DEVICE_NOT_READY = -2147020577
"""HRESULT 0x800710DF, "the device is not ready for use": what Windows says where its radio is off."""

_NO_ADAPTER: dict[System, str] = {
    "linux": "Plug in a USB Bluetooth adapter (4.2 or later); `bluetoothctl list` must show it. Or use the USB cable.",
    "darwin": "This Mac offers no Bluetooth; use the USB cable.",
    "win32": "Plug in a USB Bluetooth adapter (4.2 or later) with its driver. Or use the USB cable.",
}
OFF: dict[System, str] = {
    "linux": "Run `rfkill unblock bluetooth` and `bluetoothctl power on`.",
    "darwin": "Switch it on in the Control Centre of the menu bar.",
    "win32": "Switch it on under Settings > Bluetooth & devices, and flight mode off.",
}
_DENIED: dict[System, str] = {"linux": GROUP, "darwin": _PRIVACY, "win32": _RADIOS}
_RESTRICTED: dict[System, str] = {
    "linux": GROUP,
    "darwin": "Ask whoever manages this Mac to allow it (Screen Time, profile).",
    "win32": _RADIOS,
}
_UNKNOWN: dict[System, str] = {"linux": "Run `sudo systemctl restart bluetooth`.", "darwin": AGAIN, "win32": AGAIN}

REASONS: dict[BleakBluetoothNotAvailableReason, tuple[str, dict[System, str]]] = {
    _Why.NO_BLUETOOTH: ("this computer has no Bluetooth adapter", _NO_ADAPTER),
    _Why.NO_BLE_CENTRAL_ROLE: ("this computer's Bluetooth adapter cannot do Bluetooth Low Energy", _NO_ADAPTER),
    _Why.POWERED_OFF: ("Bluetooth is switched off", OFF),
    _Why.DENIED_BY_USER: ("this program is not allowed to use Bluetooth", _DENIED),
    _Why.DENIED_BY_SYSTEM: ("this program is not allowed to use Bluetooth", _RESTRICTED),
    _Why.DENIED_BY_UNKNOWN: ("this program is not allowed to use Bluetooth", _DENIED),
    _Why.UNKNOWN: ("Bluetooth does not work on this computer now", _UNKNOWN),
}

BUS = {  # by the name of the error on D-Bus
    "org.freedesktop.DBus.Error.ServiceUnknown": ("the Bluetooth service of Linux (BlueZ) does not run", SERVICE),
    "org.freedesktop.DBus.Error.NameHasNoOwner": ("the Bluetooth service of Linux (BlueZ) does not run", SERVICE),
    "org.freedesktop.DBus.Error.AccessDenied": ("this program is not allowed to use Bluetooth", GROUP),
    "org.bluez.Error.NotReady": ("Bluetooth is switched off", OFF["linux"]),
    "org.bluez.Error.InProgress": ("Bluetooth is busy with another program", "Close that program, then try again."),
    "org.freedesktop.DBus.Error.NoReply": ("Bluetooth does not answer", _UNKNOWN["linux"]),
    "org.freedesktop.DBus.Error.Disconnected": ("Bluetooth does not answer", _UNKNOWN["linux"]),
}
PAIRED = (_Code.INSUFFICIENT_AUTHENTICATION, _Code.INSUFFICIENT_AUTHORIZATION, _Code.INSUFFICIENT_ENCRYPTION)
"""The board asks for no pairing: these come from keys that one side has forgotten."""

TEXTS = {  # of errors without a type of their own, in small letters
    "configured for windows gui": ("Bluetooth cannot answer in a thread that Windows uses for windows", _GUI_THREAD),
    "failed to start scanner": ("Bluetooth is switched off", OFF["win32"]),
    "requires bluez": ("the Bluetooth service of Linux (BlueZ) is too old", "Update it: `sudo apt install bluez`."),
}
