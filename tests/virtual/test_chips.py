"""The register models hold the traps of the real chips: a driver that is not careful gets what it would get there."""

import importlib.util
import struct
import sys
from contextlib import closing

import interpreters
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(interpreters.DEVICE / "chips"))

import icm42688p_model
import lsm6dsox_model
import motion
import mpu6886_model
from bus import VirtualBus

LSM, MPU, ICM = 0x6A, 0x68, 0x69
LSM_SETUP = ((0x12, 0x44), (0x19, 0x20), (0x10, 0x48), (0x11, 0x44), (0x09, 0x44), (0x0A, 0x06))
MPU_SETUP = ((0x6B, 0x01), (0x1A, 0x43), (0x19, 0x09), (0x1B, 0x08), (0x1C, 0x08), (0x23, 0x18), (0x6A, 0x44))
ICM_SETUP = ((0x4D, 0x51), (0x4C, 0x40), (0x4F, 0x48), (0x50, 0x48), (0x5F, 0x47), (0x4E, 0x0F), (0x16, 0x40))


class Board:
    """A bus with one chip of each kind, on a clock of its own."""

    def __init__(self, measured=None, **settings_of_icm):
        spec = importlib.util.spec_from_file_location("virtual_time", interpreters.DEVICE / "shims" / "time.py")
        self.time = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.time)
        measured = measured or motion.Counting()
        self.lsm = lsm6dsox_model.Model(measured, clock=self.time)
        self.mpu = mpu6886_model.Model(measured, clock=self.time)
        self.icm = icm42688p_model.Model(measured, clock=self.time, **settings_of_icm)
        self.bus = VirtualBus({LSM: self.lsm, MPU: self.mpu, ICM: self.icm}, clock=self.time)

    def read(self, address, register, length=1):
        data = self.bus.readfrom_mem(address, register, length)
        return data if length > 1 else data[0]

    def write(self, address, *pairs):
        for register, value in pairs:
            self.bus.writeto_mem(address, register, bytes([value]))

    def wait(self, seconds):
        self.time.advance_us(round(seconds * 1e6))

    def lsm_words(self):
        low, high = self.read(LSM, 0x3A, 2)
        count = (high & 3) << 8 | low
        data = self.read(LSM, 0x78, 7 * count) if count else b""
        return [data[i : i + 7] for i in range(0, len(data), 7)]

    def lsm_axes(self, tag):
        return [struct.unpack_from("<3h", word, 1) for word in self.lsm_words() if word[0] >> 3 == tag]

    def mpu_count(self):
        return int.from_bytes(self.read(MPU, 0x72, 2), "big")


@pytest.fixture
def board():
    return Board()


def test_after_reset_nothing_is_measured(board):
    board.wait(1)
    assert board.lsm_words() == []
    board.write(MPU, (0x23, 0x18), (0x6A, 0x40))  # asleep
    board.write(ICM, (0x5F, 0x47), (0x16, 0x40))
    board.wait(1)
    assert board.mpu_count() == 0
    assert board.read(ICM, 0x2E, 2) == b"\0\0"
    assert board.read(ICM, 0x30, 16)[0] == 0x80
    assert board.read(MPU, 0x74, 4) == b"\xff" * 4


@pytest.mark.parametrize(
    ("address", "register", "value"),
    [
        *[(LSM, register, value) for register, value in ((0x0F, 0x6C), (0x12, 0x04), (0x18, 0xE0), (0x02, 0x3F))],
        *[(MPU, register, value) for register, value in ((0x75, 0x19), (0x1A, 0x80), (0x6B, 0x41))],
        *[(ICM, register, value) for register, value in ((0x75, 0x47), (0x4C, 0x30), (0x4D, 0x91), (0x4F, 0x06))],
    ],
)
def test_reset_values_come_back_after_a_dip_of_the_supply(board, address, register, value):
    assert board.read(address, register) == value
    board.write(LSM, *LSM_SETUP)
    board.write(MPU, *MPU_SETUP)
    board.write(ICM, *ICM_SETUP)
    for chip in (board.lsm, board.mpu, board.icm):
        chip.brown_out()
    assert board.read(address, register) == value


