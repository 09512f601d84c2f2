"""Who has a number: the client, his people, the same subscriber, and as it is dialled here; on both engines."""

from __future__ import annotations

from sqlalchemy import insert, update

from cti.clients.card import ClientDraft, Phone, PhoneMatch, with_numbers
from cti.clients.tasks import TaskDraft
from cti.desktop import ContractBrief, ZoneBrief
from cti.storage import clients, directories, lookup, tasks
from cti.storage.client_tables import clients as client_table
from cti.storage.contact_tables import contact_clients, contact_phones, contacts, contracts
from cti.storage.database import Database
from cti.storage.tables import calls
from cti.telephony.numbering import NumberPlan, read
from tests.storage.conftest import ANNA

PLAN = NumberPlan()
NO_PLAN = NumberPlan(area_code="")
NOW = 1_795_000_000.0  # 2026-11-18
SWITCHBOARD = "+74950000100"


async def _made(db: Database) -> int:
    """A company with a switchboard, a contact person at an extension of it and one with a mobile phone."""
    async with db.write() as conn:
        supplier = await directories.add(conn, "relation", "Поставщик")
        draft = ClientDraft(
            name="Ромашка", responsible_id=ANNA, relation_id=supplier, phones=(Phone(typed=SWITCHBOARD, shared=True),)
        )
        client = await clients.insert(conn, with_numbers(draft, PLAN), NOW)
        for id_, name, e164, extension in (
            (1, "Ольга", "+79355550101", ""),
            (2, "Олег", SWITCHBOARD, "14"),
        ):
            await conn.execute(
                insert(contacts).values(
                    id=id_, name=name, name_folded=name.lower(), version=1, created_at=NOW, updated_at=NOW
                )
            )
            await conn.execute(insert(contact_clients).values(contact_id=id_, client_id=client, position=id_))
            await conn.execute(
                insert(contact_phones).values(contact_id=id_, e164=e164, extension=extension, typed=e164, label="")
            )
        for number, ends in (("Д-1", "2026-12-01"), ("Д-2", "2027-06-01"), ("Д-0", "2026-11-01"), ("Д-9", None)):
            await conn.execute(
                insert(contracts).values(
                    client_id=client, number=number, ends_on=ends, currency="RUB", created_at=NOW, updated_at=NOW
                )
            )
    return client


async def _found(db: Database, typed: str, plan: NumberPlan = PLAN) -> list[PhoneMatch]:
    async with db.read() as conn:
        return await lookup.look_up(conn, read(typed, plan), plan, now=NOW)


async def test_a_shared_number_gives_the_company_and_its_people(db: Database) -> None:
    client = await _made(db)
    found = await _found(db, "8 (495) 000-01-00")
    assert [(m.client.id, m.contact.name if m.contact else "", m.shared) for m in found] == [
        (client, "", True),
        (client, "Олег", False),
    ]
    people = [(one.name, one.phones) for one in found[0].client.people]
    assert people == [("Ольга", (("+79355550101", "", ""),)), ("Олег", ((SWITCHBOARD, "14", ""),))]


async def test_a_contact_person_s_own_phone_gives_his_company(db: Database) -> None:
    client = await _made(db)
    (one,) = await _found(db, "+79355550101")
    assert one.contact is not None
    assert (one.client.id, one.contact.name) == (client, "Ольга")
    async with db.read() as conn:
        assert await lookup.clients_of(conn, "+79355550101", limit=2) == [client]
        assert await lookup.clients_of(conn, SWITCHBOARD, limit=2) == [client]
        assert await lookup.responsible_of(conn, "+79355550101") == ANNA


async def test_the_card_tells_relation_manager_what_ends_soon_and_the_last_call(db: Database) -> None:
    client = await _made(db)
    async with db.write() as conn:
        for id_, at, outcome in (("1.1", NOW - 500, "answered"), ("1.2", NOW - 100, "abandoned")):
            await conn.execute(
                insert(calls).values(
                    id=id_, direction="inbound", started_at=at, ended_at=at + 9, outcome=outcome, client_id=client
                )
            )
    brief = (await _found(db, SWITCHBOARD))[0].client
    assert (brief.relation, brief.responsible, brief.restricted) == ("Поставщик", "Anna", False)
    assert [(one.number, one.ends_on) for one in brief.contracts] == [("Д-1", "2026-12-01")]
    assert isinstance(brief.contracts[0], ContractBrief)
    assert brief.last is not None
    assert (brief.last.at, brief.last.direction, brief.last.outcome) == (NOW - 100, "inbound", "abandoned")


async def test_the_card_tells_what_is_to_be_done_and_what_time_it_is_there(db: Database) -> None:
    client = await _made(db)
    async with db.write() as conn:
        for what, due in (("когда-нибудь", None), ("потом", NOW + 500), ("сейчас", NOW - 500)):
            await tasks.add(conn, client, TaskDraft(what=what, due_at=due, owner_id=ANNA), NOW, ANNA)
        done = await tasks.add(conn, client, TaskDraft(what="сделано"), NOW, ANNA)
        await tasks.finish(conn, done, NOW, ANNA)
        region = await directories.add(conn, "region", "Урал", time_zone="Asia/Yekaterinburg")
    brief = (await _found(db, SWITCHBOARD))[0].client
    assert [(one.what, one.owner) for one in brief.tasks] == [
        ("сейчас", "Anna"),
        ("потом", "Anna"),
        ("когда-нибудь", "Anna"),
    ]
    assert brief.zone is None
    async with db.write() as conn:
        await conn.execute(update(client_table).values(region_id=region))
    assert (await _found(db, SWITCHBOARD))[0].client.zone == ZoneBrief(name="Asia/Yekaterinburg", region="Урал")
    async with db.write() as conn:
        await conn.execute(update(client_table).values(time_zone="Asia/Omsk"))
        told = await lookup.brief_of(conn, client, now=NOW)
    assert told is not None
    assert (told.zone, told.tasks) == (ZoneBrief(name="Asia/Omsk"), brief.tasks)


async def test_phones_that_no_plan_could_read_are_found_as_they_are_dialled_here(db: Database) -> None:
    branch = ClientDraft(name="Филиал", phones=(Phone(typed="703"),))
    old = ClientDraft(name="Старый", phones=(Phone(typed="123-45-67 спросить Машу"),))
    async with db.write() as conn:
        made = [await clients.insert(conn, with_numbers(one, PLAN), NOW) for one in (branch, old)]
    assert [(m.client.id, m.local) for m in await _found(db, "703")] == [(made[0], True)]
    for typed in ("+7 495 123-45-67", "8 495 123 45 67", "123-45-67"):
        assert [(m.client.id, m.local) for m in await _found(db, typed)] == [(made[1], True)], typed
    for typed in ("+7 812 123-45-67", "7031", "70", "anonymous", "", "+7 495 123-45-6"):
        assert await _found(db, typed) == [], typed


async def test_an_exact_number_is_never_shadowed_by_a_local_form(db: Database) -> None:
    both = [
        ClientDraft(name="А", phones=(Phone(typed="123-45-67 Маша"),)),
        ClientDraft(name="Б", phones=(Phone(typed="84951234567"),)),
    ]
    async with db.write() as conn:
        made = [await clients.insert(conn, with_numbers(one, PLAN), NOW) for one in both]
    assert [(m.client.id, m.local) for m in await _found(db, "123-45-67")] == [(made[1], False)]
