"""The hand that holds a board on a USB port: presses its button, pulls its cable, starts it anew, types Ctrl-C.

Over a socket go messages of five bytes, `u8 kind, u32 value`. To the board: PRESS (the button, for so many ms), CUT
(the power fails in the middle of that write or erase of the flash, 1: the next), INTERRUPT (Ctrl-C) and CALM (not any
more). From it: STARTED, INTERRUPTED (it did), and as the last RESET (cause), BOOTLOADER, ASLEEP or CUT_OFF: then the
board waits to be killed, and nothing is closed or finished that a real one would not.

Ctrl-C comes this way since the interpreter's own way (SIGINT) leaves whatever it is at by a jump, its locks and a
half-written flash among it.
"""

import select
import struct

import machine
import time
from flash import PowerCut
from micropython import const

PRESS, CUT, INTERRUPT, CALM = 1, 2, 3, 4
STARTED, INTERRUPTED, RESET, BOOTLOADER, ASLEEP, CUT_OFF = 11, 12, 13, 14, 15, 16

_MESSAGE = "<BI"
_MESSAGE_LENGTH = const(5)


class Hand:
    """Felt whenever `time.hooks` are called and the flash is used.

    `cut_in`: see CUT, or None. `button`: its pin. `busy`: Ctrl-C has to wait.
    """

    def __init__(self, number, button, cut_in=None):
        self._file = open(number, "r+b")
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)
        self._release_us = None
        self._interrupted = False
        self.busy = False
        self.button = button
        self.cut_in = cut_in
        machine.on_reset = self._on_reset
        machine.drive(button, 1)
        time.hooks.append(self.feel)

    def tell(self, kind, value=0):
        self._file.write(struct.pack(_MESSAGE, kind, value))

    def last_word(self, kind, value=0):
        self.tell(kind, value)
        while True:
            try:
                self._read(1)
            except KeyboardInterrupt:
                continue

    def feel(self, now_us):
        while self._touched():
            kind, value = struct.unpack(_MESSAGE, self._read(_MESSAGE_LENGTH))
            if kind == PRESS:
                machine.drive(self.button, 0)
                self._release_us = now_us + value * 1000
            elif kind == CUT:
                self.cut_in = value
            else:
                self._interrupted = kind == INTERRUPT
        if self._release_us is not None and now_us >= self._release_us:
            self._release_us = None
            machine.drive(self.button, 1)
        if self._interrupted and not self.busy:
            self._interrupted = False
            self.tell(INTERRUPTED)
            raise KeyboardInterrupt

    def _touched(self):
        for _ in self._poll.ipoll(0):
            return True
        return False

    def _read(self, length):
        data = self._file.read(length)
        if len(data) < length:
            raise SystemExit  # there is nobody any more
        return data

    def _on_reset(self, kind):
        if kind is machine.Bootloader:
            self.last_word(BOOTLOADER)
        self.last_word(ASLEEP if kind is machine.DeepSleep else RESET, kind.cause)


class HeldFlash:
    """The flash as the file system sees it. As on a board, Ctrl-C waits until a read, write or erase is done."""

    def __init__(self, flash, hand):
        self._flash = flash
        self._device = flash.power_on()
        self._hand = hand

    def readblocks(self, *arguments):
        return self._whole(self._device.readblocks, arguments)

    def writeblocks(self, *arguments):
        return self._whole(self._device.writeblocks, arguments)

    def ioctl(self, *arguments):
        return self._whole(self._device.ioctl, arguments)

    def _whole(self, operation, arguments):
        hand = self._hand
        before, hand.busy = hand.busy, True
        try:
            hand.feel(time.now_us)
            if hand.cut_in is not None:
                self._flash.cut_at = self._device.count + hand.cut_in - 1
                hand.cut_in = None
            return operation(*arguments)
        except PowerCut:
            hand.last_word(CUT_OFF)
        finally:
            hand.busy = before
