"""All that is held on a person, as one archive that is read without this program: index.html, data.json and his files.

What is in it is the table of storage/held.py, whole: every row that an erasure would find, and those that stay.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from cti.access import Person, may
from cti.clients.dossier import Names, Reader, Row
from cti.clients.dossier_words import TITLES, WORDS, Language, say
from cti.clients.paper import Section, html
from cti.errors import NotAllowed, Refused
from cti.jobs import Jobs
from cti.storage import clients, contacts, directories, properties, segments, users, who
from cti.storage.client_tables import clients as client_table
from cti.storage.conditions import Conditions
from cti.storage.contact_tables import contracts as contract_table
from cti.storage.database import Database
from cti.storage.held import HELD, Who, looked_at
from cti.telephony.numbering import NumberPlan

NAME_CHARS = 80
WITHIN_S = 600.0
Held = dict[str, list[Row]]


class Dossier:
    """Writes archives. files: the folder of clients' files; recorded: finds the file of a recording's row."""

    def __init__(
        self,
        *,
        db: Database,
        plan: NumberPlan,
        zone: ZoneInfo,
        files: Path,
        clock: Callable[[], float],
        recorded: Callable[[Row], Awaitable[Path | None]] | None = None,
    ) -> None:
        self._recorded = recorded
        self._db = db
        self._plan = plan
        self._zone = zone
        self._files = files
        self._clock = clock

    async def write(self, path: Path, kind: str, subject_id: int, language: Language) -> dict[str, int]:
        """Write the archive of a client or a contact person; rows by table. Raises Refused where there is nobody."""
        async with self._db.read() as conn:
            name, asked = await self._subject(conn, kind, subject_id)
            tables = {str(one.table.name): await _rows(conn, one.table, one.rows(asked)) for one in HELD}
            tables["access_log"] = [row for row in tables["access_log"] if looked_at(row, asked)]
            names = await _names(conn, tables, self._zone)
            within = await self._segments(conn, asked)
        now = self._clock()
        inside = {id(row): _inside(row) for row in tables["client_files"] if (self._files / row["stored"]).is_file()}
        heard: dict[int, Path] = {}
        for row in tables["recordings"]:
            if self._recorded is not None and (sound := await self._recorded(row)) is not None:
                heard[id(row)] = sound
        inside |= {one: f"recordings/{place}{sound.suffix}" for place, (one, sound) in enumerate(heard.items(), 1)}
        reader = Reader(names=names, zone=self._zone, language=language, file=lambda row: inside.get(id(row)))
        said = [say(WORDS, "made", language, time=reader.moment(now)), say(WORDS, "json", language)]
        parts = [reader.section(table, tables[table]) for table in TITLES if tables.get(table)]
        parts.append(
            Section(
                id="segments", title=say(WORDS, "segments", language), heads=(), rows=[[one] for one in within],
                count=len(within),
            )
        )  # fmt: skip
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            _put(archive, "index.html", html(say(WORDS, "archive", language, name=name), language, said, parts))
            _put(archive, "data.json", _json(name, now, tables, names, within))
            for row in tables["client_files"]:
                if id(row) in inside:
                    archive.write(self._files / row["stored"], inside[id(row)])
            for one, sound in heard.items():
                archive.write(sound, inside[one])
        return {table: len(rows) for table, rows in tables.items()}

    async def _subject(self, conn: Any, kind: str, subject_id: int) -> tuple[str, Who]:
        if kind == "contact":
            contact = await contacts.get(conn, subject_id)
            if contact is None:
                raise Refused("no-contact", "There is no such contact person any more.")
            return contact.name, (await who.erased(conn, (), self._plan, people=[subject_id])).who
        card = await clients.get(conn, subject_id)
        if card is None:
            raise Refused("no-client", "There is no such client.")
        return card.name, await who.shown(conn, subject_id, self._plan)

    async def _segments(self, conn: Any, asked: Who) -> list[str]:
        """The names of segments that have one of his cards now, found anew or fixed."""
        every = await segments.every(conn)
        conditions = Conditions(
            await properties.every(conn),
            zone=self._zone,
            sqlite=conn.dialect.name == "sqlite",
            segments=every,
            now=self._clock(),
        )
        within = []
        for one in every:
            if one.frozen_at is None:
                his = client_table.c.id.in_(asked.clients)
                found = select(client_table.c.id).where(his, conditions.group(one.expression)).limit(1)
                if (await conn.execute(found)).first() is not None:
                    within.append(one.name)
        return within


class Dossiers:
    """Archives as people ask for them. folder: where they lie for the moments between."""

    def __init__(self, *, jobs: Jobs, folder: Path) -> None:
        self._jobs = jobs
        self._folder = folder
        self._one = asyncio.Lock()

    async def make(self, person: Person, kind: str, subject_id: int, language: str) -> Path:
        """Make an archive; whoever asked for it takes the file away. Raises NotAllowed, Refused."""
        if not may(person, "privacy.export"):
            raise NotAllowed("Your role may not see all that is held on a person; ask an admin.")
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{secrets.token_hex(16)}.zip"
        asked = {"path": str(path), "kind": kind, "id": subject_id, "language": "ru" if language == "ru" else "en"}
        try:
            async with self._one, asyncio.timeout(WITHIN_S):
                await self._jobs.done("dossier", **asked)
            return path
        except BaseException:
            await asyncio.shield(asyncio.to_thread(path.unlink, missing_ok=True))
            raise


async def _rows(conn: Any, table: Any, which: Any) -> list[Row]:
    found = await conn.execute(select(table).where(which).order_by(*table.primary_key.columns))
    return [dict(row._mapping) for row in found]


async def _names(conn: Any, tables: Held, zone: ZoneInfo) -> Names:
    """How the ids in his rows are called."""
    known = await properties.every(conn, retired=True)
    contract = select(contract_table.c.id, contract_table.c.number)
    mine = contract.where(contract_table.c.client_id.in_([row["id"] for row in tables["clients"]]))
    began = {row["id"]: datetime.fromtimestamp(row["started_at"], zone) for row in tables["calls"]}
    return Names(
        of={
            "users": {user.id: user.name for user in await users.every(conn)},
            "items": {one.id: one.name for one in await directories.every(conn, retired=True)},
            "contacts": {row["id"]: row["name"] for row in tables["contacts"]},
            "contracts": {row.id: row.number for row in await conn.execute(mine)},
            "properties": {prop.id: prop.name for prop in known},
            "values": {value.id: value.name for prop in known for value in prop.values},
            "segments": {one.id: one.name for one in await segments.every(conn)},
            "calls": {id_: at.strftime("%d.%m.%Y %H:%M:%S") for id_, at in began.items()},
        }
    )


def _inside(row: Row) -> str:
    """A file's name in the archive: its number, and of the person's name what every system takes."""
    kept = "".join(sign if sign.isalnum() or sign in "-_. " else "_" for sign in row["name"])
    return f"files/{row['id']}-{re.sub(r'[.][.]+', '_', kept[-NAME_CHARS:]).strip(' .')}"


def _put(archive: zipfile.ZipFile, name: str, pieces: Iterable[str]) -> None:
    with archive.open(name, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece.encode())


def _json(name: str, now: float, tables: Mapping[str, list[Row]], names: Names, within: list[str]) -> Iterable[str]:
    """The tables row by row, and what their ids are called."""
    yield f'{{"name":{_text(name)},"made_at":{now!r},"segments":{_text(within)},"names":{_text(names.of)},"tables":{{'
    for n, (table, rows) in enumerate(tables.items()):
        yield f"{',' if n else ''}\n{_text(table)}:["
        for m, row in enumerate(rows):
            yield f"{',' if m else ''}\n{_text(row)}"
        yield "]"
    yield "}}\n"


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
