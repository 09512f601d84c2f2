"""Imports over HTTP: a file looked at, tried out, brought in and taken back; exports read back."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update

from cti.access import Person
from cti.clients.properties import Property, PropertyValue
from cti.sheets.read import read
from cti.storage import runs
from cti.storage.client_tables import clients as client_rows
from tests.lag import watched
from tests.web.panel import Browser, Panel, panel, until

PAVEL = Person(id=5, login="pavel", name="Pavel", role="admin")
BASE = (
    "Название;Телефон;Почта;Цвет\nАлхимов;8 935 555-01-01;a@alhimov.example;красный\nГранит;+7 935 555-02-10;;синий\n"
)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


@pytest.fixture
async def vera(desk: Panel) -> AsyncIterator[Browser]:
    color = Property(id=0, name="Цвет", kind="list", values=(PropertyValue(id=0, name="Красный"),))
    await desk.services.catalogue.add_property(PAVEL, color)
    async with Browser(desk, "vera") as one:
        yield one


async def bring(who: Browser, body: str | bytes, name: str = "base.csv") -> tuple[int, Any]:
    """Send a file as the page does."""
    headers = {"X-CSRF-Token": who.csrf, "Origin": who.panel.url, "X-File-Name": quote(name)}
    data = io.BytesIO(body.encode() if isinstance(body, str) else body)
    async with who.http.post(f"{who.panel.url}/api/v1/imports/files", data=data, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def chosen(who: Browser, body: str | bytes, name: str = "base.csv") -> dict[str, Any]:
    """A file sent, and what is chosen of it where nobody changes anything."""
    status, file = await bring(who, body, name)
    assert status == 201, file
    return {"file": file["id"], "fields": file["fields"], "keys": file["keys"]}


async def over(who: Browser, work: dict[str, Any]) -> dict[str, Any]:
    """The work when it is over."""
    async with asyncio.timeout(60):
        while work["state"] == "running":
            await asyncio.sleep(0.05)
            status, work = await who.ask("GET", f"/imports/work/{work['id']}")
            assert status == 200, work
    return work


async def imported(who: Browser, body: str | bytes, name: str = "base.csv") -> dict[str, Any]:
    """A whole import."""
    status, work = await who.ask("POST", "/imports", await chosen(who, body, name))
    assert status == 202, work
    return await over(who, work)


async def count(who: Browser) -> int:
    return int((await who.ask("GET", "/clients/grid"))[1]["total"])


def figures(work: dict[str, Any]) -> tuple[int, ...]:
    return tuple(work[name] for name in ("rows", "created", "updated", "unchanged", "refused"))


async def test_a_file_is_looked_at_tried_out_brought_in_and_taken_back(vera: Browser) -> None:
    status, file = await bring(vera, BASE)
    assert (status, file["headings"]) == (201, ["Название", "Телефон", "Почта", "Цвет"])
    assert file["rows"][0] == ["Алхимов", "8 935 555-01-01", "a@alhimov.example", "красный"]
    assert (file["fields"][:3], file["remembered"]) == (["name", "phones", "emails"], False)
    asked = {"file": file["id"], "fields": file["fields"], "keys": ["phone", "email"]}
    tried = await over(vera, (await vera.ask("POST", "/imports/previews", asked))[1])
    assert (tried["state"], figures(tried)) == ("done", (2, 1, 0, 0, 1))
    assert [(one["row"], one["outcome"], one["name"]) for one in tried["shown"]] == [
        (1, "created", "Алхимов"),
        (2, "refused", "Гранит"),
    ]
    assert "синий" in tried["shown"][1]["why"]
    assert await count(vera) == 0
    done = await over(vera, (await vera.ask("POST", "/imports", asked))[1])
    assert (done["state"], figures(done), done["total"]) == ("done", (2, 1, 0, 0, 1), 2)
    assert await count(vera) == 1
    _, runs = await vera.ask("GET", "/imports")
    assert [(one["id"], one["state"], one["by"], one["may_undo"]) for one in runs] == [
        (done["id"], "done", "Vera", True)
    ]
    back = await over(vera, (await vera.ask("POST", f"/imports/undo/{done['id']}"))[1])
    assert (back["state"], await count(vera)) == ("undone", 0)
    assert (await vera.ask("POST", f"/imports/undo/{done['id']}"))[1]["type"] == "/problems/nothing-to-undo"


async def test_the_choice_of_columns_is_remembered_by_the_headings(vera: Browser) -> None:
    file = await chosen(vera, "Фирма;Чем занята\nАлхимов;мёдом\n")
    assert file["fields"] == ["", ""]
    status, refusal = await vera.ask("POST", "/imports", file)
    assert (status, refusal["type"]) == (409, "/problems/no-columns")
    asked = file | {"fields": ["name", "note"], "keys": ["email"]}
    await over(vera, (await vera.ask("POST", "/imports", asked))[1])
    _, again = await bring(vera, "фирма;чем занята\nГранит;камнем\n")
    assert (again["fields"], again["keys"], again["remembered"]) == (["name", "note"], ["email"], True)


async def test_refused_rows_come_back_as_a_file_that_computes_nothing(vera: Browser) -> None:
    done = await imported(vera, "Название;Почта\n\"=cmd|' /C calc'!A0\";нет\nЦелый;a@b.example\n")
    assert figures(done) == (2, 1, 0, 0, 1)
    _, run = await vera.ask("GET", f"/imports/{done['id']}")
    assert run["faults"] == [
        {"row": 1, "outcome": "refused", "name": "", "client_id": None, "why": "E-mail: “нет” is not an e-mail"}
    ]
    answer, text = await vera.request("GET", f"/imports/refused/{done['id']}?format=csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert rows == [
        ["Название", "Почта", "Row", "What is wrong"],
        ["'=cmd|' /C calc'!A0", "нет", "1", "E-mail: “нет” is not an e-mail"],
    ]
    assert (await vera.request("GET", "/imports/refused/0123456789abcdef"))[0].status == 404


@pytest.mark.parametrize(
    ("body", "name", "told"),
    [
        (b"", "x.csv", "empty"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old.xls", "old Excel"),
        (b"PK\x03\x04nothing", "x.xlsx", "damaged"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "x.png", "not a table"),
        ("Название;Телефон\n".encode(), "x.csv", "no rows"),
    ],
)
async def test_a_file_that_is_no_table_is_refused_in_a_sentence(
    vera: Browser, body: bytes, name: str, told: str
) -> None:
    status, refusal = await bring(vera, body, name)
    assert status == 409
    assert told in refusal["detail"]
    folder = vera.panel.services.settings.data / "imports"
    assert not list(folder.glob("*.file"))


async def test_a_small_file_that_unpacks_to_very_much_is_refused_and_the_panel_stays_live(vera: Browser) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(
            "xl/worksheets/sheet1.xml", b"".join(os.urandom(16).hex().encode() * 32 for _ in range(60_000))
        )
    async with watched() as lag:
        status, refusal = await bring(vera, packed.getvalue(), "bomb.xlsx")
    assert 1 << 20 < len(packed.getvalue()) < 5 << 20
    assert (status, "too large when unpacked" in refusal["detail"]) == (409, True)
    assert lag.within(0.25)


async def test_odd_rows_and_names_are_told_and_the_rest_comes_in(vera: Browser) -> None:
    ragged = f"<b>Название</b>;Название;Телефон\nx;Короткая\ny;{'Д' * 10_000};1\nz;Длинная;+79355550301;лишнее\n"
    status, file = await bring(vera, ragged)
    assert (status, file["headings"][0]) == (201, "<b>Название</b>")
    asked = {"file": file["id"], "fields": ["", "name", "phones"], "keys": ["phone"]}
    done = await over(vera, (await vera.ask("POST", "/imports", asked))[1])
    assert (figures(done), done["state"]) == ((3, 2, 0, 0, 1), "done")


async def test_cards_of_an_old_telephone(vera: Browser) -> None:
    name = "Иванов Пётр".encode("cp1251").hex("=").upper()
    card = f"BEGIN:VCARD\nVERSION:2.1\nFN;ENCODING=QUOTED-PRINTABLE;CHARSET=windows-1251:={name}\n"
    file = await chosen(vera, f"{card}TEL;CELL:+79355550777\nORG:Ромашка;Отдел\nEND:VCARD\n", "book.vcf")
    assert file["fields"][:3] == ["name", "full_name", "full_name"]
    done = await over(vera, (await vera.ask("POST", "/imports", file))[1])
    assert figures(done) == (1, 1, 0, 0, 0)
    _, grid = await vera.ask("GET", "/clients/grid")
    assert (grid["rows"][0]["name"], grid["rows"][0]["full_name"]) == ("Иванов Пётр", "Ромашка, Отдел")


async def test_one_at_a_time_and_cancelled_after_a_part(vera: Browser) -> None:
    many = "Название;Телефон\n" + "".join(f"Клиент {n};+7935{n:07}\n" for n in range(20_000))
    status, work = await vera.ask("POST", "/imports", await chosen(vera, many))
    assert status == 202
    second = await chosen(vera, BASE)
    status, refusal = await vera.ask("POST", "/imports", second)
    assert (status, refusal["type"]) == (409, "/problems/import-runs")
    running = vera.panel.services.import_runs.work(work["id"])
    assert running is not None
    await until(lambda: running.rows > 0, within_s=30, why="some rows are in")
    assert running.state == "running"
    assert (await vera.ask("POST", f"/imports/cancel/{work['id']}"))[0] == 200
    stopped = await over(vera, work)
    assert stopped["state"] == "cancelled"
    async with vera.panel.services.db.read() as conn:
        run = await runs.get(conn, work["id"])
    assert run is not None
    assert 0 < run.created < 20_000
    assert (await vera.ask("GET", f"/clients/grid?q={quote('Клиент')}"))[1]["total"] in (run.created, None)
    assert run.created == run.rows == stopped["rows"]
    back = await over(vera, (await vera.ask("POST", f"/imports/undo/{work['id']}"))[1])
    assert (back["state"], await count(vera)) == ("undone", 0)


async def test_who_may_not(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        assert (await bring(anna, BASE))[0] == 403
        assert (await anna.ask("GET", "/imports"))[0] == 403
        async with anna.http.get(f"{desk.url}/clients/import") as page:
            assert page.status == 403
        assert (await anna.ask("POST", "/exports", {"format": "csv", "columns": ["name"]}))[0] == 403
    async with Browser(desk, "vera") as vera, Browser(desk, "pavel") as pavel:
        file = await chosen(vera, BASE)
        status, refusal = await pavel.ask("POST", "/imports", file)
        assert (status, refusal["type"]) == (409, "/problems/no-upload")


async def exported(who: Browser, format_: str, columns: list[str], **more: Any) -> bytes:
    status, made = await who.ask("POST", "/exports", {"format": format_, "columns": columns, **more})
    assert status == 201, made
    async with who.http.get(f"{who.panel.url}/api/v1/exports/{made['id']}") as answer:
        assert answer.status == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        return await answer.read()


async def filled(who: Browser) -> list[str]:
    """Two clients with all that can be said of one; the columns of the grid."""
    work, said = who.panel.services.catalogue, {}
    values = tuple(PropertyValue(id=0, name=name) for name in ("3", "2", "с; точкой", "1"))
    for prop, value in (
        (Property(id=0, name="Список", kind="list", values=values), "3"),
        (Property(id=0, name="Несколько", kind="several", values=values), ["1", "с; точкой"]),
        (Property(id=0, name="Число", kind="number"), 1234567.25),
        (Property(id=0, name="Рейтинг", kind="rating"), 4),
        (Property(id=0, name="День", kind="date"), "2026-11-23"),
        (Property(id=0, name="Регион", kind="text"), "=1+1"),
        (Property(id=0, name="Постоянный", kind="yes-no"), False),
    ):
        said[str(await work.add_property(PAVEL, prop))] = value
    _, catalogue = await who.ask("GET", "/clients/catalogue")
    for prop in catalogue["properties"]:
        if prop["name"] in ("Список", "Несколько"):
            ids = {one["name"]: one["id"] for one in prop["values"]}
            wanted = said[str(prop["id"])]
            said[str(prop["id"])] = [ids[one] for one in wanted] if isinstance(wanted, list) else ids[wanted]
    await work.add_item(PAVEL, "region", "Москва")
    phones = [
        {"typed": "8 (495) 123-45-67", "extension": "12"},
        {"typed": "+7 495 123-45-67", "extension": "13", "label": "бухгалтерия"},
        {"typed": "спросить Машу, 2; этаж"},
        {"typed": "+39 06 123 4567", "shared": True},
    ]
    body = {
        "name": "+Алхимов", "kind": "company", "full_name": 'ООО "Алхимов"', "phones": phones, "inn": "7707083893",
        "emails": ["a@alhimov.example", "b@alhimov.example"], "note": "  первая\r\nвторая \n", "responsible_id": 1,
        "properties": {id_: value for id_, value in said.items()}, "region_id": 1, "time_zone": "Europe/Moscow",
        "places": [{"kind": "address", "value": "Москва; Арбат, 1"}, {"kind": "address", "value": "Тула"}],
    }  # fmt: skip
    for one in (body, {"name": "Пустой", "kind": "person", "phones": [{"typed": "+79355550101"}]}):
        status, made = await who.ask("POST", "/clients", one)
        assert status == 201, made
    plain = ["name", "full_name", "kind", "phones", "emails", "relation", "region", "industry", "source", "responsible"]
    rest = ["inn", "kpp", "ogrn", "time_zone", "note", "created", "updated"]
    return [*plain, *rest, *(f"property:{one}" for one in said)]


@pytest.mark.parametrize("format_", ["xlsx", "csv", "vcf"])
async def test_DP_13_what_goes_out_says_by_whom_comes_in_again_and_changes_nothing(desk: Panel, format_: str) -> None:
    async with Browser(desk, "vera") as vera:
        body = await exported(vera, format_, await filled(vera))
        said = zipfile.ZipFile(io.BytesIO(body)).read("docProps/core.xml") if format_ == "xlsx" else body
        assert b"vera (4) 20" in said
        again = await imported(vera, body, f"clients.{format_}")
        assert figures(again) == (2, 0, 0, 2, 0), (await vera.ask("GET", f"/imports/{again['id']}"))[1]


async def test_an_export_is_what_the_grid_shows(desk: Panel, tmp_path: Path) -> None:
    async with Browser(desk, "vera") as vera:
        await filled(vera)
        body = await exported(vera, "csv", ["kind", "name"], sort="-name")
        (tmp_path / "x.csv").write_bytes(body)
        sheet = read(tmp_path / "x.csv")
        assert sheet.headers == ("Код", "Вид", "Название", "Выгружено")
        assert [row[1:3] for row in sheet.rows] == [("физ. лицо", "Пустой"), ("компания", "+Алхимов")]
        filters = [{"field": "kind", "op": "any-of", "value": ["person"]}]
        body = await exported(vera, "csv", ["name"], filters=filters, q="пуст")
        assert body.decode("utf-8-sig").splitlines()[1].startswith('"2";"Пустой";"vera (4) ')
        status, refusal = await vera.ask("POST", "/exports", {"format": "csv", "columns": ["password_hash"]})
        assert (status, refusal["type"]) == (409, "/problems/bad-column")
        async with desk.services.db.write() as conn:
            await conn.execute(update(client_rows).where(client_rows.c.id == 1).values(restricted_at=1.0))
        body = await exported(vera, "csv", ["name"])
        assert "Алхимов" not in body.decode()
        async with Browser(desk, "pavel") as pavel:
            _, made = await vera.ask("POST", "/exports", {"format": "csv", "columns": ["name"]})
            assert (await pavel.ask("GET", f"/exports/{made['id']}"))[0] == 404
