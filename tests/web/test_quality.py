"""Scores of conversations: by forms and their versions, drafts, disputes, draws, blind calibration, coaching, marks."""

from __future__ import annotations

import html
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from cti.access import Person
from cti.errors import NotAllowed, Refused
from cti.features.low_marks import LowMarks
from cti.reports.quality import Criterion
from cti.storage import calls, review_plans, reviews, score_forms, scores, sessions, tasks, users
from cti.storage.review_plans import ReviewPlan
from cti.telephony.events import CallRecord, LegRecord, Party, Scored
from tests.web.panel import ANNA, BORIS, CLARA, VERA, Browser, Panel, panel
from tests.web.visitor import Visitor

CRITERIA = (
    Criterion(id=0, text="Поздоровался", section="Начало", weight=1),
    Criterion(id=-1, text="Выяснил, что нужно", kind="scale", top=5, weight=3),
    Criterion(id=-2, text="Не грубил", weight=6, critical=True),
)
GOOD = {"1": 1, "2": 4, "3": 1}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        yield made


async def talked(desk: Panel, call: str, user_id: int = ANNA, *, seconds: float = 120.0, queue: str = "sales") -> str:
    """A conversation that is over, of today."""
    began = time.time() - 600
    leg = LegRecord(leg="PJSIP/101-1", leg_id=f"leg-{call}", device="PJSIP/101", rang=began, answered=began + 5)
    record = CallRecord(
        call=call, direction="inbound", caller=Party(number="79355550101"), called="74950000001", queue=queue,
        started=began, answered=began + 5, ended=began + 5 + seconds, outcome="answered", legs=(leg,),
    )  # fmt: skip
    async with desk.services.db.write() as conn:
        legs = {leg.leg_id: user_id}
        await calls.save(conn, record, number="+79355550101", client_id=None, user_id=user_id, legs_users=legs)
    return call


async def who(desk: Panel, user_id: int) -> Person:
    async with desk.services.db.read() as conn:
        found = await users.by_id(conn, user_id)
    assert found is not None
    return found.person


async def form_of(desk: Panel, queue: str | None = None) -> int:
    return await desk.services.quality.add_form(await who(desk, VERA), "Продажи", queue, CRITERIA)


async def test_a_score_is_kept_as_typed_given_answered_and_settled(running: Panel) -> None:
    form, call = await form_of(running), await talked(running, "call-1")
    body: dict[str, Any] = {"form_id": form, "answers": {"1": 1, "2": 4}}
    body["comments"] = [{"text": "Перебил клиента", "at": 61.5, "criterion": 2}]
    async with Browser(running, "vera") as vera, Browser(running, "anna") as anna, Visitor(running, "anna") as her:
        assert (await anna.ask("PUT", f"/calls/{call}/review", body))[0] == 403
        status, told = await vera.ask("PUT", f"/calls/{call}/review", body)
        assert (status, told) == (200, {"percent": 85.0, "failed": False, "left": [3]})
        assert (await vera.ask("POST", f"/calls/{call}/review"))[0] == 409, "a criterion is left"
        assert (await anna.ask("GET", f"/calls/{call}/reviews"))[1] == [], "a draft is its writer's alone"
        assert not (await her.get(f"/calls/{call}")).says("Перебил клиента")
        bad = body | {"answers": {"1": 5}}
        assert (await vera.ask("PUT", f"/calls/{call}/review", bad))[0] == 409
        await vera.ask("PUT", f"/calls/{call}/review", body | {"answers": GOOD})
        status, given = await vera.ask("POST", f"/calls/{call}/review")
        assert (status, given["percent"], given["agent_id"]) == (201, 94.0, ANNA)
        assert (await vera.ask("PUT", f"/calls/{call}/review", body))[0] == 409
        assert (await vera.ask("DELETE", f"/calls/{call}/review"))[0] == 200, "taken back"
        assert (await vera.ask("POST", f"/calls/{call}/review"))[0] == 201
        page = await her.get(f"/calls/{call}")
        assert page.says("Перебил клиента")
        assert page.says("94 %")
        assert (await her.get("/quality")).says("Перебил клиента")
        review = f"/reviews/{given['id']}"
        assert (await her.post(f"{review}/reply", reply="", disputed="1", call=call)).status == 409
        assert (await her.post(f"{review}/reply", reply="Он сам просил", disputed="1", call=call)).status == 303
        assert (await vera.ask("DELETE", f"/calls/{call}/review"))[0] == 409, "she has answered"
    async with Visitor(running, "vera") as boss, Visitor(running, "anna") as her:
        assert (await boss.get("/quality?disputed=1")).says("Он сам просил")
        assert (await her.post(f"{review}/settle", verdict="x", call=call)).status == 403
        fields = {"verdict": "Согласны", "change": "1", "call": call, "c-1": "1", "c-2": "5", "c-3": "1"}
        assert (await boss.post(f"{review}/settle", **fields)).status == 303
        assert (await her.get(f"/calls/{call}")).says("Согласны")
        assert not (await boss.get("/quality?disputed=1")).says("Он сам просил")
    async with running.services.db.read() as conn:
        mean = (await reviews.averages(conn, 0, time.time() + 60))[ANNA]
    assert (mean.scored, mean.percent) == (1, 100.0)


