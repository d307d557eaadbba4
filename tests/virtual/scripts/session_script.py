"""A session on the virtual board, started and stopped by its button; prints what happened as JSON.

Arguments: chip, true rate in Hz, file of motion samples, seconds of recording, folder for the flash and for what it
holds in the end, and what stalls the program: the collection of memory for so many ms each second, the flash for so
many ms each time a segment is written; then the board's settings as JSON, where they are not the usual ones.
"""

import gc
import json
import os
import sys

import virtual_board
import time

chip, rate_hz, motion, seconds, folder, collect_ms, erase_ms = sys.argv[1:8]
rate_hz, seconds = float(rate_hz), float(seconds)
heap = [0, 0]  # most ever allocated, and after a collection


class SlowCollector:
    def collect(self):
        heap[0] = max(heap[0], gc.mem_alloc())
        gc.collect()
        heap[1] = max(heap[1], gc.mem_alloc())
        time.sleep_ms(int(collect_ms))


settings = json.loads(sys.argv[8]) if len(sys.argv) > 8 else None
board = virtual_board.VirtualBoard(chip, rate_hz, motion, folder + "/flash.bin", settings, erase_us=0)
first_bias_dps = board.app.orientation.bias_dps()
sys.modules["coxa_board.app"].gc = SlowCollector()
flush = board.app.recorder.flush


def slow_flush(*arguments, **named):
    written = flush(*arguments, **named)
    if written:
        time.sleep_ms(int(erase_ms))
    return written


board.app.recorder.flush = slow_flush
board.press(2, 1.2)
board.press(3 + seconds, 1.2)
board.run(seconds + 8)
sampler, recorder = board.app.sampler, board.app.recorder
for name in os.listdir("/sessions"):
    virtual_board.copy_out("/sessions/" + name, folder + "/" + name)
print(
    json.dumps(
        {
            "recording": recorder.recording,
            "session": recorder.session,
            "blocks": recorder.next_seq,
            "flushed": recorder.flushed_seq,
            "refused": recorder.refused,
            "high_water": sampler.high_water,
            "depth": sampler.chip.DEPTH,
            "lost": sampler.lost,
            "bus_errors": sampler.bus_errors,
            "bus_share": board.bus.busy_us / time.now_us,
            "rate_hz": sampler.clock.rate_hz,
            "erases": board.flash.erases,
            "heap_high": heap[0] - board.rig_bytes,
            "heap_live": heap[1] - board.rig_bytes,
            "rig": board.rig_bytes,
            "counts": board.app.device.counts,
            "failure": repr(board.app.failure),
            "first_bias_dps": first_bias_dps,
        }
    )
)
