"""Whose number or address is a restricted client's; on both engines."""

from __future__ import annotations

from cti.clients.card import ClientDraft, Phone, with_numbers
from cti.clients.contacts import ContactDraft
from cti.storage import clients, contacts, restrictions
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan, read
from tests.storage.conftest import ANNA

PLAN = NumberPlan()
OWN, OF_CONTACT, SHARED = "+79355550101", "+79355550102", "+79355550103"


async def test_DP_06_channels_ask_by_number_and_by_address_alike(db: Database) -> None:
    made = []
    async with db.write() as conn:
        for name, numbers in (("Пётр", (OWN, "44-55", SHARED)), ("Ромашка", (SHARED,)), ("Посторонний", ())):
            phones = tuple(Phone(typed=one) for one in numbers)
            draft = ClientDraft(name=name, phones=phones, emails=(f"{len(made)}@mail.example",))
            made.append(await clients.insert(conn, with_numbers(draft, PLAN), 1.0))
        pyotr, company, stranger = made
        olga = with_numbers(ClientDraft(name="", phones=(Phone(typed=OF_CONTACT),)), PLAN).phones
        await contacts.add(conn, ContactDraft(name="Ольга", phones=olga, roles={pyotr: None}), 1.0)
        assert await restrictions.put(conn, pyotr, "спор", now=5.0, user_id=ANNA)
        assert not await restrictions.put(conn, 999, "спор", now=5.0, user_id=ANNA)
    async with db.read() as conn:
        for to, client_id, stopped in (
            (" 0@Mail.Example", None, True), ("0@mail.example", company, True), ("1@mail.example", None, False),
            ("1@mail.example", pyotr, True), (read(OWN, PLAN), None, True), (read(OF_CONTACT, PLAN), None, True),
            (read(SHARED, PLAN), None, True), (read(SHARED, PLAN), company, False),
            (read(SHARED, PLAN), stranger, True), (read("4455", PLAN), None, True), (read("445", PLAN), None, False),
            (read("", PLAN), None, False),
        ):  # fmt: skip
            found = await restrictions.restriction(conn, to, PLAN, client_id=client_id)
            assert (found is not None) == stopped, (to, client_id)
            assert found is None or (found.client_id, found.name, found.why, found.at) == (pyotr, "Пётр", "спор", 5.0)
        assert await restrictions.numbers(conn, (OWN, OF_CONTACT, "+79355550199")) == {OWN, OF_CONTACT}
        assert await restrictions.restricted(conn, (pyotr, company, None)) == {pyotr}
        told = await restrictions.of_client(conn, pyotr)
        assert told is not None
        assert (told.why, told.by) == ("спор", "Anna")
    async with db.write() as conn:
        assert await restrictions.put(conn, pyotr, "", now=6.0, user_id=ANNA)
        assert await restrictions.of_client(conn, pyotr) is None
