"""A simulated wearer, sensor and stream, with the truth: what stands in while there is no sensor.

The physics, in the order of the signal:

1. `wearer`: what the person does, as angles over time: rotation about the femur (minimum-jerk ramps, holds,
   returns), swing (compensation, drift), wander and tremor.
2. `motion`: angles → orientation of the thigh segment → angular rate and specific force at the strap.
3. `sensor`: mounting, scale, cross-axis, bias (power-on, random walk, temperature), noise, saturation, counts.
4. `stream`: lost samples, and wire blocks that arrive late, twice or not at all.
"""

from coxa.simulate.sensor import SENSORS, Sensor
from coxa.simulate.session import Simulation, Truth, TruthRep, simulate
from coxa.simulate.stream import Stream, wire_blocks
from coxa.simulate.wearer import Wearer

__all__ = ["SENSORS", "Sensor", "Simulation", "Stream", "Truth", "TruthRep", "Wearer", "simulate", "wire_blocks"]
