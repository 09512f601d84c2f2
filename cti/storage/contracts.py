"""Contracts as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.contracts import PLAIN, Contract, ContractDraft
from cti.storage.client_tables import clients, directory_items
from cti.storage.contact_tables import contracts
from cti.storage.search import clean
from cti.storage.sight import seen
from cti.storage.tables import users

MOST = 500  # of one client


async def get(conn: AsyncConnection, contract_id: int) -> Contract | None:
    """One contract. An id from an address may be any number."""
    if not 0 < contract_id < 2**31:
        return None
    return next(iter(await _read(conn, _whole().where(contracts.c.id == contract_id))), None)


async def of_client(conn: AsyncConnection, client_id: int) -> list[Contract]:
    """A client's contracts, the newest first."""
    mine = _whole().where(contracts.c.client_id == client_id)
    return await _read(conn, mine.order_by(contracts.c.signed_on.desc(), contracts.c.id.desc()).limit(MOST))


async def add(conn: AsyncConnection, client_id: int, draft: ContractDraft, now: float) -> int:
    """A new contract with a client; returns its id."""
    values = _plain(draft) | {"client_id": client_id, "version": 1, "created_at": now, "updated_at": now}
    return int((await conn.execute(insert(contracts).values(values).returning(contracts.c.id))).scalar_one())


async def change(conn: AsyncConnection, contract_id: int, draft: ContractDraft, version: int, now: float) -> bool:
    """Replace what is said of it; False when `version` is not the newest: nothing changed."""
    mine = (contracts.c.id == contract_id) & (contracts.c.version == version)
    values = _plain(draft) | {"version": version + 1, "updated_at": now}
    return (await conn.execute(update(contracts).where(mine).values(values))).rowcount == 1


async def remove(conn: AsyncConnection, contract_id: int) -> None:
    """Delete a contract; its files' rows go with it."""
    await conn.execute(delete(contracts).where(contracts.c.id == contract_id))


def _plain(draft: ContractDraft) -> dict[str, Any]:
    values = {name: getattr(draft, name) for name in PLAIN}
    return values | {"number": clean(draft.number).strip(), "note": clean(draft.note)}


def _whole() -> Select[Any]:
    return (
        select(contracts, clients.c.name.label("client"), directory_items.c.name.label("state"), users.c.name)
        .join_from(contracts, clients, clients.c.id == contracts.c.client_id)
        .outerjoin(directory_items, directory_items.c.id == contracts.c.state_id)
        .outerjoin(users, users.c.id == contracts.c.manager_id)
    )


async def _read(conn: AsyncConnection, statement: Select[Any]) -> list[Contract]:
    found = [
        Contract(
            **{name: getattr(row, name) for name in PLAIN},
            id=row.id,
            client_id=row.client_id,
            client_name=row.client,
            state=row.state or "",
            manager=row.name or "",
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in await conn.execute(statement)
    ]
    return seen(conn, found)


async def currencies(conn: AsyncConnection) -> list[str]:
    """Codes of the currencies that contracts are in."""
    return list((await conn.execute(select(contracts.c.currency).distinct().order_by(contracts.c.currency))).scalars())
