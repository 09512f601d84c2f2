"""The client base as people change it: new clients, changed cards, many at once, and all of it undone.

A change carries the version it was made on. What others changed meanwhile stays unless both changed one field: then a
person decides. Every field that changes is a record; changes of many clients share a batch, which can be taken back.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cti.access import Person, may
from cti.clients.card import ClientCard, ClientDraft, with_numbers
from cti.clients.changes import PROPERTY, Change, as_fields, differences, draft_of, taken_back
from cti.clients.importing import Fault
from cti.clients.masking import Sight, either, restored
from cti.clients.properties import Property, Value, missing, read_value
from cti.clients.requisites import fitting, refusal
from cti.clients.zones import is_zone
from cti.errors import Conflicts, NotAllowed, Refused
from cti.sights import Sights
from cti.storage import bulk, bulk_contacts, changes, clients, consents, directories, properties, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.directories import DIRECTORIES
from cti.telephony.numbering import NumberPlan

AT_ONCE = 300  # of many, before other writers have their turn
MOST_FAULTS = 1000
LONGEST = {"name": 200, "full_name": 400, "note": 20_000}  # characters
POLITE_S = 0.01  # another process that waits for the database looks about so often
AfterPart = Callable[[Connection, int, int], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Many:
    """What came of a change of many so far. faults: the first who were refused, their ids as rows."""

    rows: int = 0
    updated: int = 0
    refused: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """The numbers alone, as of an import."""
        unchanged = self.rows - self.updated - self.refused
        return {
            "rows": self.rows,
            "created": 0,
            "updated": self.updated,
            "unchanged": unchanged,
            "refused": self.refused,
        }

    def after(self, rows: int, updated: int, faults: Sequence[Fault]) -> Many:
        """The same with a part more."""
        return Many(
            rows=self.rows + rows,
            updated=self.updated + updated,
            refused=self.refused + len(faults),
            faults=(*self.faults, *faults[: MOST_FAULTS - len(self.faults)]),
        )


AfterCount = Callable[[Connection, Many], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A card that was saved. batch: by which it can be taken back; None where nothing was different.

    others: fields that other people changed since the version it was made on.
    """

    version: int
    batch: str | None
    others: tuple[str, ...] = ()


