"""The gain measured on simulated people: how good, how honest, and what it is not made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from skin_people import KEPT, SLOW, ends, gain_of, person, turned

from coxa.simulate.skin import Knee, Tissue
from coxa_calibration.gain_fit import AT_STOPS_SD_RAD, SET_CHANGE_SD_RAD, SHANK, Ends, gain_in_turn, gain_together
from coxa_calibration.paired import paired_stays
from coxa_calibration.readings import CalibrationError, Estimate

PEOPLE = 240
TURN = np.radians(35.0)
EXACT = Estimate(1.0, 1e-9)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15, deadline=None)


def refused(call, *args, **options) -> CalibrationError:
    with pytest.raises(CalibrationError) as caught:
        call(*args, **options)
    for sentence in (caught.value.what, caught.value.advice):
        assert sentence.endswith(".")
        assert "\n" not in sentence
    return caught.value


def covered(z, inside, share) -> None:
    """Whether the share of |z| below `inside` is within the 99 % binomial limits of `share`."""
    low, high = binomtest(int((np.abs(z) < inside).sum()), len(z)).proportion_ci(0.99, "exact")
    assert low < share < high, (share, low, high)


@pytest.fixture(scope="module")
def people():
    """Truth (people, 2) of the shares, and the gains."""
    truth, gains = [], []
    for seed in range(PEOPLE):
        rng = np.random.default_rng(seed)
        tissue, knee = person(rng)
        gains.append(gain_of(turned(tissue, knee, rng=rng)))
        # what the skin shows at 35°, after the bone has turned through the play
        shown = 1 - np.radians(tissue.play_deg) / TURN
        truth.append((tissue.ir_share * shown, tissue.er_share * shown))
    return np.array(truth), gains


def test_the_bone_is_found_to_two_degrees_at_35_and_the_intervals_are_honest(people):
    truth, gains = people
    for i, sign in ((0, 1.0), (1, -1.0)):
        thigh = sign * TURN * truth[:, i]
        found = [g.bone_angle(x, np.radians(0.3)) for g, x in zip(gains, thigh, strict=True)]
        error = np.array([float(bone) - sign * TURN for bone, _ in found])
        exact = [float(g.bone_angle(x, 0.0)[1]) for g, x in zip(gains, thigh, strict=True)]
        assert np.degrees(np.sqrt(np.mean(error**2))) < 1.6
        covered(error / exact, 1.0, 0.683)
        covered(error / exact, 1.96, 0.95)


def test_the_shares_of_the_population_leave_four_times_as_much(people):
    truth, gains = people
    personal = np.array([(TURN * t[0] / g.k_ir.value - TURN) for t, g in zip(truth, gains, strict=True)])
    population = TURN * truth[:, 0] / 0.53 - TURN
    assert np.degrees(population.std()) == pytest.approx(6.8, abs=0.8)
    assert personal.std() < population.std() / 4


def test_the_two_directions_are_told_apart():
    rng = np.random.default_rng(5)
    gain = gain_of(turned(Tissue(ir_share=0.6, er_share=0.42), Knee(share=1.0), rng=rng), shank_share=EXACT)
    assert gain.k_ir.value == pytest.approx(0.6, abs=0.02)
    assert gain.k_er.value == pytest.approx(0.42, abs=0.02)
    assert gain.k_ir.value - gain.k_er.value > 5 * np.hypot(gain.k_ir.sd, gain.k_er.sd)
    assert (gain.n_reps, gain.method, gain.strap) == (5, "together", "hole 3")
    assert np.degrees([gain.range_ir_rad, gain.range_er_rad]) == pytest.approx([35, 40], abs=2)


@few
@given(seeds)
def test_a_mirrored_leg_has_its_shares_exchanged(seed):
    rng = np.random.default_rng(seed)
    one = turned(*person(rng), rng=rng)
    there, mirrored = gain_of(one), gain_of(replace(one, thigh=-one.thigh, shank=-one.shank))
    # the neutrals that lie a hair inside change sides; nothing else does
    assert mirrored.k_ir.value == pytest.approx(there.k_er.value, rel=2e-3)
    assert mirrored.k_er.value == pytest.approx(there.k_ir.value, rel=2e-3)


@few
@given(seeds, st.floats(-0.04, 0.04), st.floats(-0.04, 0.04), st.floats(-1e5, 1e5))
def test_where_zero_is_and_when_it_was_do_not_matter(seed, thigh_zero, shank_zero, begin):
    rng = np.random.default_rng(seed)
    one = turned(*person(rng), rng=rng)
    moved = replace(one, thigh=one.thigh + thigh_zero, shank=one.shank + shank_zero, t_s=one.t_s + begin)
    there, again = gain_of(one), gain_of(moved)
    assert again.k_ir.value == pytest.approx(there.k_ir.value, rel=5e-3)
    assert again.k_er.value == pytest.approx(there.k_er.value, rel=5e-3)


def test_the_same_recording_gives_the_same_gain():
    one = turned(Tissue(), Knee(), rng=np.random.default_rng(1))
    assert gain_of(one) == gain_of(one)


def test_what_is_not_known_of_the_shank_and_of_the_scale_is_in_the_sd_of_both_alike():
    one = turned(Tissue(), Knee(), rng=np.random.default_rng(2))
    plain = gain_of(one, shank_share=Estimate(0.98, 1e-9), scale_sd=0.0)
    for options in ({"shank_share": Estimate(0.98, 0.049)}, {"scale_sd": 0.05 / np.sqrt(2)}):
        wide = gain_of(one, **{"shank_share": Estimate(0.98, 1e-9), "scale_sd": 0.0, **options})
        assert wide.k_ir.sd == pytest.approx(np.hypot(plain.k_ir.sd, 0.05 * plain.k_ir.value), rel=0.01)
        both = plain.correlation * plain.k_ir.sd * plain.k_er.sd + 0.05**2 * plain.k_ir.value * plain.k_er.value
        assert wide.correlation == pytest.approx(both / (wide.k_ir.sd * wide.k_er.sd), rel=1e-3)


def test_more_repetitions_and_less_drift_make_it_surer():
    known = {"shank_share": Estimate(0.98, 1e-9), "scale_sd": 0.0}

    def sd(reps, drift):
        rng = np.random.default_rng(9)
        sets = [turned(Tissue(), Knee(), replace(SLOW, reps=reps), drift, rng=rng) for _ in range(8)]
        return np.mean([gain_of(one, **known).k_ir.sd for one in sets])

    assert sd(12, 0.5) < 0.8 * sd(4, 0.5)
    assert sd(5, 0.3) < 0.6 * sd(5, 1.0)


# -- what it is not made from


def plain(seed=3, tissue=None, knee=None, wearer=SLOW, drift=0.5):
    return turned(tissue or Tissue(), knee or Knee(), wearer, drift, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("slip", [-16.0, -10.0, 10.0, 16.0])
@pytest.mark.parametrize("at", [12.0, 25.0, 38.0])
def test_a_strap_that_moved_is_refused(slip, at):
    error = refused(gain_of, plain(tissue=Tissue(slip_deg=slip, slip_at_s=at)))
    assert error.reason == "moved"
    assert "strap" in error.what


def test_of_those_whose_strap_stayed_hardly_any_is_refused():
    refusals = 0
    for seed in range(60):
        rng = np.random.default_rng(10_000 + seed)
        try:
            gain_of(turned(*person(rng), drift_deg=0.8, rng=rng))
        except CalibrationError:
            refusals += 1
    assert refusals <= 3


def test_too_few_repetitions():
    assert refused(gain_of, plain(wearer=replace(SLOW, reps=2))).reason == "too_few"


def test_turning_round_is_no_stop():
    t = np.arange(0, 60, 0.02)
    steady = 0.6 * (2 / np.pi) * np.arcsin(np.sin(t))  # at one speed, and turned round at once
    swinging = 0.6 * np.sin(2 * np.pi * t / 6)
    for shank in (steady, swinging):
        error = refused(gain_together, t, 0.5 * shank, shank, **KEPT)
        assert error.reason == "too_few"
        assert "stopped 0 times at both ends, and 0 times at the neutral" in error.what


@pytest.mark.parametrize(("change", "word"), [({"ir_deg": 7.0}, "inwards"), ({"er_deg": 6.0}, "outwards")])
def test_too_small_a_turn_names_the_direction(change, word):
    error = refused(gain_of, plain(wearer=replace(SLOW, range_sd_deg=0.1, neutral_sd_deg=0.5, **change)))
    assert error.reason == "small_range"
    assert f"{word} by no more than" in error.what


def test_a_thigh_that_does_its_own_thing():
    one = plain()
    late = replace(one, thigh=np.roll(one.thigh, 75))  # 1.5 s: clocks that do not agree
    loose = replace(one, thigh=one.thigh + 0.13 * np.sin(9 * one.t_s))
    for bad in (late, loose):
        assert refused(gain_of, bad).reason in ("poor_fit", "moved", "uncertain")
    assert refused(gain_of, loose).reason == "poor_fit"


def test_exchanged_sensors_and_a_leg_that_turns_the_other_way():
    one = plain()
    assert refused(gain_of, replace(one, thigh=one.shank, shank=one.thigh)).reason == "exchanged"
    assert refused(gain_of, replace(one, thigh=-one.thigh)).reason == "opposite"


def test_a_bent_knee_is_seen_by_the_swing_of_the_shank():
    straight, bent = plain(knee=Knee(bend_deg=5.0)), plain(knee=Knee(bend_deg=30.0))
    assert gain_of(straight, shank_swing_rad=straight.swing).k_ir.value > 0
    assert refused(gain_of, bent, shank_swing_rad=bent.swing).reason == "swing"
    assert refused(gain_of, straight, shank_swing_rad=straight.swing[1:]).reason == "shape"
    assert refused(gain_of, straight, shank_swing_rad=straight.swing * np.nan).reason == "not_a_number"


def test_arrays_that_are_not_two_angles_on_one_clock():
    one = plain()
    t, a, b = one.t_s, one.thigh, one.shank
    hole = a.copy()
    hole[7] = np.nan
    back = t.copy()
    back[9] = back[8]
    for args, reason in [
        ((t[1:], a, b), "shape"),
        ((t, np.column_stack([a, a]), b), "shape"),
        ((t[:5], a[:5], b[:5]), "too_short"),
        ((t, hole, b), "not_a_number"),
        ((t, a, np.full_like(b, np.inf)), "not_a_number"),
        ((back, a, b), "times"),
        ((t[::10], a[::10], b[::10]), "slow"),
        ((t, np.degrees(a), np.degrees(b)), "units"),
        ((t[:100], a[:100], b[:100]), "small_range"),
    ]:
        assert refused(gain_together, *args, **KEPT).reason == reason, reason


def test_an_outage_is_not_taken_for_a_stop():
    """From the way out to the way back, at one level: nothing stood still there, and the hold was not heard."""
    one = plain(drift=0.1)
    high = np.flatnonzero(one.shank > np.radians(25))
    hold = np.split(high, np.flatnonzero(np.diff(high) > 1) + 1)[1]
    heard = np.delete(np.arange(len(one.t_s)), hold)
    whole = paired_stays(one.t_s, one.thigh, one.shank)
    less = paired_stays(one.t_s[heard], one.thigh[heard], one.shank[heard])
    kept = np.isin(whole.x + whole.zero_x, less.x + less.zero_x)
    assert kept.sum() == len(less.x) < len(whole.x)  # stops were lost, and none was invented


# -- one sensor, moved between two sets


def test_in_turn_the_shares_are_found_and_the_sd_says_how_well():
    rng = np.random.default_rng(11)
    z, sds = [], []
    for _ in range(200):
        change = SET_CHANGE_SD_RAD * rng.normal(size=4)
        ir, er = TURN + 0.1, TURN + 0.2
        k = np.array([rng.normal(0.55, 0.05), rng.normal(0.5, 0.05)])
        share, scatter = rng.normal(SHANK.value, SHANK.sd), 0.02
        thigh = ends(rng, k[0] * (ir + change[0]), k[1] * (er + change[1]), 8, 0.5 * scatter)
        shank = ends(rng, share * (ir + change[2]), share * (er + change[3]), 8, scatter)
        gain = gain_in_turn(thigh, shank, **KEPT)
        found, sd = (np.array([getattr(g, part) for g in (gain.k_ir, gain.k_er)]) for part in ("value", "sd"))
        z.append((found - k) / sd)
        sds.append(sd / k)
    z = np.array(z)
    for i in (0, 1):
        covered(z[:, i], 1.0, 0.683)
        covered(z[:, i], 1.96, 0.95)
    assert 0.05 < np.mean(sds) < 0.09  # twice as uncertain as with two sensors


def test_in_turn_against_stops_is_surer_and_unequal_numbers_are_no_trouble():
    rng = np.random.default_rng(12)
    thigh, shank = ends(rng, 0.3, 0.32, 8, 0.01), ends(rng, 0.6, 0.65, 6, 0.02)
    free, stops = gain_in_turn(thigh, shank, **KEPT), gain_in_turn(
        thigh, shank, **KEPT, set_change_sd_rad=AT_STOPS_SD_RAD
    )  # fmt: skip
    assert stops.k_ir.sd < free.k_ir.sd
    assert stops.k_ir.value == free.k_ir.value == pytest.approx(0.5 * 0.98, abs=0.04)
    assert (free.n_reps, free.method) == (6, "in-turn")


def test_a_direction_that_scatters_more_is_known_less():
    """The model shares one scatter among all stops; the bootstrap sees that it is not the same everywhere."""
    rng = np.random.default_rng(14)
    known = {**KEPT, "shank_share": Estimate(1.0, 1e-9), "set_change_sd_rad": 0.0}
    ratios = []
    for _ in range(30):
        thigh, shank = ends(rng, 0.3, 0.3, 10, 0.002), ends(rng, 0.6, 0.6, 10, 0.004)
        thigh = replace(thigh, ir_rad=thigh.ir_rad + 0.04 * rng.normal(size=10))
        ratios.append(gain_in_turn(thigh, shank, **known).k_ir.sd)
    assert np.mean(ratios) == pytest.approx(0.04 / np.sqrt(10) / 0.6, rel=0.15)


def test_in_turn_refusals():
    rng = np.random.default_rng(13)
    thigh, shank = ends(rng, 0.3, 0.32, 8, 0.01), ends(rng, 0.6, 0.65, 8, 0.02)

    def reason(a, b):
        return refused(gain_in_turn, a, b, **KEPT).reason

    assert reason(replace(thigh, neutral_rad=np.linspace(0, 0.12, 8)), shank) == "moved"
    assert reason(shank, thigh) == "exchanged"
    assert reason(replace(thigh, ir_rad=thigh.ir_rad[:2]), shank) == "too_few"
    assert reason(replace(thigh, neutral_rad=np.zeros(0)), shank) == "too_few"
    assert reason(thigh, replace(shank, ir_rad=0.1 * shank.ir_rad)) == "small_range"
    assert reason(replace(thigh, er_rad=thigh.er_rad * np.nan), shank) == "not_a_number"
    assert reason(replace(thigh, er_rad=np.degrees(thigh.er_rad)), shank) == "units"
    assert reason(replace(thigh, er_rad=thigh.er_rad[:, None]), shank) == "shape"
    short = ends(rng, 0.1, 0.1, 8, 0.005), ends(rng, 0.2, 0.2, 8, 0.01)
    assert reason(*short) == "uncertain"  # 1.5° between two sets of 11°
    loose = Ends(thigh.ir_rad + 0.15 * (-1.0) ** np.arange(8), thigh.er_rad, thigh.neutral_rad)
    assert reason(loose, shank) == "poor_fit"
