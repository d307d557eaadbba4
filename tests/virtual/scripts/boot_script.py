"""Starts of a virtual board from its own flash, with applications that fail.

Prints as its last line what happened in the scenario named by the first argument, as JSON.
"""

import json
import os
import random
import sys

import esp32
import machine
import vfs
from boot_board import APP, APPS, BUTTON, FIRMWARE, HOLD, Board, blinks, make, put, waits


def good():
    board = Board()
    board.starts(3)
    return board.log, board.files


def no_fault():
    """Ends that are nobody's fault, many times."""
    board = Board("brief", "good")
    board.starts(10)
    for cause in (machine.DEEPSLEEP_RESET, machine.SOFT_RESET) * 5:
        board.start(cause)
    return board.log, board.files


def crash_alone():
    board = Board("crash")
    board.starts(4)
    blinking = blinks()
    board.start(machine.PWRON_RESET)
    return board.log, board.files, blinking


def crash_other():
    board = Board("crash", "good")
    board.starts(6)
    return board.log, board.files


def crash_both():
    board = Board("crash", "hang")
    board.starts(7)
    blinking = blinks()
    return board.log, blinking


def blind():
    """The LED is found by the other slot's list of boards when the active slot's is broken."""
    board = Board("good", "crash")
    board.edit(lambda: put("/app_a/coxa_board/boards.py", "def find(:"))
    board.starts(7)
    return board.log, blinks()


def crash_now_and_then():
    """Crashes with healthy runs between them never add up."""
    board = Board("good", "good")
    for _ in range(5):
        for kind in ("crash", "crash", "good"):
            board.edit(lambda: put("/app_a/coxa_board/app.py", APP.format(APPS[kind])))  # noqa: B023
            board.start()
    return board.log


def kinds_of_crash():
    logs = {}
    for kind in ("memory", "cancelled", "hang"):
        board = Board(kind)
        board.starts(4)
        logs[kind] = [board.log, board.files["/crash/2.txt"]]
    return logs


def broken():
    """Slots damaged in many ways give way to the other one."""
    logs = []
    damages = [
        lambda: os.remove("/app_a/coxa_board/app.py"),
        lambda: os.remove("/app_a/coxa_board/boards.py"),
        lambda: put("/app_a/coxa_board/app.py", "def run(:\n"),
        lambda: put("/app_a/coxa_board/app.py", ""),
        lambda: put("/app_a/coxa_board/config.py", "\x00\x01"),
        lambda: put("/app_a/coxa_board/__init__.py", "1/0"),
        lambda: put("/app_a/coxa_board/parts/button.py", "raise SystemError"),
        lambda: os.rename("/app_a/coxa_board", "/app_a/gone"),
        lambda: os.rename("/app_a", "/gone"),
    ]
    for damage in damages:
        board = Board("good", "good")
        board.edit(damage)
        board.starts(5)
        logs.append(board.log)
    return logs


def nothing_there():
    """No slot, or no settings, or settings that do not fit: the console, and no exception."""
    logs = []
    for damage in (
        lambda: os.rename("/app_a", "/gone"),
        lambda: os.remove("/config.json"),
        lambda: put("/config.json", '{"board": "xiao-esp32s3", "pins": {"led": 33}}'),
        lambda: put("/config.json", '{"board": "toaster"}'),
    ):
        board = Board()
        board.edit(damage)
        board.starts(2)
        logs.append([board.log, board.files["/crash/notes.txt"]])
    return logs


def trial(kind, starts, settle):
    board = Board("good", kind)

    def activate():
        import slots

        slots.activate("b")

    sys.path[:] = ["", "/pc" + FIRMWARE + "/coxa_board"]
    board.edit(activate)
    board.starts(starts)
    if settle:
        board.edit(lambda: put("/app_b/coxa_board/app.py", APP.format(APPS["brief"])))
        board.starts(5)
    return board.log


def console():
    board = Board("interrupted")
    board.start()
    survives = [waits()]
    board.start(machine.SOFT_RESET)  # from here on `boot.py` alone runs, as with mpremote
    survives.append(waits())
    return board.log, survives


def soft_reset():
    """mpremote restarts Python and runs boot.py alone; the watchdog of before goes on."""
    board = Board("good")
    machine.WDT(timeout=8000)
    machine.power_on(machine.SOFT_RESET)
    board._mount(None)
    sys.modules.pop("console", None)
    sys.path[:] = ["", ".frozen", "/lib"]
    with open("/boot.py") as file:
        exec(file.read(), {"__name__": "__main__"})
    survives = [waits()]
    vfs.umount("/")
    machine.watchdog.stop()
    # In the friendly console main.py runs as well, with that watchdog: into safe mode, or an application without.
    for kind, settings in (("safe", {"board": "toaster"}), ("good", {"board": "xiao-esp32s3", "watchdog_s": 0})):
        board = Board(kind, settings=settings)
        outcome = board.start(machine.SOFT_RESET)
        survives.append(outcome != "WatchdogReset" and waits())
        if machine.watchdog:
            machine.watchdog.stop()
    survives.append(Board("hang").start(machine.SOFT_RESET) == "WatchdogReset")
    return survives


