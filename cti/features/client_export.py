"""What the grid shows, as a file: the columns chosen in their order, the same search, filters and order of rows.

An id stands before the chosen columns: by it an import of the same file knows each client again. Clients whose data
are restricted are not in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from cti.clients.card import ClientCard
from cti.clients.exporting import MOMENTS, Named, Names, cell_of, heading_of, names_of, vcard_of
from cti.clients.filters import Condition
from cti.clients.properties import Property
from cti.errors import Refused
from cti.sheets.write import VCard, write_csv, write_vcards, write_xlsx
from cti.storage import cards, directories, properties, users
from cti.storage.database import Database
from cti.storage.grid import Grid

AT_ONCE = 500
Format = Literal["xlsx", "csv", "vcf"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is exported. columns: fields of the grid, in order; sort as the grid has it."""

    format: Format
    columns: tuple[str, ...]
    q: str = ""
    filters: tuple[Condition, ...] = ()
    sort: str = ""


class ClientExport:
    """Writes clients into files; runs in a process of its own. zone: of moments."""

    def __init__(self, *, db: Database, zone: ZoneInfo) -> None:
        self._db = db
        self._zone = zone

    async def write(self, path: Path, asked: Asked) -> int:
        """Write the file; returns how many clients are in it. Raises Refused for a field that there is not."""
        async with self._db.read() as conn:
            known = await properties.every(conn)
            people = [Named(id=user.id, name=user.name, login=user.login) for user in await users.every(conn)]
            items = [(one.directory, one.id, one.name) for one in await directories.every(conn, retired=True)]
            ids = await Grid(conn, known, self._zone).all_ids(asked.q, asked.filters, sort=asked.sort)
        by_field = {f"property:{prop.id}": prop for prop in known}
        columns = ("id", *(one for one in asked.columns if one != "id"))
        for one in columns:
            if heading_of(one, by_field) is None:
                raise Refused("bad-column", f"There is no column “{one[:40]}”.")
        names = names_of(people, items)
        parts = self._parts(ids)
        if asked.format == "vcf":
            await _fed(parts, lambda found: write_vcards(path, (VCard(**vcard_of(card)) for card in found)))
            return len(ids)
        headers = [heading_of(one, by_field) or "" for one in columns]
        write = write_xlsx if asked.format == "xlsx" else write_csv
        await _fed(
            parts, lambda found: write(path, headers, (self._row(card, columns, names, by_field) for card in found))
        )
        return len(ids)

    def _row(
        self, card: ClientCard, columns: Sequence[str], names: Names, by_field: Mapping[str, Property]
    ) -> list[str]:
        return [self._moment(card, one) if one in MOMENTS else cell_of(card, one, names, by_field) for one in columns]

    def _moment(self, card: ClientCard, field: str) -> str:
        at = card.created_at if field == "created" else card.updated_at
        return datetime.fromtimestamp(at, self._zone).strftime("%d.%m.%Y %H:%M")

    async def _parts(self, ids: Sequence[int]) -> AsyncIterator[list[ClientCard]]:
        for start in range(0, len(ids), AT_ONCE):
            async with self._db.read() as conn:
                yield list((await cards.of(conn, ids[start : start + AT_ONCE])).values())


async def _fed(parts: AsyncIterator[list[ClientCard]], write: Callable[[Iterable[ClientCard]], Any]) -> None:
    """Write in a thread, what is written read meanwhile: a part is in memory, never all of it."""
    loop = asyncio.get_running_loop()

    async def following() -> list[ClientCard]:
        return await anext(parts, [])

    def found() -> Iterator[ClientCard]:
        while some := asyncio.run_coroutine_threadsafe(following(), loop).result():
            yield from some

    await asyncio.to_thread(write, found())
