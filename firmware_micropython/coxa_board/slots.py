"""Two folders for the application, /app_a and /app_b: a new version that does not prove itself gives way to the old.

This file stands alone: a copy of it lies in the root of the board, beside main.py. State in /active.json:
`active` "a" or "b"; `confirmed`: it has run for a healthy minute; `tried`: starts while it had not; `fallen`: the
other one was given up; `safe`: the next start is to be in safe mode.
"""

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PATH = "/active.json"
CRASHES = 3  # in a row, after which a version is given up
_STARTS = 3  # a new version may take to run for a healthy minute


def choose(crashes: int) -> str | None:
    """The folder to start from; None: safe mode, for no folder is fit or someone asked for it.

    Args:
        crashes: in a row so far. After CRASHES the other folder is tried, once.

    Raises:
        OSError: the flash failed.
    """
    state = _read()
    if state["safe"]:
        state["safe"] = False
        _write(state)
        return None
    slot = state["active"]
    unproven = not state["confirmed"]
    if crashes >= CRASHES or (unproven and state["tried"] >= _STARTS) or not _present(slot):
        other = "b" if slot == "a" else "a"
        if state["fallen"] or not _present(other):
            return None
        _write(_state(other, True, fallen=True))
        return folder(other)
    if unproven:
        state["tried"] += 1
        _write(state)
    return folder(slot)


def confirm() -> None:
    """The running version has proved itself.

    Raises:
        OSError: the flash failed.
    """
    state = _read()
    if not state["confirmed"] or state["fallen"]:
        _write(_state(state["active"], True))


def activate(slot: str) -> None:
    """From the next start on the application in this slot runs, on trial.

    Raises:
        ValueError: there is none.
        OSError: the flash failed.
    """
    if slot not in ("a", "b") or not _present(slot):
        raise ValueError("no application in slot " + repr(slot))
    _write(_state(slot, False))


def ask_safe_mode() -> None:
    """The next start, and that one alone, is in safe mode.

    Raises:
        OSError: the flash failed.
    """
    state = _read()
    state["safe"] = True
    _write(state)


def active() -> str:
    """The slot that runs, or will: "a" or "b"."""
    return _read()["active"]


def folder(slot: str) -> str:
    """Its path."""
    return "/app_" + slot


def _state(slot: str, confirmed: bool, fallen: bool = False) -> dict[str, Any]:
    return {"active": slot, "confirmed": confirmed, "tried": 0, "fallen": fallen, "safe": False}


def _read() -> dict[str, Any]:
    """As kept; without it, or damaged: the first folder there is, taken for good."""
    state = _state("a" if _present("a") else "b", True)
    try:
        with open(PATH) as file:
            kept: Any = json.load(file)
        if kept["active"] in ("a", "b"):
            for key in ("confirmed", "fallen", "safe"):
                state[key] = bool(kept[key])
            state["tried"] = int(kept["tried"])
            state["active"] = kept["active"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return state


def _write(state: dict[str, Any]) -> None:
    with open(PATH + ".new", "w") as file:
        json.dump(state, file)
        file.flush()
    os.rename(PATH + ".new", PATH)


def _present(slot: str) -> bool:
    try:
        os.stat(folder(slot) + "/coxa_board")
    except OSError:
        return False
    return True