def held():
    board = Board()
    machine.drive(BUTTON, 0)
    board.start()
    machine.drive(BUTTON, 1)
    blinking = blinks()
    board.start()
    return board.log, blinking


def asked():
    board = Board("safe")
    board.start()
    board.edit(lambda: put("/app_a/coxa_board/app.py", APP.format(APPS["good"])))
    board.starts(2)
    return board.log, board.files


def hold():
    """Level of GPIO 4 before main.py, by the settings: the stick holds itself on, the XIAO has a motor there."""
    levels = []
    for text in (
        '{"board": "m5stickc-plus2"}',
        '{"crc32": "00000000", "config": {"board": "m5stickc-plus2"}}',
        '{"board": "m5stickc-plus2", "na\x00\xff',
        '{"board": "generic-esp32", "pins": {"hold": 4, "sda": 1}}',
        '{"board": "generic-esp32", "pins": {"hold": 4}}',
        '{"board": "xiao-esp32s3"}',
        '{"hold": null}',
        "",
    ):
        board = Board()
        board.edit(lambda: put("/config.json", text))  # noqa: B023
        machine.power_on()
        board._mount(None)
        with open("/boot.py") as file:
            exec(file.read(), {"__name__": "__main__"})
        vfs.umount("/")
        levels.append(machine.pins[HOLD].value() if HOLD in machine.pins else None)
    return levels


def sleep():
    """What may wake each board, and the level of the pin that held the stick on."""
    woken = {}
    bus = {"sda": 2, "scl": 3}
    machine.levels[37] = 1  # the stick has a resistor there
    for name, pins in (
        ("xiao-esp32s3", {}), ("m5stickc-plus2", {}), ("generic-esp32c3", dict(bus, button=5)),
        ("generic-esp32c6", dict(bus, button=7)),
    ):  # fmt: skip
        esp32.wake.clear()
        board = Board("sleeps", settings={"board": name, "pins": pins})
        board.start()
        woken[name] = [board.log, esp32.wake.copy(), HOLD in machine.pins and machine.pins[HOLD].value()]
    return woken


def cuts():
    """Power cut in every write of every start, from the first crash to the other slot: it always gets there."""
    ends = {}
    n_cuts = []
    for start in range(4):
        cut_at = 0
        while True:
            board = Board("crash", "good", sectors=128)
            board.starts(start)
            board.start(cut_at=cut_at)
            if not board.log[-1].startswith("PowerCut"):
                break
            while len(board.log) < start + 6 and not board.log[-1].startswith("PowerOff"):
                board.start()
            ends[board.log[-1]] = ends.get(board.log[-1], 0) + 1
            cut_at += 1
        n_cuts.append(cut_at)
    return n_cuts, ends


def full():
    """No room at all: what works goes on, what crashes does not restart without end."""

    def fill():
        with open("/sessions", "wb") as file:
            try:
                while True:
                    file.write(bytes(512))
                    file.flush()
            except OSError:
                pass

    logs = []
    for kind in ("brief", "crash"):
        board = Board(kind, "good", sectors=64)
        board.edit(fill)
        board.starts(3)
        logs.append(board.log)
    return logs


def rubbish():
    """Whatever the small files hold, the application starts or the console waits; nothing is raised."""
    random.seed(1)
    board = Board("brief", "brief")
    texts = ["", "{}", "[]", "3", '{"active": "c"}', '{"active": []}', '{"total": "x", "row": -1, "running": {}}',
             '{"active": "b", "confirmed": 0, "fallen": 0, "safe": 0, "tried": "x"}', "\x00" * 50]  # fmt: skip
    texts += ["".join(chr(random.randrange(128)) for _ in range(40)) for _ in range(20)]
    for text in texts:

        def spoil():
            make("/crash")
            put("/active.json", text)  # noqa: B023
            put("/crash/state", text)  # noqa: B023

        board.edit(spoil)
        board.start()
    return board.log


SCENARIOS = {
    "trial_brief": lambda: trial("brief", 5, False), "trial_crash": lambda: trial("crash", 5, False),
    "trial_good": lambda: trial("good", 1, True),
}  # fmt: skip
name = sys.argv[1]
result = SCENARIOS[name]() if name in SCENARIOS else globals()[name]()
print()
# Those of the board are results, not failures of this script.
print(json.dumps(result).replace("Traceback (most recent call last)", "Traceback"))
