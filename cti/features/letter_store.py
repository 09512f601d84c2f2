"""Files of letters, drafts and the library: each once, under its hash, known by rows and let go when none is left.

A file is in the folder before its row is. Whoever brings one and has no row for it yet is given an hour: what is older
and no row knows is swept.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from pathlib import Path

import structlog

from cti.desktop import Erased
from cti.storage import letters, outbox, templates
from cti.storage.database import Database

NAME = re.compile(r"[0-9a-f]{64}")
YOUNG_S = 3600.0
COMING = "coming"  # where files lie that come
EVERY_S = 6 * 3600.0

log = structlog.get_logger()


class LetterStore:
    """The folder of letters' files. It is made when the first one comes."""

    def __init__(self, *, db: Database, folder: Path) -> None:
        self._db = db
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where the file of a hash lies. Raises ValueError for what is no hash."""
        if not NAME.fullmatch(sha256):
            raise ValueError("this is no hash")
        return self._folder / sha256[:2] / sha256

    async def place(self) -> Path:
        """Where a file that comes is to be written."""
        coming = self._folder / COMING
        await asyncio.to_thread(coming.mkdir, mode=0o700, parents=True, exist_ok=True)
        return coming / secrets.token_hex(16)

    async def keep(self, path: Path, sha256: str) -> None:
        """Put what was written there under its hash; twice is once."""
        await asyncio.to_thread(self._keep, path, sha256)

    def _keep(self, path: Path, sha256: str) -> None:
        kept = self.path(sha256)
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.replace(kept)
        os.utime(kept)

    async def copy(self, path: Path, sha256: str) -> None:
        """Keep a copy of a file that lies elsewhere. Raises OSError where it is gone."""
        coming = await self.place()
        await asyncio.to_thread(_link, path, coming)
        await self.keep(coming, sha256)

    async def run(self) -> None:
        """Sweep, now and every few hours, until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(EVERY_S)

    async def erased(self, _gone: Erased) -> None:
        """Somebody was erased: files of his that nothing else has go now."""
        await self.sweep(young_s=0.0)

    async def sweep(self, young_s: float = YOUNG_S) -> int:
        """Let go of files that no row knows."""
        lying = await asyncio.to_thread(self._lying, young_s)
        if not lying:
            return 0
        async with self._db.read() as conn:
            known = await outbox.stored(conn) | await templates.stored(conn) | await letters.stored(conn)
        lost = [one for one in lying if one.name not in known]
        swept = await asyncio.to_thread(_let_go, lost)
        if swept:
            log.info("files of letters swept that nothing holds", count=swept)
        return swept

    def _lying(self, young_s: float) -> list[Path]:
        """Files that have lain there for a while; what is in the folder of those that come was cut off."""
        if not self._folder.is_dir():
            return []
        now, found = time.time(), []
        for room in self._folder.iterdir():
            young = max(young_s, YOUNG_S) if room.name == COMING else young_s  # somebody may be bringing it just now
            some = room.iterdir() if room.is_dir() else ()
            found += [one for one in some if one.is_file() and one.stat().st_mtime < now - young]
        return found


def _link(path: Path, to: Path) -> None:
    to.write_bytes(path.read_bytes())
    to.chmod(0o600)


def _let_go(lost: list[Path]) -> int:
    for one in lost:
        one.unlink(missing_ok=True)
    return len(lost)
