"""The calibration of a sensor: applied, compared, written, read back exactly, and refused when damaged."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_simulated import CORNERS, FACES, chip, in_hands, lying, turned

from coxa_calibration import file
from coxa_calibration.accelerometer import calibrate_accelerometer
from coxa_calibration.bias_history import BiasHistory
from coxa_calibration.comparison import compared
from coxa_calibration.datasheet import DATASHEETS, datasheet
from coxa_calibration.readings import CalibrationError, Recording
from coxa_calibration.sensor import SensorCalibration
from coxa_calibration.stillness import AT_REST, still_spans
from coxa_calibration.turns import calibrate_gyroscope, measure_turns

AT = datetime(2026, 11, 26, 14, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))
SHEET = DATASHEETS["LSM6DSOX"]
FAR_BIAS = "[[1.5, 0, 0], [0, 0, 0], [0, 0, 0]]"


@pytest.fixture(scope="module")
def made():
    """A chip, its whole calibration and its history."""
    rng = np.random.default_rng(1)
    c = chip(rng)
    acc = calibrate_accelerometer(still_spans(in_hands(c, np.vstack([FACES, CORNERS]), rng), temperature_c=24.0), SHEET)
    scale = calibrate_gyroscope([measure_turns(turned(c, FACES[k], 10, rng), 10, acc) for k in (0, 2, 4)], SHEET)
    spans = still_spans(lying(c, 60, rng), AT_REST, temperature_c=25.0)
    history = BiasHistory.empty().with_session(spans, "2026-11-26 a", AT, SHEET)
    ideal = SensorCalibration.ideal("246f28abcdef", "LSM6DSOX", "1.2.0", AT, SHEET)
    return c, ideal.with_parts(AT, bias=history.model(SHEET), scale=scale, accelerometer=acc), history


def same(a, b):
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and a.tobytes() == b.tobytes()
    if dataclasses.is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    return a == b and type(a) is type(b)


def refusal(text):
    with pytest.raises(CalibrationError) as caught:
        file.loads(text)
    assert caught.value.what.endswith(".") and caught.value.advice.endswith(".")
    return caught.value


def signed(text):
    """The text with its checksum made to agree, as someone who knows how would."""
    body = text[: text.rindex("# sha256")]
    return body + "# sha256 " + hashlib.sha256(body.encode()).hexdigest() + "\n"


def test_applied_it_takes_the_errors_off(made):
    c, calibration, _ = made
    rng = np.random.default_rng(2)
    r = turned(c, CORNERS[0], 5, rng)
    gyr, acc = calibration.apply(r, 25.0)
    still = slice(50, 250)
    before, after = np.linalg.norm(r.gyr_rad_s[still].mean(0)), np.linalg.norm(gyr[still].mean(0))
    assert after < 0.3 * before and np.degrees(after) < 0.2
    assert abs(np.linalg.norm(acc[still].mean(0)) - 9.80665) < 0.01
    turn = measure_turns(Recording(r.t_s, gyr, acc), 5, sheet=SHEET)
    # about a corner the cross-axis terms count, which ten turns about the faces leave uncertain
    assert abs(turn.reading_rad @ turn.axis / turn.angle_rad - 1) < 2 * calibration.scale_sd(turn.axis)


def test_the_scale_about_an_axis_is_as_sure_as_the_turns_about_it(made):
    _, calibration, _ = made
    ideal = SensorCalibration.ideal("a1", "LSM6DSOX", "1", AT, SHEET)
    assert ideal.scale_sd(np.array([0.0, 0.0, 2.0])) == pytest.approx(SHEET.gyro_scale.value)
    assert calibration.scale_sd(FACES[2]) < 4e-4
    assert 2e-3 < calibration.scale_sd(CORNERS[0]) < 6e-3


def test_whole_degrees_are_joined_when_applied(made):
    _, calibration, _ = made
    t = np.arange(0, 400, 0.1)
    hot = dataclasses.replace(
        calibration, bias=dataclasses.replace(calibration.bias, coefficients=np.full((3, 3), 1e-3))
    )
    r = Recording(t, np.zeros((len(t), 3)), np.tile([0.0, 0, 9.8], (len(t), 1)))
    gyr, _ = hot.apply(r, np.round(20 + t / 50))
    assert np.abs(np.diff(gyr[:, 0])).max() < 1e-4  # a step of a whole degree would be 100 times that
    assert hot.apply(r)[0][0] == pytest.approx(hot.gyro_matrix @ -hot.bias.at(25.0)[0])


def test_the_ideal_chip_changes_nothing():
    ideal = SensorCalibration.ideal("a1", "MPU6886", "1", AT)
    r = lying(chip(np.random.default_rng(3)), 3, np.random.default_rng(3))
    gyr, acc = ideal.apply(r, 31.0)
    assert np.array_equal(gyr, r.gyr_rad_s) and np.array_equal(acc, r.acc_m_s2) and ideal.parts == ()
    assert compared(ideal, SHEET) == ()


def test_written_and_read_back_it_is_the_same_to_the_last_bit(made, tmp_path):
    _, calibration, history = made
    path = file.write(tmp_path / "new", calibration, history)
    assert path.name == "246f28abcdef.toml" and [p.name for p in path.parent.iterdir()] == [path.name]
    again = file.read(path.parent, "246f28abcdef")
    assert again is not None and same(again[0], calibration) and same(again[1], history)
    assert file.dumps(*again) == path.read_text(encoding="utf-8")
    assert file.read(path.parent, "other") is None


numbers = st.floats(-0.05, 0.05, allow_subnormal=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(numbers, min_size=30, max_size=30), texts, texts, st.lists(texts, max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_numbers_and_texts_survive(values, chip_name, firmware, keys):
    v = np.array(values)
    ideal = SensorCalibration.ideal("b-2_c", chip_name, firmware, AT)
    bias = dataclasses.replace(ideal.bias, coefficients=v[21:30].reshape(3, 3))
    some = dataclasses.replace(
        ideal, acc_offset_m_s2=v[:3], gyro_matrix=np.eye(3) + v[3:12].reshape(3, 3),
        acc_matrix_sd=np.abs(v[12:21]).reshape(3, 3), bias=bias, temperature_c=float(v[0]),
    )  # fmt: skip
    history = dataclasses.replace(
        BiasHistory.empty(), updated_at=AT, keys=tuple(keys), coldest_c=20.0, warmest_c=21.0, score=v[:9].reshape(3, 3)
    )
    read, read_history = file.loads(file.dumps(some, history))
    assert same(read, some) and same(read_history, history)


def test_every_changed_character_is_noticed(made):
    text = file.dumps(*made[1:])
    rng = np.random.default_rng(4)
    for at in rng.choice(len(text) - 1, 300, replace=False):
        other = "7" if text[at] != "7" else "3"
        assert refusal(text[:at] + other + text[at + 1 :]).reason in (
            "damaged",
            "version",
            "units",
            "implausible",
            "temperature",
            "uid",
        )
    for end in rng.choice(len(text) - 1, 40, replace=False):
        refusal(text[:end])


@pytest.mark.parametrize(
    ("pattern", "instead", "reason", "says"),
    [
        (r"^uid = .*$", "uid = 7", "damaged", "'uid' is not a text"),
        (r"^offset_m_s2 = .*$", "offset_m_s2 = [0.1, nan, 0.2]", "damaged", "'offset_m_s2' is not a finite number"),
        (r"^offset_m_s2 = .*$", "offset_m_s2 = [0.1, 0.2]", "damaged", "of the shape (2,), not (3,)"),
        (r"^offset_m_s2 = .*$", "offset_m_s2 = [0.1, 0.2, true]", "damaged", "not made of numbers"),
        (r"^offset_m_s2 = ", "offset_mg = ", "units", "'offset_mg' stands where 'offset_m_s2'"),
        (r"^offset_m_s2 = .*$", "offset_m_s2 = [12.0, -31.5, 4.0]", "units", "it looks like mg"),
        (r"^coefficients_rad_s_c = .*$", f"coefficients_rad_s_c = {FAR_BIAS}", "units", "looks like deg/s"),
        (r"^temperature_c = .*$", "temperature_c = 298.0", "temperature", "298 is no chip's temperature"),
        (r"^made_at = .*$", "made_at = 2026-11-26T14:30:15", "damaged", "'made_at' is a time without a zone"),
        (r"^power_on_rad_s = .*\n", "", "damaged", "'power_on_rad_s' is missing in [gyroscope_bias]"),
        (r"^power_on_rad_s = ", "speed = 1.0\npower_on_rad_s = ", "damaged", "'speed' is not known"),
        (r"^version = .*$", 'version = "2.0"', "version", "format version 2.0"),
        (r"^version = .*$", 'version = "one"', "damaged", "the version is not a number"),
        (r"^format = .*$", 'format = "else"', "version", "no file of a sensor's calibration"),
        (r"^\[accelerometer\]$", "[acc]", "damaged", "[accelerometer] is missing"),
        (r"^\[accelerometer\]$", "[more]\n[accelerometer]", "damaged", "the table [more] is not known"),
        (r"^sessions = .*$", "sessions = ", "damaged", "cannot be read"),
    ],
)  # fmt: skip
def test_what_was_edited_is_refused_with_its_line(made, pattern, instead, reason, says):
    text = file.dumps(*made[1:])
    edited, count = re.subn(pattern, instead, text, count=1, flags=re.MULTILINE)
    assert count == 1
    error = refusal(signed(edited))  # even with a checksum that agrees
    assert error.reason == reason and says in error.what
    line = re.search(r"[Ll]ine (\d+)", error.what)
    changed = next(i for i, (a, b) in enumerate(zip(edited.splitlines(), text.splitlines(), strict=False), 1) if a != b)
    if "is missing" in says and "power_on" in says:
        assert line and edited.splitlines()[int(line[1]) - 1] == "[gyroscope_bias]"
    elif "no file" not in says and "[accelerometer] is missing" not in says:
        assert line and int(line[1]) == changed


def test_a_newer_minor_version_is_read(made):
    text = signed(file.dumps(*made[1:]).replace('version = "1.0"', 'version = "1.7"'))
    assert same(file.loads(text)[0], made[1])


def test_another_boards_file_and_no_text_are_refused(made, tmp_path):
    file.write(tmp_path, made[1])
    (tmp_path / "246f28abcdef.toml").rename(tmp_path / "other.toml")
    with pytest.raises(CalibrationError, match="246f28abcdef"):
        file.read(tmp_path, "other")
    (tmp_path / "other.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CalibrationError) as caught:
        file.read(tmp_path, "other")
    assert caught.value.reason == "damaged"


def test_units_are_named_or_refused():
    ideal = SensorCalibration.ideal("a1", "x", "1", AT)
    rate, force = np.array([1.0, -2.0, 0.5]), np.array([10.0, 0, -30.0])
    found = SensorCalibration.from_units(ideal, gyro_bias=rate, gyro_unit="deg/s", acc_offset=force, acc_unit="mg")
    assert found.bias.at(25.0)[0] == pytest.approx(np.radians([1.0, -2.0, 0.5]))
    assert found.acc_offset_m_s2 == pytest.approx([0.0980665, 0, -0.2941995])
    assert found.parts == ("accelerometer", "bias")
    for gyro, acc in (("degrees", "mg"), ("deg/s", "m/s")):
        with pytest.raises(CalibrationError) as caught:
            SensorCalibration.from_units(
                ideal, gyro_bias=np.zeros(3), gyro_unit=gyro, acc_offset=np.zeros(3), acc_unit=acc
            )
        assert caught.value.reason == "units"
    with pytest.raises(CalibrationError, match="looks like mg"):
        SensorCalibration.from_units(
            ideal, gyro_bias=np.zeros(3), gyro_unit="rad/s", acc_offset=np.array([10.0, 0, -30]), acc_unit="m/s²"
        )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"made_at": datetime(2026, 1, 1)}, "times"), ({"uid": ""}, "uid"), ({"uid": "../x"}, "uid"),
        ({"temperature_c": 300.0}, "temperature"), ({"acc_matrix": np.eye(3) * 9.8}, "implausible"),
        ({"gyro_matrix": np.eye(2)}, "shape"), ({"acc_offset_m_s2": np.array([0, np.nan, 0])}, "not_a_number"),
        ({"gyro_matrix_sd": -np.eye(3)}, "implausible"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(change, reason):
    with pytest.raises(CalibrationError) as caught:
        dataclasses.replace(SensorCalibration.ideal("a1", "x", "1", AT), **change)
    assert caught.value.reason == reason


def test_sentences_beside_the_data_sheet(made):
    _, calibration, _ = made
    sentences = compared(calibration, SHEET)
    assert len(sentences) == 5 and all(s.endswith(".") and "data sheet" in s for s in sentences)
    assert "from memory" in sentences[-1] and "from memory" not in sentences[0]
    odd = dataclasses.replace(calibration, acc_offset_m_s2=np.array([0.0, 0.9, 0.0]))
    assert "far more than stated" in compared(odd, SHEET)[3]


def test_chips_are_found_by_any_spelling():
    assert datasheet("icm42688p") is datasheet("ICM-42688") is DATASHEETS["ICM-42688-P"]
    assert datasheet("lsm6dsox").chip == "LSM6DSOX"
    with pytest.raises(CalibrationError, match="BMI270"):
        datasheet("BMI270")
