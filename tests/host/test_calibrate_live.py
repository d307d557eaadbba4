"""Guided calibrations live: blocks to samples, samples to one clock, what is told on the way, and how it looks."""

import io
import json
import re
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import coxa_wire
from coxa.calibration.cases import case_of, chip_of, firmware_of
from coxa.calibration.guide.body import BodyProcedure
from coxa.calibration.guide.course import Guide, Stand
from coxa.calibration.guide.step import Accepted, Finished, Look, Refused
from coxa.calibration.hosttime import HostTime
from coxa.calibration.kept import NewCalibration
from coxa.calibration.live import GONE_S, SETTLED_S, SILENT_S, Feed, LiveGuide, stand_to_dict
from coxa.calibration.recordings import is_marked, mark
from coxa.commands.calibrate_view import CalibrationView
from coxa.decode import decode
from coxa.errors import InputError
from coxa.live_view.samples import LiveSamples
from coxa.samples import Samples
from coxa.simulate import SENSORS, Stream, Wearer, simulate, wire_blocks
from coxa.simulate.follower import follow
from coxa.simulate.posed import BodyFollower
from coxa.store import Store

RATE_HZ = SENSORS["LSM6DSOX"].rate_hz


@cache
def recording(seed=1, session=1, **stream):
    made = simulate(Wearer(side="right", reps=2), SENSORS["LSM6DSOX"], seed=seed)
    info, blocks = wire_blocks(made.readings, made.sensor, Stream(**stream), seed=seed, session=session)
    return info, tuple(blocks)


def pushed(live, blocks):
    return [one for data in blocks for one in live.push(data)]


def whole(parts):
    t_s, gyr, acc = (np.concatenate([getattr(one, name) for one in parts]) for name in ("t_s", "gyr_rad_s", "acc_m_s2"))
    return t_s, gyr, acc


def changed(data, **changes):
    """The block with other header fields and a right checksum."""
    block = coxa_wire.Block(data)
    names = ("flags", "session", "seq", "first_index", "t_us", "n", "temperature_c")
    buffer = bytearray(data)
    coxa_wire.seal(buffer, block.profile, **({name: getattr(block, name) for name in names} | changes))
    return bytes(buffer)


# blocks to samples


def test_live_samples_are_those_that_the_recording_decodes_to():
    info, blocks = recording()
    live = LiveSamples()
    live.begin(info)
    parts = pushed(live, blocks)
    t_s, gyr, acc = whole(parts)
    same = decode(blocks, info).samples
    assert np.array_equal(gyr, same.gyr_rad_s) and np.array_equal(acc, same.acc_m_s2)
    assert np.abs(t_s - same.t_s - (t_s[0] - same.t_s[0])).max() < 0.02
    assert (live.session, live.lost, live.refused, live.unusable) == (1, 0, 0, "")
    assert live.t_s == t_s[-1]


def test_each_sample_has_the_temperature_of_its_block_or_none():
    info, blocks = recording()
    live = LiveSamples()
    live.begin(info)
    known = pushed(live, [changed(blocks[0], temperature_c=31)])
    unknown = pushed(live, [changed(blocks[1], temperature_c=coxa_wire.TEMPERATURE_UNKNOWN)])
    assert (known[0].temperature_c == 31.0).all() and len(known[0].temperature_c) == len(known[0])
    assert unknown[0].temperature_c is None


def test_what_is_lost_leaves_a_gap_in_time():
    info, blocks = recording()
    live = LiveSamples()
    live.begin(info)
    n = coxa_wire.decode(blocks[0]).n
    t_s, _, _ = whole(pushed(live, [*blocks[:20], *blocks[25:60]]))
    assert live.lost == 5 * n
    assert np.diff(t_s).max() == pytest.approx((5 * n + 1) / RATE_HZ, rel=0.05)


def test_another_session_and_a_long_pause_part_what_comes():
    info, blocks = recording()
    _, others = recording(seed=2, session=2)
    live = LiveSamples()
    live.begin(info)
    assert None not in pushed(live, blocks[:5])
    parts = pushed(live, others[:5])
    assert parts[0] is None and parts.count(None) == 1
    assert parts[1].t_s[0] == pytest.approx(0.0, abs=0.02)
    later = coxa_wire.decode(others[5]).first_index + round(100 * RATE_HZ)
    parts = pushed(live, [changed(one, first_index=later + 13 * i) for i, one in enumerate(others[5:9])])
    assert parts.count(None) == 1


