"""Bad files and arrays, each with words its one-line refusal must contain. Also run through the command line."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import makers
import numpy as np
from makers import DEG, G, motion


@dataclass(frozen=True)
class Case:
    """`build(folder)` gives the path of a bad file, or keyword arguments of `coxa.checks.checked_samples`."""

    name: str
    build: Callable[[Path], Path | dict[str, Any]]
    words: tuple[str, ...]
    read: dict[str, str] = field(default_factory=dict)
    """Further arguments of `coxa.sources.read`."""


ARRAYS: list[Case] = []
FILES: list[Case] = []


def _array(name: str, *words: str):
    def add(change):
        def build(_: Path) -> dict[str, Any]:
            m = motion(noise=1.0)
            given = {"t_s": m.t_s, "gyr_rad_s": m.gyr, "acc_m_s2": m.acc, "quat": None}
            change(given)
            return given

        ARRAYS.append(Case(name, build, words))
        return change

    return add


def _file(name: str, *words: str, **read: str):
    def add(build):
        FILES.append(Case(name, build, words, read))
        return build

    return add


def _set(name: str, key: str, change, *words: str) -> None:
    _array(name, *words)(lambda given: given.update({key: change(given[key])}))


def _put(row: int, column: int | None, value: float):
    def change(values):
        values = values.copy()
        values[row if column is None else (row, column)] = value
        return values

    return change


_set("NaN in the gyroscope", "gyr_rad_s", _put(16, 1, np.nan), "row 17", "gy_rad_s", "NaN", "1 such")
_set("inf in the accelerometer", "acc_m_s2", _put(3, 2, -np.inf), "row 4", "az_m_s2", "inf")
_set("NaN in the time", "t_s", _put(9, None, np.nan), "row 10", "t_s", "NaN")
_set("masked value", "gyr_rad_s", lambda g: np.ma.masked_equal(g, g[5, 0]), "row 6", "gx_rad_s", "NaN")
_set("text instead of numbers", "acc_m_s2", lambda a: [["a", "b", "c"]] * len(a), "acc_m_s2", "not a table of numbers")
_set("complex numbers", "gyr_rad_s", lambda g: g + 1j, "gyr_rad_s", "not a table of numbers")
_set("ragged rows", "gyr_rad_s", lambda g: [[1.0, 2.0], *g[1:].tolist()], "gyr_rad_s", "not a table of numbers")
_set("two gyroscope columns", "gyr_rad_s", lambda g: g[:, :2], "gyr_rad_s", "shape (400, 2)", "(n, 3)")
_set("transposed accelerometer", "acc_m_s2", lambda a: a.T, "acc_m_s2", "shape (3, 400)", "transposed")
_set("fewer times than samples", "t_s", lambda t: t[:-1], "t_s has 399 rows", "gyr_rad_s has 400")
_set("reversed time", "t_s", lambda t: t[::-1], "runs backwards")
_set("constant time", "t_s", lambda t: 0 * t + 5, "constant", "5 s")
_set("duplicate time", "t_s", _put(20, None, 0.38), "not strictly increasing", "row 21", "repeats", "1 such row")
_set("time jumps back", "t_s", _put(20, None, 0.1), "not strictly increasing", "row 21", "earlier")
_set("time in ms", "t_s", lambda t: t * 1e3, "milliseconds", "Divide")
_set("time in µs", "t_s", lambda t: t * 1e6, "microseconds", "Divide")
_set("time in ns", "t_s", lambda t: t * 1e9, "nanoseconds", "Divide")
_set("sample numbers as time", "t_s", lambda t: np.arange(len(t)), "sample numbers")
_set("10 Hz", "t_s", lambda t: t * 5, "10 Hz", "25-500 Hz")
_set("2000 Hz", "t_s", lambda t: t / 40, "2000 Hz", "25-500 Hz")
_set("1 h gap", "t_s", lambda t: t + 3600.0 * (t > 4.0), "gap", "1 h", "Split")
_set("all-zero accelerometer", "acc_m_s2", lambda a: 0 * a, "accelerometer", "zero")
_set("all-zero gyroscope", "gyr_rad_s", lambda g: 0 * g, "gyroscope", "zero", "stuck")
_set("constant gyroscope", "gyr_rad_s", lambda g: 0 * g + 0.1, "gyroscope", "same", "stuck")
_set("accelerometer in g", "acc_m_s2", lambda a: a / G, "looks like g", "9.80665")
_set("accelerometer in mg", "acc_m_s2", lambda a: a / G * 1000, "looks like mg")
_set("raw accelerometer counts", "acc_m_s2", lambda a: a / G * 16384, "raw counts")
_set("gravity removed", "acc_m_s2", lambda a: a - [0.0, 0.0, G] * (a * 0 + 1) + 0, "gravity")
_set("gyroscope in °/s", "gyr_rad_s", lambda g: g / DEG, "degrees per second", "π/180")
_set("slow gyroscope in °/s", "gyr_rad_s", lambda g: 0.3 * g / DEG, "gravity shows", "rad/s")
_set("absurd rate", "gyr_rad_s", _put(30, 0, -1e300), "1e+300", "row 31", "more than any leg")
_set("absurd force", "acc_m_s2", _put(30, 0, 1e200), "row 31", "more than any chip", "damaged")
_set("absurd time", "t_s", _put(399, None, 1e308), "gap", "row 399")
_set("mirrored gyroscope", "gyr_rad_s", lambda g: -g, "mirrored", "right-handed")
_set("saturated gyroscope", "gyr_rad_s", lambda g: g.clip(-0.5, 0.5), "gyroscope", "saturated", "wider range")
_set("no gyroscope", "gyr_rad_s", lambda _: None, "no gyroscope", "orientation")
_set("no accelerometer", "acc_m_s2", lambda _: None, "no accelerometer", "orientation")


@_array("exchanged gyroscope and accelerometer", "exchanged", "Swap")
def _(given):
    given["gyr_rad_s"], given["acc_m_s2"] = given["acc_m_s2"], given["gyr_rad_s"]


@_array("saturated accelerometer", "accelerometer", "saturated")
def _(given):
    knocks = np.arange(400) % 50 < 6
    given["acc_m_s2"] = np.where(knocks[:, None], 3 * G, given["acc_m_s2"]).clip(-2 * G, 2 * G)


@_array("stuck sensor", "stuck", "row 51")
def _(given):
    n = 1600
    m = motion(duration_s=32, noise=1.0)
    given.update(t_s=m.t_s, gyr_rad_s=m.gyr, acc_m_s2=m.acc)
    given["gyr_rad_s"][50:n] = given["gyr_rad_s"][50]
    given["acc_m_s2"][50:n] = given["acc_m_s2"][50]


@_array("empty arrays", "empty", "no samples")
def _(given):
    given.update(t_s=[], gyr_rad_s=[], acc_m_s2=[])


@_array("one row", "only one row")
def _(given):
    given.update(t_s=[0.0], gyr_rad_s=[[0.0, 0.0, 0.1]], acc_m_s2=[[0.0, 0.0, G]])


@_array("one second", "too short", "repetition")
def _(given):
    for key in ("t_s", "gyr_rad_s", "acc_m_s2"):
        given[key] = given[key][:50]


@_array("10 million rows", "10000000 rows", "1000000")
def _(given):
    given["t_s"] = np.broadcast_to(0.0, 10_000_000)
    given["gyr_rad_s"] = given["acc_m_s2"] = np.zeros((10_000_000, 3), dtype=np.float64)


def _quat(name: str, change, *words: str, only: bool = False) -> None:
    def add(given):
        m = makers.mounted(motion(noise=1.0))
        given.update(gyr_rad_s=m.gyr, acc_m_s2=m.acc, quat=change(m.quat))
        if only:
            given["gyr_rad_s"] = given["acc_m_s2"] = None

    _array(name, *words)(add)


_quat("quaternion not of unit length", lambda q: q * 1.1, "unit quaternion", "|q| = 1.1", "400 such rows")
_quat("zero quaternion", _put(7, slice(None), 0.0), "row 8", "unit quaternion", "|q| = 0", only=True)
_quat("NaN quaternion", _put(7, 2, np.nan), "row 8", "qy", "NaN", only=True)
_quat("scalar-last quaternion", lambda q: np.roll(q, -1, axis=1), "vertical", "scalar last")
_quat("earth → sensor quaternion", lambda q: q * [1, -1, -1, -1], "vertical", "conjugate")
_quat("three quaternion columns", lambda q: q[:, :3], "quat", "shape (400, 3)", "(n, 4)")
_quat("stuck quaternion", lambda q: q * 0 + q[0], "orientation", "stuck", only=True)
_quat("quaternion jumps", lambda q: np.vstack([q[:200], np.roll(q[200:], 1, axis=1)]), "jumps", "row 201", only=True)


def _text(name: str, text: str | bytes, *words: str, **read: str) -> None:
    def build(folder: Path) -> Path:
        path = folder / "bad.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    _file(name, *words, **read)(build)


def _edited(name: str, edit: Callable[[str], str | bytes], *words: str) -> None:
    """A good neutral CSV, spoilt."""

    def build(folder: Path) -> Path:
        path = makers.coxa(folder / "bad.csv", motion(noise=1.0))
        text = edit(path.read_text())
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    _file(name, *words)(build)


HEADER = ",".join(makers.COXA_HEADER)
_text("empty file", "", "empty file")
_text("blank file", "\n \n\n", "empty file")
_text("header only", HEADER + "\n", "header", "no samples")
_text("one row in a file", HEADER + "\n0,0,0,0.1,0,0,9.8\n", "only one row")
_text(
    "prose",
    "Dear diary, today I lay with my legs up the wall.\nIt went well.\n",
    "not recognised",
    "Dear diary",
    "t_s,gx",
)
_text("JSON", '{"t_s": [0, 1]}\n', "not recognised")
_text("numbers without a header", "0,1,2\n" * 500, "not recognised", "header")
_text("PNG image", b"\x89PNG\r\n\x1a\n\x01\x02\x03" * 50, "binary file")
_text("NUL bytes", (HEADER + "\n0,0,0").encode() + bytes(500), "NUL bytes", "Copy")
_text("broken UTF-16", b"\xff\xfe\x00\xd8\x01", "UTF-16")
_text("damaged zip", b"PK\x03\x04" + b"x" * 100, "zip archive is damaged")
_text("future version", f"# coxa.samples/2\n{HEADER}\n0,0,0,0,0,0,9.8\n", "coxa.samples/2", "not known", "Update Coxa")
_edited("text in a cell", lambda s: s.replace("\n0.2", "\nabc0.2", 1), "line 12", "'t_s'", "not a number")
_edited("missing value", lambda s: s.replace("\n0.200000000,", "\n0.200000000,,", 1), "line 12", "8 values")
_edited("line cut in the middle", lambda s: s.replace("\n0.2", "\n0.19\n0.2", 1), "line 12", "no value", "truncated")
_edited("decimal commas in a comma file", lambda s: s.replace(".", ","), "line 2", "decimal points instead of commas")
_edited("gyroscope named in °/s", lambda s: s.replace("rad_s", "deg_s"), "gx_rad_s", "gx_deg_s", "rad/s")
_edited("column missing", lambda s: s.replace(",az_m_s2", ""), "no column az_m_s2")
_edited("column twice", lambda s: s.replace("ay_m_s2", "ax_m_s2"), "'ax_m_s2' occurs twice")
_edited("half a quaternion", lambda s: s.replace("az_m_s2", "az_m_s2,qw,qx"), "no column qy, qz")
_edited(
    "NaN in a file", lambda s: s.replace("\n0.2", "\nnan#", 1).replace("nan#00000000", "nan"), "row 11", "t_s", "NaN"
)
_edited("sensor asked of a file with one", lambda s: s, "one sensor")
FILES[-1].read["sensor"] = "femur"


@_file("10 million rows in a file", "too large", "1000000 rows", "Cut")
def _(folder):
    path = folder / "long.csv"
    with path.open("w") as file:
        file.write(HEADER + "\n")
        for _ in range(100):
            file.write("0,0,0,0,0,0,9\n" * 100_000)
    return path


@_file("missing file", "no such file")
def _(folder):
    return folder / "missing.csv"


@_file("empty folder", "no CSV or text file")
def _(folder):
    (folder / "empty").mkdir()
    return folder / "empty"


@_file("device", "not a regular file")
def _(_folder):
    return Path("/dev/null")


@_file("name with a NUL byte", "no such file")
def _(folder):
    return folder / "a\0b.csv"


@_file("Excel workbook", "Excel", "CSV")
def _(folder):
    with zipfile.ZipFile(folder / "a.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return folder / "a.xlsx"


@_file("phyphox without an accelerometer", "no acceleration with gravity", "with g")
def _(folder):
    m = motion()
    path = folder / "Gyroscope.csv"
    path.write_text(makers.table(makers.PHYPHOX_GYR, m.t_s, m.gyr, m.t_s, quote='"'))
    return path


@_file("phyphox with linear acceleration only", "no acceleration with gravity")
def _(folder):
    m = motion()
    header = makers.PHYPHOX_GYR[:4] + [f"Linear Acceleration {a} (m/s^2)" for a in "xyz"]
    path = folder / "Raw Data.csv"
    path.write_text(makers.table(header, m.t_s, m.gyr, m.acc - [0, 0, G], quote='"'))
    return path


@_file("Sensor Logger without gravity", "Accelerometer.csv, which is without gravity", "Total Acceleration")
def _(folder):
    rec = makers.sensor_logger(folder / "rec", motion(), motion())
    (rec / "TotalAcceleration.csv").unlink()
    return rec


@_file("Sensor Logger without a gyroscope", "rec: has no Gyroscope.csv")
def _(folder):
    rec = makers.sensor_logger(folder / "rec", motion(), motion())
    (rec / "Gyroscope.csv").unlink()
    return rec


@_file("phone streams that do not overlap", "not recorded at the same time")
def _(folder):
    return makers.phyphox(folder / "a.zip", motion(), motion(start_s=100.0))


@_file("Movella payload without orientation", "neither an orientation nor")
def _(folder):
    return makers.movella(folder / "a.csv", motion(), "free-only")


@_file("Xsens text without any time", "neither an update rate nor sample times", "Update Rate")
def _(folder):
    path = makers.xsens(folder / "a.txt", motion())
    path.write_text(path.read_text().replace("// Update Rate: 50.0Hz\n", "").replace("SampleTimeFine", "Other"))
    return path


@_file("Xsens matrix of zeros", "no rotation matrix", "row 4")
def _(folder):
    path = makers.xsens(folder / "a.txt", motion())
    lines = path.read_text().split("\n")
    lines[8] = "\t".join(lines[8].split("\t")[:5] + ["0.0"] * 9)
    path.write_text("\n".join(lines))
    return path


@_file("OpenSim table of several sensors", "2 sensors", "pelvis_imu, femur_r_imu")
def _(folder):
    return makers.opensim(folder / "a.sto", motion())


@_file("OpenSim sensor that is not there", "no sensor 'thigh'", "femur_r_imu", sensor="thigh")
def _(folder):
    return makers.opensim(folder / "a.sto", motion())


@_file("OpenSim table of a future version", "version 4", "not known")
def _(folder):
    return makers.opensim(folder / "a.sto", motion(), version="4")


@_file("OpenSim table of joint angles", "'double'", "not orientations")
def _(folder):
    path = makers.opensim(folder / "a.sto", motion())
    path.write_text(path.read_text().replace("DataType=Quaternion", "DataType=double"))
    return path


@_file("WitMotion without angular velocity", "no angular velocity", "Switch on")
def _(folder):
    path = makers.witmotion(folder / "a.csv", motion())
    path.write_text(path.read_text().replace("Angular velocity", "Something"))
    return path


@_file("WitMotion without times", "no column Time or Chip Time")
def _(folder):
    path = makers.witmotion(folder / "a.csv", motion())
    path.write_text(path.read_text().replace("16:", "later "))
    return path


@_file("quaternion CSV with unclear time", "unit of 'time'", "t_s")
def _(folder):
    return makers.quaternion_csv(folder / "a.csv", motion(), "time", 10.0)


@_file("quaternion CSV of a tracker that was never there", "rows have no value", "HIPS_w", sensor="HIPS")
def _(folder):
    path = makers.slimevr(folder / "a.csv", motion())
    path.write_text(path.read_text().replace("0.707107,-0.707107,0.000000,0.000000", ",,,"))
    return path


CASES: list[Case] = ARRAYS + FILES
