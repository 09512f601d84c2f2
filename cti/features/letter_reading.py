"""Letters as people read them: what the frame of one shows, its pictures, its files.

Who may see a letter is asked of `storage/letter_access.py`, each time. The frame of a letter has no origin and thus no
cookie: what it asks for comes with a ticket (`messages/tickets.py`) that the page which opened it was given.
"""

from __future__ import annotations

import html as entities
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cti.access import Person
from cti.channels.letters import LetterReader, Picture, PictureSource, Poison, Showing
from cti.errors import Refused
from cti.messages.letter_html import asks_outside, is_coloured
from cti.messages.tickets import LASTS_S, Ticket, Tickets
from cti.storage import letter_access, letter_texts
from cti.storage.database import Database
from cti.storage.letter_texts import LetterFile, LetterText
from cti.storage.view import View

FRAMES = "/mail/frames"
SHOWN_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True, kw_only=True, slots=True)
class Framed:
    """What a frame shows. coloured: it has colours of its own; outside: pictures from outside are not shown.

    plain: it could not be cleaned, so its words are shown alone.
    """

    html: str
    coloured: bool
    outside: bool
    plain: bool = False


class LetterReading:
    """Opens letters. folder: of letters' files; key: a secret of the installation."""

    def __init__(
        self,
        *,
        db: Database,
        reader: LetterReader,
        pictures: PictureSource,
        folder: Path,
        key: bytes,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._reader = reader
        self._pictures = pictures
        self._folder = folder
        self._tickets = Tickets(key)
        self._clock = clock

    async def letter(self, db: Database | View, person: Person, letter_id: int) -> tuple[LetterText, list[LetterFile]]:
        """A letter and its files, read through db: to the sight of who asks. Raises Refused `no-letter`."""
        async with db.read() as conn:
            if not await letter_access.may_see(conn, person, letter_id):
                raise _none()
            letter = await letter_texts.get(conn, letter_id)
            if letter is None:
                raise _none()
            return letter, await letter_texts.files(conn, letter_id)

    def ticket(self, person: Person, letter_id: int, session: str, *, hides: bool) -> Ticket:
        """A ticket to a letter, which the person may see."""
        until = int(self._clock() + LASTS_S)
        return Ticket(letter_id, session, until, person.language, person.theme, hides)

    def address(self, ticket: Ticket) -> str:
        """Where the frame of a letter finds what it asks for."""
        return f"{FRAMES}/{self._tickets.give(ticket)}"

    def known(self, text: str) -> Ticket:
        """A ticket from an address. Raises Refused `no-letter`."""
        ticket = self._tickets.known(text[:1000], self._clock())
        if ticket is None:
            raise _none()
        return ticket

    async def framed(self, ticket: Ticket, *, pictures: bool, fold: str) -> Framed:
        """What the frame shows. pictures: those from outside too; fold: what a folded quotation is called."""
        letter = await self._of(ticket)
        address = self.address(ticket)
        asked = Showing(
            text=letter.text, html=letter.html, address=address, pictures=pictures, hides=ticket.hides, fold=fold
        )
        try:
            shown = await self._reader.show(asked)
        except Poison:
            try:
                shown = await self._reader.show(Showing(text=letter.text, html="", address=address, hides=ticket.hides))
            except Poison:
                shown = ""
            return Framed(html=shown, coloured=False, outside=False, plain=True)
        outside = not pictures and asks_outside(letter.html)
        return Framed(html=shown, coloured=bool(letter.html) and is_coloured(shown), outside=outside)

    async def _of(self, ticket: Ticket) -> LetterText:
        async with self._db.read() as conn:
            letter = await letter_texts.get(conn, ticket.letter_id)
        if letter is None:
            raise _none()
        return letter

    async def inline(self, ticket: Ticket, content_id: str) -> tuple[LetterFile, Path]:
        """A picture that is in a letter. Raises Refused `no-file`."""
        async with self._db.read() as conn:
            found = await letter_texts.inline(conn, ticket.letter_id, content_id[:255])
        if found is None or found.media_type not in SHOWN_PICTURES:
            raise Refused("no-file", "There is no such picture.")
        return found, self.path_of(found)

    async def outside(self, ticket: Ticket, address: str) -> Picture:
        """A picture from outside that a letter names, and no other address. Raises Refused, ChannelError."""
        letter = await self._of(ticket)
        if not any(spelled in letter.html for spelled in (address, entities.escape(address, quote=False))):
            raise Refused("no-file", "There is no such picture.")
        return await self._pictures.fetch(address)

    def path_of(self, file: LetterFile) -> Path:
        """Where a file lies."""
        return self._folder / file.sha256[:2] / file.sha256


def _none() -> Refused:
    return Refused("no-letter", "There is no such letter, or it is not yours to see.")
