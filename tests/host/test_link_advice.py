"""Every complaint of bleak, D-Bus, pyserial and the operating systems becomes one line with what to do."""

import asyncio
import errno
import os
import sys

import pytest
import serial
from bleak import BleakClient, BleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from coxa.errors import CoxaError, StoreError
from coxa.link import LinkLostError
from coxa.link.advice import BluetoothError, ForeignBoardError, NotReachedError, explained
from coxa.link.port_advice import PortError, PortMissingError, port_explained

Reason = BleakBluetoothNotAvailableReason
Code = BleakGATTProtocolErrorCode
SYSTEMS = ("linux", "darwin", "win32")


def told(error, system="linux", board="thigh"):
    with pytest.raises(CoxaError) as found, explained(board, system):
        raise error
    assert "\n" not in str(found.value)
    assert found.value.advice
    assert found.value.__cause__ is error
    return found.value


def bus(name, *details):
    return BleakDBusError(name, list(details))


def windows_error(winerror):
    error = OSError("as Windows says it")
    error.winerror = winerror
    return error


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_bleak_has_advice_on_every_system(reason, system):
    error = told(BleakBluetoothNotAvailableError("as bleak says it", reason), system)
    assert type(error) is BluetoothError
    assert "as bleak says it" not in str(error)


@pytest.mark.parametrize(
    ("reason", "system", "words"),
    [
        (Reason.NO_BLUETOOTH, "linux", "no Bluetooth adapter.*bluetoothctl list"),
        (Reason.NO_BLUETOOTH, "win32", "no Bluetooth adapter.*USB Bluetooth adapter.*driver"),
        (Reason.NO_BLE_CENTRAL_ROLE, "linux", "Low Energy.*4.2"),
        (Reason.POWERED_OFF, "linux", "switched off.*rfkill unblock bluetooth.*bluetoothctl power on"),
        (Reason.POWERED_OFF, "darwin", "switched off.*Control Centre"),
        (Reason.POWERED_OFF, "win32", "switched off.*Bluetooth & devices"),
        (Reason.DENIED_BY_USER, "darwin", "not allowed.*terminal program.*Privacy.*SIGABRT"),
        (Reason.DENIED_BY_UNKNOWN, "darwin", "not allowed.*terminal program.*Privacy.*SIGABRT"),
        (Reason.DENIED_BY_SYSTEM, "darwin", "not allowed.*whoever manages this Mac"),
        (Reason.DENIED_BY_SYSTEM, "linux", "not allowed.*usermod -aG bluetooth.*log out.*container"),
        (Reason.UNKNOWN, "linux", "systemctl restart bluetooth"),
    ],
)
def test_the_advice_fits_the_system(reason, system, words):
    assert told(BleakBluetoothNotAvailableError("", reason), system).args
    with pytest.raises(BluetoothError, match=words), explained(system=system):
        raise BleakBluetoothNotAvailableError("", reason)


@pytest.mark.parametrize(
    ("error", "system", "kind", "words"),
    [
        # the board
        (BleakDeviceNotFoundError("AA:BB", "gone"), "linux", NotReachedError, "thigh was not found.*button"),
        (TimeoutError(), "linux", NotReachedError, "thigh does not answer.*closer"),
        (TimeoutError(), "darwin", NotReachedError, "thigh does not answer.*closer"),
        (BleakError("Not connected"), "linux", NotReachedError, "connection to thigh failed.*Not connected"),
        (BleakError("device 'dev_AA' not found"), "linux", NotReachedError, "failed"),
        (BleakError("Could not get GATT services: Unreachable"), "win32", NotReachedError, "thigh failed.*Unreachable"),
        (BleakCharacteristicNotFoundError("7a8e"), "linux", ForeignBoardError, "thigh lacks.*pip install -U coxa"),
        (BleakGATTProtocolError(Code.REQUEST_NOT_SUPPORTED), "linux", ForeignBoardError, "Request Not Supported"),
        (BleakGATTProtocolError(Code.INSUFFICIENT_AUTHENTICATION), "linux", BluetoothError, "old pairing.*Remove it"),
        (BleakGATTProtocolError(Code.INSUFFICIENT_ENCRYPTION), "win32", BluetoothError, "old pairing.*Remove it"),
        (bus("org.bluez.Error.Failed", "le-connection-abort-by-local"), "linux", NotReachedError, "abort-by-local"),
        # Linux
        (FileNotFoundError(errno.ENOENT, "No such file"), "linux", BluetoothError, "D-Bus.*bluez.*/run/dbus"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "linux", BluetoothError, "bus.*systemctl start"),
        (PermissionError(errno.EACCES, "denied"), "linux", BluetoothError, "not allowed.*usermod.*AppArmor"),
        (EOFError(), "linux", BluetoothError, "bus of Linux.*it closed"),
        (bus("org.freedesktop.DBus.Error.ServiceUnknown"), "linux", BluetoothError, "BlueZ.*systemctl start bluetooth"),
        (bus("org.freedesktop.DBus.Error.NameHasNoOwner"), "linux", BluetoothError, "BlueZ.*systemctl start bluetooth"),
        (bus("org.freedesktop.DBus.Error.AccessDenied", "AppArmor"), "linux", BluetoothError, "usermod -aG bluetooth"),
        (bus("org.freedesktop.DBus.Error.NoReply"), "linux", BluetoothError, "does not answer.*restart bluetooth"),
        (bus("org.bluez.Error.NotReady", "Resource Not Ready"), "linux", BluetoothError, "switched off.*rfkill"),
        (bus("org.bluez.Error.InProgress"), "linux", BluetoothError, "busy"),
        (BleakError("Bleak requires BlueZ >= 5.55."), "linux", BluetoothError, "too old.*apt install bluez"),
        # Windows
        (windows_error(-2147020577), "win32", BluetoothError, "switched off.*Bluetooth & devices"),
        (windows_error(-2147467259), "win32", NotReachedError, "Windows failed.*as Windows says it"),
        (BleakError("Failed to start scanner. Is Bluetooth turned on?"), "win32", BluetoothError, "switched off"),
        (
            BleakError("Thread is configured for Windows GUI but callbacks are not working. Suspect 'pythoncom'."),
            "win32",
            BluetoothError,
            "thread.*uninitialize_sta.*pywin32",
        ),
        # macOS
        (OSError("as macOS says it"), "darwin", NotReachedError, "macOS failed"),
    ],
)
def test_every_other_error_has_its_words(error, system, kind, words):
    with pytest.raises(kind, match=words) as found, explained("thigh", system):
        raise error
    assert type(found.value) is kind
    assert found.value.advice and "\n" not in str(found.value)


