"""What `coxa --help` says of each command; light, so that help is quick."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A command as help shows it; `examples` close its own help."""

    name: str
    group: str
    summary: str
    examples: str


GROUPS = ("Try it", "Measure", "Look back", "Boards", "Set up")

WITH_SUBCOMMANDS = ("people", "board", "calibrate")
"""Commands that are an app of their own."""

SUMMARY = "Hip rotation from one motion sensor on the thigh: angles, quality, trends."

EPILOGUE = """\
Examples
  coxa demo
      six simulated weeks, a report and a trend figure, in ./coxa-demo
  coxa analyze set.csv --position wall --side left
      a recording: angles, repetitions, quality; kept in your store
  coxa analyze set.csv --position wall --side left --report set.html
      the same, and a page to look at or to share
  coxa trends --side left --out trend.png
      the range of rotation over the weeks
  coxa analyze --help
      all options of a command

Exit codes: 0 a result, 2 wrong usage, 3 an input or a file cannot be used.
Coxa is made for training and wellbeing; it does not diagnose.
"""

COMMANDS = (
    Command(
        "demo",
        "Try it",
        "Six simulated weeks in a store of their own, a report and a trend figure.",
        """\
Examples
  coxa demo
      everything goes to ./coxa-demo; your own store is not touched
  coxa demo --out tour --seed 7
      another folder, and another person's six weeks
""",
    ),
    Command(
        "simulate",
        "Try it",
        "Write a simulated recording as CSV, with its truth if you like.",
        """\
Examples
  coxa simulate set.csv
      legs up the wall, right side, 12 repetitions, an LSM6DSOX
  coxa simulate seated.csv --position seated --side left --reps 4 --hold 2
  coxa simulate hard.csv --tremor 0.3 --fatigue 0.8 --truth truth.json
""",
    ),
    Command(
        "analyze",
        "Measure",
        "Analyse a recording: rotation, repetitions, quality; kept in the store.",
        """\
Examples
  coxa analyze set.csv --position wall --side left
      the result on screen; the recording is kept for `coxa trends`
  coxa analyze set.csv --position wall --side left --report set.html
  coxa analyze set.csv --position wall --side left --json --series
      one JSON object on stdout; --json out.json writes a file
  coxa analyze export.zip --position seated --side right --no-store
      only look; formats are recognised by content, see `coxa formats`

Analysing the same file again finds the same session; nothing is counted twice.
""",
    ),
    Command(
        "record",
        "Measure",
        "Record from boards: the angle live, every sample kept, the result at the end.",
        """\
Examples
  coxa record --for 2m
      all boards that have a place on the body, legs up the wall
  coxa record --board left-thigh --position seated --report set.html
      until Ctrl-C; then the result on screen and as a page
  coxa record --virtual --for 60s
      two simulated boards, without any hardware; kept in a store of their own
  coxa record --replay 12 --speed 4
      play what a board recorded in session 12, four times as fast

What a board has recorded stays on it until every block is safe here, whatever happens to the link.
""",
    ),
    Command(
        "calibrate",
        "Measure",
        "Calibrate sensor, strap and skin, step by step; refused where it was done badly.",
        """\
Examples
  coxa calibrate body --side left
      each time the strap is put on: where the femur is in the sensor
  coxa calibrate check --side left
      after the sets: did the strap move?
  coxa calibrate skin --side left
      once a season, two boards: what the thigh shows of the bone's turn
  coxa calibrate sensor --board thigh-L
      once a year, on a table: what the chip itself adds
  coxa calibrate body --simulated --clumsy
      without hardware: a simulated wearer follows, and does it wrong at first

Each step says what to do, watches, counts down, and is accepted or says why not.
What is kept serves the sets from before it too: coxa reanalyze.
""",
    ),
    Command(
        "reanalyze",
        "Measure",
        "Compute stored sessions anew from their raw data; show before and after.",
        """\
Examples
  coxa reanalyze 3 4
  coxa reanalyze --all
      after an update, so that old and new sessions compare
""",
    ),
    Command(
        "sessions",
        "Look back",
        "List the stored sessions.",
        """\
Examples
  coxa sessions
  coxa sessions --person Kim --side left --position wall
  coxa sessions --json sessions.json
""",
    ),
    Command(
        "show",
        "Look back",
        "Show one stored session, or make its report.",
        """\
Examples
  coxa show 12
  coxa show 12 --report session-12.html
  coxa show 12 --json --series
""",
    ),
    Command(
        "trends",
        "Look back",
        "The range over the weeks, as a table and a figure.",
        """\
Examples
  coxa trends
  coxa trends --side left --position wall --out trend.png
""",
    ),
    Command(
        "remove",
        "Look back",
        "Take sessions out of the store, such as one analysed for the wrong leg.",
        """\
Examples
  coxa remove 12
      says what it is
  coxa remove 12 --yes
      removes it, raw data and results, for good
""",
    ),
    Command(
        "scan",
        "Boards",
        "List the boards in range.",
        """\
Examples
  coxa scan
  coxa scan --for 20s --json

Boards are found by the service they offer. One that is connected, asleep or off is not seen.
""",
    ),
    Command(
        "fetch",
        "Boards",
        "Fetch recordings that wait on boards, such as those begun with the button.",
        """\
Examples
  coxa fetch
      from all known boards; legs up the wall, each leg by the role of its board
  coxa fetch --board left-thigh --position seated
  coxa fetch --port /dev/ttyACM0
      over the cable, which is faster

Everything is stored and checked before the board may delete it. Breaking it off loses nothing.
""",
    ),
    Command(
        "board",
        "Boards",
        "List the known boards, pair one, or look after one.",
        """\
Examples
  coxa board trust --role left-thigh
      pair the board in range; press its button when told to
  coxa board info thigh-L
  coxa board start thigh-L
      it records by itself, without this computer; later: coxa fetch
  coxa board logs thigh-L --port /dev/ttyACM0
  coxa board config set idle_sleep_s 0 --board thigh-L
  coxa board update
      the program of this installation, over the cable
""",
    ),
    Command(
        "flash",
        "Boards",
        "Make a new board a sensor, or bring one up to date, over its cable.",
        """\
Examples
  coxa flash --board xiao-esp32s3 --role left-thigh
      a new board: MicroPython, the program, settings, a test
  coxa flash
      again, at any time: it knows itself by now, and gets what is new
  coxa flash --board generic-esp32c3 --set 'pins={"sda": 6, "scl": 7, "button": 3}'
      a board that you wired yourself
  coxa flash --board m5stickc-plus2 --image ESP32_GENERIC-SPIRAM-20260406-v1.28.0.bin
      without the internet: a file of MicroPython from another computer
  coxa board update
      the program alone

Needs pip install 'coxa[flash]'. What can go wrong, and what then: docs/flash.md.
""",
    ),
    Command(
        "doctor",
        "Boards",
        "Check this computer, its store and its boards; each trouble with its mend.",
        """\
Examples
  coxa doctor
  coxa doctor --no-scan
      without listening for boards
  coxa doctor --json doctor.json
      to send along with a question
  coxa doctor --store coxa.sqlite --rescue rescued.sqlite
      copies what can be read of a damaged store into a new one

Where coxa itself does not start: python -m coxa.doctor
""",
    ),
    Command(
        "people",
        "Set up",
        "List people, or add one.",
        """\
Examples
  coxa people
  coxa people add Kim
  coxa people add Kim --hip-surgery yes
      Coxa then reminds Kim of what to ask before the wall exercise
""",
    ),
    Command("formats", "Set up", "List the formats of recordings that are recognised.", ""),
    Command(
        "protocols",
        "Set up",
        "List the exercises and tests that come with Coxa.",
        """\
Your own protocol is a TOML file that overrides single values:
  coxa analyze set.csv --position wall --side left --protocol my-wall.toml
or, for good, in the settings file:
  [protocols]
  wall = "my-wall.toml"
""",
    ),
)
