"""Files of a PBX that are ours, put in the place of the old ones all at once, or not at all.

Written beside the old, brought to the disk, then renamed; the old stay as FILE.before (the same file under another
name, so going back needs no room on the disk). A journal says what was on the way: whatever ends the process, the next
one knows what to put back, and puts it back byte by byte. Nothing is touched whose name is not of the form of ours. A
sound that a plan no longer has goes too, where a list of our own says that we put it there and it is as we put it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from cti.errors import CtiError

MODE = 0o640
NEW, BEFORE = ".new", ".before"
OURS = re.compile(r"trubka_[a-z]{1,40}\.conf")
SOUND = re.compile(r"(?:[a-z]{2}/)?trubka/[A-Za-z0-9][A-Za-z0-9_-]{0,79}\.[a-z0-9]{2,6}")


class NotPlaced(CtiError):
    """The files could not be written, or put back; what is wrong, in words."""


class Journal(msgspec.Struct):
    """What is on the way. version: that the new files are of. files: path -> digest of the old one, "" for none."""

    version: int
    files: dict[str, str]


class OwnedFiles:
    """Files of one PBX. folder: its configuration; sounds: its folder of sounds, or None; kept: journal and lock."""

    def __init__(self, *, folder: Path, sounds: Path | None, kept: Path) -> None:
        self._folder = folder
        self._sounds = sounds
        self._kept = kept
        self._journal = kept / "journal.json"
        self._list = kept / "sounds.json"

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether nobody else, of this or another process, works with the files; while it lasts nobody else may."""
        self._kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._kept / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def text(self, name: str) -> str | None:
        """A file of the folder as it is on the disk, also one that is not ours; None where there is none."""
        try:
            return (self._folder / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotPlaced(f"{name} cannot be read: {error.strerror}") from None

    def on_the_way(self) -> Journal | None:
        """What a process that ended left behind."""
        try:
            return msgspec.json.decode(self._journal.read_bytes(), type=Journal)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise NotPlaced(f"{self._journal} cannot be read: {error}") from None

    def put(self, version: int, files: Mapping[str, str], sounds: Mapping[str, Path] | None = None) -> list[str]:
        """Put files in place; returns the names of those that differ from what was there. Raises NotPlaced: none was.

        sounds: paths below the folder of sounds, and what is copied there; None: sounds are left as they are.
        """
        wanted: dict[Path, bytes | Path] = {self._ours(name): text.encode() for name, text in files.items()}
        wanted |= {self._sound(name): source for name, source in (sounds or {}).items()}
        try:
            fresh = {path: new for path, new in wanted.items() if _digest(path) != _digest_of(new)}
            gone = self._put_before(sounds) if sounds is not None else []
            journal = Journal(version=version, files={str(path): _digest(path) for path in (*fresh, *gone)})
            try:
                for path, new in fresh.items():
                    _write_beside(path, new, like=self._folder)
                for path in (*fresh, *gone):
                    _keep_before(path)
            except OSError:
                for path in fresh:
                    _beside(path, NEW).unlink(missing_ok=True)
                raise
            _write_whole(self._journal, msgspec.json.encode(journal))
            for path in fresh:
                os.replace(_beside(path, NEW), path)
            for path in gone:
                path.unlink(missing_ok=True)
            _settle({path.parent for path in (*fresh, *gone)})
        except OSError as error:
            where = Path(str(error.filename or self._folder)).name.removesuffix(NEW).removesuffix(BEFORE)
            with contextlib.suppress(NotPlaced):
                self.back()
            raise NotPlaced(f"{where}: {error.strerror}") from None
        return [path.name for path in fresh]

    def differs(self, files: Mapping[str, str], sounds: Mapping[str, Path]) -> list[str]:
        """Names of those that are not in place as they were put. Raises NotPlaced."""
        try:
            found = [name for name, text in files.items() if _digest(self._ours(name)) != digest(text)]
            return found + [name for name, new in sounds.items() if _digest(self._sound(name)) != _digest_of(new)]
        except OSError as error:
            raise NotPlaced(f"{error.filename}: {error.strerror}") from None

    def back(self) -> list[str]:
        """Put back what the journal says; returns the names. Safe to repeat. Raises NotPlaced: something is lost."""
        journal = self.on_the_way()
        if journal is None:
            return []
        paths = {Path(name): digest for name, digest in journal.files.items()}
        try:
            for path, digest in paths.items():
                _beside(path, NEW).unlink(missing_ok=True)
                if not digest:
                    path.unlink(missing_ok=True)
                elif _digest(path) != digest:
                    os.replace(_beside(path, BEFORE), path)
            _settle({path.parent for path in paths})
        except OSError as error:
            raise NotPlaced(f"{error.filename} cannot be put back: {error.strerror}") from None
        lost = [path.name for path, digest in paths.items() if _digest(path) != digest]
        if lost:
            raise NotPlaced(f"not as before, somebody changed it meanwhile: {', '.join(lost)}")
        self.stand()
        return [path.name for path in paths]

    def stand(self) -> None:
        """What is in place stays: nothing is to be put back any more, what was kept of a sound that went is gone."""
        journal = self.on_the_way()
        for path in map(Path, journal.files if journal else ()):
            if not path.exists():
                _beside(path, BEFORE).unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)
        _settle({self._kept})

    def _put_before(self, sounds: Mapping[str, Path]) -> list[Path]:
        """Sounds that we put there, that are as they were put, and that are none of these. These are listed as well.

        Of each name all that it was put as: a publish that is taken back, or cut off, leaves the list right.
        """
        if self._sounds is None:
            return []
        try:
            known = msgspec.json.decode(self._list.read_bytes(), type=dict[str, list[str]])
        except (FileNotFoundError, msgspec.DecodeError):
            known = {}
        there = {name: now for name in known if (now := _digest(self._sound(name)))}
        listed = {name: known[name] for name in there}
        for name, source in sounds.items():
            listed[name] = sorted({*listed.get(name, ()), _digest_of(source)})
        if listed != known:
            _write_whole(self._list, msgspec.json.encode(listed))
        return [self._sound(name) for name, now in there.items() if name not in sounds and now in known[name]]

    def _ours(self, name: str) -> Path:
        if not OURS.fullmatch(name):
            raise ValueError(f"{name!r} is no file of ours")
        return self._folder / name

    def _sound(self, name: str) -> Path:
        if self._sounds is None or not SOUND.fullmatch(name):
            raise ValueError(f"{name!r} is no sound of ours")
        return self._sounds / name


