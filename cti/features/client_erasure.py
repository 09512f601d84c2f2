"""Erasing a person: out of the base, its copies beside it, the folders of files; and out again when he comes back.

The order: the list beside the base first, then one transaction, then files, then the free space of the base. A crash in
between is made up for at the next start by the list. This runs in a process of its own (`cti/cli/work.py`), or before
anybody is served.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec
import structlog
from sqlalchemy import select

from cti.clients.erased import Entry
from cti.clients.mentions import Needles, telling
from cti.errors import Refused, StorageError
from cti.storage import erased_letters, erasing, erasures, mentions, who
from cti.storage.client_tables import clients
from cti.storage.contact_tables import contacts
from cti.storage.database import Database, open_database, set_aside
from cti.storage.erasing import Message
from cti.storage.erasures import Act
from cti.storage.search import fold
from cti.storage.who import Person
from cti.telephony.numbering import NumberPlan, read

SHOWN_S = 3 * 86_400.0  # no page of a browser is older than a session may be
Kind = Literal["client", "contact"]
Remove = Callable[[Callable[[str], bool]], tuple[int, list[str]]]  # of callers whose number fits: how many, what stays
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Who is meant: a client's card or a contact person."""

    kind: Kind
    id: int


class Eraser:
    """Erases in one installation. data: its folder; url: of its base; voicemail: removes messages, by PBX."""

    def __init__(
        self,
        *,
        db: Database,
        url: str,
        plan: NumberPlan,
        data: Path,
        clock: Callable[[], float],
        voicemail: Mapping[str, Remove] = MappingProxyType({}),
    ) -> None:
        self._db = db
        self._url = url
        self._plan = plan
        self._data = data
        self._clock = clock
        self._voicemail = voicemail
        self._list = data / "erased.jsonl"
        self._marks = erasures.marks_in(data)

    async def erase(self, subject: Subject, *, user_id: int | None, by: str, reason: str) -> tuple[int, Act]:
        """Erase a person; returns the act with its id. Raises Refused where there is no such person."""
        async with self._db.read() as conn:
            ids, people = await _ids_of(conn, subject)
            person = await who.erased(conn, ids, self._plan, people=people)
            letters = await erased_letters.of_person(conn, person.who, self._marks)
        if not person.clients and not person.people:
            raise Refused("no-client", "There is no such client.")
        entry = Entry(
            id=secrets.token_hex(8),
            at=self._clock(),
            user_id=user_id,
            by=by,
            reason=_without(person, reason),
            clients=person.clients,
            people=person.people,
            marks=person.marks(self._marks),
            letters=tuple(letters),
        )
        await asyncio.to_thread(erasures.add_to_list, self._list, [entry])
        try:
            made, act = await self._out(self._db, entry, person)
        except BaseException:
            void = msgspec.structs.replace(entry, void=True, reason="", marks=(), letters=(), clients=(), people=())
            await asyncio.shield(asyncio.to_thread(erasures.add_to_list, self._list, [void]))
            raise
        return made, await self._beside(made, act, person)

    async def repeat(self) -> list[Act]:
        """Erase again whoever is on the list and not in the base's own: an older base was put back, or a crash cut an
        erasure off. Returns the acts."""
        async with self._db.read() as conn:
            known = await erasures.every(conn)
        entries = await asyncio.to_thread(erasures.read_list, self._list)
        listed = {one.id for one in entries}
        lost = [act.entry for act in known.values() if act.entry.id not in listed]
        if lost:
            await asyncio.to_thread(erasures.add_to_list, self._list, lost)
        done = []
        for entry in entries:
            if entry.id not in known:
                made, act, person = await self._again(self._db, entry)
                done.append(await self._beside(made, act, person))
        return done

    async def clean(self) -> None:
        """Leave nothing of the erased in the files of the base. Writers wait meanwhile."""
        now = self._clock()
        await self._db.clean()
        async with self._db.write() as conn:
            for erasure in await erasures.listed(conn):
                if erasure.act.cleaned_at is None:
                    await erasures.change(conn, erasure.id, msgspec.structs.replace(erasure.act, cleaned_at=now))

    async def _again(self, db: Database, entry: Entry) -> tuple[int, Act, Person]:
        async with db.read() as conn:
            ids, people = await erasures.here(conn, entry)
            numbers, emails = await erasures.marked(conn, self._marks, entry.marks)
            person = await who.erased(conn, ids, self._plan, people=people, numbers=numbers, emails=emails)
        return *await self._out(db, entry, person, again=True), person

    async def _out(self, db: Database, entry: Entry, person: Person, *, again: bool = False) -> tuple[int, Act]:
        """Out of a base, in one transaction; the act with its id."""
        found = await mentions.find(db, person.needles)
        async with db.write() as conn:
            lately = await erasing.lately(conn, person.who, self._clock() - SHOWN_S)
            heard = await erasing.messages(conn, person.who)
            theirs = await erased_letters.of_person(conn, person.who, self._marks)
            await erased_letters.remember(conn, (*entry.letters, *theirs), entry.at)
            events = await erasing.erase(conn, person, found)
            act = Act(
                entry=msgspec.structs.replace(entry, letters=()),
                events=tuple(events),
                files=len(person.stored),
                calls=tuple(lately),
                again=again,
                messages_left=tuple(heard),
            )
            return await erasures.add(conn, act), act

    async def _beside(self, made: int, act: Act, person: Person) -> Act:
        """Out of what lies beside the base; the act as it is then."""
        await asyncio.to_thread(self._files, person, person.needles)
        left = tuple([name for url in set_aside(self._url) if (name := await self._copy(url, act.entry))])
        messages, messages_left = await asyncio.to_thread(self._messages, person, act.messages_left)
        before, act = act, msgspec.structs.replace(act, left=left, messages=messages, messages_left=messages_left)
        if act != before:
            async with self._db.write() as conn:
                await erasures.change(conn, made, act)
        return act

    async def _copy(self, url: str, entry: Entry) -> str:
        """Out of a database that a restore has put aside; its name where it cannot be opened."""
        try:
            copy = await open_database(url)
            try:
                async with copy.read() as conn:
                    known = await erasures.every(conn)
                if entry.id not in known:
                    await self._again(copy, entry)
                    await copy.clean()
            finally:
                await copy.close()
        except StorageError:
            return url.rpartition("/")[2]
        return ""

    def _messages(self, person: Person, known: Sequence[Message]) -> tuple[int, tuple[Message, ...]]:
        """His voicemail out of the PBXes' folders: how many, and those that stay, known of or found."""
        numbers, count = set(person.who.numbers), 0
        left: dict[str, list[Message]] = {}
        for one in known:
            left.setdefault(one.pbx, []).append(one)
        for pbx, remove in self._voicemail.items():
            try:
                gone, places = remove(lambda number: read(number, self._plan).e164 in numbers)
            except OSError as error:
                log.warning("voicemail cannot be read", pbx=pbx, reason=type(error).__name__)
                continue
            count += gone
            left[pbx] = [Message(pbx=pbx, place=place) for place in places]
        return count, tuple(one for of_pbx in left.values() for one in of_pbx)

    def _files(self, person: Person, needles: Needles) -> None:
        """His files, and his rows among those that imports refused."""
        for name in person.stored:
            (self._data / "files" / name).unlink(missing_ok=True)
        names = {fold(one) for one in person.names}
        for path in (self._data / "imports").glob("*.refused"):
            lines = path.read_bytes().splitlines(keepends=True)
            kept = lines[:1] + [one for one in lines[1:] if not _tells_of(one, needles, names)]
            if len(kept) < len(lines):
                path.write_bytes(b"".join(kept))


def _tells_of(line: bytes, needles: Needles, names: set[str]) -> bool:
    """Whether a refused row (fault, cells) is his. One that cannot be read is nobody's to keep."""
    text = line.decode("utf-8", "replace")
    with suppress(msgspec.DecodeError, ValueError):
        _, cells = msgspec.json.decode(line, type=tuple[Any, list[str]])
        return needles.masked(text) != text or any(fold(cell) in names for cell in cells)
    return True


def _without(person: Person, reason: str) -> str:
    """The reason as the act keeps it: whoever wrote it may have named him."""
    words = telling((*person.names, *person.needles.words))
    return Needles(numbers=person.who.numbers, words=words).masked(reason)


async def _ids_of(conn: Any, subject: Subject) -> tuple[Sequence[int], list[int]]:
    """The ids of cards and of people that a subject is."""
    if subject.kind == "contact":
        there = select(contacts.c.id).where(contacts.c.id == subject.id)
        return (), list((await conn.execute(there)).scalars())
    there = select(clients.c.id).where(clients.c.id == subject.id)
    found = (await conn.execute(there)).scalar()
    return (await who.cards_of(conn, found) if found is not None else ()), []
