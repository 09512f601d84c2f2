"""What a letter says, and the files in it, as rows; what is in the files lies in the folder of letters' files."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person
from cti.clients.masking import Words
from cti.storage.letter_access import boxes_of
from cti.storage.mail_tables import letter_bodies, letter_files, letter_places, letters, mailboxes
from cti.storage.sending_tables import outbox
from cti.storage.sight import seen


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterText:
    """A letter with its text. text, html, calendar: as they came; who shows them sees to hidden numbers."""

    id: int
    client_id: int | None
    subject: Words
    sender: Words
    sender_name: Words
    sent_at: float
    oddities: str
    text: str
    html: str
    calendar: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterFile:
    """One file of a letter. sha256: its name in the folder. inline: the text shows it."""

    id: int
    letter_id: int
    name: Words
    media_type: str
    size: int
    sha256: str
    inline: bool


async def get(conn: AsyncConnection, letter_id: int) -> LetterText | None:
    """A letter with its text, whoever asks: `letter_access` has said whether he may."""
    asked = (
        select(letters, letter_bodies.c.text, letter_bodies.c.html, letter_bodies.c.calendar)
        .outerjoin(letter_bodies, letter_bodies.c.letter_id == letters.c.id)
        .where(letters.c.id == letter_id)
    )
    row = (await conn.execute(asked)).one_or_none()
    if row is None:
        return None
    return seen(
        conn,
        LetterText(
            id=row.id,
            client_id=row.client_id,
            subject=row.subject,
            sender=row.sender,
            sender_name=row.sender_name,
            sent_at=row.sent_at,
            oddities=row.oddities,
            text=row.text or "",
            html=row.html or "",
            calendar=row.calendar or "",
        ),
    )


async def files(conn: AsyncConnection, letter_id: int) -> list[LetterFile]:
    """A letter's files, in their order."""
    return await _files(conn, letter_files.c.letter_id == letter_id)


async def file(conn: AsyncConnection, letter_id: int, file_id: int) -> LetterFile | None:
    """One file of a letter. An id from an address may be any number."""
    if not 0 < file_id < 2**31:
        return None
    found = await _files(conn, (letter_files.c.id == file_id) & (letter_files.c.letter_id == letter_id))
    return found[0] if found else None


async def inline(conn: AsyncConnection, letter_id: int, content_id: str) -> LetterFile | None:
    """The file that a letter's text shows by its Content-ID."""
    same = func.lower(letter_files.c.content_id) == content_id.lower()
    found = await _files(conn, (letter_files.c.letter_id == letter_id) & same)
    return found[0] if found else None


async def _files(conn: AsyncConnection, which: ColumnElement[bool]) -> list[LetterFile]:
    found = [
        LetterFile(
            id=row.id,
            letter_id=row.letter_id,
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            inline=row.inline,
        )
        for row in await conn.execute(select(letter_files).where(which).order_by(letter_files.c.position))
    ]
    return seen(conn, found)


async def mailbox_of(conn: AsyncConnection, person: Person, letter_id: int) -> tuple[int, str, str] | None:
    """A mailbox that a letter lies in and the person works in: id, address, name of its sender."""
    asked = (
        select(mailboxes.c.id, mailboxes.c.address, mailboxes.c.sender_name)
        .join(letter_places, letter_places.c.mailbox_id == mailboxes.c.id)
        .where(letter_places.c.letter_id == letter_id, boxes_of(person))
        .order_by(mailboxes.c.id)
        .limit(1)
    )
    row = (await conn.execute(asked)).one_or_none()
    return (row.id, row.address, row.sender_name) if row else None


async def answered(conn: AsyncConnection, letter_id: int) -> str:
    """How the invitation in a letter was answered last; "" for not at all."""
    mine = outbox.c.key.like(f"invitation-{letter_id}-%") & outbox.c.state.not_in(("draft", "canceled"))
    asked = select(outbox.c.key).where(outbox.c.answers_id == letter_id, mine).order_by(outbox.c.id.desc()).limit(1)
    found = (await conn.execute(asked)).scalar()
    return found.split("-")[2] if found else ""