def digest(text: str) -> str:
    """Of a file's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(path: Path) -> str:
    """Of a file, "" where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _digest_of(new: bytes | Path) -> str:
    return hashlib.sha256(new.read_bytes() if isinstance(new, Path) else new).hexdigest()


def _beside(path: Path, what: str) -> Path:
    return path.with_name(path.name + what)


def _write_beside(path: Path, new: bytes | Path, *, like: Path) -> None:
    """FILE.new, whole and on the disk: of the group of the old file, or of the folder's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    to = _beside(path, NEW)
    to.unlink(missing_ok=True)
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
    with os.fdopen(descriptor, "wb") as file:
        group = (path if path.exists() else like).stat().st_gid
        with contextlib.suppress(PermissionError):  # not in that group: the folder's setgid bit, or nothing, gives it
            os.fchown(descriptor, -1, group)
        os.fchmod(descriptor, MODE)
        try:
            file.write(new.read_bytes() if isinstance(new, Path) else new)
            file.flush()
            os.fsync(descriptor)
        except OSError as error:
            error.filename = error.filename or str(path)
            raise


def _keep_before(path: Path) -> None:
    """FILE.before: the old file under a second name; a copy where the disk knows no second names."""
    to = _beside(path, BEFORE)
    to.unlink(missing_ok=True)
    if not path.exists():
        return
    try:
        os.link(path, to)
    except PermissionError:
        shutil.copy2(path, to)
        with to.open("rb") as file:
            os.fsync(file.fileno())


def _write_whole(path: Path, data: bytes) -> None:
    new = _beside(path, NEW)
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    _settle({path.parent})


def _settle(folders: set[Path]) -> None:
    """Names in folders are on the disk when this returns."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
