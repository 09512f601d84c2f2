"""Clients from a file: what would be created, updated or refused, then the same for real, a part at a time.

A row is a client's who has its id, else its INN, else one of its phones, else one of its e-mails (or in the order that
the person chose), where the key is one client's alone; else it is a new client. What a row says is set, what it is
silent about stays; phones, e-mails and addresses are added to those there are, and so is a contact person of a new
name. All of a file is one batch, which can be taken back. A part is one transaction: a row is saved whole or not at
all.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cti.clients.card import ClientDraft
from cti.clients.changes import differences
from cti.clients.erased import Kind, Marks
from cti.clients.importing import KEYS, Fault, Known, Mapped, RowFault, draft_from, fields_after, folded
from cti.clients.importing_contacts import person_of
from cti.clients.importing_lines import Held, Key, Line
from cti.clients.importing_lines import lines as read_lines
from cti.errors import Refused
from cti.storage import bulk, bulk_contacts, cards, consents, directories, erasures, properties, users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.search import fold
from cti.telephony.numbering import NumberPlan

PART = 500  # rows of one transaction
POLITE_S = 0.01  # another process that waits for the database looks about so often
MOST_FAULTS = 1000
Row = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What came of a row. outcome: created, updated, unchanged, refused. fields: what an update changes.

    erased: a new client who was erased before. restricted: nothing may be done with his data, which stays so.
    """

    row: int
    outcome: str
    name: str = ""
    client_id: int | None = None
    fields: tuple[str, ...] = ()
    fault: Fault | None = None
    erased: bool = False
    restricted: bool = False


