"""Files that browsers send: the request's body itself, streamed into a file and never held in memory."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from aiohttp import web

from web.i18n import N_, language_of, say

PIECE = 256 * 1024
WITHIN_S = 600.0
NAME_CHARS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A file that has come whole. name: as the person's machine calls it, without folders."""

    name: str
    size: int
    sha256: str


async def receive(request: web.Request, to: Path, *, most: int) -> Received:
    """Write the body to a file. Raises HTTPRequestEntityTooLarge above `most` bytes; then nothing is left of it."""
    if (request.content_length or 0) > most:
        raise _too_large(request, most, request.content_length or 0)
    size, digest = 0, hashlib.sha256()
    file = await asyncio.to_thread(to.open, "xb")
    try:
        async with asyncio.timeout(WITHIN_S):
            async for piece in request.content.iter_chunked(PIECE):
                size += len(piece)
                if size > most:
                    raise _too_large(request, most, size)
                await asyncio.to_thread(_keep, file, digest, piece)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(to.unlink))
        raise
    finally:
        file.close()
    return Received(name=name_of(request), size=size, sha256=digest.hexdigest())


def name_of(request: web.Request) -> str:
    """The file's name, which comes in X-File-Name as encodeURIComponent writes it."""
    given = unquote(request.headers.get("X-File-Name", "")).replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in given if sign.isprintable()).strip()[:NAME_CHARS]


def _keep(file: BinaryIO, digest: hashlib._Hash, piece: bytes) -> None:
    file.write(piece)
    digest.update(piece)


def _too_large(request: web.Request, most: int, size: int) -> web.HTTPRequestEntityTooLarge:
    text = say(language_of(request), N_("This file is too large: at most {n} MiB."), n=most >> 20)
    return web.HTTPRequestEntityTooLarge(max_size=most, actual_size=size, text=text)