async def test_a_form_that_is_changed_rewrites_no_score(running: Panel) -> None:
    form, call = await form_of(running), await talked(running, "call-1")
    other = await talked(running, "call-2", queue="support")
    async with Browser(running, "vera") as vera, Visitor(running, "vera") as boss:
        await vera.ask("PUT", f"/calls/{call}/review", {"form_id": form, "answers": {"1": 0, "2": 0, "3": 1}})
        await vera.ask("POST", f"/calls/{call}/review")
        rows = [("1", "1", "", "Поздоровался по имени", "yes", "5", "50", "1")]
        rows += [("2", "", "", "Новое", "scale", "9", "2", "")]
        names = ("place", "id", "section", "text", "kind", "top", "weight", "critical")
        fields = [("csrf", boss.csrf), ("name", "Продажи 2"), ("queue", "sales")]
        fields += [pair for row in rows for pair in zip(names, row, strict=True)]
        sent = await boss.ask("POST", f"/settings/forms/{form}", data=FormData(fields), headers={"Origin": running.url})
        assert sent.status == 303
        _, known = await vera.ask("GET", "/quality/forms")
        assert [(one["version"], [own["id"] for own in one["criteria"]]) for one in known] == [(2, [1, 4])]
        _, kept = await vera.ask("GET", f"/calls/{call}/reviews")
        assert (kept[0]["percent"], kept[0]["answers"]) == (60.0, {"1": 0, "2": 0, "3": 1})
        assert (await boss.get(f"/calls/{call}")).says("Выяснил, что нужно"), "as it was asked then"
        answer = {"form_id": form, "answers": {}}
        assert (await vera.ask("PUT", f"/calls/{other}/review", answer))[0] == 409, "a form of another queue"
        assert (await boss.post(f"/settings/forms/{form}", name="x")).status == 409, "no criteria"
    async with running.services.db.read() as conn:
        noted = [(one.action, one.object, one.detail) for one in await sessions.notes(conn)]
    assert noted[:2] == [
        ("score-form-change", f"score-form:{form}", "Продажи 2 2"), ("score-form-add", f"score-form:{form}", "Продажи"),
    ]  # fmt: skip


async def test_rights_reach_as_far_as_they_are_set(running: Panel) -> None:
    quality, form = running.services.quality, await form_of(running)
    hers, boris, clara = [await talked(running, f"c{one}", one) for one in (VERA, BORIS, CLARA)]
    vera = await who(running, VERA)
    sales = (await who(running, BORIS)).team_id
    team = replace(vera, changed={"quality.score": "team", "quality.read": "team"}, team_id=sales)
    said: dict[str, Any] = {"form_id": form, "answers": {1: 1, 2: 5, 3: 1}, "comments": []}
    await quality.draft(team, boris, **said)
    given = await quality.give(team, boris)
    for call in (hers, clara):
        with pytest.raises(NotAllowed):
            await quality.draft(team, call, **said)
    with pytest.raises(NotAllowed):
        await quality.draft(vera, hers, **said)
    for user_id, sees in ((BORIS, True), (ANNA, False), (CLARA, False)):
        assert bool(await quality.of_call(await who(running, user_id), boris)) is sees
    with pytest.raises(Refused):
        await quality.reply(await who(running, ANNA), given.id, "x", disputed=True)
    async with Visitor(running, "anna") as anna:
        assert (await anna.get("/quality/work")).status == 403
        assert (await anna.get("/settings/forms")).status == 403
        assert (await anna.get(f"/quality?agent={BORIS}")).status == 200
        assert not (await anna.get(f"/quality?agent={BORIS}")).says(f"/calls/{boris}")


