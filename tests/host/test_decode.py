"""Blocks → samples: what was lost, doubled, late or damaged is told; the sampling rate is found under jitter."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coxa_wire
from coxa.decode import decode
from coxa.errors import InputError

NOMINAL_HZ = 104.0
INFO = coxa_wire.Info(
    uid=b"\x01\x02\x03\x04\x05\x06", odr_hz=NOMINAL_HZ, gyro_dps_per_lsb=0.0175, acc_g_per_lsb=0.000122, profile=2
)
SEVENTEEN_DEG_S = round(17.5 / 0.0175)
ONE_G = round(1 / 0.000122)


def block(seq, first, t_us, *, n=13, flags=0, profile=2, session=1, value=0, temperature_c=30):
    """A block whose samples carry their own index in gx, so that a test can see which one it got."""
    buffer = bytearray(coxa_wire.BLOCK_LENGTH)
    for i in range(n):
        coxa_wire.put_sample(buffer, i, (first + i) % 30000, SEVENTEEN_DEG_S, value, 0, 0, ONE_G)
    coxa_wire.seal(
        buffer,
        profile,
        flags=flags,
        session=session,
        seq=seq,
        first_index=first,
        t_us=int(t_us) % 2**32,
        n=n,
        temperature_c=temperature_c,
    )
    return bytes(buffer)


def stream(duration_s, *, odr=1.0, jitter_s=0.0, growth=1.0, start_us=0, seed=0, flags=None):
    """Blocks of a sensor at `odr` times its nominal rate, stamped late by exponential times.

    Their mean grows from `jitter_s` to `growth` times that; `flags` is {seq: flags}.
    """
    rng = np.random.default_rng(seed)
    rate = NOMINAL_HZ * odr
    n = int(duration_s * rate / 13)
    late = rng.exponential(jitter_s, n) * np.linspace(1.0, growth, n)
    stamps = start_us + (13 * np.arange(n) / rate + late) * 1e6
    return [block(seq, 13 * seq, t_us, flags=(flags or {}).get(seq, 0)) for seq, t_us in enumerate(stamps.tolist())]


def test_units_and_indices():
    decoded = decode(stream(10), INFO)
    samples = decoded.samples
    assert len(samples) == 13 * 80
    assert samples.gyr_rad_s[5] == pytest.approx(np.deg2rad([5 * 0.0175, 17.5, 0]), rel=1e-6)
    assert samples.acc_m_s2[5] == pytest.approx([0, 0, 9.80665], rel=1e-4)
    assert samples.quat is None
    assert np.array_equal(decoded.index, np.arange(len(samples)))
    assert decoded.gaps == () and decoded.missing_samples == 0 and decoded.counts.missing == 0
    assert not decoded.complete
    assert decoded.temperature_c[0].tolist() == [0.0, 30.0]
    assert decoded.notes == ()


@pytest.mark.parametrize("odr", [0.97, 0.98, 1.0, 1.02, 1.03])
@pytest.mark.parametrize("seed", range(4))
def test_true_rate_is_found_under_late_stamps(odr, seed):
    decoded = decode(stream(60, odr=odr, jitter_s=0.015, seed=seed), INFO)
    assert decoded.clock.source == "measured"
    assert decoded.clock.sampling_rate_hz == pytest.approx(NOMINAL_HZ * odr, rel=5e-4)
    assert decoded.samples.sampling_rate_hz == pytest.approx(NOMINAL_HZ * odr, rel=5e-4)


@pytest.mark.parametrize(("duration_s", "tolerance"), [(60, 5e-4), (300, 5e-5)])
@pytest.mark.parametrize("seed", range(4))
def test_stamps_that_come_later_and_later_are_not_a_slower_sensor(duration_s, tolerance, seed):
    """The board gets busier: the mean lateness grows from 5 to 100 ms, the earliest stamps stay good."""
    decoded = decode(stream(duration_s, odr=1.03, jitter_s=0.005, growth=20, seed=seed), INFO)
    assert decoded.clock.sampling_rate_hz == pytest.approx(NOMINAL_HZ * 1.03, rel=tolerance)


def test_stated_rate_uncertainty_is_honest():
    errors = []
    for seed in range(60):
        clock = decode(stream(20, odr=1.01, jitter_s=0.015, seed=seed), INFO).clock
        errors.append(abs(clock.sampling_rate_hz - NOMINAL_HZ * 1.01) / clock.sampling_rate_sd_hz)
    assert 0.45 < np.mean(np.array(errors) < 1) < 0.95
    assert np.mean(np.array(errors) < 3) > 0.9


def test_single_wrong_stamps_do_not_count():
    rate = NOMINAL_HZ * 1.02
    blocks = stream(60, odr=1.02, jitter_s=0.01, start_us=10_000_000)
    for seq, error_s in ((100, -2.0), (200, 2.0), (300, -0.5)):
        blocks[seq] = block(seq, 13 * seq, (13 * seq / rate + error_s) * 1e6 + 10_000_000)
    assert decode(blocks, INFO).clock.sampling_rate_hz == pytest.approx(rate, rel=5e-4)


def test_the_clock_wraps():
    plain = decode(stream(60, odr=0.98, jitter_s=0.01), INFO)
    wrapped = decode(stream(60, odr=0.98, jitter_s=0.01, start_us=2**32 - 30_000_000), INFO)
    assert wrapped.clock.clock_jumps == 0
    assert np.allclose(wrapped.samples.t_s, plain.samples.t_s, atol=1e-5)


def test_a_gap_of_several_wraps_is_bridged_by_the_index():
    rate = NOMINAL_HZ * 1.02
    later = round(3 * 3600 * rate)
    blocks = stream(30, odr=1.02)
    blocks += [block(len(blocks) + k, later + 13 * k, (later + 13 * k) / rate * 1e6) for k in range(300)]
    decoded = decode(blocks, INFO)
    assert decoded.clock.clock_jumps == 0
    assert decoded.clock.sampling_rate_hz == pytest.approx(rate, rel=1e-5)
    assert decoded.samples.t_s[-1] == pytest.approx((later + 13 * 300 - 1) / rate, rel=1e-5)


def test_missing_blocks_are_counted_and_not_filled():
    blocks = stream(60, odr=1.02, jitter_s=0.01)
    whole = decode(blocks, INFO)
    decoded = decode(blocks[:100] + blocks[105:300] + blocks[301:], INFO)
    assert decoded.counts.missing == 6
    assert [(gap.samples, gap.where) for gap in decoded.gaps] == [(65, "transfer"), (13, "transfer")]
    assert decoded.missing_samples == 78 == len(whole.samples) - len(decoded.samples)
    assert decoded.gaps[0].end_s - decoded.gaps[0].start_s == pytest.approx(66 / (NOMINAL_HZ * 1.02), rel=1e-3)
    kept = np.isin(whole.index, decoded.index)
    assert np.array_equal(decoded.samples.gyr_rad_s, whole.samples.gyr_rad_s[kept])
    assert np.allclose(decoded.samples.t_s, whole.samples.t_s[kept], atol=0.005)
    assert "78 samples are missing, in 2 gaps" in decoded.notes[0]


def test_missing_start_and_end_are_counted():
    blocks = stream(20)
    info = coxa_wire.decode_info(coxa_wire.encode_info(INFO))
    info.session, info.next_seq = 1, len(blocks)
    decoded = decode(blocks[3:-2], info)
    assert decoded.counts.missing == 5 and decoded.missing_samples == 39
    assert decoded.samples.t_s[0] == pytest.approx(39 / NOMINAL_HZ, rel=1e-3)
    assert not decoded.complete


def test_a_closed_session_is_complete():
    blocks = stream(20)
    end = block(len(blocks), 13 * len(blocks), 0, n=0, flags=coxa_wire.LAST)
    decoded = decode([*blocks, end], INFO)
    assert decoded.complete and len(decoded.samples) == 13 * len(blocks)
    assert not decode([*blocks[:-1], end], INFO).complete


def test_samples_lost_on_the_board():
    # The board guesses 100 lost samples where it were 130: the clock, which went on, is right.
    rate = NOMINAL_HZ * 1.02
    blocks = []
    for seq in range(600):
        true_first = 13 * seq + (130 if seq >= 300 else 0)
        told_first = 13 * seq + (100 if seq >= 300 else 0)
        flags = coxa_wire.OVERRUN if seq == 300 else 0
        blocks.append(block(seq, told_first, true_first / rate * 1e6, flags=flags))
    decoded = decode(blocks, INFO)
    assert [(gap.samples, gap.where) for gap in decoded.gaps] == [(100, "board")]
    assert decoded.counts.missing == 0
    assert decoded.events["overrun"] == (pytest.approx((3900 + 130) / rate, abs=1e-3),)
    assert decoded.clock.sampling_rate_hz == pytest.approx(rate, rel=1e-4)
    assert decoded.samples.t_s[-1] == pytest.approx((13 * 600 + 129) / rate, abs=2e-3)


def test_times_increase_across_lost_samples_though_the_stamps_before_were_late():
    stamps = [13 * seq / NOMINAL_HZ + (0.3 if seq < 100 else 0.0) for seq in range(300)]
    blocks = [
        block(seq, 13 * seq + 2 * (seq >= 100), t * 1e6, flags=coxa_wire.OVERRUN if seq == 100 else 0)
        for seq, t in enumerate(stamps)
    ]
    t_s = decode(blocks, INFO).samples.t_s
    assert np.diff(t_s).min() == pytest.approx(1 / NOMINAL_HZ, rel=1e-3)


def test_a_flagged_jump_of_the_clock_is_no_time_of_the_sensor():
    """A second is too little to tell a jump from a late stamp: the flag does."""
    blocks = [
        block(seq, 13 * seq, (13 * seq / NOMINAL_HZ + (seq >= 300)) * 1e6, flags=coxa_wire.TIME_JUMP * (seq == 300))
        for seq in range(600)
    ]
    decoded = decode(blocks, INFO)
    assert decoded.clock.clock_jumps == 1
    assert np.allclose(decoded.samples.t_s, np.arange(7800) / NOMINAL_HZ, atol=1e-3)


@pytest.mark.parametrize("flagged", [True, False])
def test_a_clock_that_starts_again(flagged):
    rate = NOMINAL_HZ * 1.02
    flags = coxa_wire.TIME_JUMP if flagged else 0
    blocks = [
        block(seq, 13 * seq, 13 * (seq if seq < 300 else seq - 300) / rate * 1e6, flags=flags if seq == 300 else 0)
        for seq in range(600)
    ]
    decoded = decode(blocks, INFO)
    assert decoded.clock.clock_jumps == 1
    assert decoded.clock.sampling_rate_hz == pytest.approx(rate, rel=1e-4)
    assert np.allclose(decoded.samples.t_s, np.arange(7800) / rate, atol=2e-3)
    assert any("clock jumped" in note for note in decoded.notes)


def test_identical_copies_are_dropped_and_counted():
    blocks = stream(20)
    decoded = decode([*blocks, *blocks[10:20], blocks[10]], INFO)
    assert decoded.counts.duplicates == 11
    assert len(decoded.samples) == 13 * len(blocks)


def test_contradicting_copies_are_not_used():
    blocks = stream(20)
    other = block(50, 13 * 50, 13 * 50 / NOMINAL_HZ * 1e6, value=1)
    decoded = decode([*blocks, other, other], INFO)
    assert decoded.counts.conflicting == 3 and decoded.counts.missing == 1
    assert decoded.gaps[0].samples == 13
    assert not np.isin(np.arange(650, 663), decoded.index).any()


def test_blocks_that_repeat_samples_are_not_used():
    blocks = stream(20)
    blocks[50] = block(50, 13 * 50 - 5, 13 * 50 / NOMINAL_HZ * 1e6)
    decoded = decode(blocks, INFO)
    assert decoded.counts.overlapping == 1 and decoded.gaps[0].samples == 13


@settings(max_examples=30)
@given(st.randoms(use_true_random=False), st.sets(st.integers(0, 103)), st.lists(st.integers(0, 103), max_size=40))
def test_any_order_any_loss_any_copies(random, gone, doubled):
    blocks = stream(13, jitter_s=0.01)
    left = [data for seq, data in enumerate(blocks) if seq not in gone]
    received = left + [blocks[seq] for seq in doubled if seq not in gone]
    random.shuffle(received)
    if not left:
        with pytest.raises(InputError):
            decode(received, INFO)
        return
    decoded = decode(received, INFO)
    straight = decode(left, INFO)
    c = decoded.counts
    assert np.array_equal(decoded.samples.t_s, straight.samples.t_s)
    assert np.array_equal(decoded.samples.gyr_rad_s, straight.samples.gyr_rad_s)
    assert (np.diff(decoded.samples.t_s) > 0).all()
    assert c.received == len(received) == c.used + c.duplicates
    assert sum(gap.samples for gap in decoded.gaps) + len(decoded.samples) == decoded.index[-1] - decoded.index[0] + 1


def test_late_blocks_are_counted():
    blocks = stream(20)
    blocks[10], blocks[12] = blocks[12], blocks[10]
    assert decode(blocks, INFO).counts.late == 2


def test_damaged_blocks_are_counted_by_reason():
    blocks = stream(20)
    damaged = bytearray(blocks[7])
    damaged[40] ^= 1
    decoded = decode([*blocks[:7], bytes(damaged), *blocks[8:], b"", blocks[0][:90]], INFO)
    assert decoded.counts.rejected == {"crc": 1, "length": 2}
    assert decoded.counts.missing == 1
    assert decoded.counts.received == len(blocks) + 2
    assert "3 damaged blocks were left out." in decoded.notes


def test_live_copies_are_no_part_of_the_recording():
    blocks = stream(20)
    decoded = decode([*blocks, block(3, 5, 0, n=5, profile=3)], INFO)
    assert decoded.counts.live == 1 and decoded.counts.conflicting == 0


def test_flags_become_events():
    decoded = decode(stream(20, flags={10: coxa_wire.MARKER | coxa_wire.CLIPPED}), INFO)
    assert decoded.events == {"marker": (pytest.approx(1.25),), "clipped": (pytest.approx(1.25),)}
    assert any("range" in note for note in decoded.notes)


def test_quaternions_of_the_board():
    blocks, half = [], 2**15 * math.sqrt(0.5)
    for seq in range(20):
        buffer = bytearray(coxa_wire.BLOCK_LENGTH)
        for k in range(5 if seq else 0):  # none yet in the first block
            coxa_wire.put_quat(buffer, 1, k, round(half), round(half), 0, 0)
        t_us = round(seq * 10 / NOMINAL_HZ * 1e6)
        coxa_wire.seal(
            buffer, 1, flags=0, session=1, seq=seq, first_index=10 * seq, t_us=t_us, n=10, temperature_c=-128
        )
        blocks.append(bytes(buffer))
    decoded = decode(blocks, INFO)
    assert decoded.quat.shape == (95, 4)
    assert np.allclose(decoded.quat, [math.sqrt(0.5), math.sqrt(0.5), 0, 0], atol=1e-4)
    assert np.allclose(decoded.quat_t_s, decoded.samples.t_s[11::2])
    assert decoded.temperature_c.shape == (0, 2)


def test_a_short_recording_says_that_its_rate_is_nominal():
    clock = decode(stream(3, odr=1.02), INFO).clock
    assert clock.source == "nominal" and clock.sampling_rate_hz == NOMINAL_HZ
    assert clock.sampling_rate_sd_hz > 0.01 * NOMINAL_HZ


def test_a_rate_that_cannot_be_is_not_believed():
    decoded = decode(stream(120, odr=1.12), INFO)
    assert decoded.clock.source == "nominal"
    assert any("nominal" in note for note in decoded.notes)


def test_refusals():
    blocks = stream(5)
    with pytest.raises(InputError, match="sessions"):
        decode([*blocks, block(0, 0, 0, session=2)], INFO)
    with pytest.raises(InputError, match="none of the 0 blocks"):
        decode([], INFO)
    newer = bytearray(blocks[0])
    newer[0] = 0x22
    newer[-2:] = coxa_wire.crc16(newer, 178).to_bytes(2, "little")
    with pytest.raises(InputError, match=r"version 2.*Update the host software"):
        decode([bytes(newer)] * 3, INFO)
