"""What ended the program, kept for the next look, and how often in a row.

This file stands alone: a copy of it lies in the root of the board, beside main.py, for the times when the
application's folder is broken. Files in /crash: 0.txt to 3.txt, the latest four; `state`.
"""

import gc
import json
import os
import sys
import time

import machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = "/crash"
_FILES = 4
_NOTES_LENGTH = 4000  # bytes after which the notes are begun anew


def begin() -> None:
    """To be called once at power-on, before the application: counts an end that left no word.

    A program that neither wrote nor said goodbye was ended by the watchdog or by a fault below Python. Power cuts,
    sleep, and restarts from the console are nobody's fault.

    Raises:
        OSError: the flash failed.
    """
    cause = machine.reset_cause()
    state = _read()
    innocent = (machine.PWRON_RESET, machine.DEEPSLEEP_RESET, machine.SOFT_RESET)
    if state["running"] and cause not in innocent:
        _count(state, running=True)
        with open(_name(state), "w") as file:
            file.write(f"number {state['total']}: the program stopped without a word; reset cause {cause}\n")
    elif not state["running"]:
        state["running"] = 1
        _write(state)


def write(error: BaseException, counts: dict[str, int] | None = None) -> None:
    """Keeps an exception with its traceback, the uptime, the latest reset and the counts; counts one more in a row.

    Raises:
        OSError: the flash is full or failed. The count is written first.
    """
    gc.collect()  # it may be the memory that ran out
    state = _read()
    _count(state, running=False)
    with open(_name(state), "w") as file:
        uptime_s = time.ticks_diff(time.ticks_ms(), 0) // 1000
        file.write(f"number {state['total']}: {uptime_s} s after the start; reset cause {machine.reset_cause()}\n")
        for name, count in (counts or {}).items():
            file.write(f"{name}: {count}\n")
        sys.print_exception(error, file)


def note(text: str) -> None:
    """Keeps one line that is no crash: a damaged setting, a session mended. Never raises for the flash."""
    path = FOLDER + "/notes.txt"
    try:
        _make_folder()
        mode = "a" if _size(path) < _NOTES_LENGTH else "w"
        with open(path, mode) as file:
            file.write(text + "\n")
    except OSError:
        pass  # what it tells is of less worth than what still runs


def piece(name: str, offset: int, length: int) -> tuple[bytes, bool]:
    """Bytes of what is kept, and whether there is more behind them; nothing where there is none, or the flash fails.

    Args:
        name: "notes", or "crash 0" to "crash 3".
        offset, length: of the bytes.
    """
    try:
        with open(f"{FOLDER}/{name.replace('crash ', '')}.txt", "rb") as file:
            file.seek(offset)
            data = file.read(length + 1)
    except OSError:
        return b"", False
    return data[:length], len(data) > length


def crashes() -> int:
    """Ends by a fault since the latest healthy minute."""
    return _read()["row"]


def healthy() -> None:
    """The program runs as it should, or has had its consequences: the row of crashes is over.

    Raises:
        OSError: the flash failed.
    """
    _clear("row")


def ended() -> None:
    """The program ends on purpose; what restarts it is no crash.

    Raises:
        OSError: the flash failed.
    """
    _clear("running")


def _clear(key: str) -> None:
    state = _read()
    if state[key]:
        state[key] = 0
        _write(state)


def _count(state: dict[str, int], running: bool) -> None:
    state["total"] += 1
    state["row"] += 1
    state["running"] = int(running)
    _write(state)


def _name(state: dict[str, int]) -> str:
    return f"{FOLDER}/{state['total'] % _FILES}.txt"


def _read() -> dict[str, int]:
    state = {"total": 0, "row": 0, "running": 0}
    try:
        with open(FOLDER + "/state") as file:
            kept: Any = json.load(file)
        for key in state:
            state[key] = int(kept[key])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none yet, or damaged: a new count
    return state


def _write(state: dict[str, int]) -> None:
    _make_folder()
    temporary = FOLDER + "/state.new"
    with open(temporary, "w") as file:
        json.dump(state, file)
        file.flush()
    os.rename(temporary, FOLDER + "/state")


def _make_folder() -> None:
    try:
        os.mkdir(FOLDER)
    except OSError as error:
        if error.errno != 17:  # EEXIST
            raise


def _size(path: str) -> int:
    try:
        return os.stat(path)[6]
    except OSError:
        return 0
