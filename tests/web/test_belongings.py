"""Contact persons, contracts and files over HTTP: the API, the pages without scripts, what is refused."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from cti.features.client_files import MOST_BYTES
from tests.web.panel import Browser, Panel, panel
from tests.web.visitor import Answer, Visitor


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


@pytest.fixture
async def anna(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "anna") as one:
        yield one


@pytest.fixture
async def visitor(desk: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(desk, "anna") as one:
        yield one


async def _client(anna: Browser, name: str = "Алхимов") -> int:
    status, body = await anna.ask("POST", "/clients", {"name": name})
    assert status == 201, body
    return int(body["id"])


def _files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


async def _send(visitor: Visitor, path: str, data: bytes, name: str) -> Answer:
    headers = {
        "X-CSRF-Token": visitor.csrf,
        "X-File-Name": quote(name),
        "Origin": visitor.panel.url,
        "Accept": "application/json",
        "Content-Type": "application/octet-stream",
    }
    return await visitor.ask("POST", path, data=io.BytesIO(data), headers=headers)


async def test_people_and_contracts_through_the_api(anna: Browser) -> None:
    client = await _client(anna)
    person = {"name": "Рябова", "phones": [{"typed": "+7 935 555-01-44"}], "emails": ["m@alhimov.example"]}
    status, made = await anna.ask("POST", f"/clients/{client}/contacts", person)
    assert status == 201, made
    status, [read] = await anna.ask("GET", f"/clients/{client}/contacts")
    assert (read["name"], read["roles"], read["version"]) == ("Рябова", {str(client): None}, 1)
    status, _ = await anna.ask("PUT", f"/contacts/{made['id']}", person | {"name": "Рябова М.", "version": 1})
    assert status == 200
    status, body = await anna.ask("PUT", f"/contacts/{made['id']}", person | {"name": "Рябов", "version": 1})
    assert (status, body["type"]) == (409, "/problems/changed-meanwhile")
    status, body = await anna.ask("POST", f"/clients/{client}/contracts", {"number": "А-1", "ends_on": "2026-13-01"})
    assert (status, body["type"]) == (409, "/problems/bad-day")
    status, made = await anna.ask("POST", f"/clients/{client}/contracts", {"number": "А-1", "amount": 125_000_050})
    assert status == 201, made
    status, [contract] = await anna.ask("GET", f"/clients/{client}/contracts")
    assert (contract["amount"], contract["currency"]) == (125_000_050, "RUB")
    _, past = await anna.ask("GET", f"/clients/{client}/history?kind=change")
    fields = {one["field"].split(":")[0] for row in past["rows"] for one in row["changed"]}
    assert fields == {"name", "contact", "contract"}
    assert (await anna.ask("DELETE", f"/contacts/{read['id']}"))[0] == 200
    assert (await anna.ask("DELETE", f"/contacts/{read['id']}"))[0] == 404
    assert (await anna.ask("GET", "/clients/999/contacts"))[0] == 404


async def test_a_contract_by_its_form_says_what_is_wrong_and_keeps_what_was_written(
    anna: Browser, visitor: Visitor
) -> None:
    client = await _client(anna)
    refused = await visitor.post(f"/clients/{client}/contracts", number="А-14", amount="много")
    assert refused.status == 409
    assert refused.says("The sum is a number")
    made = await visitor.post(
        f"/clients/{client}/contracts", number="А-14", amount="1 250 000,50", ends_on="2030-01-31"
    )
    page = await visitor.get(made.place.partition("?")[0])
    assert page.says("Contract А-14")
    assert page.says("1 250 000,50".replace(" ", "\u00a0")) or page.says("1 250 000,50")
    card = await visitor.get(f"/clients/{client}?tab=contracts")
    assert card.says("31.01.2030")


async def test_a_file_is_kept_given_back_whole_and_deleted(anna: Browser, visitor: Visitor, tmp_path: Path) -> None:
    client = await _client(anna)
    data = b"%PDF-1.7 \x00\xff" * 10_000
    brought = await _send(visitor, f"/clients/{client}/files", data, 'Договор "№1"\r\nSet-Cookie: x.pdf')
    assert brought.status == 201, brought.text
    _, [kept] = await anna.ask("GET", f"/clients/{client}/files")
    assert (kept["size"], kept["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    url = f"{visitor.panel.url}/files/{kept['id']}"
    async with visitor.http.get(url) as response:
        assert await response.read() == data
        assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in response.headers
    stored = [one for one in _files(tmp_path) if one.stat().st_size == len(data)]
    assert len(stored) == 1
    assert (await visitor.post(f"/files/{kept['id']}/delete")).status == 303
    assert not stored[0].exists()
    assert (await visitor.get(f"/files/{kept['id']}")).status == 404


async def test_files_that_are_refused_leave_nothing(anna: Browser, visitor: Visitor, tmp_path: Path) -> None:
    client = await _client(anna)
    empty = await _send(visitor, f"/clients/{client}/files", b"", "пусто.txt")
    assert empty.status == 409
    assert json.loads(empty.text)["type"] == "/problems/empty-file"
    large = await _send(visitor, f"/clients/{client}/files", bytes(MOST_BYTES + 1), "много.bin")
    assert large.status == 413
    strange = await _send(visitor, "/clients/999/files", b"x", "x.txt")
    assert strange.status == 404
    assert all(one.parent.name != "files" for one in _files(tmp_path))


async def test_a_contract_goes_with_its_files(anna: Browser, visitor: Visitor) -> None:
    client = await _client(anna)
    _, made = await anna.ask("POST", f"/clients/{client}/contracts", {"number": "А-1"})
    brought = await _send(visitor, f"/contracts/{made['id']}/files", b"text", "А-1.txt")
    assert brought.status == 201, brought.text
    assert (await visitor.get(f"/contracts/{made['id']}")).says("А-1.txt")
    assert (await visitor.post(f"/contracts/{made['id']}/delete")).status == 303
    assert (await anna.ask("GET", f"/clients/{client}/files"))[1] == []
    assert (await visitor.get(f"/files/{json.loads(brought.text)['id']}")).status == 404


async def test_a_person_who_is_here_becomes_another_clients_too(anna: Browser, visitor: Visitor) -> None:
    one, two = await _client(anna), await _client(anna, "Ромашка")
    _, made = await anna.ask("POST", f"/clients/{one}/contacts", {"name": "<b>Рябова</b>"})
    page = await visitor.get(f"/clients/{two}/contacts/new?q=рябов")
    assert "<b>Рябова" not in page.text
    assert page.says("Алхимов")
    await visitor.post(f"/clients/{two}/contacts/attach", contact=str(made["id"]))
    assert (await visitor.get(f"/clients/{two}?tab=contacts")).says("<b>Рябова</b>")
    left = await visitor.post(f"/contacts/{made['id']}", name="Рябова", version="2", **{f"gone-{one}": "on"})
    assert left.place.startswith(f"/clients/{two}?")
    assert (await anna.ask("GET", f"/clients/{one}/contacts"))[1] == []
