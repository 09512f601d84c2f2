"""DP-11: to whom numbers are hidden the server never sends one: pages, API, files, the live wire; dialling goes on."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from cti.clients.matching import match
from cti.desktop import CallView, Snapshot
from cti.storage import access_log, calls, changes, clients, contacts, journal, lookup
from cti.storage.access_log import Asked
from cti.telephony.events import CallRecord, Party
from cti.telephony.numbering import SEAL, read
from tests.web.board import Board
from tests.web.canaries import CODE, LAST, Ids, e164, fill, found, hide, spelled, unpacked
from tests.web.panel import ANNA, Browser, Panel, panel, until
from tests.web.visitor import Visitor
from web.app import ROUTES

PEOPLE = ("anna", "pavel")  # a supervisor's routes are among an admin's
NOT_THERE = {"/setup", "/sign-in"}  # of somebody signed in


@pytest.fixture
async def board() -> Board:
    return Board()


@pytest.fixture
async def desk(tmp_path: Path, board: Board) -> AsyncIterator[Panel]:
    async with panel(tmp_path, change=board.with_it) as running:
        yield running


@pytest.fixture
async def ids(desk: Panel) -> Ids:
    made = await fill(desk)
    await hide(desk)
    return made


async def bytes_of(visitor: Visitor | Browser, path: str) -> tuple[int, str]:
    """Status and all text of a GET, files unpacked, addresses of redirects with it."""
    async with visitor.http.get(f"{visitor.panel.url}{path}", allow_redirects=False) as answer:
        return answer.status, unescape(unpacked(await answer.read())) + answer.headers.get("Location", "")


def address(path: str, ids: Ids, run: str) -> str:
    """A route's path with what the base holds."""
    kept = {"contacts": ids.contact, "contracts": ids.contract, "files": ids.file, "segments": ids.segment}
    noun = next((one for one in path.split("/") if one in kept and f"/{one}/{{id}}" in path), "clients")
    own = {"one": min(ids.client, ids.twin), "two": max(ids.client, ids.twin), "kind": "csv"}
    own |= {"directory": "region", "number": quote(e164("phone")), "id": kept.get(noun, ids.client)}
    if path.startswith(("/calls", "/api/v1/calls", "/api/v1/trace")):
        own["id"] = ids.call
    if path.startswith("/mail/letters"):
        own |= {"id": ids.letter, "file": ids.letter_file}
    own |= {"ticket": "none", "token": "none"}
    if path == "/dial":
        path = f"/dial?to={quote(e164('phone'))}"
    if path == "/api/v1/addressees":
        path = f"{path}?q={quote(e164('phone'))}"
    if "bulk" in path:
        own["id"] = ids.batch
    if path.startswith("/settings/"):
        own["id"] = ids.prop if "properties" in path else ANNA
    if path.startswith(("/api/v1/imports", "/api/v1/exports")):
        own["id"] = run
    return re.sub(r"\{(\w+)\}", lambda name: str(own.get(name[1], "none")), path)


async def send_file(who: Browser, data: str) -> Any:
    headers = {"X-CSRF-Token": who.csrf, "Origin": who.panel.url, "X-File-Name": "base.csv"}
    url = f"{who.panel.url}/api/v1/imports/files"
    async with who.http.post(url, data=io.BytesIO(data.encode()), headers=headers) as answer:
        return await answer.json(content_type=None)


async def an_import(who: Browser) -> tuple[str, str]:
    """An import with a refused row, run by who: its id, and all that was told of it."""
    rows = f"Название;Телефон;Почта\nНовый;{spelled('refused row')};{spelled('refused row')}\n"
    upload = await send_file(who, rows)
    asked = {"file": upload["id"], "fields": upload["fields"], "keys": ["inn"]}
    told = [json.dumps(upload)]
    for path in ("/imports/previews", "/imports"):
        status, work = await who.ask("POST", path, asked)
        assert status == 202, work
        while work["state"] == "running":
            work = (await who.ask("GET", f"/imports/work/{work['id']}"))[1]
            await asyncio.sleep(0)
        told.append(json.dumps(work, ensure_ascii=False))
    assert work["refused"] == 1, work
    return work["id"], "".join(told)


