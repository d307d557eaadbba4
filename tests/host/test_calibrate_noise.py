"""Noise of a lying sensor: figures against known noise, what is refused, what is said, where recordings come from."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

import coxa_wire
from coxa.calibration.noise import NOISE_S, interval, longest_still, rest_noise, spoken
from coxa.calibration.noise_figure import noise_figure, write_noise_figure
from coxa.calibration.noise_json import as_json
from coxa.calibration.noise_remarks import remarks
from coxa.calibration.noise_words import cells, compared, with_half
from coxa.commands.calibrate_noise import lying_still, noise
from coxa.commands.common import Common
from coxa.errors import CoxaError, InputError, UsageError
from coxa.link.known import KnownBoards
from coxa.recompute import BOARD_FORMAT
from coxa.samples import GRAVITY_M_S2, Samples
from coxa.simulate import Stream, wire_blocks
from coxa.simulate.sensor import Readings, Sensor
from coxa.sources import write_csv
from coxa.store import Inbox, Origin, Store
from coxa_calibration.allan import FLICKER
from coxa_calibration.datasheet import datasheet

RATE = 25.0
DENSITY = np.array([np.radians(4e-3)] * 3 + [90e-6 * GRAVITY_M_S2] * 3)  # rad/s/√Hz, m/s²/√Hz
MEMORY = DENSITY / 5  # sd of first-order Gauss-Markov noise, remembered for MEMORY_S
MEMORY_S = 150.0
WALK = DENSITY / 130  # unit/√s
WALK_S = 3.2 * 3600


def lying(seconds=300.0, seed=0, *, rate=RATE, memory=0.0, walk=0.0, ramp=0.0, offset=0.02):
    """On a table, z up, with noise of known kinds; `memory`, `walk`, `ramp` in shares of MEMORY, WALK, and rad/s."""
    rng, n = np.random.default_rng(seed), int(seconds * rate)
    values = rng.standard_normal((n, 6)) * DENSITY * np.sqrt(rate / 2) + offset
    if memory:
        a = np.exp(-1 / rate / MEMORY_S)
        values += memory * lfilter([1], [1, -a], rng.standard_normal((n, 6)) * MEMORY * np.sqrt(1 - a * a), axis=0)
    if walk:
        values += walk * np.cumsum(rng.standard_normal((n, 6)), axis=0) * WALK / np.sqrt(rate)
    values[:, :3] += np.linspace(0.0, ramp, n)[:, None]
    values[:, 5] += GRAVITY_M_S2
    return Samples(np.arange(n) / rate, values[:, :3], values[:, 3:])


def true_variance(axis, tau, memory=1.0, walk=1.0):
    """Allan variance of what `lying` makes (IEEE Std 952-1997, annex C)."""
    r, s = tau / MEMORY_S, memory * MEMORY[axis]
    markov = s**2 * 2 / r * (1 - (3 - 4 * np.exp(-r) + np.exp(-2 * r)) / (2 * r))
    return DENSITY[axis] ** 2 / (2 * tau) + markov + (walk * WALK[axis]) ** 2 * tau / 3


@cache
def known(memory, walk, seeds=6):
    return [rest_noise(lying(WALK_S, seed, memory=memory, walk=walk)) for seed in range(seeds)]


@cache
def short():
    return rest_noise(lying())


@pytest.mark.parametrize(("memory", "walk"), [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_the_density_is_found_within_its_uncertainty(memory, walk):
    off = [
        abs(one.density.value - DENSITY[k]) / one.density.sd
        for r in known(memory, walk)
        for k, one in enumerate(r.axes)
    ]
    assert np.mean(np.array(off) < 1.96) > 0.85
    assert all(one.density.sd < 0.02 * one.density.value for r in known(memory, walk) for one in r.axes)


@pytest.mark.parametrize(("memory", "walk"), [(0.0, 1.0), (1.0, 1.0)])
def test_the_instability_is_the_lowest_of_the_true_curve_within_its_uncertainty(memory, walk):
    tau = np.geomspace(1, WALK_S / 9, 3000)
    off, inside = [], []
    for result in known(memory, walk):
        for k, one in enumerate(result.axes):
            variance = true_variance(k, tau, memory, walk)
            true = np.sqrt(variance.min()) / FLICKER
            sure = one.noise.instability
            if one.noise.instability_seen:
                off.append((sure.value - true) / sure.sd)
            else:
                assert sure.value + 4 * sure.sd > true  # a bound
            inside.append(
                one.lowest_s[1] <= tau[np.argmin(variance)] * 1.1 and tau[np.argmin(variance)] <= one.lowest_s[2] * 1.1
            )
    assert len(off) > len(inside) / 2
    assert np.mean(np.abs(off) < 1.96) > 0.8
    assert np.mean(inside) > 0.8


@pytest.mark.parametrize(("memory", "walk"), [(0.0, 1.0), (1.0, 1.0)])
def test_a_walk_is_found_within_its_uncertainty_also_beside_noise_with_a_memory(memory, walk):
    found = [(one.walk, WALK[k]) for r in known(memory, walk) for k, one in enumerate(r.axes) if one.walk]
    assert len(found) > 18
    assert np.mean([abs(w.value - true) < 1.96 * w.sd for w, true in found]) > 0.85


def test_noise_with_a_memory_alone_is_seldom_taken_for_a_walk():
    """It levels off after its memory, so the curve has fallen again by the end."""
    assert np.mean([one.walk is not None for r in known(1.0, 0.0) for one in r.axes]) < 0.5


def test_a_walk_is_not_told_before_three_hours():
    result = rest_noise(lying(2 * 3600, 1, walk=3.0))
    assert all(one.walk is None and cells(one, result.duration_s)[3] == "too short" for one in result.axes)
    assert any("from three hours on" in text for text in remarks(result))


def test_white_noise_alone_walks_nowhere():
    axes = [one for r in known(0.0, 0.0) for one in r.axes]
    assert np.mean([one.walk is not None for one in axes]) < 0.1
    assert np.mean([one.noise.instability_seen for one in axes]) < 0.2


def test_the_band_holds_what_it_says():
    inside = []
    for result in known(1.0, 1.0):
        for k, one in enumerate(result.axes):
            low, high = interval(one.noise.curve, 0.95)
            true = np.sqrt(true_variance(k, one.noise.curve.tau_s))
            inside.append(((low < true) & (true < high)).mean())
    assert 0.88 < np.mean(inside) < 0.99


@given(st.floats(-0.15, 0.15), st.permutations([0, 1, 2]), st.sampled_from([-1.0, 1.0]))
@settings(max_examples=10, deadline=None)
def test_offset_and_mounting_change_no_figure(offset, order, sign):
    plain = lying(180.0)
    turned = Samples(plain.t_s, sign * plain.gyr_rad_s[:, order] + offset, sign * plain.acc_m_s2[:, order])
    a, b = rest_noise(plain), rest_noise(turned)
    for kind in ("gyroscope", "accelerometer"):
        expected = [a.of(kind)[k].density.value for k in order]
        assert [one.density.value for one in b.of(kind)] == pytest.approx(expected, rel=1e-6)


# what part is used, and what is refused


def moved(samples, begin_s, end_s, rate_rad_s=1.0):
    """The same, carried about from begin_s to end_s."""
    gyr, acc = samples.gyr_rad_s.copy(), samples.acc_m_s2.copy()
    at = (samples.t_s >= begin_s) & (samples.t_s < end_s)
    t = samples.t_s[at, None]
    gyr[at] += rate_rad_s * np.sin(2 * np.pi * np.array([0.7, 1.1, 0.5]) * t)
    acc[at] += np.sin(2 * np.pi * np.array([1.3, 0.9, 1.7]) * t)
    return dataclasses.replace(samples, gyr_rad_s=gyr, acc_m_s2=acc)


def test_the_longest_still_part_is_used_and_said():
    carried = moved(moved(lying(900), 0, 20), 200, 230)
    result = rest_noise(carried)
    assert result.start_s == pytest.approx(230, abs=1) and result.duration_s == pytest.approx(670, abs=2)
    assert result.axes[0].density.value == pytest.approx(DENSITY[0], rel=0.03)
    assert any("longest still part was used" in text for text in remarks(result))
    assert not any("longest still part was used" in text for text in remarks(short()))


def test_an_offset_that_follows_the_room_does_not_end_the_part():
    samples = lying(1200)
    acc = samples.acc_m_s2.copy()
    acc[:, 0] += np.linspace(0, 0.005 * GRAVITY_M_S2, len(acc))  # 5 mg, 0.29°
    assert longest_still(dataclasses.replace(samples, acc_m_s2=acc)).duration_s > 1190


def test_a_creeping_turn_ends_it():
    samples = lying(600)
    angle = np.radians(np.linspace(0, 6, len(samples)))
    acc = samples.acc_m_s2 + GRAVITY_M_S2 * np.column_stack([np.sin(angle), 0 * angle, np.cos(angle) - 1])
    with pytest.raises(InputError, match="longest time that the sensor lies still here is"):
        rest_noise(dataclasses.replace(samples, acc_m_s2=acc))


@pytest.mark.parametrize(
    ("samples", "what"),
    [
        (lying(90), "longest time that the sensor lies still here is 89 s"),
        (moved(lying(300), 0, 300), "nowhere still in this recording .*deg/s"),
        (moved(moved(lying(320), 100, 110), 215, 230), "is 105 s, of 5 min"),
    ],
)
def test_what_is_too_short_or_moves_is_refused_with_how_long_for_what(samples, what):
    with pytest.raises(InputError, match=what) as caught:
        rest_noise(samples)
    for words in ("2 minutes or more for its noise", "an hour", "night"):
        assert words in caught.value.advice


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gyr_derived": True}, "no gyroscope of its own"),
        ({"acc_derived": True}, "no accelerometer of its own"),
        ({"acc_m_s2": np.full((7500, 3), np.nan)}, "not a number"),
    ],
)
def test_what_is_not_the_sensors_own_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        rest_noise(dataclasses.replace(lying(), **change))


def test_short_gaps_are_counted_and_long_ones_split():
    whole = lying(400, rate=100.0)
    keep = np.ones(len(whole), bool)
    keep[1000:1004] = keep[20_000:20_003] = False
    holed = rest_noise(Samples(whole.t_s[keep], whole.gyr_rad_s[keep], whole.acc_m_s2[keep]))
    assert holed.missing == 7 and holed.duration_s == pytest.approx(400, abs=1)
    assert any(text.startswith("7 samples are missing") for text in remarks(holed))
    assert holed.axes[0].density.value == pytest.approx(rest_noise(whole).axes[0].density.value, rel=0.01)
    keep[10_000:10_050] = False
    split = rest_noise(Samples(whole.t_s[keep], whole.gyr_rad_s[keep], whole.acc_m_s2[keep]))
    assert split.start_s == pytest.approx(100.5, abs=1)


# what is said


def rounded(samples, gyr, acc):
    return dataclasses.replace(
        samples, gyr_rad_s=np.round(samples.gyr_rad_s / gyr) * gyr, acc_m_s2=np.round(samples.acc_m_s2 / acc) * acc
    )


@pytest.mark.parametrize("steps", [0.3, 1.0, 1.5])
def test_rounding_is_told_by_how_much(steps):
    sd = DENSITY[[0, 3]] * np.sqrt(RATE / 2)
    result = rest_noise(rounded(lying(1800), steps * sd[0], steps * sd[1]))
    for one, true in zip(result.axes, DENSITY, strict=True):
        unrounded = one.density.value * np.sqrt(1 - one.rounding)  # what it says is what it adds
        assert unrounded == pytest.approx(true, rel=0.02)
        assert one.step == pytest.approx(steps * sd[0 if one.kind == "gyroscope" else 1]) and not one.coarse
    said = [float(text.split("rounding adds ")[1].split()[0]) for text in remarks(result) if "rounding adds" in text]
    expected = 100 * (np.sqrt(1 + steps**2 / 12) - 1)
    assert said == pytest.approx([expected] * 2, rel=0.3, abs=0.1)  # one digit


def test_steps_coarser_than_the_noise_are_told():
    sd = DENSITY[[0, 3]] * np.sqrt(RATE / 2)
    coarse = rest_noise(rounded(lying(), 8 * sd[0], 0.1 * sd[1]))
    assert any("gyroscope" in text and "those of the rounding" in text for text in remarks(coarse))
    assert not any("accelerometer" in text and "those of the rounding" in text for text in remarks(coarse))


def test_a_gyroscope_that_does_not_change_is_told_and_drawn():
    stuck = dataclasses.replace(lying(), gyr_rad_s=np.full((7500, 3), 0.01))
    result = rest_noise(stuck)
    assert any("does not change at all" in text for text in remarks(result))
    noise_figure(result, title="stuck")
    json.dumps(as_json(result, None, "stuck"), allow_nan=False)


def test_temperature_is_told():
    samples = lying(ramp=np.radians(0.05))
    warm = dataclasses.replace(samples, temperature_c=np.linspace(24, 30, len(samples)).round())
    even = dataclasses.replace(samples, temperature_c=np.full(len(samples), 27.0))
    for given_, words in ((warm, "between 24 and 30 °C"), (even, "stayed at 27 °C"), (samples, "no temperature")):
        assert any(words in text for text in remarks(rest_noise(given_)))
    said = next(text for text in remarks(rest_noise(warm)) if "between 24" in text)
    assert float(said.split("moved by ")[1].split()[0]) == pytest.approx(0.045, abs=0.0015)  # centres of the tenths


def test_the_angle_is_what_the_noise_does_to_one():
    """√2 σ(60 s) 60 s, against angles integrated after a minute's offset was taken out."""
    result = rest_noise(lying(WALK_S, 3))
    said = float(
        next(text for text in remarks(result) if text.startswith("For an angle")).split("off by ")[1].split("°")[0]
    )
    minutes = lying(WALK_S, 4).gyr_rad_s.reshape(-1, int(60 * RATE), 3).mean(axis=1)
    off = np.degrees(np.diff(minutes, axis=0)[::2] * 60)
    assert said == pytest.approx(off.std(), rel=0.5)  # told to one digit


