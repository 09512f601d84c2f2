"""Contact persons as people change them: made at a client, shared between clients, changed on the version read.

What changes is a record in the history of every client he belongs to, and each of them is found by him.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cti.access import Person, may
from cti.clients.card import read_phones
from cti.clients.changes import Change, differences
from cti.clients.contacts import NOBODY, Contact, ContactDraft, draft_of, fields_of
from cti.clients.masking import either, restored
from cti.errors import Conflicts, NotAllowed, Refused
from cti.sights import Sights
from cti.storage import changes, clients, contacts, directories
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.telephony.numbering import NumberPlan

MOST_CLIENTS = 50  # one person belongs to


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A person who was saved. others: fields that other people changed since the version it was made on."""

    version: int
    others: tuple[str, ...] = ()


class ClientContacts:
    """Writes contact persons. plan: how typed numbers are read; sights: opens those that come back hidden."""

    def __init__(
        self, *, db: Database, plan: NumberPlan, clock: Callable[[], float], sights: Sights | None = None
    ) -> None:
        self._db = db
        self._sights = sights or Sights(b"")
        self._plan = plan
        self._clock = clock

    async def add(self, person: Person, draft: ContactDraft) -> int:
        """A new contact person of the clients in its roles; returns his id. Raises NotAllowed or Refused."""
        _check(person, draft)
        now = self._clock()
        async with self._db.write() as conn:
            draft = await self._read(conn, draft, NOBODY)
            made = await contacts.add(conn, draft, now)
            await _write(conn, person, now, made, draft.roles, differences(NOBODY, fields_of(draft)))
            await contacts.relink(conn, draft.roles)
        return made

    async def change(self, person: Person, contact_id: int, draft: ContactDraft, version: int) -> Saved:
        """Save what is said of him and whose he is. Raises Conflicts when others changed a field since `version`, and
        differently; whose he is, is as the last one says."""
        _check(person, draft)
        now = self._clock()
        async with self._db.write() as conn:
            before = await _known(conn, contact_id)
            if not 0 < version <= before.version:
                raise Conflicts
            theirs, later = fields_of(before), await _later(conn, before, version)
            draft = await self._read(conn, draft, either(changes.before(theirs, later), theirs))
            met = changes.meet(theirs, fields_of(draft), later)
            if met.conflicts:
                sight = self._sights.of(person)
                both = draft_of(met.fields, {})
                both = replace(both, phones=read_phones(both.phones, self._plan))
                raise Conflicts(sight.see(met.conflicts), fields_of(sight.see(both)))
            draft = await self._read(conn, draft_of(met.fields, draft.roles), met.fields)
            had = {one.client_id: one.role_id for one in before.belongs}
            told = differences(fields_of(before), fields_of(draft))
            if not told and had == draft.roles:
                return Saved(version=before.version, others=met.others)
            if not await contacts.change(conn, contact_id, draft, before.version, now):
                raise Conflicts
            made = before.version + 1
            await _write(conn, person, now, contact_id, {*had} & {*draft.roles}, told, made)
            await _write_roles(conn, person, now, before, draft, made)
            await contacts.relink(conn, {*had, *draft.roles})
        return Saved(version=made, others=met.others)

    async def remove(self, person: Person, contact_id: int) -> None:
        """Delete a contact person; the histories of his clients say so."""
        _check(person)
        now = self._clock()
        async with self._db.write() as conn:
            before = await _known(conn, contact_id)
            mine = [one.client_id for one in before.belongs]
            await contacts.remove(conn, contact_id)
            await _write(conn, person, now, contact_id, mine, differences(fields_of(before), NOBODY))
            await contacts.relink(conn, mine)

    async def _read(self, conn: Connection, draft: ContactDraft, seen: Mapping[str, Any]) -> ContactDraft:
        """Numbers read; clients and roles that there are. seen: the fields that he was shown. Raises Refused."""
        for client_id, role_id in draft.roles.items():
            if await clients.get(conn, client_id) is None:
                raise Refused("no-client", "There is no such client.")
            if role_id is not None:
                item = await directories.get(conn, role_id)
                if item is None or item.directory != "contact-role":
                    raise Refused("bad-directory", "There is no such entry in the directory.")
        own = {name: getattr(draft, name) for name in ("name", "note", "emails", "email_labels")}
        phones = read_phones(self._sights.opened_phones(draft.phones), self._plan)
        return replace(draft, **restored(own, seen), phones=phones)


def _check(person: Person, draft: ContactDraft | None = None) -> None:
    if not may(person, "clients.write"):
        raise NotAllowed("Your role may not change clients; ask an admin.")
    if draft is None:
        return
    if not draft.name.strip():
        raise Refused("no-contact-name", "A contact person needs a name.")
    if not 0 < len(draft.roles) <= MOST_CLIENTS:
        raise Refused("no-client", f"A contact person belongs to at least one client, at most to {MOST_CLIENTS}.")


async def _known(conn: Connection, contact_id: int) -> Contact:
    found = await contacts.get(conn, contact_id)
    if found is None:
        raise Refused("no-contact", "There is no such contact person any more.")
    return found


def _role(role_id: int | None, name: str) -> str | int | None:
    """A role in a record: the entry's id, the person's name without one, None for who is no contact there."""
    return None if role_id == -1 else role_id or name


async def _later(conn: Connection, contact: Contact, version: int) -> list[changes.ChangeRow]:
    """Changes since that version: each client of his has them all."""
    if version == contact.version or not contact.belongs:
        return []
    client_id = contact.belongs[0].client_id
    return await changes.of_belonging(conn, client_id, f"contact:{contact.id}", above=version, limit=10_000)


async def _write_roles(
    conn: Connection, person: Person, now: float, before: Contact, draft: ContactDraft, version: int
) -> None:
    """Whose contact person he became, and whose he is no more."""
    had = {one.client_id: one.role_id for one in before.belongs}
    for client_id in {*had, *draft.roles}:
        was, became = had.get(client_id, -1), draft.roles.get(client_id, -1)
        if was != became:
            role = Change(field="role", was=_role(was, before.name), became=_role(became, draft.name))
            await _write(conn, person, now, before.id, [client_id], [role], version)


async def _write(
    conn: Connection,
    person: Person,
    now: float,
    contact_id: int,
    client_ids: Iterable[int],
    told: Iterable[Change],
    version: int = 0,
) -> None:
    """Records in the clients' histories. version: of the person, which they made."""
    records = [replace(one, field=f"contact:{contact_id}:{one.field}") for one in told]
    for client_id in client_ids:
        await changes.write(conn, client_id, records, at=now, user_id=person.id, version=version)
