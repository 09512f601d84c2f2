"""Changing clients: fields of two people meet, every change is a record, a bulk edit is taken back whole."""

from __future__ import annotations

import pytest

from cti.access import Person, Role
from cti.clients.card import ClientCard, ClientDraft, Phone
from cti.clients.changes import as_fields, draft_of
from cti.clients.properties import Property, PropertyValue
from cti.errors import Conflicts, Refused
from cti.features.client_base import ClientBase
from cti.features.client_catalogue import ClientCatalogue
from cti.storage import changes, clients, directories, lookup, properties
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA, BORIS

NOW = 1000.0


def person(id_: int, role: Role = "agent") -> Person:
    return Person(id=id_, login=f"user{id_}", name=f"User {id_}", role=role)


def base(db: Database) -> ClientBase:
    return ClientBase(db=db, plan=NumberPlan(), clock=lambda: NOW)


def catalogue(db: Database) -> ClientCatalogue:
    return ClientCatalogue(db=db, clock=lambda: NOW)


async def card_of(db: Database, client_id: int) -> ClientCard:
    async with db.read() as conn:
        card = await clients.get(conn, client_id)
    assert card is not None
    return card


def changed(card: ClientCard, **fields: object) -> ClientDraft:
    return draft_of(as_fields(card) | fields)


async def test_two_people_change_different_fields_and_both_stay(db: Database) -> None:
    work = base(db)
    made = await work.create(person(ANNA), ClientDraft(name="Алхимов"))
    read = await card_of(db, made)
    await work.change(person(ANNA), made, changed(read, note="зовут Пётр"), read.version)
    await work.change(person(BORIS), made, changed(read, full_name="ООО «Алхимов»"), read.version)
    now = await card_of(db, made)
    assert (now.note, now.full_name, now.version) == ("зовут Пётр", "ООО «Алхимов»", 3)
    async with db.read() as conn:
        told = [(one.user_id, one.field, one.was, one.became) for one in await changes.of_client(conn, made, above=1)]
    assert told == [(BORIS, "full_name", "", "ООО «Алхимов»"), (ANNA, "note", "", "зовут Пётр")]


async def test_two_people_change_one_field_and_a_person_decides(db: Database) -> None:
    work = base(db)
    made = await work.create(person(ANNA), ClientDraft(name="Алхимов"))
    read = await card_of(db, made)
    await work.change(person(ANNA), made, changed(read, note="раз"), read.version)
    with pytest.raises(Conflicts) as caught:
        await work.change(person(BORIS), made, changed(read, note="два", full_name="x"), read.version)
    assert [(one.field, one.theirs, one.mine) for one in caught.value.conflicts] == [("note", "раз", "два")]
    assert (await card_of(db, made)).full_name == ""
    await work.change(person(BORIS), made, changed(read, note="раз"), read.version)  # the same word is no conflict
    assert (await card_of(db, made)).version == 2


async def test_many_at_once_and_taken_back_but_not_what_changed_since(db: Database) -> None:
    work = base(db)
    ids = [await work.create(person(ANNA), ClientDraft(name=f"Клиент {n}", responsible_id=ANNA)) for n in range(3)]
    batch = "b1"
    assert (await work.change_many(person(ANNA), ids, {"responsible_id": BORIS}, batch)).updated == 3
    assert {(await card_of(db, one)).responsible_id for one in ids} == {BORIS}
    last = await card_of(db, ids[2])
    await work.change(person(ANNA), ids[2], changed(last, responsible_id=None), last.version)
    assert await work.undo(person(ANNA), batch) == 3
    assert [(await card_of(db, one)).responsible_id for one in ids] == [ANNA, ANNA, None]


