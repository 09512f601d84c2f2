"""Erlang's formulas against what is printed, against a plain count of states, and what must hold of any load."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.reports.erlang import Expected, Goal, Load, erlang_b, erlang_c, expected, level, need

T = Goal(within_s=20)
LOADS = st.builds(
    Load,
    calls=st.floats(0.1, 1000),
    length_s=st.just(1800),
    handling_s=st.floats(5, 1200),
    patience_s=st.none() | st.floats(1, 2000),
)
GOALS = st.builds(Goal, within_s=st.integers(0, 120), short_s=st.sampled_from((0, 5)))


@pytest.mark.parametrize(
    ("erlangs", "agents", "blocked"),
    [(4.46, 10, 0.01), (12.03, 20, 0.01), (37.90, 50, 0.01), (84.06, 100, 0.01), (1.657, 5, 0.02), (13.18, 20, 0.02)],
)
def test_erlang_b_is_the_printed_table(erlangs: float, agents: int, blocked: float) -> None:
    """Traffic tables of Erlang B: offered load at 1 % and 2 %, in hundredths of an erlang."""
    assert erlang_b(erlangs, agents) == pytest.approx(blocked, abs=6e-5)


@pytest.mark.parametrize(
    ("agents", "waits", "in_time", "wait_s"),
    [(11, 0.682, 0.390, 122.8), (12, 0.449, 0.640, 40.4), (14, 0.174, 0.888, 7.8)],
)
def test_erlang_c_of_a_hundred_calls_in_half_an_hour(agents: int, waits: float, in_time: float, wait_s: float) -> None:
    """The textbook's 100 calls in 30 minutes of 3 minutes each: 10 erlangs, 14 agents, 88.8 % in 20 seconds."""
    found = expected(Load(calls=100, length_s=1800, handling_s=180), agents, T)
    assert (found.waits, found.level) == (pytest.approx(waits, abs=5e-4), pytest.approx(in_time, abs=5e-4))
    assert found.wait_s == pytest.approx(wait_s, abs=0.05)


def test_erlang_a_is_the_example_of_its_paper() -> None:
    """Garnett, Mandelbaum, Reiman 2002: 48 calls a minute of a minute, 50 agents, patience of two minutes."""
    load = Load(calls=48, length_s=60, handling_s=60, patience_s=120)
    impatient = expected(load, 50, Goal(within_s=12.5))
    assert impatient.abandons == pytest.approx(0.031, abs=5e-4)
    assert impatient.wait_s == pytest.approx(3.7, abs=0.05)
    assert impatient.occupancy == pytest.approx(0.93, abs=5e-3)
    patient = expected(Load(calls=48, length_s=60, handling_s=60), 50, Goal(within_s=58.1))
    assert (patient.wait_s, patient.level) == (pytest.approx(20.8, abs=0.05), pytest.approx(0.90, abs=5e-4))


@pytest.mark.parametrize("agents", [3, 9])
@pytest.mark.parametrize("patience_s", [15.0, 120.0])
def test_erlang_a_is_a_plain_walk_through_its_states(agents: int, patience_s: float) -> None:
    """The same by other means: states by their weights, and each place in the queue followed in small steps of time."""
    load, goal = Load(calls=90, length_s=1800, handling_s=180, patience_s=patience_s), Goal(within_s=20, short_s=5)
    found, plain = expected(load, agents, goal), _plain(load, agents, goal)
    assert found.level == pytest.approx(plain.level, abs=2e-3)
    assert found.abandons == pytest.approx(plain.abandons, abs=1e-6)


