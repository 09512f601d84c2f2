"""The dialplan's pages: a number from one form, its flow edited step by step, lists, hours, two admins, who may."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path

from cti.access import Person as Who
from cti.settings import PbxSettings
from dialplan import edits
from dialplan.office import Box, Penalty, Trunk
from dialplan.plan import Person, Plan, Queue
from tests.dialplan.house import DID, HOUSE
from tests.web.panel import PAVEL, Panel, panel
from tests.web.visitor import Answer, Visitor

ADMIN = Who(id=PAVEL, login="pavel", name="Pavel", role="admin")
FLOW = f"/dialplan/numbers/{DID}"


@asynccontextmanager
async def owned(folder: Path, plan: Plan | None = None) -> AsyncIterator[tuple[Panel, Visitor]]:
    """A panel with one PBX, the plan as its draft, and an admin before it."""
    async with panel(folder, sections={"pbx": {"main": PbxSettings()}}) as running, Visitor(running, "pavel") as pavel:
        if plan is not None:
            await running.services.dialplan_drafts.change(ADMIN, "main", 0, lambda _: plan)
        yield running, pavel


async def now(running: Panel) -> Plan:
    return (await running.services.dialplan_drafts.get("main")).plan


def revision(answer: Answer) -> str:
    """The revision that a page's forms carry."""
    found = re.search(r'name="revision" value="(\d+)"', answer.text)
    assert found, answer.text
    return found[1]


async def test_the_first_number_is_drawn_up_from_one_form(tmp_path: Path) -> None:
    async with owned(tmp_path) as (running, pavel), Visitor(running, "vera") as vera, Visitor(running, "anna") as anna:
        empty = await pavel.get("/dialplan")
        assert empty.says("First number")
        assert empty.says("Trubka is a guest of this PBX")
        form = await pavel.get("/dialplan/begin")
        said = {
            "revision": revision(form), "digits": "+7 495 000-00-10", "title": "Office", "hours": "new", "days": "0",
            "begins": "09:00", "ends": "18:00", "who": "queue", "queue": "sales", "wait_s": "45", "about": "end",
        }  # fmt: skip
        refused = await pavel.post("/dialplan/begin", **(said | {"wait_s": "long", "title": "Kept words"}))
        assert (refused.status, refused.says("Waits at most")) == (409, True)
        assert refused.says("Kept words")
        assert (await pavel.post("/dialplan/begin", **said)).place == f"{FLOW}?said=begun"
        assert (await pavel.get(f"{FLOW}?said=begun")).says("The number has its way")
        assert (await pavel.get("/dialplan?q=000-00")).says("Mon 9:00-18:00: sales, wait 45 s")
        assert (await pavel.get("/dialplan?q=nothing")).says("No such number")
        seen = await vera.get(FLOW)
        assert seen.status == 200
        assert 'name="revision"' not in seen.text
        assert (await vera.post("/dialplan/begin", **said)).status == 403
        assert (await anna.get("/dialplan")).status == 403
        assert (await pavel.get("/dialplan?pbx=other")).status == 404
        assert len((await now(running)).numbers) == 1


async def test_a_step_is_changed_added_and_deleted_in_place_and_all_is_taken_back(tmp_path: Path) -> None:
    async with owned(tmp_path, HOUSE) as (running, pavel):
        menu = await pavel.get(f"{FLOW}?step=menu")
        assert menu.says("Comes after: Рабочие часы")
        fields = {"sound": "beep", "wait_s": "7", "tries": "2", "title": "Главное меню", "to.otherwise": "new:Say"}
        keys = {"key": "5", "key_to": "box"}
        saved = await pavel.post(f"{FLOW}/steps/menu?step=menu", revision=revision(menu), **fields, **keys)
        assert saved.place == f"{FLOW}?step=say&said=saved"
        plan = await now(running)
        assert edits.rows(edits.step(plan, "menu")) == (("key 5", "box"), ("otherwise", "say"))
        assert edits.leads_to(plan, "say", "then") == "manager"
        shown = await pavel.get(f"{FLOW}?step=sales&view=list")
        assert shown.says("Nothing leads here.")  # its key is gone
        assert (await pavel.get("/dialplan")).says("5 steps are led to by nothing:")
        added = await pavel.post(
            f"{FLOW}/steps/when/add?step=when", revision=revision(shown), way="open", kind="ToQueue"
        )
        assert added.place == f"{FLOW}?step=queue&said=saved"
        at_once = await pavel.post(f"{FLOW}/steps/queue/delete", revision="1")
        assert (at_once.status, at_once.says("Somebody changed the draft meanwhile")) == (409, True)
        page = await pavel.get(f"{FLOW}?step=queue")
        gone = await pavel.post(f"{FLOW}/steps/queue/delete", revision=revision(page), branch="")
        assert gone.place == f"{FLOW}?said=removed"
        page = await pavel.get(FLOW)
        assert (await pavel.post("/dialplan/sweep", revision=revision(page))).place == "/dialplan?said=removed"
        assert edits.unreached(await now(running)) == ()
        page = await pavel.get(f"{FLOW}?step=box")
        undone = await pavel.post("/dialplan/undo", revision=revision(page), here=f"{FLOW}?step=box&said=saved")
        assert undone.place == f"{FLOW}?step=box&said=undone"
        for _ in range(3):
            page = await pavel.get(FLOW)
            assert (await pavel.post("/dialplan/undo", revision=revision(page))).place == "/dialplan?said=undone"
        assert await now(running) == HOUSE


