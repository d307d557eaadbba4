"""A board on its real serial port, standard input and output, with one recorded session, until it is told to reboot."""

import time

import link_rig
from coxa_board.link import Dispatcher
from coxa_board.link.usb import Usb

board = link_rig.Board()
board.start(0, 0, 1700000000000, 0)
board.record(100)
board.stop()
link = Usb(board, Dispatcher(board))
print("an ordinary line of output")
while board.rebooted is None or link._rest:
    link.poll()
    time.advance_us(10000)