@pytest.mark.parametrize(
    ("address", "register", "bit", "setting"),
    [(LSM, 0x12, 0x01, 0x11), (MPU, 0x6B, 0x80, 0x1B), (ICM, 0x11, 0x01, 0x50)],
)
def test_what_is_written_during_a_reset_is_lost(board, address, register, bit, setting):
    board.bus.overhead_us = 0
    board.bus.frequency_hz = 100_000_000  # so fast that the next write comes at once
    before = board.read(address, setting)
    board.write(address, (register, bit))
    board.write(address, (setting, 0x48))
    board.wait(0.2)
    assert board.read(address, setting) == before
    assert not board.read(address, register) & bit, "the bit clears itself"
    board.write(address, (setting, 0x48))
    assert board.read(address, setting) == 0x48


def test_lsm_full_scale_codes_are_out_of_order():
    board = Board(motion.Constant(1000, 0, 0, 2000, 0, 0))
    board.write(LSM, *LSM_SETUP)
    board.wait(0.1)
    assert board.lsm_axes(2)[-1][0] == 2000
    board.write(LSM, (0x10, 0x44))  # one would think 4 g, but it is 16
    board.wait(0.1)
    assert board.lsm_axes(2)[-1][0] == 500
    board.write(LSM, (0x11, 0x40))  # 250 deg/s
    board.wait(0.1)
    assert board.lsm_axes(1)[-1][0] == 2000


def test_lsm_addresses_wrap_at_the_end_of_the_fifo_word(board):
    board.write(LSM, *LSM_SETUP)
    board.wait(0.2)
    words = board.lsm_words()
    assert len(words) > 30
    assert {word[0] >> 3 for word in words} == {1, 2}
    assert [word[0] >> 1 & 3 for word in words[::2]] == [word[0] >> 1 & 3 for word in words[1::2]]


def test_lsm_count_read_in_two_transfers_does_not_belong_together(board):
    board.write(LSM, *LSM_SETUP)
    apart = 0
    for _ in range(300):
        board.wait(0.0097)
        low, high = board.read(LSM, 0x3A), board.read(LSM, 0x3B)
        apart += (high & 3) << 8 | low != len(board.lsm._fifo)
    assert apart > 0


def test_lsm_overwrites_the_oldest_and_says_so_once(board):
    board.write(LSM, *LSM_SETUP)
    board.wait(10)
    assert board.read(LSM, 0x3A, 2)[1] & 0x08
    assert not board.read(LSM, 0x3A, 2)[1] & 0x08 or len(board.lsm._fifo) == lsm6dsox_model.WORDS
    gyro = board.lsm_axes(1)
    assert gyro[-1] == motion.Counting().sample(int(board.lsm.true_rate_hz * 10.01))[:3] or len(gyro) > 250


@pytest.mark.parametrize("error", [-0.04, -0.0015, 0.0, 0.02])
def test_lsm_tells_its_rate_in_steps_of_15_hundredths_percent(error):
    board = Board()
    model = lsm6dsox_model.Model(motion.Counting(), 6667 / 64 * (1 + error), clock=board.time)
    board.bus.devices[LSM] = model
    fine = struct.unpack("b", bytes([board.read(LSM, 0x63)]))[0]
    assert 0.0015 * fine == pytest.approx(error, abs=0.00076)


def test_mpu_that_overwrites_cuts_its_packets():
    packets = []
    for config in (0x43, 0x03):
        board = Board()
        board.write(MPU, *MPU_SETUP, (0x1A, config), (0x6A, 0x44))
        board.wait(2)
        data = board.read(MPU, 0x74, 14)
        packets.append(struct.unpack(">7h", data))
    known = {motion.Counting().sample(k)[3:] for k in range(300)}
    stopped, overwritten = packets
    assert stopped[:3] in known
    assert overwritten[:3] not in known


def test_mpu_count_is_latched_by_its_high_byte(board):
    board.write(MPU, *MPU_SETUP)
    board.wait(0.19)
    board.read(MPU, 0x72)
    low = board.read(MPU, 0x73)
    board.wait(0.1)
    assert board.read(MPU, 0x73) == low
    board.read(MPU, 0x72)
    assert board.read(MPU, 0x73) != low


def test_mpu_overflow_flag_clears_when_read(board):
    board.write(MPU, *MPU_SETUP)
    board.wait(2)
    board.read(MPU, 0x75)
    assert board.read(MPU, 0x3A) & 0x10
    board.write(MPU, (0x23, 0))
    board.read(MPU, 0x3A)
    assert not board.read(MPU, 0x3A) & 0x10


def icm_samples(board, order="<"):
    data = board.read(ICM, 0x30, 16 * 200)
    packets = [data[i : i + 16] for i in range(0, len(data), 16) if data[i] != 0x80]
    return [struct.unpack(order + "B6hbH", packet) for packet in packets]


