"""What the grid shows, as a file: the columns chosen in their order, the same search, filters and order of rows.

An id stands before the chosen columns: by it an import of the same file knows each client again. Clients whose data
are restricted are not in it; numbers are masked where they are hidden from who asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person, hides, may
from cti.clients.card import ClientCard
from cti.clients.exporting import BESIDE, MOMENTS, Named, Names, cell_of, heading_of, mark_of, names_of, vcard_of
from cti.clients.filters import Condition
from cti.clients.masking import Sight
from cti.clients.properties import Property
from cti.desktop import Erased
from cti.errors import NotAllowed, Refused, reason_needed
from cti.jobs import Jobs
from cti.sheets.feed import fed
from cti.sheets.write import VCard, write_marked, write_vcards
from cti.storage import access_log, beside, cards, directories, properties, segments, users
from cti.storage.database import Database
from cti.storage.grid import Grid
from cti.storage.view import View

AT_ONCE = 500
WITHIN_S = 300.0
RUNNING_MOST = 2
KEPT_MOST = 10  # files that wait to be fetched
Format = Literal["xlsx", "csv", "vcf"]
Name = Literal["clients", "calls"]
Whom = Callable[[AsyncConnection, int], Awaitable[int]]
Listed = tuple[ClientCard, Mapping[str, str]]  # and what stands beside it, by field


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is exported. columns: fields of the grid, in order; sort as the grid has it."""

    format: Format
    columns: tuple[str, ...]
    q: str = ""
    filters: tuple[Condition, ...] = ()
    sort: str = ""


