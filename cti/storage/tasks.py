"""Tasks of clients as rows: of one client, and all that one person is to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, and_, case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.tasks import Task, TaskDraft
from cti.storage.client_tables import client_phones, clients
from cti.storage.contact_tables import client_tasks
from cti.storage.search import clean
from cti.storage.sight import seen
from cti.storage.tables import calls, dial_requests, users

MOST = 200

_first = (
    select(client_phones.c.e164)
    .where(client_phones.c.client_id == client_tasks.c.client_id, client_phones.c.e164.is_not(None))
    .order_by(client_phones.c.position)
    .limit(1)
    .scalar_subquery()
)
_owners, _makers, _doers = users.alias("owners"), users.alias("makers"), users.alias("doers")
# those without a time after those that have one, on both engines
_BY_TIME = (client_tasks.c.due_at.is_(None), client_tasks.c.due_at, client_tasks.c.id)


async def get(conn: AsyncConnection, task_id: int) -> Task | None:
    """One task. An id from an address may be any number."""
    if not 0 < task_id < 2**31:
        return None
    return next(iter(await _read(conn, _whole().where(client_tasks.c.id == task_id))), None)


async def by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, Task]:
    """Tasks by id; at most a few hundred."""
    found = await _read(conn, _whole().where(client_tasks.c.id.in_(ids))) if ids else []
    return {one.id: one for one in found}


async def open_of_client(conn: AsyncConnection, client_id: int) -> list[Task]:
    """What is still to be done for a client, the most urgent first."""
    mine = _whole().where(client_tasks.c.client_id == client_id, client_tasks.c.done_at.is_(None))
    return await _read(conn, mine.order_by(*_BY_TIME).limit(MOST))


async def open_of_person(conn: AsyncConnection, user_id: int, *, limit: int = MOST) -> list[Task]:
    """What a person is still to do, the most urgent first."""
    mine = _whole().where(client_tasks.c.owner_id == user_id, client_tasks.c.done_at.is_(None))
    return await _read(conn, mine.order_by(*_BY_TIME).limit(limit))


async def of_call(conn: AsyncConnection, call_id: str, made_by: int) -> Task | None:
    """What a person said is to be done after a call."""
    mine = _whole().where(client_tasks.c.call_id == call_id, client_tasks.c.made_by == made_by)
    return next(iter(await _read(conn, mine.order_by(client_tasks.c.id.desc()).limit(1))), None)


async def due(conn: AsyncConnection, now: float, owners: Collection[int], *, each: int = MOST) -> list[Task]:
    """Of which these people are to be reminded now, the longest due first, `each` of a person at most."""
    mine = client_tasks.c
    place = func.row_number().over(partition_by=mine.owner_id, order_by=(mine.remind_at, mine.id))
    theirs = (mine.done_at.is_(None), mine.remind_at <= now, mine.owner_id.in_(owners))
    late = select(mine.id, place.label("place")).where(*theirs).subquery()
    wanted = select(late.c.id).where(late.c.place <= each)
    return await _read(conn, _whole().where(mine.id.in_(wanted)).order_by(mine.remind_at, mine.id))


async def due_before(conn: AsyncConnection, until: float, owner_id: int | None, *, limit: int = MOST) -> list[Task]:
    """Open tasks that are due before then, the longest due first. owner_id: only his; None: everybody's."""
    mine = [client_tasks.c.owner_id == owner_id] if owner_id is not None else [client_tasks.c.owner_id.is_not(None)]
    late = _whole().where(client_tasks.c.done_at.is_(None), client_tasks.c.due_at < until, *mine)
    return await _read(conn, late.order_by(*_BY_TIME).limit(limit))