def test_samples_in_which_the_chip_did_not_answer_are_left_out():
    info, blocks = recording()
    live = LiveSamples()
    live.begin(info)
    block = coxa_wire.decode(blocks[0])
    dead = bytearray(blocks[0])
    coxa_wire.put_sample(dead, 3, 0, 0, 0, 0, 0, 0)
    (samples,) = pushed(live, [changed(bytes(dead))])
    assert len(samples) == block.n - 1
    assert (np.abs(samples.acc_m_s2).sum(axis=1) > 5).all()


# samples to one clock


def chunk(first, n=10, period_s=0.01):
    t = (first + np.arange(n)) * period_s
    return Samples(t, np.zeros((n, 3)), np.ones((n, 3)), temperature_c=np.full(n, 20.0))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(0.0, 0.3), min_size=2, max_size=80),
    st.floats(0.97, 1.03),
    st.lists(st.booleans(), min_size=80, max_size=80),
)
def test_time_only_goes_forward_whatever_the_delays(delays, pace, restarts):
    host, last, now, k = HostTime(), -np.inf, 1000.0, 0
    for delay, restart in zip(delays, restarts, strict=False):
        now = max(now + 0.1 * pace, now)
        if restart:
            host.another()
            k = 0
        put = host.put(chunk(10 * k), now + delay)
        assert (np.diff(put.t_s) > 0).all()
        assert not len(put) or put.t_s[0] > last
        assert len(put.temperature_c) == len(put.gyr_rad_s) == len(put)
        last, k = (put.t_s[-1] if len(put) else last), k + 1


@pytest.mark.parametrize("drift", [-40e-6, 0.0, 40e-6])
@pytest.mark.parametrize("delay_s", [0.01, 0.06])
def test_two_boards_agree_to_within_some_milliseconds(delay_s, drift):
    """One with hardly any delay and one whose blocks wait up to `delay_s`, its crystal off."""
    rng = np.random.default_rng(0)
    hosts, late = (HostTime(), HostTime()), []
    for k in range(3000):
        true = 0.1 * (k + 1)
        one = hosts[0].put(chunk(10 * k), 50.0 + true + 0.005)
        other = hosts[1].put(
            replace(chunk(10 * k), t_s=chunk(10 * k).t_s * (1 + drift) + 7.0),
            50.0 + true + 0.005 + rng.uniform(0, delay_s),
        )
        late.append(other.t_s[-1] - one.t_s[-1])
    assert np.abs(late[100:]).max() < 0.01


def test_a_first_block_that_came_late_is_made_up_for_slowly():
    host = HostTime()
    parts = [host.put(chunk(10 * k), 0.1 * (k + 1) + (0.2 if k == 0 else 0.0)) for k in range(100)]
    t_s = np.concatenate([one.t_s for one in parts])
    assert np.diff(t_s).min() > 0.005
    assert len(t_s) == 1000
    assert t_s[-1] == pytest.approx(10.0, abs=0.011)


# the guide, fed by boards


@dataclass(frozen=True)
class Wait:
    """Accepted after so long; refused first, where it is to be."""

    key: str = "wait"
    title: str = "Wait"
    say: str = "Wait a little."
    optional: bool = False
    seconds: float = 1.0

    def look(self, heard, values):  # noqa: ARG002
        length = min(one.duration_s for one in heard.values())
        done = Accepted(length, f"Wait: {length:.1f} s.") if length > self.seconds else None
        return Look("still", "wait", length / self.seconds, self.seconds - length, done)


@dataclass(frozen=True)
class Waiting:
    places: tuple = ("thigh",)
    kind = "body"
    steps = (Wait(), Wait("again", "Wait again"))

    def finish(self, values, at, source):
        return Finished((), (), NewCalibration(self.kind, "51", "me", "left", at, json.dumps(values), source))


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def live_guide(places=("thigh",)):
    told, clock = [], Clock()
    live = LiveGuide(places, lambda _: Guide(Waiting(places)), lambda *one: told.append(one), clock)
    return live, told, clock


def fed(live, clock, blocks, places=("thigh",), look=lambda _: ""):
    """Blocks as they come, each tenth of a second; whether it was done in the end."""
    done = False
    for data in blocks:
        clock.now_s += coxa_wire.decode(data).n / RATE_HZ
        for place in places:
            live.feeds[place].push(data)
        done = live.look(look)
        if done:
            break
    return done


