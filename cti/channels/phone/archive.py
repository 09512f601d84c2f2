"""Where old recordings go: another folder, or a store that speaks S3. A file is there when its hash was read back."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from cti.channels.base import Archive
from cti.channels.phone.recorded import path_of
from cti.errors import ChannelError

AT_ONCE = 1 << 20


class FolderArchive:
    """A folder, of another disk or of another machine. name: `PBX/YEAR/…`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, source: Path, name: str, sha256: str) -> None:
        """A file's copy is there, whole. Raises ChannelError."""
        await asyncio.to_thread(self._put, source, name, sha256)

    async def path(self, name: str, sha256: str) -> Path | None:
        """The file; None: it is not there."""
        return await asyncio.to_thread(path_of, self._folder, name)

    async def remove(self, name: str, sha256: str) -> bool:
        """Whether it is gone."""
        return await asyncio.to_thread(self._remove, name)

    def _put(self, source: Path, name: str, sha256: str) -> None:
        try:
            root = self._folder.resolve(strict=True)
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.parent.resolve().is_relative_to(root):
                raise ChannelError("The archive's folder leads out of itself by a link.", permanent=True)
            part = target.with_name(f"{target.name}.part")
            with source.open("rb") as read, part.open("wb") as written:
                shutil.copyfileobj(read, written, AT_ONCE)
                written.flush()
                os.fsync(written.fileno())
            if _hash(part) != sha256:
                part.unlink()
                raise ChannelError("The recording is not what it was when it was found.", permanent=True)
            part.replace(target)
        except OSError as error:
            raise ChannelError(f"The archive's folder cannot be written: {error.strerror}") from None

    def _remove(self, name: str) -> bool:
        path = path_of(self._folder, name)
        try:
            if path is not None:
                path.unlink()
            return self._folder.is_dir() and not os.path.lexists(self._folder / name)
        except OSError:
            return False


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def archive_of(told: dict[str, str] | None) -> Archive | None:
    """The archive as the settings name it (`RecordingsSettings.told`); None: there is none."""
    if told is None:
        return None
    if not told["bucket"]:
        return FolderArchive(Path(told["folder"]))
    from cti.channels.phone.archive_s3 import S3Archive  # here: few have one, and it takes a third of a second to load

    return S3Archive(
        url=told["url"], region=told["region"], key=told["key"], secret=told["secret"], bucket=told["bucket"],
        prefix=told["prefix"], cache=Path(told["cache"]),
    )  # fmt: skip


Finder = Callable[[Mapping[str, Any]], Awaitable[Path | None]]


def finder(folders: Mapping[str, str], archive: Archive | None) -> Finder:
    """Where the file of a row of `recordings` is. folders: by the PBX's name."""

    async def found(row: Mapping[str, Any]) -> Path | None:
        name = row["kept_as"] or row["file"]
        if row["state"] == "deleted":
            return None
        if row["archived_at"] is not None:
            try:
                return await archive.path(f"{row['pbx']}/{name}", row["sha256"]) if archive is not None else None
            except ChannelError:
                return None
        folder = folders.get(row["pbx"])
        return await asyncio.to_thread(path_of, Path(folder), name) if folder is not None else None

    return found