def test_what_may_pass_is_a_lost_link_and_what_does_not_is_none():
    assert issubclass(NotReachedError, LinkLostError) and issubclass(PortMissingError, LinkLostError)
    assert not issubclass(BluetoothError, LinkLostError) and not issubclass(ForeignBoardError, LinkLostError)


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), AssertionError("not bleak's"), KeyError("x")])
def test_mistakes_of_the_program_are_not_dressed_up(error):
    with pytest.raises(type(error)) as found, explained():
        raise error
    assert found.value is error


def test_errors_that_are_explained_already_pass_as_they_are():
    error = StoreError("the disk is full", "Make room.")
    with pytest.raises(StoreError) as found, explained():
        raise error
    assert found.value is error


@pytest.mark.skipif(sys.platform != "linux", reason="D-Bus is of Linux")
def test_where_the_bus_itself_fails_it_is_said(monkeypatch, tmp_path):
    """Through bleak itself, against no bus and a bus address that cannot be."""

    async def ask():
        with explained("thigh"):
            await BleakScanner.discover(0.1)

    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    with pytest.raises(BluetoothError, match=r"no system bus here.*systemctl start bluetooth.*container"):
        asyncio.run(ask())
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "nonsense")
    with pytest.raises(BluetoothError, match=r"bus of Linux does not work.*systemctl"):
        asyncio.run(ask())

    async def connect():
        with explained("thigh"):
            await BleakClient("00:11:22:33:44:55").connect()

    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    with pytest.raises(BluetoothError, match="no system bus here"):
        asyncio.run(connect())


@pytest.mark.skipif(sys.platform != "linux", reason="bleak's part for Linux")
def test_an_assertion_of_bleak_is_a_connection_that_went():
    from bleak.backends.bluezdbus.utils import assert_reply
    from dbus_fast import Message, MessageType

    with pytest.raises(NotReachedError, match="connection to thigh failed"), explained("thigh"):
        assert_reply(Message(message_type=MessageType.SIGNAL, path="/a", interface="a.b", member="c"))


# serial ports


@pytest.mark.parametrize(
    ("error", "system", "kind", "words"),
    [
        (serial.SerialException(errno.ENOENT, "could not open port"), "linux", PortMissingError, "no port.*data"),
        (
            serial.SerialException("could not open port 'COM3': FileNotFoundError(2, 'The system cannot find')"),
            "win32",
            PortMissingError,
            "no port",
        ),
        (serial.SerialException(errno.EBUSY, "busy"), "linux", PortError, "in use.*fuser -v /dev/x.*ModemManager"),
        (serial.SerialException(errno.EAGAIN, "Could not exclusively lock"), "darwin", PortError, "in use.*Thonny"),
        (
            serial.SerialException("could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)"),
            "win32",
            PortError,
            "in use.*Close it",
        ),
        (
            serial.SerialException(errno.EACCES, "Permission denied"),
            "linux",
            PortError,
            r"may not use.*usermod -aG dialout \$USER.*/etc/udev/rules.d/70-coxa.rules.*"
            r'SUBSYSTEM=="tty", ATTRS\{idVendor\}=="303a\|.*TAG\+="uaccess"',
        ),
        (serial.SerialException(errno.EACCES, "Permission denied"), "darwin", PortError, "may not use.*ls -l"),
        (serial.SerialException("Could not configure port: (25, 'ioctl')"), "linux", PortError, "no serial port"),
        (ValueError("nonsense"), "linux", PortError, "no serial port"),
        (serial.SerialException("write failed"), "linux", PortError, "does not work.*plug it in again"),
        (serial.SerialTimeoutException("Write timeout"), "linux", PortError, "does not work"),
    ],
)
def test_every_complaint_of_a_port_has_its_words(error, system, kind, words):
    with pytest.raises(kind, match=words) as found, port_explained("/dev/x", system):
        raise error
    assert type(found.value) is kind
    assert found.value.advice and "\n" not in str(found.value)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are of POSIX")
def test_real_ports_that_cannot_be_opened_are_told(tmp_path):
    import pty

    file = tmp_path / "file"
    file.touch()
    for path, kind, words in (
        (tmp_path / "none", PortMissingError, "no port"),
        (file, PortError, "no serial port"),
        (tmp_path, PortError, "tmp|test"),
    ):
        with pytest.raises(kind, match=words), port_explained(str(path), "linux"):
            serial.Serial(str(path))
    ours, theirs = pty.openpty()
    try:
        path = os.ttyname(theirs)
        with serial.Serial(path, exclusive=True), pytest.raises(PortError, match="in use"), port_explained(path):
            serial.Serial(path, exclusive=True)
    finally:
        os.close(ours)
        os.close(theirs)
