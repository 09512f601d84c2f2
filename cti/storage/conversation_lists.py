"""Conversations in lists: of some mailboxes by state and owner, of one folder, with what a line of a list shows.

A list of several mailboxes is put together of one each, by their indexes: a mailbox of 100,000 letters opens as fast as
one of ten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage.client_tables import clients
from cti.storage.contact_tables import contacts
from cti.storage.letter_reading import Told, told
from cti.storage.mail_tables import (
    conversation_boxes,
    conversations,
    letter_places,
    letters,
    mail_folders,
    mailboxes,
)
from cti.storage.search import Page, read_cursor, write_cursor
from cti.storage.sight import seen
from cti.storage.tables import users

MOST_LEADS = 50  # merges one after another
_owners, _answering = users.alias("owners"), users.alias("answering")
boxes = conversation_boxes.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A conversation in a list. unread: letters in it that nobody has read; files: whether its last letter has some.

    name: who wrote last; ours: whether we did. answering: who writes an answer now. Times in UNIX seconds.
    """

    id: int
    subject: Words
    snippet: Words
    name: Words
    address: Words
    ours: bool
    letters: int
    unread: int
    files: int
    last_at: float
    state: str
    asked_at: float | None
    due_at: float | None
    owner_id: int | None
    owner: str
    owner_why: Told
    client_id: int | None
    client: Words
    contact: Words
    mailbox_id: int | None
    mailbox: str
    answering_id: int | None = None
    answering: str = ""
    flagged: bool = False


async def listed(
    conn: AsyncConnection,
    mailbox_ids: Collection[int],
    *,
    states: Collection[str] = (),
    owner_id: int | None = None,
    free: bool = False,
    now: float,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Listed]:
    """Conversations of these mailboxes, the newest first. owner_id: only his; free: or nobody's. Raises Refused."""
    after = read_cursor(cursor, tuple[float, int]) if cursor else None
    known = conversations.c
    whose = []
    if owner_id is not None:
        whose = [or_(known.owner_id == owner_id, known.owner_id.is_(None)) if free else known.owner_id == owner_id]
    place = tuple_(boxes.last_at, boxes.conversation_id)
    parts = []
    for mailbox_id in mailbox_ids:
        for state in states or (None,):
            mine = select(boxes.last_at, boxes.conversation_id).where(boxes.mailbox_id == mailbox_id)
            mine = mine.where(boxes.state == state) if state else mine
            if whose:
                mine = mine.join(conversations, known.id == boxes.conversation_id).where(*whose)
            mine = mine.where(place < tuple_(*after)) if after else mine
            newest = mine.order_by(boxes.last_at.desc(), boxes.conversation_id.desc()).limit(limit + 1).subquery()
            parts.append(select(newest))
    if not parts:
        return Page(rows=[], total=0, next_cursor=None)
    every = union_all(*parts).subquery()
    chosen = select(every).distinct().order_by(every.c.last_at.desc(), every.c.conversation_id.desc()).limit(limit + 1)
    rows = (await conn.execute(chosen)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        rows=await by_ids(conn, [row.conversation_id for row in rows[:limit]], mailbox_ids, now=now),
        total=None,
        next_cursor=write_cursor(last.last_at, last.conversation_id) if last else None,
    )


async def in_folder(
    conn: AsyncConnection, folder_id: int, mailbox_id: int, *, now: float, limit: int = 50, cursor: str | None = None
) -> Page[Listed]:
    """Conversations with letters in one folder, those that came there last first. Raises Refused."""
    before = read_cursor(cursor, tuple[int]) if cursor else None
    places = letter_places.c
    newest = (
        select(func.max(places.uid).label("uid"), letters.c.conversation_id)
        .join(letters, letters.c.id == places.letter_id)
        .where(places.folder_id == folder_id, letters.c.conversation_id.is_not(None))
        .group_by(letters.c.conversation_id)
    )
    newest = newest.having(func.max(places.uid) < before[0]) if before else newest
    rows = (await conn.execute(newest.order_by(func.max(places.uid).desc()).limit(limit + 1))).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        rows=await by_ids(conn, [row.conversation_id for row in rows[:limit]], [mailbox_id], now=now),
        total=None,
        next_cursor=write_cursor(last.uid) if last else None,
    )