@pytest.mark.parametrize("login", PEOPLE)
async def test_DP_11_no_route_shows_a_number(desk: Panel, ids: Ids, login: str) -> None:
    async with Browser(desk, "vera") as vera, Visitor(desk, login) as person:
        run, told = await an_import(vera)
        assert found(told) == []
        await desk.pop(ANNA, number=e164("phone"), note=spelled("note"))
        shown: set[str] = set()
        for route in ROUTES:
            if route.method != "GET" or route.who == "local" or route.path in NOT_THERE:
                continue
            path = address(route.path, ids, run)
            status, text = await bytes_of(person, path)
            assert found(text) == [], (path, found(text))
            if status in (200, 303):
                shown.add(route.path)
            else:
                assert status in (403, 404, 409) or (status, path) == (401, "/tv/news"), (path, status, text[:400])
        expected = {"anna": 50, "pavel": 82}[login]
        assert len(shown) >= expected, sorted({one.path for one in ROUTES if one.method == "GET"} - shown)


async def test_DP_11_the_cards_tell_what_may_be_told(desk: Panel, ids: Ids) -> None:
    async with Visitor(desk, "anna") as anna:
        card = unescape((await anna.get(f"/clients/{ids.client}")).text)
        assert f"+7 {CODE} •••-••-19" in card
        assert f"Алхимов 8 ({CODE}) •••-••-91" in card
        assert "не раньше 23.11.2026" in card
        assert SEAL in card
        assert "101" in unescape((await anna.get("/calls/canary-out")).text)
    async with Browser(desk, "anna") as anna_too:
        status, body = await anna_too.ask("GET", f"/clients/{ids.client}")
        assert status == 200
        assert body["phones"][0]["shown"] == f"+7 {CODE} •••-••-19"


async def test_DP_11_what_people_send_brings_no_number_back(desk: Panel, ids: Ids) -> None:
    async with Browser(desk, "pavel") as pavel:
        _, card = await pavel.ask("GET", f"/clients/{ids.client}")
        by_token, by_number = card["phones"][0]["e164"], e164("contact")
        texts: list[str] = []

        async def asks(method: str, path: str, body: Any, *wanted: int) -> Any:
            status, told = await pavel.ask(method, path, body)
            assert status in wanted, (path, status, told)
            texts.append(json.dumps(told, ensure_ascii=False))
            return told

        alike = await asks("POST", "/clients/likely", {"name": "Кто-то", "phones": [by_token]}, 200)
        assert {one["id"] for one in alike} == {ids.client, ids.twin}
        assert await asks("GET", f"/clients/by-number/{quote(by_token)}", None, 200)
        assert await asks("GET", f"/clients/by-number/{quote(by_number)}", None, 200)
        assert (await asks("GET", "/clients/grid?" + "limit=100", None, 200))["rows"]
        await asks("POST", "/clients/merges", _merge(ids, 99), 409)
        for format_ in ("csv", "xlsx", "vcf"):
            columns = ["name", "phones", "emails", "note", f"property:{ids.prop}"]
            made = await asks("POST", "/exports", {"format": format_, "columns": columns}, 201)
            _, text = await bytes_of(pavel, f"/api/v1/exports/{made['id']}")
            assert "•••" in text
            texts.append(text)
        await asks("POST", "/clients/undo", {"batch": ids.batch}, 200)
        status, told = await pavel.ask("GET", "/imports/refused/0123456789abcdef")
        assert (status, told["type"]) == (409, "/problems/hidden-file")
        assert found("".join(texts)) == []


