"""Times the filter three ways on the same samples: as it is, as bytecode, and in plain floats. µs per sample.

Arguments: files of coxa_board, and of the filter in floats.
"""

import json
import sys
from array import array

import utime  # the real clock: `time` is the virtual one

from coxa_board.orientation import Orientation

_N = 200
_PASSES = 25
_FIGURES = 104.0, 0.0175, 0.000122


def bytecode(folder):
    """The class Orientation from the same source, without the machine code."""
    names = {}
    for module in ("bias", "strapdown", "orientation"):
        with open(folder + "/" + module + ".py") as file:
            source = file.read()
        for unwanted in (
            "@micropython.viper",
            "from coxa_board.bias import Bias",
            "from coxa_board.strapdown import Strapdown",
        ):
            source = source.replace(unwanted, "")
        exec(source, names)
    return names["Orientation"]


def timed(update, samples):
    """Least of three, µs per sample."""
    best = 1e9
    for _ in range(3):
        start = utime.ticks_us()
        for _ in range(_PASSES):
            for i in range(_N):
                update(samples, i)
        best = min(best, utime.ticks_diff(utime.ticks_us(), start) / (_PASSES * _N))
    return best


words = array("H")
for i in range(_N):
    for count in (999 * (i % 7) - 3000, 300 * (i % 5), -40 * i, 500 * (i % 3), 90 * (i % 11), 8000):
        words.append(count & 0xFFFF)
rows = [[x - 65536 if x & 0x8000 else x for x in words[6 * i : 6 * i + 6]] for i in range(_N)]

sys.path.append(sys.argv[2])
from orientation_double import Double

floats = Double(*_FIGURES)
print(
    json.dumps(
        {
            "viper": timed(Orientation(*_FIGURES).update, words),
            "bytecode": timed(bytecode(sys.argv[1])(*_FIGURES).update, words),
            "floats": timed(lambda samples, i: floats.update(samples[i]), rows),
        }
    )
)
