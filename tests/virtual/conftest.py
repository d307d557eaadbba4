import interpreters
import pytest


@pytest.fixture(params=[64, 32], ids=["64-bit", "32-bit"])
def bits(request):
    """The word sizes to run on; the boards have 32 bits, the interpreter that is always there has 64."""
    if interpreters.command(request.param) is None:
        pytest.skip(interpreters.MISSING_64 if request.param == 64 else interpreters.MISSING_32)
    return request.param
