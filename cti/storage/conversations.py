"""Letters into conversations: a letter that came is placed, and what it changes of the conversation is written.

A conversation stands in the lists of the mailboxes its letters lie in (`conversation_boxes`); letters in Drafts, Junk
and Trash alone open none there and answer nothing. All times are those of the mail servers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.belonging import Belongs, outside
from cti.messages.conversations import Known, Placed, Thread, by_subject, mark, parents_of, place, subject_key
from cti.storage import last_letters
from cti.storage.mail_tables import (
    conversation_boxes,
    conversations,
    letter_people,
    letter_places,
    letter_refs,
    letters,
    mail_folders,
    mailboxes,
)

ASIDE = ("drafts", "junk", "trash")
LINKED_MOST = 200  # letters that one is held against
WHY_CHARS = 400
boxes = conversation_boxes.c


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLetter:
    """A letter that is to be placed. others: addresses of the other side. mailboxes: in whose lists it stands.

    counts: it lies somewhere but in Drafts, Junk or Trash. unread: in an inbox, and nobody has read it.
    """

    id: int
    direction: str
    subject: str
    sender: str
    sender_name: str
    automatic: str
    at: float
    user_id: int | None
    conversation_id: int | None
    thread: Thread
    others: tuple[str, ...]
    mailboxes: tuple[int, ...] = ()
    counts: bool = True
    unread: bool = False

    @property
    def asks(self) -> bool:
        """Whether a person of the other side waits for an answer."""
        return self.direction == "in" and not self.automatic and self.counts


async def own_addresses(conn: AsyncConnection) -> frozenset[str]:
    """The addresses of all mailboxes."""
    return frozenset((await conn.execute(select(mailboxes.c.address))).scalars())


async def waiting(conn: AsyncConnection, *, after: int = 0, limit: int = 500) -> list[int]:
    """Letters that nobody has seen to, the oldest here first."""
    unseen = select(letters.c.id).where(letters.c.conversation_id.is_(None), letters.c.id > after)
    return list((await conn.execute(unseen.order_by(letters.c.id).limit(limit))).scalars())


async def new_letters(conn: AsyncConnection, ids: Collection[int], ours: Collection[str]) -> list[NewLetter]:
    """Letters to be placed, as they came. ours: addresses of our mailboxes."""
    people: dict[int, list[tuple[str, str]]] = {}
    in_heads = select(letter_people.c.letter_id, letter_people.c.role, letter_people.c.folded)
    heads = in_heads.where(letter_people.c.letter_id.in_(ids)).order_by(
        letter_people.c.letter_id, letter_people.c.position
    )
    for row in await conn.execute(heads):
        people.setdefault(row.letter_id, []).append((row.role, row.folded))
    places = (
        select(letter_places.c.letter_id, letter_places.c.mailbox_id, letter_places.c.seen, mail_folders.c.role)
        .join_from(letter_places, mail_folders, mail_folders.c.id == letter_places.c.folder_id)
        .where(letter_places.c.letter_id.in_(ids))
    )
    lies: dict[int, list[Any]] = {}
    for place_of in await conn.execute(places):
        lies.setdefault(place_of.letter_id, []).append(place_of)
    rows = await conn.execute(
        select(letters).where(letters.c.id.in_(ids)).order_by(letters.c.received_at, letters.c.id)
    )
    return [_new_letter(row, people.get(row.id, []), lies.get(row.id, []), ours) for row in rows]


def _new_letter(row: Any, people: list[tuple[str, str]], lies: list[Any], ours: Collection[str]) -> NewLetter:
    others = tuple(outside(people, ours, row.direction))
    listed = [one for one in lies if one.role not in ASIDE]
    return NewLetter(
        id=row.id,
        direction=row.direction,
        subject=row.subject,
        sender=row.sender,
        sender_name=row.sender_name,
        automatic=row.automatic,
        at=row.received_at,
        user_id=row.user_id,
        conversation_id=row.conversation_id,
        thread=_thread(row, next(iter(others), "")),
        others=others,
        mailboxes=tuple(sorted({one.mailbox_id for one in listed})),
        counts=bool(listed) or not lies,
        unread=any(one.role == "inbox" and not one.seen for one in lies),
    )


def _thread(row: Any, party: str) -> Thread:
    return Thread(
        message_id=row.message_id,
        parents=parents_of(row.in_reply_to, row.thread_refs.split()),
        subject=row.subject,
        party=party,
        outlook=row.outlook_id,
        at=row.sent_at,
        automatic=bool(row.automatic),
    )


def _subject_mark(thread: Thread) -> int | None:
    key = subject_key(thread.subject)
    return mark(f"{thread.party}\n{key}") if key and thread.party and not thread.automatic else None


async def find_place(conn: AsyncConnection, letter: NewLetter) -> Placed:
    """Where a letter goes."""
    named = await _with_marks(conn, letter.thread.marks, letter)
    alike = _subject_mark(letter.thread)
    near = await _with_marks(conn, (alike,), letter) if alike is not None else []
    near = [one for one in near if by_subject(letter.thread, one.thread)]
    return place(letter.thread, named, near)


async def _with_marks(conn: AsyncConnection, marks: Sequence[int], letter: NewLetter) -> list[Known]:
    """Letters with one of these marks; of too many, the latest that came."""
    known = conversations.c
    found = (
        select(letters.c.message_id, letters.c.in_reply_to, letters.c.thread_refs, letters.c.subject, letters.c.sent_at)
        .add_columns(letters.c.outlook_id, letters.c.automatic, letters.c.conversation_id, known.by_hand)
        .join_from(letter_refs, letters, letters.c.id == letter_refs.c.letter_id)
        .join(conversations, known.id == letters.c.conversation_id)
        .where(letter_refs.c.mark.in_(marks), letters.c.id != letter.id)
        .order_by(letter_refs.c.letter_id.desc())
        .limit(LINKED_MOST)
    )
    return [
        Known(conversation=row.conversation_id, thread=_thread(row, letter.thread.party), by_hand=row.by_hand)
        for row in await conn.execute(found)
    ]


async def begin(conn: AsyncConnection, letter: NewLetter, mailbox_id: int | None) -> int:
    """A new conversation; returns its id. It is done until something opens it."""
    row = {
        "mailbox_id": mailbox_id,
        "subject": letter.subject,
        "subject_key": subject_key(letter.subject),
        "state": "done",
        "state_at": letter.at,
        "last_at": letter.at,
    }
    return int((await conn.execute(insert(conversations).values(row).returning(conversations.c.id))).scalar_one())


async def put(conn: AsyncConnection, letter: NewLetter, into: int, placed: Placed, belongs: Belongs) -> None:
    """A letter is of this conversation and this client."""
    values = {
        "conversation_id": into,
        "conversation_why": why(placed.code, placed.names),
        "client_id": belongs.client_id,
        "contact_id": belongs.contact_id,
        "client_why": why(belongs.code, belongs.names, belongs.choices),
    }
    await conn.execute(update(letters).where(letters.c.id == letter.id).values(values))
    await last_letters.reckon(conn, [belongs.client_id])
    alike = _subject_mark(letter.thread)
    marks = {*letter.thread.marks, *(() if alike is None else (alike,))}
    await conn.execute(delete(letter_refs).where(letter_refs.c.letter_id == letter.id))
    await conn.execute(insert(letter_refs), [{"mark": one, "letter_id": letter.id} for one in marks])


def why(code: str, names: Mapping[str, str] | None = None, choices: Iterable[int] = ()) -> str:
    """A decision as it is stored; names are cut rather than lost."""
    told = {"code": code, **{name: text[:80] for name, text in (names or {}).items()}}
    text = msgspec.json.encode(told | ({"choices": list(choices)} if choices else {})).decode()
    return text if len(text) <= WHY_CHARS else msgspec.json.encode({"code": code}).decode()


async def list_in(conn: AsyncConnection, conversation_id: int, mailbox_ids: Iterable[int]) -> None:
    """The conversation stands in the lists of these mailboxes, too."""
    there = select(boxes.mailbox_id).where(boxes.conversation_id == conversation_id)
    new = {*mailbox_ids} - {*(await conn.execute(there)).scalars()}
    if new:
        now = select(conversations.c.state, conversations.c.last_at).where(conversations.c.id == conversation_id)
        row = (await conn.execute(now)).one()
        listed = [{"conversation_id": conversation_id, "mailbox_id": one, **row._mapping} for one in sorted(new)]
        await conn.execute(insert(conversation_boxes), listed)


async def mailboxes_of(conn: AsyncConnection, conversation_id: int) -> tuple[int, ...]:
    """In whose lists a conversation stands."""
    return tuple(
        (await conn.execute(select(boxes.mailbox_id).where(boxes.conversation_id == conversation_id))).scalars()
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A conversation as its rules need it."""

    id: int
    mailbox_id: int | None
    client_id: int | None
    contact_id: int | None
    owner_id: int | None
    state: str
    state_at: float
    last_at: float
    asked_at: float | None
    due_at: float | None
    answering_id: int | None
    answering_until: float | None
    merged_into: int | None
    subject: str = field(default="", repr=False)


