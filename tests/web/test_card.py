"""The card over HTTP: what follows from the form of ownership, two people at once, rows of phones, its clock."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.panel import Browser, Panel, panel
from tests.web.visitor import Answer, Visitor

INN, KPP, OGRN, OGRNIP, PERSON_INN = "7707083893", "773601001", "1027700132195", "304500116000157", "500100732259"


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


@pytest.fixture
async def boris(desk: Panel) -> AsyncIterator[Visitor]:
    async with Visitor(desk, "boris") as one:
        yield one


async def _made(anna: Browser, **fields: Any) -> int:
    status, body = await anna.ask("POST", "/clients", {"name": "Алхимов", **fields})
    assert status == 201, body
    return int(body["id"])


async def _card(anna: Browser, client: int) -> dict[str, Any]:
    return dict((await anna.ask("GET", f"/clients/{client}"))[1])


async def _saves(visitor: Visitor, path: str, **fields: str) -> tuple[int, dict[str, Any]]:
    """What a form that saves itself sends, and the answer."""
    data = {"csrf": visitor.csrf, **fields}
    headers = {"Origin": visitor.panel.url, "Accept": "application/json"}
    answer = await visitor.ask("POST", path, data=data, headers=headers)
    return answer.status, json.loads(answer.text)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "company", "inn": INN, "kpp": KPP, "ogrn": OGRN}, ""),
        ({"kind": "sole-trader", "inn": PERSON_INN, "ogrn": OGRNIP}, ""),
        ({"kind": "person", "inn": PERSON_INN}, ""),
        ({"kind": "company", "inn": PERSON_INN}, "bad-inn"),
        ({"kind": "person", "inn": INN}, "bad-inn-of-a-person"),
        ({"kind": "sole-trader", "kpp": KPP}, "kpp-of-a-company"),
        ({"kind": "sole-trader", "ogrn": OGRN}, "bad-ogrnip"),
        ({"kind": "company", "ogrn": OGRNIP}, "bad-ogrn"),
        ({"kind": "person", "ogrn": OGRN}, "ogrn-of-a-company"),
        ({"kind": "company", "time_zone": "Mars/Olympus"}, "bad-zone"),
    ],
)
async def test_numbers_follow_from_the_form_of_ownership(anna: Browser, fields: dict[str, str], code: str) -> None:
    status, body = await anna.ask("POST", "/clients", {"name": "Алхимов", **fields})
    assert (status, body.get("type", "")) == ((409, f"/problems/{code}") if code else (201, ""))


async def test_a_company_that_becomes_a_person_leaves_its_numbers_behind(anna: Browser, visitor: Visitor) -> None:
    client = await _made(anna, inn=INN, kpp=KPP, ogrn=OGRN)
    page = await visitor.get(f"/clients/{client}?tab=details")
    assert 'data-kinds="company"' in page.text
    status, body = await _saves(visitor, f"/clients/{client}", version="1", name="Алхимов", kind="person", kpp=KPP)
    assert (status, body["type"]) == (409, "/problems/kpp-of-a-company")
    status, _ = await _saves(visitor, f"/clients/{client}", version="1", name="Алхимов", kind="person")
    card = await _card(anna, client)
    assert (status, card["kind"], card["inn"], card["kpp"], card["ogrn"]) == (200, "person", "", "", "")
    changed = await anna.ask("GET", f"/clients/{client}/history?kind=change")
    assert {"kind", "inn", "kpp", "ogrn"} == {one["field"] for one in changed[1]["rows"][0]["changed"]}


async def test_a_wrong_number_is_told_beside_its_field_and_nothing_that_was_written_is_lost(visitor: Visitor) -> None:
    page = await visitor.post("/clients", name="Новый", kind="company", inn="7707083894", note="долго писали")
    assert page.status == 409
    assert 'id="f-inn" name="inn" value="7707083894"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert page.says("долго писали")


async def test_who_saves_on_an_older_version_gets_what_others_changed_and_reverts_nothing(
    anna: Browser, visitor: Visitor, boris: Visitor
) -> None:
    """A card that saves itself goes on with its old fields: the next saving must not bring them back."""
    client = await _made(anna, note="первая")
    path = f"/clients/{client}"
    await boris.post(path, version="1", name="Алхимов", kind="company", note="от Бориса")
    status, saved = await _saves(visitor, path, version="1", name="Алхимов и Ко", kind="company", note="первая")
    assert (status, saved["version"], saved["others"]) == (200, 3, ["note"])
    assert "от Бориса" in saved["page"]
    card = await _card(anna, client)
    assert (card["name"], card["note"]) == ("Алхимов и Ко", "от Бориса")


async def _met(visitor: Visitor, boris: Visitor, path: str, mine: dict[str, str], his: dict[str, str]) -> Answer:
    assert (await boris.post(path, **his)).status == 303
    return await visitor.post(path, **mine)


async def test_two_people_and_one_field_each_sees_who_and_what_and_takes_field_by_field(
    anna: Browser, visitor: Visitor, boris: Visitor
) -> None:
    client = await _made(anna, note="было", full_name="ООО «Алхимов»")
    path = f"/clients/{client}"
    common = {"version": "1", "name": "Алхимов", "kind": "company"}
    met = await _met(
        visitor,
        boris,
        path,
        {**common, "note": "моя", "full_name": "моё имя"},
        {**common, "note": "его", "full_name": "его имя"},
    )
    assert met.status == 409
    for words in ("Boris", "“его”", "“моя”", "его имя", 'name="theirs" value="note"'):
        assert met.says(words), words
    assert (await _card(anna, client))["note"] == "его"  # nothing half-saved
    kept = {**common, "version": "2", "note": "моя", "full_name": "моё имя", "theirs": "full_name"}
    assert (await visitor.post(path, **kept)).status == 303
    card = await _card(anna, client)
    assert (card["note"], card["full_name"]) == ("моя", "его имя")


async def test_contracts_and_contact_persons_meet_field_by_field_too(
    anna: Browser, visitor: Visitor, boris: Visitor
) -> None:
    client = await _made(anna)
    _, made = await anna.ask("POST", f"/clients/{client}/contracts", {"number": "А-1"})
    contract = f"/contracts/{made['id']}"
    await boris.post(contract, version="1", number="А-1", amount="100", currency="RUB")
    status, saved = await _saves(visitor, contract, version="1", number="А-2", currency="RUB")
    assert (status, saved["others"]) == (200, ["amount"])
    _, read = await anna.ask("GET", f"/contracts/{made['id']}")
    assert (read["number"], read["amount"], read["version"]) == ("А-2", 10_000, 3)
    met = await _met(
        visitor,
        boris,
        contract,
        {"version": "3", "number": "А-3", "amount": "100", "currency": "RUB"},
        {"version": "3", "number": "А-4", "amount": "100", "currency": "RUB"},
    )
    assert met.status == 409
    assert met.says("“А-4”")
    assert (await visitor.get(contract)).says("Changes")

    _, made = await anna.ask("POST", f"/clients/{client}/contacts", {"name": "Рябова"})
    person, role = f"/contacts/{made['id']}", {f"role-{client}": ""}
    await boris.post(person, version="1", name="Рябова", note="бухгалтер", **role)
    status, saved = await _saves(visitor, person, version="1", name="Рябова М.", note="", **role)
    assert (status, saved["others"]) == (200, ["note"])
    _, read = await anna.ask("GET", f"/contacts/{made['id']}")
    assert (read["name"], read["note"]) == ("Рябова М.", "бухгалтер")


async def test_a_contract_that_is_refused_keeps_what_was_written(anna: Browser, visitor: Visitor) -> None:
    client = await _made(anna)
    page = await visitor.post(f"/clients/{client}/contracts", number="А-14", amount="много", note="важное")
    assert page.status == 409
    for words in ('value="А-14"', 'value="много"', "важное"):
        assert page.says(words), words


async def test_an_extension_has_a_field_of_its_own_and_two_numbers_in_one_field_become_two(
    anna: Browser, visitor: Visitor
) -> None:
    phones = [
        {"typed": "+7 935 555-01-02 доб. 14", "label": "офис"},
        {"typed": "8 (935) 555-01-03", "extension": "15"},  # as an import or a program gives it
    ]
    client = await _made(anna, phones=phones)
    page = await visitor.get(f"/clients/{client}?tab=contacts")
    assert 'value="+7 935 555-01-02"' in page.text
    form = [
        ("csrf", visitor.csrf), ("version", "1"), ("name", "Алхимов"), ("kind", "company"),
        ("phone", "+7 935 555-01-02"), ("extension", "14"), ("label", "офис"),
        ("phone", "8 (935) 555-01-03"), ("extension", "15"), ("label", ""),
    ]  # fmt: skip
    headers = {"Origin": visitor.panel.url, "Accept": "application/json"}
    answer = await visitor.ask("POST", f"/clients/{client}", data=form, headers=headers)
    assert (answer.status, json.loads(answer.text)["version"]) == (200, 1)  # what was only looked at has not changed
    more = [*form, ("phone", "+7 935 555-01-04; 8 935 555 01 05"), ("extension", ""), ("label", "склад")]
    answer = await visitor.ask("POST", f"/clients/{client}", data=more, headers=headers)
    assert answer.status == 200
    read = [(one["e164"], one["extension"], one["label"]) for one in (await _card(anna, client))["phones"]]
    assert read == [
        ("+79355550102", "14", "офис"),
        ("+79355550103", "15", ""),
        ("+79355550104", "", "склад"),
        ("+79355550105", "", "склад"),
    ]


async def test_an_e_mail_has_a_kind_and_it_goes_with_its_address(anna: Browser, visitor: Visitor) -> None:
    labels = {"a@firm.example": "бухгалтерия", "gone@firm.example": "никого"}
    client = await _made(anna, emails=["a@firm.example", "b@firm.example"], email_labels=labels)
    assert (await _card(anna, client))["email_labels"] == {"a@firm.example": "бухгалтерия"}
    rows = {"version": "1", "name": "Алхимов", "kind": "company", "email": "a@firm.example", "email_label": "счета"}
    assert (await _saves(visitor, f"/clients/{client}", **rows))[0] == 200
    card = await _card(anna, client)
    assert (card["emails"], card["email_labels"]) == (["a@firm.example"], {"a@firm.example": "счета"})


async def test_the_clients_clock_is_the_cards_else_the_regions_else_ours(
    anna: Browser, desk: Panel, visitor: Visitor
) -> None:
    async with Browser(desk, "pavel") as pavel:
        region = {"name": "Урал", "time_zone": "Asia/Yekaterinburg"}
        status, made = await pavel.ask("POST", "/directories/region", region)
        assert status == 201, made
    client = await _made(anna)
    assert (await visitor.get(f"/clients/{client}")).says("Not known: taken as here")
    await anna.ask("PATCH", f"/clients/{client}", {"version": 1, "region_id": made["id"]})
    assert (await visitor.get(f"/clients/{client}")).says("Yekaterinburg (UTC+5)")
    assert (await visitor.get(f"/clients/{client}")).says("by the region Урал")
    await anna.ask("PATCH", f"/clients/{client}", {"version": 2, "time_zone": "Asia/Omsk"})
    page = await visitor.get(f"/clients/{client}")
    assert page.says("Omsk (UTC+6)")
    assert page.says("set on the card")


async def test_a_blocked_manager_stays_on_the_card_until_another_one_is_chosen(
    anna: Browser, desk: Panel, visitor: Visitor
) -> None:
    client = await _made(anna, responsible_id=2)
    await desk.services.people.block(None, 2, blocked=True)
    page = await visitor.get(f"/clients/{client}")
    assert '<option value="2" selected>Boris</option>' in page.text
    refused = await _saves(
        visitor, f"/clients/{client}", version="1", name="Алхимов", kind="company", responsible_id="99"
    )
    assert (refused[0], refused[1]["type"]) == (409, "/problems/no-person")
