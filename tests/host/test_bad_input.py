"""Every bad input ends in one clear line: what is wrong and where, then what to do."""

from __future__ import annotations

import time
import tracemalloc
import zipfile

import bad_inputs
import makers
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from makers import motion

from coxa.checks import checked_samples
from coxa.errors import CoxaError, InputError
from coxa.sources import read


def refusal(case, folder):
    given_ = case.build(folder)
    with pytest.raises(InputError) as caught:
        if isinstance(given_, dict):
            checked_samples(**given_)
        else:
            read(given_, **case.read)
    return caught.value


@pytest.mark.parametrize("case", bad_inputs.CASES, ids=lambda case: case.name)
def test_bad_input_ends_in_one_clear_line(case, tmp_path):
    error = refusal(case, tmp_path)
    line = str(error)
    assert "\n" not in line
    assert len(line) < 400
    missing = [word for word in case.words if word not in line]
    assert not missing, line
    assert error.advice.endswith("."), line
    assert error.advice[0].isupper() or error.advice[0] == "'", line


def test_the_table_is_long_and_its_names_differ():
    names = [case.name for case in bad_inputs.CASES]
    assert len(set(names)) == len(names) >= 40


def test_a_file_of_10_million_rows_is_refused_quickly_and_in_little_memory(tmp_path):
    case = next(c for c in bad_inputs.FILES if c.name.startswith("10 million"))
    path = case.build(tmp_path)
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(InputError):
        read(path)
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 2.0
    assert peak < 100e6


def test_a_zip_bomb_is_refused_without_unpacking_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Gyroscope.csv", "1\n" * 20_000_000)
    tracemalloc.start()
    with pytest.raises(InputError, match="too large"):
        read(tmp_path / "a.zip")
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()


def _valid_files(folder):
    m = motion(rate_hz=50, duration_s=3)
    return [
        makers.coxa(folder / "0.csv", m, quat=True),
        makers.movella(folder / "1.csv", m),
        makers.xsens(folder / "2.txt", m),
        makers.opensim(folder / "3.sto", m, sensors=("femur_r_imu",)),
        makers.witmotion(folder / "4.txt", m, old=True),
        makers.slimevr(folder / "5.csv", m, trackers=("R_TH",)),
        makers.quaternion_csv(folder / "6.csv", m),
        makers.phyphox(folder / "7.zip", m, m),
    ]


@pytest.fixture(scope="module")
def valid_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("valid")
    files = _valid_files(folder)
    for path in files:
        read(path)  # each is valid before it is mutated
    return files


def read_anything(folder, data):
    path = folder / "fuzz"
    path.write_bytes(data)
    try:
        read(path)
    except CoxaError as error:
        assert "\n" not in str(error)
        assert str(error)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_random_bytes_raise_only_coxa_errors(tmp_path, data):
    read_anything(tmp_path, data)
    read_anything(tmp_path, b"PK\x03\x04" + data)
    read_anything(tmp_path, b"\xff\xfe" + data)
    read_anything(tmp_path, b"t_s,gx_rad_s\n" + data)


pieces = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [b"", b",", b"\t", b"\n", b"nan", b"1e999", b"1e200", b"-", b'"', b"\0", b"\xff", b"1_0", b"9" * 400, b"//"]
    ),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.integers(0, 7),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), pieces), min_size=1, max_size=4),
    head=st.booleans(),
)
@example(which=5, cuts=[(1.0, 0, b"1e32")], head=True)
def test_mutated_files_raise_only_coxa_errors(tmp_path, valid_files, which, cuts, head):
    data = valid_files[which].read_bytes()
    for where, length, piece in cuts:
        at = int(where * (min(len(data), 600) if head else len(data)))
        data = data[:at] + piece + data[at + length :]
    read_anything(tmp_path, data)
