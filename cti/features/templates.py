"""Templates and the library of files: who may write them, what a template may hold, and how it looks with a client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from cti.access import Person, may
from cti.errors import Conflicts, NotAllowed, Refused
from cti.messages.letter import SUBJECT_CHARS, Attachment
from cti.messages.templates import BODY_CHARS, PLAIN, PROPERTY, SPECIAL, fields_of, fill, strangers
from cti.storage import fillings, properties, templates
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.fillings import About

NAME_CHARS, TITLE_CHARS, FILES_MOST = 120, 120, 20
Language = Literal["ru", "en"]


class TemplateDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A template as it is set. body: HTML of a letter, plain text of an SMS; files: of the library."""

    name: str
    channel: Literal["email", "sms"] = "email"
    language: Language = "ru"
    subject: str = ""
    body: str = ""
    files: tuple[int, ...] = ()


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A template filled in. missing: fields that have no value with this client."""

    subject: str
    body: str
    missing: tuple[str, ...]


class Templates:
    """All of it. keep: puts a file into the folder of letters' files."""

    def __init__(
        self,
        *,
        db: Database,
        keep: Callable[[Path, str], Awaitable[None]],
        media_type_of: Callable[[str], str],
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._keep = keep
        self._media_type_of = media_type_of
        self._zone = zone
        self._clock = clock

    async def fields(self) -> list[tuple[str, str]]:
        """The closed list: code, and the name of the property where it is one."""
        async with self._db.read() as conn:
            known = await properties.every(conn)
        return [(code, "") for code in (*PLAIN, *SPECIAL)] + [(f"{PROPERTY}{one.id}", one.name) for one in known]

    async def save(self, person: Person, draft: TemplateDraft, template_id: int | None = None, version: int = 0) -> int:
        """A new template, or all that is said of one; its id. Raises Refused in words, Conflicts."""
        _writes(person)
        now = self._clock()
        async with self._db.write() as conn:
            values = await self._sound(conn, draft, template_id or 0)
            if template_id is None:
                return await templates.add(conn, values, draft.files, now, person.id)
            if await templates.get(conn, template_id) is None:
                raise Refused("no-template", "There is no such template any more.")
            if not await templates.change(conn, template_id, values, draft.files, version=version, now=now):
                raise Conflicts()
        return template_id

    async def _sound(self, conn: Connection, draft: TemplateDraft, own_id: int) -> dict[str, Any]:
        name = " ".join(draft.name.split())[:NAME_CHARS]
        subject = " ".join(draft.subject.split())[:SUBJECT_CHARS] if draft.channel == "email" else ""
        if not name:
            raise Refused("no-template-name", "A template needs a name.")
        if not draft.body.strip():
            raise Refused("empty-template", "A template needs a text.")
        if len(draft.body) > BODY_CHARS:
            raise Refused("too-large", "The text of the template is too long.")
        if len(draft.files) > (FILES_MOST if draft.channel == "email" else 0):
            raise Refused("too-many-library", f"A letter takes {FILES_MOST} files of the library, an SMS none.")
        if await templates.is_taken(conn, draft.channel, draft.language, name, own_id):
            raise Refused("template-name-taken", "There is a template of this name already.")
        known = frozenset(one.id for one in await properties.every(conn, retired=True))
        unknown = strangers(known, subject, draft.body)
        if unknown:
            raise Refused("no-field", "There is no such field.", where=unknown[0][:80])
        return {
            "name": name,
            "channel": draft.channel,
            "language": draft.language,
            "subject": subject,
            "body": draft.body,
        }

    async def retire(self, person: Person, template_id: int, *, back: bool = False) -> None:
        """Offer it no more, or again."""
        _writes(person)
        async with self._db.write() as conn:
            if not await templates.retire(conn, template_id, None if back else self._clock()):
                raise Refused("no-template", "There is no such template any more.")

    async def preview(
        self,
        person: Person,
        draft: TemplateDraft,
        *,
        client_id: int | None,
        contact_id: int | None = None,
        mailbox_id: int | None = None,
    ) -> Preview:
        """How it looks with a client: as he who asks may see him."""
        about = About(
            client_id=client_id,
            contact_id=contact_id,
            mailbox_id=mailbox_id,
            user_id=person.id,
            today=datetime.fromtimestamp(self._clock(), self._zone).date(),
        )
        asked = fields_of(draft.subject, draft.body)
        async with self._db.read() as conn:
            known = await fillings.values(conn, about, asked, draft.language)
        form: Literal["html", "text"] = "html" if draft.channel == "email" else "text"
        subject = fill(draft.subject, known, form="line", language=draft.language)
        body = fill(draft.body[:BODY_CHARS], known, form=form, language=draft.language)
        return Preview(
            subject=subject.text, body=body.text, missing=tuple(dict.fromkeys((*subject.missing, *body.missing)))
        )

    # The library ------------------------------------------------------------------------------------------------------
    async def bring(
        self,
        person: Person,
        path: Path,
        name: str,
        size: int,
        sha256: str,
        *,
        title: str,
        instead_of: int | None = None,
    ) -> int:
        """A file for the library, which came and lies at `path`; its id. instead_of: the newer one of a file there."""
        try:
            _writes(person)
            title = " ".join(title.split())[:TITLE_CHARS] or Path(name).stem[:TITLE_CHARS]
            if not name or not size or not title:
                raise Refused("empty-file", "The file is empty or has no name.")
            await self._keep(path, sha256)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(path.unlink, missing_ok=True))
            raise
        file = Attachment(name=name, media_type=self._media_type_of(name), size=size, sha256=sha256)
        async with self._db.write() as conn:
            if instead_of is None:
                return await templates.add_file(conn, title, file, self._clock(), person.id)
            values = {"name": name, "media_type": file.media_type, "size": size, "sha256": sha256}
            if not await templates.change_file(conn, instead_of, **values, user_id=person.id, created_at=self._clock()):
                raise Refused("no-file", "The library has no such file any more.")
        return instead_of

    async def entitle(self, person: Person, file_id: int, title: str) -> None:
        """Another title of a file."""
        _writes(person)
        title = " ".join(title.split())[:TITLE_CHARS]
        if not title:
            raise Refused("no-title", "A file of the library needs a title.")
        async with self._db.write() as conn:
            if not await templates.change_file(conn, file_id, title=title):
                raise Refused("no-file", "The library has no such file any more.")

    async def retire_file(self, person: Person, file_id: int, *, back: bool = False) -> None:
        """Offer it no more, or again."""
        _writes(person)
        async with self._db.write() as conn:
            if not await templates.change_file(conn, file_id, retired_at=None if back else self._clock()):
                raise Refused("no-file", "The library has no such file any more.")


def _writes(person: Person) -> None:
    if not may(person, "templates.write"):
        raise NotAllowed("Your role may not write templates; ask an admin.")
