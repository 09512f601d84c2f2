"""One conversation as it is read: its letters in order, who and what is in each, and why it stands here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person
from cti.clients.masking import ARGS, Words
from cti.storage import letter_access
from cti.storage.mail_tables import (
    conversation_boxes,
    letter_files,
    letter_people,
    letter_places,
    letters,
    mail_folders,
    mailboxes,
)
from cti.storage.sight import seen
from cti.storage.tables import users

MOST_LETTERS = 500  # of one conversation, the latest
boxes = conversation_boxes.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A decision as it is told: its code and what it names. choices: clients one may choose of."""

    code: str = ""
    names: Annotated[Mapping[str, str], ARGS] = field(default_factory=dict)
    choices: tuple[int, ...] = ()


def told(stored: str) -> Told:
    """A decision as `storage/conversations.py` stores it."""
    said = msgspec.json.decode(stored) if stored else {}
    choices = tuple(said.pop("choices", ()))
    return Told(code=said.pop("code", ""), names=said, choices=choices)


async def sees(conn: AsyncConnection, person: Person, conversation_id: int) -> bool:
    """Whether there is a letter in it that the person may see."""
    some = select(letters.c.id).where(letters.c.conversation_id == conversation_id, letter_access.visible(person))
    return (await conn.execute(some.limit(1))).first() is not None


async def handles(conn: AsyncConnection, person: Person, conversation_id: int) -> bool:
    """Whether a person may handle a conversation: it stands in a list of his, or he wrote a letter of it."""
    mine = select(mailboxes.c.id).where(letter_access.boxes_of(person))
    listed = select(boxes.mailbox_id).where(boxes.conversation_id == conversation_id, boxes.mailbox_id.in_(mine))
    if (await conn.execute(listed.limit(1))).first() is not None:
        return True
    wrote = select(letters.c.id).where(letters.c.conversation_id == conversation_id, letters.c.user_id == person.id)
    return (await conn.execute(wrote.limit(1))).first() is not None


async def ids_of(conn: AsyncConnection, conversation_id: int) -> list[int]:
    """The letters of a conversation."""
    return list(
        (await conn.execute(select(letters.c.id).where(letters.c.conversation_id == conversation_id))).scalars()
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Somebody:
    """Somebody in a letter's head."""

    role: str
    name: Words
    address: Words


@dataclass(frozen=True, kw_only=True, slots=True)
class FileOf:
    """A file of a letter."""

    id: int
    name: Words
    media_type: str
    size: int
    inline: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A letter of a conversation, without its text. by: who wrote it here; why, client_why: decisions about it."""

    id: int
    conversation_id: int | None
    direction: str
    subject: Words
    name: Words
    address: Words
    people: tuple[Somebody, ...]
    sent_at: float
    received_at: float
    snippet: Words
    automatic: str
    oddities: tuple[str, ...]
    seen: bool
    flagged: bool
    by: str
    client_id: int | None
    why: Told
    client_why: Told
    folders: tuple[str, ...] = ()
    files: tuple[FileOf, ...] = ()


async def of_conversation(conn: AsyncConnection, person: Person, conversation_id: int) -> list[Read]:
    """The letters of a conversation that the person may see, the oldest first."""
    return await _read(conn, and_(letters.c.conversation_id == conversation_id, letter_access.visible(person)))


async def one(conn: AsyncConnection, person: Person, letter_id: int) -> Read | None:
    """A letter that the person may see. An id from an address may be any number."""
    if not 0 < letter_id < 2**31:
        return None
    return next(iter(await _read(conn, and_(letters.c.id == letter_id, letter_access.visible(person)))), None)


async def by_ids(conn: AsyncConnection, person: Person, ids: Collection[int]) -> dict[int, Read]:
    """Of these, the letters that the person may see."""
    found = await _read(conn, and_(letters.c.id.in_(ids), letter_access.visible(person))) if ids else []
    return {one.id: one for one in found}


async def _read(conn: AsyncConnection, which: ColumnElement[bool]) -> list[Read]:
    asked = select(letters, users.c.name.label("by")).outerjoin(users, users.c.id == letters.c.user_id).where(which)
    newest = asked.order_by(letters.c.sent_at.desc(), letters.c.id.desc()).limit(MOST_LETTERS)
    rows = (await conn.execute(newest)).all()[::-1]
    ids = [row.id for row in rows]
    people: dict[int, list[Somebody]] = {}
    heads = select(letter_people).where(letter_people.c.letter_id.in_(ids))
    for one in await conn.execute(heads.order_by(letter_people.c.letter_id, letter_people.c.position)):
        head = Somebody(role=one.role, name=one.name, address=one.address)
        people.setdefault(one.letter_id, []).append(head)
    files: dict[int, list[FileOf]] = {}
    held = select(letter_files).where(letter_files.c.letter_id.in_(ids))
    for one in await conn.execute(held.order_by(letter_files.c.letter_id, letter_files.c.position)):
        file = FileOf(id=one.id, name=one.name, media_type=one.media_type, size=one.size, inline=one.inline)
        files.setdefault(one.letter_id, []).append(file)
    places: dict[int, list[Any]] = {}
    lies = select(letter_places, mail_folders.c.role).join(mail_folders, mail_folders.c.id == letter_places.c.folder_id)
    for one in await conn.execute(lies.where(letter_places.c.letter_id.in_(ids))):
        places.setdefault(one.letter_id, []).append(one)
    found = [_letter(row, people.get(row.id, []), files.get(row.id, []), places.get(row.id, [])) for row in rows]
    return seen(conn, found)


def _letter(row: Any, people: Sequence[Somebody], files: Sequence[FileOf], places: Sequence[Any]) -> Read:
    return Read(
        id=row.id,
        conversation_id=row.conversation_id,
        direction=row.direction,
        subject=row.subject,
        name=row.sender_name,
        address=row.sender,
        people=tuple(people),
        sent_at=row.sent_at,
        received_at=row.received_at,
        snippet=row.snippet,
        automatic=row.automatic,
        oddities=tuple(row.oddities.split()),
        seen=not places or any(one.seen for one in places),
        flagged=any(one.flagged for one in places),
        by=row.by or "",
        client_id=row.client_id,
        why=told(row.conversation_why),
        client_why=told(row.client_why),
        folders=tuple(dict.fromkeys(one.role for one in places)),
        files=tuple(files),
    )
