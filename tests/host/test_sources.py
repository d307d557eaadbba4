"""Each maker's layout of one known motion gives that motion back; real excerpts obey gravity."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import makers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import G, motion

from coxa.checks import checked_samples
from coxa.errors import CoxaError, InputError, UsageError
from coxa.plausibility import GRAVITY_M_S2
from coxa.quaternion import rotate
from coxa.samples import Samples
from coxa.sources import format_names, read, write_csv

DATA = Path(__file__).parents[1] / "data" / "opensense"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "opensense"


def assert_motion(samples, m, *, gyr=1e-5, acc=1e-4):
    assert len(samples) == len(m.t_s)
    np.testing.assert_allclose(samples.t_s - samples.t_s[0], m.t_s - m.t_s[0], atol=2e-6)
    np.testing.assert_allclose(samples.gyr_rad_s, m.gyr, atol=gyr)
    np.testing.assert_allclose(samples.acc_m_s2, m.acc, atol=acc)


def notes_of(recording):
    return " | ".join(recording.notes)


@pytest.mark.parametrize("quat", [False, True])
def test_neutral_csv(tmp_path, quat):
    m = motion()
    recording = read(makers.coxa(tmp_path / "a.csv", m, quat))
    assert recording.format == "coxa"
    assert_motion(recording.samples, m, gyr=1e-8, acc=1e-8)
    assert (recording.samples.quat is not None) == quat


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "ascii"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encodings_and_line_endings(tmp_path, encoding, ending):
    m = motion()
    text = makers.coxa(tmp_path / "a.csv", m).read_text()
    (tmp_path / "b.csv").write_bytes(("\n".join(text.split("\n")) + "\n\n").replace("\n", ending).encode(encoding))
    assert_motion(read(tmp_path / "b.csv").samples, m)


@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ",")])
def test_phyphox_separators(tmp_path, delimiter, decimal):
    m = motion(rate_hz=100)
    path = makers.phyphox(tmp_path / "a.zip", m, m, delimiter=delimiter, decimal=decimal)
    recording = read(path)
    assert recording.format == "phyphox"
    assert_motion(recording.samples, m)
    assert recording.started_at == datetime.fromtimestamp(1770000000, UTC)


def test_phyphox_streams_of_their_own_times_are_resampled(tmp_path):
    gyr, acc = motion(rate_hz=100, duration_s=8), motion(rate_hz=80, duration_s=7.5, start_s=0.203)
    recording = read(makers.phyphox(tmp_path / "a.zip", gyr, acc))
    s = recording.samples
    inside = (gyr.t_s >= acc.t_s[0]) & (gyr.t_s <= acc.t_s[-1])
    np.testing.assert_allclose(s.t_s, gyr.t_s[inside], atol=1e-9)
    np.testing.assert_allclose(s.acc_m_s2, gyr.acc[inside], atol=0.003)
    assert "interpolated" in notes_of(recording)
    assert f"{int((~inside).sum())} rows outside" in notes_of(recording)


def test_gaps_of_the_accelerometer_are_not_bridged(tmp_path):
    gyr = motion(rate_hz=100)
    acc = motion(rate_hz=100)
    keep = (acc.t_s < 3.0) | (acc.t_s > 4.0)
    acc = makers.Motion(*(getattr(acc, name)[keep] for name in ("t_s", "angle_rad", "gyr", "acc", "quat")))
    recording = read(makers.phyphox(tmp_path / "a.zip", gyr, acc))
    assert np.diff(recording.samples.t_s).max() > 0.9
    assert "rows in gaps of the accelerometer" in notes_of(recording)


@pytest.mark.parametrize("ios", [False, True])
def test_the_sign_of_ios_acceleration_is_turned(tmp_path, ios):
    m = motion(rate_hz=100)
    assert_motion(read(makers.phyphox(tmp_path / "a.zip", m, m, ios=ios)).samples, m)
    for standardised in (False, True):
        folder = makers.sensor_logger(tmp_path / f"log{standardised}", m, m, ios=ios, standardised=standardised)
        assert_motion(read(folder).samples, m)


def test_phyphox_combined_table_of_another_language(tmp_path):
    m = motion()
    header = ["Zeit (s)", *(f"Beschleunigung {a} (m/s²)" for a in "xyz"), *(f"Drehrate {a} (rad/s)" for a in "xyz")]
    path = tmp_path / "Rohdaten.csv"
    path.write_text(makers.table(header, m.t_s, m.acc, m.gyr, quote='"'), encoding="utf-8")
    recording = read(path)
    assert_motion(recording.samples, m)
    assert "sign of the acceleration was taken as on Android" in notes_of(recording)


def test_sensor_logger_folder_and_zip(tmp_path):
    m = motion(rate_hz=100)
    folder = makers.sensor_logger(tmp_path / "rec", m, m)
    recording = read(folder)
    assert recording.format == "sensor-logger"
    assert_motion(recording.samples, m)
    assert recording.started_at is not None
    assert recording.started_at.year == 2024
    with zipfile.ZipFile(tmp_path / "rec.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"rec/{file.name}")
    assert_motion(read(tmp_path / "rec.zip").samples, m)


@pytest.mark.parametrize("payload", ["custom5", "rate", "complete-quaternion", "complete-euler"])
def test_movella_payloads(tmp_path, payload):
    m = motion(rate_hz=60)
    recording = read(makers.movella(tmp_path / "a.csv", m, payload))
    s = recording.samples
    assert recording.format == "movella-dot"
    assert recording.started_at == datetime(2025, 7, 11, 20, 6, 0, 86000)
    np.testing.assert_allclose(s.t_s - s.t_s[0], m.t_s, atol=2e-6)
    np.testing.assert_allclose(s.acc_m_s2, m.acc, atol=1e-4)
    assert s.gyr_derived == payload.startswith("complete") == s.acc_derived
    # a derived rate is the mean over a step: half a sample late
    np.testing.assert_allclose(s.gyr_rad_s[1:], m.gyr[1:], atol=0.02 if s.gyr_derived else 1e-6)


@pytest.mark.parametrize(
    ("orientation", "gyr", "rate"), [("matrix", False, 50.0), ("quat", True, 50.0), ("quat", True, None)]
)
def test_xsens_text(tmp_path, orientation, gyr, rate):
    m = motion()
    recording = read(makers.xsens(tmp_path / "a.txt", m, orientation, gyr, rate))
    s = recording.samples
    assert recording.format == "xsens-mt"
    np.testing.assert_allclose(s.t_s - s.t_s[0], m.t_s, atol=1e-9)
    np.testing.assert_allclose(rotate(s.quat, s.acc_m_s2) - [0, 0, G], 0, atol=1e-4)
    np.testing.assert_allclose(s.gyr_rad_s[1:], m.gyr[1:], atol=1e-5 if gyr else 0.02)
    assert s.gyr_derived != gyr


def test_opensim_table(tmp_path):
    m = motion()
    recording = read(makers.opensim(tmp_path / "a.sto", m), sensor="femur_r_imu")
    assert recording.format == "opensim-sto"
    assert recording.samples.gyr_derived
    assert recording.samples.acc_derived
    np.testing.assert_allclose(recording.samples.acc_m_s2, m.acc, atol=1e-9)
    np.testing.assert_allclose(recording.samples.quat, m.quat, atol=1e-12)
    only = read(makers.opensim(tmp_path / "b.sto", m, sensors=("femur_l_imu",)))
    np.testing.assert_allclose(only.samples.quat, m.quat, atol=1e-12)


@pytest.mark.parametrize("old", [False, True])
def test_witmotion(tmp_path, old):
    m = motion()
    recording = read(makers.witmotion(tmp_path / "a.txt", m, old=old))
    assert recording.format == "witmotion"
    assert_motion(recording.samples, m, acc=1e-3)
    assert recording.started_at is not None
    assert recording.started_at.year == 2025


def test_witmotion_bursts_are_evened_out_and_devices_told_apart(tmp_path):
    m = motion()
    recording = read(makers.witmotion(tmp_path / "a.csv", m, bursts=True))
    assert "bursts" in notes_of(recording)
    np.testing.assert_allclose(np.diff(recording.samples.t_s), 0.02, atol=2e-4)
    two = makers.witmotion(tmp_path / "b.csv", m, devices=("A(1)", "B(2)"))
    assert_motion(read(two, sensor="A(1)").samples, m, acc=1e-3)
    with pytest.raises(InputError, match=r"A\(1\), B\(2\)"):
        read(two)


def test_witmotion_in_latin_1(tmp_path):
    m = motion()
    text = makers.witmotion(tmp_path / "a.csv", m).read_text(encoding="utf-8").replace("℃", "C")
    (tmp_path / "b.csv").write_bytes(text.encode("latin-1"))
    assert_motion(read(tmp_path / "b.csv").samples, m, acc=1e-3)


def test_slimevr_is_y_up_and_event_rows_are_left_out(tmp_path):
    m = motion()
    recording = read(makers.slimevr(tmp_path / "a.csv", m, event=True), sensor="r_th")
    assert recording.format == "quaternion-csv"
    np.testing.assert_allclose(recording.samples.acc_m_s2, m.acc, atol=1e-4)
    assert "1 row without values" in notes_of(recording)
    assert "earth y up" in notes_of(recording)


@pytest.mark.parametrize(
    ("column", "scale"), [("t_s", 1), ("time_ms", 1e3), ("timestamp_us", 1e6), ("timestamp", 1e3), ("time", 1)]
)
def test_quaternion_csv_time_units(tmp_path, column, scale):
    m = motion()
    recording = read(makers.quaternion_csv(tmp_path / "a.csv", m, column, scale))
    np.testing.assert_allclose(recording.samples.t_s, m.t_s, atol=1e-6)
    np.testing.assert_allclose(recording.samples.acc_m_s2, m.acc, atol=1e-6)
    turned = read(makers.quaternion_csv(tmp_path / "b.csv", m, up="y")).samples
    assert np.abs(turned.acc_m_s2[0] - [0, G, 0]).max() < 1e-6


def test_a_cut_last_line_is_left_out_and_noted(tmp_path):
    m = motion()
    text = makers.coxa(tmp_path / "a.csv", m).read_text()
    for cut in (25, 40, 66):
        (tmp_path / "b.csv").write_text(text[:-cut])
        recording = read(tmp_path / "b.csv")
        assert len(recording.samples) == len(m.t_s) - 1
        assert "cut off" in notes_of(recording)


@pytest.mark.parametrize("end", ["8.0,0.1,", "8.0,0.1,-", "8.0,0.1,0,0,0,0,1.2e", "8"])
def test_a_last_line_cut_within_a_number(tmp_path, end):
    m = motion()
    path = makers.coxa(tmp_path / "a.csv", m)
    path.write_text(path.read_text() + end)
    recording = read(path)
    assert len(recording.samples) == len(m.t_s)
    assert "cut off" in notes_of(recording)


def test_the_format_can_be_forced_and_is_checked(tmp_path):
    path = makers.coxa(tmp_path / "a.csv", motion())
    assert read(path, format="coxa").format == "coxa"
    with pytest.raises(UsageError, match="coxa, sensor-logger"):
        read(path, format="nonsense")
    for name in format_names():
        if name != "coxa":
            with pytest.raises(InputError, match="no header line"):
                read(path, format=name)


def test_real_xsens_text_and_orientations_obey_gravity():
    thigh = read(DATA / "femur_r_00B4227C.txt").samples
    up = rotate(thigh.quat, thigh.acc_m_s2).mean(axis=0)
    assert np.linalg.norm(up - [0, 0, GRAVITY_M_S2]) < 0.1
    assert thigh.sampling_rate_hz == pytest.approx(100.0)
    table = read(DATA / "swinger.sto", sensor="femur_r_imu").samples
    # the same sensor on the same standing person: gravity in the sensor frame agrees between both files
    cosine = (
        thigh.acc_m_s2[:200].mean(axis=0) @ table.acc_m_s2[0] / np.linalg.norm(thigh.acc_m_s2[:200].mean(axis=0)) / G
    )
    assert np.degrees(np.arccos(cosine)) < 10.0
    with pytest.raises(InputError, match="pelvis_imu, femur_r_imu"):
        read(DATA / "swinger.sto")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the full OpenSense recordings are not beside the repository")
def test_all_real_opensense_recordings_are_read():
    for path in sorted(SHARED.glob("MT_*.txt")):
        samples = read(path).samples
        assert len(samples) > 2000
        assert np.linalg.norm(rotate(samples.quat, samples.acc_m_s2).mean(axis=0) - [0, 0, G]) < 0.2


def test_60_000_rows_are_read_in_half_a_second(tmp_path):
    m = motion(rate_hz=100, duration_s=600, noise=1.0)
    path = makers.coxa(tmp_path / "a.csv", m)
    best = min(_seconds(lambda: read(path)) for _ in range(3))
    assert best < 0.5
    best = min(_seconds(lambda: checked_samples(m.t_s, m.gyr, m.acc)) for _ in range(5))
    assert best < 0.03  # 5 ms on an idle machine; the margin is for a busy one


def _seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


floats = st.floats(-30, 30, allow_subnormal=False)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_neutral_csv_round_trips_to_the_last_bit(tmp_path_factory, data):
    m = motion()
    offset = data.draw(st.floats(-1e9, 1e9))
    values = data.draw(st.lists(floats, min_size=6, max_size=6))
    gyr, acc = m.gyr + np.array(values[:3]) / 7.0, m.acc + np.array(values[3:]) / 100.0
    samples = Samples(offset + m.t_s, gyr, acc, m.quat if data.draw(st.booleans()) else None)
    path = tmp_path_factory.mktemp("round") / "a.csv"
    write_csv(path, samples)
    again = np.loadtxt(path, delimiter=",", skiprows=2)
    columns = [samples.t_s, samples.gyr_rad_s, samples.acc_m_s2] + ([samples.quat] if samples.quat is not None else [])
    np.testing.assert_array_equal(again, np.column_stack(columns))


def test_derived_channels_stay_marked_after_a_round_trip(tmp_path):
    first = read(makers.opensim(tmp_path / "a.sto", motion(), sensors=("femur_r_imu",))).samples
    write_csv(tmp_path / "b.csv", first)
    again = read(tmp_path / "b.csv").samples
    assert again.gyr_derived
    assert again.acc_derived
    np.testing.assert_allclose(again.gyr_rad_s, first.gyr_rad_s, atol=1e-12)


def test_writing_fails_with_one_line_and_leaves_nothing(tmp_path):
    samples = read(makers.coxa(tmp_path / "a.csv", motion())).samples
    with pytest.raises(CoxaError, match="cannot be written"):
        write_csv(tmp_path / "missing" / "b.csv", samples)
    code = (
        "import resource, sys\nfrom coxa.sources import read, write_csv\nfrom coxa.errors import CoxaError\n"
        "samples = read(sys.argv[1]).samples\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n    write_csv(sys.argv[2], samples)\nexcept CoxaError as error:\n    print(error)\n"
    )
    target = tmp_path / "out" / "b.csv"
    target.parent.mkdir()
    command = [sys.executable, "-c", code, str(tmp_path / "a.csv"), str(target)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert "cannot be written" in done.stdout, done.stderr
    assert list(target.parent.iterdir()) == []
