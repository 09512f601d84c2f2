"""What an answer needs to know of the letter it answers, and where a client is written to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.letter import Attachment, Flags, Party
from cti.messages.outgoing import Outgoing, party, thread
from cti.storage import missed
from cti.storage.belonging import owners_of
from cti.storage.client_tables import client_emails, clients
from cti.storage.contact_tables import contact_clients, contact_emails, contacts
from cti.storage.mail_tables import letter_bodies, letter_files, letter_people, letter_places, letters, mailboxes
from cti.storage.mailboxes import Mailbox
from cti.storage.outbox import OutLetter


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """A letter with all that is in it. references: the oldest first."""

    id: int
    message_id: str
    subject: str
    people: tuple[Party, ...]
    sent_at: float
    text: str
    html: str
    references: tuple[str, ...]
    automatic: str
    quiet: bool
    conversation_id: int | None
    client_id: int | None
    contact_id: int | None
    files: tuple[Attachment, ...] = ()


async def whole(
    conn: AsyncConnection, letter_id: int, mailbox_ids: Collection[int], user_id: int | None
) -> Whole | None:
    """A letter that lies in one of these mailboxes, or that the person wrote; None: none he may answer."""
    if not 0 < letter_id < 2**31:
        return None
    lies = exists().where(letter_places.c.letter_id == letters.c.id, letter_places.c.mailbox_id.in_(list(mailbox_ids)))
    theirs = or_(lies, letters.c.user_id == user_id) if user_id is not None else lies
    return await _whole(conn, select(letters).where(letters.c.id == letter_id, theirs))


async def lies_in(conn: AsyncConnection, letter_id: int, mailbox_ids: Collection[int]) -> int | None:
    """The first of these mailboxes that a letter lies in."""
    here = (letter_places.c.letter_id == letter_id) & letter_places.c.mailbox_id.in_(list(mailbox_ids))
    asked = select(letter_places.c.mailbox_id).where(here).order_by(letter_places.c.mailbox_id).limit(1)
    return (await conn.execute(asked)).scalar()


async def by_id(conn: AsyncConnection, letter_id: int) -> Whole | None:
    """A letter, for the server's own work."""
    return await _whole(conn, select(letters).where(letters.c.id == letter_id))


async def _whole(conn: AsyncConnection, asked: Any) -> Whole | None:
    row = (await conn.execute(asked)).one_or_none()
    if row is None:
        return None
    body = (await conn.execute(select(letter_bodies).where(letter_bodies.c.letter_id == row.id))).one_or_none()
    people = select(letter_people).where(letter_people.c.letter_id == row.id).order_by(letter_people.c.position)
    files = select(letter_files).where(letter_files.c.letter_id == row.id).order_by(letter_files.c.position)
    return Whole(
        id=row.id,
        message_id=row.message_id,
        subject=row.subject,
        people=tuple(
            Party(role=one.role, name=one.name, address=one.address, folded=one.folded)
            for one in await conn.execute(people)
        ),
        sent_at=row.sent_at,
        text=body.text if body else "",
        html=body.html if body else "",
        references=tuple(row.thread_refs.split()),
        automatic=row.automatic,
        quiet=bool(row.quiet),
        conversation_id=row.conversation_id,
        client_id=row.client_id,
        contact_id=row.contact_id,
        files=tuple(
            Attachment(
                name=one.name,
                media_type=one.media_type,
                size=one.size,
                sha256=one.sha256,
                content_id=one.content_id,
                inline=bool(one.inline),
            )
            for one in await conn.execute(files)
        ),
    )


async def stands(
    conn: AsyncConnection, letter_id: int, mailbox_id: int | None, user_id: int | None
) -> dict[int, Flags]:
    """How a letter that was answered stands, by mailbox: the one it was answered from, those of whoever answered, and
    every shared one. A copy in a colleague's own mailbox is his affair.
    """
    places = letter_places.c
    mine = or_(mailboxes.c.id == mailbox_id, mailboxes.c.kind == "shared", mailboxes.c.owner_id == user_id)
    asked = select(letter_places).join(mailboxes, mailboxes.c.id == places.mailbox_id)
    rows = await conn.execute(asked.where(places.letter_id == letter_id, mine).order_by(places.uid))
    return {
        row.mailbox_id: Flags(seen=bool(row.seen), flagged=bool(row.flagged), answered=bool(row.answered))
        for row in rows
    }


async def address_of(conn: AsyncConnection, client_id: int | None, contact_id: int | None) -> tuple[str, str] | None:
    """Name and first address of a contact person, else of the client."""
    if contact_id:
        his = select(contacts.c.name, contact_emails.c.address).join(
            contact_emails, contact_emails.c.contact_id == contacts.c.id
        )
        his = his.where(contacts.c.id == contact_id).order_by(contact_emails.c.position).limit(1)
        if (row := (await conn.execute(his)).one_or_none()) is not None:
            return row.name, row.address
    if client_id:
        own = select(clients.c.name, client_emails.c.address).join(
            client_emails, client_emails.c.client_id == clients.c.id
        )
        own = own.where(clients.c.id == client_id).order_by(client_emails.c.position).limit(1)
        if (row := (await conn.execute(own)).one_or_none()) is not None:
            return row.name, row.address
    return None


async def addresses_of(conn: AsyncConnection, client_id: int) -> list[str]:
    """All addresses of a client and of his contact persons."""
    own = select(client_emails.c.address).where(client_emails.c.client_id == client_id)
    people = select(contact_emails.c.address).join(
        contact_clients, contact_clients.c.contact_id == contact_emails.c.contact_id
    )
    return list((await conn.execute(union(own, people.where(contact_clients.c.client_id == client_id)))).scalars())


async def missed_call(conn: AsyncConnection, letter: OutLetter, since: float) -> str | None:
    """The call in vain that a letter answers: which it was written for, else the newest since then of whom it goes to.

    Written for a call and sent to other clients in the end, it answers none; nor does it where the call is done with.
    """
    to = [one.folded for one in letter.parties if one.role == "to"]
    owned = await owners_of(conn, to)
    reached = {owner.client_id for some in owned.values() for owner in some}
    if letter.call_id:
        lost = await missed.concerns(conn, letter.call_id, None)
        his = lost is not None and (lost.client_id is None or lost.client_id in reached)
        lost = lost if his or any(one not in owned for one in to) else None
    else:
        lost = await missed.newest_of(conn, reached, since)
    return None if lost is None or await missed.is_done(conn, lost) else str(lost.id)


async def outgoing(conn: AsyncConnection, letter: OutLetter, mailbox: Mailbox, at: float) -> Outgoing:
    """A row of the outbox as the letter that is made of it: what it answers gives its place in the conversation."""
    answered = await by_id(conn, letter.answers_id) if letter.answers_id and letter.kind != "forward" else None
    return Outgoing(
        message_id=letter.message_id,
        sender=party("from", mailbox.address, mailbox.sender_name or mailbox.name),
        people=letter.parties,
        subject=letter.subject,
        html=letter.html,
        quoted=letter.quoted,
        at=at,
        in_reply_to=answered.message_id if answered else "",
        references=thread(answered.message_id, answered.references) if answered else (),
        files=letter.attachments,
        automatic=letter.rule_id is not None or bool(letter.automatic),
    )