async def test_calls_are_drawn_by_rule_and_never_twice(running: Panel) -> None:
    work, vera = running.services.quality_work, await who(running, VERA)
    for place in range(6):
        await talked(running, f"a{place}", ANNA)
        await talked(running, f"b{place}", BORIS, seconds=120 if place < 2 else 20)
    await talked(running, "other", ANNA, queue="support")
    plan = ReviewPlan(id=0, name="Каждую неделю", each=3, team_id=None, queue="sales", outcome="answered", least_s=60)
    await work.add_plan(vera, plan)
    week = work.this_week()
    assert await work.draw(vera, week) == 5, "three of Anna's, the two of Boris that are long enough"
    assert await work.draw(vera, week) == 0
    found = await work.drawn(vera, week)
    assert sorted(one.agent_id for one in found) == [ANNA] * 3 + [BORIS] * 2
    assert all(one.queue == "sales" and one.talked_s >= 60 for one in found)
    await work.add_plan(vera, replace(plan, name="Ещё", each=50, queue=None, outcome=None, least_s=0))
    assert await work.draw(vera, week) == 8, "all the others, once"
    assert await work.draw(vera, week - timedelta(days=7)) == 0
    async with Visitor(running, "vera") as boss:
        assert (await boss.get("/quality/work")).says("Каждую неделю")
        assert (await boss.post("/quality/work/rules", name="", each="0")).status == 409
    async with running.services.db.read() as conn:
        plans = await review_plans.plans(conn)
    await work.remove_plan(vera, plans[0].id)
    assert len(await work.drawn(vera, week)) == 13
    with pytest.raises(NotAllowed):
        await work.draw(await who(running, ANNA), week)


async def test_a_calibration_is_blind_until_it_is_ended(running: Panel) -> None:
    work, quality, form = running.services.quality_work, running.services.quality, await form_of(running)
    call = await talked(running, "call-1")
    vera, pavel = await who(running, VERA), await who(running, 5)
    with pytest.raises(Refused):
        await work.begin(vera, call, form, [VERA, ANNA])
    made = await work.begin(vera, call, form, [VERA, pavel.id])
    said: dict[str, Any] = {"form_id": form, "comments": [], "calibration_id": made}
    await quality.draft(vera, call, answers={1: 1, 2: 5, 3: 1}, **said)
    await quality.give(vera, call, made)
    await quality.draft(pavel, call, answers={1: 1, 2: 2, 3: 0}, **said)
    await quality.give(pavel, call, made)
    assert [one.by_user_id for one in (await work.calibration(vera, made))[1]] == [VERA]
    assert await quality.of_call(vera, call) == [], "it counts for nobody"
    await work.close(vera, made)
    assert len((await work.calibration(pavel, made))[1]) == 2
    with pytest.raises(Refused):
        await quality.take_back(pavel, call, made)
    async with Visitor(running, "vera") as boss, Visitor(running, "anna") as anna:
        page = await boss.get(f"/quality/calibrations/{made}")
        assert [f'num">{apart}<' in page.text for apart in (0, 60, 100)] == [True] * 3
        assert (await anna.get(f"/quality/calibrations/{made}")).status == 403
        alone = await boss.post("/quality/calibrations", call=call, people=str(VERA))
        assert alone.status == 409
        assert [one in alone.text for one in (f'value="{call}"', f'value="{VERA}" checked')] == [True] * 2
    async with running.services.db.read() as conn:
        assert ANNA not in await reviews.averages(conn, 0, time.time() + 60)


async def test_coaching_notes_are_of_two_unless_shared(running: Panel) -> None:
    work, call = running.services.quality_work, await talked(running, "call-1")
    people = {user_id: await who(running, user_id) for user_id in (VERA, ANNA, BORIS, 5)}
    due = date.today() + timedelta(days=7)  # noqa: DTZ011
    mine = await work.note(people[VERA], ANNA, "Не перебивать", call_id=call, due_on=due)
    await work.note(people[VERA], ANNA, "Молодец", shared=True)
    seen = {user_id: {one.text for one in await work.notes(person)} for user_id, person in people.items()}
    both = {"Не перебивать", "Молодец"}
    assert seen == {VERA: both, ANNA: both, BORIS: set(), 5: {"Молодец"}}
    with pytest.raises(NotAllowed):
        await work.note(people[ANNA], BORIS, "x")
    with pytest.raises(Refused):
        await work.finish(people[ANNA], mine, done=True)
    await work.finish(people[VERA], mine, done=True)
    async with (
        Visitor(running, "anna") as anna, Visitor(running, "vera") as boss, Visitor(running, "boris") as boris,
    ):  # fmt: skip
        assert (await anna.get("/quality/coaching")).says("Не перебивать")
        refused = await boss.post("/quality/coaching", agent=str(ANNA), text=" ", call="call-9", due="2100-01-02")
        assert refused.status == 409
        assert [one in refused.text for one in ('name="call" value="call-9"', 'value="2100-01-02"')] == [True] * 2
        today = {"agent": str(BORIS), "text": "Пора обсудить", "due": "2026-01-12"}
        assert (await boss.post("/quality/coaching", **today)).status == 303
        for person in (boss, boris):
            assert (await person.get("/")).says("Пора обсудить"), "its day has come"
        assert not (await anna.get("/")).says("Пора обсудить")
        assert (await boss.post(f"/quality/coaching/{mine}/delete")).status == 303
        assert not (await anna.get("/quality/coaching")).says("Не перебивать")


