"""Which gateway serves a number: the longest prefix, order, share, and who is down."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cti.messages.routes import Route, chosen, in_order

PREFIXES = st.sampled_from(("", "+7", "+79", "+7935", "+7495", "+375", "+1"))
NUMBERS = st.sampled_from(("+79355550101", "+74950000001", "+375291234567", "+442071234567"))
ROUTES = st.lists(
    st.builds(
        Route,
        prefix=PREFIXES,
        gateway_id=st.integers(1, 5),
        position=st.integers(1, 3),
        share=st.integers(1, 9),
    ),
    max_size=12,
)
SOME = st.frozensets(st.integers(1, 5))


@given(ROUTES, NUMBERS, SOME, SOME, st.integers(0, 10**6))
def test_who_is_chosen_serves_the_number_and_nobody_ready_stands_before_him(
    routes: list[Route], number: str, known: frozenset[int], up: frozenset[int], turn: int
) -> None:
    found = chosen(routes, number, known=known, up=up, turn=turn)
    fitting = [one for one in in_order(routes, number) if one.gateway_id in known]
    if found is None:
        assert not fitting
        return
    assert number.startswith(found.prefix)
    assert found.gateway_id in known
    ready = [one for one in fitting if one.gateway_id in up]
    if ready:
        assert found.gateway_id in up, "one that is down is passed over"
        first = ready[0]
        assert (found.prefix, found.position) == (first.prefix, first.position)
    else:
        assert found == fitting[0], "the message waits for the first"


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(0, 10**6))
def test_shares_are_kept(shares: list[int], begin: int) -> None:
    routes = [Route(prefix="", gateway_id=place, position=1, share=share) for place, share in enumerate(shares)]
    known, turns = range(len(shares)), 1000
    went: Counter[int] = Counter()
    for turn in range(begin, begin + turns):
        found = chosen(routes, "+79355550101", known=known, up=known, turn=turn)
        assert found is not None
        went[found.gateway_id] += 1
    for place, share in enumerate(shares):
        assert abs(went[place] / turns - share / sum(shares)) < 0.01


def test_a_gateway_in_trouble_gives_way_to_the_next_and_gets_its_own_back() -> None:
    routes = [
        Route(prefix="+7", gateway_id=1, position=1, price=210),
        Route(prefix="+7", gateway_id=2, position=2),
        Route(prefix="", gateway_id=3, position=1),
    ]

    def choose(up: set[int]) -> int | None:
        found = chosen(routes, "+79355550101", known={1, 2, 3}, up=up, turn=7)
        return found and found.gateway_id

    assert [choose({1, 2, 3}), choose({2, 3}), choose({3}), choose(set()), choose({1, 2, 3})] == [1, 2, 3, 1, 1]
    assert chosen(routes, "+442071234567", known={1, 2}, up={1, 2}, turn=0) is None
