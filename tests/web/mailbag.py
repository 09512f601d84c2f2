"""Letters that lie in a mailbox of a running panel, read as they would be when they come."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import func, insert, select, update

from cti.channels.email.child import Files
from cti.channels.email.codec import read_letter
from cti.storage import letters
from cti.storage.mail_tables import letter_files, letter_places, mail_folders
from cti.storage.mail_tables import letters as rows
from web.services import Services


class Desk(Protocol):
    """Whatever has a panel's services."""

    services: Services


async def put(desk: Desk, box: int, raw: bytes | str, *, client_id: int | None = None) -> int:
    """A letter in the inbox of a mailbox; its id."""
    raw = raw.encode() if isinstance(raw, str) else raw
    now = desk.services.clock()
    letter = read_letter(raw, Files(desk.services.settings.data / "letters").keep, size=len(raw), now=now)
    async with desk.services.db.write() as conn:
        made, _new = await letters.keep(conn, letter, received_at=now)
        inbox = select(mail_folders.c.id).where(mail_folders.c.mailbox_id == box, mail_folders.c.name == "INBOX")
        if (await conn.execute(inbox)).first() is None:
            await conn.execute(insert(mail_folders).values(mailbox_id=box, name="INBOX", role="inbox"))
        uid = select(func.coalesce(func.max(letter_places.c.uid), 0) + 1).scalar_subquery()
        place = {"folder_id": inbox.scalar_subquery(), "uid": uid, "mailbox_id": box, "letter_id": made}
        await conn.execute(insert(letter_places).values(place))
        await conn.execute(update(rows).where(rows.c.id == made).values(client_id=client_id))
    return made


async def file_of(desk: Desk, letter_id: int) -> int:
    """The first file of a letter."""
    async with desk.services.db.read() as conn:
        asked = select(letter_files.c.id).where(letter_files.c.letter_id == letter_id).limit(1)
        return int((await conn.execute(asked)).scalar_one())
