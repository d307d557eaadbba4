"""Mutates valid messages and counts what a parser does with them, on MicroPython and CPython alike.

Both interpreters make the same inputs from the same seed, so that what they accept can be compared.
"""

from coxa_wire import WireError, crc16

_LAG, _SHORT_LAG = 55, 24
_MASK = (1 << 29) - 1  # sums stay small integers on 32 bits
_EDGES = (0, 1, 2, 3, 0x1F, 0x7E, 0x7F, 0x80, 0x81, 0xB4, 0xFD, 0xFE, 0xFF)
_WARM_UP = 64  # inputs before memory is looked at: buffers and caches have their size then
EXAMPLES = 5


class Mutator:
    """A lagged Fibonacci generator (Knuth, The Art of Computer Programming, vol. 2, 3.2.2), and what is made of it."""

    def __init__(self, seed):
        x = 1 + seed % 65521
        self._state = []
        for _ in range(_LAG):
            number = 0
            for _ in range(2):
                x = x * 75 % 65537
                number = number << 15 ^ x
            self._state.append(number & _MASK)
        self._at = 0
        for _ in range(10 * _LAG):
            self.draw(2)

    def draw(self, n):
        """A number below n."""
        state, at = self._state, self._at
        number = state[at] + state[at - _SHORT_LAG] & _MASK
        state[at] = number
        self._at = (at + 1) % _LAG
        return (number >> 5) % n  # the lowest bits are the least random

    def bytes(self, length):
        return bytes([self.draw(256) for _ in range(length)])

    def mutate(self, seeds, longest):
        """One of the seeds as it is, changed in a few places, joined to another; or bytes at random."""
        kind = self.draw(16)
        if kind == 0:
            return self.bytes(self.draw(longest))
        data = bytearray(seeds[self.draw(len(seeds))])
        if kind <= 2:
            return bytes(data)
        for _ in range(1 + self.draw(kind % 4 + 1)):
            data = self._changed(data, seeds)
        return bytes(data[:longest])

    def _changed(self, data, seeds):  # noqa: PLR0911 - one for each kind of change
        at = self.draw(len(data) + 1)
        kind = self.draw(9)
        if kind == 0:
            return data + self.bytes(self.draw(40))
        if kind == 1:
            return data[:at]
        if kind == 2:
            return data[:at] + self.bytes(1 + self.draw(4)) + data[at:]
        if kind == 3:
            return data[:at] + data[at + 1 + self.draw(8) :]
        if kind == 4:
            other = seeds[self.draw(len(seeds))]
            return data[:at] + other[self.draw(len(other) + 1) :]
        if kind == 5:
            return data[:at] + data[at : at + self.draw(20)] + data[at:]
        if at < len(data):
            if kind == 6:
                data[at] ^= 1 << self.draw(8)
            elif kind == 7:
                data[at] = _EDGES[self.draw(len(_EDGES))]
            else:
                data[at] = self.draw(256)
        return data


def with_crc(data):
    """The last two bytes made the checksum of those before: what is behind that check is reached."""
    if len(data) < 3:
        return data
    crc = crc16(data, len(data) - 2)
    return data[:-2] + bytes([crc & 0xFF, crc >> 8])


def with_length(data):
    """The first byte made the number of the bytes after it, as in a frame."""
    return bytes([(len(data) - 1) & 0xFF]) + data[1:] if data else data


class Parser:
    """One parser with the messages it is meant for.

    `understand(data)`: whether it took them; a WireError refuses; anything else that is raised is a fault.
    `repaired`: makes length or checksum right again, for half of the inputs. `cost`: gets so many times fewer inputs.
    """

    def __init__(self, name, seeds, understand, repaired=None, *, longest=300, cost=1):
        self.name = name
        self.seeds = seeds
        self.understand = understand
        self.repaired = repaired
        self.longest = longest
        self.cost = cost


def fuzz(parser, inputs, seed, clock_us, memory):
    """Figures of so many inputs. `memory()`: bytes in use after a collection."""
    mutator = Mutator(seed)
    inputs //= parser.cost
    accepted = refused = slowest_us = verdicts = before = 0
    slowest = b""
    faults = []
    n_faults = 0
    for i in range(inputs):
        if i == _WARM_UP:
            before = memory()
        data = mutator.mutate(parser.seeds, parser.longest)
        if parser.repaired is not None and mutator.draw(2):
            data = parser.repaired(data)
        began_us = clock_us()
        verdict = 0
        try:
            if parser.understand(data):
                accepted += 1
                verdict = 1
            else:
                refused += 1
        except WireError:
            refused += 1
        except Exception as error:
            n_faults += 1
            if len(faults) < EXAMPLES:
                faults.append([repr(error), "".join(["{:02x}".format(byte) for byte in data])])  # noqa: UP032
        verdicts = (verdicts << 1 ^ verdict) % 65521
        took_us = clock_us() - began_us
        if took_us > slowest_us:
            slowest_us, slowest = took_us, data
    return {
        "parser": parser.name,
        "inputs": inputs,
        "accepted": accepted,
        "refused": refused,
        "faults": n_faults,
        "examples": faults,
        "slowest_us": slowest_us,
        "slowest": "".join(["{:02x}".format(byte) for byte in slowest[:400]]),  # noqa: UP032
        "growth": memory() - before if inputs > _WARM_UP else 0,
        "verdicts": verdicts,
    }
