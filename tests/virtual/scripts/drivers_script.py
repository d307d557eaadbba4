"""What every driver must do, against the model of its chip."""

import random
import struct
import time

import micropython
from bus import VirtualBus
from drivers_bench import ADDRESS, CODES, KIND, MODULE, NAME, OUT, ROOM, Listener, run, setup
from motion import Constant, Counting

from coxa_board import imu

PHYSICAL = {"lsm6dsox": (0.0175, 0.122e-3)}.get(NAME, (500 / 32768, 4 / 32768))  # per LSB, from the datasheets


def check_found_at_each_address():
    for address in KIND.ADDRESSES:
        chip = imu.find(VirtualBus({address: MODULE.Model(Counting())}))
        assert type(chip) is KIND


def check_set_up_within_half_a_second_and_settled():
    chip, _model, _bus = setup()
    before = time.now_us
    chip.configure()
    assert time.now_us - before < 500_000
    assert chip.intact()
    time.sleep_ms(500)
    chip.drain(OUT, ROOM)
    assert 0.45 < chip.level / KIND.RATE_HZ < 0.55, chip.level
    assert not chip.overrun


def check_every_sample_once_however_it_is_drained():
    for seed in range(12):
        random.seed(seed)
        at_us = (1 << 30) * random.randrange(1, 4) - random.randrange(3_000_000)
        chip, model, _bus = setup(rate=random.uniform(0.97, 1.03), at_us=at_us)
        listener = Listener(chip)
        longest_ms = int(random.choice((30, 100, 400 * KIND.DEPTH / KIND.RATE_HZ)))
        emptied_before = False
        for _ in range(150):
            time.sleep_ms(random.randrange(longest_ms) if emptied_before else 0)
            listener.drain(random.randrange(0, ROOM + 1))
            emptied_before = chip.emptied
            taken_at = time.now_us - time.ticks_diff(time.ticks_us(), chip.ticks)
            if chip.emptied and listener.last is not None:
                newest = int(taken_at * 1e-6 * model.true_rate_hz)
                assert (newest - listener.last) % CODES <= 1, "said to be empty, but is not"
        assert listener.losses == 0
        assert listener.taken > 100


