"""Files of clients and of their contracts as rows; what is in them lies in the folder of files."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage.contact_tables import client_files
from cti.storage.sight import seen
from cti.storage.tables import users

MOST = 500  # shown of one client


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRow:
    """One file. stored: its name in the folder; size in bytes; user_name: who brought it."""

    id: int
    client_id: int
    contract_id: int | None
    name: Words
    media_type: str
    size: int
    sha256: str
    stored: str
    created_at: float
    user_name: str = ""


async def get(conn: AsyncConnection, file_id: int) -> FileRow | None:
    """One file. An id from an address may be any number."""
    if not 0 < file_id < 2**31:
        return None
    return next(iter(await _read(conn, client_files.c.id == file_id)), None)


async def of_client(conn: AsyncConnection, client_id: int) -> list[FileRow]:
    """A client's files, his contracts' among them, the newest first."""
    return await _read(conn, client_files.c.client_id == client_id)


async def of_contract(conn: AsyncConnection, contract_id: int) -> list[FileRow]:
    """A contract's files, the newest first."""
    return await _read(conn, client_files.c.contract_id == contract_id)


async def add(conn: AsyncConnection, row: FileRow, user_id: int) -> int:
    """Keep a file's row; returns its id."""
    values = {
        name: getattr(row, name)
        for name in ("client_id", "contract_id", "name", "media_type", "size", "sha256", "stored", "created_at")
    }
    made = insert(client_files).values(values | {"user_id": user_id}).returning(client_files.c.id)
    return int((await conn.execute(made)).scalar_one())


async def remove(conn: AsyncConnection, file_id: int) -> None:
    """Delete a file's row."""
    await conn.execute(delete(client_files).where(client_files.c.id == file_id))


async def size_of(conn: AsyncConnection, client_id: int) -> int:
    """Bytes of all files of a client."""
    whole = select(func.coalesce(func.sum(client_files.c.size), 0)).where(client_files.c.client_id == client_id)
    return int((await conn.execute(whole)).scalar_one())


async def stored(conn: AsyncConnection) -> set[str]:
    """The names in the folder that rows know."""
    return set((await conn.execute(select(client_files.c.stored))).scalars())


async def _read(conn: AsyncConnection, condition: ColumnElement[bool]) -> list[FileRow]:
    statement = (
        select(client_files, users.c.name.label("user_name"))
        .outerjoin(users, users.c.id == client_files.c.user_id)
        .where(condition)
        .order_by(client_files.c.created_at.desc(), client_files.c.id.desc())
        .limit(MOST)
    )
    found = [
        FileRow(
            id=row.id,
            client_id=row.client_id,
            contract_id=row.contract_id,
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            stored=row.stored,
            created_at=row.created_at,
            user_name=row.user_name or "",
        )
        for row in await conn.execute(statement)
    ]
    return seen(conn, found)
