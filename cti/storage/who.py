"""Who a person is in the base: his card with those merged into it, his people, and what is his alone.

A number or an address counts as his where no other card and no other person has it now, his own or one he had before:
a number that was changed still stands in old calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.erased import Card, Marks
from cti.clients.mentions import SHORTEST, Needles, is_name, telling
from cti.storage.client_tables import client_changes, client_emails, client_phones, client_places, clients
from cti.storage.client_work_tables import client_merges
from cti.storage.contact_tables import client_files, contact_clients, contact_emails, contact_phones, contacts
from cti.storage.held import Who
from cti.storage.search import fold
from cti.telephony.numbering import NumberPlan, read

MEANT_MOST = 100
MESSENGERS = ("telegram", "whatsapp", "vk")


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One who is to be erased. names: of his cards; stored: his files' names in the folder; inn: of his cards."""

    who: Who
    clients: tuple[Card, ...]
    people: tuple[Card, ...]
    names: tuple[str, ...]
    emails: tuple[str, ...]
    inns: tuple[str, ...]
    words: tuple[str, ...]
    stored: tuple[str, ...]

    @property
    def needles(self) -> Needles:
        """What names him in the texts of others."""
        return Needles(numbers=self.who.numbers, words=telling((*self.emails, *self.inns, *self.words)))

    def marks(self, marks: Marks) -> tuple[str, ...]:
        """His numbers and addresses as the list of the erased keeps them."""
        return (
            *marks.of_all("phone", self.who.numbers),
            *marks.of_all("email", map(fold, self.emails)),
            *marks.of_all("inn", self.inns),
        )


async def cards_of(conn: AsyncConnection, client_id: int) -> tuple[int, ...]:
    """The card's id and those of the cards merged into it, one after another."""
    found = [client_id]
    while True:
        led = select(client_merges.c.gone_id).where(
            client_merges.c.kept_id.in_(found),
            client_merges.c.undone_at.is_(None),
            client_merges.c.gone_id.not_in(found),
        )
        more = list((await conn.execute(led)).scalars())
        if not more:
            return tuple(found)
        found += more


async def shown(conn: AsyncConnection, client_id: int, plan: NumberPlan) -> Who:
    """Whose rows the archive holds: all his contact persons, those of others among them."""
    mine = await cards_of(conn, client_id)
    people = select(contact_clients.c.contact_id).where(contact_clients.c.client_id.in_(mine)).distinct()
    person = await erased(conn, mine, plan)
    return Who(clients=mine, people=tuple((await conn.execute(people)).scalars()), numbers=person.who.numbers)


async def meant(conn: AsyncConnection, q: str, plan: NumberPlan) -> tuple[list[int], list[int]]:
    """The cards and the contact persons whose phone or e-mail this is."""
    found = []
    folded, e164 = fold(q.strip()), read(q, plan).e164
    for phones, emails, key in (
        (client_phones, client_emails, "client_id"),
        (contact_phones, contact_emails, "contact_id"),
    ):
        which = select(phones.c[key]).where(phones.c.e164 == e164)
        if "@" in q:
            which = select(emails.c[key]).where(emails.c.folded == folded)
        found.append(sorted((await conn.execute(which.distinct().limit(MEANT_MOST))).scalars()))
    return found[0], found[1]


async def erased(
    conn: AsyncConnection,
    ids: Collection[int],
    plan: NumberPlan,
    *,
    people: Collection[int] = (),
    numbers: Iterable[str] = (),
    emails: Iterable[str] = (),
) -> Person:
    """All that is his alone. people: contact persons whosoever they are; numbers, emails: others that are his."""
    cards = (await conn.execute(select(clients).where(clients.c.id.in_(ids)))).all()
    alone = await _people(conn, ids, people)
    had = await _had(conn, ids, [row.id for row in alone], plan)
    phones = {*had.numbers, *numbers, *await _values(conn, client_phones, "e164", ids, alone)}
    mails = {*had.emails, *emails, *await _values(conn, client_emails, "address", ids, alone)}
    mine = {*(row.name for row in cards), *(row.full_name for row in cards), *had.names, *(row.name for row in alone)}
    names = {one for one in mine if one and is_name(one)}
    inns = {row.inn for row in cards if row.inn}
    own = await _own_words(conn, ids)
    others = _Others(conn, ids, [row.id for row in alone])
    return Person(
        who=Who(
            clients=tuple(ids),
            people=tuple(row.id for row in alone),
            numbers=tuple(sorted(phones - await others.with_numbers(phones))),
        ),
        clients=tuple((row.id, row.created_at) for row in cards),
        people=tuple((row.id, row.created_at) for row in alone),
        names=tuple(row.name for row in cards),
        emails=tuple(sorted(mails - await others.with_emails(mails))),
        inns=tuple(sorted(inns - await others.with_inns(inns))),
        words=tuple(sorted({*(names - await others.with_names(names)), *own})),
        stored=tuple(
            (await conn.execute(select(client_files.c.stored).where(client_files.c.client_id.in_(ids)))).scalars()
        ),
    )


