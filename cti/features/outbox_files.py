"""Files of letters that are written: from the writer's machine, from the client's files, from the library."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.messages.letter import Attachment
from cti.storage import client_files, outbox, templates
from cti.storage.client_files import FileRow
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.outbox import OutLetter

MOST_BYTES = 25 << 20
MOST = 50
PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
KINDS = PICTURES | {
    ".pdf": "application/pdf", ".txt": "text/plain", ".csv": "text/csv", ".zip": "application/zip",
    ".doc": "application/msword", ".xls": "application/vnd.ms-excel",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}  # fmt: skip
DraftOf = Callable[[Connection, Person, int], Awaitable[OutLetter]]


class OutboxFiles:
    """Attaches and takes off. draft: a draft of the person's own; keep, copy: into the folder of letters' files.

    path_of: where a client's file lies.
    """

    def __init__(
        self,
        *,
        db: Database,
        draft: DraftOf,
        keep: Callable[[Path, str], Awaitable[None]],
        copy: Callable[[Path, str], Awaitable[None]],
        path_of: Callable[[FileRow], Path],
    ) -> None:
        self._db = db
        self._draft = draft
        self._keep = keep
        self._copy = copy
        self._path_of = path_of

    async def bring(
        self, person: Person, letter_id: int, path: Path, name: str, size: int, sha256: str, *, inline: bool
    ) -> int:
        """A file that came from the writer's machine and lies at `path`; its id. inline: a picture of the text."""
        media_type = media_type_of(name)
        try:
            if not name or not size:
                raise Refused("empty-file", "The file is empty or has no name.")
            if inline and media_type not in PICTURES.values():
                raise Refused("no-picture", "In the text stand pictures alone: PNG, JPEG, GIF or WebP.")
            async with self._db.read() as conn:
                await self._draft(conn, person, letter_id)
            await self._keep(path, sha256)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(path.unlink, missing_ok=True))
            raise
        content_id = "@trubka" if inline else ""
        file = Attachment(name=name, media_type=media_type, size=size, sha256=sha256, content_id=content_id)
        return await self._attach(person, letter_id, file)

    async def from_client(self, person: Person, letter_id: int, file_id: int) -> int:
        """A file of the client whom the letter is for."""
        if not may(person, "clients.read"):
            raise NotAllowed("Your role may not see files of clients.")
        async with self._db.read() as conn:
            letter = await self._draft(conn, person, letter_id)
            row = await client_files.get(conn, file_id)
        if row is None or row.client_id != letter.client_id:
            raise Refused("no-file", "This client has no such file.")
        try:
            await self._copy(self._path_of(row), row.sha256)
        except OSError:
            raise Refused("no-file", "The file is not in its folder any more.") from None
        file = Attachment(name=row.name, media_type=media_type_of(row.name), size=row.size, sha256=row.sha256)
        return await self._attach(person, letter_id, file)

    async def from_library(self, person: Person, letter_id: int, file_id: int) -> int:
        """A file of the library."""
        async with self._db.read() as conn:
            file = await templates.file(conn, file_id)
        if file is None or file.retired_at is not None:
            raise Refused("no-file", "The library has no such file any more.")
        return await self._attach(person, letter_id, file.attachment)

    async def drop(self, person: Person, letter_id: int, file_id: int) -> None:
        """Take a file off."""
        async with self._db.write() as conn:
            letter = await self._draft(conn, person, letter_id)
            if not await outbox.drop_file(conn, letter.id, file_id):
                raise Refused("no-file", "The letter has no such file any more.")

    async def _attach(self, person: Person, letter_id: int, file: Attachment) -> int:
        async with self._db.write() as conn:
            letter = await self._draft(conn, person, letter_id)
            if len(letter.files) >= MOST or sum(one.size for one in letter.files) + file.size > MOST_BYTES:
                raise Refused("too-large", f"The files of a letter take at most {MOST_BYTES >> 20} MiB.")
            return await outbox.add_file(conn, letter.id, file)


def media_type_of(name: str) -> str:
    """By the ending of the name; what is not known is only saved."""
    return KINDS.get(Path(name).suffix.lower(), "application/octet-stream")
