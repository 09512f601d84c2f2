"""Drafts as they lie in Drafts of their mailboxes: what is known of them here, and what another mail program wrote.

A place is `UIDVALIDITY:UID`. A draft that nobody here has begun is whoever's reads its mailbox until he opens it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import structs
from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.letter import Letter
from cti.messages.outgoing import ADDRESS
from cti.messages.plain_part import plain_part
from cti.storage import outbox as rows
from cti.storage.mail_tables import letter_places, letters
from cti.storage.outbox import OutLetter
from cti.storage.sending_tables import outbox, outbox_files

CONVERSATION = ("conversation_id", "client_id", "contact_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A row with a draft. filed: its place in Drafts, "" for none; version: of the row, filed_version: there."""

    id: int
    state: str
    message_id: str
    filed: str
    version: int
    filed_version: int


async def of_mailbox(conn: AsyncConnection, mailbox_id: int) -> list[Known]:
    """Rows of a mailbox that are drafts, or of which one may lie there still."""
    drafts = or_(outbox.c.state == "draft", outbox.c.draft_place != "")
    asked = select(outbox).where(outbox.c.mailbox_id == mailbox_id, drafts)
    return [
        Known(
            id=row.id,
            state=row.state,
            message_id=row.message_id,
            filed=row.draft_place,
            version=row.version,
            filed_version=row.draft_version,
        )
        for row in await conn.execute(asked)
    ]


async def is_ours(conn: AsyncConnection, message_id: str) -> bool:
    """Whether a letter that is or was written here has this Message-ID."""
    return (await conn.execute(select(outbox.c.id).where(outbox.c.message_id == message_id))).first() is not None


async def answered(conn: AsyncConnection, mailbox_id: int, message_id: str) -> dict[str, Any]:
    """Columns of a draft that answers the letter with this Message-ID, if it lies in its mailbox."""
    here = letters.join(letter_places, letter_places.c.letter_id == letters.c.id)
    asked = select(letters.c.id.label("answers_id"), *(letters.c[name] for name in CONVERSATION))
    mine = asked.select_from(here).where(letters.c.message_id == message_id, letter_places.c.mailbox_id == mailbox_id)
    row = (await conn.execute(mine.limit(1))).one_or_none() if message_id else None
    return {"kind": "reply", **row._mapping} if row else {}


def is_same(one: OutLetter, there: Letter) -> bool:
    """Whether a draft says here what it says there."""
    here = {address.casefold() for _, _, address in one.people if ADDRESS.fullmatch(address)}
    those = {party.address.casefold() for party in there.people if party.role in ("to", "cc", "bcc")}
    words = plain_part(one.html + one.quoted).split()
    files = sorted(file.sha256 for file in one.files)
    return (
        one.subject == there.subject
        and here == those
        and words == there.text.split()
        and files == sorted(file.sha256 for file in there.files)
    )


def is_alike(one: OutLetter, there: Letter) -> bool:
    """Whether a draft with another Message-ID is the same one, saved anew by another mail program."""
    here = {address.casefold() for _, _, address in one.people}
    those = {party.address.casefold() for party in there.people if party.role in ("to", "cc", "bcc")}
    return one.subject == there.subject and bool(one.subject or here & those) and (not here or bool(here & those))


async def change(conn: AsyncConnection, row_id: int, version: int, values: Mapping[str, Any]) -> bool:
    """What a draft is, if nobody saved it meanwhile."""
    mine = (outbox.c.id == row_id) & (outbox.c.version == version) & (outbox.c.state == "draft")
    return (await conn.execute(update(outbox).where(mine).values(values))).rowcount == 1


async def take_files(conn: AsyncConnection, row_id: int, there: Letter, html: str) -> str:
    """The files of a letter in place of those of a row; its HTML with the pictures in it as the editor shows them."""
    await conn.execute(delete(outbox_files).where(outbox_files.c.outbox_id == row_id))
    for one in there.files:
        shown = one.inline and bool(one.content_id) and f"cid:{one.content_id}" in html
        content_id = "@trubka" if shown else ""
        made = await rows.add_file(conn, row_id, structs.replace(one, content_id=content_id))
        if shown:
            html = html.replace(f"cid:{one.content_id}", f"/api/v1/outbox/files/{made}")
    return html


async def claim(conn: AsyncConnection, row_id: int, user_id: int, mailbox_ids: Sequence[int]) -> None:
    """A draft that nobody here has begun is his who opens it."""
    free = outbox.c.user_id.is_(None) & outbox.c.rule_id.is_(None) & (outbox.c.state == "draft")
    mine = (outbox.c.id == row_id) & outbox.c.mailbox_id.in_(list(mailbox_ids)) & free
    await conn.execute(update(outbox).where(mine).values(user_id=user_id))