def _merge(ids: Ids, version: int) -> dict[str, Any]:
    return {"kept": ids.client, "kept_version": version, "gone": ids.twin, "gone_version": version}


async def test_DP_11_the_live_wire_hides_them_too(desk: Panel, ids: Ids) -> None:
    view = CallView(
        id="c9", state="talking", number=e164("phone"), name=spelled("caller's name"), client_name="Алхимов"
    )
    desk.live.snapshot = lambda _agent: Snapshot(calls=(view,))
    async with Browser(desk, "anna") as anna:
        wire = await anna.connect()
        seq = (await desk.pop(ANNA, number=e164("phone"), note=spelled("note"))).seq
        await desk.live.call(ANNA, view)
        await wire.hears(seq)
        await until(lambda: wire.all("call"), why="the call's state")
        told = json.dumps(wire.told, ensure_ascii=False)
        assert f"+7 {CODE} •••-••-19" in told
        assert found(told) == []
        await wire.close()
        again = await anna.connect(0)
        await again.hears(seq)
        assert found(json.dumps(again.told, ensure_ascii=False)) == []


async def test_DP_11_a_card_is_saved_with_its_numbers(desk: Panel, ids: Ids) -> None:
    """By the form, by the API and inline: what was masked stays what it was, what is new is kept."""
    async with desk.services.db.read() as conn:
        before = await clients.get(conn, ids.client)
        person = await contacts.get(conn, ids.contact)
    assert before is not None
    assert person is not None
    async with Visitor(desk, "anna") as anna, Browser(desk, "anna") as api:
        fields = _form((await anna.get(f"/clients/{ids.client}")).text)
        fields.append(("phone", "8 935 555-00-77"))
        fields = [(name, value + " и Пётр" if name == "note" else value) for name, value in fields]
        saved = await _send(anna, f"/clients/{ids.client}", fields)
        assert saved.status == 303, saved.text
        _, card = await api.ask("GET", f"/clients/{ids.client}")
        change = {"version": card["version"], "full_name": "ООО «Алхимов»", "note": card["note"]}
        assert (await api.ask("PATCH", f"/clients/{ids.client}", change))[0] == 200
        row = (await api.ask("GET", "/clients/grid"))[1]["rows"][0]
        own = {str(ids.prop): row[f"property:{ids.prop}"]}
        bulk = {"ids": [ids.client], "set": {"note": row["note"] + "!", "properties": own}}
        assert (await api.ask("POST", "/clients/bulk", bulk))[0] == 202
        page = (await anna.get(f"/contacts/{ids.contact}")).text
        assert (await _send(anna, f"/contacts/{ids.contact}", _form(page))).status == 303
        note = (await api.ask("GET", f"/calls/{ids.call}"))[1]["notes"][0]["text"]
        assert (await api.ask("PUT", f"/calls/{ids.call}/note", {"text": note + ", Анна"}))[0] == 200
    async with desk.services.db.read() as conn:
        after = await clients.get(conn, ids.client)
        person_after = await contacts.get(conn, ids.contact)
        notes = [one.text for one in await journal.notes(conn, ids.call) if one.user_id == ANNA]
        made = await changes.of_client(conn, ids.client, above=before.version)
    assert after is not None
    assert [one.typed for one in after.phones] == [*(one.typed for one in before.phones), "8 935 555-00-77"]
    assert after.note == before.note + " и Пётр!"
    assert (after.name, after.emails, after.places, after.values) == (
        before.name, before.emails, before.places, before.values,
    )  # fmt: skip
    assert {one.field for one in made} == {"phones", "note", "full_name"}
    assert person_after is not None
    assert (person_after.phones, person_after.note) == (person.phones, person.note)
    assert notes == [f"перезвонить {spelled('note to a call')}, Анна"]