class ClientBase:
    """Writes to the client base. plan: how typed numbers are read; sights: opens those that come back hidden."""

    def __init__(
        self, *, db: Database, plan: NumberPlan, clock: Callable[[], float], sights: Sights | None = None
    ) -> None:
        self._db = db
        self._sights = sights or Sights(b"")
        self._plan = plan
        self._clock = clock

    async def create(self, person: Person, draft: ClientDraft, *, complete: bool = False) -> int:
        """A new client; returns its id. Raises NotAllowed, or Refused for what is wrong in the draft.

        complete: whether it needs its required properties. A caller who waits on the line is saved without them.
        """
        _check(person, draft)
        _check_numbers(draft)
        now = self._clock()
        async with self._db.write() as conn:
            draft = await self._read(conn, self._whole(draft, {}))
            lacking = missing(await properties.every(conn), draft.values, draft.kind) if complete else []
            if lacking:
                raise Refused("required", "This property is required.", where=lacking[0].name)
            client_id = await clients.insert(conn, draft, now)
            made = differences(as_fields(ClientDraft(name="")), as_fields(draft))
            await changes.write(conn, client_id, made, at=now, user_id=person.id, version=1)
        return client_id

    async def change(self, person: Person, client_id: int, draft: ClientDraft, version: int) -> Saved:
        """Save the card. Raises Conflicts when a field was changed by others since `version`, and differently."""
        _check(person, draft)
        async with self._db.write() as conn:
            card = await clients.get(conn, client_id)
            if card is None or not 0 < version <= card.version:
                raise Conflicts
            later: list[changes.ChangeRow] = []
            if version != card.version:
                later = await changes.of_client(conn, client_id, above=version, limit=10_000)
            theirs = as_fields(card)
            draft = self._whole(draft, either(changes.before(theirs, later), theirs))
            met = changes.meet(theirs, as_fields(await self._read(conn, draft, card)), later)
            if met.conflicts:
                sight = self._sights.of(person)
                raise Conflicts(sight.see(met.conflicts), self._as_seen(sight, met.fields))
            batch = secrets.token_hex(8)
            saved = await self._save(conn, person, client_id, theirs, met.fields, card.version, batch)
        return Saved(version=card.version + saved, batch=batch if saved else None, others=met.others)

    async def settable(self, person: Person, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields that many are to get, as they are kept. Raises NotAllowed, or Refused for a value that none can be."""
        if not may(person, "clients.write"):
            raise NotAllowed("Your role may not change clients; ask an admin.")
        async with self._db.read() as conn:
            chosen = fields.get("responsible_id")
            if chosen is not None and await users.by_id(conn, chosen) is None:
                raise Refused("no-person", "There is no such person.")
            read = as_fields(await self._read(conn, draft_of({**as_fields(ClientDraft(name="")), **fields})))
        return {name: read.get(name) for name in fields}

    async def change_many(
        self,
        person: Person,
        ids: Sequence[int],
        fields: Mapping[str, Any],
        batch: str,
        *,
        after_part: AfterCount | None = None,
    ) -> Many:
        """Set the same fields, `settable` ones, of many clients, a part at a time; who cannot have them is refused.

        batch: by which it can be undone. after_part: as of `undo`, with what came of them so far.
        """
        fields, done = await self.settable(person, fields), Many()
        for start in range(0, len(ids), AT_ONCE):
            async with self._db.write() as conn:
                done = await self._change_part(conn, person, ids[start : start + AT_ONCE], fields, batch, done)
                if after_part is not None:
                    await after_part(conn, done)
            if done.rows < len(ids):
                await asyncio.sleep(POLITE_S)
        return done

    async def _change_part(
        self, conn: Connection, person: Person, ids: Sequence[int], fields: Mapping[str, Any], batch: str, done: Many
    ) -> Many:
        changed, faults = [], []
        known = {prop.id: prop for prop in await properties.every(conn, retired=True)}
        for client_id, card in (await bulk.locked(conn, ids)).items():
            before = as_fields(card)
            draft = draft_of({**before, **restored(fields, before)})
            if "kind" in fields:
                draft = fitting(draft)
            draft = with_numbers(draft, self._plan)
            found = differences(before, as_fields(draft))
            try:
                _check_change(draft, found, known)
            except Refused as refused:
                faults.append(Fault(client_id, "", refused.code, {}))
                continue
            if found:
                changed.append(bulk.Changed(client_id=client_id, version=card.version, draft=draft, changes=found))
        await bulk.update_many(conn, changed, known, now=self._clock(), user_id=person.id, batch=batch)
        return done.after(len(ids), len(changed), faults)

    async def undo(self, person: Person, batch: str, *, after_part: AfterPart | None = None) -> int:
        """Take a batch back in parts, except where a field was changed again since; returns how many it touched.

        A client that came with the batch goes, unless somebody changed anything of him since. after_part: called in
        the transaction of each part with the count so far and of all; what it raises takes the part back.
        """
        if not may(person, "clients.write"):
            raise NotAllowed("Your role may not change clients; ask an admin.")
        back = secrets.token_hex(8)
        async with self._db.read() as conn:
            ids = await changes.clients_of(conn, batch)
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            async with self._db.write() as conn:
                await self._take_back(conn, person, some, batch, back)
                if after_part is not None:
                    await after_part(conn, start + len(some), len(ids))
            await asyncio.sleep(POLITE_S)
        last: int | None = 0
        while last is not None:
            async with self._db.write() as conn:
                last = await consents.take_back(conn, batch, after=last, most=AT_ONCE, now=self._clock())
        return len(ids)

    async def _take_back(self, conn: Connection, person: Person, ids: Sequence[int], batch: str, back: str) -> None:
        cards = await bulk.locked(conn, ids)
        done = await changes.of_clients(conn, list(cards))
        written = await bulk.written_about(conn, list(cards))
        gone, changed = [], []
        people: dict[int, tuple[int, list[Change]]] = {}
        for client_id, card in cards.items():
            mine = [change for of, change in done.get(client_id, ()) if of == batch]
            alone = len(mine) == len(done.get(client_id, ())) and client_id not in written
            if alone and any(one.field == changes.CREATED for one in mine):
                gone.append(client_id)
                continue
            later = {
                change.field.split(":")[1] for of, change in done[client_id] if of != batch and _is_of_contact(change)
            }
            for change in filter(_is_of_contact, mine):
                if (contact := change.field.split(":")[1]) not in later:
                    people.setdefault(int(contact), (client_id, []))[1].append(change)
            now = as_fields(card)
            draft = with_numbers(draft_of(taken_back(now, mine)), self._plan)
            found = differences(now, as_fields(draft))
            if found:
                changed.append(bulk.Changed(client_id=client_id, version=card.version, draft=draft, changes=found))
        await bulk.remove_many(conn, gone)
        await bulk_contacts.remove_many(conn, people, now=self._clock(), user_id=person.id, batch=back)
        known = {prop.id: prop for prop in await properties.every(conn, retired=True)}
        await bulk.update_many(conn, changed, known, now=self._clock(), user_id=person.id, batch=back)

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
        said = any(one.field.startswith(PROPERTY) for one in found)
        _check_change(draft, found, {prop.id: prop for prop in await properties.every(conn)} if said else {})
        now = self._clock()
        if not await clients.update(conn, client_id, draft, version, now):
            raise Conflicts
        await changes.write(conn, client_id, found, at=now, user_id=person.id, version=version + 1, batch=batch)
        return True

    def _whole(self, draft: ClientDraft, seen: Mapping[str, Any]) -> ClientDraft:
        """The draft with the numbers that were hidden from whoever wrote it. seen: the fields that he was shown."""
        draft = replace(draft, phones=self._sights.opened_phones(draft.phones))
        fields = as_fields(draft)
        own = {name: value for name, value in fields.items() if name != "phones"}
        whole = restored(own, seen)
        return draft if whole == own else draft_of({**fields, **whole})

    def _as_seen(self, sight: Sight, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields as the person may see them, for the form that he goes on with."""
        return as_fields(sight.see(with_numbers(draft_of(fields), self._plan)))

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
        await _check_chosen(conn, draft, card)
        return replace(with_numbers(draft, self._plan), values=values)


def _is_of_contact(change: Change) -> bool:
    return change.field.startswith("contact:")


def _check(person: Person, draft: ClientDraft) -> None:
    if not may(person, "clients.write"):
        raise NotAllowed("Your role may not change clients; ask an admin.")
    if not draft.name.strip():
        raise Refused("no-name", "A client needs a name.")
    for field, most in LONGEST.items():
        if len(getattr(draft, field)) > most:
            raise Refused(f"long-{field}", f"At most {most} characters.")


async def _check_chosen(conn: Connection, draft: ClientDraft, card: ClientCard | None) -> None:
    """Whether there is what the draft chooses: directory entries, a person, a time zone. What the card has is right."""

    def fresh(field: str) -> Any:
        chosen = getattr(draft, field)
        return chosen if card is None or chosen != getattr(card, field) else None

    for directory in DIRECTORIES:
        chosen = fresh(f"{directory}_id")
        item = await directories.get(conn, chosen) if chosen is not None else None
        if chosen is not None and (item is None or item.directory != directory):
            raise Refused("bad-directory", "There is no such entry in the directory.")
    manager = fresh("responsible_id")
    if manager is not None and await users.by_id(conn, manager) is None:
        raise Refused("no-person", "There is no such person.")
    if (zone := fresh("time_zone")) and not is_zone(zone):
        raise Refused("bad-zone", "There is no such time zone: name it like Europe/Moscow.")


def _check_numbers(draft: ClientDraft) -> None:
    if wrong := refusal(draft.kind, draft.inn, draft.kpp, draft.ogrn):
        raise Refused(*wrong)


def _check_change(draft: ClientDraft, found: Sequence[Change], known: Mapping[int, Property]) -> None:
    """What changes, alone: a card that was wrong before may be put right field by field. Numbers are of the kind that
    has them, a required property is not emptied, and each is said of clients that have it."""
    if any(one.field in ("kind", "inn", "kpp", "ogrn") for one in found):
        _check_numbers(draft)
    for one in found:
        prop = known.get(int(one.field.removeprefix(PROPERTY))) if one.field.startswith(PROPERTY) else None
        if prop is None or prop.retired:
            continue
        if prop.required and one.became is None and prop.applies(draft.kind):
            raise Refused("required", "This property is required.", where=prop.name)
        if one.became is not None and not prop.applies(draft.kind):
            raise Refused("not-of-this-kind", "Clients of this kind do not have this property.", where=prop.name)
