"""Whatever goes wrong, the host ends with what the chips measured, or says exactly what is missing.

Two seeds of each here; COXA_SEEDS=25 plays the full matrix (docs/link.md has its figures).
"""

import logging
import os

import faults
import interpreters
import pytest

from coxa.virtual import clock

SEEDS = int(os.environ.get("COXA_SEEDS", "2"))
LIMIT_S = 3600.0
"""Virtual time: whoever has not ended by then hangs."""


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", faults.NAMES)
def test_nothing_is_lost(name, seed, tmp_path, caplog):
    if interpreters.command(64) is None:
        pytest.skip(interpreters.MISSING_64)
    caplog.set_level(logging.ERROR, "bumble")
    count, lost = clock.run(faults.play(name, seed, tmp_path), LIMIT_S)
    assert count > 50
    assert lost == 0
    assert not [record for record in caplog.records if record.name == "asyncio"], "something failed unheard"