async def by_ids(
    conn: AsyncConnection, ids: Sequence[int], mailbox_ids: Collection[int], *, now: float
) -> list[Listed]:
    """Conversations as lists show them, in the order of the ids; those without letters are left out."""
    if not ids:
        return []
    known = conversations.c
    inner = letters.alias("inner_letters")
    latest = (
        select(inner.c.id)
        .where(inner.c.conversation_id == known.id)
        .order_by(inner.c.received_at.desc(), inner.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    asked = (
        select(
            conversations,
            letters.c.snippet,
            letters.c.sender,
            letters.c.sender_name,
            letters.c.direction,
            letters.c.files,
            clients.c.name.label("client"),
            contacts.c.name.label("contact"),
            _owners.c.name.label("owner"),
            _answering.c.name.label("answering"),
            mailboxes.c.name.label("mailbox"),
        )
        .join_from(conversations, letters, letters.c.id == latest)
        .outerjoin(clients, clients.c.id == known.client_id)
        .outerjoin(contacts, contacts.c.id == known.contact_id)
        .outerjoin(_owners, _owners.c.id == known.owner_id)
        .outerjoin(_answering, _answering.c.id == known.answering_id)
        .outerjoin(mailboxes, mailboxes.c.id == known.mailbox_id)
        .where(known.id.in_(ids))
    )
    rows = {row.id: row for row in await conn.execute(asked)}
    flags = await _flags(conn, ids, mailbox_ids)
    return seen(conn, [_listed(rows[one], *flags.get(one, (0, False)), now) for one in ids if one in rows])


async def _flags(
    conn: AsyncConnection, ids: Collection[int], mailbox_ids: Collection[int]
) -> dict[int, tuple[int, bool]]:
    """Of each conversation: letters of these mailboxes that nobody has read, and whether one is flagged."""
    places = letter_places.c
    marked = (
        select(letters.c.conversation_id, places.letter_id, places.seen, places.flagged)
        .join_from(letters, letter_places, places.letter_id == letters.c.id)
        .where(letters.c.conversation_id.in_(ids), places.mailbox_id.in_(mailbox_ids))
        .where(or_(places.seen.is_(False), places.flagged.is_(True)))
    )
    unread: dict[int, set[int]] = {}
    flagged: set[int] = set()
    for row in await conn.execute(marked):
        unread.setdefault(row.conversation_id, set())
        if not row.seen:
            unread[row.conversation_id].add(row.letter_id)
        if row.flagged:
            flagged.add(row.conversation_id)
    return {one: (len(some), one in flagged) for one, some in unread.items()}


def _listed(row: Any, unread: int, flagged: bool, now: float) -> Listed:
    held = row.answering_id is not None and (row.answering_until or 0.0) > now
    return Listed(
        id=row.id,
        subject=row.subject,
        snippet=row.snippet,
        name=row.sender_name or row.sender,
        address=row.sender,
        ours=row.direction == "out",
        letters=row.letters,
        unread=unread,
        files=row.files,
        last_at=row.last_at,
        state=row.state,
        asked_at=row.asked_at,
        due_at=row.due_at,
        owner_id=row.owner_id,
        owner=row.owner or "",
        owner_why=told(row.owner_why),
        client_id=row.client_id,
        client=row.client or "",
        contact=row.contact or "",
        mailbox_id=row.mailbox_id,
        mailbox=row.mailbox or "",
        answering_id=row.answering_id if held else None,
        answering=(row.answering or "") if held else "",
        flagged=flagged,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """A folder of a mailbox. unread: letters in it that nobody has read."""

    id: int
    name: str
    role: str
    unread: int


async def folders_of(conn: AsyncConnection, mailbox_id: int) -> list[Folder]:
    """The folders of a mailbox by name."""
    places = letter_places.c
    unread = select(places.folder_id, func.count()).where(places.mailbox_id == mailbox_id, places.seen.is_(False))
    counts: dict[int, int] = {row[0]: row[1] for row in await conn.execute(unread.group_by(places.folder_id))}
    mine = select(mail_folders).where(mail_folders.c.mailbox_id == mailbox_id, mail_folders.c.gone_at.is_(None))
    return [
        Folder(id=row.id, name=row.name, role=row.role, unread=counts.get(row.id, 0))
        for row in await conn.execute(mine.order_by(mail_folders.c.name))
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many open conversations stand in a mailbox's list, by state."""

    new: int = 0
    work: int = 0
    waiting: int = 0


async def counts(conn: AsyncConnection, mailbox_ids: Iterable[int]) -> dict[int, Counts]:
    """Open conversations of each mailbox."""
    opened = select(boxes.mailbox_id, boxes.state, func.count().label("n")).where(
        boxes.mailbox_id.in_(mailbox_ids), boxes.state.in_(("new", "work", "waiting"))
    )
    found: dict[int, dict[str, int]] = {}
    for row in await conn.execute(opened.group_by(boxes.mailbox_id, boxes.state)):
        found.setdefault(row.mailbox_id, {})[row.state] = row.n
    return {one: Counts(**states) for one, states in found.items()}


async def folder(conn: AsyncConnection, folder_id: int) -> int | None:
    """The mailbox of a folder."""
    found: int | None = (
        await conn.execute(select(mail_folders.c.mailbox_id).where(mail_folders.c.id == folder_id))
    ).scalar()
    return found


async def led_to(conn: AsyncConnection, conversation_id: int) -> int:
    """Where the letters of a conversation are that may have been merged. An id from an address may be any number."""
    at = conversation_id if 0 < conversation_id < 2**31 else 0
    for _ in range(MOST_LEADS):
        on = (await conn.execute(select(conversations.c.merged_into).where(conversations.c.id == at))).scalar()
        if on is None:
            break
        at = int(on)
    return at
