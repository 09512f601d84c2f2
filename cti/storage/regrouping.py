"""Conversations put together, taken apart and given to a client: by what a letter told, or by a person's hand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import case, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.conversations import subject_key
from cti.storage import last_letters
from cti.storage.conversations import boxes, change, grown, list_in, mailboxes_of, why
from cti.storage.mail_tables import conversation_boxes, conversations, letter_people, letters


async def merge(conn: AsyncConnection, into: int, gone: Collection[int]) -> None:
    """Letters of `gone` are of `into`; who has it, whose it is and what waits in it is the first that says so."""
    many = {into, *gone}
    both = (await conn.execute(select(conversations).where(conversations.c.id.in_(many)))).all()
    rows = sorted(both, key=lambda row: (row.id != into, row.id))
    first = {name: _first(rows, name) for name in ("client_id", "contact_id", "owner_id", "mailbox_id")}
    first["owner_why"] = next((row.owner_why for row in rows if row.owner_id == first["owner_id"]), "")
    open_first = sorted(rows, key=lambda row: ("new", "work", "waiting", "done").index(row.state))
    asked = [row.asked_at for row in rows if row.asked_at is not None]
    due = [row.due_at for row in rows if row.due_at is not None]
    await conn.execute(update(letters).where(letters.c.conversation_id.in_(gone)).values(conversation_id=into))
    listed = list((await conn.execute(select(boxes.mailbox_id).where(boxes.conversation_id.in_(gone)))).scalars())
    await conn.execute(delete(conversation_boxes).where(boxes.conversation_id.in_(gone)))
    await conn.execute(
        update(conversations)
        .where(conversations.c.id.in_(gone))
        .values(merged_into=into, state="done", asked_at=None, due_at=None, letters=0, client_id=None, contact_id=None)
    )
    await list_in(conn, into, listed)
    await change(
        conn,
        into,
        **first,
        state=open_first[0].state,
        last_at=max(row.last_at for row in rows),
        asked_at=min(asked, default=None),
        due_at=min(due, default=None),
    )
    await grown(conn, into)


def _first(rows: Sequence[Any], name: str) -> Any:
    return next((value for row in rows if (value := getattr(row, name)) is not None), None)


async def split(conn: AsyncConnection, from_id: int, letter_ids: Collection[int], now: float, by: str) -> int | None:
    """Some letters of a conversation make one of their own; its id, None where nothing or everything was chosen."""
    mine = select(letters).where(letters.c.conversation_id == from_id).order_by(letters.c.sent_at, letters.c.id)
    rows = (await conn.execute(mine)).all()
    chosen = [row for row in rows if row.id in set(letter_ids)]
    if not chosen or len(chosen) == len(rows):
        return None
    source = (await conn.execute(select(conversations).where(conversations.c.id == from_id))).one()
    subject = chosen[0].subject
    row = {
        **{name: getattr(source, name) for name in ("mailbox_id", "client_id", "contact_id", "owner_id", "owner_why")},
        "subject": subject, "subject_key": subject_key(subject), "state": source.state, "state_at": now,
        "last_at": max(one.received_at for one in chosen), "letters": len(chosen), "by_hand": True,
    }  # fmt: skip
    made = int((await conn.execute(insert(conversations).values(row).returning(conversations.c.id))).scalar_one())
    moved = update(letters).where(letters.c.id.in_([one.id for one in chosen]))
    await conn.execute(moved.values(conversation_id=made, conversation_why=why("split", {"name": by})))
    await list_in(conn, made, await mailboxes_of(conn, from_id))
    left = max(one.received_at for one in rows if one not in chosen)
    await change(conn, from_id, by_hand=True, last_at=left, letters=len(rows) - len(chosen))
    return made


async def give_client(
    conn: AsyncConnection, client_id: int, contact_id: int | None, told: str, *, letter_ids: Collection[int]
) -> list[int]:
    """Letters are a client's, and so are their conversations that are nobody's; returns those conversations."""
    mine = letters.c.id.in_(letter_ids)
    before = (await conn.execute(select(letters.c.client_id).where(mine).distinct())).scalars().all()
    values = {"client_id": client_id, "contact_id": contact_id, "client_why": told}
    await conn.execute(update(letters).where(mine).values(values))
    await last_letters.reckon(conn, [client_id, *before])
    found = list((await conn.execute(select(letters.c.conversation_id).where(mine).distinct())).scalars())
    owned = {
        "client_id": case((conversations.c.client_id.is_(None), client_id), else_=conversations.c.client_id),
        "contact_id": case((conversations.c.client_id.is_(None), contact_id), else_=conversations.c.contact_id),
    }
    await conn.execute(update(conversations).where(conversations.c.id.in_(found)).values(owned))
    return [one for one in found if one is not None]


async def of_nobody(conn: AsyncConnection, address: str, *, limit: int = 1000) -> list[int]:
    """Letters with this address that are no client's yet."""
    named = (
        select(letters.c.id)
        .join_from(letter_people, letters, letters.c.id == letter_people.c.letter_id)
        .where(letter_people.c.folded == address, letters.c.client_id.is_(None))
        .distinct()
        .limit(limit)
    )
    return list((await conn.execute(named)).scalars())


async def adopt(conn: AsyncConnection, conversation_id: int, client_id: int, name: str) -> None:
    """Letters of a conversation that were nobody's are the client's whose it turned out to be."""
    mine = letters.c.conversation_id == conversation_id
    told = why("conversation", {"client": name})
    values = {"client_id": client_id, "client_why": told}
    await conn.execute(update(letters).where(mine, letters.c.client_id.is_(None)).values(values))
    await last_letters.reckon(conn, [client_id])
