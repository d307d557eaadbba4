"""After missing samples the orientation finds its tilt anew: told by the sampler's flag, through the block writer."""

from hot_path import Memory, Ready

from coxa_board.blocks import BlockWriter
from coxa_board.clock import Clock
from coxa_board.orientation import Orientation
from coxa_wire import OVERRUN

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
print("passed")