def _plain(load: Load, agents: int, goal: Goal) -> Expected:
    comes, serves, leaves = load.calls / load.length_s, 1 / load.handling_s, 1 / (load.patience_s or 1)
    weights = [1.0]
    for n in range(1, 300):
        weights.append(weights[-1] * comes / (min(n, agents) * serves + max(0, n - agents) * leaves))
    whole = sum(weights)
    free, waiting = sum(weights[:agents]) / whole, [one / whole for one in weights[agents:]]
    step_s, at_s, served, gone, short = 0.05, 0.0, free, 0.0, 0.0
    ahead = waiting[:60]  # by how many are before him; somebody is served from place 0
    while at_s < goal.within_s - step_s / 2:
        nearer = [agents * serves + j * leaves for j in range(len(ahead))]
        served += ahead[0] * agents * serves * step_s
        gone += sum(ahead) * leaves * step_s
        after = [one * (1 - (nearer[j] + leaves) * step_s) for j, one in enumerate(ahead)]
        after[0] = ahead[0] * (1 - (agents * serves + leaves) * step_s)
        for j in range(1, len(ahead)):
            after[j - 1] += ahead[j] * nearer[j] * step_s
        ahead, at_s = after, at_s + step_s
        if abs(at_s - goal.short_s) < step_s / 2:
            short = gone
    queue = sum(j * one for j, one in enumerate(waiting))
    return Expected(
        level=served / (1 - short), waits=1 - free, wait_s=None, abandons=queue * leaves / comes, occupancy=0.0
    )


@given(LOADS, st.integers(0, 400), GOALS)
@settings(max_examples=40, deadline=None)
def test_more_agents_never_make_it_worse_and_all_is_a_share(load: Load, agents: int, goal: Goal) -> None:
    before, after = expected(load, agents, goal), expected(load, agents + 1, goal)
    for one in (before, after):
        assert all(0 <= share <= 1 for share in (one.level, one.waits, one.abandons, one.occupancy))
    assert after.level >= before.level - 1e-9
    assert after.abandons <= before.abandons + 1e-9
    half = level(load, agents + 0.5, goal)
    assert before.level - 1e-9 <= half <= after.level + 1e-9


@given(LOADS, st.integers(1, 300), GOALS)
@settings(max_examples=30, deadline=None)
def test_more_calls_and_longer_ones_never_make_it_better(load: Load, agents: int, goal: Goal) -> None:
    # who hangs up at once does not count: with S the level itself may rise while all wait longer
    goal = Goal(within_s=goal.within_s)
    base = expected(load, agents, goal).level
    more = Load(calls=load.calls * 1.2, length_s=1800, handling_s=load.handling_s, patience_s=load.patience_s)
    assert expected(more, agents, goal).level <= base + 1e-9
    waits = [expected(load, agents, Goal(within_s=t)).level for t in (0, 5, 20, 60, 3600)]
    assert all(before <= after + 1e-9 for before, after in pairwise(waits))


@given(st.floats(1, 400), st.floats(10, 900), st.integers(1, 200))
@settings(max_examples=30, deadline=None)
def test_endless_patience_is_erlang_c(calls: float, handling_s: float, agents: int) -> None:
    load = Load(calls=calls, length_s=1800, handling_s=handling_s)
    if load.erlangs > 0.8 * agents:
        return  # close to the edge Erlang C goes to nothing at once, and patience of any length does not
    patient = Load(calls=calls, length_s=1800, handling_s=handling_s, patience_s=7000)
    assert expected(patient, agents, T).level == pytest.approx(expected(load, agents, T).level, abs=1e-2)


@given(LOADS, st.floats(0.01, 0.99), GOALS)
@settings(max_examples=25, deadline=None)
def test_needed_agents_are_the_fewest(load: Load, target: float, goal: Goal) -> None:
    found = need(load, target, goal)
    assert found is not None
    assert expected(load, found, goal).level >= target
    assert found == 0 or expected(load, found - 1, goal).level < target


def test_big_numbers_do_not_overflow() -> None:
    for patience_s in (None, 1.0, 60.0, 1e5):
        load = Load(calls=100_000, length_s=1800, handling_s=300, patience_s=patience_s)
        for agents in (0, 1, 5_000, 16_000, 16_667, 17_500, 20_000):
            found = expected(load, agents, Goal(within_s=20, short_s=5))
            assert all(math.isfinite(one) for one in (found.level, found.waits, found.abandons, found.occupancy))
            assert 0 <= found.level <= 1
    assert erlang_c(16_666, 20_000) < 1e-9
    assert expected(Load(calls=0, length_s=1800, handling_s=180), 0, T).level == 1
    assert expected(Load(calls=5, length_s=1800, handling_s=180), 0, T).level == 0
    assert need(Load(calls=1e7, length_s=1800, handling_s=3600), 0.8, T) is None
