"""A sensor's calibration among the board's settings: its quaternion follows it, its samples stay raw."""

import json
import os
import subprocess
import sys

import flashing
import interpreters
import numpy as np
import pytest

import coxa_wire
from coxa import quaternion
from coxa.calibration.board import BIAS, OFFSET
from coxa.flash.settings import decoded

SCRIPT = interpreters.HERE / "scripts" / "session_script.py"
RATE_HZ, SECONDS = 105.0, 12
SCALES = {"lsm6dsox": (0.0175, 0.000122), "mpu6886": (500 / 32768, 4 / 32768), "icm42688p": (500 / 32768, 4 / 32768)}
"""deg/s and g per count, by the drivers."""
BIAS_MDPS, OFFSET_UG = [1250, -800, 2000], [25_000, -20_000, 0]


desk = flashing.desk


@pytest.fixture
def coxa(tmp_path):
    """Calls the program with folders of its own; what it printed, as JSON."""
    folders = {name: str(tmp_path / "home") for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}

    def call(*words, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "coxa", *words], env={**os.environ, **folders}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)["settings"] if code == 0 else done.stderr

    return call


def check_settings(coxa, *at):
    """The longest there are go over the link, and are there after the board has started again; wrong ones do not."""
    longest = {BIAS: [-12000, -12000, -12000], OFFSET: [-300000, -300000, -300000]}
    for key, value in longest.items():
        assert coxa("board", "config", "set", key, json.dumps(value), *at, "--json") == {key: value}
    refused = coxa("board", "config", "set", OFFSET, "[1, 2]", *at, code=2)
    assert "acc_offset_ug must be three whole numbers from -300000 to 300000 or null, not [1, 2]" in refused
    coxa("board", "config", "set", BIAS, "null", *at, "--json")
    found = coxa("board", "config", "get", *at, "--json")
    assert {key: found[key] for key in longest} == {BIAS: None, OFFSET: longest[OFFSET]}


@pytest.mark.skipif(interpreters.command(64) is None, reason=interpreters.MISSING_64)
def test_settings_by_air(coxa):
    check_settings(coxa, "--board", "thigh-L", "--virtual")


@flashing.needed
def test_settings_by_cable(coxa, desk):
    with desk.board() as board:
        desk.flash(board)
        check_settings(coxa, "--port", board.port)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Records a sensor that lies level and still, off by BIAS_MDPS and OFFSET_UG: what was told, and the blocks."""

    def record(chip, bits, settings):
        folder = tmp_path_factory.mktemp(chip)
        dps, g = SCALES[chip]
        n = int(RATE_HZ * (SECONDS + 10))
        reading = [*(np.array(BIAS_MDPS) * 1e-3 / dps), *((np.array(OFFSET_UG) * 1e-6 + [0, 0, 1]) / g)]
        counts = np.rint(np.random.default_rng(1).normal(reading, 3, (n, 6)))
        (folder / "motion.bin").write_bytes(counts.astype("<i2").tobytes())
        arguments = (chip, RATE_HZ, folder / "motion.bin", SECONDS, folder, 0, 0, json.dumps(settings))
        told = json.loads(interpreters.run(SCRIPT, *arguments, bits=bits))
        data = (folder / "00001.blk").read_bytes()
        return told, [coxa_wire.decode(data[at : at + 180]) for at in range(0, len(data), coxa_wire.BLOCK_LENGTH)]

    return record


def tilt_deg(blocks):
    """Of the last block's quaternions from level."""
    quat = quaternion.normalized(np.frombuffer(blocks[-2].quats, "<i2").reshape(-1, 4).astype(float))
    up = quaternion.rotate(quaternion.conjugate(quat), np.array([0.0, 0.0, 1.0]))
    return np.degrees(np.arccos(np.clip(up[:, 2], -1, 1))).max()


@pytest.mark.parametrize("chip", SCALES)
def test_samples_stay_raw_and_the_quaternion_follows_the_settings(recorded, bits, chip):
    without, plain = recorded(chip, bits, {})
    told, calibrated = recorded(chip, bits, {BIAS: BIAS_MDPS, OFFSET: OFFSET_UG})
    assert without["first_bias_dps"] == [0, 0, 0]
    assert told["first_bias_dps"] == pytest.approx(np.array(BIAS_MDPS) * 1e-3, abs=1e-5), "before the first sample"
    assert [block.raw for block in plain] == [block.raw for block in calibrated]
    assert tilt_deg(plain) == pytest.approx(np.degrees(np.hypot(0.025, 0.020)), abs=0.05)
    assert tilt_deg(calibrated) < 0.05


def test_settings_that_are_wrong_keep_no_board_from_starting(recorded, bits):
    """As config.load leaves them: the defaults."""
    damaged = decoded(json.dumps({BIAS: [1, 2], OFFSET: [10**9, 0, 0]}).encode())
    assert len(damaged.complaints) == 2
    values = {key: damaged.values[key] for key in (BIAS, OFFSET)}
    told, blocks = recorded("lsm6dsox", bits, values)
    assert told["first_bias_dps"] == [0, 0, 0]
    assert len(blocks) > 100
