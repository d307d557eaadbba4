"""A board with two recorded sessions and a log on its real serial port, until it is told to reboot.

The port is standard input and output. Argument: blocks of the first session; the second has a third of them.
"""

import sys
import time

import link_rig
from coxa_board import crashlog
from coxa_board.link import Dispatcher
from coxa_board.link.usb import Usb

board = link_rig.Board()
for number in range(2):
    board.start(0, 0, 1700000000000 + number, 0)
    board.record(int(sys.argv[1]) // (1 + 2 * number))
    board.stop()
crashlog.note("a note")
with open(crashlog.FOLDER + "/2.txt", "wb") as file:
    file.write(b"\x1b[31m\xff\r\n" + b"a line of the log\n" * 60)
link = Usb(board, Dispatcher(board))
while board.rebooted is None or link._rest:
    link.poll()
    time.advance_us(10000)