async def test_what_an_admin_typed_stays_when_another_was_first(tmp_path: Path) -> None:
    async with owned(tmp_path, HOUSE) as (running, pavel):
        page = await pavel.get(f"{FLOW}?step=sales")
        await running.services.dialplan_drafts.change(ADMIN, "main", 1, lambda plan: edits.remove_step(plan, "mobile"))
        fields = {
            "queue": "sales",
            "wait_s": "77",
            "priority": "1",
            "title": "Слова",
            "to.otherwise": "",
            "to.after": "",
        }
        refused = await pavel.post(f"{FLOW}/steps/sales?step=sales", revision=revision(page), **fields)
        assert refused.status == 409
        assert refused.says('value="77"')
        assert refused.says("Слова")
        again = await pavel.post(f"{FLOW}/steps/sales?step=sales", revision=revision(refused), **fields)
        assert again.status == 303
        assert [node.title for node in (await now(running)).nodes if node.id == "sales"] == ["Слова"]


async def test_a_fault_is_said_at_its_step_and_in_the_list_of_numbers(tmp_path: Path) -> None:
    broken = replace(HOUSE, queues=(), people=(Person(extension="103", name="Клара", devices=()),))
    async with owned(tmp_path, broken) as (_, pavel):
        assert (await pavel.get("/dialplan")).says("3 faults")
        shown = await pavel.get(f"{FLOW}?step=sales")
        assert shown.says("which is not there. Choose another.")
        assert shown.text.count('class="card error') == 3


async def test_queues_routes_and_the_rest_are_lists_with_one_open(tmp_path: Path) -> None:
    async with owned(tmp_path, HOUSE) as (running, pavel):
        for part in ("queues", "groups", "boxes", "music", "trunks", "routes"):
            assert (await pavel.get(f"/dialplan/{part}")).status == 200
            page = await pavel.get(f"/dialplan/{part}?open=%2B")
            names = re.findall(r'<(?:input|select)[^>]* name="([a-z_]+)"', page.text)
            numbers = dict.fromkeys(
                ("ring_s", "retry_s", "wrapup_s", "weight", "limit", "level_s", "say_every_s"), "20"
            )
            numbers |= dict.fromkeys(("place_every_s", "digits", "strip", "longest_min"), "0") | {"port": "5060"}
            fields = {
                "name": "new",
                "number": "650",
                "strategy": "linear",
                "music": "default",
                "title": "Новое",
                "penalty_after": "30",
                "penalty_most": "5",
            } | numbers
            sent = {name: fields.get(name, "") for name in names if name not in ("csrf", "q")}
            sent |= {"revision": revision(page), "title": "Новое"}
            assert (await pavel.post(f"/dialplan/{part}?open=%2B", **sent)).place.endswith("said=added")
            assert (await pavel.get(f"/dialplan/{part}")).says("Новое")
        plan = await now(running)
        assert plan.queues[1] == Queue(
            name="new", title="Новое", number="650", strategy="linear", ring_s=20, retry_s=20, wrapup_s=20, limit=20,
            level_s=20, say_every_s=20, weight=20, join_empty=False, penalties=(Penalty(after_s=30, most=5),),
        )  # fmt: skip
        lists = ("routes", "groups", "boxes", "trunks", "music")
        assert [len(getattr(plan, one)) - len(getattr(HOUSE, one)) for one in lists] == [1] * 5
        page = await pavel.get("/dialplan/queues?open=sales")
        assert page.says("It is used by: sales, Offer of a call-back")
        refused = await pavel.post("/dialplan/queues/delete?open=sales", revision=revision(page))
        assert refused.says("It is used by: sales, Offer of a call-back. Lead them elsewhere first.")
        assert (await pavel.post("/dialplan/queues/delete?open=new", revision=revision(page))).status == 303
        page = await pavel.get("/dialplan/office")
        codes = {name: "" for name in re.findall(r' name="([a-z_]+)" value="', page.text)} | {"pickup": "*7"}
        park = {"parking.number": "700", "parking.first": "701", "parking.last": "705", "parking.wait_s": "60"}
        codes |= park | {"revision": revision(page), "spies": "110, 111", "announcement": "beep", "refusal": "0"}
        codes.pop("csrf")
        assert (await pavel.post("/dialplan/office", **codes)).status == 303
        plan = await now(running)
        assert (plan.codes.pickup, plan.codes.pick, plan.parking.last, plan.spies) == ("*7", "", 705, ("110", "111"))
        assert (plan.announcement, plan.refusal) == ("beep", "0")
        assert (await pavel.get("/dialplan/office")).says('<option value="0" selected>0</option>')


