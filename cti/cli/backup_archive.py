"""One file that holds an installation: database, key, attachments, sounds, recordings, settings; and the proof of it.

A gzipped tar, sealed by a password if one is given. The database is copied first: what it names was there then. The
manifest comes last: size and SHA-256 of every member, rows of every table, versions.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import msgspec

from cti.cli.backup_seal import Seal, Unseal, is_sealed
from cti.errors import StorageError

MANIFEST = "manifest.json"
DATABASES = {"sqlite": "database/trubka.db", "postgresql": "database/trubka.dump"}
PASSING = ("exports", "imports")  # folders of the data folder that hold nothing that lasts
PIECE = 1 << 20
MOST_MANIFEST = 1 << 30
DAMAGED = "Take another backup."


class Member(msgspec.Struct, frozen=True):
    """What stands in the archive under a name."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. made: UNIX seconds; program, schema: versions; rows: by table, as they were copied."""

    made: float
    program: str
    schema: int
    engine: str
    rows: dict[str, int]
    members: dict[str, Member]


class Digest:
    """Passes bytes on and keeps their hash."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._sum = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._sum.update(data)
        return data

    def hex(self) -> str:
        return self._sum.hexdigest()


def write(
    to: Path,
    *,
    password: str,
    files: Iterator[tuple[str, Path]],
    manifest: Callable[[dict[str, Member]], Manifest],
    told: Callable[[int, int], None],
) -> int:
    """Write a backup; returns how many members. A file that is gone meanwhile is left out, one that grows is as long as
    it was found. to appears under its name when it is whole. told: members and bytes so far. Raises StorageError."""
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    members: dict[str, Member] = {}
    total = 0
    try:
        to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.ExitStack() as stack:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            raw = stack.enter_context(os.fdopen(descriptor, "wb"))
            sealed = cast(IO[bytes], stack.enter_context(Seal(raw, password))) if password else raw
            packed = stack.enter_context(gzip.GzipFile("", "wb", 1, sealed, mtime=0))
            tar = stack.enter_context(tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT))
            for name, path in files:
                try:
                    source = path.open("rb")
                except FileNotFoundError:
                    continue
                with source:
                    members[name] = _add(tar, name, source)
                total += members[name].size
                told(len(members), total)
            text = msgspec.json.encode(manifest(members))
            _add(tar, MANIFEST, io.BytesIO(text))
        with part.open("rb") as whole:
            os.fsync(whole.fileno())
        part.replace(to)
    except OSError as error:
        raise StorageError(
            f"The backup {to} could not be written ({error.strerror or error})",
            advice="Free space, or name another place that the service's user may write to.",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return len(members)


def _add(tar: tarfile.TarFile, name: str, source: IO[bytes]) -> Member:
    info = tarfile.TarInfo(name)
    info.size, info.mode = source.seek(0, os.SEEK_END), 0o600
    source.seek(0)
    counted = Digest(source)
    tar.addfile(info, cast(IO[bytes], counted))
    return Member(info.size, counted.hex())


def unpack(archive: Path, password: str, folder: Path, told: Callable[[int, int], None]) -> Manifest:
    """Lay all members down in an empty folder, each compared with the manifest. Raises StorageError."""
    found: dict[str, Member] = {}
    text, total = b"", 0
    try:
        with _opened(archive, password) as tar:
            for info in tar:
                source = tar.extractfile(info)
                if source is None or not _sound(info.name):
                    raise StorageError(f"The backup {archive} holds {info.name!r}, which no backup has", advice=DAMAGED)
                if info.name == MANIFEST:
                    text = source.read(MOST_MANIFEST)
                    continue
                counted, path = Digest(source), folder / info.name
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                    shutil.copyfileobj(cast(IO[bytes], counted), target, PIECE)
                found[info.name] = Member(info.size, counted.hex())
                total += info.size
                told(len(found), total)
        manifest = msgspec.json.decode(text, type=Manifest)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, OSError, msgspec.DecodeError, zlib.error) as error:
        raise StorageError(f"The backup {archive} cannot be read whole ({error})", advice=DAMAGED) from error
    for name, member in manifest.members.items():
        if found.get(name) != member:
            raise StorageError(f"{name} in {archive} is not what was put in", advice=DAMAGED)
    if set(found) != set(manifest.members):
        raise StorageError(f"The backup {archive} holds more than was put in", advice=DAMAGED)
    return manifest


@contextlib.contextmanager
def _opened(archive: Path, password: str) -> Iterator[tarfile.TarFile]:
    with archive.open("rb") as raw, contextlib.ExitStack() as stack:
        source: Any = raw
        if is_sealed(raw):
            if not password:
                raise StorageError(f"The backup {archive} is sealed", advice="Give --password-file.")
            source = Unseal(raw, password)
        packed = stack.enter_context(gzip.GzipFile("", "rb", fileobj=source))
        yield stack.enter_context(tarfile.open(fileobj=packed, mode="r|"))


def _sound(name: str) -> bool:
    """Names are ours alone: below the folder, nothing hidden behind them."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and len(name) < 1000 and "\0" not in name


def of_data(data: Path) -> Iterator[tuple[str, Path]]:
    """What lasts in the data folder, but for the database and its copies."""
    for path in sorted(data.rglob("*")):
        inside = path.relative_to(data)
        first = inside.parts[0]
        passing = first in PASSING or first.startswith(("trubka.db", ".")) or path.name.endswith((".part", ".log"))
        if path.is_file() and not path.is_symlink() and not passing and "coming" not in inside.parts:
            yield f"data/{inside.as_posix()}", path


def of_recordings(folders: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """Recordings by PBX."""
    for pbx, folder in folders.items():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield f"recordings/{pbx}/{path.relative_to(folder).as_posix()}", path
