"""The API over a real server and database: what each noun gives, takes and refuses."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import ChannelError
from cti.storage import traces
from cti.storage.traces import Step
from tests.web.board import Board
from tests.web.panel import ANNA, BORIS, CLARA, PASSWORD, Browser, Panel, panel, until


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


@pytest.fixture
async def anna(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "anna") as one:
        yield one


CARD = {
    "name": "Ромашка",
    "kind": "company",
    "full_name": "ООО «Ромашка»",
    "note": "звонить утром",
    "phones": [{"typed": "8 (935) 555-02-02 доб. 12", "label": "office", "shared": True}, {"typed": "call me"}],
    "emails": ["info@romashka.example"],
    "responsible_id": BORIS,
}


async def made(anna: Browser, **fields: Any) -> int:
    status, body = await anna.ask("POST", "/clients", CARD | fields)
    assert status == 201, body
    return int(body["id"])


async def test_session_by_password_and_its_end(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        status, me = await anna.ask("GET", "/session")
        assert (status, me["login"], me["role"]) == (200, "anna", "agent")
        assert await anna.ask("DELETE", "/session") == (200, {"ok": True})
        status, body = await anna.ask("GET", "/session")
        assert (status, body["type"]) == (401, "/problems/401")


async def test_wrong_password_is_401_and_the_sixth_guess_waits(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        seen = []
        for _ in range(7):
            status, body = await anna.ask("POST", "/session", {"login": "boris", "password": "no"})
            seen.append((status, body["type"]))
    assert seen[:5] == [(401, "/problems/wrong")] * 5
    assert seen[-1] == (429, "/problems/wait")


async def test_token_signs_in_without_a_cookie_or_csrf(desk: Panel) -> None:
    async with Browser(desk, "clara") as clara:
        clara.http.cookie_jar.clear()
        clara.csrf = ""
        bearer = {"Authorization": f"Bearer {await desk.token('anna')}"}
        status, me = await clara.ask("GET", "/session", headers=bearer)
        assert (status, me["login"], me["csrf"]) == (200, "anna", "")
        status, _ = await clara.ask("POST", "/clients", CARD, headers=bearer)
        assert status == 201


async def test_client_is_made_read_by_any_spelling_of_its_number_and_found(anna: Browser) -> None:
    client_id = await made(anna)
    answer, _ = await anna.request("GET", f"/clients/{client_id}")
    assert answer.headers["ETag"] == '"1"'
    _, card = await anna.ask("GET", f"/clients/{client_id}")
    assert card["phones"][0] == {
        "typed": "8 (935) 555-02-02 доб. 12",
        "e164": "+79355550202",
        "shown": "+7 935 555-02-02",
        "extension": "12",
        "label": "office",
        "shared": True,
    }
    assert (card["phones"][1]["e164"], card["phones"][1]["shown"]) == (None, "call me")
    assert (card["responsible"], card["version"]) == ("Boris", 1)
    for spelling in ("+79355550202", "8-935-555-02-02", "79355550202"):
        _, found = await anna.ask("GET", f"/clients/by-number/{spelling}")
        assert [one["id"] for one in found] == [client_id]
    assert await anna.ask("GET", "/clients/by-number/anonymous") == (200, [])
    for q in ("ромаш", "0202", "romashka.ex", "утром"):
        _, page = await anna.ask("GET", f"/clients?q={q}")
        if q != "утром":
            assert [row["id"] for row in page["rows"]] == [client_id], q


async def test_patch_sets_what_is_given_and_leaves_the_rest(anna: Browser) -> None:
    client_id = await made(anna)
    status, card = await anna.ask("PATCH", f"/clients/{client_id}", {"version": 1, "note": "не звонить"})
    assert (status, card["note"], card["version"]) == (200, "не звонить", 2)
    assert (card["name"], len(card["phones"]), card["phones"][0]["extension"]) == ("Ромашка", 2, "12")
    status, card = await anna.ask("PATCH", f"/clients/{client_id}", {"responsible_id": None}, {"If-Match": '"2"'})
    assert (status, card["responsible_id"], card["note"]) == (200, None, "не звонить")


async def test_patch_on_an_old_version_changes_nothing(anna: Browser) -> None:
    client_id = await made(anna)
    await anna.ask("PATCH", f"/clients/{client_id}", {"version": 1, "name": "Первая"})
    status, body = await anna.ask("PATCH", f"/clients/{client_id}", {"version": 1, "name": "Вторая"})
    assert (status, body["type"]) == (409, "/problems/changed-meanwhile")
    status, _ = await anna.ask("PATCH", f"/clients/{client_id}", {"name": "Вторая"}, {"If-Match": '"1"'})
    assert status == 412
    status, body = await anna.ask("PATCH", f"/clients/{client_id}", {"name": "Вторая"})
    assert (status, body["where"]) == (422, "body.version")
    _, card = await anna.ask("GET", f"/clients/{client_id}")
    assert card["name"] == "Первая"


async def test_list_is_sorted_filtered_cut_to_columns_and_paged(anna: Browser) -> None:
    for name in ("Берёза", "Астра", "Василёк"):
        await made(anna, name=name, responsible_id=ANNA if name == "Астра" else BORIS)
    _, page = await anna.ask("GET", "/clients?sort=-name&columns=name&limit=2")
    assert [row["name"] for row in page["rows"]] == ["Василёк", "Берёза"]
    assert [set(row) for row in page["rows"]] == [{"id", "name"}] * 2
    assert page["total"] == 3
    _, rest = await anna.ask("GET", f"/clients?sort=-name&limit=2&cursor={page['next_cursor']}")
    assert [row["name"] for row in rest["rows"]] == ["Астра"]
    assert rest["next_cursor"] is None
    _, mine = await anna.ask("GET", "/clients?filter=responsible:me")
    _, his = await anna.ask("GET", f"/clients?filter=responsible:{BORIS}")
    assert [row["name"] for row in mine["rows"]] == ["Астра"]
    assert len(his["rows"]) == 2


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limit=0", "query.limit"),
        ("limit=ten", "query.limit"),
        ("sort=password", "query.sort"),
        ("columns=name,password", "query.columns"),
        ("filter=responsible:0", "query.filter"),
        ("page=2", "query"),
        ("limit=1&limit=2", "query"),
        ("q=" + "x" * 201, "query.q"),
    ],
)
async def test_wrong_parameter_says_which(anna: Browser, query: str, where: str) -> None:
    status, body = await anna.ask("GET", f"/clients?{query}")
    assert (status, body["where"], body["type"]) == (422, where, "/problems/invalid")


async def test_cursor_made_elsewhere_is_refused(anna: Browser) -> None:
    for path in ("/clients", "/calls"):
        for cursor in ("zz", "5b5d", "00", "5b" * 500):
            status, body = await anna.ask("GET", f"{path}?cursor={cursor}")
            assert (status, body["type"]) == (422, "/problems/bad-cursor")


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({}, 422, "body"),
        ({"name": ""}, 422, "body.name"),
        ({"name": "  \u2003"}, 422, "body.name"),
        ({"name": "x", "kind": "spy"}, 422, "body.kind"),
        ({"name": "x", "phones": [{"typed": 5}]}, 422, "body.phones[0].typed"),
        ({"name": "x", "role": "admin"}, 422, "body"),
        ({"name": "x", "responsible_id": 999}, 422, "body.responsible_id"),
        ({"name": "x", "responsible_id": 2**40}, 422, "body.responsible_id"),
        ({"name": "x", "note": "y" * 20_001}, 422, "body.note"),
        ([], 422, "body"),
        (None, 422, "body"),
    ],
)
async def test_wrong_body_says_where(anna: Browser, body: Any, status: int, where: str) -> None:
    sent = {"data": b"null"} if body is None else {"json": body}
    headers = {"X-CSRF-Token": anna.csrf, "Content-Type": "application/json"}
    async with anna.http.post(f"{anna.panel.url}/api/v1/clients", headers=headers, **sent) as answer:
        told = await answer.json(content_type="application/problem+json")
    assert (answer.status, told["where"]) == (status, where)


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 422),
        (b'{"name":"' + b"x" * 300_000 + b'"}', "application/json", 413),
        (b'{"name":"x"}', "text/plain", 415),
        (b"name=x", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_what_is_no_json_is_refused(anna: Browser, data: bytes, kind: str, status: int) -> None:
    headers = {"X-CSRF-Token": anna.csrf, "Content-Type": kind}
    async with anna.http.post(f"{anna.panel.url}/api/v1/clients", headers=headers, data=data) as answer:
        assert answer.status == status, await answer.text()
        assert answer.content_type == "application/problem+json"


async def test_missing_things_are_404_and_unknown_addresses_too(anna: Browser) -> None:
    for path in ("/clients/999", "/clients/x", "/clients/" + "9" * 40, "/calls/nothing", "/trace/nothing", "/nothing"):
        answer, _ = await anna.request("GET", path)
        assert (answer.status, answer.content_type) == (404, "application/problem+json"), path
    status, _ = await anna.ask("PATCH", "/clients/999", {"version": 1})
    assert status == 404


async def test_journal_filters_and_one_call_with_legs_and_notes(desk: Panel, anna: Browser) -> None:
    await desk.journal("c1")
    await desk.journal("c2", outcome="no-answer")
    await desk.journal("c3", user_id=BORIS)
    await desk.journal("c4", over=False)
    _, page = await anna.ask("GET", "/calls")
    assert {row["id"] for row in page["rows"]} == {"c1", "c2", "c4"}  # c3 is Boris's
    _, page = await anna.ask("GET", "/calls?outcome=no-answer&number=8-935-555-01-01&since=50&until=150&mine=true")
    assert [row["id"] for row in page["rows"]] == ["c2"]
    _, page = await anna.ask("GET", "/calls?until=50")
    assert page["rows"] == []
    assert await anna.ask("PUT", "/calls/c1/note", {"text": "перезвонить"}) == (200, {"ok": True})
    status, call = await anna.ask("GET", "/calls/c1")
    assert (status, call["outcome"], call["shown"]) == (200, "answered", "+7 935 555-01-01")
    assert call["notes"][0]["text"] == "перезвонить"
    assert call["legs"][0]["device"] == "PJSIP/101"
    _, call = await anna.ask("GET", "/calls/c4")
    assert (call["open"], call["ended_at"]) == (True, None)


async def test_a_note_waits_for_the_row_of_its_call_that_waits_for_the_database(desk: Panel, anna: Browser) -> None:
    spool = desk.parts.spool

    async def row(conn: AsyncConnection) -> None:
        await conn.execute(text("INSERT INTO calls (id, user_id, started_at) VALUES ('c9', :anna, 1)"), {"anna": ANNA})

    async with desk.services.db.write():
        spool.put(row)
        note = asyncio.create_task(anna.ask("PUT", "/calls/c9/note", {"text": "сразу"}))
        await until(lambda: spool.pending == 2, why="the note waits behind the row")
    assert await note == (200, {"ok": True})


async def test_client_of_a_call_is_chosen_and_must_exist(desk: Panel, anna: Browser) -> None:
    client_id = await made(anna)
    await desk.journal("c1")
    status, body = await anna.ask("PUT", "/calls/c1/client", {"client_id": 999})
    assert (status, body["where"]) == (422, "body.client_id")
    assert (await anna.ask("PUT", "/calls/c1/client", {"client_id": client_id}))[0] == 200
    _, call = await anna.ask("GET", "/calls/c1")
    assert call["client_name"] == "Ромашка"


async def test_trace_tells_the_agent_his_part_in_words(desk: Panel, anna: Browser) -> None:
    await desk.journal("c1")
    steps = [
        Step(call_id="c1", at=1.0, step="number-hidden", user_id=None, args={}),
        Step(call_id="c1", at=2.0, step="pop-sent", user_id=ANNA, args={"name": "Anna", "device": "PJSIP/101"}),
        Step(call_id="c1", at=3.0, step="pop-sent", user_id=BORIS, args={"name": "Boris", "device": "PJSIP/102"}),
    ]
    async with desk.services.db.write() as conn:
        await traces.add(conn, steps)
    status, told = await anna.ask("GET", "/trace/c1")
    assert status == 200
    assert [one["step"] for one in told] == ["number-hidden", "pop-sent"]
    assert told[1]["text"] == "The card was sent to Anna (PJSIP/101)."
    async with Browser(desk, "vera") as vera:
        _, told = await vera.ask("GET", "/trace/c1")
        assert len(told) == 3


async def test_agents_queues_and_users(desk: Panel, anna: Browser) -> None:
    for path in ("/agents", "/queues"):
        status, rows = await anna.ask("GET", path)
        assert (status, rows) == (200, [])
    assert (await anna.ask("GET", "/users"))[0] == 403
    async with Browser(desk, "pavel") as pavel:
        _, rows = await pavel.ask("GET", "/users")
    assert [row["login"] for row in rows] == ["anna", "boris", "clara", "pavel", "vera"]
    assert "password" not in str(rows)


async def test_dial_is_accepted_and_the_same_click_is_one_call(tmp_path: Path) -> None:
    board = Board()
    async with panel(tmp_path, change=board.with_it) as desk, Browser(desk, "anna") as anna:
        click = {"to": "8 935 555-01-01", "request_id": "click-0001"}
        answers = await asyncio.gather(*(anna.ask("POST", "/calls", click) for _ in range(5)))
        assert answers == [(202, {"request_id": "click-0001"})] * 5
        assert board.dialled == ["79355550101"]
        header = {"Idempotency-Key": "click-0002"}
        for _ in range(2):
            assert (await anna.ask("POST", "/calls", {"to": "+79355550102"}, header))[1] == {"request_id": "click-0002"}
        status, body = await anna.ask("POST", "/calls", {"to": "+79355550102"})
        assert (status, len(body["request_id"])) == (202, 32)
        assert board.dialled == ["79355550101", "79355550102", "79355550102"]


async def test_dial_refusals_each_say_why(tmp_path: Path) -> None:
    board, took = Board(), list[float]()
    async with panel(tmp_path, change=board.with_it) as desk, Browser(desk, "anna") as anna:

        async def refused(body: dict[str, Any], headers: dict[str, str] | None = None) -> tuple[int, str, str]:
            started = time.monotonic()
            status, told = await anna.ask("POST", "/calls", body, headers)
            took.append(time.monotonic() - started)
            return status, told["type"].removeprefix("/problems/"), told["where"]

        own = "/api/v1/calls"
        assert await refused({"to": "hello"}) == (409, "not-a-number", own)
        assert await refused({"to": "+1 900 555 01 01"}) == (409, "forbidden-number", own)
        assert await refused({"to": "+78091234567"}) == (409, "forbidden-number", own)
        assert await refused({"to": "101"}) == (409, "own-number", own)
        assert await refused({"to": "102", "client_id": 999}) == (422, "invalid", "body.client_id")
        assert await refused({"to": "102", "request_id": "a b"}) == (422, "invalid", "body.request_id")
        assert await refused({"to": "102"}, {"Idempotency-Key": "short"}) == (422, "invalid", "header.Idempotency-Key")
        assert await refused({"to": "102\r\nAction: Command"}) == (422, "invalid", "body.to")
        board.fails = ChannelError("gone", unknown=True)
        assert await refused({"to": "102"}) == (504, "pbx", own)
        board.fails = ChannelError("gone")
        assert await refused({"to": "102"}) == (503, "pbx", own)
        board.fails = None
        board.state = "down"
        assert await refused({"to": "102"}) == (409, "pbx-down", own)
        board.state = "up"
        for _ in range(3):
            await anna.ask("POST", "/calls", {"to": "102"})
        assert await refused({"to": "102"}) == (429, "too-often", own)
        for method, path, body in (("DELETE", "/calls/c1", None), ("POST", "/calls/c1/digits", {"digits": "12#"})):
            status, told = await anna.ask(method, path, body)
            assert (status, told["type"]) == (409, "/problems/not-your-call")
    assert median(took) < 1.0


async def test_SEC_21_agents_reach_their_own_calls_only_supervisors_all(desk: Panel) -> None:
    await desk.journal("annas", user_id=ANNA)
    await desk.journal("claras", user_id=CLARA)
    async with Browser(desk, "anna") as anna, Browser(desk, "clara") as clara, Browser(desk, "vera") as vera:
        for who, call in ((anna, "claras"), (clara, "annas")):
            for path in (f"/calls/{call}", f"/trace/{call}"):
                status, body = await who.ask("GET", path)
                assert (status, body["type"]) == (404, "/problems/404")
            assert (await who.ask("PUT", f"/calls/{call}/note", {"text": "mine now"}))[0] == 403
            assert (await who.ask("DELETE", f"/calls/{call}"))[0] == 409
            assert (await who.ask("POST", f"/calls/{call}/digits", {"digits": "1"}))[0] == 409
        for call in ("annas", "claras"):
            assert (await vera.ask("GET", f"/calls/{call}"))[0] == 200
            assert (await vera.ask("PUT", f"/calls/{call}/note", {"text": "x"}))[0] == 403
        _, page = await vera.ask("GET", "/calls")
        assert len(page["rows"]) == 2


async def test_late_database_is_503_with_advice_and_nothing_half_done(desk: Panel, anna: Browser) -> None:
    other = sqlite3.connect(desk.services.settings.data / "trubka.db", isolation_level=None, check_same_thread=False)
    await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
    try:
        status, body = await anna.ask("POST", "/clients", CARD)
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert (status, body["type"]) == (503, "/problems/storage")
    _, page = await anna.ask("GET", "/clients")
    assert page["total"] == 0


async def test_password_of_nobody_is_in_any_answer(desk: Panel, anna: Browser) -> None:
    for path in ("/session", "/agents", "/clients", "/calls", "/openapi.json"):
        _, text = await anna.request("GET", path)
        assert PASSWORD not in text
        assert "argon2" not in text
