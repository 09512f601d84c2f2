"""People of a plan: they come, go, and are called otherwise; steps that name them follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialplan.edits import NotSo
from dialplan.plan import Person, ToPeople
from dialplan.staff import admitted, changed, dismissed, inside, mentions, next_free
from tests.dialplan.house import HOUSE

ANNA = Person(extension="101", name="Анна", devices=("101",), browsers=("101-web",))
PLAN = replace(HOUSE, nodes=(*HOUSE.nodes, ToPeople(id="both", title="Обе", people=("103", "101"), otherwise="box")))


def test_who_comes_stands_in_order_and_who_goes_is_named_nowhere() -> None:
    plan = admitted(PLAN, ANNA)
    assert [one.extension for one in plan.people] == ["101", "103"]
    assert [(one.id, one.alone) for one in mentions(plan, "103")] == [("clara", True), ("both", False)]
    left = dismissed(plan, "103")
    assert [one.extension for one in left.people] == ["101"]
    assert mentions(left, "103") == ()
    assert [one.people for one in left.nodes if isinstance(one, ToPeople)] == [(), ("101",)]


def test_a_new_number_follows_into_the_steps() -> None:
    plan = changed(admitted(PLAN, ANNA), "103", replace(PLAN.people[0], extension="203"))
    assert [one.people for one in plan.nodes if isinstance(one, ToPeople)] == [("203",), ("203", "101")]
    assert {one.extension for one in plan.people} == {"101", "203"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"extension": "103"}, "inside-twice"),
        ({"extension": "601"}, "inside-twice"),
        ({"extension": "1x"}, "bad-inside"),
        ({"extension": "1"}, "bad-inside"),
        ({"devices": ("103",)}, "device-twice"),
        ({"devices": ("101", "101")}, "device-twice"),
        ({"devices": ("a b",)}, "bad-endpoint"),
        ({"browsers": ("[evil]",)}, "bad-endpoint"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, str], code: str) -> None:
    with pytest.raises(NotSo) as refused:
        admitted(PLAN, replace(ANNA, **change))  # type: ignore[arg-type]
    assert refused.value.code == code
    with pytest.raises(NotSo):
        changed(admitted(PLAN, ANNA), "101", replace(ANNA, **change))  # type: ignore[arg-type]


def test_the_next_number_is_free() -> None:
    assert next_free(PLAN) == "104"
    assert next_free(PLAN, {"104"}) == "105"
    assert next_free(replace(PLAN, people=())) == "101"
    assert inside(PLAN) == {"100", "103", "601"}
    with pytest.raises(NotSo):
        dismissed(PLAN, "999")
