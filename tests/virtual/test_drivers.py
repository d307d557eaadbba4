"""The drivers of the motion sensors, in MicroPython, against the register models of their chips."""

import functools
import json
import re
from pathlib import Path

import interpreters
import pytest

SCRIPTS = Path(__file__).parent / "scripts"
CHIPS = ("lsm6dsox", "mpu6886", "icm42688p")


def checks(script):
    return re.findall(r"^def (check_\w+)", (SCRIPTS / script).read_text(encoding="utf-8"), re.MULTILINE)


@functools.cache
def run(script, chip, bits):
    return json.loads(interpreters.run(SCRIPTS / script, chip, bits, bits=bits, heap="1M"))


@pytest.mark.parametrize("check", checks("drivers_script.py"))
@pytest.mark.parametrize("chip", CHIPS)
def test_every_driver(chip, check, bits):
    wrong = run("drivers_script.py", chip, bits)[check]
    assert wrong is None, wrong


@pytest.mark.parametrize("check", checks("drivers_special_script.py"))
def test_one_driver(check, bits):
    wrong = run("drivers_special_script.py", check.split("_")[1], bits)[check]
    assert wrong is None, wrong
