"""A plan as JSON: what is written is read, and nobody's file is trusted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti import plan_json
from cti.errors import Refused
from dialplan.plan import Node, Plan
from tests.dialplan.house import HOUSE
from tests.dialplan.test_files import NAMES


def test_a_plan_is_read_as_it_was_written_and_equal_plans_are_equal_bytes() -> None:
    text = plan_json.write(HOUSE)
    assert plan_json.read(text) == HOUSE
    assert plan_json.write(plan_json.read(text)) == text
    assert '"kind": "ToQueue"' in text
    assert plan_json.read("{}") == Plan()


def test_any_name_is_kept_as_it_is() -> None:
    for name in (one for one in NAMES if "\x00" not in one and len(one) <= plan_json.LONGEST_TEXT):
        named = replace(HOUSE, nodes=tuple(replace(one, title=name) for one in HOUSE.nodes))
        assert plan_json.read(plan_json.write(named)) == named


@given(st.sampled_from(HOUSE.nodes))
def test_a_step_alone_is_read_as_it_was_written(node: Node) -> None:
    assert plan_json.heard_node(plan_json.said_node(node)) == node


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[]", "plan"),
        ("{", ""),
        ("[" * 100_000, ""),
        ("x" * (plan_json.LARGEST_BYTES + 1), ""),
        ('{"steps": []}', "plan"),
        ('{"nodes": [{"kind": "System"}]}', "nodes[0]"),
        ('{"nodes": [{"kind": "End", "id": 1}]}', "nodes[0].id"),
        ('{"nodes": {}}', "nodes"),
        ('{"numbers": [{"digits": "1"}]}', "numbers[0]"),
        ('{"queues": [{"name": "a", "strategy": "all"}]}', "queues[0].strategy"),
        ('{"queues": [{"name": "a", "limit": 99999999999}]}', "queues[0].limit"),
        ('{"zone": "\\ud800"}', ""),
        ('{"zone": "\\u0000"}', "zone"),
        (f'{{"zone": "{"x" * 501}"}}', "zone"),
        (f'{{"sounds": [{"0," * 6000}0]}}', "sounds"),
        ('{"hours": [{"id": "a", "title": "", "zone": "", "spans": [{"days": ["x"]}]}]}', "hours[0].spans[0]"),
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused_and_says_where(text: str, where: str) -> None:
    with pytest.raises(Refused) as refused:
        plan_json.read(text)
    assert (refused.value.code, refused.value.where) == ("bad-plan", where)
