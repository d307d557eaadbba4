"""`coxa calibrate bias`: the gyroscope's offset learned from the recordings in which a board lay still."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import coxa_wire
from coxa import cli
from coxa.calibration.bias import BoardRecording, learned, recordings_of
from coxa.errors import InputError
from coxa.link.known import KnownBoard, KnownBoards
from coxa.samples import GRAVITY_M_S2
from coxa.simulate import SENSORS, wire_blocks
from coxa.simulate.powered import Powered
from coxa.simulate.sensor import Readings, drawn
from coxa.store import Inbox, Store

UID = b"simul8".hex()
AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
LSM6DSOX = 0x6C
CHIP = SENSORS["MPU6886"]


def on_a_table(chip, room_c, seconds, rng):
    n = round(seconds * chip.sensor.rate_hz)
    up = np.tile([0.0, 0.0, GRAVITY_M_S2], (n, 1))
    return Powered(chip, rng, room_c=room_c).read(np.zeros((n, 3)), up)


def in_motion(chip, seconds, rng):
    n = round(seconds * chip.sensor.rate_hz)
    rate = np.cumsum(rng.normal(0, 0.2, (n, 3)), axis=0)
    return Powered(chip, rng).read(rate - rate.mean(axis=0), np.tile([0.0, 0.0, GRAVITY_M_S2], (n, 1)))


def info(session=1):
    return coxa_wire.Info(
        uid=b"simul8", odr_hz=CHIP.rate_hz, gyro_dps_per_lsb=CHIP.gyro_lsb_mdps * 1e-3,
        acc_g_per_lsb=CHIP.acc_lsb_mg * 1e-3, profile=coxa_wire.PROFILE_RAW, session=session, imu=0x19,
    )  # fmt: skip


def recordings(chip, rooms, rng):
    return [
        BoardRecording(f"{UID}/{k + 1}", AT + timedelta(days=k), info(k + 1), on_a_table(chip, room, 60.0, rng))
        for k, room in enumerate(rooms)
    ]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "it.sqlite") as opened:
        yield opened


def test_the_model_finds_the_offset_and_its_slope_within_what_it_states(store):
    over = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        chip = drawn(CHIP, rng)
        found = learned(store, UID, recordings(chip, (12, 16, 20, 24, 28, 32), rng), AT + timedelta(days=9))
        assert (found.recordings, found.resting, found.added) == (6, 6, 6)
        slope = np.degrees(found.now.coefficients[:, 1])
        sd = np.degrees(np.sqrt(found.now.covariance[:, 1, 1]))
        assert (sd < 0.3 * CHIP.gyro_tempco_dps_c).all()
        over += ((slope - chip.gyro_tempco_dps_c) / sd).tolist()
        value, value_sd = (np.degrees(x) for x in found.now.at(25.0))
        over += ((value - chip.gyro_bias_dps) / value_sd).tolist()
    assert np.sqrt(np.mean(np.square(over))) < 1.5


def test_nothing_counts_twice_and_what_is_new_is_added(store):
    rng = np.random.default_rng(1)
    chip = drawn(CHIP, rng)
    all_of_them = recordings(chip, (15, 25, 30), rng)
    first = learned(store, UID, all_of_them[:2], AT)
    store.save_calibration(first.kept)
    again = learned(store, UID, all_of_them[:2], AT)
    assert (again.added, again.kept) == (0, None)
    more = learned(store, UID, all_of_them, AT)
    assert more.added == 1
    assert more.kept.data != first.kept.data
    store.save_calibration(more.kept)
    assert len(store.calibrations("sensor", UID)) == 2


def test_recordings_in_motion_or_without_temperature_teach_nothing(store):
    rng = np.random.default_rng(2)
    chip = drawn(CHIP, rng)
    moving = BoardRecording(f"{UID}/1", AT, info(), in_motion(chip, 30.0, rng))
    still = on_a_table(chip, 20, 30.0, rng)
    cold = type(still)(still.t_s, still.gyr_rad_s, still.acc_m_s2)
    found = learned(store, UID, [moving, BoardRecording(f"{UID}/2", AT, info(), cold)], AT)
    assert (found.recordings, found.resting, found.added, found.kept) == (2, 0, 0, None)


def test_without_a_recording_it_says_how_to_make_one(store):
    with pytest.raises(InputError, match="coxa record --for 5m"):
        learned(store, UID, [], AT)


def test_a_chip_without_a_data_sheet_is_learned_with_wide_tolerances(store):
    rng = np.random.default_rng(2)
    strange = info()
    strange.imu = 0x99
    recorded = on_a_table(drawn(CHIP, rng), 20, 30.0, rng)
    found = learned(store, UID, [BoardRecording(f"{UID}/1", AT, strange, recorded)], AT)
    assert found.added == 1


def test_a_turntable_is_no_rest(store):
    rng = np.random.default_rng(3)
    chip = drawn(CHIP, rng)
    n = 3000
    turning = Powered(chip, rng).read(
        np.tile([0.0, 0.0, np.radians(60.0)], (n, 1)), np.tile([0.0, 0.0, GRAVITY_M_S2], (n, 1))
    )
    found = learned(store, UID, [BoardRecording(f"{UID}/1", AT, info(), turning)], AT)
    assert (found.resting, found.kept) == (0, None)


# the command


@pytest.fixture
def inbox(monkeypatch, tmp_path):
    """Three recordings of a known board that lay still, one of them damaged."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("COXA_CONFIG", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    path = tmp_path / "coxa.sqlite"
    monkeypatch.setenv("COXA_STORE", str(path))
    with KnownBoards(path) as boards:
        boards.save(KnownBoard(UID, "thigh-L", "left-thigh", b"", "1.0.0", AT))
    rng = np.random.default_rng(4)
    chip = drawn(CHIP, rng)
    with Inbox(path, UID) as kept:
        for number, room in ((1, 15.0), (2, 29.0), (3, 20.0)):
            samples = on_a_table(chip, room, 40.0, rng)
            readings = Readings(
                np.round(np.degrees(samples.gyr_rad_s) / (CHIP.gyro_lsb_mdps * 1e-3)),
                np.round(samples.acc_m_s2 / (CHIP.acc_lsb_mg * 1e-3 * GRAVITY_M_S2)),
                samples.gyr_rad_s, samples.acc_m_s2, np.eye(3), samples.gyr_rad_s,
            )  # fmt: skip
            said, blocks = wire_blocks(readings, CHIP, session=number, temperature_c=samples.temperature_c, imu=0x19)
            sent = coxa_wire.encode_info(said) if number < 3 else b""
            kept.begin(number, sent, unix_ms=1_790_000_000_000, n_blocks=len(blocks), crc32=0)
            kept.keep(number, list(enumerate(blocks)))
    return path


def test_the_command_learns_from_the_inbox_and_keeps_a_calibration(inbox, capsys):
    assert cli.run(["calibrate", "bias"]) == 0
    said = capsys.readouterr().out
    assert "lay still in 2 of 2 recordings, 2 of them not known before" in said
    assert "drift, deg/s per °C" in said
    assert max(map(len, said.splitlines()[:-1])) <= 80
    with Store(inbox, write=False) as store:
        kept = store.calibrations("sensor", UID)
    calibration, history = kept[0].sensor()
    assert (calibration.chip, calibration.parts) == ("MPU6886", ("bias",))
    assert history.keys == (f"{UID}/1", f"{UID}/2")
    assert cli.run(["calibrate", "bias", "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert (out["added"], out["calibration"]) == (0, None)


def test_what_cannot_be_read_is_passed_over(inbox):
    with Inbox(inbox, UID) as kept:
        assert [one.key for one in recordings_of(kept)] == [f"{UID}/1", f"{UID}/2"]