async def test_properties_are_read_kept_and_their_history_too(db: Database) -> None:
    work, admin = base(db), person(ANNA, role="admin")
    values = (PropertyValue(id=0, name="красный", color="red"), PropertyValue(id=0, name="зелёный", color="green"))
    color = await catalogue(db).add_property(admin, Property(id=0, name="Цвет", kind="list", values=values))
    made = await work.create(person(ANNA), ClientDraft(name="Алхимов", values={color: "КРАСНЫЙ"}))
    async with db.read() as conn:
        (prop,) = await properties.every(conn)
    red, green = (value.id for value in prop.values)
    card = await card_of(db, made)
    assert card.values == {color: red}
    await work.change(person(ANNA), made, changed(card, **{f"property:{color}": green}), card.version)
    assert (await card_of(db, made)).values == {color: green}
    async with db.read() as conn:
        history = await properties.history(conn, made)
    assert [(one.property_id, one.value, one.since, one.until) for one in history] == [(color, red, NOW, NOW)]
    with pytest.raises(Refused, match="Цвет"):
        await work.create(person(ANNA), ClientDraft(name="x", values={color: "синий"}))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"inn": "7707083894"}, "bad-inn"),
        ({"inn": "500100732259"}, "bad-inn"),
        ({"kpp": "77360100"}, "bad-kpp"),
        ({"ogrn": "1027700132196"}, "bad-ogrn"),
        ({"region_id": 77}, "bad-directory"),
        ({"values": {5: 1}}, "bad-property"),
        ({"name": "  "}, "no-name"),
    ],
)
async def test_what_is_wrong_is_refused_and_nothing_is_half_saved(
    db: Database, fields: dict[str, object], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        await base(db).create(person(ANNA), ClientDraft(**({"name": "Алхимов"} | fields)))
    assert caught.value.code == code
    async with db.read() as conn:
        assert (await clients.search(conn, "")).rows == []


async def test_a_used_entry_is_merged_or_retired_and_never_lost(db: Database) -> None:
    admin, work = person(ANNA, role="admin"), base(db)
    list_ = catalogue(db)
    moscow = await list_.add_item(admin, "region", "Москва")
    other = await list_.add_item(admin, "region", "г. Москва")
    made = await work.create(person(ANNA), ClientDraft(name="Алхимов", region_id=other))
    await list_.retire_item(admin, other, retired=True)
    assert (await card_of(db, made)).region_id == other
    assert await list_.merge_items(admin, other, moscow) == 1
    assert (await card_of(db, made)).region_id == moscow
    async with db.read() as conn:
        assert [(item.name, item.uses) for item in await directories.every(conn, retired=True, counted=True)] == [
            ("Москва", 1)
        ]
    with pytest.raises(Refused):
        await list_.add_item(admin, "region", "МОСКВА")


async def test_a_phone_of_the_card_is_read_when_it_is_changed(db: Database) -> None:
    work = base(db)
    made = await work.create(person(ANNA), ClientDraft(name="Алхимов"))
    card = await card_of(db, made)
    draft = ClientDraft(name="Алхимов", phones=(Phone(typed="8 935 555-01-01 доб. 12"),))
    await work.change(person(ANNA), made, draft, card.version)
    (phone,) = (await card_of(db, made)).phones
    assert (phone.e164, phone.extension) == ("+79355550101", "12")


async def test_the_pop_carries_the_properties_that_are_marked_for_it(db: Database) -> None:
    admin, list_ = person(ANNA, role="admin"), catalogue(db)
    values = (PropertyValue(id=0, name="красный", color="red"),)
    color = await list_.add_property(admin, Property(id=0, name="Цвет", kind="list", in_pop=True, values=values))
    loyal = await list_.add_property(admin, Property(id=0, name="Лояльность", kind="rating", in_pop=True))
    until = await list_.add_property(admin, Property(id=0, name="Договор до", kind="date", in_pop=True))
    quiet = await list_.add_property(admin, Property(id=0, name="Тайное", kind="text"))
    phones = (Phone(typed="+79355550101"),)
    said = {color: "красный", loyal: 5, until: "31.12.2026", quiet: "x"}
    await base(db).create(person(ANNA), ClientDraft(name="Алхимов", phones=phones, values=said))
    async with db.read() as conn:
        (match,) = await lookup.by_number(conn, "+79355550101", now=0.0)
    assert match.client.properties == (
        ("Цвет", "красный", "red"), ("Лояльность", "5", ""), ("Договор до", "31.12.2026", "")
    )  # fmt: skip
