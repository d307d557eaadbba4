"""A board on its real serial port, standard input and output, with two recorded sessions, until it is told to reboot.

Argument: blocks of the first session; the second has a third of them.
"""

import sys
import time

import link_rig
from coxa_board.link import Dispatcher
from coxa_board.link.usb import Usb

board = link_rig.Board()
for number in range(2):
    board.start(0, 0, 1700000000000 + number, 0)
    board.record(int(sys.argv[1]) // (1 + 2 * number))
    board.stop()
link = Usb(board, Dispatcher(board))
while board.rebooted is None or link._rest:
    link.poll()
    time.advance_us(10000)
