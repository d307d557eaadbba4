"""One known motion, written in the layout of each maker as documented in docs/formats.md."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

G = 9.80665
DEG = np.pi / 180.0


@dataclass(frozen=True)
class Motion:
    """Seated: the femur along the sensor's x axis is horizontal and turns ±30° about itself at 0.25 Hz."""

    t_s: np.ndarray
    angle_rad: np.ndarray
    gyr: np.ndarray
    acc: np.ndarray
    quat: np.ndarray


def motion(rate_hz: float = 50.0, duration_s: float = 8.0, start_s: float = 0.0, noise: float = 0.0) -> Motion:
    t = start_s + np.arange(round(rate_hz * duration_s)) / rate_hz
    angle = 30 * DEG * np.sin(2 * np.pi * 0.25 * t)
    rate = 30 * DEG * 2 * np.pi * 0.25 * np.cos(2 * np.pi * 0.25 * t)
    zero = np.zeros_like(t)
    rng = np.random.default_rng(1)
    gyr = np.column_stack([rate, zero, zero]) + noise * 0.003 * rng.normal(size=(len(t), 3))
    acc = np.column_stack([zero, G * np.sin(angle), G * np.cos(angle)]) + noise * 0.02 * rng.normal(size=(len(t), 3))
    quat = np.column_stack([np.cos(angle / 2), np.sin(angle / 2), zero, zero])
    return Motion(t, angle, gyr, acc, quat)


def mounted(m: Motion, mount=(0.5, 0.1, -0.7, 0.5)) -> Motion:
    """The same motion seen by a sensor strapped on any way round; mount turns sensor to segment coordinates."""
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_quat(np.roll(mount, -1))
    quat = np.roll((Rotation.from_quat(np.roll(m.quat, -1, axis=1)) * turn).as_quat(), 1, axis=1)
    return Motion(m.t_s, m.angle_rad, turn.inv().apply(m.gyr), turn.inv().apply(m.acc), quat)


def table(header, *columns, delimiter=",", fmt="{:.9f}", quote="", decimal="."):
    lines = [delimiter.join(f"{quote}{name}{quote}" for name in header)]
    for row in np.column_stack(columns).tolist():
        cells = (v if isinstance(v, str) else fmt.format(v) for v in row)
        lines.append(delimiter.join(cell.replace(".", decimal) for cell in cells))
    return "\n".join(lines) + "\n"


COXA_HEADER = ["t_s", "gx_rad_s", "gy_rad_s", "gz_rad_s", "ax_m_s2", "ay_m_s2", "az_m_s2"]


def coxa(path: Path, m: Motion, quat: bool = False) -> Path:
    columns = [m.t_s, m.gyr, m.acc] + ([m.quat] if quat else [])
    path.write_text(table(COXA_HEADER + (["qw", "qx", "qy", "qz"] if quat else []), *columns))
    return path


PHYPHOX_GYR = ["Time (s)", "Gyroscope x (rad/s)", "Gyroscope y (rad/s)", "Gyroscope z (rad/s)", "Absolute (rad/s)"]
PHYPHOX_ACC = ["Time (s)"] + [f"Acceleration {a} (m/s^2)" for a in "xyz"] + ["Absolute acceleration (m/s^2)"]


def phyphox(path: Path, gyr: Motion, acc: Motion, *, ios: bool = False, delimiter=",", decimal=".") -> Path:
    style = {"delimiter": delimiter, "decimal": decimal, "quote": '"', "fmt": "{:.9E}"}
    sign = -1.0 if ios else 1.0
    model = "iPhone14,5" if ios else "Pixel 6a"
    with zipfile.ZipFile(path, "w") as archive:
        norm = np.linalg.norm(gyr.gyr, axis=1)
        archive.writestr("Gyroscope.csv", table(PHYPHOX_GYR, gyr.t_s, gyr.gyr, norm, **style))
        norm = np.linalg.norm(acc.acc, axis=1)
        archive.writestr("Accelerometer.csv", table(PHYPHOX_ACC, acc.t_s, sign * acc.acc, norm, **style))
        archive.writestr("meta/device.csv", f'"property","value"\n"version","1.1.16"\n"deviceModel","{model}"\n')
        archive.writestr(
            "meta/time.csv",
            '"event","experiment time","system time","system time text"\n'
            '"START",0.000000000E0,1770000000.000,"2026-02-02 02:40:00.000 UTC+00:00"\n',
        )
    return path


