"""`coxa flash` broken off anywhere: the next run makes the board whole. COXA_INTERRUPTIONS=50 plays more (slow)."""

import os
import random
import time

import flashing
import pytest
from flashing import Teller, check_whole

from coxa.errors import CoxaError

pytestmark = flashing.needed
desk = flashing.desk

INTERRUPTIONS = int(os.environ.get("COXA_INTERRUPTIONS", "4"))

BYTES = {"image": 250_000, "program": 200_000, "update": 30_000}
"""What the host sends, about, in each kind of run; a cut beyond the end lets it pass."""
OPERATIONS = {"image": 30, "program": 500, "update": 300}
"""Writes and erases of the flash, about."""

STAGES = {
    "the image is written": "MicroPython 40 %",
    "MicroPython starts": "Starting MicroPython",
    "the first files come": "Program 1 %",
    "the program is half there": "Program 50 %",
    "the last files come": "Program 99 %",
    "the settings come": "all read back",
    "it restarts": "Restarting",
    "it is tested": "Testing",
}
SAMPLED = list(STAGES)[::2]
"""Half a minute each: these are always played, the others where as many interruptions are asked for."""


@pytest.mark.parametrize("stage", STAGES)
def test_the_cable_is_pulled_at_every_stage(desk, stage):
    if len(STAGES) > INTERRUPTIONS and stage not in SAMPLED:
        pytest.skip(f"one stage of two is played: COXA_INTERRUPTIONS={len(STAGES)} plays them all")
    word = STAGES[stage]
    with desk.board(micropython=False) as board:
        with pytest.raises(CoxaError) as failure:
            desk.flash(board, Teller(at={word: board.unplug}), image=True, role="left-thigh")
        assert len(str(failure.value).splitlines()) == 1
        assert failure.value.advice
        board.plug_in()
        done = desk.flash(board, image=True, role="left-thigh")
        assert not done.test.troubles
        check_whole(board, done.installed.slot)


def interrupt(desk, board, kind, chance):
    """Runs it once with the power or the cable gone somewhere; whether it failed."""
    if chance.random() < 0.5:
        board.unplug_after(chance.randrange(BYTES[kind]))
    else:
        board.cut_flash_in(1 + chance.randrange(OPERATIONS[kind]))
    try:
        desk.flash(board, image=kind == "image", role="left-thigh")
    except CoxaError as error:
        assert error.advice
        return True
    finally:
        board.unplug()
        board.cut_flash_in(0)  # what has not come about does not come any more
        board.plug_in()
    return False


@pytest.mark.parametrize("seed", range(INTERRUPTIONS))
def test_after_a_random_interruption_the_next_run_makes_the_board_whole(desk, seed):
    chance = random.Random(seed)
    kind = list(BYTES)[seed % len(BYTES)]
    with desk.board(micropython=kind != "image", erase_us=1000) as board:
        if kind == "update":
            desk.flash(board, role="left-thigh", compiled=False)
        failed = interrupt(desk, board, kind, chance)
        done = desk.flash(board, image=kind == "image", role="left-thigh")
        assert not done.test.troubles
        _, settings = check_whole(board, done.installed.slot)
        assert settings["name"] == "thigh-L"
        assert settings["token"] == done.known.secret.hex()
    print(f"\n{kind}: {'broken off' if failed else 'came through'}")


@pytest.mark.parametrize("seed", range(max(1, INTERRUPTIONS // 10)))
def test_interrupted_again_and_again_it_ends_whole(desk, seed):
    chance = random.Random(1000 + seed)
    with desk.board(micropython=False, erase_us=1000) as board:
        for kind in ("image", "program", "program", "program"):
            interrupt(desk, board, kind, chance)
        done = desk.flash(board, image=True, role="left-thigh")
        assert not done.test.troubles
        check_whole(board, done.installed.slot)


@pytest.mark.parametrize("operations", [2, 4])
def test_a_first_formatting_that_broke_off_is_done_anew(desk, operations):
    board = desk.board()
    board.flash.cut_in = operations  # MicroPython, at its first start, writes the first blocks of its file system
    with board:
        for _ in range(100):
            if board.mode == "off":
                break
            time.sleep(0.05)
        assert board.mode == "off"
        board.plug_in()
        done = desk.flash(board, image=True, role="left-thigh")
        assert not done.test.troubles
        check_whole(board)
