"""Two plans side by side: what came, went and changed, field by field; files line by line, without passwords."""

from __future__ import annotations

from dataclasses import replace

from dialplan import masks
from dialplan.compare import Changed, Field, changes, text_changes
from dialplan.files import PJSIP, VOICEMAIL, Site, files
from dialplan.plan import End, Number, Plan, Queue, Route
from tests.dialplan.house import AGI, DID, HOUSE


def test_what_differs_is_told_by_part_record_and_field() -> None:
    nodes = tuple(
        End(id="bye", how="busy") if one.id == "bye" else replace(one, wait_s=90) if one.id == "sales" else one  # type: ignore[call-arg]
        for one in HOUSE.nodes
        if one.id != "feast"
    )
    becomes = replace(
        HOUSE,
        numbers=(*HOUSE.numbers, Number(digits="74950000011", first="menu", title="Второй")),
        nodes=nodes,
        queues=(),
        routes=(*HOUSE.routes, Route(prefix="8", trunk="trunk")),
        zone="UTC",
    )
    told = changes(HOUSE, becomes)
    assert Changed(part="numbers", how="added", id="74950000011", title="Второй") in told
    assert Changed(part="nodes", how="removed", id="feast", kind="Say") in told
    waits = Changed(
        part="nodes", how="changed", id="sales", kind="ToQueue", fields=(Field(name="wait_s", was=2, became=90),)
    )
    assert waits in told
    assert Changed(part="queues", how="removed", id="sales") in told
    assert Changed(part="routes", how="added", id="8…") in told
    zone = Changed(part="zone", how="changed", fields=(Field(name="zone", was="Europe/Moscow", became="UTC"),))
    assert zone in told
    assert len(told) == 7
    assert changes(HOUSE, HOUSE) == ()


def test_the_first_plan_is_all_new_and_two_of_one_name_are_two() -> None:
    assert {one.how for one in changes(Plan(), HOUSE)} == {"added"}
    twice = replace(HOUSE, queues=(Queue(name="a"), Queue(name="a", number="5")))
    told = [one.id for one in changes(replace(HOUSE, queues=()), twice)]
    assert told == ["a", "a (2)"]


def test_no_password_is_shown_in_a_file() -> None:
    plan = replace(HOUSE, people=tuple(replace(one, voicemail=True) for one in HOUSE.people))
    secrets = {"103": "s;e=>c[r]et", "box-103": "471199", "box-100": "471198"}
    made = files(plan, Site(agi=AGI, caller_id=DID, secrets=secrets, ami_secret="tell-nobody"))
    assert set(masks.names(plan)) <= set(secrets)
    for name, text in made.items():
        for secret in ("c[r]et", "471199", "471198", "tell-nobody"):
            assert secret not in masks.masked(text), name
        assert not text_changes(masks.masked(text), masks.masked(text), name)
    assert masks.MASK in masks.masked(made[PJSIP])
    assert f"{masks.MASK},Клара," in masks.masked(made[VOICEMAIL])
    (old, new, *_rest) = text_changes(None, "a\n", "x")
    assert (old, new) == ("--- /dev/null", "+++ x")
