"""What is held on a person over HTTP: the archive, the erasure from every place the server has, the acts, a base that
comes back."""

from __future__ import annotations

import asyncio
import io
import shutil
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update

from cti.storage.tables import calls
from tests.canary import FULL, HANDLE, MAIL, MAN, MAN_PHONE, NAME, PHONE, TYPED, WORDS, sightings
from tests.web.panel import ANNA, Browser, Panel, panel, until
from tests.web.visitor import Visitor

REASON = "заявление от 23.11.2026"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


@pytest.fixture
async def pavel(desk: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(desk, "pavel") as one:
        yield one


@pytest.fixture
async def browser(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "vera") as one:
        yield one


async def _made(browser: Browser) -> int:
    """The canary by the API: a card, a person, a contract, a file, a call that rang at Anna with its note and card."""
    client = {
        "name": NAME, "full_name": FULL, "kind": "sole-trader", "note": "КАНАРЕЙКА", "emails": [MAIL],
        "phones": [{"typed": TYPED}], "places": [{"kind": "telegram", "value": HANDLE}],
    }  # fmt: skip
    id_ = int((await _ok(browser, "POST", "/clients", client))["id"])
    person = {"name": MAN, "phones": [{"typed": MAN_PHONE}], "emails": [MAIL]}
    await _ok(browser, "POST", f"/clients/{id_}/contacts", person)
    await _ok(browser, "POST", f"/clients/{id_}/contracts", {"number": "Д-КАНАР-17"})
    await _send(browser, f"/clients/{id_}/files", "в клетке КАНАРЕЙКА".encode(), "КАНАРЕЙКА.txt")
    call = await browser.panel.journal("c1", user_id=ANNA)
    async with browser.panel.services.db.write() as conn:
        mine = {"client_id": id_, "number": PHONE, "caller_number": PHONE[1:], "caller_name": "KANAREYKA Kenar"}
        await conn.execute(update(calls).where(calls.c.id == call).values(mine))
    return id_


async def _ok(browser: Browser, method: str, path: str, body: Any = None) -> Any:
    status, answer = await browser.ask(method, path, body)
    assert status in (200, 201), answer
    return answer


async def _send(browser: Browser, path: str, data: bytes, name: str) -> None:
    headers = {"X-CSRF-Token": browser.csrf, "Origin": browser.panel.url, "X-File-Name": quote(name)}
    url = f"{browser.panel.url}/api/v1{path}" if path.startswith("/imports") else f"{browser.panel.url}{path}"
    async with browser.http.post(url, data=io.BytesIO(data), headers=headers) as answer:
        assert answer.status == 201, await answer.text()


async def _erase(pavel: Visitor, id_: int, *, name: str = NAME, reason: str = REASON) -> Any:
    return await pavel.post(f"/clients/{id_}/erase", name=name, reason=reason)


async def test_only_who_may_sees_and_erases(desk: Panel, browser: Browser) -> None:
    id_ = await _made(browser)
    for login in ("anna", "vera"):
        async with Visitor(desk, login) as one:
            assert (await one.get(f"/clients/{id_}/data")).status == 403
            assert (await one.get(f"/clients/{id_}/data/archive.zip")).status == 403
            assert (await one.get("/settings/erasures")).status == 403
            assert (await _erase(one, id_)).status == 403
            assert "/data" not in (await one.get(f"/clients/{id_}")).text
    assert (await browser.ask("GET", f"/clients/{id_}"))[0] == 200


async def test_DP_05_the_archive_is_one_file_and_leaves_nothing_behind(
    desk: Panel, pavel: Visitor, browser: Browser, tmp_path: Path
) -> None:
    id_ = await _made(browser)
    page = await pavel.get(f"/clients/{id_}/data")
    assert page.says("Download the archive")
    async with pavel.http.get(f"{desk.url}/clients/{id_}/data/archive.zip") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''trubka-client-{id_}.zip"
        archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    assert archive.testzip() is None
    assert [name for name in archive.namelist() if not name.startswith("files/")] == ["index.html", "data.json"]
    assert [*(tmp_path / "exports").iterdir()] == []
    assert (await pavel.get("/clients/999/data/archive.zip")).status == 404


async def test_DP_03_an_erased_person_is_nowhere_on_the_server(
    desk: Panel, pavel: Visitor, browser: Browser, tmp_path: Path
) -> None:
    id_ = await _made(browser)
    sheet = f"Название;Телефон\n{NAME};{TYPED}\n".encode()
    async with Browser(desk, "anna") as anna:
        await anna.connect()
        await desk.pop(ANNA, call="c1", number=PHONE, note="КАНАРЕЙКА")
        await _ok(anna, "PUT", "/calls/c1/note", {"text": "КАНАРЕЙКА просит зерна"})
        await _send(browser, "/imports/files", sheet, f"{NAME}.csv")
        asked = {"format": "csv", "columns": ["name", "phones"]}
        await _ok(browser, "POST", "/exports", asked)
        assert len({one.partition(":")[0] for one in sightings(tmp_path)}) >= 4  # base, file, import, export
        assert (await _erase(pavel, id_, name="Не он")).status == 409
        assert (await _erase(pavel, id_, reason=" ")).status == 409
        done = await _erase(pavel, id_)
        assert (done.status, done.place) == (303, "/settings/erasures?said=erased")
        await until(lambda: anna.wire.all("erased"), why="Anna's page lets go of him")
        assert anna.wire.all("erased")[0]["clients"] == [id_]
        assert anna.wire.all("erased")[0]["calls"] == []  # of 1970: no page is that old
    await _cleaned(desk)
    assert sightings(tmp_path, [*WORDS, NAME]) == []
    async with Browser(desk, "anna") as later:  # a page that was away: it is told when it comes back, and shown nobody
        await later.connect(last_seq=0)
        assert later.wire.all("snapshot")[0]["erased"]["clients"] == [id_]
        (pop,) = later.wire.all("screen_pop")
        assert (pop["kind"], pop["matches"], pop["call"]["number"]) == ("hidden", [], None)
    assert (await pavel.get(f"/clients/{id_}")).status == 404


async def _cleaned(desk: Panel) -> None:
    """Wait until the base is cleaned, as it is by itself."""
    async with asyncio.timeout(60):
        while True:
            async with Visitor(desk, "pavel") as one:
                if "soon</td>" not in (await one.get("/settings/erasures")).text:
                    return
            await asyncio.sleep(0.1)


async def test_the_act_and_the_log_tell_all_but_who_it_was(desk: Panel, pavel: Visitor, browser: Browser) -> None:
    id_ = await _made(browser)
    assert (await _erase(pavel, id_, reason=f"{REASON}: {NAME}")).status == 303
    page = await pavel.get("/settings/erasures?said=erased")
    assert page.says("Erased. The act and the event log are below.")
    act = await pavel.get("/settings/erasures/1/act.html")
    log = await pavel.get("/settings/erasures/1/log.csv")
    for paper in (act, log):
        assert paper.status == 200
        assert paper.headers["Content-Disposition"].startswith("attachment;")
        assert not [word for word in WORDS if word in paper.text]
        assert paper.says(f"card No. {id_} of the client base")
        assert paper.says(REASON)
        assert paper.says("Trubka, the client base and the journal of calls")
    for words in ("Pavel", "Position, signature", "Categories of the data", "deleted by the program", "phones"):
        assert act.says(words), words
    assert log.text.count("\n") > 5
    assert (await pavel.get("/settings/erasures/9/act.html")).status == 404


async def test_a_person_is_found_by_phone_and_mail(pavel: Visitor, browser: Browser) -> None:
    id_ = await _made(browser)
    for q in (PHONE, "8 935 555-71-01", MAIL):
        page = await pavel.get(f"/settings/erasures?q={quote(q)}")
        assert page.says(f'href="/clients/{id_}/data"'), q
    assert (await pavel.get(f"/settings/erasures?q={quote(MAN_PHONE)}")).says("/contacts/1/data")
    assert (await pavel.get("/settings/erasures?q=79355550199")).says("Nobody has this phone or address.")


async def test_nobody_is_erased_while_he_calls(desk: Panel, pavel: Visitor, browser: Browser) -> None:
    id_ = await _made(browser)
    async with desk.services.db.write() as conn:
        await conn.execute(update(calls).where(calls.c.id == "c1").values(ended_at=None, outcome=None))
    refused = await _erase(pavel, id_)
    assert (refused.status, refused.says("A call with this person is going on")) == (409, True)
    assert (await pavel.get(f"/clients/{id_}")).status == 200


async def test_DP_04_a_base_put_back_by_hand_is_gone_over_before_anybody_is_served(tmp_path: Path) -> None:
    backup = tmp_path.parent / f"{tmp_path.name}.db"
    async with panel(tmp_path) as first, Browser(first, "vera") as vera, Visitor(first, "pavel") as pavel:
        id_ = await _made(vera)
        await first.services.db.backup(backup)
        assert (await _erase(pavel, id_)).status == 303
        await _cleaned(first)
    _put_back(tmp_path, backup)
    async with panel(tmp_path, filled=True) as second, Visitor(second, "pavel") as pavel:
        assert (await pavel.get(f"/clients/{id_}")).status == 404
        assert (await pavel.get("/settings/erasures")).says("again: an older base had been put back")
        await _cleaned(second)
        assert sightings(tmp_path) == []


def _put_back(folder: Path, backup: Path) -> None:
    """As an operator does with cp."""
    for path in folder.glob("trubka.db*"):
        path.unlink()
    shutil.copyfile(backup, folder / "trubka.db")
