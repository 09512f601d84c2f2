"""Files of letters: saved as what they are by their content, and looked at only where a browser cannot be harmed.

Pictures, PDF and plain text can be looked at; SVG, HTML and all else is only saved. What is looked at runs nothing: the
answer has a policy of its own. (A PDF has no `sandbox`, under which browsers do not show one; their viewers are not of
our origin.)
"""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO
from urllib.parse import quote

from aiohttp import web

from cti.errors import ChannelError, Refused
from cti.messages.texts import file_name
from cti.storage.letter_texts import LetterFile, LetterText
from web.auth import person_of
from web.pages.letter_frame import letter_of
from web.routes import Route
from web.services import services_of, sight_of
from web.shown import showed

LOOKED_AT = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"))
TEXT_BYTES = 1 << 20
PIECE = 1 << 18
NOTHING_RUNS = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
AWAY = "The file is not in the folder of files: put it back from a backup."


async def save(request: web.Request) -> web.StreamResponse:
    """A file, to be saved; never shown by the browser as a page of ours."""
    file, path = await _file(request)
    headers = {
        "Content-Type": file.media_type,
        "Content-Disposition": _attached(file.name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return web.FileResponse(path, headers=headers)


async def look(request: web.Request) -> web.StreamResponse:
    """A picture, a PDF or a text, shown by the browser alone."""
    file, path = await _file(request)
    if file.media_type not in LOOKED_AT:
        raise web.HTTPNotFound(text="This file can only be saved.")
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": PDF if file.media_type == "application/pdf" else NOTHING_RUNS,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "private, no-store",
    }
    if file.media_type != "text/plain":
        return web.FileResponse(path, headers={"Content-Type": file.media_type, **headers})
    text = await asyncio.to_thread(_text, path)
    return web.Response(text=text, content_type="text/plain", charset="utf-8", headers=headers)


async def save_all(request: web.Request) -> web.StreamResponse:
    """All files of a letter as one archive."""
    services = services_of(request)
    letter, files = await _letter(request)
    held = [(one, services.letters.path_of(one)) for one in files if not one.inline]
    if not held or not all([path.is_file() for _, path in held]):
        raise web.HTTPNotFound(text=AWAY)
    name = f"{file_name(letter.subject, otherwise='letter')}.zip"
    headers = {"Content-Type": "application/zip", "Content-Disposition": _attached(name)}
    response = web.StreamResponse(headers={**headers, "Cache-Control": "private, no-store"})
    with tempfile.TemporaryFile() as archive:  # gone once it is closed
        await asyncio.to_thread(_pack, held, archive)
        await response.prepare(request)
        while piece := await asyncio.to_thread(archive.read, PIECE):
            await response.write(piece)
    await response.write_eof()
    return response


async def save_letter(request: web.Request) -> web.Response:
    """The letter itself as its mail server has it, for any mail program. It cannot be masked."""
    if sight_of(request).hides:
        raise Refused("hidden-file", "This file has whole numbers in it, which are hidden from you.")
    letter, _files = await _letter(request)
    try:
        raw = await services_of(request).mail_changes.source(letter.id)
    except ChannelError as error:
        if error.permanent:
            raise Refused("letter-gone", "The letter lies on no mail server any more.") from None
        raise Refused("mail-away", "The letter's mail server is away now.") from None
    name = f"{file_name(letter.subject, otherwise='letter')}.eml"
    headers = {
        "Content-Type": "message/rfc822",
        "Content-Disposition": _attached(name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return web.Response(body=raw, headers=headers)


def _pack(files: Iterable[tuple[LetterFile, Path]], made: IO[bytes]) -> None:
    """Write an archive; files of the same name are told apart."""
    taken: set[str] = set()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for file, path in files:
            stem, dot, ending = file.name.rpartition(".")
            name, number = file.name, 2
            while name.casefold() in taken:
                name, number = f"{stem or ending} ({number}){dot if stem else ''}{ending if stem else ''}", number + 1
            taken.add(name.casefold())
            archive.write(path, name)
    made.seek(0)


def _text(path: Path) -> str:
    """What a text file says, as UTF-8 or as Windows writes it."""
    with path.open("rb") as file:
        raw = file.read(TEXT_BYTES)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace")


def _attached(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


async def _letter(request: web.Request) -> tuple[LetterText, list[LetterFile]]:
    services = services_of(request)
    letter, files = await services.letters.letter(services.db, person_of(request), letter_of(request))
    showed(request, [letter.client_id], count=1, thing=f"letter:{letter.id}")
    return letter, files


async def _file(request: web.Request) -> tuple[LetterFile, Path]:
    letter, files = await _letter(request)
    given = request.match_info["file"]
    file = next((one for one in files if str(one.id) == given), None)
    path = services_of(request).letters.path_of(file) if file else None
    if file is None or path is None or not path.is_file():
        raise web.HTTPNotFound(text="There is no such file." if file is None else AWAY)
    showed(request, [letter.client_id], count=1, thing=f"letter-file:{file.id}")
    return file, path


ROUTES = (
    Route("GET", "/mail/letters/{id}/letter.eml", save_letter, "mail", "client"),
    Route("GET", "/mail/letters/{id}/files.zip", save_all, "mail", "client"),
    Route("GET", "/mail/letters/{id}/files/{file}", save, "mail", "client"),
    Route("GET", "/mail/letters/{id}/files/{file}/view", look, "mail", "client"),
)