def test_a_guide_is_made_once_all_boards_record_and_goes_on_to_the_end():
    info, blocks = recording()
    live, told, clock = live_guide(("thigh", "shank"))
    assert live.look(lambda _: "searching") is False
    assert told[-1] == (None, "waiting for the thigh board: searching")
    live.feeds["thigh"].begin(info)
    live.look(lambda _: "")
    assert told[-1] == (None, "waiting for the shank board")
    live.feeds["shank"].begin(info)
    assert not fed(live, clock, blocks[:20], ("thigh", "shank"))
    assert told[-1] == (None, "comparing the clocks of the boards …")
    assert fed(live, clock, blocks[20:], ("thigh", "shank"))
    assert clock.now_s > SETTLED_S
    assert live.guide.done
    assert told[-1][0].done and told[-1][1] == ""
    assert next(stand.step.key for stand, _ in told if stand and stand.step) == "wait"


def test_silence_is_said_and_then_ends_it():
    info, blocks = recording()
    live, told, clock = live_guide()
    live.feeds["thigh"].begin(info)
    fed(live, clock, blocks[:5])
    clock.now_s += SILENT_S + 0.1
    live.look(lambda _: "searching")
    assert told[-1][1] == "no data from the thigh board: searching"
    fed(live, clock, blocks[5:6])
    assert told[-1][1] == ""
    clock.now_s += GONE_S + 0.1
    with pytest.raises(InputError, match="nothing came from the thigh board for 60 s"):
        live.look(lambda _: "")


def test_a_board_that_cannot_be_used_is_said_at_once():
    info, _ = recording()
    slow = coxa_wire.decode_info(coxa_wire.encode_info(info))
    slow.odr_hz = 5.0
    live, _, _ = live_guide()
    live.feeds["thigh"].begin(slow)
    with pytest.raises(InputError, match="the thigh board cannot be used: at 5 samples"):
        live.look(lambda _: "")


def test_damaged_blocks_and_blocks_before_the_board_said_what_it_is_do_no_harm():
    info, blocks = recording()
    seen, clock = [], Clock()
    feed = Feed("thigh", lambda *one: seen.append(one), clock)
    feed.push(blocks[0])
    assert seen == []
    feed.begin(info)
    feed.push(b"rubbish")
    feed.push(blocks[0])
    assert [place for place, _ in seen] == ["thigh"]


def test_a_board_that_restarts_goes_on_at_the_present_time():
    info, blocks = recording()
    _, others = recording(seed=2, session=2)
    seen, clock = [], Clock()
    feed = Feed("thigh", lambda _, samples: seen.append(samples), clock)
    feed.begin(info)
    for k, data in enumerate([*blocks[:100], *others[:10]]):
        clock.now_s += coxa_wire.decode(data).n / RATE_HZ + (1.0 if k == 100 else 0.0)
        feed.push(data)
    t_s = np.concatenate([one.t_s for one in seen])
    assert (np.diff(t_s) > 0).all()
    assert np.count_nonzero(np.diff(t_s) > 0.5) == 1
    assert t_s[-1] == pytest.approx(clock.now_s, abs=0.01)


# moments as plain data


def moments(clumsy=None, seed=2):
    """Every moment of a simulated body calibration, and what the view made of it."""
    person = BodyFollower("left", SENSORS["LSM6DSOX"], seed, clumsy or {})
    guide = Guide(BodyProcedure("51", "left", "me", "here", case=person.case))
    return guide, follow(guide, person)


def test_moments_are_plain_json_and_say_everything():
    _, stands = moments({"standing": "upside_down"})
    told = [json.loads(json.dumps(stand_to_dict(stand), allow_nan=False)) for stand in stands]
    assert {one["format"] for one in told} == {"coxa.calibrating/1"}
    assert [one["done"] for one in told] == [False] * (len(told) - 1) + [True]
    assert {one["step"]["key"] for one in told[:-1]} == {"standing", "seated", "wall", "turns"}
    refused = next(one["last"] for one in told if one["last"] and not one["last"]["accepted"])
    assert refused["reason"] == "upside_down" and refused["what"] and refused["advice"]
    assert any(one["look"] and one["look"]["remaining_s"] for one in told)
    assert max(one["attempt"] for one in told) == 2
    assert stand_to_dict(None, "waiting")["note"] == "waiting"


# how it looks


def drawn(view, stand, note="", width=80, height=24):
    file = io.StringIO()
    screen = Console(file=file, width=width, height=height, force_terminal=True, color_system=None, markup=False)
    screen.print(view.picture(stand, note, width, height))
    return re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())


