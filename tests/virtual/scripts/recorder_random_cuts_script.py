"""One flash through many lives of random length and fate. Arguments: number of lives, seed."""

import random
import sys

from flash import PowerCut
from recorder_rig import LOSS_BOUND, Board

KEEP = 2  # sessions not yet fetched


def live(board):
    """Records until the power goes."""
    while True:
        board.start()
        for _ in range(random.randrange(1, 12)):
            board.record(random.randrange(0, 80))
            if random.random() < 0.1:
                board.flush_all()
            if len(board.ledger) > KEEP:
                board.commit(min(board.ledger))
        if random.random() < 0.8:
            board.stop()
        else:
            board.power_on(board.flash.cut_at)
            board.check()


lives, seed = int(sys.argv[1]), int(sys.argv[2])
random.seed(seed)
board = Board(256)
worst = 0
for _ in range(lives):
    cut_at = random.randrange(60) if random.random() < 0.2 else random.randrange(1000)
    try:
        board.power_on(cut_at, random.random())
        worst = max(worst, board.check())
        live(board)
    except PowerCut:
        pass
board.power_on()
worst = max(worst, board.check())
assert worst <= LOSS_BOUND, worst
print(lives, worst, board.highest, board.flash.erases, max(board.flash.worn))