def _form(page: str) -> list[tuple[str, str]]:
    """The fields of the card's form, as a browser without scripts sends them."""
    form = re.search(r"<form[^>]*data-client-form.*?</form>", page, re.DOTALL)
    assert form
    text = re.sub(r"<template.*?</template>", "", form[0], flags=re.DOTALL)
    sent: list[tuple[str, str]] = []
    for tag in re.findall(r"<input\b[^>]*>|<textarea.*?</textarea>|<select.*?</select>", text, re.DOTALL):
        name = re.search(r'\bname="([^"]*)"', tag)
        if not name or ('type="checkbox"' in tag and " checked" not in tag):
            continue
        value = re.search(r'\bvalue="([^"]*)"', tag)
        if tag.startswith("<textarea"):
            value = re.search(r">(.*)</textarea>", tag, re.DOTALL)
        if tag.startswith("<select"):
            value = re.search(r'value="([^"]*)" selected', tag)
        sent.append((name[1], unescape(value[1]) if value else ""))
    return sent


async def _send(visitor: Visitor, path: str, fields: list[tuple[str, str]]) -> Any:
    return await visitor.ask("POST", path, data=fields, headers={"Origin": visitor.panel.url})


async def test_DP_11_a_refused_save_and_a_conflict_show_no_number(desk: Panel, ids: Ids) -> None:
    async with Visitor(desk, "anna") as anna, Browser(desk, "boris") as boris:
        fields = _form((await anna.get(f"/clients/{ids.client}")).text)
        wrong = [(name, "123" if name == "inn" else value) for name, value in fields] + [("phone", spelled("contact"))]
        refused = await _send(anna, f"/clients/{ids.client}", wrong)
        assert refused.status == 409
        assert found(unescape(refused.text)) == []
        for note in ("Сначала", "Потом"):
            _, card = await boris.ask("GET", f"/clients/{ids.client}")
            change = {"version": card["version"], "note": f"{note} {spelled('note')}", "phones": []}
            assert (await boris.ask("PATCH", f"/clients/{ids.client}", change))[0] == 200
        mine = [(name, value + "?" if name in ("note", "label") else value) for name, value in fields]
        met = await _send(anna, f"/clients/{ids.client}", mine)
        assert met.status == 409
        assert found(unescape(met.text)) == []
        assert "•••" in met.text


async def test_DP_11_every_place_dials_by_its_seal(desk: Panel, ids: Ids, board: Board) -> None:
    async with Visitor(desk, "anna") as anna, Browser(desk, "anna") as api:
        wire = await api.connect()
        await desk.pop(ANNA, number=e164("unknown caller"))
        await until(lambda: wire.all("screen_pop"), why="the card")
        pop = wire.all("screen_pop")[0]
        places: dict[str, tuple[str, str]] = {}
        for path, where in (
            (f"/clients/{ids.client}", "phone"), (f"/contacts/{ids.contact}", "contact"),
            (f"/clients/{ids.client}?tab=contacts", "contact"), ("/calls", "unknown caller"),
            ("/calls/canary-in", "unknown caller"), ("/missed", "unknown caller"),
        ):  # fmt: skip
            dials = [unescape(one) for one in re.findall(r'data-dial="([^"]+)"', (await anna.get(path)).text)]
            places[path] = where, next(one for one in dials if f"-{LAST[where][-2:]}{SEAL}" in one)
        for path, where, pick in (
            (f"/clients/{ids.client}", "phone", lambda told: told["phones"][0]["e164"]),
            (f"/clients/{ids.client}", "phone", lambda told: told["phones"][0]["typed"]),
            (f"/clients/{ids.client}/contacts", "contact", lambda told: told[0]["phones"][0]["typed"]),
            ("/calls", "unknown caller", lambda told: told["rows"][0]["number"]),
            ("/missed", "unknown caller", lambda told: told[0]["number"]),
        ):  # fmt: skip
            places[f"api {path} {len(places)}"] = where, pick((await api.ask("GET", path))[1])
        state = json.loads((await anna.get("/desk/state")).text)
        places["missed of the desk"] = "unknown caller", state["missed"][0]["number"]
        places["pop"] = "unknown caller", pop["call"]["number"]
        places["phone of the pop"] = "unknown caller", pop["matches"][0]["client"]["phones"][0]["e164"]
        for where, number in places.values():
            board.asked.clear()
            desk.services.call_control._paces.clear()
            status, told = await api.ask("POST", "/calls", {"to": number})
            assert status == 202, told
            assert board.dialled == [e164(where).removeprefix("+")], number
        assert len(places) >= 14