class ClientExport:
    """Writes clients into files; runs in a process of its own. db: as who asked sees it; zone: of moments."""

    def __init__(self, *, db: Database | View, zone: ZoneInfo) -> None:
        self._db = db
        self._zone = zone

    async def write(self, path: Path, asked: Asked, *, mark: str = "", most: int | None = None) -> list[int]:
        """Write the file; returns the clients that are in it. Raises Refused for a field that there is not.

        mark: who made it and when. most: of more clients than these nothing is written, and Refused is raised.
        """
        async with self._db.read() as conn:
            known = await properties.every(conn)
            people = [Named(id=user.id, name=user.name, login=user.login) for user in await users.every(conn)]
            items = [(one.directory, one.id, one.name) for one in await directories.every(conn, retired=True)]
            grid = Grid(conn, known, self._zone, await segments.every(conn))
            ids = await grid.all_ids(asked.q, asked.filters, sort=asked.sort)
        if most is not None and len(ids) > most:
            raise reason_needed()
        by_field = {f"property:{prop.id}": prop for prop in known}
        columns = ("id", *(one for one in asked.columns if one != "id"))
        for one in columns:
            if heading_of(one, by_field) is None:
                raise Refused("bad-column", f"There is no column “{one[:40]}”.")
        names = names_of(people, items)
        parts = self._parts(ids, columns)
        if asked.format == "vcf":
            await fed(
                parts, lambda found: write_vcards(path, (VCard(**vcard_of(card), mark=mark) for card, _ in found))
            )
            return ids
        headers = [heading_of(one, by_field) or "" for one in columns]

        def write(found: Iterable[Listed]) -> None:
            rows = (self._row(one, columns, names, by_field) for one in found)
            write_marked(path, headers, rows, mark)

        await fed(parts, write)
        return ids

    def _row(self, listed: Listed, columns: Sequence[str], names: Names, by_field: Mapping[str, Property]) -> list[str]:
        card, more = listed

        def cell(field: str) -> str:
            if field in BESIDE:
                return more.get(field, "")
            return self._moment(card, field) if field in MOMENTS else cell_of(card, field, names, by_field)

        return [cell(one) for one in columns]

    def _moment(self, card: ClientCard, field: str) -> str:
        at: float | None = getattr(card, f"{field}_at")
        return "" if at is None else datetime.fromtimestamp(at, self._zone).strftime("%d.%m.%Y %H:%M")

    async def _parts(self, ids: Sequence[int], columns: Sequence[str]) -> AsyncIterator[list[Listed]]:
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            async with self._db.read() as conn:
                more = await beside.of(conn, some, columns)
                yield [(card, more.get(card.id, {})) for card in (await cards.of(conn, some)).values()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A file that waits to be fetched, and whom it holds: rows persons, by id as `cti.clients.seen` writes them.

    name: of what it is a file; lines: how many rows it has. why: the reason that was given. masked: without numbers.
    at: UNIX seconds. fetched: it left, and stands in the access journal.
    """

    id: str
    person_id: int
    path: Path
    name: Name
    lines: int
    rows: int
    clients: str
    why: str
    masked: bool
    at: float
    fetched: bool = False


class Wanted(Protocol):
    """What a job is told of a file."""

    @property
    def format(self) -> str: ...


class Exports:
    """Exports as people ask for them: each file is made by a process of its own and kept a while.

    Of more than `most` clients in one person's files of a day, a reason is asked for; it goes into the access journal.
    """

    def __init__(
        self, *, db: Database, jobs: Jobs, folder: Path, zone: ZoneInfo, clock: Callable[[], float], most: int
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._folder = folder
        self._zone = zone
        self._clock = clock
        self._most = most
        self._made: dict[str, Made] = {}
        self._running = 0
        self._erasures = 0  # how many people were erased since the start

    async def start(self) -> None:
        """After a start: files that nobody fetched are gone."""
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def make(
        self, person: Person, asked: Wanted, *, name: Name = "clients", why: str = "", whom: Whom | None = None
    ) -> Made:
        """Make a file. asked: as the job of this name takes it; why: a reason, where one is needed. Raises Refused.

        whom: how many persons it would hold, where that is soon known; beyond a number it need not count on.
        """
        if not may(person, "clients.export"):
            raise NotAllowed("Your role may not export clients; ask an admin.")
        if self._running >= RUNNING_MOST:
            raise Refused("too-many-exports", "Several exports are being made just now: try again in a minute.")
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        made, erased = secrets.token_hex(16), self._erasures
        path = self._folder / f"{made}.{asked.format}"
        now = self._clock()
        mark = mark_of(person.login, person.id, datetime.fromtimestamp(now, self._zone).isoformat(" ", "seconds"))
        most = None if why.strip() else await self.left(person)
        if most is not None and whom is not None:
            async with View(self._db, Sight(hides=hides(person))).read() as conn:
                if await whom(conn, most) > most:
                    raise reason_needed()  # before anything is made; the job looks again
        done: Mapping[str, Any] = {}
        self._running += 1
        try:
            told = {"path": str(path), "asked": asked, "mark": mark, "most": most, "hides": hides(person)}
            made_by = self._jobs.run("export" if name == "clients" else "export-calls", **told)
            async with asyncio.timeout(WITHIN_S), contextlib.aclosing(made_by) as said:
                async for one in said:
                    done = one.get("done", done)
        except TimeoutError:
            raise Refused("export-too-long", "This export takes too long: narrow the selection.") from None
        finally:
            self._running -= 1
        if erased != self._erasures:  # the file may hold somebody who is erased by now
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise Refused("export-stale", "Somebody was erased meanwhile: export anew.")
        await self._forget()
        holds = {"rows": done["rows"], "clients": done["clients"], "lines": done["lines"], "why": why.strip()}
        self._made[made] = Made(
            id=made, person_id=person.id, path=path, name=name, at=now, masked=hides(person), **holds
        )
        return self._made[made]

    async def left(self, person: Person) -> int:
        """How many clients the person may still take out today without a reason."""
        since = access_log.midnight(self._clock(), self._zone)
        async with self._db.read() as conn:
            gone = await access_log.exported(conn, person.login, since)
        mine = (one for one in self._made.values() if one.person_id == person.id and not one.fetched)
        return max(0, self._most - gone - sum(one.rows for one in mine if one.at >= since))

    async def _forget(self) -> None:
        while len(self._made) >= KEPT_MOST:
            oldest = self._made.pop(next(iter(self._made)))
            await asyncio.to_thread(oldest.path.unlink, missing_ok=True)

    async def erased(self, _view: Erased) -> None:
        """Somebody was erased: files that wait to be fetched may hold him."""
        self._erasures += 1
        gone, self._made = self._made, {}
        for one in gone.values():
            await asyncio.to_thread(one.path.unlink, missing_ok=True)

    def made(self, person: Person, made: str) -> Made | None:
        """A person's own file; None where there is no such, or it holds numbers that he may not see any more."""
        found = self._made.get(made)
        if found is None or found.person_id != person.id or (hides(person) and not found.masked):
            return None
        return found

    def fetched(self, made: Made) -> None:
        """It is leaving."""
        self._made[made.id] = replace(made, fetched=True)
