"""What the driver of one chip must do because that chip is as it is."""

import random
import time

from drivers_bench import MODULE, NAME, OUT, ROOM, Listener, number, run, setup


def check_lsm6dsox_any_order_of_words():
    for acc_first in (False, True):
        for time_first in (False, True):
            for parity in (0, 1):
                order = (("acc_first", acc_first), ("time_first", time_first), ("parity", parity))
                chip, model, _bus = setup(changes=order)
                listener = Listener(chip)
                for i in range(120):
                    time.sleep_ms(random.randrange(40))
                    if i % 10 == 0:
                        model.push(model._next - 1, 5, b"\x11\x22\x33\x44\x55\x66")  # the rate was changed: no sample
                    listener.drain(random.randrange(1, 30))
                assert listener.losses == 0
                assert listener.taken > 200


def check_lsm6dsox_knows_how_many_are_lost():
    """Also where the 24 bits of its clock that are looked at wrap, after 419 s."""
    wrap_us = int((1 << 24) / 384 / MODULE.Model.NOMINAL_HZ * 1e6)
    chip, _model, _bus = setup(at_us=wrap_us - 4_000_000)
    time.sleep_ms(1500)
    listener = Listener(chip)
    while listener.drain() or not chip.emptied:
        pass
    before = listener.last
    time.sleep_ms(60_000)
    listener.drain()
    assert chip.overrun and chip.lost > 5900, chip.lost
    assert listener.taken > 20 and listener.last != before


def check_lsm6dsox_halves_of_two_samples_are_not_joined():
    """A sample has one of four slot numbers: the halves before and behind a gap may have the same."""
    tried = 0
    chip, _model, _bus = setup()
    while tried < 40:
        listener = Listener(chip)
        time.sleep_ms(50 + random.randrange(50))
        listener.drain(5)
        if not chip._have:
            continue
        tried += 1
        time.sleep_ms(2500 + 10 * random.randrange(50))
        listener.drain()
        assert listener.losses == 1
        while not chip.emptied:
            listener.drain()


def check_lsm6dsox_tells_its_rate():
    for rate in (0.95, 0.98, 1.0, 1.03):
        chip, model, _bus = setup(rate=rate)
        assert abs(chip.rate_hint_hz() / model.true_rate_hz - 1) < 0.00076


def check_icm42688p_strange_first_header():
    chip, _model, bus = setup(first_header=0x7B)
    listener = Listener(chip)
    for _ in range(20):
        time.sleep_ms(50)
        assert listener.drain() > 2
    assert listener.losses == 0
    for round_ in range(1, 6):
        time.sleep_ms(50)
        bus.fail(after=1, done=3)
        listener.drain()
        assert listener.errors == round_
        before = listener.losses
        for _ in range(20):
            time.sleep_ms(50)
            listener.drain()
        # The flush, and (in the same drain or the next) the packet that is not understood.
        assert 1 <= listener.losses - before <= 2


def check_icm42688p_unmeasured_samples_are_lost_ones():
    time.now_us = 0
    chip, _model, _bus = setup(at_us=0, invalid=(60, 61, 62, 80))
    lost = taken = 0
    before = None
    for _ in range(30):
        time.sleep_ms(50)
        n = chip.drain(OUT, ROOM)
        numbers = [number(i) for i in range(n)]
        assert not set(numbers) & {60, 61, 62, 80}
        before = numbers[0] if before is None else before
        lost += chip.lost
        taken += n
    assert lost == 4
    assert numbers[-1] - before + 1 == taken + lost


def check_icm42688p_fast_turns_are_not_frozen():
    chip, _model, _bus = setup()  # most of its samples are beyond 100 deg/s
    listener = Listener(chip)
    for _ in range(20):
        time.sleep_ms(60)
        assert listener.drain() > 3


def check_mpu6886_a_full_buffer_keeps_what_it_has():
    chip, _model, _bus = setup()
    listener = Listener(chip)
    listener.drain()
    time.sleep_ms(3000)
    kept = 0
    while not chip.overrun:
        kept += listener.drain(random.randrange(1, 33))
        assert not chip.emptied  # newer samples were lost
        assert chip.intact()
        time.sleep_ms(20)
    assert kept in (72, 73), kept


run(globals(), "check_" + NAME)
