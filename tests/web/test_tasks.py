"""Notes on clients and tasks for them: one stream, the card, the owner's desk, what a pop is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.panel import ANNA, BORIS, Browser, Panel, panel
from tests.web.visitor import Visitor

FAR = 4_000_000_000.0  # 2096


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
    status, body = await anna.ask("POST", "/clients", {"name": name, "phones": [{"typed": "+79355550101"}]})
    assert status == 201, body
    return int(body["id"])


async def _kinds(anna: Browser, client: int, kind: str = "") -> list[dict[str, Any]]:
    return list((await anna.ask("GET", f"/clients/{client}/history?kind={kind}"))[1]["rows"])


async def test_notes_and_tasks_stand_in_the_stream_with_calls_and_changes(anna: Browser, visitor: Visitor) -> None:
    client = await _client(anna)
    assert (await visitor.post(f"/clients/{client}/notes", text="Просил <b>не звонить</b> до обеда")).status == 303
    task = {"what": "Выслать счёт", "due": "2026-12-01T15:00", "owner_id": str(BORIS)}
    assert (await visitor.post(f"/clients/{client}/tasks", **task)).status == 303
    told = [next(key for key in ("note", "task", "changed") if row[key]) for row in await _kinds(anna, client)]
    assert sorted(told) == ["changed", "note", "task"]
    (row,) = await _kinds(anna, client, "task")
    assert (row["task"]["what"], row["task"]["owner"], row["task"]["made_by"]) == ("Выслать счёт", "Boris", "Anna")
    assert row["task"]["due_at"] == 1_796_126_400.0  # 15:00 in Moscow
    page = await visitor.get(f"/clients/{client}?tab=history")
    assert "<b>не звонить" not in page.text
    for words in ("Просил <b>не звонить</b> до обеда", "Выслать счёт", "01.12.2026 15:00"):
        assert page.says(words), words
    only = await visitor.get(f"/clients/{client}?tab=history&kind=note")
    stream = only.text.partition('id="stream"')[2]
    assert "до обеда" in stream
    assert "Выслать счёт" not in stream


async def test_a_task_is_on_its_owners_desk_and_in_the_pop_until_it_is_done(
    anna: Browser, desk: Panel, visitor: Visitor
) -> None:
    client = await _client(anna)
    for what, due, owner in (("Позже", FAR, ANNA), ("Без срока", None, ANNA), ("Борису", 1.0, BORIS)):
        body = {"what": what, "due_at": due, "owner_id": owner}
        assert (await anna.ask("POST", f"/clients/{client}/tasks", body))[0] == 201
    mine = (await anna.ask("GET", "/tasks"))[1]
    assert [one["what"] for one in mine] == ["Позже", "Без срока"]
    page = await visitor.get("/")
    assert page.says("Позже")
    assert not page.says("Борису")
    answer = await visitor.get(f"/desk/client/{client}")
    assert answer.says('"what":"Борису"')
    card = await visitor.get(f"/clients/{client}")
    assert card.says("Борису")
    assert card.says("overdue")
    assert (await visitor.post(f"/tasks/{mine[0]['id']}/done", back="desk")).place == "/"
    assert (await anna.ask("PUT", f"/tasks/{mine[1]['id']}/done", {"done": True}))[0] == 200
    assert (await anna.ask("GET", "/tasks"))[1] == []
    assert [one["what"] for one in (await anna.ask("GET", f"/clients/{client}/tasks"))[1]] == ["Борису"]
    await visitor.post(f"/tasks/{mine[0]['id']}/done", again="1")
    assert [one["what"] for one in (await anna.ask("GET", "/tasks"))[1]] == ["Позже"]
    fields = [one["field"].rpartition(":")[2] for row in await _kinds(anna, client, "change") for one in row["changed"]]
    assert fields.count("done_at") == 3


async def test_what_changes_of_a_task_and_a_note_is_a_record_and_a_note_is_its_writers(
    anna: Browser, desk: Panel
) -> None:
    client = await _client(anna)
    _, note = await anna.ask("POST", f"/clients/{client}/notes", {"text": "раз"})
    _, task = await anna.ask("POST", f"/clients/{client}/tasks", {"what": "Позвонить"})
    async with Browser(desk, "boris") as boris:
        assert (await boris.ask("PUT", f"/notes/{note['id']}", {"text": "два"}))[0] == 403
        changed = {"what": "Написать", "due_at": FAR, "owner_id": BORIS}
        assert (await boris.ask("PUT", f"/tasks/{task['id']}", changed))[0] == 200
        assert (await boris.ask("PUT", f"/tasks/{task['id']}", {"what": "x", "owner_id": 99}))[0] == 409
    assert (await anna.ask("PUT", f"/notes/{note['id']}", {"text": "три"}))[0] == 200
    assert (await anna.ask("DELETE", f"/notes/{note['id']}"))[0] == 200
    assert (await anna.ask("DELETE", f"/notes/{note['id']}"))[0] == 404
    assert (await anna.ask("DELETE", f"/tasks/{task['id']}"))[0] == 200
    told = [
        (one["field"].rpartition(":")[2], one["was"], one["became"], one["by"])
        for row in await _kinds(anna, client, "change")
        for one in row["changed"]
        if one["field"].startswith(("task:", "note:"))
    ]
    number = str(note["id"])
    assert (number, "раз", "три", "Anna") in told
    assert (number, "три", None, "Anna") in told
    assert ("what", "Позвонить", "Написать", "Boris") in told
    assert ("what", "Написать", None, "Anna") in told


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("notes", {"text": "  "}),
        ("tasks", {"what": ""}),
        ("tasks", {"what": "x", "due": "завтра"}),
        ("tasks", {"what": "x", "owner_id": "99"}),
    ],
)
async def test_what_says_nothing_is_refused(anna: Browser, visitor: Visitor, path: str, fields: dict[str, str]) -> None:
    client = await _client(anna)
    assert (await visitor.post(f"/clients/{client}/{path}", **fields)).status == 409
    assert (await visitor.post(f"/clients/999/{path}", text="x", what="x")).status == 404
    assert await _kinds(anna, client, path.removesuffix("s")) == []


async def test_a_merge_keeps_both_clients_notes_and_tasks(anna: Browser, desk: Panel) -> None:
    one, two = await _client(anna), await _client(anna, "Алхимов 2")
    for client in (one, two):
        await anna.ask("POST", f"/clients/{client}/notes", {"text": f"о {client}"})
        await anna.ask("POST", f"/clients/{client}/tasks", {"what": f"для {client}"})
    async with Browser(desk, "vera") as vera:
        body = {"kept": one, "gone": two, "kept_version": 1, "gone_version": 1}
        status, merged = await vera.ask("POST", "/clients/merges", body)
        assert status == 201, merged
        assert len((await vera.ask("GET", f"/clients/{one}/tasks"))[1]) == 2
        assert len(await _kinds(vera, one, "note")) == 2
        status, body = await vera.ask("POST", "/clients/merges/undo", {"id": merged["id"]})
        assert status == 200, body
        assert [row["note"]["text"] for row in await _kinds(vera, two, "note")] == [f"о {two}"]
        assert len((await vera.ask("GET", f"/clients/{two}/tasks"))[1]) == 1
