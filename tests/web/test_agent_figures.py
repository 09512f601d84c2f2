"""The report on people over HTTP: shifts whose figures are known, each number with exactly what is behind it."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select, update

from cti.features.rollups import EVER, Rollups
from cti.storage import calls, duty, role_rights, scores, targets, users
from cti.storage.client_tables import clients
from cti.storage.database import open_database
from cti.storage.disposition_tables import call_dispositions
from cti.storage.rollup_tables import agent_quarters
from tests.made import address, copied
from tests.simulated_shifts import RING_S, Shifts, Truth
from tests.simulated_week import DAYS
from tests.web.panel import ANNA, BORIS, CLARA, Browser, Panel, cast, panel
from tests.web.visitor import Visitor

PERIOD = f"since={DAYS[0]}&until={DAYS[-1]}"
PEOPLE = (ANNA, BORIS, CLARA)
COUNTS = ("answered", "placed", "missed", "transferred", "sessions")
TIMES = ("session", "ready", "pause", "talk", "hold", "wrap")


SHIFTS = Shifts(ZoneInfo("Europe/Moscow"), DAYS, PEOPLE)


@pytest.fixture
def shifts() -> Shifts:
    return SHIFTS


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    copied(worked, tmp_path)
    async with panel(tmp_path, filled=True) as running:
        yield running


async def worked(folder: Path) -> None:
    """The cast after a week's work, counted."""
    await cast(folder)
    db = await open_database(address(folder))
    async with db.write() as conn:
        rows = [
            {"id": n, "name": f"C{n}", "name_folded": f"c{n}", "search": "", "created_at": 1.0, "updated_at": 1.0}
            for n in range(1, 30)
        ]
        await conn.execute(insert(clients), rows)
        for user, line in SHIFTS.lines:
            await duty.append(conn, user, line, None)
        for record, user, client in SHIFTS.records:
            number = record.caller.number
            await calls.save(
                conn, record, number=f"+7{number}", client_id=client, user_id=user,
                legs_users={leg.leg_id: user for leg in record.legs},
            )  # fmt: skip
        said = [{"call_id": call, "user_id": user, "name": name, "at": at} for call, user, name, at in SHIFTS.outcomes]
        await conn.execute(insert(call_dispositions), said)
    rollups = Rollups(db=db, clock=time.time)
    while (await rollups.fresh_agents(*EVER)).left:  # as the page says: it grows for a moment
        continue
    await db.close()


@pytest.fixture
async def vera(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "vera") as one:
        yield one


def same(line: dict, truth: Truth) -> None:  # type: ignore[type-arg]
    counts = line["counts"]
    assert {name: counts[name] for name in COUNTS} == {name: truth.counts[name] for name in COUNTS}
    assert {name: counts[f"{name}_ms"] for name in TIMES} == {name: truth.spent[name] * 1000 for name in TIMES}
    assert line["pauses"] == {reason: length * 1000 for reason, length in truth.pauses.items()}
    assert line["difference_ms"] == 0
    assert counts["ring_ms"] == 1000 * RING_S * sum(truth.counts[name] for name in ("answered", "placed", "missed"))
    worked = truth.spent["talk"] + truth.spent["hold"] + truth.spent["wrap"]
    assert line["figures"]["occupancy"] == pytest.approx(worked / (worked + truth.spent["ready"]))
    talks = truth.counts["answered"] + truth.counts["placed"]
    assert line["figures"]["agent-handling"] == pytest.approx(worked / talks)


