"""The reports that are tables: sums of a known week, each number opening exactly what it counts, files, rights."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, insert, select, update

from cti.features import rollups
from cti.reports.intervals import period
from cti.storage import report_limits, role_rights
from cti.storage.mail_tables import conversations, letters, mailboxes
from cti.storage.rollup_tables import queue_marks
from cti.storage.sms_tables import sms
from cti.storage.tables import calls as calls_table
from tests.simulated_week import DAYS, Week
from tests.web.panel import ANNA, Browser, Panel, panel
from tests.web.visitor import Visitor
from web.pages.report_tables import REPORTS
from web.render import duration

ZONE = ZoneInfo("Europe/Moscow")
PERIOD = f"since={DAYS[0]}&until={DAYS[-1]}"
NUMBER = re.compile(r'<a href="(/reports/[^"]+)">([^<]+)</a>')
TOTAL = re.compile(r'role="status">([\d\s]+)')


@pytest.fixture(scope="module")
def week() -> Week:
    return Week(ZONE)


@pytest.fixture
async def desk(tmp_path: Path, week: Week) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        await week.keep(running.services.database, ANNA)
        yield running


@pytest.fixture
async def vera(desk: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(desk, "vera") as one:
        yield one


def table(text: str) -> list[list[str]]:
    [rows] = re.findall(r'id="report">(.*?)</table>', text, re.S)
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", rows, re.S)
    ]


def balance(text: str) -> list[int]:
    """Whole and parts of the line that reconciles the report, whose difference is 0."""
    [line] = re.findall(r'id="reconciled">(.*?)</p>', text)
    numbers = [int(one) for one in re.findall(r"\d+", re.sub(r"<[^>]+>", "", line).replace("\u00a0", ""))]
    assert numbers.pop() == 0
    return numbers


async def each_opens_its_rows(vera: Visitor, text: str, most: int = 25) -> int:
    """Every count of the page leads to a list that says the same number; how many were looked at."""
    seen = 0
    for href, said in dict(NUMBER.findall(unescape(text))).items():
        plain = said.replace("\u00a0", "")
        if not plain.isdigit() or seen >= most:
            continue
        behind = await vera.get(href)
        assert behind.status == 200, (href, behind.text[-3000:])
        [total] = TOTAL.findall(behind.text)
        assert (behind.status, int(re.sub(r"\s", "", total))) == (200, int(plain)), href
        seen += 1
    return seen


async def test_the_heat_map_adds_up_to_the_week(vera: Visitor, week: Week) -> None:
    page = await vera.get(f"/reports/hours?{PERIOD}")
    rows = table(page.text)
    assert (page.status, len(rows), len(rows[0])) == (200, 9, 26)
    whole = len(week.records)
    assert int(rows[-1][-1]) == whole == sum(int(row[-1]) for row in rows[1:-1])
    shown = {(day, hour): int(rows[1 + day][1 + hour] or 0) for day in range(7) for hour in range(24)}
    assert {cell: number for cell, number in shown.items() if number} == week.cells
    assert await each_opens_its_rows(vera, page.text) > 10
    level = await vera.get(f"/reports/hours?{PERIOD}&measure=service-level")
    said = f"{(week.whole().figures()['service-level'] or 0) * 100:.1f} %"
    assert table(level.text)[-1][-1].replace(",", ".") == said
    assert level.says("Answered within 20 s")
    assert (await vera.get("/reports/hours?since=2020-01-01&until=2026-01-01")).status == 409
    long = await vera.get("/reports/queues/calls?what=entered&since=1577836800&until=1767225600&weekday=1")
    assert (long.status, long.says("Choose at most two years.")) == (409, True)


async def test_what_takes_too_long_to_count_says_what_to_choose(vera: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_limits, "MOST_S", 0.0)
    for report in ("numbers", "outcomes"):
        page = await vera.get(f"/reports/{report}?{PERIOD}")
        assert (page.status, page.says("choose a shorter period")) == (409, True)
        assert not page.says("Nobody said what came of a call")
        assert (await vera.get(f"/reports/{report}/file.csv?{PERIOD}")).status == 409


async def test_numbers_that_were_called_add_up(desk: Panel, vera: Visitor, week: Week) -> None:
    page = await vera.get(f"/reports/numbers?{PERIOD}")
    rows = table(page.text)
    assert int(rows[-1][1]) == len(week.records) == sum(int(row[1]) for row in rows[1:-1])
    assert all(int(row[1]) == sum(int(cell) for cell in row[2:6]) for row in rows[1:])
    for row in rows[1:-1]:
        number = re.sub(r"\D", "", row[0])
        ends = ("answered", "abandoned", "others")
        assert [int(cell) for cell in row[2:5]] == [week.numbers[number, how] for how in ends]
    assert await each_opens_its_rows(vera, page.text) >= 3
    assert page.says("Answered within 20 s")
    levels = re.findall(r'href="([^"]+what=late[^"]+)">([\d.]+) %<', page.text)
    assert len(levels) == len([row for row in rows[1:-1] if row[-1] not in ("", "–")]) > 0
    for link, level in levels:
        pages = [(await vera.get(html.unescape(link).replace("late", what))).text for what in ("late", "in-t")]
        late, timely = (int(one[1]) for page in pages if (one := re.search(r"(\d+) calls?", page)))
        assert (f"{timely / (late + timely) * 100:.1f}", late > 0) == (level, 'href="/calls/' in pages[0])


async def test_reach_time_counts_a_client_once(desk: Panel, vera: Visitor, week: Week) -> None:
    page = await vera.get(f"/reports/reached?{PERIOD}&within=86400")
    rows = table(page.text)
    assert int(rows[-1][1]) == sum(int(cell) for cell in rows[-1][2:5]) > 0
    after = [one for one in week.reached() if one is not None]
    assert [int(cell) for cell in rows[-1][1:5]] == [
        len(week.reached()),
        len(after),
        len(week.reached()) - len(after),
        0,
    ]
    in_time = sum(one <= 86_400 for one in after) / len(week.reached())
    assert rows[-1][5].replace(",", ".") == f"{in_time * 100:.1f} %"
    assert rows[-1][6] == duration(median(after))
    assert await each_opens_its_rows(vera, page.text) >= 3
    assert (await vera.get(f"/reports/reached?{PERIOD}&by=owner")).status == 200
    vain = sum(balance(page.text)[1:])
    assert balance(page.text)[0] == vain > 0
    async with desk.services.db.write() as conn:  # all of them are one, and nobody picks up when he is called back
        own = calls_table.c.answered_at.is_(None)
        await conn.execute(update(calls_table).where(own).values(number="+79355550177"))
        tried = {"id": "tried", "direction": "outbound", "number": "+79355550177", "outcome": "no-answer"}
        at = select(func.max(calls_table.c.started_at)).scalar_subquery()
        await conn.execute(insert(calls_table).values(started_at=at, **tried))
    page = await vera.get(f"/reports/reached?{PERIOD}")
    assert table(page.text)[-1][1:5] == ["1", "0", "1", "0"]
    assert table(page.text)[-1][-1] == str(vain - 1)
    assert balance(page.text) == [vain, 0, 1, 0, vain - 1]
    assert await each_opens_its_rows(vera, page.text) >= 3


async def test_answers_of_letters_and_sms(desk: Panel, vera: Visitor) -> None:
    now = desk.services.clock()
    server = {"imap_host": "x", "imap_port": 1, "smtp_host": "x", "smtp_port": 1, "login": "x"}
    async with desk.services.db.write() as conn:
        box = {"name": "Info", "address": "info@firm.example", "kind": "shared", "reply_target_s": 60, **server}
        await conn.execute(insert(mailboxes).values(id=1, created_at=now, **box))
        await conn.execute(insert(conversations).values(id=1, mailbox_id=1, state_at=now, last_at=now))
        for id_, way, at in ((1, "in", now - 900), (2, "in", now - 800), (3, "out", now - 600), (4, "in", now - 300)):
            row = {"direction": way, "sent_at": at, "received_at": at, "size": 1, "conversation_id": 1}
            user = ANNA if way == "out" else None
            await conn.execute(
                insert(letters).values(id=id_, message_id=f"m{id_}", sha256=f"{id_}", user_id=user, **row)
            )
        for key, way, at in (("a", "in", now - 500), ("b", "out", now - 100)):
            row = {"key": key, "direction": way, "state": "received", "number": "+79355550101", "text": "?"}
            await conn.execute(insert(sms).values(created_at=at, user_id=ANNA, sender="firm", **row))
    async with Browser(desk, "vera") as program:
        _, report = await program.ask("GET", "/reports/answers")
        assert [one["value"] for one in report["tables"][0]["total"]][1:4] == [3, 2, 1]
        _, behind = await program.ask("GET", "/reports/answers/items?kind=answered&limit=1&start=1")
        assert (behind["total"], [one["channel"] for one in behind["rows"]]) == (2, ["email"])
    page = await vera.get("/reports/answers")
    assert [row[:4] for row in table(page.text)[1:]] == [
        ["firm", "1", "1", "0"],
        ["Info", "2", "1", "1"],
        [table(page.text)[-1][0], "3", "2", "1"],
    ]
    assert balance(page.text) == [4, 2, 1, 1]  # a letter was added before the answer
    assert await each_opens_its_rows(vera, page.text) >= 3
    assert len(table((await vera.get("/reports/answers?by=user&channel=email")).text)) == 4


async def test_programs_get_the_same_numbers_and_the_same_behind_them(desk: Panel, vera: Visitor) -> None:
    async with Browser(desk, "vera") as program, Browser(desk, "anna") as anna:
        while (await program.ask("GET", f"/reports/queues?{PERIOD}"))[1]["left"]:
            pass  # still being counted
        for key in ("hours", "numbers", "reached"):
            status, report = await program.ask("GET", f"/reports/{key}?{PERIOD}")
            [first, *_] = report["tables"]
            assert (status, report["counting"], report["balance"]["difference"]["value"]) == (200, "", 0)
            heads = table((await vera.get(f"/reports/{key}?{PERIOD}")).text)[0]
            assert all(head.startswith(one["name"]) for head, one in zip(heads, first["columns"], strict=True))
            cells = [
                one for row in (*first["rows"][-3:], first["total"]) for one in row if isinstance(one["value"], int)
            ]
            opened = [one for one in cells if one["opens"]][:12]
            assert len(opened) >= 3
            for one in opened:
                status, behind = await program.ask("GET", one["opens"].removeprefix("/api/v1"))
                assert (status, behind["total"]) == (200, one["value"]), one["opens"]
            assert (await anna.ask("GET", f"/reports/{key}"))[0] == 403
        _, numbers = await program.ask("GET", f"/reports/numbers?{PERIOD}")
        assert re.fullmatch(r"\+7 495 \d{3}-\d\d-\d\d", numbers["tables"][0]["rows"][0][0]["value"])
        for wrong in ("hours?measure=x", "reached?within=7", "answers?by=x", "answers/items?kind=x", "numbers?since=x"):
            assert (await program.ask("GET", f"/reports/{wrong}"))[0] == 422, wrong
        long = "/reports/queues/calls?what=entered&since=0&weekday=1"
        assert (await program.ask("GET", long))[0] == 409


async def test_every_table_is_a_file_and_needs_its_right(desk: Panel, vera: Visitor) -> None:
    for key in REPORTS:
        assert (await vera.get(f"/reports/{key}?{PERIOD}")).status == 200
        for kind, begins in (("xlsx", b"PK"), ("pdf", b"%PDF-")):
            async with vera.http.get(f"{desk.url}/reports/{key}/file.{kind}?{PERIOD}") as file:
                assert (await file.read()).startswith(begins), key
    async with Visitor(desk, "anna") as anna:
        assert {(await anna.get(f"/reports/{key}")).status for key in REPORTS} == {403}
    async with desk.services.db.write() as conn:
        await role_rights.keep(conn, "supervisor", {"figures.read": "team"})
    for key in ("hours", "numbers", "reached"):  # nobody of her team works in a queue
        assert 'id="report"' not in (await vera.get(f"/reports/{key}?{PERIOD}")).text


async def test_what_is_not_counted_yet_is_said_on_pages_in_files_and_to_programs(
    desk: Panel, vera: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "FRESH_S", 0.0)
    before = f"since={DAYS[-1]}&until={DAYS[-1]}&compare=1"  # only the day before it is not counted
    asked = {key: PERIOD for key in ("queues", "agents", "outcomes", "hours", "numbers")} | {"why": f"day={DAYS[0]}"}
    for key, query in asked.items():
        page, file = await vera.get(f"/reports/{key}?{query}"), await vera.get(f"/reports/{key}/file.csv?{query}")
        assert (page.status, file.status) == (200, 200), key
        assert page.says("still being counted"), key
        assert file.says("still being counted"), key
    async with Browser(desk, "vera") as program:
        for key, query in asked.items():
            if key != "outcomes":
                _, report = await program.ask("GET", f"/reports/{key}?{query}")
                assert report["counting"] if "counting" in report else report["left"], key
        async with desk.services.db.write() as conn:
            await conn.execute(delete(queue_marks).where(queue_marks.c.until >= period(DAYS[-1], DAYS[-1], ZONE)[0]))
        assert (await program.ask("GET", f"/reports/queues?{before}"))[1]["left"] > 0
