"""What flash, files and callers can do to the recorder, one function each; runs the one that is named."""

import binascii
import os
import sys

from coxa_board.recorder import Recorder, RecorderError
from coxa_board.sessions import CORRUPT, END_UNKNOWN, OPEN
from coxa_wire.command import BAD_ARG, BAD_STATE, BUSY, CRC_MISMATCH, FLASH_FULL, INTERNAL, NO_SESSION, OK
from recorder_rig import BEYOND, FOLDER, INFO, LOSS_BOUND, Board, fill, started_ms

out = bytearray(180)


def refused(status, **arguments):
    try:
        board.recorder.start(profile=1, info=arguments.pop("info", INFO), **arguments)
    except RecorderError as error:
        assert error.status == status, error
        assert "\n" not in str(error) and str(error)
        return
    raise AssertionError(arguments)


def seqs_served(session, n):
    return [seq for seq in range(n) if board.recorder.read(session, seq, out)]


def closed(n):
    number = board.start()
    board.record(n - 1)
    board.stop()
    return number


def flip_block(session, seq):
    """In every copy that is in flash."""
    block = bytearray(180)
    fill(block, session, seq)
    places = board.flash.find(bytes(block[:40]))
    assert places, "the block is cut by the end of a sector: choose another"
    for at in places:
        board.flash.flip(at + 30)


def starting_again_is_no_error():
    number = board.recorder.start(profile=1, info=INFO, token=77)
    assert board.recorder.start(profile=1, info=INFO, token=77) == number
    assert board.recorder.start(profile=1, info=INFO, token=77, session=number) == number
    refused(BUSY, token=78)
    refused(BUSY, token=0)
    refused(BUSY, token=77, session=number + 1)
    assert board.recorder.sessions() == [number]


def a_long_reading_lets_the_watchdog_live():
    number = board.start()
    board.record(1000)
    board.power_on()  # closes it, which reads it whole
    calls = []
    recorder = Recorder(FOLDER, working=lambda: calls.append(1))
    recorder.recover()
    assert not calls, "nothing to do"
    flip_block(number, 7)
    assert not recorder.read(number, 7, out)
    assert recorder.describe(number)[3] & CORRUPT
    assert 3 <= len(calls) <= 10, len(calls)


def stopped_without_a_last_block():
    number = board.start()
    board.record(30)
    assert board.recorder.stop() == OK
    assert board.recorder.describe(number)[3] == END_UNKNOWN
    assert board.recorder.stop() == BAD_STATE


def what_cannot_start():
    fresh = Recorder(FOLDER)
    try:
        fresh.start(profile=1, info=INFO)
        raise AssertionError("before the catalogue is read")
    except RecorderError as error:
        assert error.status == BAD_STATE
    refused(BAD_ARG, info=bytes(47))
    refused(BAD_ARG, session=65536)
    assert board.recorder.start(profile=1, info=INFO, session=500) == 500
    board.recorder.stop()
    refused(BAD_ARG, session=500)
    refused(BAD_ARG, session=7)
    assert board.recorder.start(profile=1, info=INFO) == 501


def commits():
    first, second = closed(30), closed(40)
    n_blocks, crc32, _, _ = board.recorder.describe(first)
    assert board.recorder.commit(first, n_blocks, crc32 ^ 1) == CRC_MISMATCH
    assert board.recorder.commit(first, n_blocks - 1, crc32) == CRC_MISMATCH
    assert board.recorder.commit(99, n_blocks, crc32) == NO_SESSION
    running = board.start()
    board.record(25)
    assert board.recorder.commit(running, 25, board.recorder.crc32) == BAD_STATE
    assert seqs_served(first, 31) == list(range(30))
    assert board.recorder.commit(first, n_blocks, crc32) == OK
    assert board.recorder.commit(first, n_blocks, crc32) == OK
    assert board.recorder.commit(first, n_blocks + 1, crc32) == NO_SESSION
    assert seqs_served(first, 30) == [] and board.recorder.describe(first) is None
    assert board.recorder.info(first) == b""
    board.stop()
    board.power_on()
    assert board.recorder.commit(first, n_blocks, crc32) == OK
    assert board.recorder.sessions() == [second, running]
    assert board.recorder.info(second) == INFO


