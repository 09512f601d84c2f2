"""Letters of shared mailboxes and SMS as conversations: what clients asked in a period and when it was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages import hours as working
from cti.reports.answers import Message, Question, messages_asked
from cti.storage.mail_tables import conversations, letters, mailbox_people, mailboxes
from cti.storage.report_limits import all_of
from cti.storage.sms_tables import sms
from cti.storage.tables import users

BACK_S = 90 * 86400.0  # how far before the period a conversation is followed
MOST = 200_000  # messages of one report
_PERSONS_OWN: ColumnElement[bool] = and_(~sms.c.automatic, sms.c.campaign_id.is_(None), sms.c.rule_id.is_(None))


async def of_mail(
    conn: AsyncConnection, since: int, until: int, house: working.Hours, team_id: int | None, now: float
) -> list[Question]:
    """What was written to shared mailboxes. team_id: only of mailboxes in which people of this team work."""
    boxes = {row.id: row for row in await conn.execute(_boxes(team_id))}
    in_period = select(letters.c.conversation_id).where(
        letters.c.direction == "in", letters.c.received_at >= since, letters.c.received_at < until
    )
    rows = (
        select(letters.c.id, letters.c.direction, letters.c.received_at, letters.c.sent_at, users.c.name.label("user"),
               letters.c.conversation_id, conversations.c.mailbox_id)
        .join_from(letters, conversations, conversations.c.id == letters.c.conversation_id)
        .join(users, users.c.id == letters.c.user_id, isouter=True)
        .where(
            letters.c.conversation_id.in_(in_period),
            letters.c.automatic == "",
            letters.c.received_at >= since - BACK_S,
            conversations.c.mailbox_id.in_(list(boxes)),
        )
        .order_by(letters.c.conversation_id, letters.c.received_at, letters.c.id)
    )  # fmt: skip
    told = await all_of(conn, rows, MOST)

    def made() -> list[Question]:
        found: list[Question] = []
        latest = {id_: _due(box, house, since, until) for id_, box in boxes.items()}
        for of, messages in _conversations(told, _letter):
            found += messages_asked(messages, "email", boxes[of.mailbox_id].name, latest[of.mailbox_id], now)
        return [one for one in found if since <= one.at < until]

    return await asyncio.to_thread(made)


async def letters_in(conn: AsyncConnection, since: int, until: int, team_id: int | None) -> int:
    """How many letters came to them, whatever they belong to."""
    boxes = [row.id for row in await conn.execute(_boxes(team_id))]
    came = [letters.c.direction == "in", letters.c.received_at >= since, letters.c.received_at < until]
    counted = select(func.count()).select_from(
        letters.join(conversations, conversations.c.id == letters.c.conversation_id)
    )
    counted = counted.where(*came, letters.c.automatic == "", conversations.c.mailbox_id.in_(boxes))
    return (await conn.execute(counted)).scalar_one()


async def sms_in(conn: AsyncConnection, since: int, until: int) -> int:
    """How many SMS came, whatever they belong to."""
    came = [sms.c.direction == "in", sms.c.created_at >= since, sms.c.created_at < until]
    return (await conn.execute(select(func.count()).select_from(sms).where(*came, _PERSONS_OWN))).scalar_one()


def _boxes(team_id: int | None) -> Any:
    found = select(mailboxes).where(mailboxes.c.kind == "shared")
    if team_id is None:
        return found
    own = select(mailbox_people.c.mailbox_id).join_from(mailbox_people, users, users.c.id == mailbox_people.c.user_id)
    return found.where(mailboxes.c.id.in_(own.where(users.c.team_id == team_id)))


def _due(box: Any, house: working.Hours, since: int, until: int) -> Callable[[float], float | None]:
    """When an answer to what was asked in the period is due by the mailbox's own target; without one nothing is."""
    if box.reply_target_s is None:
        return lambda _: None
    hours = working.own(house, hours=box.hours, weekdays=box.weekdays, zone=box.time_zone)
    return lambda at: working.due(at, box.reply_target_s, hours) if since <= at < until else None


async def of_sms(conn: AsyncConnection, since: int, until: int, target_s: float | None, now: float) -> list[Question]:
    """What was written by SMS. target_s: plain seconds in which an answer is due."""
    in_period = select(sms.c.number).where(sms.c.direction == "in", sms.c.created_at >= since, sms.c.created_at < until)
    rows = (
        select(
            sms.c.id,
            sms.c.direction,
            sms.c.created_at,
            sms.c.sender,
            sms.c.number,
            sms.c.client_id,
            users.c.name.label("user"),
        )
        .join_from(sms, users, users.c.id == sms.c.user_id, isouter=True)
        .where(
            sms.c.number.in_(in_period),
            _PERSONS_OWN,
            sms.c.created_at >= since - BACK_S,
        )
        .order_by(sms.c.number, sms.c.created_at, sms.c.id)
    )
    told = await all_of(conn, rows, MOST)

    def made() -> list[Question]:
        found: list[Question] = []
        for of, messages in _conversations(told, _text):
            found += messages_asked(
                messages, "sms", of.sender, lambda at: None if target_s is None else at + target_s, now
            )
        return [one for one in found if since <= one.at < until]

    return await asyncio.to_thread(made)


def _letter(row: Any) -> tuple[int, Message]:
    id_, direction, received_at, sent_at, user, conversation_id, _ = (
        row  # by places: of many rows their names cost most
    )
    ours = direction == "out"
    return conversation_id, Message(
        id=id_, at=sent_at if ours else received_at, ours=ours, user=user or "" if ours else ""
    )


def _text(row: Any) -> tuple[str, Message]:
    id_, direction, created_at, _, number, client_id, user = row
    ours = direction == "out"
    return number, Message(id=id_, at=created_at, ours=ours, user=user or "" if ours else "", client_id=client_id)


def _conversations(
    rows: Iterable[Any], read: Callable[[Any], tuple[object, Message]]
) -> Iterable[tuple[Any, list[Message]]]:
    """The latest row of each conversation, and its messages, oldest first."""
    last: Any = None
    before: object = None
    messages: list[Message] = []
    for row in rows:
        key, message = read(row)
        if last is not None and key != before:
            yield last, sorted(messages, key=lambda one: (one.at, one.id))
            messages = []
        messages.append(message)
        last, before = row, key
    if last is not None:
        yield last, sorted(messages, key=lambda one: (one.at, one.id))