async def test_every_figure_of_people_is_what_it_was_made_of(vera: Browser, shifts: Shifts) -> None:
    status, found = await vera.ask("GET", f"/reports/agents?{PERIOD}")
    assert (status, found["left"], [line["user_id"] for line in found["lines"]]) == (200, 0, list(PEOPLE))
    for line in found["lines"]:
        same(line, shifts.whole(line["user_id"]))
        assert tuple(line["first_call"][:2]) == shifts.helped(line["user_id"])
    same(found["total"], shifts.whole())
    assert found["total"]["first_call"] == [*shifts.helped(), 0] or found["total"]["first_call"][2] > 0
    _, by_day = await vera.ask("GET", f"/reports/agents?{PERIOD}&rows=time&user={ANNA}")
    for day, line in zip(DAYS, by_day["lines"], strict=True):  # her shifts go on over midnight
        own = shifts.truth[ANNA, day]
        assert {name: line["counts"][f"{name}_ms"] for name in TIMES} == {n: own.spent[n] * 1000 for n in TIMES}
        assert {name: line["counts"][name] for name in COUNTS} == {name: own.counts[name] for name in COUNTS}
    for step in ("quarter", "hour", "week", "month"):
        _, found = await vera.ask("GET", f"/reports/agents?{PERIOD}&rows=time&step={step}")
        for name in ("ready", "talk", "hold", "session"):
            assert sum(one["counts"][f"{name}_ms"] for one in found["lines"]) == shifts.whole().spent[name] * 1000
        assert tuple(sum(one["first_call"][place] for one in found["lines"]) for place in (0, 1)) == shifts.helped()


async def test_every_number_opens_exactly_what_is_behind_it(desk: Panel, vera: Browser, shifts: Shifts) -> None:
    _, report = await vera.ask("GET", f"/reports/agents?{PERIOD}")
    asked = 0
    for line in report["lines"]:
        where = f"user={line['user_id']}&since={line['since']}&until={line['until']}"
        for what in ("answered", "placed", "missed", "transferred"):
            seen: list[str] = []
            cursor = ""
            while True:
                _, page = await vera.ask("GET", f"/reports/agents/calls?{where}&what={what}&limit=7&cursor={cursor}")
                assert cursor or page["total"] == line["counts"][what]
                seen += [row["call"]["id"] for row in page["rows"]]
                if not (cursor := page["next_cursor"] or ""):
                    break
            assert len(seen) == len(set(seen)) == line["counts"][what]
            asked += 1
        helped, whole, _ = line["first_call"]
        rang = sum(line["counts"][what] for what in ("answered", "placed", "missed"))
        for what, n in (("at-once", helped), ("again", whole - helped), ("ring", rang)):
            _, page = await vera.ask("GET", f"/reports/agents/calls?{where}&what={what}&limit=200")
            assert (page["total"], len(page["rows"])) == (n, n)
        assert sum(row["ring_s"] for row in page["rows"]) * 1000 == line["counts"]["ring_ms"]
        for what in (*TIMES, "ignored", "outside", "twice"):
            _, rows = await vera.ask("GET", f"/reports/agents/lines?{where}&what={what}")
            assert sum(row["counts_ms"] for row in rows) == line["counts"][f"{what}_ms"], what
        _, rows = await vera.ask("GET", f"/reports/agents/lines?{where}&what=log-ins")
        assert len(rows) == line["counts"]["sessions"]
        for reason, length in line["pauses"].items():
            _, rows = await vera.ask("GET", f"/reports/agents/lines?{where}&what=pause&reason={reason}")
            assert sum(row["counts_ms"] for row in rows) == length
    assert asked == 12
    async with Visitor(desk, "vera") as visitor:
        page = await visitor.get(f"/reports/agents?{PERIOD}&compare=1")
        assert page.status == 200
        links = re.findall(r'<a href="(/reports/agents/(?:calls|lines)\?[^"]+)">([\d: ]+)</a>', unescape(page.text))
        assert len(links) > 40
        for address, text in links[:12]:
            opened = await visitor.get(address)
            assert opened.status == 200
            if "/calls?" in address and text.isdigit():
                assert opened.text.count('<a href="/calls/') == int(text)
        assert "difference 0" in (plain := re.sub(r"<[^>]+>", "", page.text)) or "разница 0" in plain


async def test_own_figures_are_ones_own(desk: Panel, shifts: Shifts) -> None:
    async with Browser(desk, "anna") as anna:
        assert (await anna.ask("GET", f"/reports/agents?{PERIOD}"))[0] == 403
        _, found = await anna.ask("GET", f"/reports/own?{PERIOD}&rows=people")
        assert [line["user_id"] for line in found["lines"]] == [ANNA]
        same(found["total"], shifts.whole(ANNA))
    async with Visitor(desk, "anna") as visitor:
        assert "/reports/own" in (await visitor.get("/profile")).text
        assert (await visitor.get(f"/reports/own?{PERIOD}&user={BORIS}")).status == 200
        calls_ = await visitor.get(f"/reports/own/calls?what=answered&since=0&until=9999999000&user={BORIS}")
        assert f"/calls/{BORIS}-" not in calls_.text
        assert f"/calls/{ANNA}-" in calls_.text
        assert (await visitor.get(f"/reports/own/lines?what=pause&since=0&until=900&user={BORIS}")).status == 200