def sensor_logger(folder: Path, gyr: Motion, acc: Motion, *, ios: bool = False, standardised: bool = False) -> Path:
    folder.mkdir(exist_ok=True)

    def write(name, t, xyz):
        epoch = np.char.add("17180307", np.char.zfill((t * 1e9).astype(np.int64).astype(str), 11))
        lines = ["time,seconds_elapsed,z,y,x"]
        lines += [
            f"{e},{s!r},{z!r},{y!r},{x!r}" for e, s, (x, y, z) in zip(epoch, t.tolist(), xyz.tolist(), strict=True)
        ]
        (folder / name).write_text("\n".join(lines) + "\n")

    write("Gyroscope.csv", gyr.t_s, gyr.gyr)
    linear = 0.01 * np.sin(acc.t_s)[:, None] * [1.0, 1.0, 1.0]
    if ios:
        sign = 1.0 if standardised else -1.0
        write("Accelerometer.csv", acc.t_s, sign * linear)
        write("Gravity.csv", acc.t_s, sign * (acc.acc - linear))
    else:
        write("Accelerometer.csv", acc.t_s, linear)
        write("TotalAcceleration.csv", acc.t_s, acc.acc)
    (folder / "Metadata.csv").write_text(
        "version,device name,recording epoch time,recording time,recording timezone,platform,appVersion,device id,"
        "sensors,sampleRateMs,standardisation,platform version\n"
        f"3,Phone,1718030736872,2024-06-10_14-45-36,Europe/Berlin,{'ios' if ios else 'android'},1.64,id,"
        f"Gyroscope,10,{str(standardised).lower()},36\n"
    )
    return folder


DOT_PREAMBLE = (
    "sep=,\nDeviceTag:,Thigh R\nFirmwareVersion:,3.0.0\nAppVersion:,2023.6.0\nSyncStatus:,Synced\nOutputRate:,60Hz\n"
    "FilterProfile:,General\nMeasurement Mode:,Custom mode 5\nStartTime: ,2025-07-11_20:06:00_086 CEST\n"
    "© Movella Technologies B. V. 2005-2025\n\n"
)


def movella(path: Path, m: Motion, payload: str = "custom5", start_us: float = 4294000000.0) -> Path:
    """The default start lets the 32-bit microseconds wrap within the first second."""
    ticks = np.floor((m.t_s * 1e6 + start_us) % 2**32)
    head = ["PacketCounter", "SampleTimeFine"]
    quat, euler = [f"Quat_{c}" for c in "WXYZ"], [f"Euler_{c}" for c in "XYZ"]
    acc, free, gyr = ([f"{k}_{c}" for c in "XYZ"] for k in ("Acc", "FreeAcc", "Gyr"))
    zero = np.zeros((len(m.t_s), 3))
    degrees = np.column_stack([m.angle_rad / DEG, zero[:, :2]])
    names, columns = {
        "custom5": (quat + acc + gyr, [m.quat, m.acc, m.gyr / DEG]),
        "rate": (acc + gyr, [m.acc, m.gyr / DEG]),
        "complete-quaternion": (quat + free, [m.quat, zero]),
        "complete-euler": (euler + free, [degrees, zero]),
        "free-only": (free, [zero]),
    }[payload]
    path.write_text(DOT_PREAMBLE + table(head + names, np.arange(len(m.t_s)), ticks, *columns), encoding="utf-8")
    return path


def xsens(path: Path, m: Motion, orientation: str = "matrix", gyr: bool = False, rate_hz: float | None = 50.0) -> Path:
    from scipy.spatial.transform import Rotation

    counter = (65500 + np.arange(len(m.t_s))) % 65536
    preamble = "// Start Time: Unknown\n" + (f"// Update Rate: {rate_hz}Hz\n" if rate_hz else "")
    preamble += "// Filter Profile: human (46.1)\n// Firmware Version: 4.0.2\n"
    head = ["PacketCounter", "SampleTimeFine", "Acc_X", "Acc_Y", "Acc_Z"] + (["Gyr_X", "Gyr_Y", "Gyr_Z"] if gyr else [])
    if orientation == "matrix":
        matrix = Rotation.from_quat(m.quat[:, [1, 2, 3, 0]]).as_matrix()
        head += [f"Mat[{r}][{c}]" for c in (1, 2, 3) for r in (1, 2, 3)]
        turned = matrix.transpose(0, 2, 1).reshape(-1, 9)
    else:
        head += ["Quat_q0", "Quat_q1", "Quat_q2", "Quat_q3"]
        turned = m.quat
    lines = [preamble + "\t".join(head)]
    ticks = [""] * len(m.t_s) if rate_hz else [f"{t * 1e4:.0f}" for t in m.t_s]
    rest = np.column_stack([m.acc, *([m.gyr] if gyr else []), turned])
    for count, tick, row in zip(counter, ticks, rest.tolist(), strict=True):
        lines.append("\t".join([f"{count:05d}", tick, *(f"{v:.6f}" for v in row)]))
    path.write_text("\n".join(lines) + "\n")
    return path


