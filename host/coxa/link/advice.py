"""Errors of Bluetooth and of operating systems turned into errors of Coxa: one line, with what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from coxa.errors import CoxaError
from coxa.link import words
from coxa.link.channel import LinkLostError


class BluetoothError(CoxaError):
    """Bluetooth cannot be used on this computer as it is now; trying again does not help by itself."""


class NotReachedError(LinkLostError):
    """The board could not be reached now; it may be a moment later."""


class ForeignBoardError(CoxaError):
    """What was connected to does not offer what a board of this version offers."""


class AmbiguousBoardError(CoxaError):
    """More than one board is meant."""


@contextmanager
def explained(board: str = "the board", system: str = sys.platform) -> Generator[None]:
    """Turns errors of bleak and of the operating system's Bluetooth into a `CoxaError` of one line.

    Args:
        board: what the user calls it.
        system: as `sys.platform`.
    """
    try:
        yield
    except Exception as error:  # what is not known here passes; D-Bus has types of its own, on Linux alone
        found = None if isinstance(error, CoxaError) else explanation(error, board, system)
        if found is None:
            raise
        raise found from error


def explanation(error: Exception, board: str = "the board", system: str = sys.platform) -> CoxaError | None:
    """The same error for the user; None where it is none of Bluetooth's."""
    here = _known(system)
    match error:
        case BleakBluetoothNotAvailableError():
            found: CoxaError | None = BluetoothError(*of_reason(error.reason.name, system))
        case BleakError():
            found = _of_bleak(error, board)
        case TimeoutError():
            found = NotReachedError(f"{board} does not answer the connection", words.CLOSER)
        case OSError():
            found = _of_the_system(error, board, here)
        case _:
            found = _untyped(error, board)
    return found


def of_reason(reason: str, system: str = sys.platform) -> tuple[str, str]:
    """What is wrong with this computer's Bluetooth, and what to do about it.

    Args:
        reason: name of bleak's reason, such as "POWERED_OFF".
        system: as `sys.platform`.
    """
    what, advice = words.REASONS[BleakBluetoothNotAvailableReason[reason]]
    return what, advice[_known(system)]


def foreign(board: str, missing: str = "") -> ForeignBoardError:
    """The board lacks the characteristic `missing`."""
    what = f"{board} lacks what a Coxa board of this version offers{f' ({missing})' if missing else ''}"
    return ForeignBoardError(
        what,
        "Update the software on the board, or coxa (pip install -U coxa); was the board just updated, remove it from "
        "this computer's Bluetooth settings, which remember what it was.",
    )


def _known(system: str) -> words.System:
    """The system whose advice fits: what is neither macOS nor Windows is much like Linux."""
    if system in ("darwin", "win32"):
        return "darwin" if system == "darwin" else "win32"
    return "linux"


def _of_bleak(error: BleakError, board: str) -> CoxaError:
    match error:
        case BleakDeviceNotFoundError():
            found: CoxaError = NotReachedError(f"{board} was not found", words.CLOSER)
        case BleakCharacteristicNotFoundError():
            found = foreign(board)
        case BleakGATTProtocolError() if error.code in words.PAIRED:
            found = BluetoothError(f"this computer holds an old pairing with {board}", words.UNPAIR)
        case BleakGATTProtocolError():
            found = foreign(board, str(error.args[1]))
        case BleakDBusError() if error.dbus_error in words.BUS:
            found = BluetoothError(*words.BUS[error.dbus_error])
        case _:
            known = [advised for text, advised in words.TEXTS.items() if text in str(error).lower()]
            failed = NotReachedError(f"the connection to {board} failed ({error})", words.CLOSER)
            found = BluetoothError(*known[0]) if known else failed
    return found


def _untyped(error: Exception, board: str) -> CoxaError | None:
    """Of errors of other packages: D-Bus, which only Linux has, and bleak's own assertions."""
    if type(error).__module__.startswith("dbus_fast") or isinstance(error, EOFError):
        return BluetoothError(f"the system bus of Linux does not work ({str(error) or 'it closed'})", words.SERVICE)
    if isinstance(error, AssertionError) and _within_bleak(error.__traceback__):
        return NotReachedError(f"the connection to {board} failed", words.CLOSER)  # it went under bleak's hands
    return None


def _within_bleak(at: TracebackType | None) -> bool:
    """Whether the innermost call is one of bleak."""
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and str(at.tb_frame.f_globals.get("__name__", "")).startswith("bleak")


def _of_the_system(error: OSError, board: str, here: words.System) -> CoxaError:
    if here == "win32":
        if getattr(error, "winerror", None) == words.DEVICE_NOT_READY:
            return BluetoothError("Bluetooth is switched off", words.OFF["win32"])
        return NotReachedError(f"Windows failed to talk to {board} ({error})", words.AGAIN)
    if here == "darwin":
        return NotReachedError(f"macOS failed to talk to {board} ({error})", words.AGAIN)
    match error:
        case FileNotFoundError():
            return BluetoothError("there is no system bus here, which Bluetooth on Linux needs (D-Bus)", words.SERVICE)
        case PermissionError():
            return BluetoothError("this program is not allowed to use the system bus (D-Bus)", words.GROUP)
        case _:
            return BluetoothError(f"the system bus of Linux does not work ({error})", words.SERVICE)
