"""All that waits to be done, gathered: of the whole house, or of one person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.tasks import Task
from cti.clients.work import Work, Worker
from cti.storage import call_lists, missed, tasks
from cti.storage.client_tables import clients
from cti.storage.mail_people import OPEN
from cti.storage.mail_tables import conversations, letters
from cti.storage.missed import Missed
from cti.storage.sight import seen
from cti.storage.tables import user_queues, users
from cti.storage.work_tables import callback_keys, callback_orders, kept_places

MISSED_S = 7 * 24 * 3600.0
MOST = 500
orders = callback_orders.c
_takers, _managers = users.alias("takers"), users.alias("managers")


async def worker(conn: AsyncConnection, user_id: int) -> Worker:
    """A person with his team and queues."""
    team = (await conn.execute(select(users.c.team_id).where(users.c.id == user_id))).scalar()
    mine = await conn.execute(select(user_queues.c.queue).where(user_queues.c.user_id == user_id))
    return Worker(id=user_id, team_id=team, queues=frozenset(mine.scalars()))


async def workers(conn: AsyncConnection, ids: list[int]) -> list[Worker]:
    """Several persons with their teams and queues."""
    queues: dict[int, set[str]] = {}
    for row in await conn.execute(select(user_queues.c.user_id, user_queues.c.queue)):
        queues.setdefault(row.user_id, set()).add(row.queue)
    people = await conn.execute(select(users.c.id, users.c.team_id).where(users.c.id.in_(ids)))
    return [Worker(id=row.id, team_id=row.team_id, queues=frozenset(queues.get(row.id, ()))) for row in people]


async def gathered(conn: AsyncConnection, *, now: float, until: float, who: Worker | None = None) -> list[Work]:
    """Everything open. until: tasks that are due before then. who: only his; None: of the whole house."""
    lost = await missed.missed(conn, since=now - MISSED_S, user_id=who.id if who else None, limit=MOST)
    due = await tasks.due_before(conn, until, who.id if who else None, limit=MOST)
    found = [_of_missed(one) for one in lost] + [_of_task(one) for one in due] + await _orders(conn, who)
    return found + await _letters(conn, who) + await call_lists.desks(conn, who)


async def _letters(conn: AsyncConnection, who: Worker | None) -> list[Work]:
    """Conversations that somebody has and that wait for his answer; each is its owner's alone."""
    waits = conversations.c
    last = select(letters.c.sender_name).where(letters.c.conversation_id == waits.id, letters.c.direction == "in")
    name = last.order_by(letters.c.received_at.desc()).limit(1).scalar_subquery()
    asked = (
        select(waits.id, waits.subject, waits.client_id, waits.asked_at, waits.due_at, waits.owner_id)
        .add_columns(clients.c.name.label("client"), _managers.c.name.label("owner"), name.label("name"))
        .join_from(conversations, clients, clients.c.id == waits.client_id, isouter=True)
        .join(_managers, _managers.c.id == waits.owner_id)
        .where(waits.state.in_(OPEN), waits.asked_at.is_not(None))
        .order_by(waits.asked_at)
        .limit(MOST)
    )
    rows = await conn.execute(asked.where(waits.owner_id == who.id) if who else asked)
    return seen(conn, [_of_letter(row) for row in rows])


def _of_letter(row: Any) -> Work:
    return Work(
        kind="letter",
        id=str(row.id),
        at=row.asked_at,
        client_id=row.client_id,
        client_name=row.client or "",
        name=row.name or "",
        note=row.subject,
        due_at=row.due_at,
        responsible=row.owner,
        people=frozenset((row.owner_id,)),
    )


def _of_missed(one: Missed) -> Work:
    return Work(
        kind="missed",
        id=one.call,
        at=one.last_at,
        number=one.number,
        client_id=one.client_id,
        client_name=one.client_name,
        name=one.caller_name,
        tries=one.tries,
        wait_s=one.wait_s,
        responsible_id=one.responsible_id,
        responsible=one.responsible,
        taken_by_id=one.taken_by_id,
        taken_by=one.taken_by,
        taken_until=one.taken_until,
        later_until=one.later_until,
        queues=one.queues,
        people=one.concerns,
        voicemail=one.voicemail,
    )


