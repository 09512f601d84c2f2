"""Letters read, flagged and put away here, and so in every program that opens the same mailbox.

A conversation is marked and moved in the mailboxes where who does it may. What takes a mark off takes it off all of its
letters; what sets one (flagged, not read) sets it on the latest that came. What was sent stays in Sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from msgspec import structs

from cti.access import Person
from cti.channels.letters import MailServer
from cti.errors import Refused
from cti.storage import letter_marks, mail_people
from cti.storage.database import Database
from cti.storage.letter_marks import Lying

Place = Literal["inbox", "archive", "trash", "junk"]


class LetterMarks:
    """server: what is done here is done there; changed: told of mailboxes whose lists are otherwise now."""

    def __init__(self, *, db: Database, server: MailServer, changed: Callable[[Iterable[int]], None]) -> None:
        self._db = db
        self._server = server
        self._changed = changed

    async def mark(
        self, person: Person, ids: Sequence[int], *, seen: bool | None = None, flagged: bool | None = None
    ) -> None:
        """Let conversations be read or not, flagged or not. Raises Refused where none of them is his."""
        found = await self._his(person, ids)
        latest: dict[int, int] = {}
        for one in sorted(found, key=lambda one: one.direction):  # what came before what we wrote
            latest.setdefault(one.conversation_id, one.letter_id)
        for one in found:
            is_latest = latest.get(one.conversation_id) == one.letter_id
            flags = one.flags
            if seen or (seen is False and is_latest):
                flags = structs.replace(flags, seen=seen)
            if flagged is False or (flagged and is_latest):
                flags = structs.replace(flags, flagged=flagged)
            if flags != one.flags:
                await self._server.flag(one.letter_id, flags, mailbox_id=one.mailbox_id)
        self._changed({one.mailbox_id for one in found})

    async def move(self, person: Person, ids: Sequence[int], to: Place) -> None:
        """Put conversations away, or back. Raises Refused where none of them is his."""
        found = await self._his(person, ids)
        for one in found:
            if one.direction == "in":
                await self._server.move(one.letter_id, to, mailbox_id=one.mailbox_id)
        self._changed({one.mailbox_id for one in found})

    async def _his(self, person: Person, ids: Sequence[int]) -> list[Lying]:
        async with self._db.read() as conn:
            boxes = mail_people.seen_by(person, (await mail_people.boxes(conn)).values())
            found = await letter_marks.lying(conn, ids, [box.id for box in boxes])
        if not found:
            raise Refused("no-conversation", "There is no such conversation.")
        return found
