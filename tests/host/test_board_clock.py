"""The board's clock from pings over a link that delays them unevenly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coxa.link import Ping, fit_clock
from coxa.link.clock import DRIFT_SD


def pings(n, *, offset_us, drift, interval_us, quickest_us, seed, every_s=10.0, asymmetry=0.5):
    """Over a radio that is heard every `interval_us`: both ways wait up to that long."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(n):
        t1 = 1_000_000_000 + int(k * every_s * 1e6)
        out = quickest_us + rng.uniform(0, interval_us)
        held = rng.uniform(50, 3000)
        back = quickest_us + rng.uniform(0, interval_us) * 2 * (1 - asymmetry)
        came = t1 + out
        board = came + offset_us + drift * (came - 1_000_000_000)
        found.append(Ping(t1, round(board), round(held), round(came + held + back)))
    return found


@settings(max_examples=50)
@given(
    offset_us=st.floats(-1e12, 1e12), drift=st.floats(-60e-6, 60e-6), interval_us=st.floats(1000, 60000),
    seed=st.integers(0, 1000), n=st.integers(8, 130),
)  # fmt: skip
def test_the_stated_error_holds(offset_us, drift, interval_us, seed, n):
    fit = fit_clock(pings(n, offset_us=offset_us, drift=drift, interval_us=interval_us, quickest_us=500, seed=seed))
    assert fit is not None
    true_offset = offset_us + drift * (fit.at_us - 1_000_000_000)
    worst = max(
        ping.error_us for ping in pings(n, offset_us=0, drift=0, interval_us=interval_us, quickest_us=500, seed=seed)
    )
    assert abs(fit.offset_us - true_offset) <= worst + 1
    if fit.drift_sd < DRIFT_SD:
        assert abs(fit.drift - drift) < 6 * fit.drift_sd + 1e-6
    moment = fit.at_us + fit.offset_us
    assert fit.host_us(moment) == pytest.approx(fit.at_us, abs=1)


def test_twenty_minutes_of_pings_give_milliseconds():
    """At a connection interval of 30 ms: as well as a ping a tenth as long."""
    errors = []
    for seed in range(30):
        found = pings(120, offset_us=5e6, drift=35e-6, interval_us=30000, quickest_us=500, seed=seed)
        fit = fit_clock(found)
        end = found[-1].t4_us
        true = end + 5e6 + 35e-6 * (end - 1_000_000_000)
        errors.append(abs(fit.host_us(true) - end))
    assert np.quantile(errors, 0.95) < 5000


def test_nothing_from_nothing_and_from_time_running_backwards():
    assert fit_clock([]) is None
    assert fit_clock([Ping(1000, 5, 0, 500)]) is None
    assert fit_clock([Ping(0, 1_000_100, 0, 200)]).offset_us == 1_000_000