async def test_hours_have_a_week_and_days_that_are_not_as_others(tmp_path: Path) -> None:
    async with owned(tmp_path, HOUSE) as (running, pavel):
        assert (await pavel.get("/dialplan/hours")).says("Mon-Fri 9-18")
        page = await pavel.get("/dialplan/hours/day?year=2027&day=2027-01-04")
        assert page.says("04.01.2027")
        days = {"day": "2027-01-04", "until": "2027-01-08", "kind": "holiday", "day_title": "Каникулы"}
        assert (await pavel.post("/dialplan/hours/day/days?year=2027", revision=revision(page), **days)).status == 303
        [hours] = (await now(running)).hours
        assert [day.date for day in hours.days] == ["2026-12-31", "2027-01-01", *(f"2027-01-0{n}" for n in range(4, 9))]
        page = await pavel.get("/dialplan/hours/day?day=2027-01-05")
        usual = {"day": "2027-01-05", "kind": "usual"}
        await pavel.post("/dialplan/hours/day/days", revision=revision(page), **usual)
        short = {"day": "2027-01-06", "kind": "open", "begins1": "10:00", "ends1": "15:00"}
        page = await pavel.get("/dialplan/hours/day")
        await pavel.post("/dialplan/hours/day/days", revision=revision(page), **short)
        [hours] = (await now(running)).hours
        assert [day.open for day in hours.days if day.date[5:] in ("01-05", "01-06")] == [("10:00-15:00",)]
        page = await pavel.get("/dialplan/hours/day")
        week = {"title": "Day", "zone": "Europe/Moscow", "begins": "10:00", "ends": "09:00", "days-0": "2"}
        assert (await pavel.post("/dialplan/hours/day", revision=revision(page), **week)).status == 303
        assert (await pavel.get("/dialplan/hours/day")).says("is no time from and until")
        page = await pavel.get("/dialplan/hours/day?year=2026")
        await pavel.post("/dialplan/hours/day/calendar", revision=revision(page), year="2026", shorter="yes")
        [hours] = (await now(running)).hours
        assert {day.title for day in hours.days if day.date in ("2026-12-31", "2026-05-01")} == {
            "Короткий день",
            "Holiday of Spring and Labor",
        }
        unknown = await pavel.post("/dialplan/hours/day/calendar", revision=revision(page), year="2099")
        assert (unknown.status, unknown.says("not known here yet")) == (409, True)
        page = await pavel.get("/dialplan/hours")
        made = await pavel.post("/dialplan/hours", revision=revision(page), title="Склад")
        assert made.place == "/dialplan/hours/hours?said=added"
        refused = await pavel.post("/dialplan/hours/day/delete", revision=revision(await pavel.get("/dialplan/hours")))
        assert refused.says("It is used by: Day")


async def test_without_a_pbx_the_page_says_what_to_set(tmp_path: Path) -> None:
    async with panel(tmp_path) as running, Visitor(running, "pavel") as pavel:
        assert (await pavel.get("/dialplan")).says("No PBX is set up")
        assert (await pavel.get("/dialplan/hours")).status == 404


async def test_a_call_is_tried_and_each_step_says_why(tmp_path: Path) -> None:
    async with owned(tmp_path, HOUSE) as (_, pavel), Visitor(pavel.panel, "vera") as vera:
        assert (await vera.get("/dialplan/trace")).says("Nothing is dialled and nothing rings")
        night = await vera.get(f"/dialplan/trace?number={DID}&at=2026-11-29T19:30&zone=Europe/Moscow")
        assert night.says("Voicemail")
        assert night.says("closed")
        day = await vera.get(f"/dialplan/trace?number={DID}&at=2026-11-27T12:00&zone=Europe/Moscow&keys=1")
        for why in (
            "open: 09:00-18:00",
            "the key 1 was pressed",
            "nobody answered in 2 s",
            "the key 1 was not pressed",
        ):
            assert day.says(why), why
        assert day.text.count('class="card passed"') == 5
        assert day.text.count('class=" passed"') == 5  # lines
        there = await vera.get(f"/dialplan/trace?number={DID}&at=2026-11-27T12:00&keys=1&answers=sales")
        assert there.says("somebody answered")
        assert (await vera.get("/dialplan/trace?number=84950000099&at=2026-11-27T12:00")).says("none of our numbers")
        assert (await vera.get(f"/dialplan/trace?number={DID}&at=never")).says("Say when")
        inside = await vera.get("/dialplan/trace?number=78091234567&caller=103&at=2026-11-27T12:00")
        assert inside.says("the route of 7809 refuses all calls")


