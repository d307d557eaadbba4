"""The least-squares rotation: exact on clean data, and less certain with every piece of evidence taken away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from variety import perfect, raw, steady

from coxa.fusion import batch, families, gravity
from coxa.fusion.events import find_events
from coxa.fusion.grid import uniform
from coxa.protocols import for_position
from coxa.samples import GRAVITY_M_S2, Samples
from coxa.simulate import Stream, Wearer, simulate
from coxa.solve import ACC_LOW_PASS_HZ, levels, solve

SLACK = 1.0001


class Problem:
    """What `estimate` is given for one simulated session, with the true axis and coarse bias; parts can be left out."""

    def __init__(self, position="wall", seed=0, reps=8, stream=None, **wearer):
        self.sim = simulate(Wearer(position=position, reps=reps, **wearer), raw(), stream, seed=seed)
        self.grid = uniform(self.sim.samples)
        self.u = self.sim.truth.axis
        self.rate = (self.grid.gyr - self.sim.truth.bias_rad_s.mean(axis=0)) @ self.u
        self.acc = self.grid.low_passed(self.grid.acc, ACC_LOW_PASS_HZ)
        self.events = find_events(self.grid, self.rate)
        angle = np.interp(self.grid.t_s, self.sim.samples.t_s, self.sim.truth.rotation_rad)
        sign = 1.0 if self.sim.wearer.side == "right" else -1.0
        self.true = sign * angle
        self.labels = families.classify(self.events, levels(self.true, self.events), self.grid)

    def estimate(self, **changes):
        given_ = {
            "rate": self.rate,
            "events": self.events,
            "labels": self.labels,
            "slow_acc": self.acc,
            "u": self.u,
            **changes,
        }
        return batch.estimate(self.grid, **given_)

    def level_sd_deg(self, estimate):
        """Mean sd of the ends against the first event (the start)."""
        rows = estimate.mean_rows([(e.begin, e.end) for e in self.events])
        away = rows[self.labels != families.NEUTRAL] - rows[0]
        return float(np.degrees(estimate.sd(away)).mean())


def unseen(problem):
    """Gravity along the axis: it tells nothing of the rotation."""
    return np.tile(GRAVITY_M_S2 * problem.u, (len(problem.rate), 1))


@pytest.mark.parametrize("position", ["wall", "seated"])
def test_the_rotation_is_the_true_one(position):
    for seed in range(4):
        problem = Problem(position, seed=seed)
        found = problem.estimate().angle
        off = np.degrees(found - problem.true)
        off -= off[: round(2.5 / problem.grid.dt_s)].mean()
        assert np.abs(off).max() < (4.0 if position == "wall" else 1.2)


def test_it_takes_out_a_bias_that_drifts():
    problem = Problem(seed=3)
    t = problem.grid.t_s - problem.grid.t_s[0]
    extra = np.radians(0.8 + 0.6 * t / t[-1])
    plain, drifting = problem.estimate(), problem.estimate(rate=problem.rate + extra)
    found = drifting.bias - plain.bias
    assert np.degrees(np.mean(found - extra)) == pytest.approx(0.0, abs=0.05)
    # not taken out, this would be 80° over the set; what drifts is told from neutrals that are found again to 2°
    assert np.degrees(np.ptp(drifting.angle - plain.angle)) < 8.0


def warming(problem, rate_deg_s=1.5, settling_s=25.0):
    """What a chip that warms up adds to the rate: some hundred times the walk that a warm one has."""
    t = problem.grid.t_s - problem.grid.t_s[0]
    return np.radians(rate_deg_s) * np.exp(-t / settling_s)


def walk_of_bias_deg_s(found):
    """How far the bias that was found moves in ten seconds, rms."""
    return float(np.degrees(np.std(found.bias[500:] - found.bias[:-500])))


@pytest.mark.parametrize("position", ["wall", "seated"])
@pytest.mark.parametrize("seed", range(4))
def test_how_much_the_bias_walks_is_learnt_from_the_set(position, seed):
    problem = Problem(position, seed=seed, reps=10)
    extra = warming(problem)
    steady_chip, warm_up = problem.estimate(), problem.estimate(rate=problem.rate + extra)
    off = warm_up.bias - steady_chip.bias - extra
    # on the wall only holds and neutrals tell of it; a bias taken for that of a warm chip would be left in whole
    assert np.sqrt(np.mean(off**2)) < (0.45 if position == "wall" else 0.15) * np.std(extra)
    assert walk_of_bias_deg_s(steady_chip) < 0.05  # nothing is learnt where there is nothing
    # who believes in a walk is less certain of what lies between the neutrals
    assert problem.level_sd_deg(warm_up) > 1.1 * problem.level_sd_deg(steady_chip)


def moved_over_sd(problem):
    """How far the warming chip moves the ends against the start, each over its stated sd."""
    plain, found = problem.estimate(), problem.estimate(rate=problem.rate + warming(problem))
    spans = [(e.begin, e.end) for e in problem.events]
    moved = np.array([found.angle[a:b].mean() - plain.angle[a:b].mean() for a, b in spans])
    rows = found.mean_rows(spans)
    ends = problem.labels != families.NEUTRAL
    return np.abs(moved - moved[0])[ends] / found.sd(rows - rows[0])[ends]


@pytest.mark.parametrize("position", ["wall", "seated"])
def test_a_bias_that_warms_up_moves_the_ends_within_their_uncertainty(position):
    shares = np.concatenate([moved_over_sd(Problem(position, seed=seed, reps=10)) for seed in range(6)])
    assert np.mean(shares < 2) > 0.8


@pytest.mark.parametrize("seed", range(4))
def test_less_evidence_is_never_more_certainty(seed):
    problem = Problem(seed=seed)
    full = problem.level_sd_deg(problem.estimate())
    without_holds = problem.estimate(events=[replace(e, kind="turn") for e in problem.events])
    assert problem.level_sd_deg(without_holds) > full * SLACK
    nobody_knows = problem.estimate(labels=None)
    assert problem.level_sd_deg(nobody_knows) > 1.3 * full
    nothing = batch.estimate(problem.grid, problem.rate, [], None, slow_acc=problem.acc, u=problem.u)
    assert problem.level_sd_deg(nothing) > 3 * problem.level_sd_deg(nobody_knows)


@pytest.mark.parametrize("seed", range(3))
def test_gravity_makes_it_certain_where_it_sees_the_axis(seed):
    seated, wall = Problem("seated", seed=seed), Problem("wall", seed=seed)
    seen = seated.level_sd_deg(seated.estimate())
    assert seated.level_sd_deg(seated.estimate(slow_acc=unseen(seated))) > 2 * seen
    # on the wall it sees nothing already
    assert wall.level_sd_deg(wall.estimate(slow_acc=unseen(wall))) == pytest.approx(
        wall.level_sd_deg(wall.estimate()), rel=0.02
    )


@pytest.mark.parametrize("length", [0.5, 2.0])
def test_a_gap_makes_it_less_certain(length):
    whole, holed = Problem(seed=5), Problem(seed=5, stream=Stream(gaps=((21.0, length),)))
    assert len(holed.grid.gaps) == 1
    before, after = (round(s / whole.grid.dt_s) for s in (19.0, 21.0 + length + 2.0))

    def across(problem):
        rows = problem.estimate().rows(np.array([before, after]))
        return float(problem.estimate().sd((rows[1] - rows[0])[None])[0])

    assert across(holed) > 1.2 * across(whole)


def test_the_stated_derivatives_are_those_of_the_angle():
    """Raising the rate by a constant is what raising all bias knots would undo: the rows sum up to time."""
    problem = Problem(seed=1)
    found = problem.estimate()
    t = problem.grid.t_s
    index = np.array([0, len(t) // 3, len(t) - 1])
    rows = found.rows(index)
    scale = rows[:, -1]
    assert scale == pytest.approx(found.angle[index])
    assert rows[:, :-1].sum(axis=1) == pytest.approx(t[index] - t[0], abs=0.03)
    spans = [(10, 60), (200, 260)]
    means = found.mean_rows(spans)
    assert means[:, -1] == pytest.approx([found.angle[a:b].mean() for a, b in spans], abs=0.02)


def test_the_covariance_is_one():
    found = Problem(seed=2).estimate()
    assert np.allclose(found.covariance, found.covariance.T, atol=1e-12)
    assert np.linalg.eigvalsh(found.covariance).min() > -1e-12
    assert found.covariance.shape == (found.rows(np.array([0])).shape[1],) * 2


def test_a_wider_scale_is_a_wider_arc():
    problem = Problem(seed=2)
    sds = []
    for scale_sd in (0.002, 0.01, 0.03):
        found = problem.estimate(scale_sd=scale_sd)
        ends = [np.flatnonzero(problem.labels == f)[0] for f in (1, -1)]
        rows = found.mean_rows([(problem.events[k].begin, problem.events[k].end) for k in ends])
        sds.append(float(np.degrees(found.sd((rows[0] - rows[1])[None]))[0]))
    assert sds == sorted(sds)
    assert sds[2] == pytest.approx(0.03 * 75, rel=0.15)  # three percent of the arc


@settings(max_examples=40, deadline=None)
@given(st.floats(0, np.pi / 2), st.floats(0.0, 2.5), st.integers(0, 10_000))
def test_gravity_sees_the_rotation_as_far_as_the_axis_is_horizontal(tilt, turned, seed):
    rng = np.random.default_rng(seed)
    u, across = np.linalg.qr(rng.normal(size=(3, 3)))[0][:2]
    up = np.cos(tilt) * u + np.sin(tilt) * across
    angle = np.linspace(0, turned, 30)[:, None]
    # the sensor turns about u by +angle: seen from it, gravity turns by −angle
    parallel = (up @ u) * u
    seen = parallel + np.cos(angle) * (up - parallel) - np.sin(angle) * np.cross(u, up)
    assert gravity.observability(GRAVITY_M_S2 * seen, u) == pytest.approx(np.sin(tilt), abs=1e-6)
    if np.sin(tilt) > 0.01:
        found = gravity.angle(GRAVITY_M_S2 * seen, u)
        assert found - found[0] == pytest.approx(angle[:, 0], abs=1e-9)


@pytest.mark.parametrize("position", ["wall", "seated"])
def test_a_perfect_sensor_and_wearer_give_the_exact_angles(position):
    wearer = steady(position=position, reps=5, ir_deg=30.0, er_deg=40.0)
    sim = simulate(wearer, perfect(), seed=1)
    found = solve(sim.samples, position, "right", for_position(position))
    reps = [m.rep for m in found.measured]
    assert [r.ir_deg for r in reps] == pytest.approx([30.0] * 5, abs=0.05)
    assert [r.er_deg for r in reps] == pytest.approx([40.0] * 5, abs=0.05)


@pytest.mark.parametrize("hz", [25.0, 60.0, 104.0, 500.0])
def test_the_grid_keeps_the_integral_of_the_rate(hz):
    rng = np.random.default_rng(4)
    t = np.sort(np.append(rng.uniform(0, 20, round(20 * hz)), [0.0, 20.0]))
    angle = np.sin(0.7 * t) + 0.2 * np.sin(3.0 * t)
    rate = 0.7 * np.cos(0.7 * t) + 0.6 * np.cos(3.0 * t)
    grid = uniform(Samples(t, np.column_stack([rate] * 3), np.tile([0, 0, GRAVITY_M_S2], (len(t), 1))))
    assert np.allclose(np.diff(grid.t_s), grid.dt_s)
    assert grid.dt_s >= 0.02 - 1e-9
    turned = np.cumsum(grid.gyr[:, 0]) * grid.dt_s - 0.5 * (grid.gyr[:, 0] + grid.gyr[0, 0]) * grid.dt_s
    assert turned == pytest.approx(np.interp(grid.t_s, t, angle), abs=0.02)
