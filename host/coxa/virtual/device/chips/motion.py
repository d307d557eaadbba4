"""What the register models measure: six whole numbers per sample, gx gy gz ax ay az, in LSB of the intended range."""

import struct

_SAMPLE = "<6h"
_LENGTH = 12
_CHUNK = 256  # samples read at once


class FileMotion:
    """Samples of 12 bytes (little-endian s16) from a file; after its end the last one stays, or all come again."""

    def __init__(self, path, wrap=False):
        self._file = open(path, "rb")
        self._file.seek(0, 2)
        self.length = self._file.tell() // _LENGTH
        self._wrap = wrap
        self._first = 0
        self._chunk = b""

    def sample(self, k):
        k = k % self.length if self._wrap else min(k, self.length - 1)
        at = (k - self._first) * _LENGTH
        if not 0 <= at < len(self._chunk):
            self._first = k
            self._file.seek(k * _LENGTH)
            self._chunk = self._file.read(_CHUNK * _LENGTH)
            at = 0
        return struct.unpack_from(_SAMPLE, self._chunk, at)

    def close(self):
        self._file.close()


class Counting:
    """Each number tells which sample and which axis it is: swapped bytes, axes or samples show."""

    def sample(self, k):
        return tuple([(k * 7 + i * 4099) % 60000 - 30000 for i in range(6)])


class Constant:
    """The same sample for ever."""

    def __init__(self, *sample):
        self._sample = sample

    def sample(self, k):
        return self._sample
