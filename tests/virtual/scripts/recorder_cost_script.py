"""Proves that `append`, and `flush` without a full sector, allocate nothing; measures a session of 20 minutes.

Prints: erases, programs and sectors of data of the session, the longest step of `flush` in virtual µs, the most erases
in one step, bytes of memory the recorder keeps.
"""

import gc
import random
import struct
import time

import micropython
from coxa_board.checksum import crc16, intact
from coxa_wire import crc16 as reference
from recorder_rig import Board, fill

BLOCKS = 12480  # 20 minutes at 104 Hz, profile 1


def same_checksum():
    for length in range(190):
        data = bytes(random.randrange(256) for _ in range(length))
        assert crc16(data, length) == reference(data, length)
    block = bytearray(180)
    for seq in (0, 255, 256, 44000, 1 << 16, 1 << 24, (1 << 29) + 5):
        fill(block, 65535, 0)
        struct.pack_into("<I", block, 4, seq)
        struct.pack_into("<H", block, 178, reference(block, 178))
        assert intact(block, 65535, seq)
        assert not intact(block, 65534, seq) and not intact(block, 65535, seq + 1)
        assert not intact(block, 65535, seq ^ 1 << 24) and not intact(block, 65535, seq ^ 1 << 8)
        for at in (0, 3, 5, 100, 177, 178, 179):
            block[at] ^= 0x10
            assert not intact(block, 65535, seq), at
            block[at] ^= 0x10


def append_allocates_nothing(recorder):
    gc.collect()
    micropython.heap_lock()
    for i in range(65):
        recorder.slot[0] = 1
        recorder.append()
        if i < 20:  # before the first sector is full
            recorder.flush()
    refused = recorder.append()
    micropython.heap_unlock()
    assert not refused and recorder.next_seq == 65


same_checksum()
board = Board(640)
gc.collect()
before = gc.mem_alloc()
board.power_on()
gc.collect()
kept = gc.mem_alloc() - before
board.start()
append_allocates_nothing(board.recorder)
board.power_on()
number = board.start()
erases, programs = board.flash.erases, board.flash.programs
longest = most = 0
recorder = board.recorder
for seq in range(BLOCKS):
    fill(recorder.slot, number, seq)
    recorder.append()
    step, start_us = board.flash.erases, time.now_us
    recorder.flush()
    longest = max(longest, time.now_us - start_us)
    most = max(most, board.flash.erases - step)
erases, programs = board.flash.erases - erases, board.flash.programs - programs
print(erases, programs, -(-BLOCKS * 180 // 4096), longest, most, kept)
