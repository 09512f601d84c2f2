"""Duplicates over HTTP: told while a card is written, listed, merged side by side, taken back; addresses lead on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cti.clients.duplicates import Likeness
from cti.storage import duplicates
from tests.web.panel import Browser, Panel, panel
from tests.web.visitor import Visitor

NUMBER = "+7 935 555-01-01"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


@pytest.fixture
async def anna(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "anna") as one:
        yield one


@pytest.fixture
async def vera(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "vera") as one:
        yield one


async def made(who: Browser, **fields: Any) -> int:
    status, body = await who.ask("POST", "/clients", {"name": "Клиент"} | fields)
    assert status == 201, body
    return int(body["id"])


async def pair(desk: Panel, who: Browser) -> tuple[int, int]:
    """Two clients of one number, found by a look."""
    one = await made(who, name="Алхимов", phones=[{"typed": NUMBER}], note="первый")
    two = await made(who, name="ООО «Алхимов»", phones=[{"typed": NUMBER}], note="второй", emails=["a@a.example"])
    async with desk.services.db.write() as conn:
        alike = await duplicates.compare(conn, one, two)
        assert isinstance(alike, Likeness)
        await duplicates.keep(conn, {(one, two): alike}, (), 1.0)
    return one, two


async def test_who_is_likely_the_same_is_told_while_a_card_is_written(anna: Browser) -> None:
    one = await made(anna, name="Алхимов", phones=[{"typed": NUMBER}])
    status, found = await anna.ask("POST", "/clients/likely", {"name": "Новый", "phones": ["8 (935) 555 01 01"]})
    assert (status, [line["id"] for line in found]) == (200, [one])
    assert found[0]["reasons"] == [{"code": "phone", "value": "+79355550101", "shown": NUMBER}]
    assert await anna.ask("POST", "/clients/likely", {"id": one, "phones": [NUMBER]}) == (200, [])


@pytest.mark.parametrize("body", [{"phones": ["1"] * 51}, {"name": "x" * 201}, {"id": -1}, {"kind": "x"}, {"no": 1}])
async def test_what_is_asked_is_bounded(anna: Browser, body: dict[str, Any]) -> None:
    status, _ = await anna.ask("POST", "/clients/likely", body)
    assert status == 422


async def test_agents_see_hints_and_merge_nothing(desk: Panel, anna: Browser) -> None:
    one, two = await pair(desk, anna)
    for method, path, body in (
        ("GET", "/clients/duplicates", None),
        ("GET", "/clients/merges", None),
        ("POST", "/clients/duplicates/dismiss", {"one": one, "two": two}),
        ("POST", "/clients/merges", {"kept": one, "kept_version": 1, "gone": two, "gone_version": 1}),
        ("POST", "/clients/merges/undo", {"id": 1}),
    ):
        assert (await anna.ask(method, path, body))[0] == 403, path
    async with Visitor(desk, "anna") as page:
        assert (await page.get("/clients/duplicates")).status == 403
        assert (await page.get(f"/clients/duplicates/{one}/{two}")).status == 403


async def test_a_program_merges_is_led_on_and_takes_it_back(desk: Panel, vera: Browser) -> None:
    one, two = await pair(desk, vera)
    _, listed = await vera.ask("GET", "/clients/duplicates")
    assert [(row["one"]["id"], row["two"]["id"]) for row in listed["rows"]] == [(one, two)]
    body = {"kept": one, "kept_version": 1, "gone": two, "gone_version": 1, "choices": {"note": "both"}}
    status, said = await vera.ask("POST", "/clients/merges", body)
    assert status == 201, said
    _, card = await vera.ask("GET", f"/clients/{two}")  # the client follows 303
    assert (card["id"], card["note"], card["emails"]) == (one, "первый\n\nвторой", ["a@a.example"])
    status, told = await vera.ask("PATCH", f"/clients/{two}", {"version": 1, "note": "нет"})
    assert (status, told["type"]) == (409, "/problems/moved")
    _, merges = await vera.ask("GET", "/clients/merges")
    assert [(one_["kept"], one_["gone"], one_["by"]) for one_ in merges] == [(one, two, "Vera")]
    assert (await vera.ask("POST", "/clients/merges/undo", said))[0] == 200
    _, card = await vera.ask("GET", f"/clients/{two}")
    assert (card["id"], card["note"]) == (two, "второй")
    assert (await vera.ask("POST", "/clients/merges/undo", said))[0] == 409


async def test_the_answer_of_a_merged_client_says_where_it_is(desk: Panel, vera: Browser) -> None:
    one, two = await pair(desk, vera)
    await vera.ask("POST", "/clients/merges", {"kept": one, "kept_version": 1, "gone": two, "gone_version": 1})
    url = f"{desk.url}/api/v1/clients/{two}"
    async with vera.http.get(url, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, f"/api/v1/clients/{one}")
        assert await answer.json() == {"moved": one}


async def test_a_merge_on_an_older_version_or_with_strange_choices_is_refused(desk: Panel, vera: Browser) -> None:
    one, two = await pair(desk, vera)
    body = {"kept": one, "kept_version": 1, "gone": two, "gone_version": 2}
    status, said = await vera.ask("POST", "/clients/merges", body)
    assert (status, said["type"]) == (409, "/problems/changed-meanwhile")
    status, said = await vera.ask("POST", "/clients/merges", body | {"choices": {"name": "both"}})
    assert (status, said["where"]) == (422, "body.choices")


async def test_pages_list_compare_merge_and_take_back(desk: Panel, vera: Browser) -> None:
    async with Visitor(desk, "vera") as page:
        assert (await page.get("/clients/duplicates")).says("No likely duplicates")
        one, two = await pair(desk, vera)
        listed = await page.get("/clients/duplicates")
        assert listed.says("Compare and merge")
        assert listed.says("the same phone")
        place = f"/clients/duplicates/{one}/{two}"
        assert (await page.get(place)).says("both, one after the other")
        form = {"act": "merge", "keep": str(two), f"version-{one}": "1", f"version-{two}": "1"}
        stale = await page.post(place, **form | {f"version-{one}": "7"})
        assert stale.status == 409
        done = await page.post(place, **form, **{"choice:name": str(one), "choice:note": "both"})
        assert (done.status, done.place.startswith("/clients/duplicates?done=")) == (303, True)
        assert (await page.get(done.place)).says("“Алхимов” is merged into")
        moved = await page.get(f"/clients/{one}")
        assert (moved.status, moved.place) == (303, f"/clients/{two}?merged")
        card = await page.get(moved.place)
        assert card.says("was merged into this one")
        assert card.says("Merged with")
        assert card.says("(of the merged card)")
        saved = await page.post(f"/clients/{one}", name="Нет", version="1")
        assert saved.place == f"/clients/{two}?merged"
        back = await page.post(f"/clients/merges/{done.place.partition('=')[2]}/undo")
        assert back.place == "/clients/duplicates?done=back"
        assert (await page.get(f"/clients/{one}")).status == 200
        assert (await page.get(f"/clients/duplicates/{one}/99999")).status == 404
        assert (await page.get(f"/clients/duplicates/{one}/999999999999")).status == 404
        assert (await page.post("/clients/merges/999999999999/undo")).status == 409


async def test_two_said_to_be_two_leave_the_list(desk: Panel, vera: Browser) -> None:
    one, two = await pair(desk, vera)
    async with Visitor(desk, "vera") as page:
        said = await page.post(f"/clients/duplicates/{one}/{two}", act="two")
        assert said.place == "/clients/duplicates?done=two"
        told = await page.get(said.place)
        assert told.says("the pair is not shown again")
        assert told.says("No likely duplicates")


async def test_a_name_is_no_markup(desk: Panel, vera: Browser) -> None:
    one = await made(vera, name="<b>Злой</b>", phones=[{"typed": NUMBER}])
    two = await made(vera, name="<i>Другой</i>", phones=[{"typed": NUMBER}])
    async with Visitor(desk, "vera") as page:
        shown = await page.get(f"/clients/duplicates/{one}/{two}")
    assert "<b>Злой" not in shown.text
    assert shown.says("<b>Злой</b>")