@pytest.mark.parametrize(("times", "words"), [(1.0, "as stated"), (1.6, "times that."), (5.0, "did it really lie")])
def test_the_data_sheet_stands_beside(times, words):
    samples = lying(200)
    loud = dataclasses.replace(samples, gyr_rad_s=samples.gyr_rad_s * times)
    gyr, acc = compared(rest_noise(loud), datasheet("MPU6886"))
    assert words in gyr and "4 mdps/√Hz" in gyr
    assert "as stated" in acc and "100 µg/√Hz" in acc


@given(st.floats(1e-3, 1e4), st.floats(1e-4, 0.5))
def test_a_number_has_as_many_digits_as_it_is_sure_of(value, share):
    told, half = with_half(value, share * value).split(" ± ")
    sure = 1.96 * share * value
    assert float(half) == pytest.approx(sure, rel=0.5) or sure > 10
    assert abs(float(told) - value) <= max(float(half), 0.51)


def test_times_are_spoken():
    assert [spoken(s) for s in (NOISE_S - 1, 120, 3599, 3600, 11_700)] == [
        "119 s",
        "2 min",
        "1 h 00 min",
        "1 h 00 min",
        "3 h 15 min",
    ]


def test_json_holds_the_table_and_the_units():
    result = known(0.0, 1.0)[0]
    told = json.loads(json.dumps(as_json(result, datasheet("LSM6DSOX"), "night.csv"), allow_nan=False))
    assert told["format"] == "coxa.noise/1"
    for kind, density, per_si in (
        ("gyroscope", "noise_mdps_rthz", np.degrees(1) * 1e3), ("accelerometer", "noise_ug_rthz", 1e6 / GRAVITY_M_S2),
    ):  # fmt: skip
        for row, one in zip(told[kind], result.of(kind), strict=True):
            assert row[density] == pytest.approx(one.density.value * per_si)
            assert (
                cells(one, result.duration_s)[0].split()[0]
                in f"{row[density]:.3f} {row[density]:.2f} {row[density]:.1f}"
            )
    row = told["gyroscope"][0]
    assert row["walk_deg_h_rth"] == pytest.approx(np.degrees(known(0.0, 1.0)[0].axes[0].walk.value) * 3600 * 60)
    assert row["deviation_deg_s"][0] == pytest.approx(np.degrees(DENSITY[0]) * np.sqrt(RATE / 2), rel=0.02)