def check_scales_are_those_of_the_datasheet():
    for axis in range(3):
        physical = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        physical[axis], physical[3 + axis] = 90.0, -1.0
        counts = [round(value / PHYSICAL[i // 3]) for i, value in enumerate(physical)]
        chip, _model, _bus = setup(Constant(*counts))
        time.sleep_ms(100)
        assert chip.drain(OUT, ROOM) > 5
        sample = struct.unpack_from("<6h", OUT, 0)
        for i in range(6):
            measured = sample[i] * (chip.GYRO_DPS_PER_LSB if i < 3 else chip.ACC_G_PER_LSB)
            assert abs(measured - physical[i]) <= 1e-3 * abs(physical[i]), (i, measured)


def check_each_setting_that_is_changed_shows():
    for i in range(0, len(KIND.SETUP), 2):
        chip, model, _bus = setup()
        model.registers[KIND.SETUP[i]] ^= 0x10
        assert not chip.intact(), hex(KIND.SETUP[i])


def check_an_overrun_is_told_on_the_right_side():
    for seed in range(6):
        random.seed(seed)
        chip, _model, _bus = setup(rate=random.uniform(0.97, 1.03))
        listener = Listener(chip)
        for _ in range(4):
            time.sleep_ms(random.randrange(200))
            listener.drain()
        assert listener.losses == 0
        before = listener.last
        time.sleep_ms(int(1000 * KIND.DEPTH / KIND.RATE_HZ * random.uniform(1.5, 5)))
        for _ in range(60):
            listener.drain(random.randrange(8, ROOM))
            time.sleep_ms(random.randrange(30))
        assert listener.losses == 1, listener.losses
        assert (listener.last - before) % CODES > listener.taken


def check_the_depth_is_what_the_buffer_holds():
    chip, _model, _bus = setup()
    listener = Listener(chip)
    listener.drain()
    time.sleep_ms(int(950 * KIND.DEPTH / KIND.RATE_HZ))
    listener.drain()
    assert listener.losses == 0
    while listener.drain() or not chip.emptied:
        pass
    time.sleep_ms(int(1060 * KIND.DEPTH / KIND.RATE_HZ))
    for _ in range(5):
        listener.drain()
    assert listener.losses == 1


def check_a_dip_of_the_supply_shows_and_is_mended():
    for seed in range(4):
        random.seed(seed)
        chip, model, _bus = setup()
        time.sleep_ms(random.randrange(300))
        chip.drain(OUT, random.randrange(ROOM))
        model.brown_out()
        time.sleep_ms(random.randrange(300))
        assert chip.drain(OUT, ROOM) == 0
        assert not chip.intact()
        chip.configure()
        assert chip.intact()
        listener = Listener(chip)
        for _ in range(5):
            time.sleep_ms(50)
            assert listener.drain() > 2
        assert listener.losses == 0


def check_any_failed_transfer_while_setting_up_is_told():
    chip, _model, bus = setup()
    for after in range(100):
        bus.fail(after=after)
        try:
            chip.configure()
        except OSError:
            continue
        assert bus.faults, f"transfer {after} may fail unnoticed"
        break
    assert after > 20
    bus.faults.clear()
    time.sleep_ms(100)
    assert Listener(chip).drain() > 5


def check_failed_transfers_lose_nothing_untold():
    for seed in range(12):
        random.seed(seed)
        chip, _model, bus = setup(rate=random.uniform(0.97, 1.03))
        listener = Listener(chip)
        for _ in range(200):
            time.sleep_ms(random.randrange(60))
            if random.random() < 0.1:
                done = random.randrange(200) if random.random() < 0.5 else 0
                bus.fail(random.choice((19, 110)), random.randrange(3), done)
            if random.random() < 0.02:
                time.sleep_ms(3000)
            listener.drain(random.randrange(1, ROOM + 1))
        assert listener.errors > 5
        assert listener.taken > 300
        time.sleep_ms(20)
        for _ in range(40):
            listener.drain()
        before = listener.losses
        for _ in range(10):
            time.sleep_ms(50)
            assert listener.drain() > 2
        assert listener.losses == before


def check_a_stuck_bus_is_freed():
    chip, _model, bus = setup()
    listener = Listener(chip)
    for pulses in (1, 5, 9):
        bus.stuck = pulses
        time.sleep_ms(30)
        assert listener.drain() is None
        assert imu.recover(bus.scl(), bus.sda())
        time.sleep_ms(30)
        listener.drain()
        assert listener.drain() is not None
    bus.stuck = 1000
    assert not imu.recover(bus.scl(), bus.sda())


def check_clipping_shows_and_the_sample_is_whole():
    for axis in range(6):
        for extreme in (32767, -32767):
            counts = [1000 + 100 * i for i in range(6)]
            counts[axis] = extreme
            chip, _model, _bus = setup(Constant(*counts))
            time.sleep_ms(40)
            assert chip.drain(OUT, ROOM)
            assert chip.clipped
            assert struct.unpack_from("<6h", OUT, 0) == tuple(counts)
    chip, _model, _bus = setup(Constant(*[32000, -32000] * 3))
    time.sleep_ms(40)
    assert chip.drain(OUT, ROOM)
    assert not chip.clipped


class Spikes:
    """Each seventh sample is at the end of the gyroscope's range."""

    def sample(self, k):
        return (0, 0, 0 if k % 7 else -32767, 0, 0, 8192)


def check_clipping_is_told_with_the_sample():
    chip, _model, _bus = setup(Spikes())
    calm = 0
    for _ in range(400):
        time.sleep_ms(random.randrange(40))
        n = chip.drain(OUT, random.randrange(1, 6))
        spikes = sum(struct.unpack_from("<h", OUT, 12 * i + 4)[0] == -32767 for i in range(n))
        assert chip.clipped or not spikes
        calm += n > 0 and not chip.clipped
    assert calm > 50


def check_temperature():
    for celsius in (-20.0, 0.0, 24.0, 30.0, 45.0):
        chip, _model, _bus = setup(temperature_c=celsius)
        for _ in range(10):
            time.sleep_ms(100)
            chip.drain(OUT, ROOM)
        assert abs(chip.temperature_c - celsius) <= 1, (celsius, chip.temperature_c)


class Unlocked:
    """Lets the models allocate while the heap is locked for the driver."""

    def __init__(self, bus):
        self._bus = bus

    def readfrom_mem_into(self, address, register, buffer):
        micropython.heap_unlock()
        try:
            self._bus.readfrom_mem_into(address, register, buffer)
        finally:
            micropython.heap_lock()

    def writeto_mem(self, address, register, data):
        micropython.heap_unlock()
        try:
            self._bus.writeto_mem(address, register, data)
        finally:
            micropython.heap_lock()


def check_draining_allocates_nothing():
    chip, _model, bus = setup(at_us=0)  # a long clock would be a long integer, and allocate
    chip._registers._bus = Unlocked(bus)
    taken = 0
    for pause_ms in (0, 15, 40, 100, 3000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20):
        time.sleep_ms(pause_ms)
        micropython.heap_lock()
        try:
            taken += chip.drain(OUT, ROOM)
            chip.intact()
        finally:
            micropython.heap_unlock()
    assert taken > 40


def check_strangers_are_named():
    for devices, words in (
        ({}, ("nothing", "3.3 V")),
        ({0x3C: MODULE.Model(Counting())}, ("0x3c", "3.3 V")),
        ({ADDRESS: Stranger()}, (f"0x{ADDRESS:02x} says 0x71", KIND.NAME)),
    ):
        try:
            imu.find(VirtualBus(devices))
        except imu.ImuFault as fault:
            assert all(word in str(fault) for word in words), str(fault)
        else:
            raise AssertionError("found what is not there")


class Stranger:
    def read(self, register, length):
        return b"\x71" * length


def check_a_chip_that_does_not_obey_is_refused():
    for fault in ("lost", "dead", "other"):
        chip, model, _bus = setup()
        if fault == "lost":
            model.brown_out()
            model.put = lambda register, value: None
        elif fault == "dead":
            model.sampling = lambda: False
        else:
            model.RESET_VALUES += ((KIND.WHO_AM_I_REGISTER, 0x55),)
        try:
            chip.configure()
        except imu.ImuFault as refusal:
            assert KIND.NAME in str(refusal)
        else:
            raise AssertionError(fault + " goes unnoticed")


run(globals(), "check_")
