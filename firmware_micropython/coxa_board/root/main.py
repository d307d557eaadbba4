"""Starts the application from the active slot, or safe mode: no application, LED blinking, console on USB.

Goes to the root of the board, beside copies of crashlog.py and slots.py; survives any damage in the slots' folders.
"""

import asyncio
import sys

import machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from coxa_board import crashlog, slots
    from coxa_board.root import console
else:  # what lies in the root
    import console
    import crashlog
    import slots

SAFE_MODE_S = 10  # the button is held for so long at power-on


def start() -> None:
    """Runs the application. A fault restarts the board; what comes back is for the console."""
    folder = choose()
    if folder is None:
        return safe_mode("no version of the application runs, or you asked for it")
    try:
        reason = run(folder)
    except KeyboardInterrupt:
        quietly(crashlog.ended)
        return console.feed()
    except (Exception, asyncio.CancelledError, GeneratorExit) as error:
        return give_up(error)
    if reason:
        safe_mode(reason)


def choose() -> str | None:
    """The folder to start from. A flash that takes no more is no reason not to: its sessions want to be fetched."""
    quietly(crashlog.begin)
    crashes = crashlog.crashes()
    if crashes >= slots.CRASHES:
        quietly(crashlog.healthy)  # they have their consequence now; the next start is judged anew
    try:
        return slots.choose(crashes)
    except OSError:
        return slots.folder(slots.active())


def run(folder: str) -> str:
    """Runs the application in this folder; returns the reason for safe mode, or "" when the application ended.

    Raises:
        BaseException: whatever ended the application.
    """
    sys.path.insert(0, folder)
    from coxa_board import boards, config
    from coxa_board.parts.button import Button
    from coxa_board.parts.pins import input_pin

    complaints: list[str] = []
    settings = config.load(config.PATH, complaints)
    for complaint in complaints:
        crashlog.note(complaint)
    try:
        board = boards.find(settings)
    except config.ConfigError as error:
        return str(error)
    if Button(input_pin(board.button, board.chip)).pressed_at_boot(SAFE_MODE_S):
        return "the button was held"
    from coxa_board import app

    if settings["watchdog_s"]:
        console.stop()  # the application feeds it from here on
    app.run(settings)
    quietly(crashlog.ended)
    return ""


def give_up(error: BaseException) -> None:
    """Keeps what happened and restarts; safe mode if it cannot even be kept, or restarts would go on for ever."""
    try:
        crashlog.write(error)
    except OSError as full:
        return safe_mode(f"{error!r}, and the flash fails: {full}")
    machine.reset()


def safe_mode(reason: str) -> None:
    """Leaves the console to whoever comes, says why, and blinks."""
    quietly(crashlog.ended)
    crashlog.note("safe mode: " + reason)
    sys.stdout.write("Coxa, safe mode: " + reason + "\n")
    led = find_led()
    if led is not None:
        console.blink(led)


def quietly(keep: Callable[[], None]) -> None:
    """Writes to the flash if it can be written; if not, a later crash says so."""
    try:
        keep()
    except OSError:
        return


def find_led() -> machine.Pin | None:
    """The LED, if any slot's list of boards can be read."""
    for folder in ("/app_a", "/app_b"):
        try:
            sys.path.insert(0, folder)
            from coxa_board import boards, config

            led = boards.find(config.load()).led
            return None if led is None else machine.Pin(led, machine.Pin.OUT, value=0)
        except Exception:  # broken in any way: the other one
            sys.path.pop(0)
            for name in [name for name in sys.modules if name.startswith("coxa_")]:
                del sys.modules[name]
    return None


if __name__ == "__main__":
    start()
