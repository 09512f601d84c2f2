"""Who may see which letters, asked in one place.

Letters of a personal mailbox are its owner's alone. Those of a shared one are for the people in it, for whoever has the
right `mail` over all, and those of a client for whoever reads his card: the latter two also when they lie in no mailbox
any more. What a person wrote here is his to see, wherever it lies. Without the right `mail` nobody sees a letter.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person, may, scope
from cti.storage.mail_tables import letter_places, letters, mailbox_people, mailboxes


def boxes_of(person: Person) -> ColumnElement[bool]:
    """Of `mailboxes`: those that the person works in, a condition."""
    reach = scope(person, "mail")
    if reach == "none":
        return false()
    own = and_(mailboxes.c.kind == "personal", mailboxes.c.owner_id == person.id)
    if reach == "all":
        return or_(own, mailboxes.c.kind == "shared")
    member = exists().where(mailbox_people.c.mailbox_id == mailboxes.c.id, mailbox_people.c.user_id == person.id)
    return or_(own, and_(mailboxes.c.kind == "shared", member))


def visible(person: Person) -> ColumnElement[bool]:
    """Of `letters`: those that the person may see, a condition."""
    if scope(person, "mail") == "none":
        return false()
    in_boxes = boxes_of(person)
    known: ColumnElement[bool] = false()
    if may(person, "clients.read"):
        of_a_client = letters.c.client_id.is_not(None)
        in_boxes = or_(in_boxes, and_(mailboxes.c.kind == "shared", of_a_client))
        known = and_(letters.c.shared, of_a_client)
    if scope(person, "mail") == "all":
        known = letters.c.shared
    lies = (
        exists()
        .where(letter_places.c.letter_id == letters.c.id, letter_places.c.mailbox_id == mailboxes.c.id, in_boxes)
        .correlate(letters)
    )
    return or_(letters.c.user_id == person.id, known, lies)


async def may_see(conn: AsyncConnection, person: Person, letter_id: int) -> bool:
    """Whether the person may see a letter. An id from an address may be any number."""
    if not 0 < letter_id < 2**31:
        return False
    asked = select(letters.c.id).where(letters.c.id == letter_id, visible(person))
    return (await conn.execute(asked)).first() is not None
