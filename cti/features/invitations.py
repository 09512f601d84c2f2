"""Invitations that came by letter: what they say, and the answer, a letter of the mailbox that they came to."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from cti.access import Person
from cti.errors import Refused
from cti.messages.invitations import How, Invitation, answer, invitation
from cti.messages.letter import Attachment
from cti.storage import letter_access, letter_texts
from cti.storage.database import Database

FILE = "invite.ics"


class Sends(Protocol):
    """Sends a whole letter that answers another; when it goes."""

    async def __call__(
        self,
        person: Person,
        *,
        key: str,
        mailbox_id: int,
        answers_id: int,
        to: tuple[str, str],
        subject: str,
        html: str,
        file: Attachment,
    ) -> float: ...


class Invitations:
    """place, keep: where a file is written and how it is kept; send: by the outbox."""

    def __init__(
        self,
        *,
        db: Database,
        place: Callable[[], Awaitable[Path]],
        keep: Callable[[Path, str], Awaitable[None]],
        send: Sends,
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._place = place
        self._keep = keep
        self._send = send
        self._zone = zone
        self._clock = clock

    async def read(self, calendar: str) -> Invitation | None:
        """What a letter's calendar part says."""
        return await asyncio.to_thread(invitation, calendar, self._zone) if calendar else None

    async def answered(self, letter_id: int) -> str:
        """How somebody answered an invitation here; "" for nobody yet."""
        async with self._db.read() as conn:
            return await letter_texts.answered(conn, letter_id)

    async def answer(self, person: Person, letter_id: int, how: How, *, subject: str, words: str) -> float:
        """Answer an invitation; when the letter goes. subject, words: of the letter. Raises Refused."""
        async with self._db.read() as conn:
            seen = await letter_access.may_see(conn, person, letter_id)
            letter = await letter_texts.get(conn, letter_id) if seen else None
            box = await letter_texts.mailbox_of(conn, person, letter_id) if letter else None
        found = await self.read(letter.calendar) if letter else None
        if letter is None or found is None or not found.asks:
            raise Refused("no-invitation", "There is no invitation here that waits for an answer.")
        if box is None:
            raise Refused("not-your-mailbox", "The people of the mailbox that was invited answer.")
        mailbox_id, address, name = box
        now = self._clock()
        part = await asyncio.to_thread(answer, letter.calendar, address=address, name=name, how=how, now=now)
        return await self._send(
            person,
            key=f"invitation-{letter_id}-{how}-{int(now // 60)}",
            mailbox_id=mailbox_id,
            answers_id=letter_id,
            to=(found.organizer_name, found.organizer),
            subject=subject,
            html=words,
            file=await self._kept(part.encode()),
        )

    async def _kept(self, content: bytes) -> Attachment:
        sha256 = hashlib.sha256(content).hexdigest()
        path = await self._place()
        await asyncio.to_thread(path.write_bytes, content)
        await self._keep(path, sha256)
        return Attachment(name=FILE, media_type="text/calendar", size=len(content), sha256=sha256)