def numbers_are_not_given_twice():
    for _ in range(12):
        number = closed(2)
        assert board.recorder.commit(number, *board.recorder.describe(number)[:2]) == OK
        board.power_on()
        assert board.recorder.sessions() == []
    assert board.recorder.start(profile=1, info=INFO) == number + 1 == 13


def reading_between_writes():
    number = board.start()
    for _ in range(40):
        board.record(9)
        n = board.recorder.next_seq
        for seq in (0, 17, n // 2, n - 66, n - 65, n - 1):
            if 0 <= seq < n:
                assert board.recorder.read(number, seq, out), (seq, n)
                expected = bytearray(180)
                fill(expected, number, seq)
                assert out == expected
        assert not board.recorder.read(number, n, out) and not board.recorder.read(number, -1, out)
        assert board.recorder.describe(number) == (n, 0, started_ms(number), OPEN)
    board.stop()
    board.power_on()
    board.check()


def damage_in_a_closed_session():
    number, other = closed(100), closed(30)
    flip_block(number, 50)
    board.power_on()
    before = board.recorder.describe(number)
    assert seqs_served(number, 100 + BEYOND) == [seq for seq in range(100) if seq != 50]
    assert board.recorder.errors == 1
    n_blocks, crc32, _, flags = board.recorder.describe(number)
    assert n_blocks == 100 and flags == CORRUPT and crc32 != before[1]
    assert crc32 == crc_of_served(number, 100)
    assert reads_to_describe(number) < 2 * reads_to_describe(other)  # not read whole once more
    assert board.recorder.commit(number, *before[:2]) == CRC_MISMATCH
    assert seqs_served(other, 31) == list(range(30))
    board.power_on()
    assert board.recorder.commit(number, n_blocks, crc32) == OK


def reads_to_describe(session):
    before = board.flash.reads
    board.recorder.describe(session)
    return board.flash.reads - before


def crc_of_served(session, n):
    crc32 = 0
    for seq in range(n):
        if board.recorder.read(session, seq, out):
            crc32 = binascii.crc32(out, crc32)
    return crc32


def damage_in_an_open_session():
    number = board.start()
    board.record(100)
    board.flush_all()
    flip_block(number, 70)
    flip_block(number, 99)
    notes = board.power_on()
    assert len(notes) == 1 and "not closed" in notes[0], notes
    n_blocks, crc32, _, flags = board.recorder.describe(number)
    assert (n_blocks, flags) == (99, END_UNKNOWN | CORRUPT)
    assert crc32 == crc_of_served(number, 99)
    assert seqs_served(number, 100 + BEYOND) == [seq for seq in range(99) if seq != 70]


def damaged_records():
    """Neither a damaged record nor damaged last.bin loses blocks or gives a number twice."""
    number = closed(30)
    board.recorder.commit(number, *board.recorder.describe(number)[:2])
    number = closed(40)
    before = board.recorder.describe(number)
    for name in ("last.bin", "00002.ses"):
        with open(f"{FOLDER}/{name}", "r+b") as file:
            file.seek(3)
            file.write(b"\xa5")
    with open(f"{FOLDER}/00009.ses.tmp", "wb") as file:
        file.write(b"half")
    with open(f"{FOLDER}/readme.txt", "wb") as file:
        file.write(b"not ours")
    notes = board.power_on()
    assert len(notes) == 1 and "no record" in notes[0], notes
    n_blocks, crc32, unix_ms, flags = board.recorder.describe(number)
    assert (n_blocks, crc32, unix_ms, flags) == (40, before[1], 0, 0)
    assert board.recorder.info(number) == bytes(48)
    assert board.recorder.start(profile=1, info=INFO) == 3
    assert sorted(os.listdir(FOLDER)) == sorted(
        ["00002.blk", "00002.ses", "00003.blk", "00003.ses", "last.bin", "readme.txt"]
    )


def strange_files_of_blocks():
    """A tail that is no whole block, a block of another place, a record without its blocks."""
    block = bytearray(180)
    board.recorder.start(profile=1, info=INFO)
    board.power_on()
    with open(f"{FOLDER}/00001.blk", "wb") as file:
        for seq in (0, 1, 2, 7):
            fill(block, 1, seq)
            file.write(block)
        fill(block, 2, 4)
        file.write(block)
        file.write(block[:100])
    os.remove(f"{FOLDER}/00001.ses")
    board.power_on()
    assert board.recorder.describe(1)[0] == 3 and board.recorder.describe(1)[3] == END_UNKNOWN
    assert seqs_served(1, 20) == [0, 1, 2]
    os.remove(f"{FOLDER}/00001.blk")
    board.power_on()
    assert seqs_served(1, 20) == []
    assert board.recorder.describe(1) == (3, 0, 0, CORRUPT | END_UNKNOWN)


def full_flash():
    """All that was taken is kept; other files still have room; a COMMIT makes room again."""
    kept = closed(100)
    number = board.start()
    estimated = board.recorder.free_blocks()
    while not board.recorder.full:
        board.record(1)
    assert board.recorder.next_seq == estimated
    board.record(20)  # the app may take a while to stop
    board.stop()
    assert board.recorder.errors == board.recorder.refused == 0
    refused(FLASH_FULL)
    for i in range(5):
        with open(f"/flash/other{i}", "wb") as file:
            file.write(bytes(1000))
    board.power_on()
    board.check()
    refused(FLASH_FULL)
    assert board.recorder.commit(number, *board.recorder.describe(number)[:2]) == OK
    assert board.recorder.start(profile=1, info=INFO) == number + 1
    assert seqs_served(kept, 100) == list(range(100))


def flash_filled_by_others():
    number = board.start()
    board.record(300)
    with open("/flash/huge", "wb") as file:
        try:
            while True:
                file.write(bytes(256))
                file.flush()
        except OSError:
            pass
    recorder = board.recorder
    for _ in range(60):
        fill(recorder.slot, number, recorder.next_seq)
        recorder.append()
        recorder.flush()
    assert recorder.full and recorder.errors
    safe = recorder.flushed_seq
    assert recorder.stop() in (FLASH_FULL, INTERNAL)
    assert recorder.describe(number)[0] == recorder.next_seq == safe
    assert seqs_served(number, safe) == list(range(safe))
    board.power_on()
    assert board.recorder.describe(number)[0] >= safe >= 300 - LOSS_BOUND
    assert seqs_served(number, safe) == list(range(safe))
    os.remove("/flash/huge")
    board.power_on()
    assert board.recorder.describe(number)[0] >= safe
    assert board.recorder.start(profile=1, info=INFO) == number + 1


def writes_that_fail_for_a_while():
    number = board.start()
    for turn in range(450):
        board.flash.failing = turn % 5 == 0
        board.record(1)
        assert board.recorder.failures < 3
    assert board.recorder.errors > 5
    board.flash.failing = 0
    board.stop()
    assert board.recorder.describe(number)[0] == 451
    board.power_on()
    board.check()


def flash_too_slow():
    """Blocks that are not taken leave no hole in the numbers, and what was taken is written later."""
    number = board.start()
    board.record(65, flush=False)
    recorder = board.recorder
    for _ in range(5):
        fill(recorder.slot, number, recorder.next_seq)
        assert not recorder.append()
    assert (recorder.refused, recorder.next_seq) == (5, 65)
    for _ in range(6):
        recorder.flush()
    assert recorder.flushed_seq == 45
    board.record(60)
    board.stop()
    assert recorder.describe(number)[0] == 126
    board.power_on()
    board.check()


def records_that_cannot_be_written():
    """A session stays readable although its record cannot be saved; the next start of the board saves it."""
    number = board.start()
    board.record(30)
    board.recorder.flush(everything=True)
    board.flash.failing = 1000
    assert board.recorder.stop() == INTERNAL
    assert board.recorder.describe(number)[0] == 30 and seqs_served(number, 31) == list(range(30))
    board.flash.failing = 0
    board.power_on()
    assert board.recorder.describe(number)[0] == 30 and seqs_served(number, 31) == list(range(30))


board = Board(64)
board.power_on()
globals()[sys.argv[1]]()
print(1)