def test_icm_is_big_endian_and_counts_bytes_unless_told_otherwise(board):
    board.write(ICM, *ICM_SETUP, (0x4C, 0x30))
    board.wait(0.1)
    count = int.from_bytes(board.read(ICM, 0x2E, 2), "big")
    assert count % 16 == 0
    known = {motion.Counting().sample(k)[3:] for k in range(100)}
    samples = icm_samples(board, ">")
    assert len(samples) >= count // 16
    assert all(sample[1:4] in known for sample in samples)


def test_icm_gyroscope_measures_nothing_at_first(board):
    board.write(ICM, *ICM_SETUP)
    board.wait(0.3)
    first, *_, last = icm_samples(board)
    assert first[4:7] == (-32768, -32768, -32768)
    assert -32768 not in last


def test_icm_gyroscope_freezes_above_100_dps_unless_adaptive_full_scale_is_off():
    class Faster:
        def sample(self, k):
            return (k * 50, 0, 0, 0, 0, 8192)

    seen = {}
    for value in (0x91, 0x51):
        board = Board(Faster())
        board.write(ICM, *ICM_SETUP, (0x4D, value))
        board.wait(1.2)
        board.read(ICM, 0x30, 16 * 10)
        board.wait(1)
        seen[value] = len({sample[4] for sample in icm_samples(board)[-60:]})
    assert seen[0x91] == 1
    assert seen[0x51] == 60


def test_icm_part_of_the_fifo_must_be_asked_for(board):
    for value, again in ((0x07, True), (0x47, False)):
        board.write(ICM, *ICM_SETUP, (0x5F, value))
        board.wait(0.3)
        one, two = board.read(ICM, 0x30, 32), board.read(ICM, 0x30, 32)
        assert (one == two) is again
        board.write(ICM, (0x16, 0x00))


def test_icm_registers_are_those_of_the_bank(board):
    board.write(ICM, (0x76, 1))
    assert board.read(ICM, 0x75) != 0x47
    assert board.read(ICM, 0x0B) == 0xA0
    board.write(ICM, (0x4F, 0x11), (0x76, 0))
    assert board.read(ICM, 0x75) == 0x47
    assert board.read(ICM, 0x4F) == 0x06


def test_icm_counts_what_it_overwrites():
    board = Board(first_header=0x7B)
    board.write(ICM, *ICM_SETUP)
    board.wait(0.05)
    before = icm_samples(board)
    assert before[0][0] == 0x7B
    board.wait(3)
    board.read(ICM, 0x75)
    lost = int.from_bytes(board.read(ICM, 0x6C, 2), "little")
    number = {motion.Counting().sample(k)[3:]: k for k in range(1000)}
    assert lost == number[icm_samples(board)[0][1:4]] - number[before[-1][1:4]] - 1 > 150


def test_a_transfer_takes_its_time(board):
    before = board.time.now_us
    board.read(LSM, 0x78, 70)
    assert board.time.now_us - before == board.bus.busy_us == 430 + 73 * 9 * 10 // 4


@pytest.mark.parametrize("errno", [19, 110])
def test_a_transfer_that_fails_may_have_moved_bytes(board, errno):
    board.write(MPU, *MPU_SETUP)
    board.wait(0.5)
    before = board.mpu_count()
    board.bus.fail(errno, after=1, done=5)
    board.read(MPU, 0x75)
    with pytest.raises(OSError) as caught:
        board.read(MPU, 0x74, 140)
    assert caught.value.args == (errno,)
    assert before - board.mpu_count() in (5, 5 - 14)
    with pytest.raises(OSError, match="19"):
        board.read(0x10, 0)


@given(st.lists(st.tuples(*[st.integers(-32768, 32767)] * 6), min_size=1, max_size=700), st.data())
@settings(max_examples=20, deadline=None)
def test_a_file_gives_its_samples_in_any_order(tmp_path_factory, samples, data):
    path = tmp_path_factory.mktemp("motion") / "samples"
    path.write_bytes(b"".join(struct.pack("<6h", *sample) for sample in samples))
    asked = data.draw(st.lists(st.integers(0, 3 * len(samples)), max_size=30))
    with closing(motion.FileMotion(str(path))) as once, closing(motion.FileMotion(str(path), wrap=True)) as again:
        for k in asked:
            assert once.sample(k) == samples[min(k, len(samples) - 1)]
            assert again.sample(k) == samples[k % len(samples)]
