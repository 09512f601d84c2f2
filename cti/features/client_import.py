"""Clients from a file: what would be created, updated or refused, then the same for real, a thousand rows at a time.

A row is a client's who has its id, else its INN, else one of its phones, else one of its e-mails, where the key is one
client's alone; else it is a new client. What a row says is set, what it is silent about stays; phones, e-mails and
addresses are added to those there are. All of a file is one batch, which can be taken back.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cti.clients.card import ClientCard, ClientDraft, with_numbers
from cti.clients.changes import as_fields, differences, draft_of
from cti.clients.importing import Known, Mapped, RowFault, draft_from, fields_of, folded, number_of
from cti.storage import bulk, cards, changes, clients, directories, properties, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.search import fold
from cti.telephony.numbering import NumberPlan

MOST_FAULTS = 5000
Row = tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class Told:
    """What came of the rows so far. faults: (row from 1, field, what is wrong)."""

    batch: str
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    faults: list[tuple[int, str, str]] = field(default_factory=list)


class ClientImport:
    """Imports of one installation. user_id: who does it, None for the command line."""

    def __init__(
        self, *, db: Database, plan: NumberPlan, clock: Callable[[], float], user_id: int | None = None
    ) -> None:
        self._db = db
        self._plan = plan
        self._clock = clock
        self._user_id = user_id

    async def known(self) -> Known:
        """What cells may name: people, directory entries, properties."""
        async with self._db.read() as conn:
            lists: dict[str, dict[str, int]] = {
                "responsible": {folded(user.name): user.id for user in await users.every(conn)}
            }
            for item in await directories.every(conn, retired=True):
                lists.setdefault(item.directory, {})[folded(item.name)] = item.id
            defined = {f"property:{prop.id}": prop for prop in await properties.every(conn)}
        return Known(plan=self._plan, lists=lists, properties=defined)

    async def run(
        self,
        chunks: AsyncIterable[Sequence[Row]],
        mapped: Mapped,
        *,
        source: str,
        dry: bool = False,
        progress: Callable[[Told], None] = lambda told: None,
    ) -> Told:
        """Import rows as they come. dry: only say what would come of them. progress: called after each chunk."""
        known, told = await self.known(), Told(batch=secrets.token_hex(8))
        async for some in chunks:
            parsed = list(self._parsed(some, mapped, known, told))
            if dry:
                async with self._db.read() as conn:
                    await self._chunk(conn, parsed, known, told, source, dry=True)
            else:
                async with self._db.write() as conn:
                    await self._chunk(conn, parsed, known, told, source, dry=False)
            progress(told)
        return told

    def _parsed(
        self, rows: Sequence[Row], mapped: Mapped, known: Known, told: Told
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for row in rows:
            told.rows += 1
            if not any(cell.strip() for cell in row):
                continue
            try:
                fields = fields_of(row, mapped, known)
            except RowFault as fault:
                _refuse(told, told.rows, fault)
                continue
            if fields:
                yield told.rows, fields
            else:
                _refuse(told, told.rows, RowFault(field="row", what="says nothing of the chosen columns"))

    async def _chunk(
        self,
        conn: Connection,
        parsed: Sequence[tuple[int, dict[str, Any]]],
        known: Known,
        told: Told,
        source: str,
        *,
        dry: bool,
    ) -> None:
        defined = list(known.properties.values())
        whose = await self._whose(conn, parsed)
        known_cards = await cards.of(conn, {one for one in whose if one})
        new: list[ClientDraft] = []
        seen: dict[tuple[str, str], int] = {}
        for (number, fields), client_id in zip(parsed, whose, strict=True):
            try:
                if client_id and client_id in known_cards:
                    known_cards[client_id] = await self._update(conn, known_cards[client_id], fields, told, dry=dry)
                    continue
                if fields.get("id"):
                    raise RowFault(field="id", what=f"there is no client {fields['id']}")
                draft = draft_from(fields, self._plan)
                twice = next((seen[key] for key in _keys(draft) if key in seen), None)
                if twice is not None:
                    raise RowFault(field="row", what=f"the same client stands in row {twice}")
                seen |= dict.fromkeys(_keys(draft), number)
                new.append(draft)
                told.created += 1
            except RowFault as fault:
                _refuse(told, number, fault)
        if new and not dry:
            by_id = {prop.id: prop for prop in defined}
            await bulk.insert_many(
                conn, new, by_id, now=self._clock(), user_id=self._user_id, batch=told.batch, source=source
            )

    async def _whose(self, conn: Connection, parsed: Sequence[tuple[int, dict[str, Any]]]) -> list[int | None]:
        """The client of each row, None for a new one."""
        phones = [[number_of(one[0], self._plan).e164 for one in fields.get("phones", ())] for _, fields in parsed]
        found = await bulk.owners(
            conn,
            inns=[fields["inn"] for _, fields in parsed if fields.get("inn")],
            phones=[one for some in phones for one in some if one],
            emails=[one for _, fields in parsed for one in fields.get("emails", ())],
        )
        whose: list[int | None] = []
        for (_, fields), numbers in zip(parsed, phones, strict=True):
            keys: list[tuple[str, str | None]] = [("inn", fields.get("inn"))]
            keys += [("phone", number) for number in numbers]
            keys += [("email", fold(one)) for one in fields.get("emails", ())]
            by_key = (found[kind].get(value) for kind, value in keys if value)
            whose.append(fields.get("id") or next((one for one in by_key if one), None))
        return whose

    async def _update(
        self, conn: Connection, card: ClientCard, fields: Mapping[str, Any], told: Told, *, dry: bool
    ) -> ClientCard:
        before = as_fields(card)
        after = {**before, **{name: value for name, value in fields.items() if name not in ("id", *ADDED)}}
        numbers = {phone.e164 or phone.typed for phone in card.phones}
        for typed in fields.get("phones", ()):
            number = number_of(typed[0], self._plan)
            if (number.e164 or typed[0]) not in numbers:
                after["phones"] = [*after["phones"], typed]
        for name in ("emails", "places"):
            have = {fold(str(one)) for one in before[name]}
            after[name] = [*before[name], *(one for one in fields.get(name, ()) if fold(str(one)) not in have)]
        changed = differences(before, after)
        if not changed:
            told.unchanged += 1
            return card
        told.updated += 1
        if dry:
            return card
        draft, now = with_numbers(draft_of(after), self._plan), self._clock()
        await clients.update(conn, card.id, draft, card.version, now)
        await changes.write(
            conn, card.id, changed, at=now, user_id=self._user_id, version=card.version + 1, batch=told.batch
        )
        fresh = await clients.get(conn, card.id)
        return fresh or card


ADDED = ("phones", "emails", "places")


def _keys(draft: ClientDraft) -> list[tuple[str, str]]:
    keys = [("inn", draft.inn)] if draft.inn else []
    keys += [("phone", phone.e164) for phone in draft.phones if phone.e164]
    return keys + [("email", fold(one)) for one in draft.emails]


def _refuse(told: Told, number: int, fault: RowFault) -> None:
    told.refused += 1
    if len(told.faults) < MOST_FAULTS:
        told.faults.append((number, fault.field, fault.what))