async def test_marks_of_clients_are_averaged_and_open_their_calls(running: Panel) -> None:
    now = time.time()
    for place, (mark, user_id) in enumerate(((5, ANNA), (2, ANNA), (4, BORIS))):
        await talked(running, f"m{place}", user_id)
        async with running.services.db.write() as conn:
            await scores.put(conn, f"m{place}", mark, now - 10)
    async with running.services.db.read() as conn:
        means = await reviews.averages(conn, now - 60, now)
        assert await scores.counts(conn, now - 60, now, agent_id=ANNA) == {1: 0, 2: 1, 3: 0, 4: 0, 5: 1}
    assert {id_: (one.marked, one.mark) for id_, one in means.items()} == {ANNA: (2, 3.5), BORIS: (1, 4.0)}
    async with Visitor(running, "vera") as boss, Visitor(running, "anna") as anna:
        low = await boss.get("/quality/marks?low=1")
        assert ("/calls/m1" in low.text, "/calls/m0" in low.text) == (True, False)
        own = await anna.get("/quality/marks")
        assert ("/calls/m0" in own.text, "/calls/m2" in own.text) == (True, False)


async def test_marks_and_scores_are_read_page_by_page(running: Panel) -> None:
    now, many = time.time(), reviews.ROWS + 5
    await form_of(running)
    async with running.services.db.write() as conn:
        version = (await score_forms.every(conn))[0].version_id
        for place in range(many):
            record = CallRecord(
                call=f"p{place}", direction="inbound", caller=Party(number="79355550101"), called="74950000001",
                queue="sales", started=1.0, answered=5.0, ended=60.0, outcome="answered", legs=(),
            )  # fmt: skip
            await calls.save(conn, record, number="+79355550101", client_id=None, user_id=ANNA, legs_users={})
            await scores.put(conn, record.call, place % 2 + 1, now - 10)
            made = await reviews.put(
                conn, record.call, 0, VERA, version_id=version, agent_id=ANNA, answers={1: 1}, comments=[], now=now
            )
            await reviews.change(conn, made, state="given", given_at=now - 10, score=50.0)
    async with Visitor(running, "vera") as boss:
        for start in ("/quality/marks", "/quality/marks?low=1", "/quality"):
            seen, more = [], start
            while more:
                text = (await boss.get(more)).text
                seen += re.findall(r"/calls/(p\d+)", text)
                found = re.search(r'hx-get="([^"]+)"', text.partition('class="next"')[2])
                more = html.unescape(found[1]) if found else ""
            assert (len(seen), len(set(seen))) == (many, many), start
        assert (await boss.get("/quality/marks?cursor=nonsense")).status == 422


async def test_a_low_mark_is_one_task_of_whom_the_panel_names(running: Panel) -> None:
    spool, sent = running.services.spool, ["one", "two", "three"]
    low = LowMarks(spool=spool, login="boris", most=1, clock=time.time)
    for call in sent:
        await talked(running, call)

    async def marked(call: str) -> None:
        low.scored(Scored(call=call, score=2))
        await spool.flush(5.0)

    async with Visitor(running, "vera") as boss, Visitor(running, "anna") as anna:
        await marked("one")  # low is 1 by the settings
        for most, owner, status in (("5", "4", 409), ("0", "4", 409), ("2", "99", 409), ("2", str(VERA), 303)):
            assert (await boss.post("/settings/forms/low", most=most, owner=owner)).status == status
        assert (await anna.post("/settings/forms/low", most="2", owner="1")).status == 403
        await marked("two")
        await marked("two")
        assert (await boss.post("/settings/forms/low", most="2", owner="")).status == 303
        await marked("three")
        page = await boss.get("/settings/forms")
        assert '<option value="2" selected>' in page.text
    async with running.services.db.read() as conn:
        assert [(one.call, one.number) for one in await tasks.open_of_person(conn, VERA)] == [("two", "+79355550101")]
        assert await tasks.open_of_person(conn, BORIS) == []
        noted = [(one.action, one.object, one.detail) for one in await sessions.notes(conn)]
    assert ("low-marks", f"user:{VERA}", "2") in noted


async def test_a_low_mark_is_one_task_of_whom_the_settings_name_until_the_panel_does(running: Panel) -> None:
    call, spool = await talked(running, "low"), running.services.spool
    for login, most in (("", 2), ("nobody", 2), ("Vera", 1), ("Vera", 2), ("vera", 2)):
        low = LowMarks(spool=spool, login=login, most=most, clock=time.time)
        low.scored(Scored(call=call, score=2))
        await spool.flush(5.0)
    async with running.services.db.read() as conn:
        found = await tasks.open_of_person(conn, VERA)
    assert [(one.call, one.number) for one in found] == [(call, "+79355550101")]
    assert "2" in found[0].what