@dataclass(kw_only=True, slots=True)
class Told:
    """What came of the rows so far. faults: the first refused ones; done: the rows of the last part.

    erased: how many of the new clients were erased before.
    """

    batch: str
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    erased: int = 0
    faults: list[Fault] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers alone."""
        return {name: getattr(self, name) for name in ("rows", "created", "updated", "unchanged", "refused")}

    def after(self, read: int, done: list[Done]) -> Told:
        """The same with a part more."""
        faults = [one.fault for one in done if one.fault is not None]
        return Told(
            batch=self.batch,
            rows=self.rows + read,
            faults=[*self.faults, *faults[: MOST_FAULTS - len(self.faults)]],
            done=done,
            erased=self.erased + sum(one.erased for one in done),
            **{
                name: getattr(self, name) + sum(one.outcome == name for one in done)
                for name in ("created", "updated", "unchanged", "refused")
            },
        )


Progress = Callable[[Told, Sequence[Row]], None]
AfterPart = Callable[[Connection, Told], Awaitable[None]]


class ClientImport:
    """One import. user_id: who does it, None for the command line. keys: by what a client is known again, in order.

    marks: by which it is told whether somebody was erased before.
    """

    def __init__(
        self,
        *,
        db: Database,
        plan: NumberPlan,
        clock: Callable[[], float],
        user_id: int | None = None,
        keys: Sequence[str] = KEYS,
        marks: Marks | None = None,
    ) -> None:
        self._db = db
        self._plan = plan
        self._clock = clock
        self._user_id = user_id
        self._keys = tuple(keys)
        self._marks = marks
        self._erased: frozenset[str] = frozenset()
        self._seen: dict[Key, tuple[int, int | None]] = {}  # key -> row, and client where it is one of the base

    async def run(
        self,
        chunks: AsyncIterable[Sequence[Row]],
        mapped: Mapped,
        *,
        source: str,
        dry: bool = False,
        batch: str = "",
        progress: Progress = lambda told, rows: None,
        after_part: AfterPart | None = None,
    ) -> Told:
        """Import rows as they come. dry: only say what would come of them. progress: called after each part.

        after_part: called in the transaction of each part; what it raises takes that part back and ends the import.
        Raises Refused when a property in use was changed meanwhile.
        """
        async with self._db.read() as conn:
            begun = await self._known(conn)
            self._erased = await erasures.marks_of_all(conn) if self._marks else frozenset()
        if any(name.startswith("property:") and name not in begun.properties for name in mapped):
            raise Refused("bad-property", "There is no such property.")
        told = Told(batch=batch or secrets.token_hex(8))
        async for some in chunks:
            for start in range(0, len(some), PART):
                rows = some[start : start + PART]
                lines = list(read_lines(rows, told.rows, mapped, begun))
                for line in lines:
                    line.read(self._keys, self._plan)
                async with self._db.read() if dry else self._db.write() as conn:
                    known = await self._known(conn)
                    if known != begun:
                        lines = self._again(rows, told.rows, mapped, begun, known)
                    done = await self._part(conn, lines, known, told.batch, source, dry=dry)
                    after = told.after(len(rows), done)
                    if after_part is not None:
                        await after_part(conn, after)
                begun, told = known, after
                for line in lines:
                    self._seen |= dict.fromkeys(line.fresh, (line.row, line.client_id))
                progress(told, rows)
                if not dry:
                    await asyncio.sleep(POLITE_S)
        return told

    async def _known(self, conn: Connection) -> Known:
        """What cells may name: people, directory entries, properties."""
        lists: dict[str, dict[str, int]] = {"responsible": {}}
        people = await users.every(conn)
        names = [folded(user.name) for user in people]
        for user, name in zip(people, names, strict=True):
            if names.count(name) == 1:
                lists["responsible"][name] = user.id
            lists["responsible"][folded(f"{user.name} ({user.login})")] = user.id
        for item in await directories.every(conn, retired=True):
            lists.setdefault(item.directory, {})[folded(item.name)] = item.id
        defined = {f"property:{prop.id}": prop for prop in await properties.every(conn)}
        return Known(plan=self._plan, lists=lists, properties=defined)

    def _again(self, rows: Sequence[Row], before: int, mapped: Mapped, begun: Known, known: Known) -> list[Line]:
        """The lines read anew, for the catalogue has changed. Raises Refused for a property of the import's own."""
        for name in mapped:
            prop = begun.properties.get(name)
            if prop is not None and known.properties.get(name) != prop:
                raise Refused("property-changed", f"The property “{prop.name}” was changed while the import ran.")
        lines = list(read_lines(rows, before, mapped, known))
        for line in lines:
            line.read(self._keys, self._plan)
        return lines

    async def _part(
        self, conn: Connection, lines: Sequence[Line], known: Known, batch: str, source: str, *, dry: bool
    ) -> list[Done]:
        await self._find(conn, lines)
        ids = {line.client_id for line in lines if line.client_id}
        found = await (cards.of if dry else bulk.locked)(conn, sorted(ids))
        held = {id_: Held(card) for id_, card in found.items()}
        people = await bulk_contacts.names(conn, ids) if any(line.said for line in lines) else {}
        new: list[Line] = []
        done: list[Done] = []
        for line in lines:
            try:
                done.append(self._take(line, held, new, people))
            except RowFault as fault:
                line.fresh.clear()
                line.fault = fault
                done.append(Done(row=line.row, outcome="refused", name=line.name, fault=fault.at(line.row)))
        if not dry:
            await self._write(conn, held, new, known, batch, source)
            await self._write_people(conn, lines, batch)
            said = [(line.made or line.client_id, line.agreed) for line in lines if line.agreed and not line.fault]
            await consents.say_imported(
                conn, said, now=self._clock(), user_id=self._user_id, source=source, batch=batch
            )
        return done

    async def _find(self, conn: Connection, lines: Sequence[Line]) -> None:
        """Whose each line is: by the first key that one client alone has, be it in the base or in a row above.

        A key that several have in the base is none, for rows above either: two firms behind one switchboard stay two.
        """
        every = {key for line in lines for key in line.keys}
        found = await bulk.owners(
            conn,
            inns=[value for kind, value in every if kind == "inn"],
            phones=[value for kind, value in every if kind == "phone"],
            emails=[value for kind, value in every if kind == "email"],
        )
        seen: dict[Key, tuple[int, int | None]] = {}
        for line in lines:
            line.keys = [
                (kind, value) for kind, value in line.keys if kind == "id" or found[kind].get(value, 0) is not None
            ]
            for key in line.keys:
                above = seen.get(key) or self._seen.get(key)
                owner = int(key[1]) if key[0] == "id" else found[key[0]].get(key[1])
                if above is not None:
                    line.twice, line.client_id = (None, above[1]) if above[1] else (above[0], None)
                elif owner is not None:
                    line.client_id = owner
                else:
                    continue
                break
            if line.twice is None and line.fault is None:
                line.fresh = {key for key in line.keys if key not in seen and key not in self._seen}
                if line.client_id or line.fields.get("name"):
                    seen |= dict.fromkeys(line.fresh, (line.row, line.client_id))

    def _take(
        self,
        line: Line,
        held: Mapping[int, Held],
        new: list[Line],
        people: dict[int, set[str]],
    ) -> Done:
        """What comes of a line; `held` has what it changes, `new` a new client's line. Raises RowFault.

        people: names of contact persons there are, by client, to which the line's is added.
        """
        if line.fault is not None:
            raise line.fault
        if line.twice is not None:
            raise RowFault("row", "twice", row=line.twice)
        if line.client_id is None:
            line.draft = draft_from(line.fields, self._plan)
            line.person = person_of(line.said)
            new.append(line)
            return Done(row=line.row, outcome="created", name=line.draft.name, erased=self._was_erased(line.draft))
        his = held.get(line.client_id)
        if his is None:
            raise RowFault("id", "gone", value=line.client_id)
        name = his.card.name
        changed = his.become(fields_after(his.fields, his.card.phones, line.fields, self._plan), self._plan)
        person = person_of(line.said)
        known = people.setdefault(line.client_id, set())
        if person is not None and fold(person.name) not in known:
            known.add(fold(person.name))
            line.person = person
        told = [*(one.field for one in changed), *(["contact"] if line.person else [])]
        told += [f"consent_{purpose}" for purpose in line.agreed]
        return Done(
            row=line.row,
            outcome="updated" if told else "unchanged",
            name=name,
            client_id=line.client_id,
            fields=tuple(told),
            restricted=his.was.restricted_at is not None,
        )

    def _was_erased(self, draft: ClientDraft) -> bool:
        if not self._erased or self._marks is None:
            return False
        values: tuple[tuple[Kind, str], ...] = (
            *(("phone", one.e164) for one in draft.phones if one.e164),
            *(("email", fold(one)) for one in draft.emails),
            ("inn", draft.inn),
        )
        return any(self._marks.of(kind, value) in self._erased for kind, value in values)

    async def _write(
        self,
        conn: Connection,
        held: Mapping[int, Held],
        new: Sequence[Line],
        known: Known,
        batch: str,
        source: str,
    ) -> None:
        by_id = {prop.id: prop for prop in known.properties.values()}
        now = self._clock()
        drafts = [line.draft for line in new if line.draft is not None]
        if drafts:
            words = [bulk_contacts.words_of(line.person) for line in new]
            ids = await bulk.insert_many(
                conn, drafts, by_id, now=now, user_id=self._user_id, batch=batch, source=source, linked=words
            )
            for line, client_id in zip(new, ids, strict=True):
                line.made = client_id
        changed = [
            bulk.Changed(
                client_id=id_, version=his.was.version, draft=his.card, changes=differences(his.before, his.fields)
            )
            for id_, his in held.items()
            if isinstance(his.card, ClientDraft)
        ]
        await bulk.update_many(conn, changed, by_id, now=now, user_id=self._user_id, batch=batch)

    async def _write_people(self, conn: Connection, lines: Sequence[Line], batch: str) -> None:
        people = [
            replace(line.person, roles={client_id: line.said.get("contact_role")})
            for line in lines
            if line.person is not None and (client_id := line.made or line.client_id) is not None
        ]
        new = {line.made for line in lines if line.made is not None}
        now = self._clock()
        await bulk_contacts.insert_many(conn, people, now=now, user_id=self._user_id, batch=batch, new=new)