async def test_marks_of_clients_stand_beside_the_figures_and_open_their_calls(desk: Panel, shifts: Shifts) -> None:
    of = {user: record for record, user, _ in shifts.records}
    async with desk.services.db.write() as conn:
        for user, mark in ((ANNA, 5), (BORIS, 2)):
            await scores.put(conn, of[user].call, mark, of[user].started + 60)
    async with Visitor(desk, "vera") as boss, Visitor(desk, "anna") as anna:
        shown = await boss.get(f"/reports/agents?{PERIOD}")
        for user, mark in ((ANNA, 5), (BORIS, 2)):
            opens = f"/quality/marks?{PERIOD}&agent={user}"
            assert f'{opens}">1</a></td><td class="right num">{mark}</td>' in unescape(shown.text)
            assert f"/calls/{of[user].call}" in (await boss.get(opens)).text
        own = unescape((await anna.get(f"/reports/own?{PERIOD}")).text)
        assert (f'agent={ANNA}"' in own, f'agent={BORIS}"' in own) == (True, False)


async def test_of_whom_and_what_cannot_be_asked(desk: Panel, vera: Browser) -> None:
    async with desk.services.db.write() as conn:
        await role_rights.keep(conn, "supervisor", {"figures.read": "team"})
    async with Browser(desk, "vera") as one:
        _, found = await one.ask("GET", f"/reports/agents?{PERIOD}")
        assert [line["user_id"] for line in found["lines"]] == [ANNA, BORIS]
        _, page = await one.ask("GET", f"/reports/agents/calls?what=answered&user={CLARA}")
        assert page["total"] == 0
        status, _ = await one.ask("GET", f"/reports/agents/lines?what=ready&user={CLARA}&since=0&until=900")
        assert status == 409
        status, said = await one.ask("GET", f"/reports/agents/lines?what=ready&user={ANNA}&since=0&until=1999999800")
        assert (status, "100" in said["detail"]) == (409, True)
        status, found = await one.ask("GET", "/reports/agents?since=2016-10-01&until=2026-10-31&rows=time&step=month")
        assert (status, found["total"]["counts"]["answered"] > 0) == (200, True)


async def test_outcomes_are_those_that_were_said(desk: Panel, shifts: Shifts) -> None:
    wanted: dict[tuple[str, int], int] = {}
    for _, user, name, _ in shifts.outcomes:
        wanted[name, user] = wanted.get((name, user), 0) + 1
    async with Visitor(desk, "vera") as visitor:
        page = await visitor.get(f"/reports/outcomes?{PERIOD}")
        plain = unescape(page.text)
        for (name, user), n in wanted.items():
            [(address, text)] = re.findall(
                rf'<a href="(/reports/agents/calls\?[^"]*outcome={name}[^"]*user={user})">(\d+)</a>', plain
            )
            opened = await visitor.get(address)
            assert (int(text), opened.text.count(f"<td>{name}</td>")) == (n, min(n, 50))
        by_queue = await visitor.get(f"/reports/outcomes?{PERIOD}&by=queues")
        for address, text in re.findall(
            r'<a href="(/reports/agents/calls\?[^"]*queue=[^"]*)">(\d+)</a>', unescape(by_queue.text)
        )[:3]:
            opened = await visitor.get(address)
            assert opened.text.count('<a href="/calls/') == min(int(text), 50)
        file = await visitor.get(f"/reports/outcomes/file.csv?{PERIOD}")
        assert str(len(shifts.outcomes)) in file.text
        rows = list(
            csv.reader(io.StringIO((await visitor.get(f"/reports/agents/file.csv?{PERIOD}")).text), delimiter=";")
        )
        assert any(row[:2] == ["Anna", str(shifts.whole(ANNA).counts["sessions"])] for row in rows)


