"""Button, signals and battery on the virtual clock; results as JSON."""

import json
import random
import sys
import time

import machine
import micropython

from coxa_board import boards, config
from coxa_board.parts import Parts

MOTOR, LED, BUZZER, BUTTON, BATTERY = 4, 21, 8, 7, 1
START_US = int(sys.argv[1])  # of everything here: `ticks_ms` may wrap soon after


def parts(name="xiao-esp32s3", quiet=False):
    time.now_us = START_US
    machine.power_on()
    settings = config.defaults()
    settings["board"] = name
    return Parts(boards.find(settings), quiet)


def presses(script, step_ms=20, seconds=6):
    """Events of the button for (from ms, to ms) pressed, each edge bouncing for 12 ms: [event, ms after the start]."""
    button = parts().button
    start_ms = time.ticks_ms()
    events = []
    for ms in range(seconds * 1000):
        level = 1
        for begin, end in script:
            if begin <= ms < end:
                level = 0
            if begin <= ms < begin + 12 or end <= ms < end + 12:
                level = random.getrandbits(1)
        machine.drive(BUTTON, level)
        if ms % step_ms == 0:
            event = button.poll(time.ticks_ms())
            if event is not None:
                events.append([event, time.ticks_diff(time.ticks_ms(), start_ms)])
        time.sleep_ms(1)
    return events


def held_at_boot(seconds):
    """Whether holding for so long from power-on gives safe mode, and how long the start waited, ms."""
    button = parts().button
    start_us = time.now_us
    release_us = start_us + int(seconds * 1_000_000)
    machine.drive(BUTTON, 0 if seconds else 1)

    def release(now_us):
        if now_us >= release_us:
            machine.drive(BUTTON, 1)

    time.hooks.append(release)
    held = button.pressed_at_boot(10)
    time.hooks.remove(release)
    machine.drive(BUTTON, 1)
    return [held, (time.now_us - start_us) // 1000]


def played(names, board="xiao-esp32s3", *, quiet=False, state="off", seconds=4, apart_ms=0, step_ms=20):
    """What came out: by pin, [[ms, level] where it changes]; for the buzzer the tone in Hz."""
    signals = parts(board, quiet).signals
    machine.record = []
    start_us = time.now_us
    if state:
        signals.show(state)
    due = [(at * apart_ms, name) for at, name in enumerate(names)]
    for _ in range(seconds * 1000 // step_ms):
        now = (time.now_us - start_us) // 1000
        while due and due[0][0] <= now:
            name = due.pop(0)[1]
            if name == "recording":
                signals.show(name)
            else:
                signals.play(name)
        signals.tick(time.ticks_ms())
        time.sleep_ms(step_ms)
    changes = {}
    for at_us, pin, level in machine.record:
        line = changes.setdefault(str(pin), [])
        if not line or line[-1][1] != level:
            line.append([(at_us - start_us) // 1000, level])
    machine.record = None
    return changes


def allocated():
    """Bytes a minute of ticks, polls and battery readings takes."""
    made = parts()
    machine.microvolts[BATTERY] = 1_900_000
    made.battery.read()
    made.signals.show("recording")
    for name in ("marker", "error", "start"):
        made.signals.play(name)
    now = time.ticks_ms()
    micropython.heap_lock()
    try:
        for _ in range(3000):
            made.signals.tick(now)
            made.button.poll(now)
            made.battery.read()
            made.signals.play("marker")
            made.signals.show("idle")
            now = time.ticks_add(now, 20)
    finally:
        micropython.heap_unlock()
    return True


def voltages(volts):
    """mV read for each voltage of the cell, and whether it counted as empty."""
    battery = parts().battery
    read = []
    for value in volts:
        machine.microvolts[BATTERY] = int(value * 500_000)
        read.append([battery.read(), battery.empty])
    return read


def noisy(volts):
    battery = parts().battery
    machine.microvolts[BATTERY] = lambda: int(volts * 500_000) + random.randrange(-20_000, 20_001)
    return [battery.read() for _ in range(200)]


random.seed(3)
battery = parts().battery
stick = parts("m5stickc-plus2")
print(
    json.dumps(
        {
            "presses": {
                "short": presses([(100, 400)]),
                "long": presses([(100, 2500)]),
                "barely_long": presses([(100, 1150)]),
                "barely_short": presses([(100, 1050)]),
                "glitch": presses([(100, 113)]),
                "three": presses([(100, 250), (500, 650), (900, 3000)]),
                "late": presses([(100, 900), (2000, 4500)], step_ms=200),
            },
            "boot": {str(seconds): held_at_boot(seconds) for seconds in (0, 0.5, 9.5, 11)},
            "played": {
                name: played([name])
                for name in ("start", "stop", "error", "low_battery", "marker", "end_range", "connected", "identify")
            },
            "states": {
                state: played([], state=state, seconds=12)[str(LED)]
                for state in ("idle", "connected", "recording", "low_battery", "error", "safe_mode")
            },
            "interrupted": played(["error", "marker"], apart_ms=100),
            "shown": played(["error", "recording"], apart_ms=100, seconds=8),
            "replaced": played(["start", "stop"], apart_ms=100),
            "returned": played(["marker"], state="recording", seconds=8)[str(LED)],
            "late": played(["stop"], step_ms=300),
            "quiet": played(["start"], quiet=True),
            "stick": played(["start"], board="m5stickc-plus2"),
            "allocated_nothing": allocated(),
            "voltages": voltages([4.2, 4.0, 3.3, 3.3, 3.3, 3.6, 3.4, 0.4, 3.4, 3.4, 3.4]),
            "noisy": noisy(3.7),
            "percent": [battery.percent(mv) for mv in range(3000, 4300)],
            "absent": [stick.battery.read(), stick.signals.playing],
        }
    )
)