# the figure


def texts(figure):
    return [t.get_text() for axes in figure.axes for t in axes.texts] + [t.get_text() for t in figure.texts]


def test_the_figure_names_units_lines_and_axes():
    said = texts(noise_figure(known(1.0, 1.0)[0], title="Noise of kim", sheet=datasheet("MPU6886")))
    for words in ("deg/s", "mg", "slope −½", "slope 0", "data sheet, MPU6886", "mdps/√Hz", "hold 95 %"):
        assert any(words in text for text in said), words
    assert all(said.count(axis) == 4 for axis in "xyz")  # at the curve and in the table, twice


def test_the_curves_are_drawn_in_the_units_they_are_named_with():
    result = known(1.0, 1.0)[0]
    figure = noise_figure(result, title="Noise")
    drawn = [line.get_ydata() for axes in figure.axes for line in axes.lines]
    for one, per_si in ((result.axes[1], np.degrees(1)), (result.axes[5], 1e3 / GRAVITY_M_S2)):
        curve = np.log10(one.noise.curve.deviation * per_si)
        assert any(len(y) == len(curve) and np.allclose(y, curve) for y in drawn)
    flat = np.log10(np.degrees(np.median([one.noise.instability.value for one in result.of("gyroscope")])) * FLICKER)
    assert any(len(y) > 2 and np.allclose(y, flat, atol=0.1) for y in drawn)  # slope 0
    assert sum(len(y) > 2 and np.allclose(np.diff(y), -0.5 * np.diff(x)) for x, y in lines(figure)) == 2  # slope −½


