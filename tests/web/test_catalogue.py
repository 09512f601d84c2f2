"""What an admin defines: properties with values and rules, directories with order, tree, merging and their uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.panel import Browser, Panel, panel
from tests.web.visitor import Visitor

COLOURS = [{"name": "красный", "color": "red"}, {"name": "зелёный", "color": "green"}]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


@pytest.fixture
async def pavel(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "pavel") as one:
        yield one


@pytest.fixture
async def visitor(desk: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(desk, "pavel") as one:
        yield one


async def _adds(pavel: Browser, path: str, **body: Any) -> int:
    status, made = await pavel.ask("POST", path, body)
    assert status == 201, made
    return int(made["id"])


async def _property(pavel: Browser, property_id: int) -> dict[str, Any]:
    return next(one for one in (await pavel.ask("GET", "/properties"))[1] if one["id"] == property_id)


async def test_only_an_admin_defines_and_everybody_reads(desk: Panel, pavel: Browser) -> None:
    await _adds(pavel, "/properties", name="Цвет", kind="list", values=COLOURS)
    async with Browser(desk, "vera") as vera:
        assert (await vera.ask("POST", "/properties", {"name": "X", "kind": "text"}))[0] == 403
        assert (await vera.ask("POST", "/directories/region", {"name": "Урал"}))[0] == 403
        assert [one["name"] for one in (await vera.ask("GET", "/properties"))[1]] == ["Цвет"]


async def test_a_required_property_is_asked_of_a_new_client_and_never_emptied(pavel: Browser, visitor: Visitor) -> None:
    old = await _adds(pavel, "/clients", name="Старый")
    colour = await _adds(pavel, "/properties", name="Цвет", kind="list", values=COLOURS, required=True)
    red = (await _property(pavel, colour))["values"][0]["id"]
    name = f"property-{colour}"
    refused = await visitor.post("/clients", name="Новый", kind="company")
    assert refused.status == 409
    assert refused.says("this is required")
    assert f'id="f-{name}"' in refused.text
    assert (await visitor.post("/clients", name="Новый", kind="company", **{name: str(red)})).status == 303
    page = await visitor.get(f"/clients/{old}")
    assert f'data-goes="f-{name}"' in page.text  # what is missing leads to its field
    form = {"version": "1", "name": "Старый", "kind": "company"}
    assert (await visitor.post(f"/clients/{old}", **form, note="можно и без него")).status == 303
    form["version"] = "2"
    assert (await visitor.post(f"/clients/{old}", **form, **{name: str(red)})).status == 303
    form["version"] = "3"
    emptied = await visitor.post(f"/clients/{old}", **form)
    assert (emptied.status, emptied.says("Цвет: this is required")) == (409, True)


async def test_a_property_is_said_of_the_kinds_that_have_it_alone(pavel: Browser) -> None:
    size = await _adds(pavel, "/properties", name="Штат", kind="number", applies_to=["company"])
    person = {"name": "Новиков", "kind": "person"}
    client = await _adds(pavel, "/clients", **person)
    status, body = await pavel.ask("PATCH", f"/clients/{client}", {"version": 1, "properties": {str(size): 5}})
    assert (status, body["type"]) == (409, "/problems/not-of-this-kind")
    status, _ = await pavel.ask(
        "PATCH", f"/clients/{client}", {"version": 1, "kind": "company", "properties": {str(size): 1234567.5}}
    )
    assert status == 200


async def test_a_number_keeps_all_its_digits_in_its_field(pavel: Browser, visitor: Visitor) -> None:
    size = await _adds(pavel, "/properties", name="Оборот", kind="number")
    client = await _adds(pavel, "/clients", name="Алхимов", properties={str(size): 1234567.5})
    page = await visitor.get(f"/clients/{client}?tab=properties")
    assert f'name="property-{size}" inputmode="decimal" maxlength="30" value="1234567.5"' in page.text


async def test_values_are_ordered_renamed_retired_and_go_when_nobody_had_them(pavel: Browser, visitor: Visitor) -> None:
    colour = await _adds(pavel, "/properties", name="Цвет", kind="list", values=COLOURS)
    red, green = (await _property(pavel, colour))["values"]
    client = await _adds(pavel, "/clients", name="Алхимов", properties={str(colour): red["id"]})
    reversed_ = {"name": "Цвет", "kind": "list", "values": [{**green, "name": "Зелёный"}, red]}
    assert (await pavel.ask("PUT", f"/properties/{colour}", reversed_))[0] == 200
    assert [one["name"] for one in (await _property(pavel, colour))["values"]] == ["Зелёный", "красный"]
    alone = {"name": "Цвет", "kind": "list", "values": [{**green, "name": "Зелёный"}]}
    status, body = await pavel.ask("PUT", f"/properties/{colour}", alone)
    assert (status, body["type"]) == (409, "/problems/value-in-use")
    alone["values"] = [{**red, "retired": True}]
    assert (await pavel.ask("PUT", f"/properties/{colour}", alone))[0] == 200
    assert [one["name"] for one in (await _property(pavel, colour))["values"]] == ["красный"]
    card = await visitor.get(f"/clients/{client}?tab=properties")
    assert f'<option value="{red["id"]}" selected>красный</option>' in card.text  # retired, and still his


async def test_properties_stand_in_the_order_an_admin_gives_and_a_said_one_is_not_lost(
    pavel: Browser, visitor: Visitor
) -> None:
    one, two = [await _adds(pavel, "/properties", name=name, kind="text") for name in ("Первое", "Второе")]
    await visitor.post(f"/settings/properties/{two}/move", up="1")
    assert [p["id"] for p in (await pavel.ask("GET", "/properties"))[1]] == [two, one]
    client = await _adds(pavel, "/clients", name="Алхимов", properties={str(one): "было"})
    await pavel.ask("PATCH", f"/clients/{client}", {"version": 1, "properties": {str(one): None}})
    for property_id in (one, two):
        assert (await pavel.ask("PUT", f"/properties/{property_id}/retired", {"retired": True}))[0] == 200
    assert [(p["id"], p["retired"]) for p in (await pavel.ask("GET", "/properties"))[1]] == [(one, True)]
    assert (await visitor.post(f"/settings/properties/{one}", name="Первое")).status == 409  # of no kind of client


async def test_an_entry_in_use_is_merged_or_retired_and_its_uses_are_shown(pavel: Browser, visitor: Visitor) -> None:
    north, south, east = [await _adds(pavel, "/directories/region", name=name) for name in ("Север", "Юг", "Восток")]
    client = await _adds(pavel, "/clients", name="Алхимов", region_id=north)
    asked = {"match": "all", "conditions": [{"field": "region", "op": "any-of", "value": [north]}]}
    segment = await _adds(pavel, "/segments", name="Северные", expression=asked)
    page = await visitor.get("/settings/directories/region")
    assert "/clients?filters=" in page.text
    assert (await pavel.ask("PUT", f"/directories/items/{east}/retired", {"retired": True}))[0] == 200
    assert (await pavel.ask("PUT", f"/directories/items/{north}/retired", {"retired": True}))[0] == 200
    items = {one["name"]: (one["retired"], one["uses"]) for one in (await pavel.ask("GET", "/directories"))[1]}
    assert items == {"Север": (True, 1), "Юг": (False, 0)}  # nobody had the third: it is deleted
    status, moved = await pavel.ask("POST", f"/directories/items/{north}/merge", {"into": south})
    assert (status, moved) == (200, {"moved": 1})
    assert (await pavel.ask("GET", f"/clients/{client}"))[1]["region_id"] == south
    grid = await pavel.ask("GET", f'/clients/grid?filters=[{{"field":"segment","op":"any-of","value":[{segment}]}}]')
    assert [row["id"] for row in grid[1]["rows"]] == [client]  # what asked for the one asks for the other
    history = await visitor.get(f"/clients/{client}?tab=history")
    assert history.says("Юг")


async def test_industries_are_a_tree_and_no_entry_is_a_part_of_itself(pavel: Browser, visitor: Visitor) -> None:
    trade = await _adds(pavel, "/directories/industry", name="Торговля")
    retail = await _adds(pavel, "/directories/industry", name="Розница", parent_id=trade)
    goods = await _adds(pavel, "/directories/industry", name="Продукты", parent_id=retail)
    status, body = await pavel.ask("PUT", f"/directories/items/{trade}", {"name": "Торговля", "parent_id": goods})
    assert (status, body["type"]) == (409, "/problems/part-of-itself")
    status, body = await pavel.ask("POST", f"/directories/items/{trade}/merge", {"into": goods})
    assert (status, body["type"]) == (409, "/problems/part-of-itself")
    assert (await pavel.ask("POST", "/directories/industry", {"name": "РОЗНИЦА"}))[1]["type"] == "/problems/taken"
    await _adds(pavel, "/directories/industry", name="Услуги")
    await visitor.post(f"/settings/directories/industry/{trade}", act="down")
    names = [one["name"] for one in (await pavel.ask("GET", "/directories"))[1] if one["directory"] == "industry"]
    assert names == ["Услуги", "Торговля", "Розница", "Продукты"]
    assert (await visitor.get("/settings/directories/nonsense")).status == 404
    assert (await pavel.ask("POST", "/directories/nonsense", {"name": "x"}))[0] == 409
