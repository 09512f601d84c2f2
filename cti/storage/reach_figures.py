"""Clients who called in vain in a period, with their reach times. What a lost call is, storage/missed.py says."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.reach import Lost, tries
from cti.storage.client_tables import clients
from cti.storage.missed import AT_ONCE, NOT_LOST, Key, batched, key_of, owners_of, talks_with
from cti.storage.queue_figures import Queues
from cti.storage.report_limits import all_of
from cti.storage.tables import calls, users

MOST = 100_000  # calls in vain of one period


async def lost(conn: AsyncConnection, since: int, until: int, queues: Queues) -> list[Lost]:
    """Calls in vain, oldest first, and which of them are the first after which their client was owed a call."""
    rows = await all_of(conn, _rows(since, until, queues), MOST)
    owners = await owners_of(conn, {row.number for row in rows if row.number})
    groups: dict[Key, list[Any]] = {}
    for row in rows:
        groups.setdefault(key_of(row, owners), []).append(row)
    managers = await _managers(conn, [int(value) for kind, value in groups if kind == "client"])
    found: list[Lost] = []
    for some in batched(groups.items(), AT_ONCE):
        talks = await talks_with(conn, [key for key, _ in some], since)
        for key, own in some:
            owner = managers.get(int(key[1]), "") if key[0] == "client" else ""
            mine = [_lost(row, owner, hidden=key[0] == "call") for row in own]
            answered = [talk.answered_at for talk in talks.get(key, ()) if talk.answered_at is not None]
            found += tries(mine, answered)
        await asyncio.sleep(0)
    return sorted(found, key=lambda one: (one.at, one.call))


async def in_vain(conn: AsyncConnection, since: int, until: int, queues: Queues) -> int:
    """How many calls in vain there are, whoever called."""
    counted = select(func.count()).select_from(calls).where(*_vain(since, until, queues))
    return (await conn.execute(counted)).scalar_one()


def _rows(since: int, until: int, queues: Queues) -> Any:
    found = select(calls.c.id, calls.c.number, calls.c.client_id, calls.c.queue, calls.c.started_at)
    return found.where(*_vain(since, until, queues)).order_by(calls.c.started_at, calls.c.id)


def _vain(since: int, until: int, queues: Queues) -> list[ColumnElement[bool]]:
    own = [calls.c.queue.in_(queues)] if queues is not None else []
    return [
        calls.c.started_at >= since,
        calls.c.started_at < until,
        calls.c.direction == literal_column("'inbound'"),  # as the index of them has it
        calls.c.answered_at.is_(None),
        calls.c.outcome.is_not(None),
        calls.c.outcome.not_in(NOT_LOST),
        calls.c.request_id.is_(None),
        or_(calls.c.reason.is_(None), calls.c.reason != "sip"),
        *own,
    ]


def _lost(row: Any, owner: str, *, hidden: bool) -> Lost:
    return Lost(call=row.id, at=row.started_at, queue=row.queue or "", owner=owner, hidden=hidden)


async def _managers(conn: AsyncConnection, ids: list[int]) -> dict[int, str]:
    """Names of the managers of clients."""
    found: dict[int, str] = {}
    for some in batched(ids, AT_ONCE):
        rows = select(clients.c.id, users.c.name).join_from(clients, users, users.c.id == clients.c.responsible_id)
        found |= {row.id: row.name for row in await conn.execute(rows.where(clients.c.id.in_(some)))}
    return found
