"""Cuts the power in every single write and erase of a short history, and in those of the recovery after it.

Argument: 1 to 3, how many ways of tearing each write are tried.
"""

import sys

from flash import PowerCut
from recorder_rig import LOSS_BOUND, Board

TORN = (0.0, 0.4, 1.0)  # nothing of the last write, some of it, all but not reported


def history(board):
    """All the recorder does: a session of three sectors, one fetched and deleted, one flushed in between."""
    board.start()
    board.record(70)
    board.stop()
    board.commit(1)
    board.start()
    board.record(25)
    board.flush_all()
    board.record(10)
    board.stop()


def prepared(board, image):
    board.flash.restore(image)
    board.ledger = {1: dict(FIRST)}
    board.highest = 1
    board.uncertain.clear()


def lose_power(board, cut_at, torn):
    try:
        board.power_on(cut_at, torn)
        history(board)
    except PowerCut:
        return True
    return False


def check_and_go_on(board):
    board.power_on()
    lost = board.check()
    board.start()
    board.record(30)
    board.stop()
    board.check()
    return lost


board = Board(64)
board.power_on()
board.start()
board.record(50)
board.stop()
FIRST = board.ledger[1]
image = board.flash.image()

cuts = 0
worst = 0
for turn in range(int(sys.argv[1])):
    cut_at = 0
    while True:
        prepared(board, image)
        if not lose_power(board, cut_at, TORN[(cut_at + turn) % len(TORN)]):
            break
        worst = max(worst, check_and_go_on(board))
        cuts += 1
        cut_at += 1
assert worst <= LOSS_BOUND, worst

# In the middle of a session, and then in every write of the recovery.
prepared(board, image)
assert lose_power(board, 60, 0.5)
image = board.flash.image()
ledger = {session: dict(entry) for session, entry in board.ledger.items()}
in_recovery = 0
while True:
    board.flash.restore(image)
    board.ledger = {session: dict(entry) for session, entry in ledger.items()}
    board.highest = 2
    try:
        board.power_on(in_recovery, 0.5)
        break
    except PowerCut:
        in_recovery += 1
    check_and_go_on(board)
print(cuts, in_recovery, worst)
