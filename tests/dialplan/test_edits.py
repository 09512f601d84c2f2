"""Edits of a plan: each leaves a plan without a new fault, or says why it cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from dialplan import edits
from dialplan.beginning import Beginning, begin
from dialplan.edits import NotSo
from dialplan.faults import faults
from dialplan.plan import Hours, Number, Person, Plan, Queue, Say, Span, ToQueue, ToVoicemail
from tests.dialplan.house import DID, HOUSE

HELLO = Say(id="hello", sound="beep", then="")


def test_a_step_comes_after_another_and_before_what_was_there() -> None:
    plan = edits.add_step(HOUSE, HELLO, "when", "open")
    assert edits.leads_to(plan, "when", "open") == "hello"
    assert edits.leads_to(plan, "hello", "then") == "menu"
    first = edits.add_step(plan, replace(HELLO, id="first"), f"#{DID}", "")
    assert (first.numbers[0].first, edits.leads_to(first, "first", "then")) == ("first", "when")
    keyed = edits.add_step(plan, replace(HELLO, id="more"), "menu", "key 9")
    assert edits.leads_to(keyed, "menu", "key 9") == "more"
    assert not [one for one in faults(first) if one.weight == "error"]


def test_a_step_that_goes_leaves_no_hole_and_with_its_branch_takes_what_only_it_led_to() -> None:
    assert edits.leading(HOUSE, "menu") == (("when", "open"),)
    healed = edits.remove_step(HOUSE, "menu")
    assert edits.leads_to(healed, "when", "open") == "manager"
    cut = edits.remove_step(HOUSE, "menu", branch=True)
    assert {node.id for node in cut.nodes} == {"when", "feast", "box"}
    assert edits.leads_to(cut, "when", "open") == ""
    assert [node.id for node in edits.unreached(healed)] == ["sales", "clara", "mobile", "back", "bye"]
    assert faults(edits.sweep(healed)) == ()
    assert [one.at for one in faults(healed)] == ["sales", "clara", "mobile", "back", "bye"]


def test_ways_are_led_elsewhere_and_taken_away() -> None:
    menu = edits.step(HOUSE, "menu")
    assert edits.rows(menu) == (
        ("key 1", "sales"), ("key 2", "clara"), ("key 3", "mobile"), ("otherwise", "manager"),
    )  # fmt: skip
    assert edits.rows(edits.without_way(menu, "key 2"))[1] == ("key 3", "mobile")
    assert edits.rows(edits.without_way(menu, "otherwise"))[3] == ("otherwise", "")
    assert edits.leads_to(edits.link(HOUSE, "sales", "after", "bye"), "sales", "after") == "bye"


def test_a_queue_gets_another_name_wherever_it_is_named() -> None:
    plan = edits.put_queue(HOUSE, Queue(name="shop", number="601"), "sales")
    assert edits.queue_users(plan, "shop") == ("sales", "back")
    assert edits.queue_users(plan, "sales") == ()
    assert faults(plan) == faults(HOUSE)


def test_a_number_goes_with_the_steps_that_only_it_led_to() -> None:
    two = edits.put_number(HOUSE, Number(digits="74950000011", first="clara"))
    assert {node.id for node in edits.remove_number(two, DID).nodes} == {"clara", "box"}
    assert edits.remove_number(HOUSE, DID).nodes == ()
    assert edits.put_number(two, Number(digits="74950000012", first="clara"), "74950000011").numbers[1].first == "clara"


REFUSED: dict[str, Callable[[], Plan]] = {
    "in-use: sales, back": lambda: edits.remove_queue(HOUSE, "sales"),
    "in-use: when": lambda: edits.remove_hours(HOUSE, "day"),
    "gone: nowhere": lambda: edits.link(HOUSE, "when", "open", "nowhere"),
    "gone: 7": lambda: edits.remove_number(HOUSE, "7"),
    "no-way: box, open": lambda: edits.link(HOUSE, "box", "open", "menu"),
    "step-twice: menu": lambda: edits.add_step(HOUSE, replace(HELLO, id="menu"), "when", "open"),
    f"number-twice: {DID}": lambda: edits.put_number(HOUSE, Number(digits=DID, first="box")),
    "queue-twice: sales": lambda: edits.put_queue(HOUSE, Queue(name="sales")),
    "no-box": lambda: begin(Plan(), Beginning(digits=DID, about="voicemail")),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_is_said(why: str) -> None:
    with pytest.raises(NotSo, match=f"^{re.escape(why)}$"):
        REFUSED[why]()


def test_the_first_number_is_whole_from_one_form() -> None:
    week = Span(days=(0, 1, 2, 3, 4), begins="09:00", ends="18:00")
    said = Beginning(digits=DID, span=week, hours_title="Рабочие часы", queue="sales", about="voicemail", box="103")
    plan = begin(Plan(people=(Person(extension="103", name="Клара", devices=("103",)),)), said)
    assert faults(plan) == ()
    assert plan.hours == (Hours(id="hours", title="Рабочие часы", zone="Europe/Moscow", spans=(week,)),)
    assert plan.nodes[0] == ToVoicemail(id="voicemail", box="103")
    again = begin(plan, replace(said, digits="74950000011", hours="hours"))
    assert [type(node) for node in again.nodes].count(ToVoicemail) == 1
    assert [type(node) for node in again.nodes].count(ToQueue) == 2
    assert len(again.queues) == 1
    rung = begin(plan, replace(said, digits="74950000012", people=("103",), hours="", span=None))
    assert [type(edits.step(rung, rung.numbers[1].first)).__name__, rung.queues] == ["ToPeople", plan.queues]


@pytest.mark.parametrize("about", ["callback", "outside", "end"])
def test_each_ending_of_the_first_number_is_a_whole_way(about: str) -> None:
    said = Beginning(digits=DID, about=about, mobile="79355550101", sound="beep")  # type: ignore[arg-type]
    plan = begin(replace(Plan(), sounds=HOUSE.sounds, routes=HOUSE.routes), said)
    assert faults(plan) == ()
