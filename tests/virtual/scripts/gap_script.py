"""What the block writer does with samples that are missing, blocks that are refused, and an empty end."""

from hot_path import Memory, Ready

from coxa_board.blocks import BlockWriter
from coxa_board.clock import Clock
from coxa_board.orientation import Orientation
from coxa_wire import LAST, OVERRUN

RATE_HZ = 104.0
ready, memory = Ready(), Memory()
orientation = Orientation(RATE_HZ, 0.0175, 0.000122)
writer = BlockWriter(memory, orientation, Clock(), RATE_HZ)
for recording in (False, True):
    memory.recording = recording
    writer.begin(1, ready.next_index)
    ready.flags = 0
    for _ in range(400):
        ready.first_index = ready.next_index
        ready.next_index += 1
        writer.take(ready, 1)
    assert orientation.resting
    ready.flags = OVERRUN
    writer.take(ready, 1)
    assert not orientation.resting, recording

# A block that flash cannot take is lost: the next one has its number and says so.
block = memory.slot
writer.begin(1, ready.next_index)
ready.flags = 0
memory.next_seq = 0
memory.takes = False
for k in range(20):
    memory.takes = k >= 10
    ready.first_index = ready.next_index
    ready.next_index += 1
    writer.take(ready, 1)
assert (block[1], block[4], block[8], block[16]) == (OVERRUN, 0, 10, 10)
# The last block of a session may be empty; its index goes on all the same.
writer.end()
assert (block[1], block[4], block[8], block[16]) == (LAST, 1, 20, 0)
print("passed")
