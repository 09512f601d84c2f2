"""The client base as people change it: new clients, changed cards, many at once, and all of it undone.

A change carries the version it was made on. What others changed meanwhile stays unless both changed one field: then a
person decides. Every field that changes is a record; changes of many clients share a batch, which can be taken back.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cti.access import Person, may
from cti.clients.card import ClientCard, ClientDraft, with_numbers
from cti.clients.changes import Conflict, as_fields, differences, draft_of, merged
from cti.clients.properties import Value, read_value
from cti.clients.requisites import inn_fault, kpp_fault, ogrn_fault
from cti.errors import NotAllowed, Refused
from cti.storage import changes, clients, directories, properties
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.directories import DIRECTORIES
from cti.telephony.numbering import NumberPlan

MANY = 5_000  # clients of one bulk change
AT_ONCE = 100  # of them before other writers have their turn


class Conflicts(Refused):
    """Two people changed the same fields: nothing was saved. fields: both people's changes, mine where they differ."""

    def __init__(self, conflicts: Sequence[Conflict] = (), fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(
            "changed-meanwhile", "Somebody changed this card meanwhile: look at the new state and save again."
        )
        self.conflicts = tuple(conflicts)
        self.fields = fields


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A card that was saved. batch: by which it can be taken back; None where nothing was different."""

    version: int
    batch: str | None


class ClientBase:
    """Writes to the client base. plan: how typed numbers are read."""

    def __init__(self, *, db: Database, plan: NumberPlan, clock: Callable[[], float]) -> None:
        self._db = db
        self._plan = plan
        self._clock = clock

    async def create(self, person: Person, draft: ClientDraft) -> int:
        """A new client; returns its id. Raises NotAllowed, or Refused for what is wrong in the draft."""
        self._check(person, draft)
        now = self._clock()
        async with self._db.write() as conn:
            draft = await self._read(conn, draft)
            client_id = await clients.insert(conn, draft, now)
            made = differences(as_fields(ClientDraft(name="")), as_fields(draft))
            await changes.write(conn, client_id, made, at=now, user_id=person.id, version=1)
        return client_id

    async def change(self, person: Person, client_id: int, draft: ClientDraft, version: int) -> Saved:
        """Save the card. Raises Conflicts when a field was changed by others since `version`, and differently."""
        self._check(person, draft)
        async with self._db.write() as conn:
            card = await clients.get(conn, client_id)
            if card is None or not 0 < version <= card.version:
                raise Conflicts
            theirs = as_fields(card)
            base = theirs
            if version != card.version:
                base = changes.before(theirs, await changes.of_client(conn, client_id, above=version, limit=10_000))
            draft = await self._read(conn, draft, card)
            fields, conflicts = merged(base, as_fields(draft), theirs)
            if conflicts:
                raise Conflicts(conflicts, fields)
            batch = secrets.token_hex(8)
            saved = await self._save(conn, person, client_id, theirs, fields, card.version, batch)
        return Saved(version=card.version + saved, batch=batch if saved else None)

    async def change_many(self, person: Person, ids: Sequence[int], fields: Mapping[str, Any]) -> str:
        """Set the same fields of many clients; returns the batch, by which it can be undone."""
        if not may(person, "clients.write"):
            raise NotAllowed("Your role may not change clients; ask an admin.")
        if len(ids) > MANY:
            raise Refused("too-many-clients", f"At most {MANY} clients are changed at once: narrow the selection.")
        batch = secrets.token_hex(8)
        for start in range(0, len(ids), AT_ONCE):
            async with self._db.write() as conn:
                for client_id in ids[start : start + AT_ONCE]:
                    await self._set(conn, person, client_id, fields, batch)
        return batch

    async def _set(
        self, conn: Connection, person: Person, client_id: int, fields: Mapping[str, Any], batch: str
    ) -> None:
        card = await clients.get(conn, client_id)
        if card is None:
            return
        before = as_fields(card)
        draft = draft_of({**before, **fields})
        self._check(person, draft)
        after = as_fields(await self._read(conn, draft, card))
        await self._save(conn, person, client_id, before, after, card.version, batch)

    async def undo(self, person: Person, batch: str) -> int:
        """Take a batch back, except where a field was changed again since; returns how many clients it touched."""
        if not may(person, "clients.write"):
            raise NotAllowed("Your role may not change clients; ask an admin.")
        back = secrets.token_hex(8)
        async with self._db.write() as conn:
            done = await changes.of_batch(conn, batch)
            for client_id, mine in done.items():
                card = await clients.get(conn, client_id)
                if card is None:
                    continue
                if card.version == 1 and any(one.field == changes.CREATED for one in mine):
                    await clients.remove(conn, client_id)  # it came with this import and nobody has touched it since
                    continue
                now = as_fields(card)
                fields = {**now, **{one.field: one.was for one in mine if now.get(one.field) == one.became}}
                await self._save(conn, person, client_id, now, fields, card.version, back)
        return len(done)

    async def _save(
        self,
        conn: Connection,
        person: Person,
        client_id: int,
        before: Mapping[str, Any],
        fields: Mapping[str, Any],
        version: int,
        batch: str,
    ) -> bool:
        """Whether anything was different."""
        draft = with_numbers(draft_of(fields), self._plan)
        found = differences(before, as_fields(draft))
        if not found:
            return False
        now = self._clock()
        if not await clients.update(conn, client_id, draft, version, now):
            raise Conflicts
        await changes.write(conn, client_id, found, at=now, user_id=person.id, version=version + 1, batch=batch)
        return True

    async def _read(self, conn: Connection, draft: ClientDraft, card: ClientCard | None = None) -> ClientDraft:
        """Numbers and properties as they are kept; directory entries that there are. Raises Refused."""
        values: dict[int, Value] = {}
        if draft.values:
            known = {prop.id: prop for prop in await properties.every(conn, retired=True)}
            for property_id, raw in draft.values.items():
                prop = known.get(property_id)
                if prop is None:
                    raise Refused("bad-property", "There is no such property.")
                try:
                    values[property_id] = read_value(prop, raw)
                except ValueError as error:
                    raise Refused(f"bad-{prop.kind}", f"{error}.", where=prop.name) from None
        for directory in DIRECTORIES:
            chosen = getattr(draft, f"{directory}_id")
            if chosen is None or (card is not None and chosen == getattr(card, f"{directory}_id")):
                continue
            item = await directories.get(conn, chosen)
            if item is None or item.directory != directory:
                raise Refused("bad-directory", "There is no such entry in the directory.")
        return replace(with_numbers(draft, self._plan), values=values)

    def _check(self, person: Person, draft: ClientDraft) -> None:
        if not may(person, "clients.write"):
            raise NotAllowed("Your role may not change clients; ask an admin.")
        if not draft.name.strip():
            raise Refused("no-name", "A client needs a name.")
        company = draft.kind == "company"
        if draft.inn and inn_fault(draft.inn, company=company):
            raise Refused("bad-inn", "This INN is wrong: 10 digits of a company, 12 of a person, the last check it.")
        if draft.kpp and kpp_fault(draft.kpp):
            raise Refused("bad-kpp", "This KPP is wrong: it has 9 characters.")
        if draft.ogrn and ogrn_fault(draft.ogrn):
            raise Refused("bad-ogrn", "This OGRN is wrong: 13 digits of a company, 15 of a sole trader.")