async def _people(conn: AsyncConnection, ids: Collection[int], others_too: Collection[int]) -> list[Any]:
    """Contact persons who belong to nobody else, and those asked for."""
    others = select(contact_clients.c.contact_id).where(contact_clients.c.client_id.not_in(ids))
    mine = select(contact_clients.c.contact_id).where(contact_clients.c.client_id.in_(ids))
    which = or_(and_(contacts.c.id.in_(mine), contacts.c.id.not_in(others)), contacts.c.id.in_(others_too))
    alone = select(contacts).where(which).order_by(contacts.c.id)
    return list((await conn.execute(alone)).all())


async def _values(
    conn: AsyncConnection, table: Table, column: str, ids: Collection[int], people: Iterable[Any]
) -> set[str]:
    """What his card and his people have in one column."""
    of_people = {client_phones: contact_phones, client_emails: contact_emails}[table]
    his = select(table.c[column]).where(table.c.client_id.in_(ids))
    theirs = select(of_people.c[column]).where(of_people.c.contact_id.in_([row.id for row in people]))
    return {one for one in (await conn.execute(his.union(theirs))).scalars() if one}


async def _own_words(conn: AsyncConnection, ids: Collection[int]) -> set[str]:
    """Names in messengers, and phones that could not be read."""
    his = select(client_places.c.value).where(client_places.c.client_id.in_(ids), client_places.c.kind.in_(MESSENGERS))
    values = set((await conn.execute(his)).scalars())
    others = select(client_places.c.value).where(
        client_places.c.value.in_(values), client_places.c.client_id.not_in(ids)
    )
    odd = select(client_phones.c.typed).where(client_phones.c.client_id.in_(ids), client_phones.c.e164.is_(None))
    typed = {one for one in (await conn.execute(odd)).scalars() if sum(map(str.isdigit, one)) >= SHORTEST}
    return typed | values - set((await conn.execute(others)).scalars())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Had:
    numbers: set[str]
    emails: set[str]
    names: set[str]


FIELDS = ("phones", "emails", "name", "full_name")


async def _had(conn: AsyncConnection, ids: Collection[int], people: Collection[int], plan: NumberPlan) -> _Had:
    """What stood on his cards and those of his people before, as the records of changes tell."""
    changes = client_changes.c
    his = and_(changes.client_id.in_(ids), or_(*(changes.field.like(f"%{one}") for one in FIELDS)))
    theirs = [f"contact:{one}:{name}" for one in people for name in FIELDS]
    told = select(changes.field, changes.was, changes.became).where(or_(his, changes.field.in_(theirs)))
    had = _Had(numbers=set(), emails=set(), names=set())
    for field, *texts in await conn.execute(told):
        name = field.rpartition(":")[2]
        for value in (msgspec.json.decode(text) for text in texts if text):
            if name == "phones":
                had.numbers.update(number for one in value if (number := read(one[0], plan).e164))
            elif name == "emails":
                had.emails.update(value)
            elif isinstance(value, str):
                had.names.add(value)
    for record in await _records(conn, ids):
        had.numbers.update(row["e164"] for row in record.own.get("client_phones", ()) if row["e164"])
        had.emails.update(row["address"] for row in record.own.get("client_emails", ()))
        had.names.update((record.client["name"], record.client["full_name"]))
    return had


class _Record(msgspec.Struct):
    """What is asked of a merge's record (storage/merges.py)."""

    client: dict[str, Any]
    own: dict[str, list[dict[str, Any]]]


async def _records(conn: AsyncConnection, ids: Collection[int]) -> list[_Record]:
    """Merges that can be taken back: the card that is gone stands in them whole."""
    his = select(client_merges.c.record).where(client_merges.c.kept_id.in_(ids), client_merges.c.record != "")
    return [msgspec.json.decode(one, type=_Record) for one in (await conn.execute(his)).scalars()]


class _Others:
    """What other cards and people have as well."""

    def __init__(self, conn: AsyncConnection, ids: Collection[int], people: Collection[int]) -> None:
        self._conn, self._ids, self._people = conn, ids, people

    async def with_numbers(self, numbers: Collection[str]) -> set[str]:
        return await self._of(client_phones, "e164", numbers) | await self._of(contact_phones, "e164", numbers)

    async def with_emails(self, emails: Collection[str]) -> set[str]:
        folded = {fold(one): one for one in emails}
        found = await self._of(client_emails, "folded", folded) | await self._of(contact_emails, "folded", folded)
        return {one for one in emails if fold(one) in found}

    async def with_inns(self, inns: Collection[str]) -> set[str]:
        return await self._of(clients, "inn", inns)

    async def with_names(self, names: Collection[str]) -> set[str]:
        folded = [fold(one) for one in names]
        found = await self._of(clients, "name_folded", folded) | await self._of(contacts, "name_folded", folded)
        return {one for one in names if fold(one) in found}

    async def _of(self, table: Table, column: str, values: Collection[str]) -> set[str]:
        found = select(table.c[column]).where(table.c[column].in_(values), self._not_his(table))
        return set((await self._conn.execute(found)).scalars())

    def _not_his(self, table: Table) -> ColumnElement[bool]:
        if table in (clients, client_phones, client_emails):
            return (table.c.id if table is clients else table.c.client_id).not_in(self._ids)
        return (table.c.id if table is contacts else table.c.contact_id).not_in(self._people)