async def standing(conn: AsyncConnection, conversation_id: int, *, hold: bool = False) -> Standing | None:
    """A conversation; one that was merged leads to where its letters are. hold: nobody else changes it meanwhile."""
    known = conversations.c
    names = Standing.__slots__
    asked = select(*(known[name] for name in names)).where(known.id == conversation_id)
    row = (await conn.execute(asked.with_for_update() if hold else asked)).one_or_none()
    if row is None:
        return None
    if row.merged_into is not None:
        return await standing(conn, row.merged_into, hold=hold)
    return Standing(**row._mapping)


async def answered_at(conn: AsyncConnection, conversation_id: int) -> float:
    """When our last letter in it went; 0 for none."""
    ours = select(func.max(letters.c.received_at)).where(
        letters.c.conversation_id == conversation_id,
        letters.c.direction == "out",
        letters.c.automatic == "",
        counts(),
    )
    return float((await conn.execute(ours)).scalar() or 0.0)


async def due_anew(conn: AsyncConnection, mailbox_id: int, due: Callable[[float], float | None]) -> None:
    """When the answers that a mailbox owes are due. due: of when it was asked."""
    owed = select(conversations.c.id, conversations.c.asked_at).where(
        conversations.c.mailbox_id == mailbox_id, conversations.c.asked_at.is_not(None)
    )
    rows = [{"of": row.id, "due": due(row.asked_at)} for row in await conn.execute(owed)]
    if rows:
        mine = update(conversations).where(conversations.c.id == bindparam("of"))
        await conn.execute(mine.values(due_at=bindparam("due")), rows)