def lines(figure):
    return [line.get_data() for axes in figure.axes for line in axes.lines]


def test_without_data_sheet_and_instability_there_are_no_such_lines():
    said = texts(noise_figure(known(0.0, 0.0)[0], title="Noise"))
    assert not any("data sheet" in text for text in said)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_it_is_written(tmp_path, suffix):
    write_noise_figure(short(), tmp_path / f"allan.{suffix}", title="Noise")
    assert (tmp_path / f"allan.{suffix}").stat().st_size > 5000


# where it comes from


@pytest.fixture
def common(tmp_path):
    return Common(store=tmp_path / "coxa.sqlite", config=None)


@cache
def board(imu=0x6C):
    """What a board sends that lies for three minutes."""
    samples, sensor = lying(180, rate=104.0), Sensor()
    readings = Readings(
        np.round(np.degrees(samples.gyr_rad_s) * 1e3 / sensor.gyro_lsb_mdps),
        np.round(samples.acc_m_s2 / GRAVITY_M_S2 * 1e3 / sensor.acc_lsb_mg),
        samples.gyr_rad_s, samples.acc_m_s2, np.eye(3), np.zeros((len(samples), 3)),
    )  # fmt: skip
    info, blocks = wire_blocks(readings, sensor, Stream(), session=4)
    info.imu = imu
    return coxa_wire.encode_info(info), tuple(blocks)