async def test_conversations_are_those_with_an_outcome_and_those_without(desk: Panel, shifts: Shifts) -> None:
    talks = shifts.whole().counts["answered"] + shifts.whole().counts["placed"]
    told = len(shifts.outcomes)
    async with Visitor(desk, "vera") as visitor:
        [line] = re.findall(r'id="reconciled">(.*?)</p>', (await visitor.get(f"/reports/outcomes?{PERIOD}")).text)
        assert [int(n) for n in re.findall(r">(\d+)</a>", line)] == [talks, told, talks - told]
        assert re.sub(r"<[^>]+>", "", line).endswith("0")
        for address, n in zip(re.findall(r'href="([^"]+)"', unescape(line)), (talks, told, talks - told), strict=True):
            [said] = re.findall(r'role="status">([\d\s]+)', (await visitor.get(address)).text)
            assert int(said) == n
        async with desk.services.db.write() as conn:  # what is counted and what is written are not the same source
            lost = select(func.sum(agent_quarters.c.answered)).where(agent_quarters.c.user_id == ANNA)
            n = (await conn.execute(lost)).scalar_one()
            await conn.execute(update(agent_quarters).where(agent_quarters.c.user_id == ANNA).values(answered=0))
        page = (await visitor.get(f"/reports/outcomes?{PERIOD}")).text
        assert re.search(rf'what=talks&amp;[^"]*user={ANNA}">Anna -{n}</a>', page)


async def test_a_target_holds_from_the_next_quarter_on_and_changes_nothing_before(desk: Panel, vera: Browser) -> None:
    now = desk.services.clock()
    async with Visitor(desk, "vera") as visitor:
        assert (await visitor.get("/reports/targets")).status == 200
        bad = await visitor.post("/reports/targets", figure="occupancy", whose="", value="120")
        assert bad.status == 409
        assert (await visitor.post("/reports/targets", figure="patience", whose="", value="1")).status == 409
        said = await visitor.post("/reports/targets", figure="occupancy", whose="", value="75,5")
        assert said.place == "/reports/targets?said=saved"
        assert "75.5" in (await visitor.get("/reports/targets")).text
        assert 'class="held' not in (await visitor.get(f"/reports/agents?{PERIOD}")).text
    async with desk.services.db.read() as conn:
        [(since, value)] = (await targets.history(conn))["occupancy", ""]
    assert (value, since % 900, since > now) == (0.755, 0, True)
    async with desk.services.db.write() as conn:  # as it was long before the period
        await targets.keep(conn, "service-level", "", 0.8, 1000.0, ANNA)
        await targets.keep(conn, "occupancy", "", 0.01, 1000.0, ANNA)
    async with Visitor(desk, "vera") as visitor:
        page = (await visitor.get(f"/reports/agents?{PERIOD}")).text
        assert '<small class="held talk">' in page
    async with Visitor(desk, "anna") as anna:
        assert (await anna.post("/reports/targets", figure="occupancy", whose="", value="1")).status == 403
        assert '<small class="held talk">' in (await anna.get(f"/reports/own?{PERIOD}")).text


async def test_two_periods_and_two_teams_are_held_against_each_other(
    desk: Panel, vera: Browser, shifts: Shifts
) -> None:
    first, last = DAYS[0], DAYS[3]
    _, found = await vera.ask("GET", f"/reports/agents?{PERIOD}&compare=days&since2={first}&until2={last}")
    wanted = sum((shifts.truth[user, day].counts["answered"] for user in PEOPLE for day in DAYS[:4]), 0)
    assert found["other"]["counts"]["answered"] == wanted
    async with desk.services.db.read() as conn:
        support = await users.team_id(conn, "Support")
    _, found = await vera.ask("GET", f"/reports/agents?{PERIOD}&compare=team&team2={support}")
    same(found["other"], shifts.whole(CLARA))
    async with Visitor(desk, "vera") as visitor:
        page = (await visitor.get(f"/reports/agents?{PERIOD}&compare=team&team2={support}")).text
        assert "▲" in page or "▼" in page
    _, found = await vera.ask("GET", f"/reports/queues?{PERIOD}&compare=year")
    assert found["earlier"]["counts"]["entered"] == 0
