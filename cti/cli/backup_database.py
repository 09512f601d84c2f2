"""The database of a backup: out of the running one, looked at, and back, on either engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import func, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.cli.backup_archive import DATABASES
from cti.errors import StorageError
from cti.storage import database
from cti.storage.contact_tables import client_files
from cti.storage.database import Database
from cti.storage.mail_tables import letter_files
from cti.storage.sending_tables import library_files, outbox_files
from cti.storage.tables import metadata

SEALED = ("secret", "sealed", "hook_secret", "totp_secret")  # columns of what the installation's key closes
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
COPY = re.compile(rb'COPY public\."?(\w+)"? \(')
MOST_NAMED = 20  # missing files that are told by name


def engine_of(url: str) -> str:
    return make_url(url).get_backend_name()


async def take_out(db: Database, url: str, folder: Path) -> tuple[Path, dict[str, int]]:
    """A copy of the running database in the folder, and its rows by table. Raises StorageError."""
    file = folder / Path(DATABASES[engine_of(url)]).name
    if db.is_sqlite:
        await db.backup(file)
        copy = await database.open_database(f"sqlite+aiosqlite:///{file}")
        try:
            async with copy.read(slow=True) as conn:
                return file, await rows_of(conn)
        finally:
            await copy.close()
    async with db.write() as conn:  # what is counted and what is dumped are of one moment
        await conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        moment = (await conn.execute(text("SELECT pg_export_snapshot()"))).scalar_one()
        dump = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}", f"--file={file}")
        _tool("pg_dump", url, *dump)
        return file, await rows_of(conn)


async def put_back(url: str, file: Path, *, replace: bool) -> Path | None:
    """The copy in place of the database; where the one before is kept (SQLite). Raises StorageError."""
    if engine_of(url) == "sqlite":
        return await database.restore(url, file)
    over = ["--clean", "--if-exists"] if replace else []
    _tool("pg_restore", url, *over, "--no-owner", "--no-privileges", "--single-transaction", str(file))
    return None


def rows_in(dump: Path) -> dict[str, int]:
    """Rows of each table in a dump of PostgreSQL: all of it is unpacked, and goes nowhere. Raises StorageError."""
    found: dict[str, int] = {}
    with tempfile.TemporaryFile() as errors:
        command = [_found("pg_restore"), "--data-only", "--file=-", str(dump)]
        with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=errors) as reader:
            assert reader.stdout is not None  # it is a pipe
            table = ""
            for line in reader.stdout:
                if table and line != b"\\.\n":
                    found[table] += 1
                elif table:
                    table = ""
                elif begun := COPY.match(line):
                    table = begun[1].decode()
                    found[table] = 0
        errors.seek(0)
        _demand("pg_restore", reader.returncode, errors.read().decode(errors="replace"))
    return found


def apart(found: Mapping[str, int], rows: Mapping[str, int]) -> list[str]:
    """The tables that have other rows than they should."""
    return [f"{name}: {found.get(name, 0)} rows of {count}" for name, count in rows.items() if found.get(name) != count]


def _tool(program: str, url: str, *words: str) -> None:
    parsed = make_url(url)
    host = parsed.host or str(parsed.query.get("host", ""))
    where = {
        "PGHOST": host,
        "PGPORT": str(parsed.port or ""),
        "PGUSER": parsed.username or "",
        "PGPASSWORD": str(parsed.password or ""),
    }
    target = [f"--dbname={parsed.database}"]
    _run([program, *target, *words], {name: value for name, value in where.items() if value})


def _run(command: Sequence[str], env: dict[str, str]) -> None:
    program, *words = command
    done = subprocess.run(
        [_found(program), *words], env={**ENVIRONMENT, **env}, capture_output=True, text=True, check=False
    )
    _demand(program, done.returncode, done.stderr)


def _found(program: str) -> str:
    file = shutil.which(program, path=ENVIRONMENT["PATH"])
    if file is None:
        raise StorageError(f"{program} is not installed", advice="Run: apt-get install postgresql-client")
    return file


def _demand(program: str, status: int, errors: str) -> None:
    if status:
        told = errors.strip().splitlines()
        raise StorageError(
            f"{program} failed ({told[0] if told else status})",
            advice="It must be of the server's version or newer, and the target database empty.",
        )


async def rows_of(conn: AsyncConnection) -> dict[str, int]:
    """Rows of each table."""
    return {
        table.name: int((await conn.execute(select(func.count()).select_from(table))).scalar_one())
        for table in metadata.sorted_tables
    }


async def faults_of(conn: AsyncConnection, data: Path, rows: dict[str, int]) -> list[str]:
    """What is not as it was when it was put in: rows, the key that opens its secrets, the files that it names."""
    faults = apart(await rows_of(conn), rows) if rows else []
    faults += await _key(conn, _key_in(data / "secrets.key"))
    missing = [name async for name in _missing(conn, data)]
    faults += [f"{name}: named by the database, and not there" for name in missing[:MOST_NAMED]]
    if len(missing) > MOST_NAMED:
        faults.append(f"and {len(missing) - MOST_NAMED} more files are not there")
    return faults


def _key_in(file: Path) -> Fernet | None:
    try:
        return Fernet(file.read_bytes())
    except (OSError, ValueError):
        return None


async def _key(conn: AsyncConnection, box: Fernet | None) -> list[str]:
    for table in metadata.sorted_tables:
        for column in (one for one in table.columns if one.name in SEALED):
            sealed = (await conn.execute(select(column).where(column != "").limit(1))).scalar()
            if not sealed:
                continue
            where = f"{table.name}.{column.name}"
            if box is None:
                return [f"secrets.key: is missing or none, and {where} cannot be opened without it"]
            try:
                box.decrypt(str(sealed).encode())
            except InvalidToken:
                return [f"secrets.key: does not open {where}: it is of another installation"]
    return []


async def _missing(conn: AsyncConnection, data: Path) -> AsyncIterator[str]:
    letters = data / "letters"
    for table in (letter_files, outbox_files, library_files):
        for sha256 in (await conn.execute(select(table.c.sha256).distinct())).scalars():
            if sha256 and not (letters / sha256[:2] / sha256).is_file():
                yield f"letters/{sha256[:2]}/{sha256}"
    for stored in (await conn.execute(select(client_files.c.stored))).scalars():
        if not (data / "files" / stored).is_file():
            yield f"files/{stored}"


async def is_empty(url: str) -> bool:
    """Whether the target holds nothing of anybody's: no database yet, or no table (PostgreSQL)."""
    if engine_of(url) == "sqlite":
        return not Path(make_url(url).database or "").exists()  # noqa: ASYNC240 - of a command, nobody waits
    return await database.version(url) == 0
