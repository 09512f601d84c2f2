"""Mailboxes with their people: who belongs where, how much each has to answer, and how much waits in each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person, scope
from cti.messages.assigning import Box
from cti.storage.client_tables import clients
from cti.storage.mail_tables import conversation_boxes, conversations, mailbox_people, mailboxes
from cti.storage.tables import users

OPEN = ("new", "work")


async def boxes(conn: AsyncConnection) -> dict[int, Box]:
    """All mailboxes by id."""
    people: dict[int, set[int]] = {}
    there = select(mailbox_people).join(users, users.c.id == mailbox_people.c.user_id)
    for row in await conn.execute(there.where(users.c.blocked_at.is_(None))):
        people.setdefault(row.mailbox_id, set()).add(row.user_id)
    return {
        row.id: Box(
            id=row.id,
            name=row.name,
            kind=row.kind,
            owner_id=row.owner_id,
            target_s=row.reply_target_s,
            hours=row.hours,
            weekdays=row.weekdays,
            time_zone=row.time_zone,
            assigns=row.assigns,
            people=frozenset(people.get(row.id, ())),
        )
        for row in await conn.execute(select(mailboxes).order_by(mailboxes.c.kind.desc(), mailboxes.c.name))
    }


def seen_by(person: Person, all_boxes: Iterable[Box]) -> list[Box]:
    """The mailboxes a person may see, as `letter_access.boxes_of` says it."""
    reach = scope(person, "mail")

    def sees(box: Box) -> bool:
        if box.kind == "personal":
            return box.owner_id == person.id
        return reach == "all" or person.id in box.people

    return [] if reach == "none" else [box for box in all_boxes if sees(box)]


async def loads(conn: AsyncConnection, people: Collection[int]) -> dict[int, int]:
    """How many open conversations each of these has."""
    mine = conversations.c
    counted = select(mine.owner_id, func.count()).where(mine.owner_id.in_(people), mine.state.in_(OPEN))
    return {row[0]: row[1] for row in await conn.execute(counted.group_by(mine.owner_id))} if people else {}


async def responsible(conn: AsyncConnection, client_id: int | None) -> int | None:
    """Who looks after a client."""
    if client_id is None:
        return None
    asked = select(clients.c.responsible_id).where(clients.c.id == client_id)
    found: int | None = (await conn.execute(asked)).scalar()
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """What waits for an answer: of each person, and of nobody yet in each mailbox."""

    of_people: dict[int, int]
    of_boxes: dict[int, int]


async def unanswered(conn: AsyncConnection, people: Collection[int]) -> Unanswered:
    """How many conversations wait for an answer."""
    mine = conversations.c
    waits = (mine.state.in_(OPEN), mine.asked_at.is_not(None))
    own = select(mine.owner_id, func.count()).where(mine.owner_id.in_(people), *waits).group_by(mine.owner_id)
    free = (
        select(conversation_boxes.c.mailbox_id, func.count())
        .join(conversations, mine.id == conversation_boxes.c.conversation_id)
        .where(conversation_boxes.c.state.in_(OPEN), mine.owner_id.is_(None), mine.asked_at.is_not(None))
        .group_by(conversation_boxes.c.mailbox_id)
    )
    return Unanswered(
        of_people={row[0]: row[1] for row in await conn.execute(own)},
        of_boxes={row[0]: row[1] for row in await conn.execute(free)},
    )


async def name_of(conn: AsyncConnection, user_id: int | None) -> str:
    """A colleague's name."""
    asked = select(users.c.name).where(users.c.id == user_id)
    return str((await conn.execute(asked)).scalar() or "") if user_id is not None else ""


async def who_may(conn: AsyncConnection, box: Box | None) -> list[tuple[int, str]]:
    """Who may be given what came to a mailbox: id and name."""
    mine = box.people | ({box.owner_id} if box.owner_id is not None else set()) if box is not None else frozenset()
    asked = select(users.c.id, users.c.name).where(users.c.id.in_(mine), users.c.blocked_at.is_(None))
    return [(row.id, row.name) for row in await conn.execute(asked.order_by(users.c.name))] if mine else []


async def unanswered_of(conn: AsyncConnection, client_id: int) -> int:
    """How many conversations of a client in shared mailboxes wait for our answer."""
    mine = conversations.c
    waits = (mine.client_id == client_id, mine.state.in_(OPEN), mine.asked_at.is_not(None))
    counted = select(func.count()).join_from(conversations, mailboxes, mailboxes.c.id == mine.mailbox_id)
    return int((await conn.execute(counted.where(mailboxes.c.kind == "shared", *waits))).scalar_one())