def terminal_view(quiet=False):
    file = io.StringIO()
    screen = Console(file=file, width=80, height=24, force_terminal=True)
    return file, CalibrationView("body · left thigh", quiet=quiet, json_on_stdout=False, terminal=screen)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_moment_fits_the_terminal_and_reads_without_colour(width):
    _, view = terminal_view(quiet=True)
    guide, stands = moments({"standing": "upside_down", "seated": "slouched"})
    guide.listeners.append(view.decided)
    seen = set()
    with view:
        for i, stand in enumerate(stands):
            if i % 4:
                continue
            text = drawn(view, stand, "no data from the thigh board: searching" if i % 8 else "", width)
            assert len(text.splitlines()) <= 24
            assert max(map(len, text.splitlines())) <= min(width - 2, 100)
            seen.update(
                re.findall(r"STAND UPRIGHT|HOLD STILL|TURNS OUT AND IN|attempt 2|not yet:|no data|✓ [A-Z]\w+", text)
            )
    assert seen >= {"STAND UPRIGHT", "HOLD STILL", "attempt 2", "not yet:", "no data", "✓ Stand", "✓ Sit", "✓ Legs"}


def test_many_steps_leave_room_for_the_present_one():
    _, view = terminal_view(quiet=True)
    for k in range(13):
        view.decided(Wait(f"pose-{k}", f"Pose {k}"), Accepted(None, "held."))
    text = drawn(view, Stand(Wait(), 14, 14, Look("still", "wait", 0.5, 3.0), None, 1))
    assert len(text.splitlines()) <= 24
    assert "5 steps before" in text and "Pose 12" in text and "Pose 4:" not in text


def test_a_terminal_is_drawn_on_and_its_bell_rings_at_each_decision():
    for quiet in (False, True):
        file, view = terminal_view(quiet)
        guide, stands = moments({"standing": "upside_down"})
        guide.listeners.append(view.decided)
        with view:
            for stand in stands:
                view.show(stand)
        assert file.getvalue().count("\a") == (0 if quiet else 5)
        assert "STAND UPRIGHT" in file.getvalue()


def test_elsewhere_each_event_is_one_line(capsys):
    guide, stands = moments({"standing": "upside_down"})
    view = CalibrationView("body", quiet=False, json_on_stdout=True, terminal=Console(force_terminal=True))
    guide.listeners.append(view.decided)
    with view:
        for k, stand in enumerate(stands):
            view.show(stand, "no data from the thigh board" if 10 < k < 20 else "")
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert [line.split(",")[0] for line in lines if "step " in line] == [
        "coxa: step 1 of 4", "coxa: step 1 of 4", "coxa: step 2 of 4", "coxa: step 3 of 4", "coxa: step 4 of 4"
    ]  # fmt: skip
    assert sum("no data" in line for line in lines) == 1
    assert sum("✓" in line for line in lines) == 4
    assert len(lines) == 5 + 5 + 1


def test_a_step_that_sends_back_takes_back_what_was_done():
    _, view = terminal_view(quiet=True)
    for key in ("standing", "seated", "wall"):
        view.decided(Wait(key, key), Accepted(None, f"{key}: held."))
    assert [one.words for one in view.done] == ["held."] * 3
    view.decided(Wait("turns", "turns"), Refused("wrong", "again", "wrong_pose", back_to="seated"))
    assert [one.key for one in view.done] == ["standing"]
    view.decided(Wait("seated", "seated"), Refused("wrong", "again", "moving"))
    assert [one.key for one in view.done] == ["standing"]


# boards and their recordings


def test_the_chip_goes_by_the_name_of_its_data_sheet():
    from coxa_calibration.datasheet import datasheet

    info, _ = recording()
    for imu, name in ((0x6C, "LSM6DSOX"), (0x19, "MPU6886"), (0x47, "ICM-42688-P")):
        info.imu = imu
        assert chip_of(info) == datasheet(name).chip == name
    info.imu, info.firmware = 0x99, (1, 2, 3)
    assert (chip_of(info), firmware_of(info)) == ("unknown", "1.2.3")


def test_a_board_that_was_built_sits_in_its_case_as_the_settings_say():
    info, _ = recording()
    info.board = 1
    as_hardware_has_it = case_of(info)
    assert (as_hardware_has_it.to_hip.tolist(), as_hardware_has_it.outward.tolist()) == ([0, 1, 0], [0, 0, 1])
    turned = case_of(info, "-x +z")
    assert (turned.to_hip.tolist(), turned.outward.tolist()) == ([-1, 0, 0], [0, 0, 1])
    assert case_of(info, "unknown") is None
    info.board = 2  # an M5StickC, whose maker chose
    assert case_of(info) is None


def test_a_recording_for_a_calibration_is_marked(tmp_path):
    with Store(tmp_path / "coxa.sqlite") as store:
        mark(store, "246f28abc001", 7, "body")
        assert is_marked(store, "246f28abc001", 7)
        assert not is_marked(store, "246f28abc001", 8)
        assert not is_marked(store, "246f28abc002", 7)