def test_a_file_a_session_and_the_inbox_give_the_same(tmp_path, common, capsys):
    info, blocks = board()
    uid = b"simul8".hex()
    with KnownBoards(common.store_path), Inbox(common.store_path, uid) as inbox:
        inbox.begin(4, info, unix_ms=0, n_blocks=len(blocks), crc32=0)
        inbox.keep(4, list(enumerate(blocks)))
    origin = Origin(
        "me", "left", "wall", "wall", datetime(2026, 3, 1, tzinfo=UTC), BOARD_FORMAT, "kim", "ab", sensor="kim"
    )
    with Store(common.store_path) as store:
        number = store.save_blocks(origin, info, enumerate(blocks))
    from_inbox = lying_still(f"{uid.upper()}/4", None, common)
    write_csv(tmp_path / "night.csv", from_inbox.samples)
    given_ = [f"{uid}/4", str(number), str(tmp_path / "night.csv")]
    found = [lying_still(source, None, common) for source in given_]
    assert [one.chip for one in found] == ["LSM6DSOX", "LSM6DSOX", None]
    assert found[0].samples.temperature_c == pytest.approx(25.0)
    densities = [[one.density.value for one in rest_noise(lying_.samples).axes] for lying_ in found]
    assert densities[0] == densities[1] == pytest.approx(densities[2])
    noise(str(number), common=common)
    said = capsys.readouterr().out
    for words in (
        "Noise of kim, LSM6DSOX",
        "mdps/√Hz",
        "3.8 mdps/√Hz",
        "Nothing is stored",
        "too short",
        "stayed at 25",
    ):
        assert words in said