async def add(conn: AsyncConnection, client_id: int | None, draft: TaskDraft, now: float, made_by: int) -> int:
    """A new task; returns its id."""
    values = _plain(draft) | {"client_id": client_id, "made_by": made_by, "created_at": now, "remind_at": draft.due_at}
    values |= {"kind": draft.kind, "number": draft.number, "call_id": draft.call or None}
    return int((await conn.execute(insert(client_tasks).values(values).returning(client_tasks.c.id))).scalar_one())


async def change(conn: AsyncConnection, task_id: int, draft: TaskDraft) -> None:
    """What is to be done, when, by whom; another time or person is reminded of anew."""
    mine = client_tasks.c
    same = and_(mine.due_at.is_not_distinct_from(draft.due_at), mine.owner_id.is_not_distinct_from(draft.owner_id))
    values = _plain(draft) | {"remind_at": case((same, mine.remind_at), else_=draft.due_at)}
    await conn.execute(update(client_tasks).where(mine.id == task_id).values(values))


async def remind(conn: AsyncConnection, task_id: int, at: float | None, request_id: str | None = None) -> None:
    """When its owner is reminded next. request_id: of the click that dials it."""
    values = {"remind_at": at} | ({"request_id": request_id} if request_id else {})
    await conn.execute(update(client_tasks).where(client_tasks.c.id == task_id).values(values))


async def close_called_back(conn: AsyncConnection, now: float) -> None:
    """Call-backs whose client answered the call they were dialled by are done by their owners."""
    talked = (
        select(calls.c.id)
        .join_from(dial_requests, calls, calls.c.number == dial_requests.c.number)  # by the index of numbers
        .where(
            dial_requests.c.request_id == client_tasks.c.request_id,
            calls.c.request_id == dial_requests.c.request_id,
            calls.c.answered_at.is_not(None),
        )
    )
    dialled = and_(client_tasks.c.request_id.is_not(None), client_tasks.c.kind == "callback")
    mine = update(client_tasks).where(client_tasks.c.done_at.is_(None), dialled, talked.exists())
    await conn.execute(mine.values(done_at=now, done_by=client_tasks.c.owner_id, remind_at=None))


async def finish(conn: AsyncConnection, task_id: int, done_at: float | None, done_by: int | None) -> None:
    """It is done, or open again (None)."""
    values = {"done_at": done_at, "done_by": done_by}
    await conn.execute(update(client_tasks).where(client_tasks.c.id == task_id).values(values))


async def remove(conn: AsyncConnection, task_id: int) -> None:
    """Delete a task."""
    await conn.execute(delete(client_tasks).where(client_tasks.c.id == task_id))


def _plain(draft: TaskDraft) -> dict[str, Any]:
    return {"what": clean(draft.what).strip(), "due_at": draft.due_at, "owner_id": draft.owner_id}


def _whole() -> Select[Any]:
    return (
        select(
            client_tasks,
            clients.c.name.label("client"),
            _owners.c.name.label("owner"),
            _makers.c.name.label("maker"),
            _doers.c.name.label("doer"),
            func.coalesce(client_tasks.c.number, _first).label("dialled"),
        )
        .join_from(client_tasks, clients, clients.c.id == client_tasks.c.client_id, isouter=True)
        .outerjoin(_owners, _owners.c.id == client_tasks.c.owner_id)
        .outerjoin(_makers, _makers.c.id == client_tasks.c.made_by)
        .outerjoin(_doers, _doers.c.id == client_tasks.c.done_by)
    )


async def _read(conn: AsyncConnection, statement: Select[Any]) -> list[Task]:
    found = [
        Task(
            id=row.id,
            client_id=row.client_id,
            client_name=row.client or "",
            what=row.what,
            due_at=row.due_at,
            owner_id=row.owner_id,
            owner=row.owner or "",
            made_by=row.maker or "",
            created_at=row.created_at,
            done_at=row.done_at,
            done_by=row.doer or "",
            kind=row.kind,
            number=row.dialled,
            call=row.call_id or "",
            remind_at=row.remind_at,
        )
        for row in await conn.execute(statement)
    ]
    return seen(conn, found)