def _of_task(one: Task) -> Work:
    return Work(
        kind=one.kind,
        id=str(one.id),
        at=one.due_at or one.created_at,
        number=one.number,
        client_id=one.client_id,
        client_name=one.client_name,
        note=one.what,
        due_at=one.due_at,
        responsible=one.owner,
        later_until=one.remind_at if one.remind_at and one.remind_at != one.due_at else None,
        people=frozenset((one.owner_id,)) if one.owner_id else frozenset(),
    )


async def _orders(conn: AsyncConnection, who: Worker | None) -> list[Work]:
    keys = callback_keys.c
    asked = (
        select(callback_orders, keys.name.label("site"), keys.queue, keys.team_id)
        .add_columns(clients.c.name.label("client"), clients.c.responsible_id)
        .add_columns(_takers.c.name.label("taker"), _managers.c.name.label("manager"), kept_places.c.order_id)
        .join_from(callback_orders, callback_keys, keys.id == orders.key_id)
        .join(kept_places, kept_places.c.order_id == orders.id, isouter=True)
        .join(clients, clients.c.id == orders.client_id, isouter=True)
        .join(_takers, _takers.c.id == orders.taken_by, isouter=True)
        .join(_managers, _managers.c.id == clients.c.responsible_id, isouter=True)
        .where(orders.closed_at.is_(None), *([_whose(who)] if who else []))
        .order_by(orders.created_at)
        .limit(MOST)
    )
    return seen(conn, [_of_order(row) for row in await conn.execute(asked)])


def _of_order(row: Any) -> Work:
    return Work(
        kind="order",
        id=str(row.id),
        at=row.created_at,
        number=row.number,
        client_id=row.client_id,
        client_name=row.client or "",
        name=row.name,
        note=row.comment,
        page=row.page,
        site="" if row.order_id else row.site,
        kept=row.order_id is not None,
        due_at=row.wished_at,
        responsible_id=row.responsible_id,
        responsible=row.manager or "",
        taken_by_id=row.taken_by,
        taken_by=row.taker or "",
        taken_until=row.taken_until,
        later_until=row.later_until,
        queues=(row.queue,) if row.queue else (),
        team_id=row.team_id,
        open_to_all=not row.queue and row.team_id is None,
    )


def _whose(who: Worker) -> ColumnElement[bool]:
    """Orders that are one person's to do, as `cti.clients.work.is_of` says it."""
    keys = callback_keys.c
    team = keys.team_id == who.team_id if who.team_id is not None else orders.taken_by == who.id
    return or_(
        (keys.queue == "") & keys.team_id.is_(None),
        keys.queue.in_(who.queues - {""}),
        team,
        orders.taken_by == who.id,
        clients.c.responsible_id == who.id,
    )


async def order(conn: AsyncConnection, order_id: int, who: Worker | None) -> Any:
    """The row of an open order, kept for this transaction; None where there is none, or none of his."""
    if not 0 < order_id < 2**31:
        return None
    asked = (
        select(callback_orders, _takers.c.name.label("taker"))
        .join_from(callback_orders, callback_keys, callback_keys.c.id == orders.key_id)
        .join(clients, clients.c.id == orders.client_id, isouter=True)
        .join(_takers, _takers.c.id == orders.taken_by, isouter=True)
        .where(orders.id == order_id, orders.closed_at.is_(None), *([_whose(who)] if who else []))
    )
    return (await conn.execute(asked.with_for_update(of=callback_orders))).one_or_none()


async def mark_order(conn: AsyncConnection, order_id: int, **said: Any) -> None:
    """What somebody says of an order: taken_by, taken_until, later_until, or closed_at, closed_by, why."""
    await conn.execute(update(callback_orders).where(orders.id == order_id).values(**said))