def opensim(path: Path, m: Motion, sensors=("pelvis_imu", "femur_r_imu"), version: str = "3") -> Path:
    head = f"DataRate=50.000000\nDataType=Quaternion\nversion={version}\nOpenSimVersion=4.1\nendheader\n"
    lines = [head + "\t".join(["time", *sensors])]
    for t, q in zip(m.t_s, m.quat, strict=True):
        still = ["1.0,0.0,0.0,0.0"] * (len(sensors) - 1)
        lines.append("\t".join([repr(float(t)), *still, ",".join(repr(float(v)) for v in q)]))
    path.write_text("\n".join(lines) + "\n")
    return path


WIT_NEW = (
    "Time,Device name,Chip Time(),Acceleration X(g),Acceleration Y(g),Acceleration Z(g),Angular velocity X(°/s),"
    "Angular velocity Y(°/s),Angular velocity Z(°/s),Angle X(°),Angle Y(°),Angle Z(°),Temperature(℃)"
)
WIT_OLD = (
    "time\tDeviceName\tChipTime()\tAccX(g)\tAccY(g)\tAccZ(g)\tAsX(°/s)\tAsY(°/s)\tAsZ(°/s)\tAngleX(°)\tAngleY(°)\t"
    "AngleZ(°)\tT(°)"
)


def witmotion(
    path: Path, m: Motion, *, old: bool = False, bursts: bool = False, devices=("WT901BLE67(d6-a8)",)
) -> Path:
    lines = [WIT_OLD if old else WIT_NEW]
    for i, t in enumerate(m.t_s):
        stamp = t if not bursts else m.t_s[i - i % 5]
        seconds, ms = divmod(round(stamp * 1000), 1000)
        minute, second = divmod(seconds, 60)
        if old:
            time, chip = f"2025-10-9 8:{18 + minute}:{second}:{ms}", "null"
        else:
            time = f" 16:{9 + minute:02d}:{second:02d}.{ms:03d}"
            chip = "" if bursts else f"2025-11-12 16:{9 + minute:02d}:{second:02d}.{ms:03d}"
        values = [*(m.acc[i] / G), *(m.gyr[i] / DEG), m.angle_rad[i] / DEG, 0.0, 0.0, 31.5]
        for device in devices:
            sign = 1.0 if device == devices[0] else 2.0
            scaled = values[:3] + [sign * v for v in values[3:6]] + values[6:]
            lines.append(("\t" if old else ",").join([time, device, chip, *(f"{v:.5f}" for v in scaled)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def slimevr(path: Path, m: Motion, *, trackers=("HIPS", "R_TH"), event: bool = False) -> Path:
    """Rotations with earth y up, as a SlimeVR server has them: turned by -90° about x."""
    half = -np.pi / 4
    w, x, y, z = m.quat.T
    c, s = np.cos(half), np.sin(half)
    turned = np.column_stack([c * w - s * x, c * x + s * w, c * y - s * z, c * z + s * y])
    names = [f"{name}_{c}" for name in trackers for c in "wxyz"]
    lines = ["time," + ",".join(names) + ",event"]
    for t, q in zip(m.t_s, turned, strict=True):
        still = [f"{c:.6f},{s:.6f},0.000000,0.000000"] * (len(trackers) - 1)
        lines.append(",".join([f"{t:.6f}", *still, *(f"{v:.6f}" for v in q)]) + ",")
    if event:
        lines.insert(50, f"{m.t_s[49] - 1e-3:.6f}," + ",,,," * len(trackers) + "start")
    path.write_text("\n".join(lines) + "\n")
    return path


def quaternion_csv(path: Path, m: Motion, time: str = "t_s", scale: float = 1.0, up: str = "") -> Path:
    head = f"# up: {up}\n" if up else ""
    path.write_text(head + table([time, "qw", "qx", "qy", "qz"], m.t_s * scale, m.quat))
    return path
