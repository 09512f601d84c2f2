"""The list of calls as people ask it: filters by address, views of one's own and shared ones, the same as a file."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from cti.sheets.read import read
from cti.storage import access_log, calls
from cti.storage.access_log import Asked
from cti.storage.sms_tables import sms
from cti.telephony.events import CallRecord, LegRecord, Party
from cti.telephony.numbering import NumberPlan
from tests.web.canaries import hide
from tests.web.panel import ANNA, BORIS, Browser, Panel, panel
from tests.web.visitor import Visitor
from web.call_filters import numbers_of

PYOTR = "+79355550101"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


async def call(desk: Panel, name: str, user_id: int = ANNA, number: str = PYOTR, **more: Any) -> None:
    leg = LegRecord(leg="PJSIP/101-1", leg_id=f"leg-{name}", device="PJSIP/101", rang=100.0, result="talked")
    record = CallRecord(
        call=name, direction="inbound", caller=Party(number=number[1:], name="=Пётр"), called="74950000001",
        started=1_764_000_000.0, answered=1_764_000_010.0, ended=1_764_000_075.0, outcome="answered", legs=(leg,),
        queue=more.get("queue", "sales"),
    )  # fmt: skip
    async with desk.services.db.write() as conn:
        await calls.save(conn, record, number=number, user_id=user_id, legs_users={leg.leg_id: user_id})


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("8 (935) 555-01-01", (PYOTR,)),
        ("+7 935 555-01-01 102", (PYOTR, "102")),
        ("102 8 935 555 01 01", ("102", PYOTR)),
        ("101 102", ("101", "102")),
        ("+79355550101, 102", (PYOTR, "102")),
        ("8 935 555-01-01 доб. 14", (PYOTR,)),
        ("8 935 555-01-01; 8 935 555-01-02", (PYOTR, "+79355550102")),
        ("' OR 1=1 --", ("' OR 1=1 --",)),
        ("  ", ()),
    ],
)
def test_one_number_or_two_in_any_spelling(typed: str, numbers: tuple[str, ...]) -> None:
    assert numbers_of(typed, NumberPlan()) == numbers


async def test_filters_of_an_address_find_calls_and_odd_ones_ask_nothing(desk: Panel) -> None:
    await call(desk, "one")
    await call(desk, "two", BORIS, "+79355550102", queue="support")
    async with Visitor(desk, "vera") as vera, Visitor(desk, "anna") as anna:

        async def found(who: Visitor, query: str) -> set[str]:
            page = await who.get(f"/calls?{query}")
            assert page.status == 200, query
            return {one for one in ("one", "two") if f'href="/calls/{one}"' in page.text}

        both = {"one", "two"}
        for query, ids in {
            "queue=support": {"two"}, f"agent={BORIS}": {"two"}, "number=%2B79355550101+101": {"one"},
            "since=2025-11-24&until=2025-11-24": both, "since=1764000001": set(), "talk_from=60&wait_to=10": both,
            "noted=1": set(), "direction=outbound": set(), "outcome=abandoned": set(), "did=8(495)000-00-01": both,
            "agent=%00&since=x&until=0000-00-00&talk_from=-5&recording=7&outcome=nonsense": both,
        }.items():  # fmt: skip
            assert await found(vera, query) == ids, query
        assert await found(anna, "") == {"one"}
        assert await found(anna, f"agent={BORIS}") == set(), "a filter shows nobody more than he may see"
        assert (await vera.get("/calls/count?queue=support")).says("1 call")


async def test_views_are_of_their_list_and_are_shared(desk: Panel) -> None:
    async with Browser(desk, "vera") as vera, Browser(desk, "anna") as anna:
        state = {"queue": "sales", "outcome": "abandoned"}
        for path in ("/calls/views", "/clients/views", "/calls/views"):
            assert (await vera.ask("PUT", path, {"name": "Потерянные", "share": "all", "state": state}))[0] == 200
        (mine,) = (await vera.ask("GET", "/calls/views"))[1]
        (shared,) = (await anna.ask("GET", "/calls/views"))[1]
        assert (shared["mine"], shared["state"]) == (False, state)
        assert (await anna.ask("DELETE", f"/calls/views/{mine['id']}"))[0] == 404
        assert (await vera.ask("DELETE", f"/clients/views/{mine['id']}"))[0] == 200
        async with Visitor(desk, "anna") as page:
            assert (await page.get("/calls?queue=sales&outcome=abandoned")).says('data-name="Потерянные"')
        assert (await vera.ask("DELETE", f"/calls/views/{mine['id']}"))[0] == 200
        assert (await anna.ask("GET", "/calls/views"))[1] == []


async def test_the_list_leaves_as_a_file_with_its_line_in_the_journal(desk: Panel, tmp_path: Path) -> None:
    await call(desk, "one")
    await call(desk, "two", BORIS, "+79355550102", queue="support")
    async with desk.services.db.write() as conn:
        await calls.set_note(conn, "one", ANNA, "=1+1", 5.0)
    async with Browser(desk, "vera") as vera, Browser(desk, "anna") as anna:
        body = {"format": "csv", "filters": {"queue": "sales", "nonsense": "1"}}
        assert (await anna.ask("POST", "/exports/calls", body))[0] == 403
        exports = desk.services.exports
        exports._most, jobs, exports._jobs = 0, exports._jobs, None  # type: ignore[assignment]  # no job may begin
        status, said = await vera.ask("POST", "/exports/calls", body)
        assert (status, said["type"]) == (409, "/problems/reason-needed")
        exports._most, exports._jobs = 100, jobs
        data = await fetched(vera, body, 1)
        (row,) = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
        assert (row["Number"], row["Client"], row["Note"], row["Queue"], row["Call"]) == (
            PYOTR, "'=Пётр", "'=1+1", "sales", "one",
        )  # fmt: skip
        file = tmp_path / "calls.xlsx"
        file.write_bytes(await fetched(vera, {"format": "xlsx"}, 2))
        assert [tuple(line[8:10]) for line in read(file).rows] == [("10", "65")] * 2
        with zipfile.ZipFile(file) as packed:
            sheet = packed.read("xl/worksheets/sheet1.xml").decode()
        [when, *_] = re.findall(r'<col min="1"[^>]* width="([^"]+)"', sheet)
        assert float(when) > len("29.03.2026 23:50"), "a moment that does not fit is shown as ####"
        await desk.services.spool.flush(5)
        async with desk.services.db.read() as conn:
            lines = await access_log.newest(conn, Asked(action="export"))
        assert [(one.login, one.count, one.thing) for one in lines] == [("vera", 2, "calls"), ("vera", 1, "calls")]


async def test_numbers_that_are_hidden_stay_hidden_in_the_file_and_in_words_of_notes(desk: Panel) -> None:
    await call(desk, "one")
    async with desk.services.db.write() as conn:
        await calls.set_note(conn, "one", ANNA, "звонить 8 935 555-01-02", 5.0)
    await hide(desk)
    async with Browser(desk, "vera") as vera:
        data = (await fetched(vera, {"format": "csv"}, 1)).decode()
        assert "+7 935 •••-••-01" in data
        assert "5550101" not in data
        assert "555-01-0" not in data
        status, told = await vera.ask("GET", "/calls?note=8+935+555-01-02")
        assert (status, told["type"]) == (409, "/problems/whole-number")
        assert len((await vera.ask("GET", "/calls?note=звонить"))[1]["rows"]) == 1


async def fetched(who: Browser, body: dict[str, Any], rows: int) -> bytes:
    status, made = await who.ask("POST", "/exports/calls", body)
    assert (status, made.get("rows")) == (201, rows), made
    async with who.http.get(f"{who.panel.url}/api/v1/exports/{made['id']}") as answer:
        assert answer.status == 200
        return await answer.read()


async def test_missed_clients_are_filtered_summed_and_taken_out_by_right(desk: Panel) -> None:
    now = desk.services.clock()
    async with desk.services.db.write() as conn:
        for place, (number, queue) in enumerate(((PYOTR, "sales"), (PYOTR, "sales"), ("+79355550102", "support"))):
            record = CallRecord(
                call=f"lost-{place}", direction="inbound", caller=Party(number=number[1:]), called="74950000001",
                queue=queue, started=now - 600 + place, ended=now - 590, outcome="abandoned",
            )  # fmt: skip
            await calls.save(conn, record, number=number)
    async with Visitor(desk, "vera") as vera, Visitor(desk, "anna") as anna:
        page = await vera.get("/missed?queue=sales&tries=2")
        assert page.says("1 client ")
        assert page.says("tries: 2")
        assert (await vera.get("/missed?queue=vip")).says("Nobody is found")
        assert (await vera.get("/missed?state=all&since=x&agent=%00&how=nonsense")).says("Nobody is found")
        assert (await anna.get("/missed.csv")).status == 403
        text = (await vera.get("/missed.csv?queue=support")).text
        assert "+79355550102" in text
        assert PYOTR not in text


async def test_what_was_written_around_a_call_is_shown_to_who_sees_the_call(desk: Panel) -> None:
    await call(desk, "one")
    async with Visitor(desk, "anna") as anna, Visitor(desk, "boris") as boris:
        assert (await anna.get("/calls/one/around?days=7")).says("It is not known whose call it is")
        assert (await boris.get("/calls/one/around")).status == 404
        async with desk.services.db.write() as conn:
            written = {"key": "k", "direction": "in", "state": "received", "number": PYOTR, "text": "Жду <счёт>"}
            await conn.execute(insert(sms).values(**written, created_at=1_764_000_900.0))
        assert "Жду &lt;счёт&gt;" in (await anna.get("/calls/one/around")).text, "the number is nobody's"
