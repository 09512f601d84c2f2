"""The report on queues over HTTP: a week whose figures are known, each number with exactly its calls."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cti.reports.queue_sums import Thresholds
from cti.storage import queue_calls, role_rights, sessions, thresholds, users
from cti.storage.users import QueueDraft
from tests import simulated_week
from tests.simulated_week import DAYS, QUEUES, Week
from tests.web.panel import ANNA, Browser, Panel, panel
from tests.web.visitor import Visitor

PERIOD = f"since={DAYS[0]}&until={DAYS[-1]}"


@pytest.fixture(scope="module")
def week() -> Week:
    return Week(ZoneInfo("Europe/Moscow"))


@pytest.fixture
async def desk(tmp_path: Path, week: Week) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        await week.keep(running.services.database, ANNA)
        yield running


@pytest.fixture
async def vera(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "vera") as one:
        yield one


async def test_every_figure_of_the_week_is_what_it_was_made_of(vera: Browser, week: Week) -> None:
    for queue in QUEUES:
        status, found = await vera.ask("GET", f"/reports/queues?{PERIOD}&queue={queue}&step=day")
        assert (status, found["left"], found["difference"]) == (200, 0, 0)
        for day, line in zip(DAYS, found["lines"], strict=True):
            _same(line["sums"], week.truth[queue, day])
    for asked in ("step=week", "step=month", "rows=queues", "step=quarter", "step=hour"):
        _, found = await vera.ask("GET", f"/reports/queues?{PERIOD}&{asked}")
        _same(found["total"], week.whole())
        assert found["total"]["counts"]["entered"] == len(week.records)
        assert sum(line["sums"]["counts"]["entered"] for line in found["lines"]) == len(week.records)


async def test_who_talked_in_the_week_did_so_as_long_as_it_says(vera: Browser, week: Week) -> None:
    """All phones are Anna's; calls of the last evening go on over midnight."""
    found: dict[str, Any] = {"left": 1}
    while found["left"]:
        _, found = await vera.ask("GET", f"/reports/agents?since={DAYS[0]}&until={DAYS[-1] + timedelta(days=1)}")
    [counts] = [line["counts"] for line in found["lines"] if line["user_id"] == ANNA]
    truth = week.whole()
    assert counts["answered"] == truth.ends["answered"]
    assert (counts["talk_ms"], counts["hold_ms"]) == (1000 * truth.talked_s, 1000 * truth.held_s)


async def test_why_a_level_was_low_counts_the_calls_of_the_week(vera: Browser, week: Week) -> None:
    for queue in QUEUES:
        for day in (DAYS[0], DAYS[-1]):
            truth = week.truth[queue, day]
            found = {"left": 1}
            while found["left"]:  # as the page says: what is not counted yet
                _, found = await vera.ask("GET", f"/reports/why?queue={queue}&day={day}")
            counted = truth.ends["answered"] + truth.ends["abandoned"] - truth.soon
            assert (found["counted"], found["in_time"]) == (counted, truth.in_time)
            assert sum(half["came"] for half in found["halves"]) == sum(truth.ends.values())


def _same(sums: dict, truth: simulated_week.Truth) -> None:  # type: ignore[type-arg]
    counts = sums["counts"]
    assert {end: counts[end] for end in set(simulated_week.ENDS)} == {
        end: truth.ends[end] for end in set(simulated_week.ENDS)
    }
    lengths = (truth.waited_s, truth.hung_up_after_s, truth.talked_s, truth.held_s, truth.longest_s)
    names = ("wait_ms", "abandoned_ms", "talk_ms", "hold_ms", "longest_ms")
    assert tuple(counts[name] for name in names) == tuple(length * 1000 for length in lengths)
    for key, value in truth.figures().items():
        assert sums["figures"][key] == pytest.approx(value), key


async def test_every_number_of_the_page_opens_exactly_its_calls(desk: Panel, vera: Browser, week: Week) -> None:
    async with Visitor(desk, "vera") as visitor:
        page = await visitor.get(f"/reports/queues?{PERIOD}&rows=queues&compare=1")
        assert page.status == 200
        numbers = re.findall(r'<a href="/reports/queues/calls\?([^"]+)">([\d ]+)</a>', unescape(page.text))
        assert len(numbers) > 20
        for query, text in dict.fromkeys(numbers):
            status, found = await vera.ask("GET", f"/reports/queues/calls?{query}&limit=500")
            assert (status, found["total"], len(found["rows"])) == (200, int(text), int(text)), query
        assert "difference 0" in re.sub(r"<[^>]+>", "", page.text) or "разница 0" in re.sub(r"<[^>]+>", "", page.text)
        behind = await visitor.get(f"/reports/queues/calls?{numbers[0][0]}")
        assert behind.status == 200
        assert any(f"/calls/{record.call}" in behind.text for record, _ in week.records)