async def test_DP_11_a_mask_alone_opens_nothing(desk: Panel, ids: Ids, board: Board) -> None:
    async with Browser(desk, "anna") as anna:
        sealed = (await anna.ask("GET", f"/clients/{ids.client}"))[1]["phones"][0]["e164"]
        mask, seal = sealed.split(SEAL)
        for to in (mask, f"{mask}{SEAL}x", f"{mask}{SEAL}{seal[:-4]}AAAA", f"{sealed}99", f"8{sealed}{sealed}"):
            status, told = await anna.ask("POST", "/calls", {"to": to})
            assert (status, told["type"]) == (409, "/problems/masked-number"), to
        status, told = await anna.ask("POST", "/clients", {"name": "Новый", "phones": [{"typed": mask}]})
        assert (status, told["type"]) == (409, "/problems/masked-number")
        status, told = await anna.ask("POST", "/clients", {"name": sealed, "inn": "", "phones": [{"typed": sealed}]})
        assert status == 201
        _, card = await anna.ask("GET", f"/clients/{told['id']}")
        assert found(json.dumps(card)) == []
        assert board.dialled == []
    async with desk.services.db.read() as conn:
        made = await clients.get(conn, told["id"])
    assert made is not None
    assert made.phones[0].e164 == e164("phone")


async def test_who_sees_numbers_sees_all_of_them(desk: Panel) -> None:
    """The same base, nothing hidden: every place of the list is really there to be found."""
    ids = await fill(desk)
    async with Browser(desk, "vera") as vera, Visitor(desk, "pavel") as pavel:
        run, told = await an_import(vera)
        for route in ROUTES:
            if route.method == "GET" and route.who != "local" and route.path not in NOT_THERE:
                told += (await bytes_of(pavel, address(route.path, ids, run)))[1]
        _, refused = await bytes_of(vera, f"/api/v1/imports/refused/{run}")
    assert sorted(found(told + refused)) == sorted(LAST)


async def test_the_number_of_a_pop_is_looked_up_as_it_is(desk: Panel, ids: Ids) -> None:
    """The server's own work sees numbers, whatever people may."""
    async with desk.services.database.read() as conn:
        number = read(e164("phone"), desk.services.plan)
        kind, matches = match(number, await lookup.look_up(conn, number, desk.services.plan, now=0.0), [], ANNA)
    assert (kind, {one.client.id for one in matches}) == ("several", {ids.client, ids.twin})
    assert e164("phone") in {phone for one in matches for phone, *_ in one.client.phones}


async def test_a_hidden_caller_is_counted_once_however_often_his_number_is_sealed(desk: Panel, ids: Ids) -> None:
    async def counted() -> int:
        async with Browser(desk, "anna") as anna:
            status, _ = await anna.ask("GET", "/calls")
        assert status == 200
        await desk.services.spool.flush(5)
        async with desk.services.database.read() as conn:
            return (await access_log.newest(conn, Asked(), limit=1))[0].count

    async def rings(call: str) -> None:
        now = desk.services.clock()
        party = Party(number="79355550909")
        record = CallRecord(call=call, direction="inbound", caller=party, called="1", started=now, outcome="no-answer")
        async with desk.services.database.write() as conn:
            await calls.save(conn, record, number="+79355550909", user_id=ANNA)

    before = await counted()
    await rings("again-1")
    await rings("again-2")
    assert await counted() == before + 1
