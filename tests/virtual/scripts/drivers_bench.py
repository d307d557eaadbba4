"""What the checks of the drivers share: a chip's model on a bus, and who holds its driver to its word.

Arguments of a script: name of the chip's module, seed.
"""

import io
import json
import random
import struct
import sys
import time

from bus import VirtualBus
from motion import Counting

from coxa_board import imu

NAME, SEED = sys.argv[1], int(sys.argv[2])
MODULE = __import__(NAME + "_model")
KIND = next(kind for kind in imu.CHIPS if kind.__module__.endswith("." + NAME))
ADDRESS = KIND.ADDRESSES[-1]
ROOM = 40
OUT = bytearray(12 * ROOM)
CODES = 60000  # of `Counting`
INVERSE = pow(7, 15999, CODES)  # 7 times this is 1 (Euler: φ(60000) = 16000)


def setup(motion=None, rate=1.0, at_us=None, changes=(), **settings):
    """A configured chip on a bus, and the model behind it."""
    time.now_us = random.randrange(8) * (1 << 29) + random.randrange(1 << 28) if at_us is None else at_us
    model = MODULE.Model(motion or Counting(), MODULE.Model.NOMINAL_HZ * rate, **settings)
    for name, value in changes:
        setattr(model, name, value)
    bus = VirtualBus({ADDRESS: model})
    chip = imu.find(bus)
    chip.configure()
    return chip, model, bus


def number(at):
    """Which sample of `Counting` is at this place of OUT; fails where it is none."""
    sample = struct.unpack_from("<6h", OUT, 12 * at)
    k = (sample[0] + 30000) * INVERSE % CODES
    assert sample == Counting().sample(k), f"sample {at} is mixed up: {sample}"
    return k


class Listener:
    """Drains a chip and holds it to its word: no sample twice, none missing that was not told of."""

    def __init__(self, chip):
        self.chip = chip
        self.last = None
        self.missing = 0  # told: 0 none, -1 unknown
        self.taken = self.losses = self.errors = 0

    def drain(self, room=ROOM):
        chip = self.chip
        for j in range(len(OUT)):
            OUT[j] = 0xA5
        try:
            n = chip.drain(OUT, room)
        except OSError:
            self.errors += 1
            return None
        assert 0 <= n <= room, f"{n} samples for a room of {room}"
        assert OUT[12 * room :] == b"\xa5" * (12 * (ROOM - room)), "wrote beyond the room"
        assert (chip.lost != 0) == chip.overrun
        if chip.overrun:
            self.losses += 1
            if not chip.LOSS_AT_END:
                self.miss(chip.lost)
        for i in range(n):
            k = number(i)
            step = (k - (self.last or 0)) % CODES
            if self.last is None:
                pass
            elif self.missing >= 0:
                expected = 1 + self.missing
                assert step == expected, f"step {step} where {expected} was told"
            else:
                assert 1 <= step < CODES // 2
            self.last = k
            self.missing = 0
        self.taken += n
        if chip.overrun and chip.LOSS_AT_END:
            self.miss(chip.lost)
        assert not chip.clipped
        return n

    def miss(self, lost):
        self.missing = -1 if lost < 0 or self.missing < 0 else self.missing + lost


def run(functions, prefix):
    """Calls those whose names start so; prints as JSON what is wrong with each, or null."""
    found = {}
    for name in sorted(functions):
        if not name.startswith(prefix):
            continue
        random.seed(SEED)
        try:
            functions[name]()
            found[name] = None
        except Exception as error:
            where = io.StringIO()
            sys.print_exception(error, where)
            found[name] = where.getvalue().split("\n", 1)[1]
    print(json.dumps(found))
