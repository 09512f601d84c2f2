"""SQLite as a file: opened right, checked before use, copied and put back.

Rules kept here: a damaged or vanished file is named and never silently made anew; a new database appears under its
name only when it is complete; a copy is checked before it counts. Source of the header's layout: "Database File
Format", sqlite.org.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from pathlib import Path

from cti.errors import StorageError
from cti.storage import migrations

MAGIC = b"SQLite format 3\x00"
CUT_S = 10.0
OPENED_RIGHT = ("PRAGMA foreign_keys=ON", "PRAGMA synchronous=FULL", "PRAGMA journal_size_limit=67108864")


def check_file(path: Path) -> None:
    """StorageError when the file is not a whole SQLite database, or is gone though it was here before."""
    if not path.exists():
        for trace in (_marker(path), path.with_name(path.name + "-wal")):
            if trace.exists():
                raise StorageError(
                    f"The database {path} is gone, though {trace.name} is still there", advice=_way_back(path)
                )
        return
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise StorageError(
            f"The database {path} cannot be read ({error.strerror})", advice="Give the service's user access to it."
        ) from None
    if len(head) < 100 or not head.startswith(MAGIC):
        raise StorageError(f"The file {path} is not a database or is damaged", advice=_way_back(path))
    page = int.from_bytes(head[16:18], "big")
    size = (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if head[24:28] == head[92:96] and path.stat().st_size < size:
        raise StorageError(f"The database {path} is cut short", advice=_way_back(path))


def damaged(path: Path, reason: object) -> StorageError:
    """The error to raise when SQLite itself finds the file damaged."""
    return StorageError(f"The database {path} is damaged ({reason})", advice=_way_back(path))


def backup(path: Path, to: Path, busy_timeout_ms: int) -> None:
    """Write a complete, checked copy of the database `path` to `to` while others use it."""
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(path, timeout=busy_timeout_ms / 1000, isolation_level=None)) as conn:
            conn.execute("VACUUM INTO ?", (str(part),))
        part.chmod(0o600)
        check_copy(part)
        _sync(part)
        part.replace(to)
        _sync(to.parent)
        _marker(path).write_text(f"{to.resolve()}\n", encoding="utf-8")
    except (OSError, sqlite3.Error) as error:
        raise StorageError(
            f"The copy {to} could not be written ({error})", advice="Free space or name another file."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # its folder may be what failed
            part.unlink(missing_ok=True)


def restore(path: Path, copy: Path) -> Path | None:
    """Put `copy` in place of the database `path`; returns where the one before that is kept, if there was one."""
    check_copy(copy)
    _refuse_in_use(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(copy, part)
        part.chmod(0o600)
        _sync(part)
        kept = _set_aside(path)
        part.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise StorageError(
            f"The database {path} could not be replaced ({error.strerror})", advice="Free space and check the rights."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # its folder may be what failed
            part.unlink(missing_ok=True)
    return kept


def clean(path: Path, busy_timeout_ms: int) -> None:
    """Leave nothing of what was deleted in the files: in the index of search, in free pages, in the log.

    Others wait meanwhile who want to write. StorageError when they do not let this go on.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=busy_timeout_ms / 1000, isolation_level=None)) as conn:
            conn.execute("INSERT INTO clients_fts (clients_fts) VALUES ('optimize')")
            conn.execute("INSERT INTO letter_fts (letter_fts) VALUES ('optimize')")
            conn.execute("VACUUM")
            _empty_log(conn)
    except sqlite3.Error as error:
        raise StorageError(
            f"What was deleted could not be cleaned out of {path} ({error})",
            advice="Free as much space as the database takes and run: cti privacy clean",
        ) from error


def _empty_log(conn: sqlite3.Connection) -> None:
    """The log is written back and cut; a reader in the middle of something is waited for."""
    deadline = time.monotonic() + CUT_S
    while conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > deadline:
            raise sqlite3.OperationalError("a reader holds the log")
        time.sleep(0.05)


def set_aside(path: Path) -> list[Path]:
    """Databases that a restore has put aside and that are kept beside the present one."""
    found = path.parent.glob(f"{path.name}.before-restore-*") if path.parent.is_dir() else ()
    return sorted(one for one in found if not one.name.endswith(("-wal", "-shm")))


def check_copy(copy: Path) -> int:
    """The version of a copy. StorageError unless the file is a whole database of ours that this program can work on."""
    check_file(copy)
    try:
        with contextlib.closing(sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro", uri=True)) as conn:
            faults = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
            version, floor = _standing(conn)
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise StorageError(
            f"The copy {copy} is not a database of this program ({error})", advice="Take another copy."
        ) from None
    if faults != "ok":
        raise StorageError(f"The copy {copy} is damaged ({faults})", advice="Take another copy.")
    migrations.refuse_newer(version, floor)
    return version


def _standing(conn: sqlite3.Connection) -> tuple[int, int]:
    version = int(conn.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    told = conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_floor'").fetchone()
    return version, int(conn.execute("SELECT version FROM schema_floor").fetchone()[0]) if told else version


def _refuse_in_use(path: Path) -> None:
    """An open WAL connection holds a shared lock on the file, so an exclusive one tells whether anybody is there."""
    if not path.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as conn:
            conn.execute("PRAGMA locking_mode=EXCLUSIVE")
            conn.execute("BEGIN EXCLUSIVE")
            conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
            conn.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StorageError(f"The database {path} is in use", advice="Stop the server first.") from None
    except sqlite3.DatabaseError:
        return  # damaged: this is what a restore is for


def _set_aside(path: Path) -> Path | None:
    if not path.exists():
        return None
    kept = path.with_name(f"{path.name}.before-restore-{time.strftime('%Y%m%d-%H%M%S')}")
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.replace(kept.with_name(kept.name + ending))
    return kept


def _marker(path: Path) -> Path:
    """A line beside the database names its last backup: it must be found when the database cannot be read."""
    return path.with_name(path.name + ".last-backup")


def _way_back(path: Path) -> str:
    try:
        last = _marker(path).read_text(encoding="utf-8").strip()
    except OSError:
        last = ""
    if last:
        return f"Put the last backup back: cti db restore {last}"
    return f"No backup is known: put one back by `cti db restore FILE`, or move {path.name}* away to begin anew."


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