def test_the_command_prints_in_eighty_columns_draws_and_gives_json(tmp_path, common, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    write_csv(tmp_path / "night.csv", lying(200))
    noise(str(tmp_path / "night.csv"), out=tmp_path / "allan.png", chip="mpu6886", common=common)
    said = capsys.readouterr()
    assert "MPU6886" in said.out and "…" not in said.out and max(map(len, said.out.splitlines())) <= 80
    assert "wrote" in said.err and (tmp_path / "allan.png").exists()
    noise(str(tmp_path / "night.csv"), common=dataclasses.replace(common, json=tmp_path / "out.json"))
    assert json.loads((tmp_path / "out.json").read_text())["gyroscope"][2]["axis"] == "z"
    assert not common.store_path.exists()  # nothing is stored
    with pytest.raises(UsageError, match="overwritten"):
        noise(str(tmp_path / "night.csv"), common=dataclasses.replace(common, json=tmp_path / "night.csv"))


@pytest.mark.parametrize(
    ("source", "other", "error"),
    [
        ("missing.csv", {}, InputError),
        ("a1b2c3d4e5f6/3", {}, InputError),
        ("a1b2c3d4e5f6/3", {"sensor": "x"}, UsageError),
        ("12", {}, CoxaError),
        ("night.csv", {"chip": "BMI270"}, UsageError),
        ("night.csv", {"out": "allan.jpg"}, UsageError),
        ("night.csv", {"out": "night.csv"}, UsageError),
        ("night.csv", {"out": "nowhere/allan.png"}, UsageError),
    ],
)
def test_wrong_calls_say_what_to_do(tmp_path, common, source, other, error):
    write_csv(tmp_path / "night.csv", lying(200))
    where = str(tmp_path / source) if source.endswith(".csv") else source
    other = {key: tmp_path / value if key == "out" else value for key, value in other.items()}
    with pytest.raises(error) as caught:
        noise(where, common=common, **other)
    assert caught.value.advice