async def test_kinds_of_calls_add_up_page_by_page(desk: Panel, vera: Browser, week: Week) -> None:
    """All kinds there are, also those that the page shows as a share; a page at a time brings each call once."""
    _, report = await vera.ask("GET", f"/reports/queues?{PERIOD}")
    since, until = report["lines"][0]["since"], report["lines"][-1]["until"]
    totals: dict[str, int] = {}
    for kind in queue_calls.KINDS:
        seen: list[str] = []
        cursor = ""
        while True:
            address = f"/reports/queues/calls?what={kind}&since={since}&until={until}&limit=31&cursor={cursor}"
            _, found = await vera.ask("GET", address)
            totals.setdefault(kind, found["total"])
            seen += [row["call"]["id"] for row in found["rows"]]
            if not (cursor := found["next_cursor"] or ""):
                break
        assert len(seen) == len(set(seen)) == totals[kind], kind
    truth = week.whole()
    wanted = truth.ends["answered"] + truth.ends["abandoned"] - truth.soon - truth.in_time
    assert (totals["entered"], totals["late"], totals["in-t"]) == (len(week.records), wanted, truth.in_time)
    assert (
        sum(totals[f"waits-{begins}"] for begins in (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300))
        == totals["answered"]
    )


async def test_thresholds_are_set_from_the_next_quarter_on(desk: Panel, vera: Browser) -> None:
    async with Visitor(desk, "pavel") as pavel:
        assert (await pavel.get("/settings/queues")).status == 200
        bad = await pavel.post("/settings/queues/thresholds", queue="sales", answer_within_s="0", short_s="x")
        assert bad.status == 409
        said = await pavel.post("/settings/queues/thresholds", queue="sales", answer_within_s="45", short_s="3")
        assert said.place == "/settings/queues?said=saved"
        assert 'value="45"' in (await pavel.get("/settings/queues")).text
    async with desk.services.db.read() as conn:
        [(since, own)] = (await thresholds.history(conn))["sales"]
    assert (own, since % 900, since > desk.services.clock()) == (Thresholds(answer_within_s=45, short_s=3), 0, True)
    _, found = await vera.ask("GET", f"/reports/queues?{PERIOD}&queue=sales")
    assert found["thresholds"] == [[20, 5]]  # what was counted stays


async def test_a_file_has_what_the_page_shows(desk: Panel, week: Week) -> None:
    async with Visitor(desk, "vera") as visitor:
        file = await visitor.get(f"/reports/queues/file.csv?{PERIOD}&rows=queues")
        rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff")), delimiter=";"))
        assert [row[:2] for row in rows[1:]][:-1] == [["sales", "84"], ["support", "84"]]
        async with visitor.http.get(f"{desk.url}/reports/queues/file.pdf?{PERIOD}") as pdf:
            assert (pdf.status, (await pdf.read())[:5]) == (200, b"%PDF-")
        async with desk.services.db.read() as conn:
            told = [line.object for line in await sessions.notes(conn)]
        assert told[:2] == [f"queues-{DAYS[0]}-{DAYS[-1]}.{kind}" for kind in ("pdf", "csv")]
        assert float(rows[-1][6].replace(",", ".")) == pytest.approx(week.whole().figures()["service-level"], abs=1e-4)


async def test_who_may_see_them_and_of_which_queues(desk: Panel) -> None:
    async with desk.services.db.write() as conn:
        await users.set_queues(conn, ANNA, [QueueDraft(name="sales")])
    async with Browser(desk, "anna") as anna:
        assert (await anna.ask("GET", "/reports/queues"))[0] == 403
    for scope, came in (("team", 84), ("none", None)):
        async with desk.services.db.write() as conn:
            await role_rights.keep(conn, "supervisor", {"figures.read": scope})
        async with Browser(desk, "vera") as vera:
            status, found = await vera.ask("GET", f"/reports/queues?{PERIOD}&rows=queues")
            assert (found["total"]["counts"]["entered"] if status == 200 else None) == came
            status, found = await vera.ask("GET", f"/reports/queues?{PERIOD}&queue=support")
            assert (found["total"]["counts"]["entered"] if status == 200 else None) == (0 if came else None)


async def test_what_cannot_be_asked_says_so(desk: Panel, vera: Browser) -> None:
    status, said = await vera.ask("GET", "/reports/queues?since=2016-01-01&until=2026-01-01&step=quarter")
    assert (status, "1000" in said["detail"]) == (409, True)
    assert (await vera.ask("GET", "/reports/queues?since=2016-01-01&until=2026-01-01&step=month"))[0] == 200
    assert (await vera.ask("GET", "/reports/queues/calls?what=none&since=0&until=1"))[0] == 409
    _, defined = await vera.ask("GET", "/reports/definitions")
    assert [one["key"] for one in defined][:2] == ["service-level", "answered-rate"]
    async with Visitor(desk, "vera") as visitor:
        assert (await visitor.get("/reports/queues?since=nonsense&until=3000-13-01&team=x&step=1")).status == 200
        assert (await visitor.get("/reports/queues/calls?what=answered&since=0&until=1&cursor=zz")).status == 422
