"""The report over HTTP: a page without scripts, its file, its API, who may see it; each number leads to its clients."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.panel import Browser, Panel, panel
from tests.web.visitor import Visitor


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        async with Browser(running, "anna") as anna:
            for n, kind in enumerate(("person", "person", "company")):
                assert (await anna.ask("POST", "/clients", {"name": f"=Клиент {n}", "kind": kind}))[0] == 201
        yield running


@pytest.fixture
async def vera(desk: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(desk, "vera") as one:
        yield one


async def test_a_number_leads_to_the_clients_behind_it(desk: Panel, vera: Visitor) -> None:
    page = await vera.get("/reports/clients?rows=kind&columns=region&measure=clients&until=2030-01-01")
    assert page.status == 200
    numbers = [
        (unescape(href), text) for href, text in re.findall(r'<a href="(/clients\?[^"]+)">([^<]+)</a>', page.text)
    ]
    assert numbers, page.text
    async with Browser(desk, "vera") as browser:
        for href, text in numbers:
            [filters] = parse_qs(urlsplit(href).query)["filters"]
            _, found = await browser.ask("GET", f"/clients/grid?filters={filters}")
            assert found["total"] == int(text), href


async def test_segments_are_rows_and_each_leads_to_its_clients(desk: Panel, vera: Visitor) -> None:
    async with Browser(desk, "vera") as browser:
        for name, op in (("Люди", "any-of"), ("Не люди", "none-of"), ("<b>Все</b>", "filled")):
            condition = {"field": "kind", "op": op} | ({} if op == "filled" else {"value": ["person"]})
            expression = {"match": "all", "conditions": [condition], "groups": []}
            body = {"name": name, "expression": expression}
            assert (await browser.ask("POST", "/segments", body))[0] == 201
        for address in ("rows=segment&columns=kind", "rows=kind&columns=segment", "rows=segment"):
            page = await vera.get(f"/reports/clients?{address}")
            numbers = [
                (unescape(href), text)
                for href, text in re.findall(r'<a href="(/clients\?[^"]+)">([^<]+)</a>', page.text)
            ]
            assert page.status == 200
            assert ["Люди" in page.text, "&lt;b&gt;Все" in page.text] == [True, True]
            assert len(numbers) > 2
            for href, text in numbers:
                [filters] = parse_qs(urlsplit(href).query)["filters"]
                _, found = await browser.ask("GET", f"/clients/grid?filters={filters}")
                assert found["total"] == int(text), (address, href)


async def test_what_cannot_be_asked_says_so(vera: Visitor) -> None:
    page = await vera.get("/reports/clients?rows=month&measure=new")
    assert page.status == 409
    assert page.says("To count by months, say from which day to which.")
    assert (await vera.get("/reports/clients?rows=<script>&since=yesterday&filters=[[")).status == 409
    assert (await vera.get("/reports/clients/file.exe?rows=kind")).status == 404


async def test_the_file_is_the_table(vera: Visitor) -> None:
    answer = await vera.get("/reports/clients/file.csv?rows=kind&measure=clients")
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";"))
    assert [row[1] for row in rows[1:]] == ["2", "1", "3"]
    assert "attachment" in answer.headers["Content-Disposition"]
    async with vera.http.get(f"{vera.panel.url}/reports/clients/file.xlsx?rows=kind") as response:
        assert (await response.read())[:2] == b"PK"


async def test_the_api_gives_the_same(desk: Panel) -> None:
    async with Browser(desk, "vera") as vera:
        status, body = await vera.ask("GET", "/reports/clients?rows=kind")
        assert (status, body["total"]) == (200, 3)
        assert [(one["key"], one["total"]) for one in body["lines"]] == [("person", 2), ("company", 1)]
        status, body = await vera.ask("GET", "/reports/clients?rows=secret")
        assert (status, body["type"]) == (409, "/problems/no-axis")


async def test_agents_have_no_reports(desk: Panel) -> None:
    async with Visitor(desk, "anna") as anna:
        assert (await anna.get("/reports/clients")).status == 403
        assert 'href="/reports"' not in (await anna.get("/")).text
