"""What a calibration becomes as settings of its board."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxa.calibration.board import BIAS, LEAST_SURE_RAD_S, OFFSET, describe, settings_of
from coxa.errors import ConfigError
from coxa.samples import GRAVITY_M_S2
from coxa_board import settings
from coxa_calibration.sensor import SensorCalibration
from coxa_wire import command

IDEAL = SensorCalibration.ideal("a1b2c3d4e5f6", "LSM6DSOX", "0.1.0", datetime(2026, 1, 2, tzinfo=UTC))
PAYLOAD = 64


def calibration(bias_dps=(0.0, 0.0, 0.0), offset_mg=(0.0, 0.0, 0.0), sd_dps=0.05, slope_dps_c=(0.0, 0.0, 0.0)):
    """One in which both were measured, between 28 and 34 °C."""
    coefficients, covariance = np.zeros((3, 3)), np.zeros((3, 3, 3))
    coefficients[:, 0], coefficients[:, 1] = np.radians(bias_dps), np.radians(slope_dps_c)
    covariance[:, 0, 0] = np.radians(sd_dps) ** 2
    bias = replace(
        IDEAL.bias, coefficients=coefficients, covariance=covariance, power_on_rad_s=0.0, coldest_c=28.0, warmest_c=34.0
    )
    offset = np.array(offset_mg) * 1e-3 * GRAVITY_M_S2
    return replace(IDEAL, bias=bias, acc_offset_m_s2=offset, parts=("accelerometer", "bias"))


def test_in_the_boards_units():
    found = settings_of(calibration((-1.2704, 0.8446, 0.0334), (21.3, -17.4504, -0.0606)), 25.0)
    assert found == {BIAS: [-1270, 845, 33], OFFSET: [21300, -17450, -61]}


def test_the_bias_is_that_of_the_temperature():
    sloped = calibration((1.0, 0.0, 0.0), slope_dps_c=(0.05, 0.0, -0.02))
    assert settings_of(sloped, 35.0)[BIAS] == [1500, 0, -200]
    assert settings_of(sloped, None)[BIAS] == [1150, 0, -60], "28 °C: the nearest to 25 that it was learned at"


def test_what_was_not_measured_is_left_as_it_is():
    assert settings_of(IDEAL) == {}
    assert settings_of(replace(calibration(), parts=("bias",))) == {BIAS: [0, 0, 0]}
    assert settings_of(replace(calibration(), parts=("accelerometer", "scale"))) == {OFFSET: [0, 0, 0]}


def test_a_bias_that_is_hardly_known_is_left_to_the_board():
    sure, unsure = (calibration(sd_dps=float(np.degrees(LEAST_SURE_RAD_S)) * k) for k in (0.99, 1.01))
    assert BIAS in settings_of(sure)
    assert list(settings_of(unsure)) == [OFFSET]


@given(st.lists(st.floats(-24, 24), min_size=3, max_size=3), st.lists(st.floats(-299, 299), min_size=3, max_size=3))
def test_whatever_comes_out_the_board_takes_and_one_command_holds(bias_dps, offset_mg):
    """Or it is refused here, with the board's own words."""
    try:
        found = settings_of(calibration(bias_dps, offset_mg), 30.0)
    except ConfigError as error:
        assert "gyro_bias_mdps must be three whole numbers from -12000 to 12000" in str(error)
        assert max(abs(x) for x in bias_dps) > 11.999
        return
    for key, value in found.items():
        assert settings.check(key, value) == value
        assert len(command.encode_set_config(1, key, json.dumps(value).encode())) <= PAYLOAD
    assert np.allclose(found[BIAS], np.array(bias_dps) * 1e3, atol=0.51)
    assert np.allclose(found[OFFSET], np.array(offset_mg) * 1e3, atol=0.51)


@pytest.mark.parametrize("value", [[1, 2, True], [1, 2, 3.0], (1, 2, 3), [1, 2], [1, 2, None], [300_001, 0, 0], 5])
def test_this_computer_refuses_what_a_board_refuses(value):
    with pytest.raises(settings.ConfigError, match=r"acc_offset_ug must be three whole numbers .* or null"):
        settings.check(OFFSET, value)


def test_in_words():
    assert describe({BIAS: [-1270, 845, -3], OFFSET: [21300, -17450, -31]}) == (
        "gyroscope bias x -1.27, y +0.84, z +0.00 deg/s; accelerometer offset x +21.3, y -17.4, z +0.0 mg"
    )
    assert describe({BIAS: None}) == "gyroscope bias found by itself; accelerometer offset not taken off"