async def asked_after(conn: AsyncConnection, conversation_id: int, at: float) -> float | None:
    """When a person of the other side wrote first after that."""
    theirs = select(func.min(letters.c.received_at)).where(
        letters.c.conversation_id == conversation_id,
        letters.c.direction == "in",
        letters.c.automatic == "",
        letters.c.received_at > at,
        counts(),
    )
    found: float | None = (await conn.execute(theirs)).scalar()
    return found


def counts() -> Any:
    """Of `letters`: those that lie somewhere but in Drafts, Junk and Trash, a condition."""
    lies = select(letter_places.c.letter_id).where(letter_places.c.letter_id == letters.c.id)
    well = lies.join(mail_folders, mail_folders.c.id == letter_places.c.folder_id).where(
        mail_folders.c.role.not_in(ASIDE)
    )
    return well.exists() | ~lies.exists()


async def change(conn: AsyncConnection, conversation_id: int, **values: Any) -> None:
    """Columns of a conversation; the lists follow its state and its time."""
    if not values:
        return
    await conn.execute(update(conversations).where(conversations.c.id == conversation_id).values(values))
    listed = {name: values[name] for name in ("state", "last_at") if name in values}
    if listed:
        mine = update(conversation_boxes).where(boxes.conversation_id == conversation_id)
        await conn.execute(mine.values(listed))


async def grown(conn: AsyncConnection, conversation_id: int) -> None:
    """How many letters it has."""
    counted = select(func.count()).where(letters.c.conversation_id == conversation_id).scalar_subquery()
    await conn.execute(update(conversations).where(conversations.c.id == conversation_id).values(letters=counted))