async def test_every_fault_leads_to_its_place(tmp_path: Path) -> None:
    broken = replace(HOUSE, queues=(Queue(name="sales", ring_s=9000),), sounds=())
    async with owned(tmp_path, broken) as (_, pavel):
        listed = await pavel.get("/dialplan/faults")
        for place in re.findall(r'<a href="(/dialplan[^"]*)">[^<]*[.]</a>', listed.text):
            assert (await pavel.get(unescape(place))).status == 200, place
        assert listed.says("/dialplan/queues?open=sales")
        assert listed.says(f"{FLOW}?step=menu")


async def test_a_call_is_kept_and_said_to_take_another_way(tmp_path: Path) -> None:
    async with owned(tmp_path, HOUSE) as (running, pavel), Visitor(running, "vera") as vera:
        asked = f"/dialplan/trace?number={DID}&at=2026-11-29T19:30&zone=Europe/Moscow"
        assert (await vera.post(asked, title="Sunday")).status == 403
        assert (await pavel.post(asked, title="Sunday")).place == "/dialplan/trace?said=kept#saved"
        assert (await vera.get("/dialplan/trace")).says("as expected")
        await running.services.dialplan_drafts.change(
            ADMIN, "main", 1, lambda plan: edits.link(plan, "when", "closed", "feast")
        )
        assert (await vera.get("/dialplan/trace")).says("takes another way")
        assert (await pavel.post("/dialplan/trace/1/accept")).place.startswith("/dialplan/trace?said=accepted")
        assert (await vera.get("/dialplan/trace")).says("as expected")
        assert (await pavel.post("/dialplan/trace/1/delete")).status == 303
        assert (await pavel.post("/dialplan/trace/1/delete")).says("There is no such saved call.")


async def test_the_review_says_what_differs_and_a_guest_publishes_nothing(tmp_path: Path) -> None:
    async with owned(tmp_path, HOUSE) as (_, pavel), Visitor(pavel.panel, "vera") as vera:
        review = await vera.get("/dialplan/review")
        assert review.says("Nothing was published yet: all of it is new.")
        assert review.says("nothing is published until its dialplan is ours")
        assert review.says("Queue")
        assert (await vera.post("/dialplan/publish", revision="1")).status == 403
        refused = await pavel.post("/dialplan/publish", revision="1")
        assert (refused.status, refused.says("is not ours")) == (409, True)
        assert (await vera.get("/dialplan/history")).says("Nothing was published yet")
        assert (await vera.get("/dialplan/history/7")).status == 404
        assert (await pavel.post("/dialplan/history/7/back")).status == 409


async def test_a_line_and_a_mailbox_are_given_their_passwords_and_tell_them_to_nobody(tmp_path: Path) -> None:
    plan = replace(
        HOUSE,
        trunks=(
            *HOUSE.trunks,
            Trunk(name="carrier", title="Carrier", host="sip.example", username="me", registers=True),
        ),
        boxes=(*HOUSE.boxes, Box(number="790", title="Sales")),
    )
    async with owned(tmp_path, plan) as (running, pavel), Visitor(running, "vera") as vera:
        line = await pavel.get("/dialplan/trunks?open=carrier")
        assert line.says("None is set yet.")
        seal = revision(line)
        said = await pavel.post("/dialplan/trunks?open=carrier", revision=seal, secret="correct-horse")
        assert said.place == "/dialplan/trunks?open=carrier&said=saved"
        again = await pavel.get("/dialplan/trunks?open=carrier")
        assert again.says("One is set")
        assert "correct-horse" not in again.text
        for pin, status in (("12", 409), ("abcd", 409), ("2468", 303)):
            assert (await pavel.post("/dialplan/boxes?open=790", revision=seal, secret=pin)).status == status, pin
        assert (await pavel.post("/dialplan/trunks?open=nobody", revision=seal, secret="x")).status == 409
        assert (await vera.post("/dialplan/trunks?open=carrier", revision=seal, secret="x")).status == 403
        kept = await running.services.dialplan_drafts.secrets("main")
        assert (kept["trunk-carrier"], kept["box-790"]) == ("correct-horse", "2468")
