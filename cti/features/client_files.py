"""Files of clients and contracts: kept in a folder under names of our own, known by rows, let go together.

A file is in the folder before its row is: what a crash leaves between the two is swept at the next start. A file whose
row has gone is swept then too.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from cti.access import Person, may
from cti.clients.changes import Change
from cti.errors import NotAllowed, Refused
from cti.storage import changes, client_files, clients, contracts
from cti.storage.client_files import FileRow
from cti.storage.database import Database

MOST_BYTES = 25 << 20
MOST_OF_CLIENT = 500 << 20
# What a browser may show by itself; everything else is only saved.
SHOWN = {
    ".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".txt": "text/plain",
}  # fmt: skip
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Brought:
    """A file that somebody brought and that lies at `path`, to be kept or let go."""

    path: Path
    name: str
    size: int
    sha256: str


class ClientFiles:
    """Keeps files. folder: where they lie; it is made when the first one comes."""

    def __init__(self, *, db: Database, folder: Path, clock: Callable[[], float]) -> None:
        self._db = db
        self._folder = folder
        self._clock = clock

    async def place(self) -> Path:
        """Where the next file is to be written, under a name nobody can guess."""
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        return self._folder / secrets.token_hex(16)

    async def keep(self, person: Person, client_id: int, brought: Brought, contract_id: int | None = None) -> int:
        """Keep a file of a client, or of a contract of his; returns its id. What is refused does not stay."""
        try:
            return await self._keep(person, client_id, brought, contract_id)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(brought.path.unlink, missing_ok=True))
            raise

    async def _keep(self, person: Person, client_id: int, brought: Brought, contract_id: int | None) -> int:
        _allowed(person)
        if not brought.name or not brought.size:
            raise Refused("empty-file", "The file is empty or has no name.")
        now = self._clock()
        row = FileRow(
            id=0,
            client_id=client_id,
            contract_id=contract_id,
            name=brought.name,
            media_type=SHOWN.get(Path(brought.name).suffix.lower(), "application/octet-stream"),
            size=brought.size,
            sha256=brought.sha256,
            stored=brought.path.name,
            created_at=now,
        )
        async with self._db.write() as conn:
            if await clients.get(conn, client_id) is None:
                raise Refused("no-client", "There is no such client.")
            if contract_id is not None:
                contract = await contracts.get(conn, contract_id)
                if contract is None or contract.client_id != client_id:
                    raise Refused("no-contract", "There is no such contract any more.")
            if await client_files.size_of(conn, client_id) + brought.size > MOST_OF_CLIENT:
                raise Refused("too-many-files", f"Files of one client take at most {MOST_OF_CLIENT >> 20} MiB.")
            made = await client_files.add(conn, row, person.id)
            told = Change(field=f"file:{made}", was=None, became=brought.name)
            await changes.write(conn, client_id, [told], at=now, user_id=person.id, version=0)
        return made

    def path_of(self, row: FileRow) -> Path:
        """Where a file lies."""
        return self._folder / row.stored

    async def remove(self, person: Person, file_id: int) -> FileRow:
        """Delete a file; returns what it was."""
        _allowed(person)
        now = self._clock()
        async with self._db.write() as conn:
            row = await client_files.get(conn, file_id)
            if row is None:
                raise Refused("no-file", "There is no such file any more.")
            await client_files.remove(conn, file_id)
            told = Change(field=f"file:{file_id}", was=row.name, became=None)
            await changes.write(conn, row.client_id, [told], at=now, user_id=person.id, version=0)
        await asyncio.to_thread(self.path_of(row).unlink, missing_ok=True)
        return row

    async def sweep(self) -> int:
        """Delete what lies in the folder and no row knows; at the start, before anybody brings anything."""
        async with self._db.read() as conn:
            known = await client_files.stored(conn)
        swept = await asyncio.to_thread(self._sweep, known)
        if swept:
            log.info("files swept that no client has", count=swept)
        return swept

    def _sweep(self, known: set[str]) -> int:
        lost = [one for one in self._folder.iterdir() if one.name not in known] if self._folder.is_dir() else []
        for one in lost:
            one.unlink(missing_ok=True)
        return len(lost)


def _allowed(person: Person) -> None:
    if not may(person, "clients.write"):
        raise NotAllowed("Your role may not change clients; ask an admin.")
