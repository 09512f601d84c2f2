"""The grid over HTTP: rows by any filters, views, what an admin defines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cti.access import Person
from cti.clients.contacts import ContactDraft
from cti.clients.contracts import ContractDraft
from cti.clients.properties import Property, PropertyValue
from cti.storage import contacts, contracts
from tests.web.panel import Browser, Panel, panel


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


@pytest.fixture
async def anna(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "anna") as one:
        yield one


async def made(anna: Browser, **fields: Any) -> int:
    status, body = await anna.ask("POST", "/clients", {"name": "Клиент"} | fields)
    assert status == 201, body
    return int(body["id"])


async def asked(anna: Browser, *filters: dict[str, Any], **more: str) -> tuple[int, Any]:
    query = "&".join([f"filters={json.dumps(filters)}", *(f"{key}={value}" for key, value in more.items())])
    return await anna.ask("GET", f"/clients/grid?{query}")


async def test_rows_by_filters_in_order(anna: Browser) -> None:
    numbers = [{"typed": "8 (495) 123-45-67", "extension": "12"}, {"typed": "+7 935 555-00-01"}]
    await made(anna, name="Алхимов", inn="7707083893", emails=["a@alhimov.example"], phones=numbers)
    await made(anna, name="Берёзка", kind="person")
    status, body = await asked(anna, {"field": "name", "op": "contains", "value": "БЕРЕЗ"})
    assert (status, [row["name"] for row in body["rows"]], body["total"]) == (200, ["Берёзка"], 1)
    _, body = await asked(anna, sort="-name", limit="1")
    assert ([row["name"] for row in body["rows"]], body["total"]) == (["Берёзка"], 2)
    _, body = await asked(anna, sort="-name", limit="1", offset="1")
    assert [(row["name"], row["inn"], row["emails"], row["phones"]) for row in body["rows"]] == [
        ("Алхимов", "7707083893", "a@alhimov.example", "+7 495 123-45-67 доб. 12, +7 935 555-00-01")
    ]


async def test_pages_follow_by_their_cursors_and_are_counted_apart(anna: Browser) -> None:
    for name in ("Алхимов", "Берёзка", "Гранит"):
        await made(anna, name=name)
    _, first = await asked(anna, sort="name", limit="2")
    _, second = await asked(anna, sort="name", limit="2", cursor=first["next_cursor"])
    assert [row["name"] for page in (first, second) for row in page["rows"]] == ["Алхимов", "Берёзка", "Гранит"]
    assert (first["total"], second["total"], second["next_cursor"]) == (3, None, None)
    assert (await asked(anna, sort="created", cursor=first["next_cursor"]))[0] == 422
    assert await anna.ask("GET", "/clients/grid/count?q=гран") == (200, {"total": 1})
    assert await anna.ask("GET", "/clients/grid/count") == (200, {"total": 3})


async def test_people_contracts_and_addresses_are_columns_and_filters(desk: Panel, anna: Browser) -> None:
    one = await made(anna, name="Алхимов", places=[{"kind": "address", "value": "Ёлочная ул., 5"}])
    other = await made(anna, name="Берёзка")
    async with desk.services.db.write() as conn:
        await contacts.add(conn, ContactDraft(name="Рябова Мария", roles={one: None, other: None}), 1.0)
        await contacts.add(conn, ContactDraft(name="Громов Иван", roles={one: None}), 2.0)
        await contracts.add(conn, one, ContractDraft(number="А-014"), 1.0)
        await contacts.relink(conn, [one, other])
    _, body = await asked(anna, beside="contacts,contracts")
    assert [(row["contacts"], row.get("contracts"), row["places"]) for row in body["rows"]] == [
        ("Рябова Мария, Громов Иван", "А-014", "Ёлочная ул., 5"),
        ("Рябова Мария", None, ""),
    ]
    for field, value, names in (
        ("contacts", "ГРОМОВ", ["Алхимов"]),
        ("contacts", "ряб", ["Алхимов", "Берёзка"]),
        ("contracts", "а-0", ["Алхимов"]),
        ("places", "елочн", ["Алхимов"]),
    ):
        _, body = await asked(anna, {"field": field, "op": "contains", "value": value})
        assert [row["name"] for row in body["rows"]] == names, field
    for field in ("contracts", "places"):
        _, body = await asked(anna, {"field": field, "op": "empty"})
        assert [row["name"] for row in body["rows"]] == ["Берёзка"], field
    assert (await asked(anna, {"field": "contacts", "op": "begins", "value": "Р"}))[0] == 422


@pytest.mark.parametrize("filters", ["{", '[{"field":1}]', '[{"field":"name","op":"drop"}]', '[{"x":1}]'])
async def test_a_filter_that_is_none_is_a_fault_of_the_query(anna: Browser, filters: str) -> None:
    status, body = await anna.ask("GET", f"/clients/grid?filters={filters}")
    assert (status, body["where"]) == (422, "query.filters")


async def test_a_filter_or_order_that_there_is_not_is_refused(anna: Browser) -> None:
    status, body = await asked(anna, {"field": "1; DROP TABLE clients", "op": "contains", "value": "x"})
    assert (status, body["type"]) == (422, "/problems/bad-filter")
    status, body = await asked(anna, sort="password_hash")
    assert (status, body["type"]) == (422, "/problems/bad-sort")


async def test_views_are_mine_or_shared_with_my_role(desk: Panel, anna: Browser) -> None:
    state = {"columns": [{"field": "name", "width": 200}], "sort": "-name"}
    assert (await anna.ask("PUT", "/clients/views", {"state": state}))[0] == 200
    assert (await anna.ask("PUT", "/clients/views", {"state": {}, "name": "Мои", "share": ""}))[0] == 200
    async with Browser(desk, "vera") as vera:
        assert (await vera.ask("PUT", "/clients/views", {"state": state, "name": "Всем", "share": "agent"}))[0] == 200
        _, hers = await vera.ask("GET", "/clients/views")
    _, mine = await anna.ask("GET", "/clients/views")
    assert [(one["name"], one["mine"]) for one in mine] == [("", True), ("Всем", False), ("Мои", True)]
    assert [one["name"] for one in hers] == ["Всем"]
    shared = next(one["id"] for one in mine if one["name"] == "Всем")
    assert (await anna.ask("DELETE", f"/clients/views/{shared}"))[0] == 404
    own = next(one["id"] for one in mine if one["name"] == "Мои")
    assert (await anna.ask("DELETE", f"/clients/views/{own}"))[0] == 200


async def test_an_agent_sees_what_an_admin_defined(desk: Panel, anna: Browser) -> None:
    pavel = Person(id=99, login="pavel", name="Pavel", role="admin")
    work = desk.services.catalogue
    values = (PropertyValue(id=0, name="красный"),)
    await work.add_property(pavel, Property(id=0, name="Цвет", kind="list", values=values))
    await work.add_item(pavel, "region", "Москва")
    status, body = await anna.ask("GET", "/clients/catalogue")
    (prop,) = body["properties"]
    assert (status, prop["name"], [one["name"] for one in prop["values"]]) == (200, "Цвет", ["красный"])
    assert [(one["directory"], one["name"]) for one in body["directories"]] == [("region", "Москва")]
    one = await made(anna, properties={str(prop["id"]): "красный"}, region_id=body["directories"][0]["id"])
    _, card = await anna.ask("GET", f"/clients/{one}")
    assert card["properties"] == {str(prop["id"]): prop["values"][0]["id"]}
