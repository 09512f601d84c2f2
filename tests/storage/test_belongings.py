"""Contact persons, contracts and the history of clients, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from cti.access import Person
from cti.clients.card import ClientDraft, Phone
from cti.clients.contacts import ContactDraft
from cti.clients.contracts import ContractDraft
from cti.errors import Refused
from cti.features.client_base import ClientBase
from cti.features.client_contacts import ClientContacts
from cti.features.client_contracts import ClientContracts
from cti.storage import contacts, contracts, directories, history
from cti.storage.clients import search
from cti.storage.database import Database
from cti.storage.tables import calls
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA

PLAN = NumberPlan()
NOW = 1_795_000_000.0
WHO = Person(id=ANNA, login="anna", name="Анна", role="admin")


class Office:
    """The features over one base, with a clock that goes a second forward with each look."""

    def __init__(self, db: Database) -> None:
        self.db, self.now = db, NOW
        self.base = ClientBase(db=db, plan=PLAN, clock=self.clock)
        self.contacts = ClientContacts(db=db, plan=PLAN, clock=self.clock)
        self.contracts = ClientContracts(db=db, clock=self.clock)

    def clock(self) -> float:
        self.now += 1
        return self.now

    async def client(self, name: str) -> int:
        return await self.base.create(WHO, ClientDraft(name=name))

    async def found(self, q: str) -> list[str]:
        async with self.db.read() as conn:
            return [row.name for row in (await search(conn, q)).rows]


@pytest.fixture
def office(db: Database) -> Office:
    return Office(db)


async def test_a_person_of_two_clients_is_found_and_leads_to_both(office: Office) -> None:
    one, two = await office.client("Алхимов"), await office.client("Ромашка")
    phone = Phone(typed="8 (935) 555-01-44 доб. 7")
    draft = ContactDraft(
        name="Рябова Мария", phones=(phone,), emails=("m@alhimov.example",), roles={one: None, two: None}
    )
    made = await office.contacts.add(WHO, draft)
    for q in ("рябова", "0144", "m@alhimov", "+7935 555"):
        assert await office.found(q) == ["Алхимов", "Ромашка"], q
    async with office.db.read() as conn:
        [person] = await contacts.of_client(conn, two)
        [again] = await contacts.find(conn, "ябов")
    assert person == again
    assert (person.phones[0].e164, person.phones[0].extension) == ("+79355550144", "7")
    gone = ContactDraft(name="Рябова Мария", phones=(phone,), roles={one: None})
    await office.contacts.change(WHO, made, gone, person.version)
    assert await office.found("рябова") == ["Алхимов"]
    await office.contacts.remove(WHO, made)
    assert await office.found("рябова") == []


async def test_a_card_that_is_saved_keeps_being_found_by_its_people(office: Office) -> None:
    one = await office.client("Алхимов")
    await office.contacts.add(WHO, ContactDraft(name="Рябова Мария", roles={one: None}))
    await office.contracts.add(WHO, one, ContractDraft(number="А-014/26"))
    await office.base.change(WHO, one, ClientDraft(name="Алхимов и партнёры"), 1)
    assert await office.found("рябова") == await office.found("014/26") == ["Алхимов и партнёры"]


async def test_two_who_change_a_person_at_once_do_not_overwrite_each_other(office: Office) -> None:
    one = await office.client("Алхимов")
    made = await office.contacts.add(WHO, ContactDraft(name="Рябова", roles={one: None}))
    await office.contacts.change(WHO, made, ContactDraft(name="Рябова М.", roles={one: None}), 1)
    with pytest.raises(Refused, match="meanwhile"):
        await office.contacts.change(WHO, made, ContactDraft(name="Рябов", roles={one: None}), 1)


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (ContactDraft(name=" ", roles={1: None}), "no-contact-name"),
        (ContactDraft(name="Рябова"), "no-client"),
        (ContactDraft(name="Рябова", roles={999: None}), "no-client"),
        (ContactDraft(name="Рябова", roles={1: 999}), "bad-directory"),
    ],
)
async def test_what_is_wrong_in_a_person_is_refused_whole(office: Office, draft: ContactDraft, code: str) -> None:
    assert await office.client("Алхимов") == 1
    with pytest.raises(Refused) as refused:
        await office.contacts.add(WHO, draft)
    assert refused.value.code == code
    async with office.db.read() as conn:
        assert await contacts.of_client(conn, 1) == []


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (ContractDraft(number=" "), "no-number"),
        (ContractDraft(number="1", ends_on="2026-02-30"), "bad-day"),
        (ContractDraft(number="1", begins_on="2026-03-01", ends_on="2026-02-01"), "ends-before-it-begins"),
        (ContractDraft(number="1", currency="XXX"), "bad-currency"),
        (ContractDraft(number="1", state_id=999), "bad-directory"),
        (ContractDraft(number="1", manager_id=999), "no-person"),
    ],
)
async def test_what_is_wrong_in_a_contract_is_refused(office: Office, draft: ContractDraft, code: str) -> None:
    client = await office.client("Алхимов")
    with pytest.raises(Refused) as refused:
        await office.contracts.add(WHO, client, draft)
    assert refused.value.code == code


async def test_a_state_or_role_in_use_is_merged_not_deleted(office: Office) -> None:
    client = await office.client("Алхимов")
    async with office.db.write() as conn:
        role = await directories.add(conn, "contact-role", "Директор")
        await directories.add(conn, "contact-role", "Генеральный директор")
        state = await directories.add(conn, "contract-state", "Действует")
    await office.contacts.add(WHO, ContactDraft(name="Алхимов П.", roles={client: role}))
    await office.contracts.add(WHO, client, ContractDraft(number="1", state_id=state))
    async with office.db.write() as conn:
        items = {one.name: one for one in await directories.every(conn, counted=True)}
        await directories.merge(conn, items["Директор"], items["Генеральный директор"].id)
        [person] = await contacts.of_client(conn, client)
    used = {name: one.uses for name, one in items.items()}
    assert used == {"Директор": 1, "Генеральный директор": 0, "Действует": 1}
    assert person.role_at(client) == "Генеральный директор"


async def test_the_history_is_one_stream_and_pages_do_not_lose_an_entry(office: Office) -> None:
    client = await office.client("Алхимов")
    contract = await office.contracts.add(WHO, client, ContractDraft(number="А-1", amount=100))
    await office.contracts.change(WHO, contract, ContractDraft(number="А-2", amount=100, ends_on="2026-12-31"), 1)
    row = {"direction": "inbound", "caller_number": "", "called": "", "version": 1, "talked": "[]", "transfers": "[]"}
    async with office.db.write() as conn:
        known = {name: value for name, value in row.items() if name in calls.c}
        await conn.execute(insert(calls).values(id="c-1", started_at=office.now + 0.5, client_id=client, **known))
    seen, cursor = [], None
    while True:
        async with office.db.read() as conn:
            page = await history.of_client(conn, client, limit=1, cursor=cursor)
        seen += page.rows
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [one.call.id for one in seen if one.call] == ["c-1"]
    told = [one.field.split(":")[-1] for entry in seen for one in entry.changed]
    assert sorted(told) == sorted(["ends_on", "number", "amount", "number", "name"])
    assert [one.at for one in seen] == sorted((one.at for one in seen), reverse=True)
    async with office.db.read() as conn:
        only = await history.of_client(conn, client, kinds=["call"])
        [kept] = await contracts.of_client(conn, client)
    assert [one.call is not None for one in only.rows] == [True]
    assert (kept.number, kept.version) == ("А-2", 2)
