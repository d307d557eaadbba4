"""Runs the board's filter over a file of samples; its quaternions, 8 bytes each, go to another.

Arguments: both files, samples per second, deg/s and g per count, what is known of the sensor as JSON (gyro_bias_mdps,
acc_offset_ug), and the samples before which some are missing.
"""

import json
import sys

from coxa_board.orientation import Orientation

_LENGTH = 12
_CHUNK = 256

rate_hz, gyro_dps_per_lsb, acc_g_per_lsb = (float(x) for x in sys.argv[3:6])
known = json.loads(sys.argv[6])
gaps = [int(x) for x in sys.argv[7:]]
orientation = Orientation(rate_hz, gyro_dps_per_lsb, acc_g_per_lsb, **known)
buffer = bytearray(_CHUNK * _LENGTH)
block = bytearray(_CHUNK * 8)
bias_dps, rests = [], []
index = 0
with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
    while True:
        n = source.readinto(buffer) // _LENGTH
        if not n:
            break
        for i in range(n):
            if index in gaps:
                orientation.resume()
            orientation.update(buffer, i)
            orientation.write(block, 8 * i)
            index += 1
        target.write(memoryview(block)[: 8 * n])
        bias_dps.append(orientation.bias_dps())
        rests.append(orientation.resting)
print(json.dumps({"bias_dps": bias_dps, "resting": rests}))
